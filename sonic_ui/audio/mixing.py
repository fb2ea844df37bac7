"""Two sounds as one, mixed in the time domain with equal power: standing still, or moving between them.

Seeing Sound mixes sounds before they are embedded; here each can be brought to a loudness of its own first.
SonicDiffusion (arXiv 2405.00878) blends their embeddings: `pipelines/embedding_path`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.limiter import limit_true_peak
from sonic_ui.audio.loudness import set_lufs

Samples = NDArray[np.float32]

SEAM_S = 0.05
"""Cross-fade where a looped sound begins again, at most half of the sound."""

EDGE_S = 0.01
"""Fade at the ends of a film's sound: it is cut out of its middle and must not click."""


def equal_power(
    position: NDArray[np.floating] | float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gains of the first and second sound at positions in [0, 1]: cosine and sine, squares summing to 1."""
    angle = np.asarray(position, dtype=np.float64) * (np.pi / 2.0)
    return np.cos(angle), np.sin(angle)


def loop_to(samples: NDArray[np.floating], length: int, sample_rate: int) -> Samples:
    """The samples [T] cut, or repeated with a cross-fade of SEAM_S at each seam, to [length].

    Nothing to repeat gives silence. Raises ValueError for a negative length.
    """
    if length < 0:
        raise ValueError(f"length is {length} samples; it must not be negative")
    samples = np.asarray(samples, dtype=np.float32)
    if samples.size == 0:
        return np.zeros(length, dtype=np.float32)
    if samples.size >= length:
        return samples[:length]
    seam = min(round(SEAM_S * sample_rate), samples.size // 2)
    going, coming = equal_power((np.arange(seam) + 0.5) / max(seam, 1))
    joined = samples[samples.size - seam :] * going + samples[:seam] * coming
    body = samples[seam : samples.size - seam]
    again = np.concatenate([joined.astype(np.float32), body])
    repeats = -(-(length - samples.size + seam) // again.size)
    return np.concatenate([samples[: samples.size - seam], np.tile(again, repeats)])[:length]


def mix_at(
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    sample_rate: int,
    position: float,
    lufs_a: float | None = None,
    lufs_b: float | None = None,
) -> Samples:
    """Mix at `position` between sound `a` [Ta] at 0 and `b` [Tb] at 1: float32 [max(Ta, Tb)].

    Each sound is first brought to its integrated loudness, if one is given; the shorter is looped; the mix
    has equal-power gains and no true peak above -1 dBTP. The ends are the sounds themselves, at their own
    length and, where no loudness is given, sample for sample. Raises ValueError for a position outside of
    [0, 1].
    """
    if not 0.0 <= position <= 1.0:
        raise ValueError(f"position is {position}; it lies between 0 (the first sound) and 1 (the second)")
    if position == 0.0:
        return _at_loudness(a, sample_rate, lufs_a)
    if position == 1.0:
        return _at_loudness(b, sample_rate, lufs_b)
    first, second = _at_loudness(a, sample_rate, lufs_a), _at_loudness(b, sample_rate, lufs_b)
    length = max(first.size, second.size)
    return limit_true_peak(_moved(first, second, sample_rate, np.full(length, position)), sample_rate)


def _at_loudness(samples: NDArray[np.floating], sample_rate: int, lufs: float | None) -> Samples:
    if lufs is None:
        return np.asarray(samples, dtype=np.float32)
    return limit_true_peak(set_lufs(samples, sample_rate, lufs), sample_rate)


def _moved(first: Samples, second: Samples, sample_rate: int, position: NDArray[np.float64]) -> Samples:
    """Both sounds with the gains of `position` [T], not limited [T]."""
    gain_a, gain_b = equal_power(position)
    mixed = loop_to(first, position.size, sample_rate) * gain_a
    mixed += loop_to(second, position.size, sample_rate) * gain_b
    return mixed.astype(np.float32)


def mix_at_levels(
    sounds: Sequence[NDArray[np.floating]], sample_rate: int, gains_db: Sequence[float], lufs: float
) -> Samples:
    """Sum at `lufs` of sounds [T] that are as loud as each other but for their gains: float32 [T].

    The shorter ones are followed by silence. No true peak passes -1 dBTP. Raises ValueError where the numbers
    of sounds and gains differ, or are zero.
    """
    if not sounds or len(sounds) != len(gains_db):
        raise ValueError(f"{len(sounds)} sounds and {len(gains_db)} gains; one gain a sound is needed")
    total = np.zeros(max(len(one) for one in sounds), np.float32)
    for sound, gain_db in zip(sounds, gains_db, strict=True):
        total[: len(sound)] += set_lufs(sound, sample_rate, lufs + gain_db)
    return limit_true_peak(set_lufs(total, sample_rate, lufs), sample_rate)


@dataclass(frozen=True)
class Level:
    """A sound of a mix: the loudness it is brought to, if one is given, the gain on top, and where the ear
    finds it, from -1 (left) to 1 (right).
    """

    lufs: float | None = None
    gain_db: float = 0.0
    pan: float = 0.0


def mix_with_faders(
    sounds: Sequence[NDArray[np.floating]], sample_rate: int, levels: Sequence[Level]
) -> Samples:
    """Sum of sounds [T] at their levels: float32 [longest T], not limited. The shorter ones are looped.

    Raises ValueError where the numbers of sounds and levels differ, or are zero.
    """
    total = np.zeros(_longest(sounds, levels), np.float32)
    for sound, _ in _at_levels(sounds, sample_rate, levels):
        total += sound
    return total


def mix_in_stereo(
    sounds: Sequence[NDArray[np.floating]], sample_rate: int, levels: Sequence[Level]
) -> Samples:
    """As `mix_with_faders`, left and right [2, T]: equal power, and a sound in the middle as loud in each."""
    total = np.zeros((2, _longest(sounds, levels)), np.float32)
    for sound, pan in _at_levels(sounds, sample_rate, levels):
        for side, gain in enumerate(equal_power((pan + 1.0) / 2.0)):
            total[side] += sound * np.float32(np.sqrt(2.0) * gain)
    return total


def _longest(sounds: Sequence[NDArray[np.floating]], levels: Sequence[Level]) -> int:
    if not sounds or len(sounds) != len(levels):
        raise ValueError(f"{len(sounds)} sounds and {len(levels)} levels; one level a sound is needed")
    return max(len(one) for one in sounds)


def _at_levels(
    sounds: Sequence[NDArray[np.floating]], sample_rate: int, levels: Sequence[Level]
) -> Iterator[tuple[Samples, float]]:
    """Each sound [longest T] at its level, and its pan."""
    length = _longest(sounds, levels)
    for sound, level in zip(sounds, levels, strict=True):
        samples = np.asarray(sound, dtype=np.float32)
        if level.lufs is not None:
            samples = set_lufs(samples, sample_rate, level.lufs)
        looped = loop_to(samples, length, sample_rate)
        yield looped * np.float32(10.0 ** (level.gain_db / 20.0)), level.pan


def crossfade_along(
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    sample_rate: int,
    positions: Sequence[float] | NDArray[np.floating],
    duration_s: float,
    lufs_a: float | None = None,
    lufs_b: float | None = None,
) -> Samples:
    """Soundtrack of a film that moves between two sounds: float32 [duration_s * sample_rate].

    `positions` [N] in [0, 1] are those of N frames of equal length; each is reached in the middle of its
    frame and the way from one to the next is even, with equal-power gains at every sample. Both sounds run
    on underneath, looped. No true peak passes -1 dBTP, and the ends fade over EDGE_S. Raises ValueError for
    no positions, or one outside of [0, 1].
    """
    points = np.asarray(positions, dtype=np.float64)
    if points.size == 0 or not (np.min(points) >= 0.0 and np.max(points) <= 1.0):
        raise ValueError(f"positions are {positions!r}; at least one is needed, each between 0 and 1")
    length = round(duration_s * sample_rate)
    middles = (np.arange(points.size) + 0.5) * (length / points.size)
    position = np.interp(np.arange(length), middles, points)
    first, second = _at_loudness(a, sample_rate, lufs_a), _at_loudness(b, sample_rate, lufs_b)
    moved = limit_true_peak(_moved(first, second, sample_rate, position), sample_rate)
    return with_soft_ends(moved, sample_rate)


def apply_gain_envelope(
    samples: NDArray[np.floating],
    sample_rate: int,
    gains_db: Sequence[float] | NDArray[np.floating],
    duration_s: float,
) -> NDArray[np.float32]:
    """Soundtrack of a film whose sound [T] changes its gain: float32 [duration_s * sample_rate].

    `gains_db` [N] are those of N frames of equal length; each is reached in the middle of its frame, and the
    way from one to the next is even in dB. The sound runs on underneath, looped. No true peak passes -1 dBTP,
    and the ends fade. Raises ValueError for no gains, or one that is no number.
    """
    gains = np.asarray(gains_db, dtype=np.float64)
    if gains.size == 0 or not np.isfinite(gains).all():
        raise ValueError(f"gains are {gains_db!r}; at least one is needed, each a number of dB")
    length = round(duration_s * sample_rate)
    middles = (np.arange(gains.size) + 0.5) * (length / gains.size)
    gain_db = np.interp(np.arange(length), middles, gains)
    louder = loop_to(samples, length, sample_rate) * 10.0 ** (gain_db / 20.0)
    return with_soft_ends(limit_true_peak(louder.astype(np.float32), sample_rate), sample_rate)


def with_soft_ends(samples: Samples, sample_rate: int) -> Samples:
    """The samples [T] faded in and out over EDGE_S."""
    edge = min(round(EDGE_S * sample_rate), samples.size // 2)
    if edge == 0:
        return samples
    faded = samples.copy()
    ramp = np.sin((np.arange(edge, dtype=np.float32) + 0.5) / edge * np.float32(np.pi / 2.0))
    faded[:edge] *= ramp
    faded[-edge:] *= ramp[::-1]
    return faded
