"""The metrics of pictures, on painters and classifiers whose answers are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from sonic_ui.evaluation import image_metrics
from sonic_ui.evaluation.held_out import HeldOutClip, mixed_clips, real_clips, synthetic_clips
from sonic_ui.evaluation.image_metrics import as_tensor
from sonic_ui.scenes.world import SOURCES

RATE = 48_000


class GreyClassifier:
    """Reads a picture's grey as the level of every source; red says which one is present."""

    def predict(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        value = ((pictures + 1) * 127.5).round()
        presence = torch.zeros(len(pictures), len(SOURCES))
        for i, red in enumerate(value[:, 0, 0, 0].int().tolist()):
            presence[i, red % len(SOURCES)] = 1.0
        level = value[:, 1].mean((1, 2)) / 255
        return presence, level[:, None].expand(-1, len(SOURCES))


def flat(red: int, green: int = 0) -> Image.Image:
    return Image.new("RGB", (4, 4), (red, green, 0))


def clip(source: str) -> HeldOutClip:
    return HeldOutClip(source, np.zeros(8, np.float32), (source,))


def test_aic_is_the_share_of_pictures_that_show_their_sound() -> None:
    shown = [flat(0), flat(1), flat(5), flat(3)]
    clips = [clip(SOURCES[k]) for k in (0, 1, 2, 3)]
    accuracy, by_source = image_metrics.source_accuracy(GreyClassifier(), shown, clips)  # type: ignore[arg-type]
    assert accuracy == pytest.approx(0.75)
    assert by_source[SOURCES[2]] == 0.0 and by_source[SOURCES[3]] == 1.0


def test_aic_among_some_classes_looks_at_those_alone() -> None:
    accuracy, _ = image_metrics.source_accuracy(GreyClassifier(), [flat(7)], [clip(SOURCES[2])], SOURCES[2:3])  # type: ignore[arg-type]
    assert accuracy == 1.0


def test_share_beaten_is_one_for_own_pairs_and_half_by_chance() -> None:
    assert image_metrics.retrieval_rate(torch.eye(5)) == 1.0
    chance = torch.rand(400, 400, generator=torch.Generator().manual_seed(0))
    assert image_metrics.retrieval_rate(chance) == pytest.approx(0.5, abs=0.05)


def test_held_out_sounds_are_the_same_every_time_and_of_every_source() -> None:
    first, again = synthetic_clips(1, 32), synthetic_clips(1, 32)
    assert [c.sources for c in first] == [(name,) for name in SOURCES]
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(first, again, strict=True))
    assert all(len(c.sources) == 2 for c in mixed_clips(3, 32))


def test_real_recordings_held_out_are_fold_4() -> None:
    data = Path(__file__).resolve().parents[3] / "shared" / "data"
    if not data.exists():
        pytest.skip("the real recordings are not here")
    clips = real_clips(data)
    assert len(clips) == 64 and len({c.sources for c in clips}) == 8
    assert all("_4-" in c.name for c in clips)


class GreenClassifier:
    """Reads a picture's green as the level of every source and as the presence of all but the first."""

    def predict(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        level = ((pictures[:, 1].mean((1, 2)) + 1) / 2)[:, None].expand(-1, len(SOURCES))
        presence = level.clone()
        presence[:, 0] = 1 - level[:, 0]
        return presence, level


class Loudness:
    """Stands for the app: a picture whose green is the sound's level."""

    def __init__(self, sign: float = 1.0) -> None:
        self.sign = sign

    def sweep(
        self, samples: np.ndarray, gains_db: Sequence[float] = (0.0,), scales: Sequence[float] = (1.0,)
    ) -> list[Image.Image]:
        level_db = 20 * float(np.log10(np.sqrt(np.mean(samples**2))))
        turns = [(gain, scale) for gain in gains_db for scale in scales]
        greens = [scale * (128 + self.sign * 2 * (level_db + gain + 30)) for gain, scale in turns]
        return [flat(0, int(np.clip(green, 0, 255))) for green in greens]


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_volume_correlation_has_the_sign_of_the_growth(sign: float) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    sounds = [HeldOutClip("rain", noise, ("rain",))]
    metric, each = image_metrics.volume_metric(GreenClassifier(), Loudness(sign), sounds)  # type: ignore[arg-type]
    assert metric.value == pytest.approx(sign) and each == [metric.value]


def test_reweighting_turns_the_strength_and_not_the_sound() -> None:
    noise = np.random.default_rng(0).normal(0, 0.03, RATE).astype(np.float32)
    sounds = [HeldOutClip("rain", noise, ("rain",))]
    metric, _ = image_metrics.volume_metric(GreenClassifier(), Loudness(), sounds, "reweighting", "real")  # type: ignore[arg-type]
    assert metric.value == pytest.approx(1.0)
    assert "reweighting" in metric.name and "real" in metric.name


def test_pairs_have_different_sources_and_do_not_repeat() -> None:
    pairs = image_metrics.pairs_of(synthetic_clips(1, 16), 40)
    assert len(pairs) == 40
    assert all(a.sources != b.sources for a, b in pairs)
    assert len({(id(a), id(b)) for a, b in pairs}) == 40


class Brightness:
    """Stands for CLIP: a picture's mean green as an angle."""

    config = type("Config", (), {"vision_config": type("Vision", (), {"image_size": 4})})

    def get_image_features(self, pixel_values: Tensor) -> object:
        angle = pixel_values[:, 1].mean((1, 2))
        return type("Out", (), {"pooler_output": torch.stack([angle.cos(), angle.sin()], -1)})


class FakeImageEncoder:
    """Stands for the encoder of pictures: CLIP, and what prepares its pictures."""

    clip = Brightness()

    def encode_pictures(self, pictures: list[Image.Image]) -> Tensor:
        return torch.cat([self.clip.get_image_features(as_tensor([one])).pooler_output for one in pictures])  # type: ignore[attr-defined]


class Greens:
    """Stands for the app: pictures whose green lies between the first samples of two sounds."""

    def glide(self, a: np.ndarray, b: np.ndarray, frames: int, method: str) -> list[Image.Image]:
        places = [*np.arange(frames - 1) / frames, 1.0]
        return [flat(0, round(255 * float((1 - x) * a[0] + x * b[0]))) for x in places]


@pytest.mark.parametrize(("ends", "sign"), [((0.0, 1.0), 1.0), ((1.0, 0.0), -1.0)])
def test_a_glide_is_measured_by_what_falls_and_what_rises(ends: tuple[float, float], sign: float) -> None:
    a, b = (HeldOutClip(SOURCES[k], np.float32([end]), (SOURCES[k],)) for k, end in enumerate(ends))
    metrics, pictures, _ = image_metrics.interpolation_metrics(
        GreenClassifier(), FakeImageEncoder(), Greens(), [(a, b)]
    )  # type: ignore[arg-type]
    assert len(pictures) == image_metrics.FRAMES
    assert metrics[0].value == pytest.approx(sign)
    assert metrics[1].value == pytest.approx(2.8, abs=0.1), "six steps of an eighth, one of a quarter"
