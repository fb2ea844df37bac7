"""Measurements of sounds: where their power lies, and how their envelope moves."""

from __future__ import annotations

import numpy as np
from scipy import signal

from sonic_ui.scenes.render import synthesise

RATE = 48000


def sound_of(source: str, seed: int = 0, level: float = 0.5, duration_s: float = 5.0) -> np.ndarray:
    return synthesise(source, np.random.default_rng(seed), duration_s, RATE, level)


def centre_hz(samples: np.ndarray) -> float:
    """Frequency below which half of the power lies, above 30 Hz."""
    hz, power = signal.welch(samples, RATE, nperseg=4096)
    total = np.cumsum(np.where(hz > 30, power, 0))
    return float(hz[np.searchsorted(total, total[-1] / 2)])


def share(samples: np.ndarray, low_hz: float, high_hz: float) -> float:
    """Share of the power that lies in a band."""
    hz, power = signal.welch(samples, RATE, nperseg=4096)
    return float(power[(hz >= low_hz) & (hz < high_hz)].sum() / power.sum())


def envelope(samples: np.ndarray, hop_s: float = 0.01) -> np.ndarray:
    """RMS of every hop."""
    hop = int(hop_s * RATE)
    return np.sqrt(np.mean(samples[: samples.size // hop * hop].reshape(-1, hop) ** 2, axis=1))


def dynamics_db(samples: np.ndarray) -> float:
    """How far the loud moments stand above the quiet ones (95th over 10th percentile)."""
    loud, quiet = np.percentile(envelope(samples, 0.02), [95, 10])
    return float(20 * np.log10(loud / max(quiet, 1e-6)))


def pulse_hz(samples: np.ndarray, low_hz: float, high_hz: float, hop_s: float = 0.01) -> tuple[float, float]:
    """Rate at which the envelope repeats within [low, high], and its autocorrelation there."""
    curve = envelope(samples, hop_s)
    curve = curve - curve.mean()
    again = signal.correlate(curve, curve, "full")[curve.size - 1 :]
    again = again / np.arange(curve.size, 0, -1) / max(again[0] / curve.size, 1e-12)
    first, last = int(1 / high_hz / hop_s), min(int(np.ceil(1 / low_hz / hop_s)) + 1, curve.size // 2)
    best = first + int(np.argmax(again[first:last]))
    return 1.0 / (best * hop_s), float(again[best])
