"""In which order the frames of a strip are painted, which side by side, and where those of a glide are.

Between two sounds the embedding moves evenly, the picture does not: it holds on to the first sound and turns
over within a few hundredths of the way. A glide that is to look even therefore paints a few frames, sees
between which of them the picture changes most, and places the next ones there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from sonic_ui.requests.interpolate import first_places

if TYPE_CHECKING:
    from PIL.Image import Image

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


def strip_groups(count: int, *, ends_alone: bool) -> tuple[tuple[int, ...], ...]:
    """Which of `count` frames are painted side by side, in order.

    With `ends_alone` the two ends come first and by themselves: painted as a single picture would be, they
    are the same to the last bit, which a batch of another size does not promise. The rest go coarse to fine,
    so that whoever stops early has frames along the whole strip.
    """
    ends = [0] if count == 1 else [0, count - 1]
    rest = coarse_to_fine(0, count - 1)
    order = rest if ends_alone else ends + rest
    groups = [tuple(sorted(order[i : i + SIDE_BY_SIDE])) for i in range(0, len(order), SIDE_BY_SIDE)]
    return (*((end,) for end in ends if ends_alone), *groups)


LOOKED_AT_PX = 32
"""Side of the copies that are compared: shapes count, grain does not."""

FINEST = 100
"""Places are hundredths of the way; finer ones could not be told apart on a slider."""


def seen_apart(a: Image, b: Image) -> float:
    """How far apart two pictures look, 0..1: the root mean square difference of small copies."""
    side = (LOOKED_AT_PX, LOOKED_AT_PX)
    one, other = (np.asarray(picture.convert("RGB").resize(side), np.float32) for picture in (a, b))
    return float(np.sqrt(np.mean((one - other) ** 2)) / 255)


def round_size(count: int, there: int) -> int:
    """How many frames the next round of a glide of `count` paints, when so many are there."""
    return min(count - there, SIDE_BY_SIDE, max(2, (count - 2) // 4))


def evenly_seen(
    count: int, paint: Callable[[tuple[float, ...]], Sequence[Image]]
) -> tuple[list[float], list[Image]]:
    """A glide of `count` frames whose steps look about alike: places in order, and their pictures.

    `paint` gives the pictures of places.
    """
    shown: dict[float, Image] = {}
    places = first_places(count)
    while places:
        shown |= zip(places, paint(places), strict=True)
        places = next_places(shown, count)
    return sorted(shown), [shown[place] for place in sorted(shown)]


def next_places(shown: Mapping[float, Image], count: int) -> tuple[float, ...]:
    """Where the next frames of a glide of `count` go, given those that are there by their places.

    They go where neighbours look farthest apart; empty once there are enough, or no hundredth is left.
    """
    wanted = round_size(count, len(shown))
    places = sorted(shown)
    apart = [seen_apart(shown[left], shown[right]) for left, right in pairwise(places)]
    return _spread([round(FINEST * place) for place in places], apart, wanted)


def _spread(places: Sequence[int], apart: Sequence[float], wanted: int) -> tuple[float, ...]:
    """`wanted` new places between `places` (in hundredths), so that the widest gap left is least wide.

    A gap that gets n frames counts as `apart` / (n + 1), as if it changed evenly. Gaps that look alike are
    split by their length.
    """
    lengths = np.diff(places)
    width = np.asarray(apart) + 1e-4 * lengths
    split = np.ones(len(lengths), int)  # parts of each gap
    for _ in range(wanted):
        open_gaps = np.where(split < lengths, width / split, -1.0)
        widest = int(open_gaps.argmax())
        if open_gaps[widest] < 0:
            break
        split[widest] += 1
    return tuple(
        (left + round(length * part / parts)) / FINEST
        for left, length, parts in zip(places[:-1], lengths.tolist(), split.tolist(), strict=True)
        for part in range(1, parts)
    )
