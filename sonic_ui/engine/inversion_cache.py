"""Inversions of pictures, kept for whoever made them, so that the next edit pays only for sampling."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple

SHELF_BYTES = 2 * 2**30
"""All inversions together; those used least recently go first. With the miniature one takes about 15 MB."""


@dataclass(frozen=True)
class CacheUsage:
    """What is kept for a session."""

    count: int
    nbytes: int


class InversionKey(NamedTuple):
    """What an inversion depends on: the bundle, the picture's SHA-256, the words for it, the steps."""

    bundle: str
    digest: str
    source_prompt: str
    steps: int | None


class InversionCache:
    """Inversions by session and key, within a bound on memory; safe to share between threads."""

    def __init__(self, limit_bytes: int = SHELF_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._values: OrderedDict[tuple[str, Hashable], tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, session: str, key: Hashable) -> Any | None:
        """The inversion kept for this session under `key`, if it still is."""
        with self._lock:
            if (session, key) not in self._values:
                return None
            self._values.move_to_end((session, key))
            return self._values[session, key][0]

    def put(self, session: str, key: Hashable, inversion: Any, nbytes: int) -> None:
        """Keep an inversion; others leave if there is no room, and one that is too large is not kept."""
        with self._lock:
            self._values[session, key] = (inversion, nbytes)
            self._values.move_to_end((session, key))
            while sum(size for _, size in self._values.values()) > self._limit_bytes:
                self._values.popitem(last=False)

    def cache_usage(self, session: str, about: Callable[[Any], bool] = lambda key: True) -> CacheUsage:
        """How much is kept for a session, under keys that `about` finds true."""
        with self._lock:
            sizes = [
                size for (owner, key), (_, size) in self._values.items() if owner == session and about(key)
            ]
        return CacheUsage(len(sizes), sum(sizes))

    def release(self, session: str) -> None:
        """Let go of everything that is kept for a session."""
        with self._lock:
            for owner, key in [place for place in self._values if place[0] == session]:
                del self._values[owner, key]
