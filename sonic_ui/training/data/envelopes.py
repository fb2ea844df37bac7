"""Curves as a person might draw them, and sounds bent to follow them.

An envelope multiplies a sound; in a log-mel it is added, so no sound needs to be rendered twice.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.energy import resample_curve, smooth
from sonic_ui.models.mel import LOG_FLOOR

Curve = NDArray[np.float32]


def _fade(rng: np.random.Generator, n: int) -> Curve:
    """A ramp up, down, or up and down, straight or bent, between two moments."""
    t = np.linspace(0, 1, n)
    begin, end = sorted(rng.uniform(-0.1, 1.1, 2))
    ramp = np.clip((t - begin) / max(end - begin, 0.08), 0, 1) ** np.exp(rng.normal(0, 0.5))
    kind = rng.integers(3)
    return (ramp if kind == 0 else 1 - ramp if kind == 1 else 1 - np.abs(2 * ramp - 1)).astype(np.float32)


def _spline(rng: np.random.Generator, n: int) -> Curve:
    """A smooth line through a few random heights."""
    knots = int(rng.integers(3, 14))
    heights = rng.random(knots) ** rng.uniform(0.6, 2.0)
    line = np.interp(np.linspace(0, knots - 1, n), np.arange(knots), heights)
    return smooth(line, rng.uniform(0.05, 0.4))


def _polygon(rng: np.random.Generator, n: int) -> Curve:
    """Straight lines between points at random moments."""
    count = int(rng.integers(2, 9))
    at = np.concatenate([[0.0], np.sort(rng.random(count)), [1.0]])
    heights = rng.random(count + 2) * (rng.random(count + 2) < 0.8)
    return np.interp(np.linspace(0, 1, n), at, heights).astype(np.float32)


def _blocks(rng: np.random.Generator, n: int) -> Curve:
    """Sound, silence, sound: the strip of timestamps, at one height or at several, edges a little soft."""
    edges = np.sort(rng.random(2 * int(rng.integers(1, 5))))
    t, out = np.linspace(0, 1, n), np.zeros(n)
    for a, b in edges.reshape(-1, 2):
        out[(t >= a) & (t < max(b, a + 0.04))] = 1.0 if rng.random() < 0.6 else rng.uniform(0.3, 1.0)
    return smooth(out, rng.uniform(0.0, 0.12))


def _strokes(rng: np.random.Generator, n: int) -> Curve:
    """Knocks, pulses or heartbeats: each rises quickly and dies away, evenly or at any moment."""
    count = int(rng.integers(1, 12))
    if rng.random() < 0.5:
        starts = (np.arange(count) + rng.random()) / count
    else:
        starts = np.sort(rng.random(count))
    t = np.arange(n) / n * 5.12
    rise, decay = rng.uniform(0.01, 0.12), np.exp(rng.uniform(np.log(0.05), np.log(0.9)))
    out = np.zeros(n)
    for start in starts * 5.12:
        x = t - start
        shape = np.where(x < 0, np.exp(x / rise), np.exp(-np.maximum(x, 0) / decay))
        out = np.maximum(out, shape * (1.0 if rng.random() < 0.5 else rng.uniform(0.3, 1.0)))
    return out.astype(np.float32)


def _waves(rng: np.random.Generator, n: int) -> Curve:
    """A regular swelling, perhaps growing or fading as a whole."""
    t = np.linspace(0, 1, n)
    wave = 0.5 - 0.5 * np.cos(2 * np.pi * (t * rng.uniform(0.7, 9.0) + rng.random()))
    slope = rng.uniform(-1, 1) if rng.random() < 0.5 else 0.0
    return (wave ** rng.uniform(0.5, 3.0) * np.clip(0.5 + slope * (t - 0.5), 0.02, 1)).astype(np.float32)


def _staircase(rng: np.random.Generator, n: int) -> Curve:
    """Steps of random heights."""
    steps = rng.random(int(rng.integers(2, 9)))
    return smooth(steps[(np.arange(n) * len(steps) // n)], rng.uniform(0.02, 0.1))


KINDS: tuple[Callable[[np.random.Generator, int], Curve], ...] = (
    _fade,
    _spline,
    _spline,
    _polygon,
    _blocks,
    _strokes,
    _strokes,
    _waves,
    _staircase,
)


def drawn_curve(rng: np.random.Generator, frames: int) -> Curve:
    """A random curve [frames] in [0, 1] whose largest value is 1."""
    for _ in range(8):
        curve = np.clip(KINDS[int(rng.integers(len(KINDS)))](rng, frames), 0, None)
        if curve.max() > 0.05 and np.ptp(curve) > 0.2 * curve.max():
            return (curve / curve.max()).astype(np.float32)
    return np.linspace(0, 1, frames, dtype=np.float32)


def bend(
    mel: NDArray[np.floating],
    energy: NDArray[np.floating],
    curve: NDArray[np.floating],
    *,
    flatten: float,
    most_gain_db: float = 30.0,
) -> tuple[NDArray[np.float32], Curve]:
    """A log-mel [T, M] and its energy [T] with `curve` [T] imposed: (log-mel, energy), peak as before.

    flatten   0 multiplies by the curve; 1 evens out the sound's own rise and fall first, by at most
              `most_gain_db`, so that the energy becomes the curve
    """
    own = smooth(energy).astype(np.float64)
    peak = max(float(own.max(initial=0.0)), 1e-6)
    least = peak * 10 ** (-most_gain_db / 20)
    gain = np.maximum(curve, 1e-4) * (peak / np.maximum(own, least)) ** flatten
    gain *= peak / max(float(smooth(energy * gain).max(initial=0.0)), 1e-9)
    bent = np.maximum(mel + np.log(gain)[:, None], LOG_FLOOR)
    return bent.astype(np.float32), (energy * gain).astype(np.float32)


def augment_clip(
    mel: NDArray[np.floating], energy: NDArray[np.floating], rng: np.random.Generator
) -> tuple[NDArray[np.float32], Curve]:
    """Another take of a clip: its log-mel [T, M] and energy [T] under a random drawn curve."""
    shift = int(rng.integers(len(mel)))
    mel, energy = np.roll(mel, shift, 0).astype(np.float32), np.roll(energy, shift)
    curve = resample_curve(drawn_curve(rng, len(mel)), len(mel))
    floor = 10 ** rng.uniform(-3.0, -0.7)
    flatten = float(rng.choice([0.0, 1.0, rng.random()], p=[0.3, 0.5, 0.2]))
    return bend(mel, energy, floor + (1 - floor) * curve, flatten=flatten)
