"""In which order the frames of a strip are painted, and which of them side by side."""

from __future__ import annotations

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
