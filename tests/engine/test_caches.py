"""What is kept, and what gives way."""

from __future__ import annotations

from sonic_ui.engine.caches import Cache


def test_what_was_used_longest_ago_gives_way() -> None:
    cache_usage: Cache[int] = Cache(2)
    cache_usage.put("a", 1)
    cache_usage.put("b", 2)
    assert cache_usage.find("a") == 1
    cache_usage.put("c", 3)
    assert (cache_usage.find("a"), cache_usage.find("b"), cache_usage.find("c")) == (1, None, 3)
    cache_usage.clear()
    assert cache_usage.find("a") is None


def test_a_value_is_made_once() -> None:
    cache_usage: Cache[list[int]] = Cache(2)
    made = cache_usage.get("a", lambda: [1])
    assert cache_usage.get("a", lambda: [2]) is made
