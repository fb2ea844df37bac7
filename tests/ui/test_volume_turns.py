"""What a sweep turns up: words, numbers, and back."""

from __future__ import annotations

import pytest

from sonic_ui.requests import BadInput, VolumeSweepRequest
from sonic_ui.ui.tabs.volume.knobs import (
    FRAMES,
    KNOBS,
    FrameLists,
    frame_lists,
    knob_of,
    number_list,
    scale_at,
)


def test_frames_are_read_from_words() -> None:
    assert frame_lists("gain", "−24, -12; 0  +6 12 dB") == FrameLists((-24, -12, 0, 6, 12), (1,))
    assert frame_lists("scale", "0, ×0.5, 2") == FrameLists((0,), (0, 0.5, 2))
    assert frame_lists("both", "-24 0 12 20") == FrameLists((-24, 0, 12, 20), (0.25, 1, 2, 2))
    assert frame_lists("gain", 7) == FrameLists((7,), (1,))


@pytest.mark.parametrize(
    ("knob", "values", "field", "says"),
    [
        ("gain", "loud", "gains_db", "'loud'; it takes a number from -40 to 20"),
        ("gain", "0, 21", "gains_db", "Gain in dB is '21'"),
        ("gain", "", "gains_db", "at least one"),
        ("gain", " ".join(["1"] * 500), "gains_db", "500 values were given; 1 to 16"),
        ("scale", "3", "scales", "from 0 to 2"),
        ("both", "-50", "gains_db", "from -40 to 20"),
        ("treble", "1", "knob", "one of gain, scale, both"),
    ],
)
def test_frames_that_cannot_be_made(knob: str, values: str, field: str, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        frame_lists(knob, values)
    assert says in caught.value.message and caught.value.field == field


@pytest.mark.parametrize("knob", list(KNOBS))
def test_a_request_tells_its_knob(knob: str) -> None:
    turns = frame_lists(knob, FRAMES[knob])  # type: ignore[index]
    request = VolumeSweepRequest(sound="a.wav", gains_db=turns.gains_db, scales=turns.scales)
    assert knob_of(request) == (knob, FRAMES[knob])  # type: ignore[index]
    assert frame_lists(knob, number_list(knob, FRAMES[knob])) == turns  # type: ignore[index]


def test_a_request_without_a_knob() -> None:
    with pytest.raises(BadInput, match="endpoint volume_sweep"):
        knob_of(VolumeSweepRequest(sound="a.wav", gains_db=(0, 6), scales=(2, 0.3)))


def test_listening_follows_the_gain() -> None:
    assert [scale_at(gain) for gain in (-40, -12, 0, 12, 20)] == [0.099, 0.5, 1, 2, 2]


def test_lists_as_a_person_writes_them() -> None:
    assert number_list("gain", (-24, 0, 6.5)) == "-24, 0, +6.5"
    assert number_list("scale", (0, 0.5, 2)) == "0, 0.5, 2"
