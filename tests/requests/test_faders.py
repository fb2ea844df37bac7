"""Faders of a mix, as a request takes them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sonic_ui.requests import BadInput, SoundToImageRequest, read_request
from sonic_ui.requests.faders import Fader, audible
from sonic_ui.requests.links import read_link, write_link


def request(**values: Any) -> SoundToImageRequest:
    return SoundToImageRequest.from_values({"sound": "rain.wav", "sound2": "dog.wav", **values})


def test_a_request_of_one_sound_is_what_it_was() -> None:
    old = read_request('{"verb": "sound_to_image", "sound": "rain.wav", "gain_db": -6}')
    assert isinstance(old, SoundToImageRequest) and not old.is_mix and old.room == "dry"
    assert old.sound_paths == old.file_paths == {"sound": "rain.wav"}


def test_faders_in_every_form_come_back() -> None:
    given = [-6, {"lufs": -30, "pan": 0.5, "solo": True, "start_s": 1, "end_s": 3}]
    made = request(faders=given, room="hall", impulse_response="clap.wav")
    assert made.is_mix and read_request(made.to_json()) == made
    assert made.faders == (Fader(gain_db=-6.0), Fader(lufs=-30.0, pan=0.5, solo=True, start_s=1.0, end_s=3.0))
    assert made.part_of("sound2") == (1.0, 3.0) and made.fader_of("sound3") == Fader()
    linked = read_link(write_link(made, {"sound2": "dog.wav"}))
    assert linked.values["faders"] == made.model_dump(mode="json")["faders"]
    assert (linked.values["sound2"], linked.values["impulse_response"]) == ("dog.wav", None)


@pytest.mark.parametrize("level", ["-inf", "off", -math.inf, {"lufs": "-inf"}, {"gain_db": -math.inf}])
def test_a_fader_all_the_way_down_is_off(level: object) -> None:
    assert request(faders=[0, level]).faders[1] == Fader(mute=True)


def test_who_is_heard() -> None:
    plain, muted, solo = Fader(), Fader(mute=True), Fader(solo=True)
    assert audible((plain, muted, plain)) == (True, False, True)
    assert audible((plain, muted, solo)) == (False, False, True)
    assert audible((plain, Fader(mute=True, solo=True))) == (True, False)


@pytest.mark.parametrize(
    ("faders", "says"),
    [
        ([0] * 20, "20 faders were given; a mix has up to 6 sounds"),
        ("loud", "The faders are 'loud'; give one a sound"),
        ([{"volume": 1}], "A fader has no 'volume'; it takes lufs, gain_db"),
        ([99], r"Gain in the mix \(dB\) is 99; it takes a number from -60 to 24"),
        ([0, {"lufs": 0}], "Loudness in the mix"),
        ([0, {"pan": 2}], "Pan is 2"),
        ([0, {"mute": "yes"}], "The setting mute of a fader is 'yes'; it takes true or false"),
        ([0, {"start_s": 3, "end_s": 2}], "runs from 3 s to 2 s"),
        ([{"start_s": 3}], "The part of the first sound stands in start_s and end_s"),
    ],
)
def test_refusals_of_faders(faders: object, says: str) -> None:
    with pytest.raises(BadInput, match=says) as caught:
        request(faders=faders)
    assert caught.value.field == "faders"


def test_there_is_no_seventh_sound() -> None:
    with pytest.raises(BadInput, match="no setting called 'sound7'"):
        request(sound7="more.wav")
