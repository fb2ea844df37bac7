"""Sixteen sources as sounds: one registry from a source's id to the function that synthesises it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sonic_ui.scenes import sounds_animals, sounds_machines, sounds_weather
from sonic_ui.scenes.sounds_kit import Signal, recorded

Synthesiser = Callable[[np.random.Generator, int, int, float], Signal]

SYNTHESISERS: dict[str, Synthesiser] = {
    "rain": sounds_weather.rain,
    "sea_waves": sounds_weather.sea_waves,
    "crackling_fire": sounds_weather.crackling_fire,
    "dog": sounds_animals.dog,
    "rooster": sounds_animals.rooster,
    "clock": sounds_machines.clock,
    "helicopter": sounds_machines.helicopter,
    "chainsaw": sounds_machines.chainsaw,
    "thunder": sounds_weather.thunder,
    "wind": sounds_weather.wind,
    "stream": sounds_weather.stream,
    "birds": sounds_animals.birds,
    "crickets": sounds_animals.crickets,
    "church_bell": sounds_machines.church_bell,
    "car": sounds_machines.car,
    "train": sounds_machines.train,
}


def synthesise(
    source: str,
    rng: np.random.Generator,
    duration_s: float = 5.0,
    sample_rate: int = 48000,
    level: float = 0.5,
) -> Signal:
    """One source's sound, mono float32 [duration_s * sample_rate] at unit RMS.

    `level` in [0, 1] changes density and character (more drops, more barks, a nearer stroke), not the
    loudness: `sounding.render_sound` sets that. The same generator state and arguments give the same samples.

    Raises ValueError for an unknown source, a level outside [0, 1] or a duration below 0.1 s.
    """
    if source not in SYNTHESISERS:
        raise ValueError(f"unknown source {source!r}; known are {', '.join(SYNTHESISERS)}")
    if not 0.0 <= level <= 1.0:
        raise ValueError(f"level {level} is outside [0, 1]")
    if duration_s < 0.1:
        raise ValueError(f"duration {duration_s} s is too short; at least 0.1 s is needed")
    n = round(duration_s * sample_rate)
    samples = SYNTHESISERS[source](rng, n, sample_rate, float(level))
    return recorded(rng, np.asarray(samples, dtype=np.float32), sample_rate)
