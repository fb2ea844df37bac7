"""Curves for the pad: ready-made ones, the loudness of a hum, and the request settings of a pad's value."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sonic_ui.audio.clips import Clip
from sonic_ui.requests import ImageToSoundRequest
from sonic_ui.requests.curves import check_curve, check_moments

POINTS = 100
"""Points of the pad: one every 50 ms of 5 s."""

SILENT_AT_ENDS = 0.05


@dataclass(frozen=True)
class Preset:
    """A ready-made curve: POINTS numbers in [0, 1]."""

    name: str
    title: str
    values: tuple[float, ...]


def presets() -> tuple[Preset, ...]:
    """Curves to begin with."""
    t = (np.arange(POINTS) + 0.5) / POINTS
    pairs = [(at, at + 0.06) for at in (0.06, 0.26, 0.46, 0.66, 0.86)]
    beats = _sum(_hit(t, one, 0.035) + 0.7 * _hit(t, two, 0.045) for one, two in pairs)
    knocks = _sum(_hit(t, at, 0.05) for at in (0.15, 0.38, 0.61))
    rolls = ((0.12, 0.5, 0.06), (0.34, 1.0, 0.1), (0.5, 0.55, 0.05), (0.72, 0.8, 0.12))
    storm = 0.16 + 0.05 * np.sin(31 * t) + _sum(level * _bell(t, at, width) for at, level, width in rolls)
    curves = {
        "Fade in": t**1.5,
        "Swell": np.sin(np.pi * t) ** 2,
        "Pulse": (0.5 - 0.5 * np.cos(2 * np.pi * 5 * t)) ** 1.5,
        "Heartbeat": beats,
        "Three knocks": knocks,
        "Storm": storm,
    }
    return tuple(
        Preset(title.lower().replace(" ", "-"), title, _normalized(values))
        for title, values in curves.items()
    )


def _hit(t: np.ndarray, at: float, length: float) -> np.ndarray:
    """A sudden beginning and a quick end."""
    since = np.maximum(t - at, 0)
    return np.where(t >= at, np.exp(-since / (0.4 * length)), 0.0)


def _sum(parts: Iterable[np.ndarray]) -> np.ndarray:
    return np.sum([*parts], axis=0)


def _bell(t: np.ndarray, at: float, width: float) -> np.ndarray:
    return np.exp(-(((t - at) / width) ** 2))


def _normalized(values: np.ndarray) -> tuple[float, ...]:
    return tuple(np.clip(values / values.max(), 0, 1).round(4).tolist())


def hum_curve(clip: Clip, seconds: float) -> tuple[list[float], str]:
    """The loudness of a recording as POINTS numbers in [0, 1], and a sentence on what was done with its time.

    A recording longer than `seconds` is squeezed; a shorter one keeps its time, and silence follows it.
    """
    from sonic_ui.audio.energy import resample_curve, rms_energy, smooth, unit

    energy = smooth(rms_energy(clip.samples, clip.sample_rate), 0.08)
    loud = np.flatnonzero(unit(energy) > SILENT_AT_ENDS)
    if loud.size:
        energy = energy[loud[0] : loud[-1] + 1]  # whoever records waits a moment before and after
    length_s = energy.size / 100
    filled = energy
    if length_s < seconds:
        filled = np.pad(energy, (0, round((seconds - length_s) * 100)))
    values = resample_curve(unit(filled), POINTS).tolist()
    if length_s > seconds + 0.05:
        return values, f"Your {length_s:.1f} seconds were squeezed into {seconds:g}. Redraw what you like."
    return values, f"The first {length_s:.1f} seconds follow your recording. Redraw what you like."


def curve_settings(value: Any) -> dict[str, Any]:
    """`curve` or `moments` of a request from the value of the pad. Raises `BadInput`."""
    values = value.get("values") if isinstance(value, dict) else None
    if values is None:
        return {"curve": None, "moments": None}
    if isinstance(value, dict) and value.get("kind") == "strip":
        return {"curve": None, "moments": check_moments(values)}
    return {"curve": check_curve(values), "moments": None}


def pad_value(request: ImageToSoundRequest, seconds: float) -> dict[str, Any]:
    """The value of the pad for the curve or the moments of a request."""
    from sonic_ui.audio.energy import curve_of_moments

    if request.curve is not None:
        return {"kind": "curve", "values": [*request.curve]}
    if request.moments is None:
        return {"kind": "curve", "values": None}
    return {"kind": "strip", "values": curve_of_moments(request.moments, POINTS, seconds).tolist()}
