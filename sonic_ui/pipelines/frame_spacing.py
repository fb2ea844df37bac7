"""In which order the frames of a strip are painted, which side by side, and where those of a glide are.

Between two sounds the embedding moves evenly, the picture does not: it holds on to the first sound and turns
over within a small part of the way. A glide that is to look even therefore paints a frame, sees between which
neighbours the picture changes most, and places the next one there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

    Apart = Callable[[Image, Image], float]
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


LOOKED_AT_PX = 32
"""Side of the copies that are compared: shapes count, grain does not."""

FINEST = 200
"""Places are two-hundredths of the way: half a step of the slider."""

LENGTH_COUNTS = 1e-4
"""How far apart the length of a gap makes its ends look, for each of its two-hundredths: it decides between
gaps that look alike."""


def small_copy(picture: Image) -> np.ndarray:
    """[LOOKED_AT_PX, LOOKED_AT_PX, 3], float32 in 0..1."""
    small = picture.convert("RGB").resize((LOOKED_AT_PX, LOOKED_AT_PX))
    return np.asarray(small, np.float32) / 255


def perceptual_distances(a: Image, b: Image) -> float:
    """How far apart two pictures look, 0..1: the root mean square difference of small copies."""
    return float(np.sqrt(np.mean((small_copy(a) - small_copy(b)) ** 2)))


def evenly_spaced_by_perception(
    count: int, paint: Callable[[float], Image], apart: Apart = perceptual_distances
) -> tuple[list[float], list[Image]]:
    """A glide of `count` frames whose steps look about alike: places in order, and their pictures.

    `paint` gives the picture at a place.
    """
    shown: dict[float, Image] = {}
    while (place := next_position(shown, count, apart)) is not None:
        shown[place] = paint(place)
    return sorted(shown), [shown[place] for place in sorted(shown)]


def next_position(
    shown: Mapping[float, Image], count: int, apart: Apart = perceptual_distances
) -> float | None:
    """Where the next frame of a glide of `count` goes, given those that are there by their places.

    The ends come first, then always the middle of the gap whose neighbours are farthest `apart`; None once
    there are enough, or no two-hundredth is left.
    """
    for end in (0.0, 1.0):
        if end not in shown:
            return end
    if len(shown) >= count:
        return None
    places = sorted(shown)
    return _middle_of_widest(
        [round(FINEST * place) for place in places],
        [apart(shown[left], shown[right]) for left, right in pairwise(places)],
    )


def _middle_of_widest(places: list[int], apart: list[float]) -> float | None:
    """The middle of the gap between `places` (in two-hundredths) that looks widest and has one."""
    lengths = np.diff(places)
    width = np.where(lengths > 1, np.asarray(apart) + LENGTH_COUNTS * lengths, -1.0)
    widest = int(width.argmax())
    if width[widest] < 0:
        return None
    return (places[widest] + round(int(lengths[widest]) / 2)) / FINEST
