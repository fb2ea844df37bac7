"""Requests of the strips: what they mean, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from sonic_ui.requests import BadInput, InterpolateRequest, VolumeSweepRequest, read_request
from sonic_ui.requests.interpolate import shared_steps


def glide(**values: Any) -> InterpolateRequest:
    return InterpolateRequest.from_values({"sound_a": "rain.wav", "sound_b": "fire.wav", **values})


def sweep(**values: Any) -> VolumeSweepRequest:
    return VolumeSweepRequest.from_values({"sound": "rain.wav", **values})


def test_round_trip_through_json() -> None:
    for one in (
        glide(method="mix", lufs_a=-20, positions=[0, 0.25, 1], room="church", loop=False, continuity=0.3),
        sweep(gains_db=[-24, 3], scales=0.5, room="hall", seed=9),
    ):
        assert read_request(one.to_json()) == one


def test_places_are_even_or_as_given() -> None:
    assert glide(frames=5, spacing="heard").known_positions == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert glide(positions=(0.3,)).known_positions == (0.3,) and glide(positions=(0.3,)).outputs == 1


@pytest.mark.parametrize(("frames", "known"), [(2, 2), (3, 3), (4, 3), (8, 3), (48, 3)])
def test_an_evenly_seen_glide_knows_its_ends_and_its_middle(frames: int, known: int) -> None:
    request = glide(frames=frames)
    assert request.spacing == "seen" and request.outputs == frames
    assert request.known_positions == pytest.approx([k / (known - 1) for k in range(known)])


@pytest.mark.parametrize(
    ("continuity", "steps", "carried"),
    [(0.0, 25, 0), (0.5, 25, 12), (0.9, 25, 22), (0.5, 1, 0), (0.9, 1, 0), (0.9, 2, 1), (0.9, 100, 90)],
)
def test_frames_between_have_at_least_one_step_of_their_own(
    continuity: float, steps: int, carried: int
) -> None:
    assert shared_steps(continuity, steps) == carried


def test_a_single_gain_or_scale_holds_for_all_frames() -> None:
    assert sweep(gains_db=(-6, 6)).turns == ((-6, 1), (6, 1))
    assert sweep(gains_db=0, scales=(0, 1, 2)).turns == ((0, 0), (0, 1), (0, 2))
    assert sweep(gains_db=(-6, 6), scales=(0.5, 2)).turns == ((-6, 0.5), (6, 2))


def test_gains_may_be_written_as_a_list() -> None:
    assert sweep(gains_db="-24, -12 0; +6").gains_db == (-24, -12, 0, 6)


@pytest.mark.parametrize(
    ("values", "field", "says"),
    [
        ({"sound_a": ""}, "sound_a", "no first sound yet"),
        ({"sound_b": None}, "sound_b", "no second sound yet"),
        ({"frames": 500}, "frames", "Number of frames is 500; it takes a whole number from 2 to 48"),
        ({"frames": 1}, "frames", "from 2 to 48"),
        ({"positions": [0.5] * 49}, "positions", "49 values were given; 1 to 48"),
        ({"positions": []}, "positions", "0 values were given"),
        ({"positions": [1.2]}, "positions", "from 0 to 1"),
        ({"spacing": "odd"}, "spacing", "'odd'; it takes one of seen, heard"),
        ({"method": "cubic"}, "method", "'cubic'; it takes one of linear, spherical, mix"),
        ({"lufs_a": 0}, "lufs_a", "from -60 to -6"),
        ({"room": "cave"}, "room", "one of dry, room, hall, church"),
        ({"start_b_s": 4, "end_b_s": 2}, "start_b_s", "from 4 s to 2 s"),
        ({"film_s": 1e9}, "film_s", "from 1 to 60"),
        ({"smoothing": 500}, "smoothing", "from 0 to 12"),
        ({"loop": "perhaps"}, "loop", "The setting loop is 'perhaps'; it takes true or false."),
        ({"continuity": 1}, "continuity", "Continuity is 1; it takes a number from 0 to 0.9"),
        ({"continuity": "much"}, "continuity", "from 0 to 0.9"),
    ],
)
def test_glide_refusals(values: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(BadInput, match=says) as refusal:
        glide(**values)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("values", "field", "says"),
    [
        ({"gains_db": [21]}, "gains_db", "Gain in dB is 21; it takes a number from -40 to 20"),
        ({"gains_db": [float("nan")]}, "gains_db", "nan"),
        ({"gains_db": [0] * 500}, "gains_db", "500 values were given; 1 to 16 are accepted"),
        ({"gains_db": "loud"}, "gains_db", "'loud'"),
        ({"scales": [2.5]}, "scales", "from 0 to 2"),
        ({"gains_db": [0, 1, 2], "scales": [1, 2]}, "scales", "3 gains and 2 scales"),
        ({"sound": ""}, "sound", "no sound yet"),
    ],
)
def test_sweep_refusals(values: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(BadInput, match=says) as refusal:
        sweep(**values)
    assert refusal.value.field == field
