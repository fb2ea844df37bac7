"""Order and positions of a strip's frames: which are painted together, and where an interpolation looks even.

Between two sounds the embedding moves evenly, the picture does not: it holds on to the first sound and turns
over within a small part of the way. An interpolation that is to look even therefore paints a frame, finds
between which neighbours the picture changes most, and puts the next one there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

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
