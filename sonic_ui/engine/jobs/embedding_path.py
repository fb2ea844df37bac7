"""What is heard on the way between two sounds, as plain data that can be sent to where it is painted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sonic_ui.requests.interpolate import Method

SAMPLE_RATE = 48_000

Embed = Callable[[np.ndarray], np.ndarray]
"""Samples [T] at SAMPLE_RATE to their embedding [D]."""


@dataclass(frozen=True)
class AudioMix:
    """Two sounds that are mixed: samples [Ta] and [Tb] at SAMPLE_RATE, and the loudness of each, if any."""

    a: np.ndarray = field(repr=False)
    b: np.ndarray = field(repr=False)
    lufs_a: float | None
    lufs_b: float | None

    def at(self, place: float) -> np.ndarray:
        """What is heard at a place from 0 to 1: samples [max(Ta, Tb)], the sounds themselves at the ends."""
        from sonic_ui.audio.mixing import mix_at

        return mix_at(self.a, self.b, SAMPLE_RATE, place, self.lufs_a, self.lufs_b)


@dataclass(frozen=True)
class EmbeddingPath:
    """The way between two sounds.

    a, b     [D], what is heard at the ends
    method   as the request's; "mix" needs `mix`
    """

    a: np.ndarray = field(repr=False)
    b: np.ndarray = field(repr=False)
    method: Method = "linear"
    mix: AudioMix | None = None

    def embedding(self, place: float, embed: Embed) -> np.ndarray:
        """What is heard at a place from 0 to 1: [D]; mixes are heard by `embed`."""
        from sonic_ui.models.embeddings import linear, spherical

        if place in (0.0, 1.0):
            return self.a if place == 0.0 else self.b
        if self.mix is not None:
            return embed(self.mix.at(place))
        return (spherical if self.method == "spherical" else linear)(self.a, self.b, place)

    def lufs(self, place: float) -> float | None:
        """Loudness of the mix at a place; None where nothing is mixed."""
        from sonic_ui.audio.loudness import integrated_lufs

        return None if self.mix is None else integrated_lufs(self.mix.at(place), SAMPLE_RATE)
