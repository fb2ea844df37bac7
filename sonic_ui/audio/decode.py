"""Decoding: from a file of any kind to mono float32 samples at the requested rate."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.channels import Moments, mono_weights, weighted_sum
from sonic_ui.audio.readers import Block, Reader, SoundInfo, open_reader
from sonic_ui.requests import BadInput

MAX_DECODE_S = 600.0
"""The longest stretch that is decoded at once; it bounds memory whatever the file's length."""

LARGEST_SAMPLE = 16.0
"""Float files may pass full scale; beyond this the numbers are of another scale and are brought back to 1."""

ROBUST_PERCENTILE = 99.99

__all__ = ["MAX_DECODE_S", "SoundInfo", "decode", "probe", "read_mono", "resample"]


def probe(path: str | Path) -> SoundInfo:
    """Length, rate, channels and container of a file. Raises BadInput."""
    with open_reader(path) as reader:
        return reader.info


def decode(
    path: str | Path, sample_rate: int, *, start_s: float | None = None, duration_s: float | None = None
) -> NDArray[np.float32]:
    """Mono float32 samples [T] of a file at `sample_rate`, finite, from `start_s` for at most `duration_s`.

    Without a duration it reads to the end, at most MAX_DECODE_S. A file that is cut off gives what is there.
    Raises BadInput for a file that is missing, empty, not sound, or has nothing at `start_s`.
    """
    with open_reader(path) as reader:
        begin = max(0.0, start_s or 0.0)
        length = MAX_DECODE_S if duration_s is None else min(max(0.0, duration_s), MAX_DECODE_S)
        samples = read_mono(reader, begin, length)
        if samples.size == 0:
            raise nothing_there(Path(path).name, reader.info, begin)
        return resample(samples, reader.info.sample_rate, sample_rate)


def nothing_there(name: str, info: SoundInfo, start_s: float) -> BadInput:
    """The refusal of a file in which no samples stand from `start_s` on."""
    if info.duration_s <= 0 or start_s <= 0:
        return BadInput(
            f"“{name}” is empty: it holds no samples, or is damaged. Save or record the sound again.", "sound"
        )
    return BadInput(
        f"“{name}” is {info.duration_s:.1f} s long, and the part to listen to starts at {start_s:.1f} s. "
        "Choose an earlier start.",
        "start_s",
    )


def read_mono(reader: Reader, start_s: float, duration_s: float) -> NDArray[np.float32]:
    """One stretch at the file's own rate as finite mono samples [T], which channels.py makes of all channels.

    A file of several channels is read twice, once for their levels: nothing holds more of it than the result.
    """
    channels = reader.info.channels
    weights = np.ones(1)
    if channels > 1:
        moments = Moments(channels)
        for block in reader.blocks(start_s, duration_s):
            moments.add(finite_block(block))
        weights = mono_weights(moments.covariance, reader.info.layout)
    parts = [weighted_sum(finite_block(block), weights) for block in reader.blocks(start_s, duration_s)]
    return to_scale(np.concatenate(parts)) if parts else np.zeros(0, dtype=np.float32)


def finite_block(block: Block) -> Block:
    """The block with NaN as silence, and infinities and numbers that are no sound's as full scale.

    No sound's is a number beyond LARGEST_SAMPLE that is as many times larger than the block's robust peak.
    """
    if not np.isfinite(block).all():
        block = np.nan_to_num(block, nan=0.0, posinf=1.0, neginf=-1.0).astype(np.float32)
    if np.max(np.abs(block), initial=0.0) <= LARGEST_SAMPLE:
        return block
    full = max(1.0, robust_peak(block))
    return np.where(np.abs(block) > LARGEST_SAMPLE * full, np.copysign(np.float32(full), block), block)


def robust_peak(samples: NDArray[np.float32]) -> float:
    """The largest magnitude but for ROBUST_PERCENTILE: a few wrong numbers, at least one, do not count."""
    return float(np.percentile(np.abs(samples), ROBUST_PERCENTILE, method="lower"))


def to_scale(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Samples [T] whose robust peak passes LARGEST_SAMPLE, brought back to 1; others as they are.

    Just beyond it they keep nearly all of their level, so that no jump stands between two files that are
    nearly alike: a robust peak p becomes 1 + (LARGEST_SAMPLE - 1) (LARGEST_SAMPLE / p)^3.
    """
    if np.max(np.abs(samples), initial=0.0) <= LARGEST_SAMPLE:
        return samples
    peak = robust_peak(samples)
    if peak > LARGEST_SAMPLE:
        target = 1 + (LARGEST_SAMPLE - 1) * (LARGEST_SAMPLE / peak) ** 3
        samples = samples * np.float32(target / peak)
    return np.clip(samples, -LARGEST_SAMPLE, LARGEST_SAMPLE)


def resample(samples: NDArray[np.float32], from_rate: int, to_rate: int) -> NDArray[np.float32]:
    """Samples [T] at another rate (soxr, high quality); at least one sample."""
    if from_rate == to_rate or samples.size == 0:
        return samples
    import soxr

    changed = np.asarray(soxr.resample(samples, from_rate, to_rate, quality="HQ"), dtype=np.float32)
    return changed if changed.size else samples[:1]
