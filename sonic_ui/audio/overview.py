"""Overview of a whole sound file for a display: outline, mel spectrogram and loudness over time.

A file up to WHOLE_S is read throughout. Of a longer one SLICES short slices stand for what lies between them;
one that cannot be sought in quickly is read as far as WHOLE_S.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.decode import nothing_there, read_mono
from sonic_ui.audio.loudness import k_weighting
from sonic_ui.audio.readers import Reader, open_reader

WHOLE_S = 300.0
SLICES = 600
SLICE_S = 0.1

OUTLINE_COLUMNS = 4096
MEL_COLUMNS, MEL_BANDS = 480, 64
POWER_S = 0.1
"""One mean square for each of these: BS.1770's blocks of 0.4 s start so far apart."""

N_FFT = 2048
FRAME_S = 0.02
MOST_FRAMES = 4
"""Frames of a column of the spectrogram are about FRAME_S apart, and no more than so many."""

LOWEST_HZ, HIGHEST_HZ = 40.0, 16_000.0
RANGE_DB = 72.0
FLOOR_DB = -100.0


@dataclass(frozen=True)
class Overview:
    """What a display shows of a sound.

    outline    lowest and highest sample [N, 2] of each column, 1 is full scale
    mel        mel spectrogram [bands, W], lowest band first: 1 is the loudest, 0 RANGE_DB below or more
    power_db   K-weighted mean square [M] of each `power_s`, in dB, not below FLOOR_DB
    seen_s     how much of `duration_s` the columns cover
    """

    duration_s: float
    seen_s: float
    power_s: float
    outline: NDArray[np.float32] = field(repr=False)
    mel: NDArray[np.float32] = field(repr=False)
    power_db: NDArray[np.float32] = field(repr=False)


def load_overview(path: str | Path) -> Overview:
    """The overview of a file; one that has not changed is read once. Raises `BadInput`."""
    file = Path(path)
    try:
        state = file.stat()
    except (OSError, ValueError):
        return read_overview(file)  # which says what is wrong
    return _remembered(str(file), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _remembered(path: str, mtime_ns: int, size: int) -> Overview:
    return read_overview(path)


def read_overview(path: str | Path) -> Overview:
    """Read a file's overview. Raises `BadInput` for one that cannot be read."""
    with open_reader(path) as reader:
        if reader.info.duration_s > WHOLE_S and reader.seeks_fast:
            return _of_slices(reader)
        samples = read_mono(reader, 0.0, WHOLE_S)
        if samples.size == 0:
            raise nothing_there(Path(path).name, reader.info, 0.0)
        rate, seen_s = reader.info.sample_rate, samples.size / reader.info.sample_rate
        longer = reader.info.duration_s > WHOLE_S
    return Overview(
        reader.info.duration_s if longer else seen_s,
        seen_s,
        POWER_S,
        _outline(samples, OUTLINE_COLUMNS),
        _mel(samples, rate),
        _power_db(samples, rate, max(1, round(POWER_S * rate))),
    )


def _of_slices(reader: Reader) -> Overview:
    """The overview of a long file, from slices in the middle of equal stretches."""
    rate, duration_s = reader.info.sample_rate, reader.info.duration_s
    length = round(SLICE_S * rate)
    rows = np.zeros((SLICES, length), dtype=np.float32)
    for index in range(SLICES):
        part = read_mono(reader, (index + 0.5) * duration_s / SLICES - SLICE_S / 2, SLICE_S)[:length]
        rows[index, : part.size] = part
    frames = rows if length >= N_FFT else np.pad(rows, ((0, 0), (0, N_FFT - length)))
    return Overview(
        duration_s,
        duration_s,
        duration_s / SLICES,
        np.stack([rows.min(axis=1), rows.max(axis=1)], axis=1),
        _scaled(_mel_power(frames[:, :N_FFT], rate)),
        np.concatenate([_power_db(row, rate, length) for row in rows]),
    )


def _outline(samples: NDArray[np.float32], columns: int) -> NDArray[np.float32]:
    starts = np.unique(np.linspace(0, samples.size, columns, endpoint=False).astype(np.intp))
    return np.stack([np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)], axis=1)


def _mel(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Mel spectrogram [bands, W] of samples [T]: each column the loudest of its frames, band by band."""
    padded = np.pad(samples, N_FFT // 2, mode="constant")
    columns = int(np.clip(samples.size // 64, 1, MEL_COLUMNS))
    each = int(np.clip(np.ceil(samples.size / columns / (FRAME_S * rate)), 1, MOST_FRAMES))
    starts = ((np.arange(columns * each) + 0.5) * samples.size / (columns * each)).astype(np.intp)
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[starts]
    power = _mel_power(frames, rate)
    return _scaled(power.reshape(columns, each, MEL_BANDS).max(axis=1))


def _mel_power(frames: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Power [N, bands] of frames [N, N_FFT]."""
    window = np.hanning(N_FFT).astype(np.float32)
    power = [
        np.square(np.abs(np.fft.rfft(some * window))).astype(np.float32) @ _bank(rate).T
        for some in np.array_split(frames, max(1, len(frames) // 256))
    ]
    return np.concatenate(power)


@lru_cache(maxsize=8)
def _bank(rate: int) -> NDArray[np.float32]:
    """Mel filters [bands, bins]; a band that falls between two bins takes the nearest."""
    from librosa import mel_frequencies
    from librosa.filters import mel

    highest = min(HIGHEST_HZ, rate / 2)
    bank = mel(sr=rate, n_fft=N_FFT, n_mels=MEL_BANDS, fmin=LOWEST_HZ, fmax=highest)
    centres = mel_frequencies(MEL_BANDS + 2, fmin=LOWEST_HZ, fmax=highest)[1:-1]
    for band in np.flatnonzero(bank.sum(axis=1) == 0):
        bank[band, min(bank.shape[1] - 1, round(centres[band] * N_FFT / rate))] = bank.max()
    return np.asarray(bank, dtype=np.float32)


def _scaled(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Power [W, bands] in dB below the loudest, as [bands, W] from 0 to 1."""
    levels_db = 10.0 * np.log10(np.maximum(power, 1e-12))
    top_db = max(float(levels_db.max()), -80.0)
    return np.asarray(np.clip(1.0 + (levels_db - top_db) / RANGE_DB, 0.0, 1.0).T, dtype=np.float32)


def _power_db(samples: NDArray[np.float32], rate: int, hop: int) -> NDArray[np.float32]:
    """K-weighted mean square of each `hop` of samples [T], in dB: [ceil(T / hop)]."""
    from scipy import signal  # slow to import

    weighted = np.square(signal.sosfilt(k_weighting(rate), samples))
    starts = np.arange(0, weighted.size, hop)
    mean = np.add.reduceat(weighted, starts) / np.diff(starts, append=weighted.size)
    return np.maximum(10.0 * np.log10(np.maximum(mean, 1e-12)), FLOOR_DB).astype(np.float32)
