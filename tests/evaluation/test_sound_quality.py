"""Distances of generated sounds to true ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sonic_ui.evaluation import sound_quality as quality
from sonic_ui.models.mel import GriffinLimVocoder
from sonic_ui.models.sound_classifier import SoundClassifier, level_free, load_sound_classifier
from sonic_ui.scenes.world import SOURCES


def tone(hz: float, seed: int = 0) -> np.ndarray:
    time = np.arange(16_000) / 16_000
    noise = np.random.default_rng(seed).normal(size=time.size)
    return (0.2 * np.sin(2 * np.pi * hz * time) + 0.01 * noise).astype(np.float32)


@pytest.fixture(scope="module")
def classifier() -> SoundClassifier:
    torch.manual_seed(0)
    return SoundClassifier(len(SOURCES), (4, 4, 8)).eval()


def test_equal_sets_are_at_no_distance_and_others_far() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(400, 6)), rng.normal(size=(400, 6)) + 2
    assert quality.frechet_distance(a, a) == pytest.approx(0, abs=1e-6)
    assert quality.frechet_distance(a, b) == pytest.approx(24, rel=0.1)


def test_spectra_of_equal_sounds_agree() -> None:
    assert quality.log_spectral_distance(tone(400), tone(400)) == pytest.approx(0, abs=1e-3)
    near = quality.log_spectral_distance(tone(400), 0.5 * tone(400))
    assert near < quality.log_spectral_distance(tone(400), tone(900))


def test_grain_is_seen_in_textures() -> None:
    rng = np.random.default_rng(0)
    hiss = [rng.normal(0, 0.1, 32_000).astype(np.float32) for _ in range(40)]
    clicks = [np.where(rng.random(32_000) < 0.002, hiss[0] * 8, hiss[0] * 0.02).astype(np.float32)] * 20
    reference = quality.texture_features(hiss[:20])
    assert reference.shape == (40, 48)
    near = quality.texture_distance(hiss[20:], reference)
    assert near < 0.1 * quality.texture_distance(clicks, reference)


def test_the_figures_come_out(classifier: SoundClassifier) -> None:
    true = [tone(300 + 40 * i, i) for i in range(6)]
    made = [tone(500 + 40 * i, i) for i in range(3)]
    metrics = quality.quality_metrics(GriffinLimVocoder(iterations=2), classifier, true, made)
    assert len(metrics) == 7 and all(np.isfinite(one.value) and one.value >= 0 for one in metrics)
    assert quality.name_sound(classifier, true[0]) in SOURCES


def test_level_and_slow_course_are_not_seen(classifier: SoundClassifier, tmp_path) -> None:  # type: ignore[no-untyped-def]
    mels = torch.randn(1, 256, 64).cumsum(1) / 20 - 4
    assert torch.allclose(level_free(mels), level_free(mels - 3), atol=1e-4)
    swell = torch.linspace(0, 2, 256)[None, :, None]
    inner = slice(40, 216)
    gap = (level_free(mels + swell)[:, :2] - level_free(mels)[:, :2])[:, :, inner].abs().mean()
    assert gap < 0.1
    assert load_sound_classifier(tmp_path) is None
    classifier.save_pretrained(tmp_path / "sound_classifier")
    assert torch.equal(load_sound_classifier(tmp_path)(mels), classifier(mels))
