"""Requests are plain data, and refusals are sentences."""

from __future__ import annotations

import json
import math

import pytest

from sonic_ui.requests import BadInput, SoundToImageRequest, read_request
from sonic_ui.requests.base import MAX_REQUEST_CHARACTERS, SEED, STEPS, STRENGTH
from sonic_ui.requests.fields import MAX_PROMPT_CHARACTERS
from sonic_ui.requests.sound_to_image import COUNT


def request(**values: object) -> SoundToImageRequest:
    return SoundToImageRequest.from_values({"sound": "rain.wav", **values})


def test_round_trip_through_json() -> None:
    one = request(
        prompt="at dusk", strength=[1, 0.5], steps=30, guidance_scale=4.5, seed=7, count=3, start_s=2
    )
    assert read_request(one.to_json()) == one
    assert one.strength == (1.0, 0.5)


def test_is_frozen_and_hashable() -> None:
    one = request()
    with pytest.raises(ValueError, match="frozen"):
        one.seed = 3  # type: ignore[misc]
    assert len({one, request()}) == 1


def test_words_are_tidied() -> None:
    assert request(prompt="  a\n quiet   sea ").prompt == "a quiet sea"
    assert request(prompt=None).prompt == ""


def test_defaults_fill_only_what_is_open() -> None:
    filled = request(steps=9).with_defaults({"steps": 25, "guidance_scale": 4.0, "strength": 0.2})
    assert (filled.steps, filled.guidance_scale, filled.strength) == (9, 4.0, 1.0)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("sound", "", "no sound yet"),
        ("sound", None, "no sound yet"),
        ("sound", "a\0b", "no sound yet"),
        ("caption", "rain " * 1000, "4999 characters long; at most 1000"),
        ("caption", 3, "they take text"),
        ("by_caption", "loudly", "'off', 'with_sound' or 'words_alone'"),
        ("caption_attention", "perhaps", "true or false"),
        ("optimize_steps", 21, "Steps of tuning to the sound is 21; it takes a whole number from 0 to 20"),
        ("optimize_steps", 3, "The steps of tuning are 3"),
        ("steps", 0, "Steps is 0; it takes a whole number from 1 to 100"),
        ("steps", 101, "from 1 to 100"),
        ("steps", 2.5, "whole number"),
        ("steps", "many", "'many'"),
        ("steps", math.inf, "inf"),
        ("steps", True, "True"),
        ("steps", 10**400, "from 1 to 100"),
        ("strength", -0.1, "Strength of the sound is -0.1; it takes a number from 0 to 2"),
        ("strength", 2.01, "from 0 to 2"),
        ("strength", math.nan, "nan"),
        ("strength", [], "0 numbers"),
        ("strength", [1] * 33, "33 numbers"),
        ("strength", [1, "loud"], "'loud'"),
        ("guidance_scale", 15.1, "from 1 to 15"),
        ("seed", -1, "from 0 to 4294967295"),
        ("seed", 2**32, "from 0 to 4294967295"),
        ("seed", None, "Seed is empty"),
        ("count", 0, "Number of pictures is 0"),
        ("count", 9, "from 1 to 8"),
        ("gain_db", 99, "Gain in dB"),
        ("start_s", -1, "Start in seconds"),
        ("end_s", "soon", "End in seconds"),
        ("prompt", "x" * (MAX_PROMPT_CHARACTERS + 1), f"at most {MAX_PROMPT_CHARACTERS}"),
        ("prompts", "rain", "no setting called 'prompts'"),
        ("verb", "sing", "'sing'"),
    ],
)
def test_refusals_say_what_is_accepted(field: str, value: object, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        request(**{field: value})
    assert says in str(caught.value)
    assert caught.value.field == field
    assert len(str(caught.value)) < 400


def test_bounds_themselves_are_accepted() -> None:
    for limits, name in ((STEPS, "steps"), (SEED, "seed"), (COUNT, "count"), (STRENGTH, "strength")):
        for bound in (limits.minimum, limits.maximum):
            assert getattr(request(**{name: bound}), name) == bound


def test_a_part_must_have_length() -> None:
    with pytest.raises(BadInput, match=r"from 3 s to 2 s.*Move the end") as caught:
        request(start_s=3, end_s=2)
    assert caught.value.field == "start_s"
    with pytest.raises(BadInput, match=r"0 s to 0\.05 s"):
        request(end_s=0.05)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", "[" * 5000, '{"sound": 1', " " * (MAX_REQUEST_CHARACTERS + 1)],
)
def test_unreadable_settings(text: str) -> None:
    with pytest.raises(BadInput, match="settings"):
        read_request(text)


def test_settings_of_an_unknown_verb() -> None:
    with pytest.raises(BadInput, match=r"These settings are for 'paint_with_wind'"):
        read_request(json.dumps({"verb": "paint_with_wind", "sound": "a.wav"}))


def test_changed_is_checked_again() -> None:
    assert request().changed(seed=5).seed == 5
    with pytest.raises(BadInput, match="Steps"):
        request().changed(steps=1000)


def test_the_aspect_is_one_of_a_few() -> None:
    assert request().aspect == request(aspect="").aspect == "1:1" and request(aspect="16:9").aspect == "16:9"
    with pytest.raises(BadInput, match="aspect is '5:1'; it takes one of 1:1, 4:3"):
        request(aspect="5:1")


def test_a_draft_takes_the_steps_and_the_guidance_of_drafts() -> None:
    defaults = {"steps": 25, "guidance_scale": 4.0, "draft": {"steps": 4, "guidance_scale": 1.0}}
    asked = SoundToImageRequest(sound="rain.wav", steps=50, guidance_scale=6.0, quality="draft")
    draft = asked.with_defaults(defaults)
    assert (draft.steps, draft.guidance_scale, draft.quality) == (4, 1.0, "draft")
    fine = SoundToImageRequest(sound="rain.wav", quality="").with_defaults(defaults)
    assert (fine.steps, fine.guidance_scale, fine.quality) == (25, 4.0, "fine")


def test_a_quality_that_there_is_not_is_refused() -> None:
    with pytest.raises(BadInput, match="The quality is 'superb'; it takes one of fine, draft"):
        SoundToImageRequest(sound="rain.wav", quality="superb")
