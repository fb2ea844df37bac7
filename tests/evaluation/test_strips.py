"""The measures of strips, on painters whose answers are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from sonic_ui.evaluation import strips
from sonic_ui.evaluation.held_out import HeldOutClip, synthetic_clips
from sonic_ui.evaluation.pictures import Painter, as_tensor
from sonic_ui.pipelines.sampling import StepReport
from sonic_ui.scenes.world import SOURCES
from sonic_ui.testing.tiny_models import debug_scheduler

RATE = 48_000


def flat(red: int, green: int = 0) -> Image.Image:
    return Image.new("RGB", (4, 4), (red, green, 0))


class GreenJudge:
    """Reads a picture's green as the level of every source and as the presence of all but the first."""

    def read(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        level = ((pictures[:, 1].mean((1, 2)) + 1) / 2)[:, None].expand(-1, len(SOURCES))
        presence = level.clone()
        presence[:, 0] = 1 - level[:, 0]
        return presence, level


class Loudness:
    """Stands for the pipeline: a picture whose green is the sound's level."""

    seed = 0

    def __init__(self, sign: float = 1.0) -> None:
        self.sign = sign

    def embed(self, samples: Sequence[np.ndarray]) -> Tensor:
        return torch.tensor([[20 * float(np.log10(np.sqrt(np.mean(s**2))))] for s in samples])

    def paint(
        self, embeds: Tensor, seeds: Sequence[int] | None = None, scales: Sequence[float] | None = None
    ) -> list[Image.Image]:
        assert seeds is not None and len(set(seeds)) == 1, "one seed for all volumes"
        factors = scales or [1.0] * len(embeds)
        return [
            flat(0, int(np.clip(factor * (128 + self.sign * 2 * (e.item() + 30)), 0, 255)))
            for e, factor in zip(embeds, factors, strict=True)
        ]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_volume_correlation_has_the_sign_of_the_growth(sign: float) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    sounds = [HeldOutClip("rain", noise, ("rain",))]
    figure, each = strips.volume_figure(GreenJudge(), Loudness(sign), sounds)  # type: ignore[arg-type]
    assert figure.value == pytest.approx(sign) and each == [figure.value]


def test_reweighting_turns_the_strength_and_not_the_sound() -> None:
    noise = np.random.default_rng(0).normal(0, 0.03, RATE).astype(np.float32)
    sounds = [HeldOutClip("rain", noise, ("rain",))]
    figure, _ = strips.volume_figure(GreenJudge(), Loudness(), sounds, "reweighting", "real")  # type: ignore[arg-type]
    assert figure.value == pytest.approx(1.0)
    assert "reweighting" in figure.name and "real" in figure.name


def test_pairs_have_different_sources_and_do_not_repeat() -> None:
    pairs = strips.pairs_of(synthetic_clips(1, 16), 40)
    assert len(pairs) == 40
    assert all(a.sources != b.sources for a, b in pairs)
    assert len({(id(a), id(b)) for a, b in pairs}) == 40


class Brightness:
    """Stands for CLIP: a picture's mean green as an angle."""

    config = type("Config", (), {"vision_config": type("Vision", (), {"image_size": 4})})

    def get_image_features(self, pixel_values: Tensor) -> object:
        angle = pixel_values[:, 1].mean((1, 2))
        return type("Out", (), {"pooler_output": torch.stack([angle.cos(), angle.sin()], -1)})


class Eyes:
    """Stands for the encoder of pictures: CLIP, and what prepares its pictures."""

    clip = Brightness()

    def encode_pictures(self, pictures: list[Image.Image]) -> Tensor:
        return torch.cat([self.clip.get_image_features(as_tensor([one])).pooler_output for one in pictures])  # type: ignore[attr-defined]


class Greens:
    """Stands for the pipeline: a picture whose green is the embedding itself."""

    scheduler = debug_scheduler()

    def __init__(self) -> None:
        self.begun: list[int] = []

    def embed_audio(self, samples: np.ndarray) -> Tensor:
        return torch.tensor([[float(samples[0])]])

    def __call__(self, **given: Any) -> Any:
        begin, steps = given.get("begin_step", 0), given["num_inference_steps"]
        assert len(set(given["seed"])) == 1, "one seed for the whole glide"
        self.begun.append(begin)
        for step in range(begin + 1, steps + 1):
            if given["on_step"] is not None:
                report = StepReport(step, steps, 0, torch.zeros(1), lambda _: [], torch.ones(1, 1, 2, 2))
                given["on_step"](report)
        images = [flat(0, round(255 * green.item())) for green in given["audio_embeds"]]
        return type("Out", (), {"images": images})


@pytest.mark.parametrize(("ends", "sign"), [((0.0, 1.0), 1.0), ((1.0, 0.0), -1.0)])
def test_a_glide_is_measured_by_what_falls_and_what_rises(ends: tuple[float, float], sign: float) -> None:
    a, b = (HeldOutClip(SOURCES[k], np.float32([end]), (SOURCES[k],)) for k, end in enumerate(ends))
    painter = Painter(Greens(), steps=4)
    figures, pictures, _ = strips.interpolation_metrics(GreenJudge(), Eyes(), painter, [(a, b)])  # type: ignore[arg-type]
    assert len(pictures) == strips.FRAMES
    assert figures[0].value == pytest.approx(sign)
    assert figures[1].value == pytest.approx(2.8, abs=0.1), "six steps of an eighth, one of a quarter"
    assert painter.pipeline.begun == [0, 0, *[2] * 6], "as the app does: the ends, then from halfway"
