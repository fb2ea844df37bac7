"""Loudness against the reference implementation and the standard's own figures."""

from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest

from sonic_ui.audio.loudness import (
    FLOOR_DBFS,
    FLOOR_LUFS,
    apply_gain,
    integrated_lufs,
    peak_dbfs,
    set_lufs,
    true_peak_dbfs,
)


def sine(hz: float, seconds: float, gain_db: float, rate: int = 48000) -> np.ndarray:
    t = np.arange(int(seconds * rate)) / rate
    return (10 ** (gain_db / 20) * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def test_full_scale_sine_of_997_hz() -> None:
    """BS.1770-4, annex 1: 0 dBFS at 997 Hz in one channel reads -3.01 LKFS."""
    assert integrated_lufs(sine(997, 10, 0), 48000) == pytest.approx(-3.01, abs=0.1)


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_agrees_with_pyloudnorm_with_gating(rate: int) -> None:
    rng = np.random.default_rng(0)
    samples = rng.standard_normal(8 * rate) * np.repeat([0.001, 0.3, 0.0, 0.05], 2 * rate)
    expected = pyloudnorm.Meter(rate).integrated_loudness(samples)
    assert integrated_lufs(samples, rate) == pytest.approx(expected, abs=0.1)


def test_silence_short_and_quiet_clips_are_safe() -> None:
    assert integrated_lufs(np.zeros(48000, np.float32), 48000) == FLOOR_LUFS
    assert integrated_lufs(np.zeros(0, np.float32), 48000) == FLOOR_LUFS
    assert integrated_lufs(np.array([np.nan, np.inf, 0.1]), 48000) > FLOOR_LUFS
    assert integrated_lufs(sine(997, 0.1, -20), 48000) == pytest.approx(-23.0, abs=1.0)
    assert integrated_lufs(sine(997, 1, -90), 48000) == FLOOR_LUFS
    assert integrated_lufs(np.ones(1, np.float32), 48000) <= 5.0


@pytest.mark.parametrize("gain_db", [-100, -40, 0])
@pytest.mark.parametrize("seconds", [0.15, 1.0, 6.0])
def test_set_lufs_reaches_the_loudness_from_any_level(gain_db: float, seconds: float) -> None:
    samples = set_lufs(sine(500, seconds, gain_db), 48000, -30.0)
    assert integrated_lufs(samples, 48000) == pytest.approx(-30.0, abs=0.1)
    assert samples.dtype == np.float32


def test_set_lufs_leaves_silence() -> None:
    assert np.array_equal(set_lufs(np.zeros(1000, np.float32), 48000, -20.0), np.zeros(1000, np.float32))


def test_peaks() -> None:
    assert peak_dbfs(np.array([0.1, -0.5])) == pytest.approx(-6.02, abs=0.01)
    assert peak_dbfs(np.zeros(5)) == peak_dbfs(np.zeros(0)) == FLOOR_DBFS
    # A quarter of the sample rate, sampled off its crests: 3 dB lie between the samples.
    between = np.sin(np.pi / 2 * np.arange(4800) + np.pi / 4).astype(np.float32)
    assert peak_dbfs(between) == pytest.approx(-3.01, abs=0.01)
    assert true_peak_dbfs(between[100:-100]) == pytest.approx(0.0, abs=0.6)
    assert true_peak_dbfs(np.ones(1)) == 0.0


def test_gain_and_its_limiter() -> None:
    samples = sine(300, 1, -20)
    assert peak_dbfs(apply_gain(samples, 6, 48000)) == pytest.approx(-14, abs=0.01)
    assert np.array_equal(apply_gain(samples, 0, 48000), samples)
    loud = apply_gain(samples, 40, 48000)
    assert true_peak_dbfs(loud) == pytest.approx(-1.0, abs=0.1)
    assert np.corrcoef(loud, samples)[0, 1] > 0.9999  # turned down, not bent
    assert np.abs(apply_gain(samples, 40, 48000, limit=False)).max() == pytest.approx(10, rel=0.01)
    assert apply_gain(np.zeros(0, np.float32), 6, 48000).size == 0
