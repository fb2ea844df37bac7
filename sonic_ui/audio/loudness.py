"""Loudness of mono sounds after ITU-R BS.1770-4 (LUFS) and EBU R 128, peaks in dBFS, and gain.

K-weighting comes from pyloudnorm; the gating is its block arithmetic on cumulative sums, made safe for clips
that are shorter than a block or quieter than the gate.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.limiter import limit_true_peak, oversample

FLOOR_LUFS = -70.0
"""What silence measures: the absolute gate of BS.1770."""

FLOOR_DBFS = -120.0
"""The lowest peak that is reported."""

BLOCK_S, HOP_S = 0.4, 0.1

Samples = NDArray[np.float32]


@lru_cache(maxsize=16)
def k_weighting(sample_rate: int) -> NDArray[np.float64]:
    """Second-order sections [2, 6] of K-weighting: the store and the high-pass of BS.1770-4, section 2.1."""
    from pyloudnorm import IIRfilter

    stages = (
        IIRfilter(4.0, 1 / np.sqrt(2), min(1500.0, 0.4 * sample_rate), sample_rate, "high_shelf"),
        IIRfilter(0.0, 0.5, 38.0, sample_rate, "high_pass"),
    )
    return np.array([np.concatenate([s.passband_gain * s.b, s.a]) for s in stages])


def _block_power(samples: NDArray[np.floating], sample_rate: int) -> NDArray[np.float64]:
    """K-weighted mean squares [N] of blocks of BLOCK_S, one every HOP_S; a shorter clip is one block."""
    from scipy import signal  # slow to import

    finite = np.nan_to_num(np.asarray(samples, dtype=np.float64), nan=0.0, posinf=1.0, neginf=-1.0)
    weighted = signal.sosfilt(k_weighting(sample_rate), finite)
    total = np.concatenate([[0.0], np.cumsum(np.square(weighted))])
    block = min(round(BLOCK_S * sample_rate), finite.size)
    starts = np.arange(0, finite.size - block + 1, max(1, round(HOP_S * sample_rate)))
    return np.maximum(total[starts + block] - total[starts], 0.0) / max(block, 1)


def _lufs(power: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """BS.1770-4, equation 2: loudness of a K-weighted mean square, not below the floor."""
    return np.maximum(-0.691 + 10.0 * np.log10(np.maximum(power, 1e-12)), FLOOR_LUFS)


def integrated_lufs(samples: NDArray[np.floating], sample_rate: int) -> float:
    """Gated loudness of mono samples [T] (BS.1770-4, equations 3 to 7); silence gives FLOOR_LUFS.

    Clips shorter than 0.4 s are one block; where every block lies under a gate, that gate is not applied.
    """
    if np.asarray(samples).size == 0:
        return FLOOR_LUFS
    return gated_lufs(_block_power(samples, sample_rate))


def gated_lufs(power: NDArray[np.float64]) -> float:
    """Loudness of K-weighted mean squares [N] of blocks of 0.4 s (BS.1770-4, equations 3 to 7).

    Where every block lies under a gate, that gate is not applied.
    """
    audible = power[_lufs(power) > FLOOR_LUFS]
    if audible.size == 0:
        return FLOOR_LUFS
    loud = audible[_lufs(audible) > _lufs(float(audible.mean())) - 10.0]
    return float(_lufs(float((loud if loud.size else audible).mean())))


def peak_dbfs(samples: NDArray[np.floating]) -> float:
    """Largest sample in dB of full scale, not below FLOOR_DBFS."""
    peak = float(np.max(np.abs(samples), initial=0.0))
    return max(FLOOR_DBFS, 20.0 * float(np.log10(max(peak, 1e-9))))


def true_peak_dbfs(samples: NDArray[np.floating]) -> float:
    """Largest value between the samples too: four-fold oversampling (BS.1770-4, annex 2)."""
    samples = np.asarray(samples, dtype=np.float32)
    if samples.size < 2:
        return peak_dbfs(samples)
    return max(peak_dbfs(samples), peak_dbfs(oversample(samples)))


def apply_gain(
    samples: NDArray[np.floating], gain_db: float, sample_rate: int, limit: bool = True
) -> Samples:
    """The samples [T] louder or quieter by `gain_db`; with `limit`, no true peak passes -1 dBTP.

    The limiter (`limiter.limit_true_peak`) turns loud moments down without bending their waveform, and
    leaves a sound that needs no limiting as it is.
    """
    louder = np.asarray(samples, dtype=np.float32) * np.float32(10.0 ** (gain_db / 20.0))
    return limit_true_peak(louder, sample_rate) if limit else louder


def set_lufs(samples: NDArray[np.floating], sample_rate: int, lufs: float) -> Samples:
    """The samples at the given integrated loudness, not limited; silence is returned as it is.

    The loudness is measured at a safe level, so a clip that is too quiet for the gate is brought up as well.
    """
    samples = np.asarray(samples, dtype=np.float32)
    peak = float(np.max(np.abs(samples), initial=0.0))
    if peak < 1e-9:
        return samples
    scaled = samples / np.float32(peak)
    return apply_gain(scaled, lufs - integrated_lufs(scaled, sample_rate), sample_rate, limit=False)
