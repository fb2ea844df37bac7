"""Thirty curves that a person might draw: presets and free lines, none of them from the training."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.energy import smooth

Curve = NDArray[np.float32]
COUNT = 30


def _preset(name: str, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """A plain shape over seconds `t` of 5.12."""
    x = t / t[-1]
    if name == "fade in":
        return x
    if name == "fade out":
        return 1 - x
    if name == "swell":
        return np.sin(np.pi * x) ** 2
    if name == "pulse":
        return (np.sin(2 * np.pi * t * 1.0) > 0).astype(float)
    if name == "heartbeat":
        beat = t % 1.0
        return np.exp(-(((beat - 0.15) / 0.06) ** 2)) + 0.7 * np.exp(-(((beat - 0.45) / 0.06) ** 2))
    if name == "three knocks":
        return sum((np.exp(-np.maximum(t - s, 0) / 0.15) * (t >= s) for s in (0.8, 1.6, 2.4)), 0 * t)
    if name == "storm":
        gusts = np.sin(2 * np.pi * 0.35 * t) + 0.6 * np.sin(2 * np.pi * 0.9 * t + 1) + 0.3 * np.sin(9 * t)
        return 0.25 + 0.75 * x * (gusts - gusts.min()) / np.ptp(gusts)
    if name == "two hills":
        return np.exp(-(((x - 0.25) / 0.1) ** 2)) + 0.6 * np.exp(-(((x - 0.7) / 0.12) ** 2))
    if name == "sudden stop":
        return np.where(x < 0.55, 0.3 + x, 0.02)
    if name == "late start":
        return np.where(x < 0.45, 0.0, 1 - 0.5 * (x - 0.45))
    raise ValueError(f"no preset is called {name!r}")


PRESETS = (
    "fade in",
    "fade out",
    "swell",
    "pulse",
    "heartbeat",
    "three knocks",
    "storm",
    "two hills",
    "sudden stop",
    "late start",
)


def _free_line(rng: np.random.Generator, frames: int) -> NDArray[np.float64]:
    """A line of the hand: from height to height, some of it lifted off to zero, with a little tremor."""
    strokes = int(rng.integers(2, 7))
    at = np.concatenate([[0], np.sort(rng.random(strokes)), [1]])
    heights = np.clip(rng.normal(0.5, 0.4, strokes + 2), 0, 1)
    line = np.interp(np.linspace(0, 1, frames), at, heights) ** rng.uniform(0.7, 1.6)
    for _ in range(int(rng.integers(0, 3))):
        start, length = rng.integers(0, frames - 60), rng.integers(20, 60)
        line[start : start + length] *= rng.uniform(0, 0.2)
    tremor = smooth(rng.normal(0, 0.12, frames), 0.12)
    return np.clip(smooth(line, 0.15) + tremor * line, 0, 1)


def curve_bank(frames: int, count: int = COUNT) -> list[tuple[str, Curve]]:
    """`count` named curves [frames] in [0, 1], the same at every call."""
    t = (np.arange(frames) + 0.5) / 100
    rng = np.random.default_rng(2026)
    shapes = [(name, _preset(name, t)) for name in PRESETS]
    shapes += [(f"line {i + 1}", _free_line(rng, frames)) for i in range(max(0, count - len(shapes)))]
    return [(name, (shape / max(shape.max(), 1e-9)).astype(np.float32)) for name, shape in shapes[:count]]
