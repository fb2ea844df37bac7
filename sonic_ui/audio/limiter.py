"""A look-ahead limiter on true peaks: loud sounds keep their waveform and lose only level.

Peaks are read from the four-fold oversampled signal (ITU-R BS.1770-4, annex 2). The reduction, in dB, is
held on both sides of a peak, falls linearly afterwards, and is smoothed over no more than the held span, so
that it always covers what it must.
"""

import numpy as np
from numpy.typing import NDArray

CEILING_DBTP = -1.0
"""The true peak that EBU R 128 allows."""

LOOK_AHEAD_S = 0.005
RELEASE_DB_PER_S = 100.0

MARGIN_DB = 0.02
"""How far below the ceiling a peak is brought: the gain's own motion moves what lies between the samples."""

PASSES = 4

Samples = NDArray[np.float32]


def oversample(samples: Samples) -> Samples:
    """The samples [T] with three more between each two [4 T] (BS.1770-4, annex 2)."""
    from scipy import signal  # slow to import

    return signal.resample_poly(samples, 4, 1)


def limit_true_peak(
    samples: NDArray[np.floating],
    sample_rate: int,
    *,
    look_ahead_s: float = LOOK_AHEAD_S,
    release_db_per_s: float = RELEASE_DB_PER_S,
) -> Samples:
    """The samples [T] as float32 with no true peak above CEILING_DBTP.

    A sound that needs no limiting comes back unchanged, bit for bit. NaN becomes silence, infinities the
    largest finite sample. The reduction is held for `look_ahead_s` on both sides of a peak and reached over
    as long before that: more of it turns down earlier and bends less. A slower release (fewer dB a second)
    distorts low notes less and leaves longer dips after bangs.
    """
    limited = _finite(samples)
    reach = max(1, round(look_ahead_s * sample_rate))
    for _ in range(PASSES):
        excess_db = _excess_db(limited)
        if excess_db is None:
            return limited
        turned_down_db = reduction_db(excess_db, reach, release_db_per_s / sample_rate)
        limited = (limited * 10.0 ** (-turned_down_db / 20.0)).astype(np.float32)
    left_db = _excess_db(limited)
    return limited if left_db is None else limited * np.float32(10.0 ** (-float(left_db.max()) / 20.0))


def _finite(samples: NDArray[np.floating]) -> Samples:
    """As float32 without NaN and infinities; the same array where it has none."""
    array = np.asarray(samples, dtype=np.float32)
    finite = np.isfinite(array)
    if finite.all():
        return array
    largest = float(np.max(np.abs(array[finite]), initial=0.0)) or 1.0
    return np.nan_to_num(array, nan=0.0, posinf=largest, neginf=-largest)


def _excess_db(samples: Samples) -> Samples | None:
    """By how much each sample [T], or what follows it, must come down; None where nothing must."""
    peak = float(np.max(np.abs(samples), initial=0.0))
    ceiling = 10.0 ** (CEILING_DBTP / 20.0)
    if 3.0 * peak <= ceiling:  # the filter's absolute coefficients sum to less than 3
        return None
    peaks = np.abs(samples)
    if samples.size > 1:
        between = oversample(samples / np.float32(peak))  # in [-3, 3], whatever the scale
        peaks = np.maximum.reduce([peaks, *(peak * np.abs(between[phase::4]) for phase in range(4))])
    if float(peaks.max()) <= ceiling:
        return None
    over_db = 20.0 * np.log10(np.maximum(peaks, 1e-9)) - (CEILING_DBTP - MARGIN_DB)
    return np.maximum(over_db, 0.0)


def reduction_db(excess_db: NDArray[np.floating], reach: int, fall_db: float) -> NDArray[np.float64]:
    """The excess [T] held for `reach` samples both ways, falling by `fall_db` a sample, and smoothed."""
    from scipy import ndimage

    held = ndimage.maximum_filter1d(excess_db, 2 * reach + 1, mode="nearest")
    slope = fall_db * np.arange(held.size)
    smooth = np.maximum(np.maximum.accumulate(held + slope) - slope, 0.0)
    for _ in range(3):  # three boxes make a bell; together they stay within the reach
        smooth = ndimage.uniform_filter1d(smooth, 2 * (reach // 3) + 1, mode="nearest")
    return smooth
