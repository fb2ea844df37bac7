"""Several sounds of one request: what is heard of them, what is left out, and what the result says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from sonic_ui.engine.events import Result
from sonic_ui.engine.inputs import SAMPLE_RATE
from sonic_ui.engine.sound_mix import SoundMix, read_mix
from sonic_ui.engine.studio import Studio
from sonic_ui.requests import BadInput, SoundToImageRequest
from sonic_ui.requests.fields import RoomName
from tests.conftest import WriteSound
from tests.fakes import FakeBackend


@pytest.fixture
def files(write_sound: WriteSound) -> dict[str, str]:
    tones = {"sound": 300.0, "sound2": 1500.0, "sound3": 5000.0}
    return {name: str(write_sound(f"{name}.wav", 0.5, hz=hz)) for name, hz in tones.items()}


def mix_of(**values: Any) -> SoundMix:
    return read_mix(SoundToImageRequest.from_values(values), Studio(FakeBackend()).load_sound)


def level(samples: np.ndarray, hz: float) -> float:
    turns = np.exp(-2j * np.pi * hz * np.arange(samples.size) / SAMPLE_RATE)
    return float(2 * np.abs(np.mean(samples * turns)))


def test_a_mix_is_heard_as_one_and_its_settings_name_every_sound(files: dict[str, str]) -> None:
    backend = FakeBackend()
    request = SoundToImageRequest(**files, faders=[0, -6, {"mute": True}], room="hall", count=2)
    *_, result = Studio(backend).run(request)
    assert isinstance(result, Result) and len(result.images) == 2
    heard, first, second = backend.heard
    assert level(heard, 300) > 1.5 * level(heard, 1500) > 20 * level(heard, 5000)
    assert level(first, 300) > 20 * level(first, 1500), "then each by itself, as loud as in the mix"
    assert level(first, 300) > 1.5 * level(second, 1500) > 20 * level(second, 300)
    assert {"sound_sha256", "sound2_sha256", "sound3_sha256", "sound_heard"} <= result.settings.keys()
    assert result.settings["request"]["sound2"] == "sound2.wav"
    assert str(Path(files["sound"]).parent) not in str(result.settings)
    assert not result.notices


def test_what_does_not_move_is_as_without_a_mixer(files: dict[str, str]) -> None:
    alone, fader = FakeBackend(), FakeBackend()
    list(Studio(alone).run(SoundToImageRequest(sound=files["sound"], gain_db=-3)))
    list(Studio(fader).run(SoundToImageRequest(sound=files["sound"], gain_db=-3, faders=[0])))
    assert np.array_equal(alone.heard[0], fader.heard[0])


def test_of_one_thing_after_another_the_parts_are_heard_besides(tmp_path: Path) -> None:
    """A high tone after a low one stands beside the whole; one tone for as long is itself."""
    seconds = np.arange(5 * SAMPLE_RATE) / SAMPLE_RATE
    low, high = (0.3 * np.sin(2 * np.pi * hz * seconds) for hz in (200, 6000))
    for name, tones, shape in (("both", (low, high), (2, 3, 4)), ("one", (low, low), (2, 4))):
        soundfile.write(path := tmp_path / f"{name}.wav", np.concatenate(tones), SAMPLE_RATE)
        backend = FakeBackend()
        list(Studio(backend).run(SoundToImageRequest(sound=str(path), start_s=0, end_s=10, count=2)))
        assert backend.jobs[-1].embeddings.shape == shape
        words = [one.text for one in backend.jobs[-1].sound_words]
        assert words == (["loud rain and a loud dog"] * 2 if name == "both" else [])
    assert backend.windows == 2


def test_the_room_is_heard(files: dict[str, str], tmp_path: Path) -> None:
    clap = tmp_path / "clap.wav"
    tail = np.exp(-np.arange(SAMPLE_RATE) / 4000) * np.random.default_rng(0).standard_normal(SAMPLE_RATE)
    soundfile.write(clap, 0.3 * tail, SAMPLE_RATE)
    heard = []
    for room in ({}, {"room": "church"}, {"impulse_response": str(clap)}):
        backend = FakeBackend()
        *_, result = Studio(backend).run(SoundToImageRequest(sound=files["sound"], **room))
        heard.append(backend.heard[0])
    assert not np.allclose(heard[0], heard[1]) and not np.allclose(heard[1], heard[2])
    assert len(result.settings["impulse_response_sha256"]) == 64  # type: ignore[union-attr]
    assert result.settings["request"]["impulse_response"] == "clap.wav"  # type: ignore[union-attr]


def test_names_join_the_prompt_where_the_sound_alone_would_lose_some(
    files: dict[str, str], tmp_path: Path
) -> None:
    def words(
        sound: str = files["sound"],
        known: bool = True,
        heard_in: RoomName = "dry",
        certainty: float = 0.995,
        **values: Any,
    ) -> str:
        backend = FakeBackend()
        backend.certainty = certainty
        backend.known_probability = 0.9 if known else 0.1
        backend.room = heard_in
        *_, result = Studio(backend).run(SoundToImageRequest.from_values({"sound": sound, **values}))
        text = backend.jobs[0].sound_words[0].text if backend.jobs[0].sound_words else ""
        assert result.settings.get("sound_words", "") == text  # type: ignore[union-attr]
        return text

    assert words(by_name=False, room="church") == words(by_name=False) == ""
    assert words() == "loud rain" and words(gain_db=-24) == "quiet rain"
    assert words(room="church") == words(heard_in="hall", room="church") == "loud rain in a church"
    assert words(heard_in="hall") == "loud rain in a hall"
    assert words(certainty=0.9) == "", "a name would drive out what else may sound"
    assert words(known=False) == "" and words(known=False, room="hall") == "in a hall"
    faders = [{"lufs": -40}, {"lufs": -30}]
    assert words(sound2=files["sound2"], faders=faders) == "rain", "what is of one name has it once"
    assert words(sound2=files["sound2"], faders=[{"lufs": -55}, {"lufs": -20}]) == "loud rain", (
        "one covers the other"
    )
    assert words(room="room", by_caption="with_sound") == "in a room", "the caption names the sound"
    assert words(room="room", by_caption="words_alone", caption="a dog in a room") == ""


def test_one_broken_sound_is_left_out_and_named(files: dict[str, str], tmp_path: Path) -> None:
    letter = tmp_path / "letter.wav"
    letter.write_text("This is not a sound.")
    request = SoundToImageRequest(**{**files, "sound2": str(letter)})
    *_, result = Studio(FakeBackend()).run(request)
    assert isinstance(result, Result)
    (notice,) = result.notices
    assert "“letter.wav” cannot be read as sound" in notice
    assert notice.endswith("The others are mixed without it.")
    assert "sound2_sha256" not in result.settings
    with pytest.raises(BadInput, match=r"letter\.wav") as caught:
        mix_of(sound=str(letter), sound2=str(letter))
    assert caught.value.field == "sound"


def test_the_same_sound_twice_is_louder_and_said(files: dict[str, str]) -> None:
    mix = mix_of(sound=files["sound"], sound2=files["sound"])
    assert "“sound.wav” is in the mix 2 times: together that is 6 dB louder" in mix.notices[0]
    once = mix_of(sound=files["sound"], faders=[0]).sound().clip.samples
    assert level(mix.sound().clip.samples, 300) == pytest.approx(2 * level(once, 300), rel=0.05)


def test_nothing_heard_is_refused(files: dict[str, str]) -> None:
    with pytest.raises(BadInput, match="No sound of the mix is heard") as caught:
        mix_of(**files, faders=["-inf"] * 3)
    assert caught.value.field == "faders"


def test_an_ear_hears_where_things_are(files: dict[str, str]) -> None:
    left, right = mix_of(**files, faders=[{"pan": -1}, {"pan": 1}, "off"], room="room").stereo()
    assert level(left, 300) > 10 * level(right, 300) and level(right, 1500) > 10 * level(left, 1500)
