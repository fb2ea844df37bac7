"""Least-recently-used caches, safe to share between threads, and what their values take in memory."""

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Set
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Generic, NamedTuple, TypeVar

Value = TypeVar("Value")

CACHE_BYTES = 64 * 2**20
"""All values of one cache together, unless it is given another limit."""

INVERSION_BYTES = 2 * 2**30
"""All inversions together. With the miniature one takes about 15 MB."""


def nbytes_of(value: Any) -> int:
    """Memory that a value takes: arrays, tensors and pictures, and what holds them."""
    if hasattr(value, "dtype"):  # an array or a tensor
        return int(value.nbytes)
    if hasattr(value, "getbands"):  # one of Pillow's pictures, which keeps RGB in four bytes a pixel
        return int(value.width * value.height) * (1 if value.mode in ("1", "L", "P") else 4)
    if is_dataclass(value) and not isinstance(value, type):
        return sum(nbytes_of(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, Mapping):
        return sum(nbytes_of(one) for pair in value.items() for one in pair)
    if isinstance(value, list | tuple | Set):
        return sum(map(nbytes_of, value))
    return sys.getsizeof(value)


class LRUCache(Generic[Value]):
    """Least-recently-used cache, bounded by the bytes of its values, and by their number if given."""

    def __init__(self, size: int | None = None, max_bytes: int = CACHE_BYTES) -> None:
        self._size = size
        self._max_bytes = max_bytes
        self._values: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of `key`, made now if there is none."""
        value = self.find(key)
        if value is None:
            value = make()
            self.put(key, value)
        return value

    def find(self, key: Hashable) -> Value | None:
        """The value of `key`, or None."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def put(self, key: Hashable, value: Value, nbytes: int | None = None) -> None:
        """Add a value; those used least recently give way. One that is too large by itself is not cached.

        nbytes   memory that it takes; measured where it is not given
        """
        size = nbytes_of(value) if nbytes is None else nbytes
        with self._lock:
            self._values.pop(key, None)
            if size <= self._max_bytes:
                self._values[key] = (value, size)
            while self._is_full():
                self._values.popitem(last=False)

    def remove(self, which: Callable[[Any], bool] = lambda key: True) -> None:
        """Remove the values whose keys `which` finds true; all of them by default."""
        with self._lock:
            for key in [*filter(which, self._values)]:
                del self._values[key]

    def sizes(self, which: Callable[[Any], bool] = lambda key: True) -> list[int]:
        """Bytes of the values whose keys `which` finds true."""
        with self._lock:
            return [nbytes for key, (_, nbytes) in self._values.items() if which(key)]

    def _is_full(self) -> bool:
        if self._size is not None and len(self._values) > self._size:
            return True
        return sum(size for _, size in self._values.values()) > self._max_bytes


@dataclass(frozen=True)
class CacheUsage:
    """How many inversions are cached for a session, and their bytes."""

    count: int
    nbytes: int


class InversionKey(NamedTuple):
    """What an inversion belongs to and depends on: the session that made it, the bundle, the picture's
    SHA-256, the words for it, the steps."""

    session: str
    bundle: str
    digest: str
    source_prompt: str
    steps: int | None


class InversionCache(LRUCache[Any]):
    """Inversions of pictures by `InversionKey`, so that the next edit of a session pays only for sampling."""

    def __init__(self, max_bytes: int = INVERSION_BYTES) -> None:
        super().__init__(max_bytes=max_bytes)

    def usage(self, session: str, digest: str | None = None) -> CacheUsage:
        """What is cached for a session, or for one of its pictures."""
        sizes = self.sizes(lambda key: key.session == session and digest in (None, key.digest))
        return CacheUsage(len(sizes), sum(sizes))

    def release(self, session: str) -> None:
        """Remove everything of a session."""
        self.remove(lambda key: key.session == session)
