"""Least-recently-used caches: what gives way, and what is made once."""

from __future__ import annotations

from sonic_ui.engine.caches import LRUCache


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
    assert cache.sizes() == []


def test_a_value_is_made_once() -> None:
    cache: LRUCache[list[int]] = LRUCache(2)
    made = cache.get("a", lambda: [1])
    assert cache.get("a", lambda: [2]) is made
