"""Embeddings on the way between two sounds, as plain data that can be sent to where it is painted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sonic_ui.requests.interpolate import Method

SAMPLE_RATE = 48_000

Embedding = NDArray[np.float32]
Embed = Callable[[np.ndarray], np.ndarray]
"""Samples [T] at SAMPLE_RATE to their embedding [D]."""

PARALLEL = 1e-4
"""Below this angle (radians) the arc is the line."""


def linear(a: Embedding, b: Embedding, position: float) -> Embedding:
    """(1 - x) a + x b for embeddings [D] (SonicDiffusion, Manipulations); exactly a at 0 and b at 1."""
    return ((1 - position) * a + position * b).astype(np.float32)


def spherical(a: Embedding, b: Embedding, position: float) -> Embedding:
    """Along the great arc from a to b [D] at even speed, length included (slerp; Shoemake 1985).

    Exactly a at 0 and b at 1. The line stands in where no arc is defined: parallel, opposite or zero ends.
    """
    if position in (0.0, 1.0):
        return (a if position == 0.0 else b).astype(np.float32)
    length_a, length_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if min(length_a, length_b) < 1e-12:
        return linear(a, b, position)
    unit_a, unit_b = a / length_a, b / length_b
    angle = float(np.arccos(np.clip(unit_a @ unit_b, -1.0, 1.0)))
    if angle < PARALLEL or np.pi - angle < PARALLEL:
        return linear(a, b, position)
    arc = (np.sin((1 - position) * angle) * unit_a + np.sin(position * angle) * unit_b) / np.sin(angle)
    return (arc * ((1 - position) * length_a + position * length_b)).astype(np.float32)


@dataclass(frozen=True)
class AudioMix:
    """Two sounds that are mixed: samples [Ta] and [Tb] at SAMPLE_RATE, and the loudness of each, if any."""

    a: np.ndarray = field(repr=False)
    b: np.ndarray = field(repr=False)
    lufs_a: float | None
    lufs_b: float | None

    def at(self, position: float) -> np.ndarray:
        """The mix at a position from 0 to 1: samples [max(Ta, Tb)], the sounds themselves at the ends."""
        from sonic_ui.audio.mixing import mix_at

        return mix_at(self.a, self.b, SAMPLE_RATE, position, self.lufs_a, self.lufs_b)


@dataclass(frozen=True)
class EmbeddingPath:
    """Path between the embeddings of two sounds.

    a, b     [D], the embeddings at the ends
    method   as the request's; "mix" needs `mix`
    """

    a: np.ndarray = field(repr=False)
    b: np.ndarray = field(repr=False)
    method: Method = "linear"
    mix: AudioMix | None = None

    def embedding(self, position: float, embed: Embed) -> np.ndarray:
        """The embedding [D] at a position from 0 to 1; that of a mix is computed by `embed`."""
        if position in (0.0, 1.0):
            return self.a if position == 0.0 else self.b
        if self.mix is not None:
            return embed(self.mix.at(position))
        return (spherical if self.method == "spherical" else linear)(self.a, self.b, position)

    def lufs(self, position: float) -> float | None:
        """Loudness of the mix at a position; None where nothing is mixed."""
        from sonic_ui.audio.loudness import integrated_lufs

        return None if self.mix is None else integrated_lufs(self.mix.at(position), SAMPLE_RATE)
