"""A cluster on paper: what can be worked out by hand, and what queueing theory knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sonic_ui.evaluation.cluster_plan import SHARES, plan_tables, routing_s, write_plan
from sonic_ui.evaluation.cluster_simulation import (
    Arrival,
    Kind,
    busy_seconds,
    engines_for,
    figures_of,
    kinds_of,
    plan,
    simulate,
    slowness,
)
from sonic_ui.evaluation.metrics import Metric, write_into_card
from sonic_ui.serve.work import LONG, SHORT

ROOT = Path(__file__).resolve().parent.parent.parent


def arrival(at_s: float, seconds: float = 1.0, lane: str = SHORT, key: str = "") -> Arrival:
    return Arrival(at_s, lane, key, bool(key), seconds, seconds / 2)


def test_who_waits_is_served_in_order() -> None:
    outcomes = simulate([arrival(0.0), arrival(0.1), arrival(0.2)], engines=1)
    assert [one.seconds for one in outcomes] == pytest.approx([1.0, 1.9, 2.8])
    assert [one.seconds for one in simulate([arrival(0.0), arrival(0.1)], 2)] == pytest.approx([1.0, 1.0])


def test_a_full_queue_sends_people_away() -> None:
    outcomes = simulate([arrival(0.01 * n) for n in range(5)], engines=1, queue=2)
    assert [one.seconds is None for one in outcomes] == [False, False, False, True, True]
    assert figures_of([arrival(0.01 * n) for n in range(5)], outcomes).refused == pytest.approx(0.4)


def test_films_do_not_block_pictures() -> None:
    films = [arrival(0.0, 100.0, LONG) for _ in range(3)]
    pictures = [arrival(1.0 + n, 0.5) for n in range(5)]
    outcomes = simulate([*films, *pictures], engines=2)
    assert [one.seconds for one in outcomes[3:]] == pytest.approx([0.5] * 5)
    assert {one.engine for one in outcomes[:3]} != {outcomes[3].engine}
    assert [one.seconds for one in outcomes[:3]] == pytest.approx([100, 200, 300]), "one of two takes films"


def test_patience_finds_what_was_made_and_ends() -> None:
    same = [arrival(0.0, key="a"), arrival(1.5, key="a"), arrival(1.6, 1.0, key="a")]
    outcomes = simulate(same, engines=2, patience_s=4.0)
    assert [one.found for one in outcomes] == [False, True, True] and len(
        {one.engine for one in outcomes}
    ) == 1
    assert [one.seconds for one in outcomes] == pytest.approx([1.0, 0.5, 0.9])
    hurried = simulate([arrival(0.0, 10.0, key="a"), arrival(0.5, 10.0, key="a")], 2, patience_s=2.0)
    assert hurried[1].seconds == pytest.approx(12.0) and not hurried[1].found, "the other engine, anew"


def test_it_agrees_with_the_theory_of_one_queue() -> None:
    """M/D/1 by Pollaczek and Khinchine: the mean wait is rho s / (2 (1 - rho))."""
    kinds = {"picture": Kind(1.0, SHORT, 1.0, 1.0)}
    arrivals = plan(kinds, 0.7 * 3600, 8_000.0)
    waits = [one.seconds - 1.0 for one in simulate(arrivals, 1, queue=10**6) if one.seconds is not None]
    assert np.mean(waits) == pytest.approx(0.7 / (2 * 0.3), rel=0.15)


def test_a_plan_has_as_many_engines_as_it_needs() -> None:
    costs = {"draft": {"first": 1.0, "again": 1.0}, "edit_image": {"first": 6.0, "again": 4.0}}
    kinds = kinds_of(costs, SHARES)
    assert sum(kind.share for kind in kinds.values()) == pytest.approx(1.0)
    load = busy_seconds(kinds) * 3600 / 3600
    engines, figures = engines_for(kinds, 3600, p95_s=15.0, seconds=300)
    assert load < engines < 2 * load + 4 and figures.p95_s <= 15.0
    fewer = engines_for(kinds, 3600, p95_s=60.0, seconds=300)[0]
    assert fewer <= engines


def test_the_plan_is_a_table_for_people(tmp_path: Path) -> None:
    costs = {name: {"first": 0.4, "again": 0.3} for name in SHARES}
    text = plan_tables({"costs": costs, "overhead_s": 0.01, "page_s": 0.02}, people=5)
    rows = [line for line in text.splitlines() if line.startswith("| 5")]
    assert [row.split(" | ")[0] for row in rows] == ["| 5", "| 50", "| 500", "| 5,000"]
    assert rows[2].split(" | ")[1] == "0.6"
    assert 0 < routing_s(4) < routing_s(400)
    doc = tmp_path / "scaling.md"
    doc.write_text((ROOT / "docs" / "scaling.md").read_text(encoding="utf-8"), encoding="utf-8")
    for _ in range(2):
        write_plan(text, doc)
    write_into_card([Metric("two engines over one", 1.9)], doc)
    written = doc.read_text(encoding="utf-8")
    assert written.count(text) == 1 and "| two engines over one | 1.900 |" in written


def test_engines_of_one_computer_slow_each_other_down() -> None:
    both = [arrival(0.0), arrival(0.0)]
    assert [one.seconds for one in simulate(both, 2, slow=1.5)] == pytest.approx([1.5, 1.5])
    overlapping = [arrival(0.0), arrival(0.5)]
    assert [one.seconds for one in simulate(overlapping, 2, slow=2.0)] == pytest.approx([1.5, 1.5])
    assert simulate([arrival(0.0)], 2, slow=2.0)[0].seconds == pytest.approx(1.0)


def test_slowness_weighs_the_kinds_of_a_mix() -> None:
    alone = {"a": {"first": 1.0, "again": 1.0}, "b": {"first": 2.0, "again": 1.0}}
    beside = {"a": {"first": 1.5, "again": 1.5}, "b": {"first": 2.0, "again": 1.0}}
    assert slowness(alone, beside, {"a": 1}) == pytest.approx(1.5)
    assert slowness(alone, beside, {"a": 1, "b": 2}) == pytest.approx(9 / 8)
    assert slowness(beside, alone, {"a": 1}) == 1.0
