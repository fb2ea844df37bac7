"""Requests to edit a picture."""

from __future__ import annotations

from typing import Any

import pytest

from sonic_ui.requests import EDIT_MODES, BadInput, EditImageRequest, read_request


def edit(**values: Any) -> EditImageRequest:
    return EditImageRequest.from_values({"picture": "meadow.png", "sound": "rain.wav", **values})


def test_word_for_word_needs_both_sentences() -> None:
    with pytest.raises(BadInput, match="what the picture shows") as refusal:
        edit(mode="words", prompt="a rooster")
    assert refusal.value.field == "source_prompt"
    with pytest.raises(BadInput) as refusal:
        edit(mode="words", source_prompt="a dog")
    assert refusal.value.field == "prompt"
    made = edit(
        mode="words", source_prompt="a dog", prompt="a rooster", word_weights="rooster:1.5, <storm>:0"
    )
    assert made.word_weights == (("rooster", 1.5), ("<storm>", 0.0)) and made.hold["tau_words"] == 0.8
    assert edit().hold["tau_words"] == 0.0


@pytest.mark.parametrize(
    "given", ["rooster", "a:3", ":1", [["a", 1, 2]], 5, ",".join(["a:1"] * 13), [[1, 1]]]
)
def test_weights_that_cannot_be_used_are_refused(given: object) -> None:
    with pytest.raises(BadInput) as refusal:
        edit(word_weights=given)
    assert refusal.value.field == "word_weights"


def test_round_trip_through_json() -> None:
    one = edit(mode="style", tau_attn=0.4, strengths=[0.5, 1], mask="mask.png", room="hall", layers="harder")
    assert read_request(one.to_json()) == one


def test_a_mode_sets_what_is_left_open() -> None:
    assert edit(mode="add").hold == EDIT_MODES["add"].settings()
    own = edit(mode="add", tau_attn=0.3, layers="harder").hold
    assert (own["tau_attn"], own["tau_feature"]) == (0.3, EDIT_MODES["add"].tau_feature)
    assert own["feature_layers"] == (4, 5, 6)


def test_the_papers_modes_leave_the_strength_as_it_is() -> None:
    paper, released = edit(mode="paper").hold, edit(mode="released").hold
    assert paper["sound_layers"] == released["sound_layers"] == (1.0,)
    assert (paper["feature_layers"], paper["attention_layers"]) == ((4,), tuple(range(4, 12)))
    assert (released["feature_layers"], released["tau_attn"], released["tau_feature"]) == ((4, 5), 0.5, 0.5)
    assert edit(mode="paper", layers="harder").hold["feature_layers"] == (4, 5, 6)


def test_a_strength_for_each_layer_is_not_weighed_again() -> None:
    assert edit(strength=[1.0, 0.5, 2.0]).hold["sound_layers"] == (1.0,)
    several = edit(strength=[1.0, 0.5, 2.0], strengths=[0.5, 1.0]).hold
    assert several["sound_layers"] == EDIT_MODES["replace"].sound_layers


def test_edits_are_one_or_as_many_as_strengths() -> None:
    assert edit(strength=0.7).edits == (0.7,)
    assert edit(strengths="0.5 1 1.5").edits == (0.5, 1.0, 1.5)


@pytest.mark.parametrize(
    ("values", "field", "says"),
    [
        ({"picture": ""}, "picture", "no picture yet"),
        ({"sound": None}, "sound", "no sound yet"),
        ({"tau_attn": 1.5}, "tau_attn", "from 0 to 1"),
        ({"tau_feature": "all"}, "tau_feature", "'all'"),
        ({"mode": "melt"}, "mode", "'melt'; it takes replace, add, style, paper, released"),
        ({"mode": ["melt"]}, "mode", "takes replace, add, style, paper"),
        ({"layers": "all"}, "layers", "paper, released, harder"),
        ({"mask": " "}, "mask", "no picture yet"),
        ({"strengths": [1] * 7}, "strengths", "7 values were given; 1 to 6"),
        ({"variation": -1}, "variation", "from 0 to 1"),
        ({"steps": 1}, "steps", "Steps is 1; it takes a whole number from 2 to 100"),
        ({"source_prompt": "x" * 1001}, "source_prompt", "1001 characters"),
        ({"start_s": 5, "end_s": 4}, "start_s", "from 5 s to 4 s"),
    ],
)
def test_refusals(values: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(BadInput, match=says) as refusal:
        edit(**values)
    assert refusal.value.field == field
