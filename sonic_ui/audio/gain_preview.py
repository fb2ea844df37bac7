"""Loudness, true peak and outline of a sound at every gain, fast enough for a slider.

The sound is filtered and oversampled once. What the limiter does is then reckoned in steps of a millisecond
instead of on every sample: its reduction moves over five. Loudness agrees with that of the limited sound to
about 0.2 LU.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.limiter import CEILING_DBTP, LOOK_AHEAD_S, RELEASE_DB_PER_S, oversample, reduction_db
from sonic_ui.audio.loudness import gated_lufs, k_weighting

STEP_S = 0.001
COLUMNS = 600
"""Width of an outline."""

SPACING_DB = 2.0
"""Distance of the gains at which the limiter is reckoned."""


@dataclass(frozen=True)
class GainPoint:
    """A sound at one gain: loudness, true peak, and its outline [N, 2]: lowest and highest samples."""

    gain_db: float
    lufs: float
    true_peak_db: float
    outline: NDArray[np.float32] = field(repr=False)


@dataclass(frozen=True)
class _Steps:
    """A sound [T] in steps [M]: lowest and highest sample, true peak in dB, K-weighted mean square."""

    low: NDArray[np.float32]
    high: NDArray[np.float32]
    peak_db: NDArray[np.float64]
    power: NDArray[np.float64]


def gain_points(
    samples: NDArray[np.floating], sample_rate: int, highest_db: float, columns: int = COLUMNS
) -> tuple[GainPoint, ...]:
    """A sound [T] at gains up to `highest_db`, in rising order; empty for no sound at all.

    The first point is the highest gain that the limiter leaves alone: below it everything is linear. For a
    sound that it never touches that is the only one.
    """
    samples = np.asarray(samples, dtype=np.float32)
    if samples.size == 0:
        return ()
    steps = _in_steps(samples, sample_rate)
    knee_db = min(CEILING_DBTP - float(steps.peak_db.max()), highest_db)
    count = int(np.ceil((highest_db - knee_db) / SPACING_DB))
    gains = np.linspace(knee_db, highest_db, count + 1)
    return tuple(_at_gain(steps, float(gain_db), columns) for gain_db in gains)


def _in_steps(samples: NDArray[np.float32], sample_rate: int) -> _Steps:
    from scipy import signal  # slow to import

    starts = np.arange(0, samples.size, max(1, round(STEP_S * sample_rate)))
    weighted = signal.sosfilt(k_weighting(sample_rate), samples)
    low, high = np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)
    peak = np.maximum(-low, high)
    if samples.size > 1:
        peak = np.maximum(peak, np.maximum.reduceat(np.abs(oversample(samples)), 4 * starts))
    peak_db = 20.0 * np.log10(np.maximum(peak, 1e-6, dtype=np.float64))
    lengths = np.diff(starts, append=samples.size)
    return _Steps(low, high, peak_db, np.add.reduceat(np.square(weighted), starts) / lengths)


def _at_gain(steps: _Steps, gain_db: float, columns: int) -> GainPoint:
    excess_db = np.maximum(steps.peak_db + gain_db - CEILING_DBTP, 0.0)
    held_db = reduction_db(excess_db, round(LOOK_AHEAD_S / STEP_S), RELEASE_DB_PER_S * STEP_S)
    turned_db = gain_db - held_db
    factor = 10.0 ** (turned_db / 20.0)
    starts = np.unique(np.linspace(0, factor.size, columns, endpoint=False).astype(np.intp))
    outline = np.stack(
        [np.minimum.reduceat(steps.low * factor, starts), np.maximum.reduceat(steps.high * factor, starts)],
        axis=1,
    )
    return GainPoint(
        gain_db,
        gated_lufs(_blocks(steps.power * np.square(factor))),
        min(float(steps.peak_db.max()) + gain_db, CEILING_DBTP),
        outline.astype(np.float32),
    )


def _blocks(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean squares of BS.1770's blocks, 0.4 s every 0.1 s, from those of the steps [M]."""
    block, hop = min(round(0.4 / STEP_S), power.size), round(0.1 / STEP_S)
    total = np.concatenate([[0.0], np.cumsum(power)])
    starts = np.arange(0, power.size - block + 1, hop)
    return (total[starts + block] - total[starts]) / block
