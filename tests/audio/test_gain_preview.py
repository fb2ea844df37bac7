"""The table behind the loudness meter against the limiter and the loudness that it stands for."""

from __future__ import annotations

import numpy as np
import pytest

from sonic_ui.audio.gain_preview import COLUMNS, GainPoint, gain_points
from sonic_ui.audio.limiter import CEILING_DBTP
from sonic_ui.audio.loudness import apply_gain, integrated_lufs, true_peak_dbfs

RATE = 48_000


def hiss(seconds: float = 2.0, peak_db: float = -8.0) -> np.ndarray:
    """Noise that swells and fades twice a second, with a bang: something for a limiter to do."""
    times = np.arange(int(seconds * RATE)) / RATE
    noise = np.random.default_rng(3).standard_normal(times.size) * (1.1 + np.sin(2 * np.pi * 2 * times))
    noise[times.size // 3 : times.size // 3 + 200] *= 3
    return (noise / np.abs(noise).max() * 10 ** (peak_db / 20)).astype(np.float32)


def measured(points: tuple[GainPoint, ...], gain_db: float) -> float:
    """Loudness at any gain, as the page reckons it."""
    first = points[0]
    if gain_db <= first.gain_db:
        return first.lufs + gain_db - first.gain_db
    return float(np.interp(gain_db, [p.gain_db for p in points], [p.lufs for p in points]))


@pytest.mark.parametrize("gain_db", [-24.0, 0.0, 7.0, 9.0, 13.0, 20.0])
def test_loudness_is_that_of_the_limited_sound(gain_db: float) -> None:
    samples = hiss()
    points = gain_points(samples, RATE, 20.0)
    heard = apply_gain(samples, gain_db=gain_db, sample_rate=RATE)
    assert measured(points, gain_db) == pytest.approx(integrated_lufs(heard, RATE), abs=0.3)


def test_it_begins_where_the_limiter_does() -> None:
    samples = hiss()
    points = gain_points(samples, RATE, 20.0)
    first = points[0]
    assert first.gain_db + true_peak_dbfs(samples) == pytest.approx(CEILING_DBTP, abs=0.01)
    assert [p.gain_db for p in points] == sorted(p.gain_db for p in points)
    assert points[-1].gain_db == 20.0
    assert all(p.true_peak_db == pytest.approx(CEILING_DBTP) for p in points)


def test_outlines_are_what_is_heard() -> None:
    samples = hiss()
    last = gain_points(samples, RATE, 20.0)[-1]
    assert last.outline.shape == (COLUMNS, 2)
    heard = apply_gain(samples, gain_db=20.0, sample_rate=RATE)
    starts = np.linspace(0, samples.size, COLUMNS, endpoint=False).astype(int)
    truth = np.maximum.reduceat(heard, starts)
    assert float(np.mean(np.abs(last.outline[:, 1] - truth))) < 0.05
    assert float(np.abs(last.outline).max()) <= 10 ** (CEILING_DBTP / 20) + 1e-3


def test_a_soft_sound_is_never_limited() -> None:
    samples = hiss(peak_db=-40.0)
    (only,) = gain_points(samples, RATE, 20.0)
    assert only.gain_db == 20.0
    assert only.lufs == pytest.approx(integrated_lufs(samples, RATE) + 20.0, abs=0.1)
    assert only.true_peak_db == pytest.approx(true_peak_dbfs(samples) + 20.0, abs=0.01)


@pytest.mark.parametrize("count", [1, 30, 5000])
def test_short_and_silent_sounds(count: int) -> None:
    short = gain_points(hiss()[:count], RATE, 20.0)
    assert np.isfinite([(p.lufs, p.true_peak_db) for p in short]).all()
    assert 1 <= len(short[0].outline) <= COLUMNS
    (silent,) = gain_points(np.zeros(count, dtype=np.float32), RATE, 20.0)
    assert silent.lufs == -70.0 and float(np.abs(silent.outline).max()) == 0.0
    assert gain_points(np.zeros(0, dtype=np.float32), RATE, 20.0) == ()
