"""The mixer of "Sound → Image": what is read of its sounds, played, split, and made into a request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from sonic_ui.requests.faders import Fader
from sonic_ui.ui.components.sound_mixer import NOTHING_SET, UNMOVED, mixer_value
from sonic_ui.ui.widgets.mixer import MORE
from tests.conftest import WriteSound
from tests.fakes import FakeBackend
from tests.ui.tabs import ME, event, last
from tests.ui.test_handlers import NO_MIX, page_values, tab_of

RATE = 48_000


def mix_values(sound: Path, **values: Any) -> list[Any]:
    """What the page hands to the handlers of the mixer."""
    first = {"sound": str(sound), "start_s": None, "end_s": None, "gain_db": 0}
    named = {**first, **NO_MIX, "mixer": NOTHING_SET, **values}
    return [named[name] for name in tab_of(FakeBackend()).mixer.inputs]


def faders(*changes: dict[str, Any]) -> dict[str, Any]:
    return mixer_value(Fader(**change) for change in changes)


def test_without_more_sounds_nothing_is_mixed(write_sound: WriteSound) -> None:
    backend = FakeBackend()
    shown = last(tab_of(backend).generate(ME, *page_values(write_sound(), mixer=NOTHING_SET)))
    (record,) = shown["records"].values()
    assert record["settings"]["request"]["faders"] == [] and not backend.jobs[0].request.is_mix


def test_three_sounds_and_their_faders_become_a_request(write_sound: WriteSound) -> None:
    backend, sounds = FakeBackend(), [write_sound(f"{hz}.wav", 0.5, hz=hz) for hz in (300, 900, 2700)]
    moved = faders({}, {"lufs": -60.0}, {"lufs": -30.0, "solo": False, "pan": -0.5})
    values = page_values(sounds[0], mixer=moved, sound2=str(sounds[1]), sound4=str(sounds[2]), room="hall")
    tab = tab_of(backend)
    shown = last(tab.generate(ME, *values))
    request = backend.jobs[0].request
    assert request.faders == (Fader(), Fader(mute=True), Fader(lufs=-30.0, pan=-0.5), Fader())
    assert (request.sound2, request.sound3, request.room) == (str(sounds[1]), None, "hall")
    (record,) = shown["records"].values()
    assert record["files"]["sound4"] == str(sounds[2])
    back = tab.table.values(record["settings"], record["files"])
    assert back["mixer"]["faders"][2]["pan"] == -0.5 and (back["room"], back["by_name"]) == ("hall", True)
    assert (back["sound2"], back["sound3"], back["sound4"]) == (str(sounds[1]), None, str(sounds[2]))


def test_what_is_told_of_the_sounds(write_sound: WriteSound, tmp_path: Path) -> None:
    letter = tmp_path / "letter.wav"
    letter.write_text("This is not a sound.")
    values = mix_values(
        write_sound("rain.wav"), sound2=str(letter), sound3=str(write_sound("dog.wav", hz=900))
    )
    first, *_, told = tab_of(FakeBackend()).mixer.hear(ME, *values)
    rain, broken, dog, *none = first["hints"]["rows"]
    assert (rain["name"], broken["name"], dog["name"], none) == (
        "rain.wav",
        "letter.wav",
        "dog.wav",
        [None] * 3,
    )
    assert -30 < rain["lufs"] < 0 and broken["lufs"] is None and "cannot be read" in broken["words"]
    line = told["hints"]["line"]
    assert line.startswith("Together −") and "heard as rain" in line and "The others are mixed" in line


def test_silence_of_all_faders_is_a_sentence(write_sound: WriteSound) -> None:
    values = mix_values(
        write_sound(), sound2=str(write_sound("b.wav")), mixer=faders({"mute": True}, {"mute": True})
    )
    *_, told = tab_of(FakeBackend()).mixer.hear(ME, *values)
    assert "No sound of the mix is heard" in told["mix_message"]["text"]


def test_the_mix_is_played_in_stereo(write_sound: WriteSound) -> None:
    tab, other = tab_of(FakeBackend()), str(write_sound("b.wav", hz=2000))
    values = mix_values(write_sound("a.wav"), sound2=other, mixer=faders({"pan": -1.0}, {"pan": 1.0}))
    (value,) = tab.mixer.play(event(number=3), *values).values()
    samples, rate = soundfile.read(value["file"]["path"])
    assert value["number"] == 3 and rate == RATE and samples.shape == (RATE, 2)
    assert not np.allclose(samples[:, 0], samples[:, 1])
    refused = tab.mixer.play(event(number=4), *mix_values(Path("gone.wav"), sound2=other, mixer={}))
    assert refused["player"]["file"] is not None, "the others are mixed without it"


def test_an_example_takes_the_first_free_place(write_sound: WriteSound) -> None:
    from sonic_ui.ui.session.context import Example

    sound = write_sound("sea.wav")
    mixer = tab_of(FakeBackend(), (Example(sound, "Sea", None),)).mixer
    assert mixer.add_example(event(number=0), "a.wav", None, None, None, None) == {MORE[1]: str(sound)}
    full = mixer.add_example(event(number=0), *["a.wav"] * 5)
    assert "The mix is full" in full["mix_message"]["text"]


def test_a_recording_is_split_into_the_free_places(tmp_path: Path) -> None:
    times = np.arange(2 * RATE) / RATE
    clicks = np.where(
        np.arange(times.size) % 12_000 < 200, np.random.default_rng(0).normal(0, 0.5, times.size), 0
    )
    path = tmp_path / "kitchen.wav"
    soundfile.write(path, 0.2 * np.sin(2 * np.pi * 440 * times) + clicks, RATE)
    mixer = tab_of(FakeBackend()).mixer
    taken = faders({"pan": 0.5}, {"pan": 0.1})
    update = mixer.split(event(way="harmonic"), *mix_values(path, sound2="b.wav", mixer=taken))
    names = [Path(update[name]).name for name in ("sound3", "sound4")]
    assert names == ["kitchen (sustained).wav", "kitchen (struck).wav"]
    moved = update["mixer"]["faders"]
    assert (
        moved[0] == {**UNMOVED, "pan": 0.5, "mute": True} and moved[1]["pan"] == 0.1 and moved[2] == UNMOVED
    )
    assert "its 2 stems stand below" in update["mix_message"]["text"]


@pytest.mark.parametrize(
    ("values", "way", "says"),
    [
        (dict.fromkeys(MORE[:4], "a.wav"), "harmonic", "2 stems, and the mix has room for 1 more"),
        ({}, "nine", "The way to split is 'nine'; it takes one of harmonic, 2, 3, 4"),
    ],
)
def test_refusals_of_splitting(tmp_path: Path, values: dict[str, Any], way: str, says: str) -> None:
    path, rng = tmp_path / "a.wav", np.random.default_rng(0)
    tone = 0.2 * np.sin(np.arange(RATE) / 20)
    tone[::6000] += rng.normal(0, 1, 8)
    soundfile.write(path, tone, RATE)
    update = tab_of(FakeBackend()).mixer.split(event(way=way), *mix_values(path, **values))
    assert says in update["mix_message"]["text"] and "mixer" not in update
