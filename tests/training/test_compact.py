"""The compact autoencoder, its enlarger, spoiled pictures and training together, each in seconds."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from sonic_ui.models.enlarging_autoencoder import EnlargingAutoencoder
from sonic_ui.models.gated_attention import AudioAttention
from sonic_ui.models.latents import compression_factor, upper_band_share
from sonic_ui.models.picture_judge import PictureJudge
from sonic_ui.models.projector import AudioProjector
from sonic_ui.scenes.world import SOURCES, sample_scene
from sonic_ui.training.adapter import HeardScenes, SoundAdapter
from sonic_ui.training.compact_autoencoder import (
    CompactAutoencoderStage,
    build_compact_autoencoder,
    calm_start,
    load_matching,
    one_scale_normalizer,
)
from sonic_ui.training.denoiser import LatentData, build_unet
from sonic_ui.training.enlarging import EnlargerStage
from sonic_ui.training.joint import JointStage
from sonic_ui.training.loop import LoopConfig, train
from sonic_ui.training.spoiled import SPOILERS, HonestJudgeStage
from sonic_ui.training.together import Meeting, rate_at, train_together

SMALL = (8, 8, 16, 16)


def pictures(count: int = 4, side: int = 32) -> np.ndarray:
    """Smooth random pictures, uint8 [N, side, side, 3]."""
    coarse = torch.rand(count, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    fine = nn.functional.interpolate(coarse, size=(side, side), mode="bicubic").clamp(0, 1)
    return (fine * 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()


def autoencoder() -> nn.Module:
    """A tiny one of factor 8 with four latent channels."""
    torch.manual_seed(0)
    return build_compact_autoencoder(4, SMALL, (0, 1, 1, 1), (0, 1, 1, 2))


def test_the_autoencoder_learns_a_handful_of_pictures(tmp_path: Path) -> None:
    stage = CompactAutoencoderStage(pictures(), autoencoder(), crop=None, latent_noise=0.1)  # type: ignore[arg-type]
    before = float(stage.loss(torch.Generator().manual_seed(1), 4)[0])
    config = LoopConfig(
        steps=40, batch_size=4, learning_rate=3e-3, warmup_steps=5, log_every=20, save_every=40
    )
    train(stage, config, tmp_path, report=lambda _: None)
    assert float(stage.loss(torch.Generator().manual_seed(1), 4)[0]) < 0.7 * before
    assert (tmp_path / "sample-000040.png").exists()


def test_factor_and_matching_weights() -> None:
    module = autoencoder()
    assert compression_factor(module) == 8
    state = {name: torch.ones_like(value) for name, value in module.state_dict().items()}
    state["stranger"] = torch.zeros(1)
    assert load_matching(module, state) == len(module.state_dict())
    calm_start(module, 2)  # type: ignore[arg-type]
    assert not module.decoder.up_blocks[3][0].norm.weight.any()  # type: ignore[index]


def test_upper_bands_of_noise_and_of_smooth_latents() -> None:
    generator = torch.Generator().manual_seed(0)
    white = torch.randn(64, 4, 8, 8, generator=generator)
    smooth = nn.functional.interpolate(
        torch.randn(64, 4, 2, 2, generator=generator), size=(8, 8), mode="bilinear"
    )
    assert upper_band_share(white) == pytest.approx(54 / 64, abs=0.03)
    assert upper_band_share(smooth) < 0.05


def test_one_scale_keeps_the_channels_apart() -> None:
    latents = torch.randn(200, 2, 4, 4) * torch.tensor([2.0, 0.5]).view(1, 2, 1, 1) + 3
    normal = one_scale_normalizer(latents).normalize(latents)
    assert normal.mean().abs() < 0.05
    assert normal.square().mean() == pytest.approx(1, abs=0.05)
    assert normal[:, 0].std() / normal[:, 1].std() == pytest.approx(4, abs=0.4)


@pytest.mark.parametrize("spoil", SPOILERS)
def test_spoiled_pictures_differ_and_keep_their_shape(spoil) -> None:  # type: ignore[no-untyped-def]
    x = torch.from_numpy(pictures(3, 64)).permute(0, 3, 1, 2).float() / 127.5 - 1
    out = spoil(x, torch.Generator().manual_seed(0))
    assert out.shape == x.shape
    assert (out - x).abs().mean() > 0.02
    assert out.abs().max() <= 1.3


def test_the_honest_judge_learns(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    scenes = [sample_scene(rng, sources=(name,)) for name in SOURCES[:4]]
    judge = PictureJudge(len(SOURCES), (8, 16))
    stage = HonestJudgeStage(pictures(4, 64), scenes, judge, spoiled_share=0.25)
    config = LoopConfig(
        steps=60, batch_size=8, learning_rate=5e-3, warmup_steps=5, log_every=30, save_every=60
    )
    before = float(stage.loss(torch.Generator().manual_seed(3), 8)[0])
    train(stage, config, tmp_path, report=lambda _: None)
    assert float(stage.loss(torch.Generator().manual_seed(3), 8)[0]) < 0.6 * before


class Line:
    """A stage that fits y = 2 x."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.module: nn.Module = nn.Linear(1, 1)

    def parameter_groups(self, learning_rate: float) -> list[dict[str, object]]:
        return [{"params": list(self.module.parameters()), "lr": learning_rate}]

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[torch.Tensor, dict[str, float]]:
        x = torch.randn(batch_size, 1, generator=generator)
        return (self.module(x) - 2 * x).square().mean(), {}

    def sample(self, module: nn.Module, path: Path) -> None:
        """Nothing to look at."""


