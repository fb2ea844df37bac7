"""Names of words: what a person may call one, and what a prompt holds."""

from __future__ import annotations

import pytest

from sonic_ui.requests import BadInput, LearnWordRequest
from sonic_ui.requests.word_names import check_name, tags_in


@pytest.mark.parametrize(("given", "name"), [("storm", "storm"), ("<Storm>", "storm"), (" a-1_b ", "a-1_b")])
def test_names_are_taken_with_and_without_their_brackets(given: str, name: str) -> None:
    assert check_name(given) == name


@pytest.mark.parametrize(
    "given",
    [
        "",
        None,
        "<>",
        "big storm",
        "<script>",
        "1st",
        "storm>",
        "<b",
        "x" * 25,
        "störm",
        7,
        "<script>alert(1)",
    ],
)
def test_others_are_refused_with_a_sentence(given: object) -> None:
    with pytest.raises(BadInput, match="storm") as refusal:
        LearnWordRequest.from_values({"word": given, "sound": "a.wav"})
    assert refusal.value.field == "word"


def test_tags_of_texts_are_named_once() -> None:
    assert tags_in("a boat under <storm>", "<fire> and <storm>, 3 < 4 > 2 <B>") == ["storm", "fire"]


def test_a_part_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(BadInput, match="at least") as refusal:
        LearnWordRequest(word="storm", sound="a.wav", start_s=3.0, end_s=2.0)
    assert refusal.value.field == "start_s"
