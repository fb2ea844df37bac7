"""The load test itself: it finds what it looks for, on an app that paints at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sonic_ui.engine.studio import Studio
from sonic_ui.evaluation.page_load import (
    Round,
    Visit,
    hiss,
    load_metrics,
    most_overtaken,
    resident_mb,
    run_round,
)
from sonic_ui.ui.page import build_page, launch_options
from tests.fakes import FakeBackend

PATIENCE_S = 120.0


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    page = build_page(Studio(FakeBackend()), tmp_path / "none")
    page.queue(max_size=2)
    _, address, _ = page.launch(prevent_thread_lock=True, **launch_options())
    yield address
    page.close()


def test_everybody_gets_their_own_picture(address: str) -> None:
    with ThreadPoolExecutor(1) as apart:  # a browser's event loop may live in this thread
        one = apart.submit(run_round, address, hiss(), range(1, 17), PATIENCE_S, os.getpid()).result()
    assert [visit.problem for visit in one.visits if visit.problem] == []
    assert all(visit.own for visit in one.visits)
    assert len({visit.picture for visit in one.visits}) == 16
    metrics = {metric.name: metric for metric in load_metrics([one, one])}
    assert metrics["clients served"].value == metrics["clients that got their own picture"].value == 1.0
    assert one.memory_mb is not None and one.memory_mb > 10


def visit(seed: int, queued_s: float, served_s: float | None, own: bool | None = True) -> Visit:
    return Visit(seed, 0, queued_s, served_s, own)


def test_another_ones_picture_lateness_and_growth_are_seen() -> None:
    fair = Round((visit(1, 0.1, 1.0), visit(2, 0.2, 2.0), visit(3, 0.3, 3.0)), 3.0, 100.0)
    unfair = Round(
        (visit(1, 0.1, 3.0), visit(2, 0.2, 1.0, own=False), visit(3, 0.3, None, own=None)), 3.0, 150.0
    )
    assert most_overtaken([fair]) == 0 and most_overtaken([fair, unfair]) == 1
    metrics = {metric.name: metric for metric in load_metrics([fair, unfair])}
    assert metrics["clients served"].reached is False
    assert metrics["clients that got their own picture"].value == pytest.approx(4 / 6)
    assert (
        metrics["clients that got another's"].value == 1 and not metrics["clients that got another's"].reached
    )
    assert metrics["memory after the last over that"].reached is False
    assert resident_mb(2**22 + 1) is None