def test_processes_that_meet_end_with_the_same_weights(tmp_path: Path) -> None:
    config = LoopConfig(
        steps=60, batch_size=16, learning_rate=0.1, warmup_steps=1, log_every=20, save_every=60
    )
    stages = [Line(), Line()]
    threads = [
        threading.Thread(
            target=train_together,
            args=(stage, config, tmp_path, Meeting(tmp_path / "meet", rank, 2, 10), time.time() + 60),
            kwargs={"report": lambda _: None},
        )
        for rank, stage in enumerate(stages)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    first, second = (stage.module.weight.detach() for stage in stages)  # type: ignore[union-attr]
    assert torch.equal(first, second)
    assert float(first) == pytest.approx(2, abs=0.1)
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 60


def test_the_rate_falls_at_the_end() -> None:
    config = LoopConfig(warmup_steps=10, decay_share=0.5)
    assert rate_at(0.2, 0, config) == pytest.approx(0.1)
    assert rate_at(0.2, 100, config) == 1
    assert rate_at(0.75, 100, config) == pytest.approx(0.5)
    assert rate_at(1.0, 100, config) == 0


def test_the_enlarger_learns_beside_its_critic(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = EnlargingAutoencoder(4, (8, 8, 16), (0, 1, 1), width=16, blocks=1)
    assert compression_factor(module) == 16
    images = pictures(4, 128)
    x = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        raw = module.encode(x).latent
        assert raw.shape == (4, 4, 8, 8)
        assert module(x).shape == x.shape
    normalizer = one_scale_normalizer(raw)
    stage = EnlargerStage(images, normalizer.normalize(raw)[:, None], module, normalizer, critic=0.05)
    before = stage.loss(torch.Generator().manual_seed(1), 4)[1]["l1"]
    optimizer = torch.optim.AdamW(stage.parameter_groups(3e-3))
    for step in range(30):
        optimizer.zero_grad()
        stage.loss(torch.Generator().manual_seed(step), 4)[0].backward()
        optimizer.step()
    assert stage.loss(torch.Generator().manual_seed(1), 4)[1]["l1"] < 0.8 * before
    module.save_pretrained(tmp_path)
    again = EnlargingAutoencoder.from_pretrained(tmp_path)
    assert torch.allclose(again(x), module(x), atol=1e-5)


def test_denoiser_and_adapter_learn_together() -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    scenes = [sample_scene(rng, sources=(name,)) for name in SOURCES[:4]]
    unet = build_unet((16, 16, 16, 16), 4, 16, 8)
    adapter = SoundAdapter(AudioProjector(8, 16, 3), AudioAttention.from_unet(unet))
    heard = HeardScenes(torch.randn(4, 2, 8), torch.ones(4, 2))
    data = LatentData(torch.randn(4, 2, 4, 8, 8), scenes)

    def words(captions: list[str]) -> torch.Tensor:
        return torch.zeros(len(captions), 5, 16)

    stage = JointStage(data, heard, unet, words, adapter)  # type: ignore[arg-type]
    assert len(stage.parameter_groups(1e-3)) == 4
    stage.loss(torch.Generator().manual_seed(0), 4)[0].backward()
    assert unet.conv_in.weight.grad is not None
    assert all(gate.grad is not None for gate in adapter.gates())
    adapter.attention.detach()
    frozen = JointStage(data, heard, unet, words, adapter, frozen=True)  # type: ignore[arg-type]
    assert len(frozen.parameter_groups(1e-3)) == 3
