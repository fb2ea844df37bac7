"""Which engine a request goes to: rendezvous hashing by what it starts from, with a fallback.

A picture's inversion, the half-painted ends of a strip and a film's pictures lie where they were made. A
request's `key` names them; engines are ranked by a hash of key and engine (Thaler and Ravishankar 1998,
"Using name-based mappings to increase hit rates"), so that every page finds the same one without asking, and
one engine more or less moves few keys. Where the first of them is busy, a request waits for it for as long
as what it would have to make anew is worth; then it goes to the next that is free, which recomputes.
"""

import hashlib
import math
from collections.abc import Sequence
from typing import TypeVar

from sonic_ui.serve.work import LONG

One = TypeVar("One")


def ranked(names: Sequence[str], key: str) -> list[int]:
    """Numbers of the names, the one that the key belongs to first."""
    return sorted(range(len(names)), key=lambda number: _weight(names[number], key), reverse=True)


def _weight(name: str, key: str) -> bytes:
    return hashlib.blake2b(f"{key}\n{name}".encode(), digest_size=8).digest()


def long_engines(names: Sequence[str], share: float) -> list[int]:
    """Numbers of the engines that take long work: a share of them, at least one; all where there is one."""
    count = min(len(names), max(1, math.floor(share * len(names) + 1e-9)))
    return ranked(names, LONG)[:count]


def choices(
    engines: Sequence[One],
    names: Sequence[str],
    key: str,
    lane: str,
    share: float,
    waits: bool,
) -> list[list[One]]:
    """The engines for a request, best first: each list is tried before the next.

    waits   whether it still waits for the first alone
    """
    allowed = long_engines(names, share) if lane == LONG else range(len(names))
    some = [engines[number] for number in allowed]
    if not key:
        return [some]
    order = [some[number] for number in ranked([names[number] for number in allowed], key)]
    return [order[:1]] if waits else [[one] for one in order]
