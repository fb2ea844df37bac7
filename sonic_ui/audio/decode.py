"""Decoding: from a file of any kind to mono float32 samples at the requested rate."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.readers import Block, Reader, SoundInfo, open_reader
from sonic_ui.requests import BadInput

MAX_DECODE_S = 600.0
"""The longest stretch that is decoded at once; it bounds memory whatever the file's length."""

LARGEST_SAMPLE = 16.0
"""Float files may pass full scale; beyond this the numbers are of another scale and are brought back to 1."""

__all__ = ["MAX_DECODE_S", "SoundInfo", "decode", "probe", "read_mono", "resample"]


def probe(path: str | Path) -> SoundInfo:
    """Length, rate, channels and container of a file, without decoding it. Raises BadInput."""
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
            raise _nothing_there(Path(path).name, reader.info, begin)
        return resample(samples, reader.info.sample_rate, sample_rate)


def _nothing_there(name: str, info: SoundInfo, start_s: float) -> BadInput:
    if info.duration_s <= 0 or start_s <= 0:
        return BadInput(f"“{name}” holds no samples, or is damaged. Save or record the sound again.", "sound")
    return BadInput(
        f"“{name}” is {info.duration_s:.1f} s long, and the part to listen to starts at {start_s:.1f} s. "
        "Choose an earlier start.",
        "start_s",
    )


def read_mono(reader: Reader, start_s: float, duration_s: float) -> NDArray[np.float32]:
    """One stretch at the file's own rate as finite mono samples [T].

    Channels are averaged; where they cancel each other (a cable wired the wrong way), the first is taken.
    """
    mixed, first = [], []
    mixed_power = first_power = 0.0
    for block in reader.blocks(start_s, duration_s):
        finite = finite_block(block)
        mono = finite.mean(axis=1)
        mixed.append(mono)
        first.append(np.ascontiguousarray(finite[:, 0]))
        mixed_power += float(np.sum(np.square(mono, dtype=np.float64)))
        first_power += float(np.sum(np.square(first[-1], dtype=np.float64)))
    if not mixed:
        return np.zeros(0, dtype=np.float32)
    samples = np.concatenate(first if mixed_power < 0.01 * first_power else mixed).astype(np.float32)
    peak = float(np.max(np.abs(samples), initial=0.0))
    return samples / np.float32(peak) if peak > LARGEST_SAMPLE else samples


def finite_block(block: Block) -> Block:
    """The block with NaN as silence and infinities as full scale."""
    if np.isfinite(block).all():
        return block
    return np.nan_to_num(block, nan=0.0, posinf=1.0, neginf=-1.0).astype(np.float32)


def resample(samples: NDArray[np.float32], from_rate: int, to_rate: int) -> NDArray[np.float32]:
    """Samples [T] at another rate (soxr, high quality); at least one sample."""
    if from_rate == to_rate or samples.size == 0:
        return samples
    import soxr

    changed = np.asarray(soxr.resample(samples, from_rate, to_rate, quality="HQ"), dtype=np.float32)
    return changed if changed.size else samples[:1]
