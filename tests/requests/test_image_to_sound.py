"""Requests to let a picture sound."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sonic_ui.requests import BadInput, ImageToSoundRequest, read_request
from sonic_ui.requests.curves import MAX_CURVE_POINTS


def ask(**values: Any) -> ImageToSoundRequest:
    return ImageToSoundRequest.from_values({"picture": "storm.png", **values})


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"curve": [0, 0.5, 1], "mode": "natural", "takes": 4, "loudness_lufs": None},
        {"moments": [[2, 3.5], [0, 0.25]], "prompt": "far away", "steps": 7, "guidance_scale": 2},
        {"moments": [0, 1, 1, 0], "source": "recordings", "library": "mine/birds", "control": "guided"},
        {"curve": [0.5], "length_s": 30, "candidates": 8},
        {"concept_levels": ["rain", ["a dog", -6.5]], "source": "both"},
    ],
)
def test_round_trip_through_json(values: dict[str, Any]) -> None:
    one = ask(**values)
    assert read_request(one.to_json()) == one


def test_moments_are_pairs_in_order_or_a_strip() -> None:
    assert ask(moments=[[2, 3.5], [0, 0.25]]).moments == ((0.0, 0.25), (2.0, 3.5))
    assert ask(moments=[0, 1, 1.0, False]).moments == (0, 1, 1, 0)


def test_a_long_curve_is_averaged_and_still_fits_into_json() -> None:
    wave = [0.5 + 0.5 * math.sin(i / 5000) for i in range(100_000)]
    kept = ask(curve=wave).curve
    assert kept is not None and len(kept) == MAX_CURVE_POINTS
    assert max(abs(kept[i] - wave[100 * i + 50]) for i in range(MAX_CURVE_POINTS)) < 0.01
    assert read_request(ask(curve=wave).to_json()).curve == kept  # type: ignore[attr-defined]
    strip = ask(moments=[int(i // 20_000 % 2) for i in range(100_000)]).moments
    assert strip is not None and len(strip) == MAX_CURVE_POINTS and sum(strip) == 400  # type: ignore[arg-type]


def test_concepts_are_names_pairs_or_an_object() -> None:
    assert ask().concept_levels is None
    both = (("rain", 0.0), ("a dog", -6.0))
    for given in (["rain", ["a dog", -6]], [[" rain ", 0], ("a dog", "-6")], {"rain": 0, "a dog": -6}):
        assert ask(concept_levels=given).concept_levels == both
    assert ask(concept_levels=both, takes=2, candidates=3).outputs == 12
    assert ask(concept_levels=both, source="recordings").outputs == 0


def test_a_flat_zero_curve_is_a_curve() -> None:
    assert ask(curve=[0] * 10).curve == (0.0,) * 10


def test_defaults_are_those_of_the_verb_alone() -> None:
    defaults = {"steps": 25, "guidance_scale": 4.0, "image_to_sound": {"steps": 12}}
    assert (ask().with_defaults(defaults).steps, ask().with_defaults(defaults).guidance_scale) == (12, None)
    assert ask(steps=3).with_defaults(defaults).steps == 3
    assert ask().with_defaults({"steps": 25}).steps is None


@pytest.mark.parametrize(
    ("values", "field", "says"),
    [
        ({"picture": None}, "picture", "There is no picture yet"),
        ({"curve": []}, "curve", "The curve is empty; give at least one number, or leave it out"),
        ({"candidates": 9}, "candidates", "Candidates a take is 9; it takes a whole number from 1 to 8"),
        ({"candidates": 0}, "candidates", "Candidates a take is 0"),
        ({"length_s": 1.99}, "length_s", "Length in seconds is 1.99; it takes a number from 2 to 30. Choose"),
        ({"length_s": 30.5}, "length_s", "Length in seconds is 30.5"),
        ({"length_s": math.nan}, "length_s", "Length in seconds is nan"),
        ({"length_s": "long"}, "length_s", "Length in seconds is 'long'"),
        ({"curve": [0, math.nan]}, "curve", "Number 2 of the curve is nan"),
        ({"curve": [0, math.inf]}, "curve", "Number 2 of the curve is inf"),
        ({"curve": [0, 1.5]}, "curve", "is 1.5; it takes numbers from 0 (silent) to 1 (loudest). Divide all"),
        (
            {"curve": [-0.1, 1]},
            "curve",
            "Number 1 of the curve is -0.1",
        ),
        ({"curve": [-1, 1]}, "curve", "Give 0 instead of what lies below."),
        ({"curve": [0, 10**400]}, "curve", "is a number of 401 digits"),
        ({"moments": [[0, 10**400]]}, "moments", "One moment is [0, 1000"),
        ({"curve": ["loud", 1]}, "curve", "is 'loud'"),
        ({"curve": [True, False]}, "curve", "is True"),
        ({"curve": "0 1"}, "curve", "it takes a list of numbers"),
        ({"curve": [0] * 200_001}, "curve", "at most 200000 are accepted"),
        ({"moments": []}, "moments", "give pairs of seconds"),
        ({"moments": [[2, 1]]}, "moments", "runs from 2 s to 1 s"),
        ({"moments": [[0, math.nan]]}, "moments", "runs from 0 s to nan s"),
        ({"moments": [[-1, 1]]}, "moments", "runs from -1 s"),
        ({"moments": [[1]]}, "moments", "One moment is [1]"),
        ({"moments": [[0, 1]] * 201}, "moments", "at most 200"),
        ({"moments": [0, 0.5]}, "moments", "other things than 0 and 1"),
        ({"moments": [1]}, "moments", "The strip has 1 numbers"),
        ({"curve": [0, 1], "moments": [0, 1]}, "curve", "Give one of them"),
        ({"mode": "wild"}, "mode", "it takes natural, exact"),
        ({"concept_levels": []}, "concept_levels", "The concepts are empty; name at least one"),
        (
            {"concept_levels": ["rain"] * 40},
            "concept_levels",
            "Concepts: 40 were given; 1 to 4 sound at once",
        ),
        ({"concept_levels": "rain"}, "concept_levels", "The concepts are 'rain'; give names"),
        ({"concept_levels": [" "]}, "concept_levels", "One concept has no name"),
        ({"concept_levels": [3]}, "concept_levels", "One concept is 3; give names"),
        ({"concept_levels": [["rain", 3]]}, "concept_levels", "it takes a number from -30 to 0"),
        ({"concept_levels": ["rain", "Rain"]}, "concept_levels", "was given twice"),
        ({"concept_levels": ["x" * 81]}, "concept_levels", "81 characters long; 80 at most"),
        ({"control": 3}, "control", "it takes auto, envelope, trained, guided, none"),
        ({"source": None}, "source", "it takes generate, recordings, both"),
        ({"takes": 5}, "takes", "Number of takes is 5; it takes a whole number from 1 to 4"),
        ({"energy_strength": 2.1}, "energy_strength", "from 0 to 2"),
        ({"loudness_lufs": 0}, "loudness_lufs", "from -40 to -10"),
        ({"quietest_lufs": -12, "loudest_lufs": -20}, "quietest_lufs", "Swap them"),
        ({"library": 7}, "library", "The library is 7"),
        ({"strength": 1}, "strength", "There is no setting called 'strength'"),
    ],
)
def test_what_cannot_be_asked_for(values: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        ask(**values)
    assert says in caught.value.message and caught.value.field == field
