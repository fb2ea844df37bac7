"""Embeddings on the way between two sounds, as plain data that can be sent to where it is painted; and the
order and positions of a strip's frames: which are painted together, and where an interpolation looks even.

Between two sounds the embedding moves evenly, the picture does not: it holds on to the first sound and turns
over within a small part of the way. An interpolation that is to look even therefore paints a frame, finds
between which neighbours the picture changes most, and puts the next one there.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from sonic_ui.requests.interpolate import Method

Distance = Callable[[Image, Image], float]
"""How far apart two pictures look."""

SIDE_BY_SIDE = 4
"""Frames painted in one pass: more gain little on two cores, and take longer to show the first."""


def coarse_to_fine(first: int, last: int) -> list[int]:
    """The whole numbers between `first` and `last`: the middle, then the middles of the halves, ..."""
    order, spans = [], [(first, last)]
    while spans:
        left, right = spans.pop(0)
        middle = (left + right) // 2
        if middle in (left, right):
            continue
        order.append(middle)
        spans += [(left, middle), (middle, right)]
    return order


def strip_groups(count: int, alone: Collection[int] = ()) -> tuple[tuple[int, ...], ...]:
    """Which of `count` frames are painted side by side, in order.

    Those `alone` come first and by themselves: painted as a single picture would be, they are the same to
    the last bit, which a batch of another size does not promise. Of the rest the ends come first, then it
    goes coarse to fine, so that whoever stops early has frames along the whole strip.
    """
    ends = [0] if count == 1 else [0, count - 1]
    order = [*ends, *coarse_to_fine(0, count - 1)]
    rest = [index for index in order if index not in alone]
    groups = [tuple(sorted(rest[i : i + SIDE_BY_SIDE])) for i in range(0, len(rest), SIDE_BY_SIDE)]
    return (*((index,) for index in order if index in alone), *groups)


COMPARED_PX = 32
"""Side of the copies that are compared: shapes count, grain does not."""

FINEST = 200
"""Positions are two-hundredths of the way: half a step of the slider."""

LENGTH_COUNTS = 1e-4
"""How far apart the length of a gap makes its ends look, for each of its two-hundredths: it decides between
gaps that look alike."""


def small_copy(picture: Image) -> np.ndarray:
    """[COMPARED_PX, COMPARED_PX, 3], float32 in 0..1."""
    small = picture.convert("RGB").resize((COMPARED_PX, COMPARED_PX))
    return np.asarray(small, np.float32) / 255


def perceptual_distances(a: Image, b: Image) -> float:
    """How far apart two pictures look, 0..1: the root mean square difference of small copies."""
    return float(np.sqrt(np.mean((small_copy(a) - small_copy(b)) ** 2)))


def evenly_spaced_by_perception(
    count: int, paint: Callable[[float], Image], distance: Distance = perceptual_distances
) -> tuple[list[float], list[Image]]:
    """An interpolation of `count` frames whose steps look alike: positions in order, and their pictures.

    `paint` gives the picture at a position.
    """
    shown: dict[float, Image] = {}
    while (position := next_position(shown, count, distance)) is not None:
        shown[position] = paint(position)
    return sorted(shown), [shown[position] for position in sorted(shown)]


def next_position(
    shown: Mapping[float, Image], count: int, distance: Distance = perceptual_distances
) -> float | None:
    """Position of the next frame of `count`, given those that are there by their positions.

    The ends come first, then always the middle of the gap whose neighbours are farthest apart; None once
    there are enough, or no two-hundredth is left.
    """
    for end in (0.0, 1.0):
        if end not in shown:
            return end
    if len(shown) >= count:
        return None
    positions = sorted(shown)
    ticks = [round(FINEST * position) for position in positions]
    distances = [distance(shown[left], shown[right]) for left, right in pairwise(positions)]
    lengths = np.diff(ticks)
    width = np.where(lengths > 1, np.asarray(distances) + LENGTH_COUNTS * lengths, -1.0)
    widest = int(width.argmax())
    if width[widest] < 0:
        return None
    return (ticks[widest] + round(int(lengths[widest]) / 2)) / FINEST


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
