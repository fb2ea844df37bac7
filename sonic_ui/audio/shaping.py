"""A sound whose energy is made to follow a curve, by nothing but gain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.energy import rms_energy, smooth

Samples = NDArray[np.float32]
Given = NDArray[np.floating[Any]]

MOST_LIFT_DB = 26.0
"""How far a quiet moment of the sound itself may be lifted before it only brings up its noise."""


def shape_by_curve(samples: Given, sample_rate: int, curve: Given, *, flatten: bool = True) -> Samples:
    """The samples [T] with their energy along `curve` [frames] in [0, 1] (`energy.ENERGY_HZ` a second).

    With `flatten` the sound's own rise and fall is taken out first, by at most MOST_LIFT_DB: the result
    follows the curve itself. Without it, the curve turns the sound up and down as it is.
    """
    sound = np.asarray(samples, np.float32)
    wished = smooth(curve)
    if sound.size == 0 or wished.size == 0:
        return sound
    gain = wished
    if flatten:
        own = smooth(rms_energy(sound, sample_rate))
        loudest = float(own.max(initial=0.0))
        if loudest > 0.0:
            lowest = 10.0 ** (-MOST_LIFT_DB / 20.0)
            level = np.interp(_middles(wished.size), _middles(own.size), own / loudest)
            gain = wished / np.maximum(level, lowest)
    at = (np.arange(sound.size) + 0.5) / sound.size
    return (sound * np.interp(at, _middles(wished.size), gain)).astype(np.float32)


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
    given, wished = np.asarray(energy, np.float64), np.asarray(curve, np.float64)
    count = wished.size
    if given.size <= count or np.ptp(wished) == 0:
        return 0
    wished = wished - wished.mean()
    along = np.correlate(given, wished, mode="valid")  # [N - frames + 1]
    total = np.concatenate([[0.0], np.cumsum(given)])
    squares = np.concatenate([[0.0], np.cumsum(given**2)])
    mean = (total[count:] - total[:-count]) / count
    spread = np.sqrt(np.maximum((squares[count:] - squares[:-count]) / count - mean**2, 0.0))
    if spread.max() <= 1e-9:
        return 0
    return int(np.argmax(np.where(spread > 1e-3 * spread.max(), along / np.maximum(spread, 1e-12), -np.inf)))


def _middles(count: int) -> NDArray[np.float64]:
    return (np.arange(count) + 0.5) / count
