"""Energy curves of sounds, how alike two of them are, and sounds whose energy follows a curve.

Source: AudioSketch (three representations, smoothing, z-norm, E-L1). Frames are those of the generator's mel
grid: 16 kHz, hop 160, so 100 a second. A drawn curve in [0, 1] is treated as RMS. Nothing here gives NaN:
silence and flat curves become zeros.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

ENERGY_HZ = 100.0
"""Frames a second."""

WINDOW_S = 0.04
SMOOTHING_S = 0.05
FLAT = 1e-6
"""A curve that varies less than this, relative to its largest value, is flat."""

MOST_LIFT_DB = 26.0
"""How far a quiet moment of the sound itself may be lifted before it only brings up its noise."""

Curve = NDArray[np.float32]
Given = NDArray[np.floating[Any]]


def rms_energy(samples: Given, sample_rate: int, window_s: float = WINDOW_S) -> Curve:
    """Linear RMS a frame [frames] of mono samples [T]; frame i is centred on (i + 1/2) / ENERGY_HZ seconds.

    There are as many frames as begin within the sound; an empty sound has none. At the ends only what exists
    is averaged.
    """
    signal = _finite(samples)
    frames = int(np.ceil(signal.size * ENERGY_HZ / sample_rate - 1e-9))
    total = np.concatenate([[0.0], np.cumsum(np.square(signal))])
    centres = (np.arange(frames) + 0.5) * sample_rate / ENERGY_HZ
    half = window_s * sample_rate / 2
    first = np.clip(np.round(centres - half), 0, signal.size).astype(int)
    last = np.clip(np.round(centres + half), 0, signal.size).astype(int)
    mean = (total[last] - total[first]) / np.maximum(last - first, 1)
    return np.sqrt(np.maximum(mean, 0.0)).astype(np.float32)


def log_mel_energy(log_mel: Given) -> Curve:
    """Mean over the bins of a log-mel [frames, bins]: the second representation [frames]."""
    return np.asarray(log_mel, np.float64).mean(axis=1).astype(np.float32)


def timestamps(energy: Given, threshold: float = 0.2) -> Curve:
    """The third representation: 1 where the energy passes `threshold` times its largest, else 0 [frames].

    Silence is active nowhere, a steady sound everywhere.
    """
    curve = _finite(energy)
    return (curve > threshold * max(float(curve.max(initial=0.0)), 1e-12)).astype(np.float32)


def is_strip(sketch: Given) -> bool:
    """Whether a sketch is timestamps (nothing but 0 and 1), not a curve."""
    return bool(np.isin(_finite(sketch), (0.0, 1.0)).all())


def smooth(energy: Given, width_s: float = SMOOTHING_S) -> Curve:
    """The curve [frames] smoothed by a Hann window `width_s` wide at half its height; zero phase.

    At the ends the curve is continued by its mirror image.
    """
    curve = _finite(energy)
    reach = round(width_s * ENERGY_HZ)
    if reach < 1 or curve.size == 0:
        return curve.astype(np.float32)
    window = np.hanning(2 * reach + 1)
    padded = np.pad(curve, reach, mode="symmetric")
    return np.convolve(padded, window / window.sum(), mode="valid").astype(np.float32)


def z_norm(energy: Given, least: float = 0.0) -> Curve:
    """The curve [frames] with mean 0 and deviation 1; a flat one gives zeros.

    least   a curve whose deviation is less than this share of its mean is divided by that share instead, so
            that the little motion of a steady sound is not blown up
    """
    curve = _finite(energy)
    if _flat(curve):
        return np.zeros(curve.shape, np.float32)
    scaled = curve / np.abs(curve).max()  # the smallest numbers would vanish when squared
    centred = scaled - scaled.mean()
    return (centred / max(centred.std(), least * np.abs(scaled).mean())).astype(np.float32)


def unit(energy: Given) -> Curve:
    """The curve [frames] scaled so that its smallest value is 0 and its largest 1; a flat one gives zeros."""
    curve = _finite(energy)
    if _flat(curve):
        return np.zeros(curve.shape, np.float32)
    low, high = curve.min(), curve.max()
    return np.clip((curve - low) / (high - low), 0.0, 1.0).astype(np.float32)


def resample_curve(curve: Given, frames: int) -> Curve:
    """A curve of any number of points [N] over `frames` frames of the same span, [frames].

    Linear between the points; where there are several points a frame, their mean. One point is a flat curve,
    and none is zeros.
    """
    points = _finite(curve)
    if frames < 1:
        raise ValueError(f"{frames} frames were asked for; at least one is needed")
    if points.size == 0:
        return np.zeros(frames, np.float32)
    if points.size <= frames:
        at = (np.arange(frames) + 0.5) / frames * points.size - 0.5
        return np.interp(at, np.arange(points.size), points).astype(np.float32)
    total = np.concatenate([[0.0], np.cumsum(points)])
    edges = np.interp(np.linspace(0, points.size, frames + 1), np.arange(points.size + 1), total)
    return (np.diff(edges) * frames / points.size).astype(np.float32)


def energy_l1(a: Given, b: Given) -> float:
    """E-L1: mean absolute difference of two curves [frames], each scaled to [0, 1]; 0 is alike, 1 opposite.

    Raises ValueError when their lengths differ.
    """
    _same_length(a, b)
    return float(np.abs(unit(a) - unit(b)).mean()) if np.size(a) else 0.0


def pearson_r(a: Given, b: Given) -> float:
    """Correlation of two curves [frames] in [-1, 1]; 0 where either is flat.

    Raises ValueError when their lengths differ.
    """
    _same_length(a, b)
    if np.size(a) == 0:
        return 0.0
    return float(np.clip(np.mean(z_norm(a).astype(np.float64) * z_norm(b)), -1.0, 1.0))


def onsets(energy: Given, rise: float = 0.15, apart_s: float = 0.1) -> NDArray[np.float64]:
    """Moments in seconds [N] where the curve [frames], scaled to [0, 1], begins to rise by more than `rise`.

    Two onsets are at least `apart_s` apart.
    """
    curve = np.concatenate([[0.0], unit(energy)]).astype(np.float64)
    reach = max(1, round(0.06 * ENERGY_HZ))
    gain = np.zeros(curve.size)
    for k in range(1, reach + 1):
        gain[:-k] = np.maximum(gain[:-k], curve[k:] - curve[:-k])
    rising = np.flatnonzero(gain > rise)
    before = np.diff(rising, prepend=-curve.size)
    return rising[before > apart_s * ENERGY_HZ] / ENERGY_HZ


def onset_agreement(target: Given, found: Given, tolerance_s: float = 0.15) -> float:
    """F-measure in [0, 1] of the onsets of two curves [frames]: matched one to one within `tolerance_s`.

    1 where neither has an onset.
    """
    a, b = onsets(target), list(onsets(found))
    if len(a) == 0 and len(b) == 0:
        return 1.0
    hits, count = 0, len(b)
    for moment in a:
        near = min(b, key=lambda other: abs(other - moment), default=None)
        if near is not None and abs(near - moment) <= tolerance_s:
            hits += 1
            b.remove(near)
    return 2 * hits / (len(a) + count)


def shape_by_curve(samples: Given, sample_rate: int, curve: Given, *, flatten: bool = True) -> Curve:
    """The samples [T] with their energy along `curve` [frames] in [0, 1] (`energy.ENERGY_HZ` a second).

    With `flatten` the sound's own rise and fall is taken out first, by at most MOST_LIFT_DB: the result
    follows the curve itself. Without it, the curve turns the sound up and down as it is.
    """
    sound = np.asarray(samples, np.float32)
    target = smooth(curve)
    if sound.size == 0 or target.size == 0:
        return sound
    gain = target
    if flatten:
        own = smooth(rms_energy(sound, sample_rate))
        loudest = float(own.max(initial=0.0))
        if loudest > 0.0:
            lowest = 10.0 ** (-MOST_LIFT_DB / 20.0)
            level = np.interp(_middles(target.size), _middles(own.size), own / loudest)
            gain = target / np.maximum(level, lowest)
    at = (np.arange(sound.size) + 0.5) / sound.size
    return (sound * np.interp(at, _middles(target.size), gain)).astype(np.float32)


def curve_of_moments(moments: Sequence[Any], frames: int, duration_s: float) -> NDArray[np.float32]:
    """A curve [frames] that is 1 where something sounds: pairs of seconds, or a strip of 0 and 1."""
    if moments and not isinstance(moments[0], (tuple, list)):
        strip = np.asarray(moments, np.float32)
        return strip[np.arange(frames) * strip.size // frames]
    at_s = (np.arange(frames) + 0.5) / frames * duration_s
    active = [(at_s >= start_s) & (at_s < end_s) for start_s, end_s in moments]
    return np.any(active, axis=0).astype(np.float32)


def best_stretch(energy: Given, curve: Given) -> int:
    """Where in `energy` [N] the stretch as long as `curve` [frames] begins that follows it best: an index.

    Pearson's correlation at every offset; 0 where nothing varies.
    """
    given, target = np.asarray(energy, np.float64), np.asarray(curve, np.float64)
    count = target.size
    if given.size <= count or np.ptp(target) == 0:
        return 0
    target = target - target.mean()
    along = np.correlate(given, target, mode="valid")  # [N - frames + 1]
    total = np.concatenate([[0.0], np.cumsum(given)])
    squares = np.concatenate([[0.0], np.cumsum(given**2)])
    mean = (total[count:] - total[:-count]) / count
    spread = np.sqrt(np.maximum((squares[count:] - squares[:-count]) / count - mean**2, 0.0))
    if spread.max() <= 1e-9:
        return 0
    return int(np.argmax(np.where(spread > 1e-3 * spread.max(), along / np.maximum(spread, 1e-12), -np.inf)))


def _finite(values: Given) -> NDArray[np.float64]:
    """[N] as float64; what is not a number becomes 0. Raises ValueError for another shape."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"An array of shape {array.shape} was given; one of shape [N] is needed.")
    return np.nan_to_num(array, nan=0.0, posinf=0.0, neginf=0.0)


def _flat(curve: NDArray[np.float64]) -> bool:
    if curve.size == 0:
        return True
    return bool(np.ptp(curve) <= FLAT * np.abs(curve).max())


def _same_length(a: Given, b: Given) -> None:
    if np.shape(a) != np.shape(b):
        raise ValueError(f"Curves of shapes {np.shape(a)} and {np.shape(b)} were given; they must be equal.")


def _middles(count: int) -> NDArray[np.float64]:
    return (np.arange(count) + 0.5) / count
