"""The measuring of a cluster, on an engine that paints at once."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import pytest

from sonic_ui.engine.events import Failure
from sonic_ui.engine.studio import Studio
from sonic_ui.evaluation.app_process import page_on_cluster, processor_seconds
from sonic_ui.evaluation.cluster_load import ALL, MEASURES, MIX, PARTS, measured_figures, rate
from sonic_ui.evaluation.cluster_people import (
    Files,
    arrivals_at,
    as_arrivals,
    costs_of,
    crowd,
    mixed,
    request_of,
    visit,
)
from sonic_ui.requests import VERBS
from tests.fakes import FakeBackend


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_everybody_asks_for_every_verb_and_gets_their_own(files: Files) -> None:
    backend = FakeBackend()
    requests = [*mixed(ALL, 38, files, 3)]
    assert {getattr(request, "verb", "") for request, _ in requests} <= {*VERBS}
    visits = crowd(Studio(backend), requests, 4)
    assert [one.words for one in visits if one.outcome != "served"] == []
    assert all(one.own for one in visits) and len(visits) == 38 and rate(visits) > 0
    costs = costs_of(visits)
    assert {*costs} == {*ALL} and all(cost["first"] > 0 for cost in costs.values())
    assert measured_figures(visits).refused == 0
    backend.failure = Failure("The queue is full.")
    told = visit(Studio(backend), requests[0][0], "", time.perf_counter())
    assert (told.outcome, told.own) == ("told", None) and "full" in told.words


def test_edits_come_in_rows_on_one_picture(files: Files) -> None:
    requests = [*mixed(MIX, 64, files)]
    rows = Counter(
        (session, request.picture_paths["picture"]) for request, session in requests if "person" in session
    )
    assert {*rows.values()} == {4}, "four of a person, all of one picture"
    stream = [(0.01 * number, *one) for number, one in enumerate(requests[:16])]
    visits = arrivals_at(Studio(FakeBackend()), stream)
    assert [one.request for one in visits] == [request for _, request, _ in stream]
    arrivals = as_arrivals(stream, costs_of(visits))
    assert [one.waits for one in arrivals] == [
        getattr(one.request, "verb", "") == "edit_image" for one in visits
    ]


def test_anothers_result_is_noticed(files: Files) -> None:
    from sonic_ui.evaluation.cluster_people import is_own

    mine, other = (request_of("sound_to_image", files, number, 2) for number in (1, 2))
    result = [*Studio(FakeBackend()).run(other)][-1]
    assert is_own(other, result) and not is_own(mine, result)  # type: ignore[arg-type]


def test_the_command_knows_its_parts_and_the_page() -> None:
    assert {*MEASURES} == {*PARTS}
    assert page_on_cluster(7999, "127.0.0.1:6379")[-2:] == ["--backend", "ray:127.0.0.1:6379"]
    before = processor_seconds(os.getpid())
    assert before > 0 and processor_seconds(os.getpid()) >= before
