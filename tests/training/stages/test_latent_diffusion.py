"""Training of the autoencoder: what each key of its recipe changes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sonic_ui.training.run import LoopConfig, Run, train
from sonic_ui.training.stages.latent_diffusion import AutoencoderStage, new_autoencoder, stored_latents


def run_of(folder: Path, **settings: Any) -> Run:
    """A run with four smooth random pictures of 32 px."""
    coarse = torch.rand(4, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    fine = nn.functional.interpolate(coarse, size=(32, 32), mode="bicubic").clamp(0, 1)
    pictures = (fine * 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
    sizes = {"latent_channels": 4, "channels": [8, 8, 16, 16], "layers": [0, 1, 1, 1], "crop": 32}
    recipe = {"autoencoder": sizes | settings}
    return Run(recipe, folder, report=lambda _: None, artifacts={"training_pictures": (pictures, [])})


def stage_of(folder: Path, **settings: Any) -> AutoencoderStage:
    torch.manual_seed(0)
    return AutoencoderStage(run_of(folder, **settings))


def loss_of(stage: AutoencoderStage, seed: int = 1) -> float:
    return stage.loss(torch.Generator().manual_seed(seed), 4)[0].item()


def test_every_term_adds_its_weight_and_none_is_there_by_default(tmp_path: Path) -> None:
    plain = stage_of(tmp_path)
    assert set(plain.loss(torch.Generator().manual_seed(1), 4)[1]) == {"psnr_db"}
    one, two = (loss_of(stage_of(tmp_path, pooled_share=1.0, pooled_weight=w)) for w in (1.0, 2.0))
    assert loss_of(plain) < one and two - one == pytest.approx(one - loss_of(plain), rel=1e-3)
    upper = stage_of(tmp_path, upper_weight=0.5)
    loss, figures = upper.loss(torch.Generator().manual_seed(1), 4)
    assert loss.item() - loss_of(plain) == pytest.approx(0.5 * figures["upper"], rel=1e-3)


class Mosaic(nn.Module):
    """Latents are means of 8 x 8 pixels; of fewer latents than 4 x 4 a picture too bright by `bias`."""

    def __init__(self, bias: float) -> None:
        super().__init__()
        self.bias = bias

    def encode(self, pictures: Tensor) -> Any:
        return SimpleNamespace(latent=nn.functional.avg_pool2d(pictures, 8))

    def decode(self, latents: Tensor) -> Any:
        sample = nn.functional.interpolate(latents, scale_factor=8)
        return SimpleNamespace(sample=sample + self.bias * (latents.shape[-1] < 4))


def test_pooled_latents_are_to_decode_to_pooled_pictures(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, pooled_share=0.5, pooled_weight=3.0, latent_noise=0.0)
    stage.pictures = np.broadcast_to(np.uint8([40, 90, 200]), (4, 32, 32, 3))
    losses = {}
    for bias in (0.0, 0.25):
        stage.module = Mosaic(bias)
        losses[bias] = np.array([loss_of(stage, seed) for seed in range(60)])
    added = losses[0.25] - losses[0.0]
    assert losses[0.0].max() < 1e-3, "nothing to mend"
    assert set(added.round(3)) == {0.0, 0.75}, "the weight times what it is off by"
    assert 0.3 < (added > 0).mean() < 0.7, "in its share of the steps"


def test_the_upper_bands_lose_their_variance(tmp_path: Path) -> None:
    stage = stage_of(tmp_path, upper_weight=1.0)
    before = stage.loss(torch.Generator().manual_seed(1), 4)[1]["upper"]
    train(
        stage,
        LoopConfig(steps=15, batch_size=4, learning_rate=3e-3, warmup_steps=1),
        tmp_path,
        report=lambda _: None,
    )
    assert stage.loss(torch.Generator().manual_seed(1), 4)[1]["upper"] < 0.7 * before


def test_the_noise_may_differ_from_picture_to_picture(tmp_path: Path) -> None:
    latents = torch.randn(64, 4, 4, 4, generator=torch.Generator().manual_seed(0))
    alike, varied = (
        (
            stage_of(tmp_path, latent_noise=0.4, vary_noise=vary).noised(
                latents, torch.Generator().manual_seed(2)
            )
            - latents
        ).std((1, 2, 3))
        for vary in (False, True)
    )
    assert alike.min() > 0.25
    assert varied.min() < 0.05 and 0.25 < varied.max() < alike.max() and 0.1 < varied.mean() < 0.3


@pytest.mark.parametrize("one_scale", [False, True])
def test_latents_have_one_scale_or_one_a_channel(tmp_path: Path, one_scale: bool) -> None:
    run = run_of(tmp_path, one_scale=one_scale)
    run.artifacts["trained_autoencoder"] = new_autoencoder(run).eval()
    stored = stored_latents(run)
    assert (stored["std"].max() > stored["std"].min() + 1e-6) != one_scale
    normal = stored["latents"][:, 0].float()
    assert normal.square().mean() == pytest.approx(1, abs=0.05)
    assert np.allclose(normal.mean((0, 2, 3)), 0, atol=0.01)
