"""Least-recently-used caches: what gives way, and what is made once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from sonic_ui.engine.caches import CacheUsage, LRUCache, nbytes_of


def test_the_value_used_longest_ago_gives_way() -> None:
    cache: LRUCache[int] = LRUCache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.find("a") == 1
    cache.put("c", 3)
    assert (cache.find("a"), cache.find("b"), cache.find("c")) == (1, None, 3)
    cache.remove()
    assert cache.find("a") is None


def test_values_are_bounded_by_their_bytes_as_well() -> None:
    cache: LRUCache[str] = LRUCache(5, max_bytes=10)
    for name in "abc":
        cache.put(name, name, 4)
    assert cache.sizes() == [4, 4] and cache.find("a") is None
    cache.put("b", "larger", 6)
    assert cache.sizes(lambda key: key == "b") == [6]
    cache.put("huge", "huge", 11)
    assert cache.find("huge") is None and cache.sizes() == [4, 6]
    cache.put("b", "huge", 11)
    assert cache.find("b") is None and cache.sizes() == [4]


def test_a_value_is_made_once() -> None:
    cache: LRUCache[list[int]] = LRUCache(2)
    made = cache.get("a", lambda: [1])
    assert cache.get("a", lambda: [2]) is made


@dataclass
class Clip:
    name: str
    samples: np.ndarray


def test_values_are_weighed_with_all_that_they_hold() -> None:
    samples = np.zeros(1000, np.float32)
    assert nbytes_of(samples) == 4000
    assert 4000 < nbytes_of(Clip("rain", samples)) < 4200
    assert 8000 < nbytes_of({"a": [samples], "b": (samples,)}) < 8400
    assert nbytes_of(Image.new("RGB", (100, 50))) == 20_000 and nbytes_of(Image.new("L", (100, 50))) == 5000
    assert nbytes_of(CacheUsage(1, 10**9)) < 1000, "its own size, not the one that it reports"
    cache: LRUCache[Clip] = LRUCache(max_bytes=10_000)
    for number in range(5):
        cache.get(number, lambda: Clip("rain", samples))
    assert len(cache.sizes()) == 2
