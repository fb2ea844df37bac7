"""Clip of a sound file that is embedded: the part requested, or the loudest."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.channels import block_to_mono
from sonic_ui.audio.decode import finite_block, nothing_there, read_mono, resample
from sonic_ui.audio.loudness import k_weighting, peak_dbfs
from sonic_ui.audio.readers import Reader, open_reader
from sonic_ui.requests import BadInput

SHORTEST_S = 0.1
"""Anything shorter is a click, not a sound."""

SILENCE_DBFS = -80.0
"""A clip whose peak lies below this, measured from its mean, is silent: so is a constant."""

HOP_S = 0.1
"""Resolution of the search for the loudest part."""

STREAMED_SAMPLES = 40_000_000
STREAMED_S = 480.0
"""Up to both of these a file is searched throughout; a longer one at SLICES points first.

One that cannot be sought in (telephone codecs at 8 kHz, mostly) is searched as far as STREAMED_SAMPLES go."""

SLICES = 240
SLICE_S = 0.25
REFINED = 4


@dataclass(frozen=True)
class Clip:
    """A part of a sound: mono float32 samples [T], where it starts in its source, and how long it is."""

    samples: NDArray[np.float32]
    sample_rate: int
    start_s: float
    duration_s: float
    source_duration_s: float


def load_clip(
    path: str | Path,
    sample_rate: int = 48000,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    max_duration_s: float = 10.0,
) -> Clip:
    """The part of a file to listen to, at most `max_duration_s` long.

    With neither bound: the loudest part. With `start_s` alone: from there on. With `end_s` alone: up to
    there. With both: that part, or its loudest stretch where it is too long. The end of the file ends it.
    Raises BadInput for a file that cannot be read, a part outside of it, one shorter than SHORTEST_S, and
    silence.
    """
    name = Path(path).name
    with open_reader(path) as reader:
        rate, total_s = reader.info.sample_rate, reader.info.duration_s
        begin, end = _bounds(start_s, end_s, total_s, max_duration_s)
        _check_bounds(name, begin, end, total_s)
        if end - begin > max_duration_s:
            begin, found_end_s = _loudest(reader, max_duration_s, begin, end)
            total_s = total_s if found_end_s > end - 1.0 else found_end_s
            end = begin + max_duration_s
        samples = read_mono(reader, begin, end - begin)
        if samples.size == 0:
            raise nothing_there(name, reader.info, begin)
    if samples.size < SHORTEST_S * rate:
        raise BadInput(
            f"“{name}” gives {samples.size / rate:.3f} s of sound; at least {SHORTEST_S} s is needed. "
            "Choose a longer part, or save the file again if it is damaged.",
            "sound",
        )
    check_audible(samples, name)
    clip = resample(samples, rate, sample_rate)
    return Clip(clip, sample_rate, begin, samples.size / rate, max(total_s, begin + samples.size / rate))


def _bounds(
    start_s: float | None, end_s: float | None, total_s: float, max_duration_s: float
) -> tuple[float, float]:
    """The stretch to choose from, in seconds."""
    end = total_s if end_s is None else min(end_s, total_s)
    if start_s is not None and end_s is None:
        end = min(start_s + max_duration_s, total_s)
    begin = (
        max(0.0, end - max_duration_s) if start_s is None and end_s is not None else max(0.0, start_s or 0.0)
    )
    return begin, end


def _check_bounds(name: str, begin: float, end: float, total_s: float) -> None:
    if begin >= total_s > 0:
        raise BadInput(
            f"“{name}” is {total_s:.1f} s long, and the part to listen to starts at {begin:.1f} s. "
            "Choose an earlier start.",
            "start_s",
        )
    if end <= begin and total_s > 0:
        raise BadInput(
            f"The part to listen to runs from {begin:.1f} s to {end:.1f} s. Choose an end after the start.",
            "end_s",
        )


def is_silent(samples: NDArray[np.floating]) -> bool:
    """Whether no sample [T] is further from their mean than SILENCE_DBFS."""
    return samples.size == 0 or peak_dbfs(samples - np.mean(samples, dtype=np.float64)) < SILENCE_DBFS


def check_audible(samples: NDArray[np.floating], name: str = "") -> None:
    """Raises BadInput where the samples [T] are silent."""
    if is_silent(samples):
        what = f"“{name}”" if name else "The sound"
        raise BadInput(
            f"{what} is silent in the part to listen to: nothing passes {SILENCE_DBFS:.0f} dB of full scale. "
            "Choose another part, raise the level when recording, or check the microphone.",
            "sound",
        )


def _loudest(reader: Reader, window_s: float, begin: float, end: float) -> tuple[float, float]:
    """Start of the loudest window within [begin, end], and where the file was found to end, in seconds.

    Loudness is K-weighted energy (BS.1770-4). A stretch longer than STREAMED_S is sampled in SLICES slices
    and searched around the loudest of these, so the time does not grow with its length; a lone short noise
    between two slices can be missed there. Where time cannot be found quickly, only STREAMED_SAMPLES of the
    beginning are searched.
    """
    info = reader.info
    streamed_s = STREAMED_SAMPLES / (info.sample_rate * info.channels)
    if reader.seeks_fast:
        streamed_s = min(STREAMED_S, streamed_s)
    if end - begin <= streamed_s or not reader.seeks_fast:
        energies, seen_s = _energies(reader, begin, min(end - begin, streamed_s))
        start = begin + min(_best(energies, window_s)[0], max(0.0, seen_s - window_s))
        return start, info.duration_s if end - begin > streamed_s else begin + seen_s
    found = []
    at = begin + (end - begin) / SLICES * np.arange(SLICES)
    power = [float(np.sum(_energies(reader, float(t), SLICE_S)[0])) for t in at]
    for index in np.argsort(power)[::-1][:REFINED]:
        left = max(begin, float(at[index]) - window_s)
        energies, _ = _energies(reader, left, min(2.0 * window_s + SLICE_S, end - left))
        offset, energy = _best(energies, window_s)
        found.append((energy, min(left + offset, end - window_s)))
    return max(found)[1], info.duration_s


def _energies(reader: Reader, start_s: float, duration_s: float) -> tuple[NDArray[np.float64], float]:
    """K-weighted energy of every HOP_S of a stretch [N], and the seconds that were there to read."""
    from scipy import signal  # slow to import

    rate = reader.info.sample_rate
    hop = max(1, round(HOP_S * rate))
    sections = k_weighting(rate)
    state = np.zeros((sections.shape[0], 2))
    energies = np.zeros(max(1, int(np.ceil(duration_s * rate / hop)) + 1))
    position, offset = 0, None
    for block in reader.blocks(start_s, duration_s):
        mono = block_to_mono(finite_block(block), reader.info.layout).astype(np.float64)
        offset = mono.mean() if offset is None else offset  # a constant must not begin with a jump
        weighted, state = signal.sosfilt(sections, mono - offset, zi=state)
        index = (position + np.arange(weighted.size)) // hop
        energies += np.bincount(index, np.square(weighted), energies.size)[: energies.size]
        position += weighted.size
    return energies[: max(1, int(np.ceil(position / hop)))], position / rate


def _best(energies: NDArray[np.float64], window_s: float) -> tuple[float, float]:
    """Offset in seconds of the window with the most energy, and that energy."""
    hops = min(max(1, round(window_s / HOP_S)), energies.size)
    total = np.concatenate([[0.0], np.cumsum(energies)])
    sums = total[hops:] - total[:-hops]
    best = int(np.argmax(sums))
    return best * HOP_S, float(sums[best])
