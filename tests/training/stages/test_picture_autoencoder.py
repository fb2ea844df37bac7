"""Training of the picture autoencoder: its terms, its latents, and what passes from stage to stage."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sonic_ui.scenes.world import sample_scene
from sonic_ui.training.run import LoopConfig, Run, train
from sonic_ui.training.stages.picture_autoencoder import (
    AutoencoderStage,
    DecoderAndCritic,
    PictureDecoderStage,
    coarse_autoencoder,
    encode_pictures,
    new_autoencoder,
    reduced,
    stored_latents,
    trained_autoencoder,
)

PLAIN = {"edge_weight": 1.0, "latent_noise": 0.2, "pooled_share": 0.0, "upper_limit": 1.0}
"""Settings at which latents are not pooled and detail costs nothing."""


SCENES = [sample_scene(np.random.default_rng(number)) for number in range(4)]


def run_of(folder: Path, **settings: Any) -> Run:
    """A run with four smooth random pictures of 32 px, which the encoder reads at 8 px."""
    colours = torch.rand(4, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    smooth = nn.functional.interpolate(colours, size=(32, 32), mode="bicubic").clamp(0, 1)
    pictures = (smooth * 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
    sizes = {
        "latent_channels": 4,
        "channels": [8, 16],
        "layers": [0, 1],
        "reduction": 4,
        "decoder_channels": [16, 8, 8],
        "decoder_blocks": [1, 1, 0],
    }
    recipe = {
        "autoencoder": sizes | PLAIN | settings,
        "picture_decoder": {"critic_from": 28, "latent_noise": 0.1},
    }
    return Run(recipe, folder, report=lambda _: None, artifacts={"training_pictures": (pictures, SCENES)})


def stage_of(folder: Path, **settings: Any) -> AutoencoderStage:
    torch.manual_seed(0)
    return AutoencoderStage(run_of(folder, **settings))


def outcome(stage: AutoencoderStage, seed: int = 1, count: int = 4) -> tuple[float, dict[str, float]]:
    loss, figures = stage.loss(torch.Generator().manual_seed(seed), count)
    return loss.item(), figures


def save(run: Run, stage: str, module: nn.Module) -> None:
    """Write the weights of `module` as a stage's checkpoint."""
    path = run.checkpoint(stage)
    path.parent.mkdir(parents=True)
    torch.save({"step": 1, "module": module.state_dict(), "average": module.state_dict()}, path)


def steps(count: int, rate: float = 3e-3) -> LoopConfig:
    return LoopConfig(steps=count, batch_size=4, learning_rate=rate, warmup_steps=1, log_every=1)


def test_edges_and_detail_cost_what_the_recipe_says(tmp_path: Path) -> None:
    none, one, two = (outcome(stage_of(tmp_path, edge_weight=w))[0] for w in (0.0, 1.0, 2.0))
    assert none < one and two - one == pytest.approx(one - none, rel=1e-3)
    dear, figures = outcome(stage_of(tmp_path, upper_limit=0.0))
    assert dear - one == pytest.approx(AutoencoderStage.upper_weight * figures["upper"], rel=1e-3)
    below = outcome(stage_of(tmp_path, upper_limit=figures["upper"] + 0.01))[0]
    assert below == pytest.approx(one), "detail is free up to the limit"


class Mosaic(nn.Module):
    """Latents are means of 2 x 2 pixels; of fewer latents than 4 x 4 a picture too bright by `bias`."""

    def __init__(self, bias: float) -> None:
        super().__init__()
        self.bias, self.unused = bias, nn.Parameter(torch.zeros(()))

    def encode(self, pictures: Tensor) -> Any:
        self.latents = nn.functional.avg_pool2d(pictures, 2)
        return SimpleNamespace(latent=self.latents)

    def decode(self, latents: Tensor) -> Any:
        self.noisy = latents
        sample = nn.functional.interpolate(latents, scale_factor=2)
        return SimpleNamespace(sample=sample + self.bias * (latents.shape[-1] < 4))


