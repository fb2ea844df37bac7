"""What is kept, and what gives way."""

from __future__ import annotations

from sonic_ui.engine.caches import Cache


def test_what_was_used_longest_ago_gives_way() -> None:
    kept: Cache[int] = Cache(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.find("a") == 1
    kept.put("c", 3)
    assert (kept.find("a"), kept.find("b"), kept.find("c")) == (1, None, 3)
    kept.clear()
    assert kept.find("a") is None


def test_a_value_is_made_once() -> None:
    kept: Cache[list[int]] = Cache(2)
    made = kept.get("a", lambda: [1])
    assert kept.get("a", lambda: [2]) is made
