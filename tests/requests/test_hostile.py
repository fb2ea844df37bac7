"""Anything in any setting of any request: a request that can be written everywhere, or a sentence."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonic_ui.requests import VERBS, BadInput, SoundToImageRequest, read_request
from sonic_ui.requests.base import ChangeEngineRequest
from sonic_ui.requests.fields import as_float, shown, tidy_text
from sonic_ui.requests.links import read_link, write_link
from tests.hostile import VALUES, check_sentence, examples, hostile_values


@pytest.mark.parametrize("verb", VERBS)
def test_a_request_is_clean_or_refused(verb: str) -> None:
    @given(hostile_values(verb))
    @examples(120)
    def check(values: dict[str, Any]) -> None:
        try:
            request = VERBS[verb].request.from_values(values)
        except BadInput as problem:
            check_sentence(problem)
            return
        text = request.to_json()
        assert read_request(text) == request
        assert json.loads(json.dumps(request.model_dump(mode="json"), allow_nan=False)) == json.loads(text)
        try:
            assert read_link(write_link(request, {})).verb == verb
        except BadInput as problem:
            check_sentence(problem)

    check()


@pytest.mark.parametrize("verb", VERBS)
def test_a_link_is_clean_or_refused(verb: str) -> None:
    @given(hostile_values(verb))
    @examples(60)
    def check(values: dict[str, Any]) -> None:
        text = base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
        try:
            linked = read_link(text)
        except BadInput as problem:
            check_sentence(problem)
            return
        json.dumps(linked.values, allow_nan=False, ensure_ascii=False).encode("utf-8")

    check()


@given(VALUES)
@examples(60)
def test_the_name_of_an_engine_is_text(value: Any) -> None:
    try:
        assert isinstance(ChangeEngineRequest.from_values({"engine": value}).engine, str)
    except BadInput as problem:
        check_sentence(problem)


@given(st.text(st.characters(exclude_categories=())))
@examples(100)
def test_text_is_tidied_once(text: str) -> None:
    tidy = tidy_text(text)
    assert tidy.encode("utf-8").decode("utf-8") == tidy == tidy_text(tidy)
    assert "\0" not in tidy and "  " not in tidy


def test_halves_of_a_character_become_one_and_lone_ones_go() -> None:
    assert tidy_text("a \ud83c\udf0a b\ud800c") == "a \U0001f30a bc"
    assert tidy_text("rain\x00\x1b[31m\n\n in\tMay") == "rain[31m in May"
    assert tidy_text("👩‍👩‍👧 हिन्दी") == "👩‍👩‍👧 हिन्दी", "joiners and marks are part of words"
    assert SoundToImageRequest(sound="a.wav", prompt="\ud800").prompt == ""


def test_numbers_are_numbers() -> None:
    assert as_float("1.5") == 1.5 and as_float(3) == 3.0
    assert [as_float(one) for one in (True, None, [1], 10**400, "one")] == [None] * 5


def test_values_in_sentences_are_short() -> None:
    assert shown(10**400) == "a number of 401 digits" and shown(True) == "True"
    assert shown("x" * 10**6) == "'" + "x" * 36 + "..."
    deep: Any = [10**5000]
    for _ in range(5000):
        deep = [deep]
    assert len(shown(deep)) <= 40 and len(shown([10**5000])) <= 40
    assert shown({"a": [1, 2]}) == "{'a': [1, 2]}"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"sound": ["a.wav"]}, r"The sound is \['a\.wav'\]; it takes a file"),
        ({"sound": "a\udc80.wav"}, "has a name that is no text. Rename the file"),
        ({"prompt": ["ink"]}, r"The words are \['ink'\]; they take text"),
        ({"\ud800": 1}, r"no setting called '\\ud800'"),
        ({"seed": [[1]]}, r"Seed is \[\[1\]\]"),
    ],
)
def test_wrong_types_are_named(values: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        SoundToImageRequest.from_values({"sound": "a.wav", **values})