def test_pooled_latents_are_to_decode_to_pooled_pictures(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, pooled_share=0.5, latent_noise=0.0)
    colours = np.random.default_rng(0).integers(0, 256, (4, 1, 1, 3), dtype=np.uint8)
    stage.pictures = np.broadcast_to(colours, (4, 8, 8, 3))
    losses = {}
    for bias in (0.0, 0.25):
        stage.module = Mosaic(bias)
        losses[bias] = np.array([outcome(stage, seed, 16)[0] for seed in range(60)])
    added = losses[0.25] - losses[0.0]
    assert losses[0.0].max() < 2e-3, "nothing to mend"
    assert set(added.round(3)) == {0.0, 0.25}, "what it is off by"
    assert 0.3 < (added > 0.1).mean() < 0.7, "in its share of the steps"


def test_the_noise_differs_from_picture_to_picture(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, latent_noise=0.4)
    stage.module = mosaic = Mosaic(0.0)
    outcome(stage, count=64)
    strength = (mosaic.noisy - mosaic.latents).std((1, 2, 3)) / mosaic.latents.std()
    assert strength.min() < 0.05 and 0.3 < strength.max() < 0.6 and 0.1 < strength.mean() < 0.3


def test_the_upper_bands_lose_their_variance(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, upper_limit=0.0)
    before = outcome(stage)[1]["upper"]
    train(stage, steps(15), tmp_path, report=lambda _: None)
    assert outcome(stage)[1]["upper"] < 0.7 * before


def test_latents_have_one_scale(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    run.artifacts["coarse_autoencoder"] = new_autoencoder(run).eval()
    stored = stored_latents(run)
    assert stored["latents"].shape == (4, 2, 4, 4, 4) and stored["facing"].shape == (4,)
    assert stored["std"].max() == stored["std"].min()
    normal = stored["latents"][:, 0].float()
    assert normal.square().mean() == pytest.approx(1, abs=0.05)
    assert np.allclose(normal.mean((0, 2, 3)), 0, atol=0.01)
    assert (normal.std((0, 2, 3)) - 1).abs().max() > 0.05, "channels keep their share"


def test_the_whole_goes_on_from_the_coarse_weights(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    small = new_autoencoder(run, coarse=True).eval()
    save(run, "autoencoder", small)
    whole = coarse_autoencoder(run)
    pictures = run.artifacts["training_pictures"][0]
    latents = encode_pictures(whole, pictures)[:, 0]
    target = torch.from_numpy(reduced(pictures, 4)).permute(0, 3, 1, 2) / 127.5 - 1
    with torch.no_grad():
        assert torch.allclose(latents, small.encode(target).latent, atol=0.02), (
            "up to the rounding of colours"
        )
        assert whole.decode(latents).sample.shape == (4, 3, 32, 32)
    kept, new = small.decoder.state_dict(), whole.decoder.state_dict()
    same = {
        name for name in kept if kept[name].shape == new[name].shape and torch.equal(kept[name], new[name])
    }
    assert set(kept) - same == {"up.0.weight", "up.0.bias"}, "that one ends in a small picture"


def test_the_last_decoder_is_the_one_that_paints(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    save(run, "autoencoder", new_autoencoder(run, coarse=True))
    for name in ("picture_decoder", "decoder"):
        parts = DecoderAndCritic(new_autoencoder(run).decoder)
        save(run, name, parts)
        run.artifacts.pop("trained_autoencoder", None)
        painter = trained_autoencoder(run).decoder
        assert torch.equal(painter.conv_in.weight, parts.decoder.conv_in.weight)
        assert not any(p.requires_grad for p in painter.parameters())


def test_the_decoder_learns_a_handful_of_pictures(tmp_path: Path) -> None:
    torch.manual_seed(0)
    run = run_of(tmp_path)
    save(run, "autoencoder", new_autoencoder(run, coarse=True))
    stage = PictureDecoderStage(run)
    train(stage, steps(30, 1e-2), run.folder / stage.name, report=lambda _: None)
    log = (run.folder / stage.name / "log.jsonl").read_text().splitlines()
    first, *_, last = [json.loads(line) for line in log]
    assert last["reconstruction"] < 0.8 * first["reconstruction"]
    assert "critic" not in first and last["critic"] > 0
    assert PictureDecoderStage(run).step == 30, "the critic goes on where it was"
