"""Places in the queue of a page."""

from __future__ import annotations

from sonic_ui.serve.lanes import Lanes, full, waiting
from sonic_ui.serve.work import LONG, SHORT


def test_everybody_knows_their_place_and_lanes_are_apart() -> None:
    lanes = Lanes()
    with lanes.ticket(SHORT) as first, lanes.ticket(SHORT) as second, lanes.ticket(LONG) as film:
        assert [lanes.number(one) for one in (first, second, film)] == [1, 2, 1]
        assert lanes.counts() == {SHORT: 2, LONG: 1}
        lanes.begin(first)
        assert [lanes.number(one) for one in (first, second)] == [0, 1]
        lanes.begin(first)  # a second time changes nothing
    assert lanes.counts() == {SHORT: 0, LONG: 0}
    assert waiting(3).message.endswith("number 3 in the queue")
    assert "12 requests wait" in full(12) and "number 13" in full(12)
