"""Sounds whose energy follows a curve."""

from __future__ import annotations

import numpy as np
import pytest

from sonic_ui.audio.energy import (
    MOST_LIFT_DB,
    best_stretch,
    curve_of_moments,
    pearson_r,
    resample_curve,
    rms_energy,
    shape_by_curve,
    smooth,
)

RATE = 16_000
FRAMES = 300


def sound(beats: bool = True) -> np.ndarray:
    """3 s of noise, pulsing twice a second."""
    times = np.arange(3 * RATE) / RATE
    noise = np.random.default_rng(0).normal(0, 0.1, times.size)
    return (noise * (0.2 + (np.sin(4 * np.pi * times) > 0) * beats)).astype(np.float32)


def follows(samples: np.ndarray, curve: np.ndarray) -> float:
    energy = smooth(rms_energy(samples, RATE))
    return pearson_r(energy, resample_curve(curve, energy.size))


def test_energy_follows_the_curve_whatever_the_sound_did() -> None:
    curve = np.concatenate([np.linspace(0, 1, 150), np.linspace(1, 0, 50), np.zeros(100)])
    flat, turned = shape_by_curve(sound(), RATE, curve), shape_by_curve(sound(), RATE, curve, flatten=False)
    assert follows(flat, curve) > 0.97 > follows(turned, curve) > follows(sound(), curve)
    assert flat.dtype == np.float32 and flat.size == 3 * RATE
    assert np.abs(flat[-RATE // 2 :]).max() == 0


def test_quiet_moments_are_lifted_by_a_limited_amount() -> None:
    whisper = sound(beats=False)
    whisper[RATE:] *= 1e-6
    shaped = shape_by_curve(whisper, RATE, np.ones(FRAMES))
    lift = np.abs(shaped[2 * RATE :]).max() / np.abs(whisper[2 * RATE :]).max()
    assert 20 * np.log10(lift) == pytest.approx(MOST_LIFT_DB, abs=0.1)


def test_silence_nothing_and_a_flat_zero_are_no_trouble() -> None:
    assert shape_by_curve(np.zeros(RATE), RATE, np.ones(100)).tolist() == [0.0] * RATE
    assert np.abs(shape_by_curve(sound(), RATE, np.zeros(FRAMES))).max() == 0
    assert shape_by_curve(np.zeros(0), RATE, np.ones(100)).size == 0
    assert np.array_equal(shape_by_curve(sound(), RATE, np.zeros(0)), sound())


def test_moments_become_a_curve() -> None:
    curve = curve_of_moments(((0.5, 1.0), (2.0, 9.0)), FRAMES, 3.0)
    assert curve.sum() == 150 and curve[50:100].all() and curve[200:].all()
    strip = curve_of_moments((0, 1, 0), FRAMES, 3.0)
    assert strip.sum() == 100 and strip[100:200].all()


def test_the_stretch_that_follows_best_is_found() -> None:
    rng = np.random.default_rng(1)
    energy = rng.random(1000).astype(np.float32)
    assert best_stretch(energy, 3 * energy[417:617] + 1) == 417
    assert best_stretch(energy, np.ones(200)) == 0
    assert best_stretch(np.zeros(1000), energy[:200]) == 0
    assert best_stretch(energy[:100], energy[:200]) == 0
