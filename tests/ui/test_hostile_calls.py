"""Anything in any setting, through the endpoints, the engine for other apps and a dropped file."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sonic_ui.media.metadata import KEY, read_settings
from sonic_ui.requests import VERBS, BadInput
from sonic_ui.ui.api import parameters_of
from sonic_ui.ui.settings.reuse import find_files, missing_files, request_from_settings
from tests.conftest import WriteSound
from tests.fakes import FakeBackend
from tests.hostile import VALUES, check_sentence, examples, hostile_values
from tests.ui.serving import PATIENCE_S


@pytest.fixture
def http(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{address}gradio_api", timeout=PATIENCE_S) as http:
        yield http


def post(http: httpx.Client, endpoint: str, data: list[Any]) -> dict[str, Any]:
    """The answer to a call, which is never an error of the server."""
    answer = http.post(
        f"/run/{endpoint}",
        content=json.dumps({"data": data}),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code in (200, 400), answer.text
    body: dict[str, Any] = answer.json()
    if answer.status_code == 400:
        check_sentence(body["error"])
    return body


@pytest.mark.parametrize("verb", VERBS)
def test_an_endpoint_answers_anything(
    http: httpx.Client, verb: str, write_sound: WriteSound, capfd: pytest.CaptureFixture[str]
) -> None:
    parameters = parameters_of(verb, VERBS[verb].request)
    with write_sound("rain.wav", 0.3).open("rb") as file:
        sound = {"path": http.post("/upload", files={"files": file}).json()[0]}
    sound["meta"] = {"_type": "gradio.FileData"}  # type: ignore[assignment]
    usual = [sound if one.name == "sound" else None if one.is_file else one.default for one in parameters]
    usual = ["storm" if value is inspect.Parameter.empty else value for value in usual]

    @given(st.dictionaries(st.integers(0, len(usual) - 1), VALUES, min_size=1, max_size=3))
    @examples(10)
    def check(wrong: dict[int, Any]) -> None:
        post(http, verb, [wrong.get(number, value) for number, value in enumerate(usual)])

    check()
    assert post(http, "engines", [])["data"] == [[]], "a good call is answered"
    assert "Traceback" not in capfd.readouterr().err


def test_the_engine_for_other_apps_answers_anything(
    http: httpx.Client, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    @given(
        st.fixed_dictionaries(
            {"ask": st.sampled_from(["run", "hear", "see", "forget"])},
            optional={"files": VALUES, "session": VALUES, "run": VALUES, "duration_s": VALUES},
        ),
        hostile_values("sound_to_image"),
    )
    @examples(25)
    def check(question: dict[str, Any], values: dict[str, Any]) -> None:
        body = post(http, "engine", [{**question, "request": json.dumps(values)}, []])
        problem = body["data"][0].get("problem", {"kind": "input"})
        assert problem["kind"] == "input", "nobody but who sent it is to blame"

    check()
    assert "Traceback" not in capfd.readouterr().err + caplog.text


@pytest.mark.parametrize("verb", VERBS)
def test_a_dropped_file_is_read_or_refused(verb: str, tmp_path: Path) -> None:
    path, picture = tmp_path / "dropped.png", Image.new("RGB", (8, 8))

    @given(hostile_values(verb), VALUES)
    @examples(30)
    def check(values: dict[str, Any], digest: Any) -> None:
        info = PngInfo()
        info.add_itxt(KEY, json.dumps({"request": values, "sound_sha256": digest}))
        picture.save(path, pnginfo=info)
        try:
            settings = read_settings(path)
            files = find_files(settings, {}, ())
            request_from_settings(settings, files, VERBS[verb].request)
        except BadInput as problem:
            check_sentence(problem)
            return
        for name in missing_files(settings, files).values():
            name.encode("utf-8")

    check()


def test_a_result_holds_no_number_that_json_lacks(
    http: httpx.Client, backend: FakeBackend, write_sound: WriteSound
) -> None:
    with write_sound("rain.wav", 0.3).open("rb") as file:
        path = http.post("/upload", files={"files": file}).json()[0]
    given_sound = {"path": path, "meta": {"_type": "gradio.FileData"}}
    words = "a \ud83c\udf0a\ud800 wave\x00"
    body = post(http, "sound_to_image", [given_sound, words, "", 1, None, 2, 3, 1, None, math.nan, 0])
    assert "End in seconds is nan" in body["error"]
    body = post(http, "sound_to_image", [given_sound, words, "", 1, None, 2, 3, 1, None, None, 0])
    assert body["data"][1]["request"]["prompt"] == "a \U0001f30a wave"
