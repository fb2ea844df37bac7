"""The test of faults itself: it tries enough, and sees a fault where there is one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sonic_ui.engine.studio import Studio
from sonic_ui.evaluation.faults import Answer, Caller, good_picture, hostile_metrics, left_files, read_answer
from sonic_ui.evaluation.hostile import attempts
from sonic_ui.evaluation.page_load import hiss
from sonic_ui.requests import VERBS
from tests.fakes import FakeBackend
from tests.ui.serving import serving


def test_every_setting_of_every_verb_is_tried() -> None:
    tried = [*attempts(hiss(), good_picture())]
    assert len({attempt.name for attempt in tried}) == len(tried) >= 500
    for verb, kind in VERBS.items():
        names = {name for one in tried if one.verb == verb for name in (one.values or {})}
        assert names == {*kind.request.model_fields} - {"verb"}


def event(kind: str, data: object) -> str:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n"


@pytest.mark.parametrize(
    ("status", "text", "served", "fault"),
    [
        (200, event("complete", [["a.png"], {}]), True, False),
        (200, event("generating", [1]) + event("error", "Steps is 0; it takes 1 to 100."), False, False),
        (200, event("error", {"error": "Steps is 0; it takes 1 to 100."}), False, False),
        (200, event("error", {"error": None}), False, True),
        (200, event("error", None), False, True),
        (200, event("error", "Traceback (most recent call last): ..."), False, True),
        (200, event("complete", [{"problem": {"words": "This question is not understood."}}]), False, False),
        (200, event("complete", [{"problem": {"words": ""}}]), False, True),
        (422, '{"detail": "The call is wrong at data."}', False, False),
        (422, "{}", False, True),
        (500, "Internal Server Error of the app", False, True),
    ],
)
def test_what_counts_as_a_sentence(status: int, text: str, served: bool, fault: bool) -> None:
    answer = read_answer(status, text)
    assert (answer.served, bool(answer.fault)) == (served, fault)


def test_hostile_inputs_are_answered_and_good_requests_served(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("INFO: fine\n")
    with serving(Studio(FakeBackend()), tmp_path / "none") as address:
        caller = Caller(address)
        sound, picture = caller.upload("rain.wav", hiss()), caller.upload("sea.png", good_picture())
        caller.files = {"sound": sound, "sound_a": sound, "sound_b": sound, "picture": picture}
        metrics, faults = hostile_metrics(caller, log, 12, float("inf"))
    assert faults == []
    assert [metric.value for metric in metrics[1:]] == [1.0, 1.0, 0.0] and metrics[0].value == 12
    gone = Caller("http://127.0.0.1:9").send("GET", "/")
    assert gone == Answer(False, "", gone.fault) and "Connect" in gone.fault
    assert left_files(tmp_path) == 1
