"""The limiter keeps true peaks under its ceiling and waveforms whole."""

from __future__ import annotations

import time

import numpy as np
import pytest

from sonic_ui.audio.limiter import limit_true_peak, oversample
from sonic_ui.audio.loudness import apply_gain, integrated_lufs, peak_dbfs, true_peak_dbfs

RATE = 48000


def sine(hz: float, seconds: float, gain_db: float, rate: int = RATE) -> np.ndarray:
    t = np.arange(int(seconds * rate)) / rate
    return (10 ** (gain_db / 20) * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def noise(seconds: float, gain_db: float, seed: int = 0) -> np.ndarray:
    samples = np.random.default_rng(seed).standard_normal(int(seconds * RATE))
    return (10 ** (gain_db / 20) * samples).astype(np.float32)


def clicks(seconds: float) -> np.ndarray:
    samples = noise(seconds, 30)
    return np.where(np.random.default_rng(1).random(samples.size) < 2e-4, samples, 0).astype(np.float32)


def distortion(samples: np.ndarray, hz: float) -> float:
    """All that is not the tone over the tone (THD+N), without the first and last half second."""
    middle = samples[RATE // 2 : -RATE // 2]
    power = np.abs(np.fft.rfft(middle * np.hanning(middle.size))) ** 2
    near = np.abs(np.fft.rfftfreq(middle.size, 1 / RATE) - hz) < 0.3 * hz
    return float(np.sqrt(power[~near].sum() / power[near].sum()))


QUARTER = np.sin(np.pi / 2 * np.arange(RATE) + np.pi / 4).astype(np.float32)
"""A quarter of the sample rate, sampled off its crests: 3 dB lie between the samples."""


@pytest.mark.parametrize(
    "samples",
    [
        sine(997, 1, 20),
        noise(2, 0),
        noise(2, 40),
        clicks(2),
        QUARTER,
        np.sign(sine(100, 1, 0)) * 3,
        sine(50, 1, 12) * np.linspace(0, 4, RATE, dtype=np.float32),
        noise(0.1, 600),
    ],
    ids=[
        "sine",
        "noise",
        "loud noise",
        "clicks",
        "between samples",
        "square",
        "swell",
        "near the largest float",
    ],
)
def test_no_true_peak_passes_the_ceiling(samples: np.ndarray) -> None:
    limited = limit_true_peak(samples, RATE)
    assert limited.shape == samples.shape and limited.dtype == np.float32
    assert -1.2 < true_peak_dbfs(limited) <= -1.0


def test_a_peak_between_the_samples_is_seen() -> None:
    quiet = QUARTER * np.float32(0.95 * np.sqrt(2))  # samples at -0.4 dBFS, crests at +2.6
    assert peak_dbfs(limit_true_peak(quiet, RATE)[100:-100]) < -3.5


@pytest.mark.parametrize("hz", [40, 50, 100, 440, 997, 5000])
def test_a_tone_20_db_too_loud_stays_a_tone(hz: float) -> None:
    limited = limit_true_peak(sine(hz, 3, 20), RATE)
    assert distortion(limited, hz) < (0.002 if hz < 50 else 1e-5)
    assert peak_dbfs(limited) == pytest.approx(-1.0, abs=0.1)


def test_what_needs_no_limiting_comes_back_bit_for_bit() -> None:
    for samples in (sine(997, 1, -1.1), noise(1, -20), np.zeros(1000, np.float32)):
        assert np.array_equal(limit_true_peak(samples, RATE), samples)
    rising = np.concatenate([noise(1, -30), noise(1, 20, seed=1), noise(1, -30, seed=2)])
    limited = limit_true_peak(rising, RATE)
    assert np.array_equal(limited[: RATE - 500], rising[: RATE - 500])
    assert np.array_equal(limited[-RATE // 2 :], rising[-RATE // 2 :])


def test_the_gain_moves_smoothly_and_comes_back() -> None:
    samples = np.full(2 * RATE, 0.25, np.float32)
    samples[RATE : RATE + 480] *= 40
    gain_db = 20 * np.log10(limit_true_peak(samples, RATE) / samples)
    assert gain_db.min() < -20 and gain_db.max() <= 0
    assert np.abs(np.diff(gain_db)).max() < 0.3
    assert np.all(gain_db[: RATE // 2] == 0) and np.all(gain_db[-RATE // 2 :] == 0)
    assert gain_db[RATE + 480 + RATE // 10] == pytest.approx(gain_db.min() + 10, abs=1)  # 100 dB a second


def test_silence_short_and_broken_sounds_are_safe() -> None:
    for size in (0, 1, 2, 3, 50):
        limited = limit_true_peak(np.full(size, 9, np.float32), RATE)
        assert limited.shape == (size,) and true_peak_dbfs(limited) <= -1.0
    broken = np.array([0.1, np.nan, np.inf, -np.inf, 0.2] * 50, np.float32)
    limited = limit_true_peak(broken, RATE)
    assert np.isfinite(limited).all() and limited[1] == 0
    assert np.isfinite(limit_true_peak(np.full(9, np.inf, np.float32), RATE)).all()
    assert np.isfinite(limit_true_peak(np.full(999, 3e38, np.float32), 8000)).all()


def test_louder_stays_louder() -> None:
    bursts = noise(3, -20) * np.repeat([1.0, 0.1, 0.5, 0.02, 1.0, 0.05], RATE // 2).astype(np.float32)
    loudness = [integrated_lufs(apply_gain(bursts, gain_db, RATE), RATE) for gain_db in range(0, 21, 4)]
    assert np.diff(loudness).min() > 0.05 and loudness[-1] > loudness[0] + 8


def test_oversampling_keeps_the_samples() -> None:
    samples = noise(0.1, -20)
    assert np.allclose(oversample(samples)[::4], samples, rtol=1e-3)


def test_ten_seconds_take_little_time() -> None:
    samples = noise(10, 10)
    limit_true_peak(samples[:RATE], RATE)
    taken_s = []
    for _ in range(3):
        start = time.process_time()
        limit_true_peak(samples, RATE)
        taken_s.append(time.process_time() - start)
    assert min(taken_s) < 0.6  # about 0.12 s on one core
