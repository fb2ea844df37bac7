"""Sounds for tests that outlive one test."""

from __future__ import annotations

from pathlib import Path

import numpy as np

RATE = 48_000


def write_tone(path: Path, hz: float, seconds: float = 1.0) -> Path:
    """Write a tone with some hiss as WAV; returns its path."""
    import soundfile

    times = np.arange(int(seconds * RATE)) / RATE
    hiss = np.random.default_rng(int(hz)).standard_normal(times.size)
    soundfile.write(path, 0.3 * (np.sin(2 * np.pi * hz * times) + 0.05 * hiss), RATE, subtype="PCM_16")
    return path
