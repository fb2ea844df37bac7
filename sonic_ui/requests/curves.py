"""Energy curves and moments: checked, and brought to a bounded length."""

import math
from collections.abc import Sequence
from itertools import pairwise

from sonic_ui.requests.fields import BadInput, as_float, shown

MAX_CURVE_INPUT = 200_000
MAX_CURVE_POINTS = 1000
"""A longer curve is averaged down: 5 s then still has a value every 5 ms."""

MAX_MOMENTS = 200
MAX_MOMENT_S = 600.0

Moments = tuple[tuple[float, float], ...] | tuple[int, ...]
"""When something sounds: pairs of seconds (start, end), or a strip of 0 and 1 over the whole time."""

LEAVE_OUT = "or leave it out: then the sound rises and falls by itself"


def check_curve(value: object) -> tuple[float, ...] | None:
    """Energy curve: numbers in [0, 1], averaged down to at most MAX_CURVE_POINTS; a single one is held from
    end to end. Raises `BadInput`.
    """
    if value is None:
        return None
    if not isinstance(value, (list, tuple)):
        raise _curve_problem(f"The curve is {shown(value)}; it takes a list of numbers from 0 to 1.")
    if not value:
        raise _curve_problem(f"The curve is empty; give at least one number, {LEAVE_OUT}.")
    if len(value) > MAX_CURVE_INPUT:
        raise _curve_problem(
            f"The curve has {len(value)} numbers; at most {MAX_CURVE_INPUT} are accepted. Send every tenth."
        )
    numbers = [_level(one, nth) for nth, one in enumerate(value, start=1)]
    return tuple(round(one, 4) for one in _averaged(numbers))


def check_moments(value: object) -> Moments | None:
    """Pairs of seconds, sorted, or a strip of 0 and 1, at most MAX_CURVE_POINTS long. Raises `BadInput`."""
    if value is None:
        return None
    if not isinstance(value, (list, tuple)) or not value:
        raise _moments_problem(f"The moments are {shown(value)}")
    if all(isinstance(one, (list, tuple)) for one in value):
        if len(value) > MAX_MOMENTS:
            raise _moments_problem(f"{len(value)} moments were given, at most {MAX_MOMENTS} are accepted")
        return tuple(sorted(_pair(one) for one in value))
    if len(value) < 2 or len(value) > MAX_CURVE_INPUT:
        raise _moments_problem(f"The strip has {len(value)} numbers")
    if any(one not in (0, 1) for one in value):
        raise _moments_problem("The strip holds other things than 0 and 1")
    return tuple(int(mean >= 0.5) for mean in _averaged([float(one) for one in value]))


def _averaged(numbers: Sequence[float]) -> Sequence[float]:
    """The numbers as they are, or MAX_CURVE_POINTS means of equal parts of them."""
    count = len(numbers)
    if count <= MAX_CURVE_POINTS:
        return numbers
    edges = [round(part * count / MAX_CURVE_POINTS) for part in range(MAX_CURVE_POINTS + 1)]
    return [sum(numbers[begin:end]) / (end - begin) for begin, end in pairwise(edges)]


def _level(value: object, nth: int) -> float:
    number = None if isinstance(value, str) else as_float(value)
    if number is None or not math.isfinite(number):
        raise _curve_problem(
            f"Number {nth} of the curve is {shown(value)}; it takes numbers from 0 (silent) to 1 (loudest)."
        )
    if not 0.0 <= number <= 1.0:
        remedy = "Divide all of them by the largest." if number > 1 else "Give 0 instead of what lies below."
        raise _curve_problem(
            f"Number {nth} of the curve is {number:g}; it takes numbers from 0 (silent) to 1 (loudest). "
            f"{remedy}"
        )
    return number


def _pair(value: Sequence[object]) -> tuple[float, float]:
    numbers = [as_float(one) for one in value if not isinstance(one, str)]
    if len(value) != 2 or len(numbers) != 2 or numbers[0] is None or numbers[1] is None:
        raise _moments_problem(f"One moment is {shown(value)}")
    start_s, end_s = numbers[0], numbers[1]
    if not 0.0 <= start_s < end_s <= MAX_MOMENT_S:  # also refuses NaN
        raise _moments_problem(f"One moment runs from {start_s:g} s to {end_s:g} s")
    return start_s, end_s


def _curve_problem(message: str) -> BadInput:
    return BadInput(message, "curve")


def _moments_problem(what: str) -> BadInput:
    return BadInput(
        f"{what}; give pairs of seconds, [[0.5, 1.2], …], each ending after it starts, or a list of 0 and 1 "
        "over the whole time.",
        "moments",
    )
