"""The handlers of "Volume", each update checked by the name of the part it changes."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from sonic_ui.audio.loudness import integrated_lufs, true_peak_dbfs
from sonic_ui.engine.events import CancelToken, Failure
from sonic_ui.engine.studio import Studio
from sonic_ui.media.metadata import read_settings
from sonic_ui.ui.components.strip_player import StripPlayer
from sonic_ui.ui.session.context import AppContext, Example, SharedComponents
from sonic_ui.ui.tabs.volume.events import TAB, Components, FilmSettings, Handlers, SweepSettings
from sonic_ui.ui.widgets.runs import RunBar
from sonic_ui.ui.widgets.settings_drop import SettingsDrop
from sonic_ui.ui.widgets.sound_input import SoundInput
from tests.conftest import WriteSound
from tests.fakes import FakeBackend
from tests.ui.tabs import ME, OWN_PICTURE, event, in_order, last, own_picture, part, prompts

RATE = 48_000


def tab_of(backend: FakeBackend, examples: tuple[Example, ...] = ()) -> Handlers:
    """The tab's handlers, on components that are their own names."""
    parts = Components(
        part(SoundInput, message="sound_message", gain_db=None),
        part(SweepSettings, message="turn_message"),
        own_picture(),
        prompts(beside_seed="film_s"),
        part(FilmSettings),
        part(RunBar, message="run_message"),
        part(StripPlayer),
        part(SettingsDrop, message="picture_message"),
        part(SharedComponents),
    )
    return Handlers(AppContext(Studio(backend), examples), parts)


def page_values(path: Path | None, **values: Any) -> list[Any]:
    settings = {
        "sound": None if path is None else str(path),
        "start_s": None,
        "end_s": None,
        "room": "dry",
        "by_name": True,
        **OWN_PICTURE,
        "knob": "gain",
        "frames": "-12, 0, +12",
        "prompt": "",
        "negative_prompt": "",
        "strength": 1,
        "layers": "",
        "guidance_scale": 4.0,
        "steps": 2,
        "seed": 5,
        "keep_seed": True,
        "aspect": "1:1",
        "loop": False,
        "smoothing": 1,
        "film_s": 1,
        **values,
    }
    return in_order(tab_of(FakeBackend()).table, settings)


def strip_of(tab: Handlers, path: Path, **values: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A painted strip as the page shows it, and the session's records."""
    shown = last(tab.generate(ME, *page_values(path, **values)))
    return shown["view"]["strip"], shown["records"]


# Painting


def test_a_sweep_shows_its_frames_as_they_come_and_then_the_strip(write_sound: WriteSound) -> None:
    tab = tab_of(FakeBackend())
    updates = list(tab.generate(ME, *page_values(write_sound("rain.wav", gain=0.1), room="hall")))
    views = [update["view"] for update in updates if "view" in update]
    assert {view["kind"] for view in views[:-1]} == {"working"} and views[-1]["kind"] == "done"
    assert [slot["at"] for slot in views[0]["slots"]] == [-12, 0, 12]
    assert any(view["previews"] for view in views[:-1]) and len(views[-2]["frames"]) == 3
    strip = views[-1]["strip"]
    assert strip["knob"] == "gain" and strip["filming"] and strip["ends"] == ["quieter", "louder"]
    assert strip["title"] == "Heard rain, from −12 dB to +12 dB"
    assert strip["detail"].startswith("Hall · rain.wav · seed 5")
    quiet, normal, loud = strip["frames"]
    assert [frame["at"] for frame in strip["frames"]] == [-12, 0, 12]
    assert quiet["caption"].startswith("−12 dB\n−") and normal["caption"].startswith("0 dB\n")
    assert loud["level"] == 0.75 and loud["words"].endswith("Its judged level is 0.75.")
    lufs = [int(frame["caption"].split("\n")[1].split()[0].replace("−", "-")) for frame in strip["frames"]]
    assert lufs[1] - lufs[0] == pytest.approx(12, abs=1) and lufs[2] > lufs[1]
    assert read_settings(loud["file"]["path"])["request"]["gains_db"] == [-12, 0, 12]


@pytest.mark.parametrize(
    ("knob", "frames", "turns", "caption"),
    [
        ("gain", "-6", [(-6, 1)], "−6 dB"),
        ("scale", "0, 1.5", [(0, 0), (0, 1.5)], "×0"),
        ("both", "-12, 0", [(-12, 0.5), (0, 1)], "−12 dB ×0.5"),
    ],
)
def test_each_knob_turns_what_it_says(
    write_sound: WriteSound, knob: str, frames: str, turns: list[Any], caption: str
) -> None:
    backend = FakeBackend()
    strip, records = strip_of(tab_of(backend), write_sound(), knob=knob, frames=frames)
    request = backend.jobs[-1].request
    assert list(request.turns) == turns
    assert backend.jobs[-1].scales == tuple(scale for _, scale in turns)
    assert strip["frames"][0]["caption"].split("\n")[0] == caption and strip["knob"] == knob
    assert records[strip["id"]]["settings"]["request"]["verb"] == "volume_sweep"


def test_without_a_judge_there_are_no_levels(write_sound: WriteSound) -> None:
    strip, _ = strip_of(tab_of(FakeBackend(judge=False)), write_sound())
    assert [frame["level"] for frame in strip["frames"]] == [None] * 3
    assert "level" not in strip["frames"][0]["words"]


@pytest.mark.parametrize(
    ("values", "place", "says"),
    [
        ({"sound": None}, "sound_message", "no sound yet"),
        ({"start_s": 30}, "sound_message", "earlier start"),
        ({"frames": "0, 50"}, "turn_message", "'50'; it takes a number from -40 to 20"),
        ({"frames": "soft, loud"}, "turn_message", "'soft'"),
        ({"frames": ""}, "turn_message", "at least one"),
        ({"frames": "1 " * 500}, "turn_message", "500 values were given; 1 to 16"),
        ({"knob": "scale", "frames": "0, 3"}, "turn_message", "from 0 to 2"),
        ({"knob": "treble"}, "turn_message", "one of gain, scale, both"),
        ({"room": "cave"}, "turn_message", "dry, room, hall, church"),
        ({"prompt": "x" * 1001}, "words_message", "at most 1000"),
        ({"film_s": 900}, "run_message", "from 1 to 60"),
        ({"steps": 1000}, "run_message", "from 1 to 100"),
    ],
)
def test_a_refusal_stands_beside_its_cause(
    write_sound: WriteSound, values: dict[str, Any], place: str, says: str
) -> None:
    tab, sound = tab_of(FakeBackend()), write_sound()
    shown = last(tab.generate(ME, *page_values(sound, **values)))
    assert says in shown[place]["text"] and shown[place]["kind"] == "error"
    assert shown["view"]["kind"] == "ended"
    others = {"sound_message", "turn_message", "words_message", "run_message"} - {place}
    assert all(not shown[other]["text"] for other in others)
    again = last(tab.generate(ME, *page_values(sound)))
    assert again["view"]["kind"] == "done" and not again[place]["text"]


def test_bad_sounds_are_refused(tmp_path: Path) -> None:
    tab = tab_of(FakeBackend())
    silent, letter = tmp_path / "silent.wav", tmp_path / "letter.wav"
    soundfile.write(silent, np.zeros(RATE), RATE)
    letter.write_text("This is not a sound.")
    for path, says in ((silent, "silent"), (letter, "letter.wav"), (tmp_path / "gone.wav", "gone.wav")):
        shown = last(tab.generate(ME, *page_values(path)))
        assert says in shown["sound_message"]["text"]


def test_cancelling_keeps_the_frames_made_so_far(write_sound: WriteSound) -> None:
    tab = tab_of(FakeBackend())
    gains = ", ".join(str(gain) for gain in range(-10, 0))
    shown: dict[str, Any] = {}
    for update in tab.generate(ME, *page_values(write_sound(), frames=gains)):
        shown |= update
        if len(update.get("view", {}).get("frames", ())) == 4:
            tab.runs.cancel(ME)
    strip = shown["view"]["strip"]
    assert strip["note"] == "Stopped: 4 of 10 pictures were finished." and len(strip["frames"]) == 4
    again = last(tab.generate(ME, *page_values(write_sound())))
    assert len(again["view"]["strip"]["frames"]) == 3


# After the strip


def test_the_film_grows_louder_with_its_pictures(write_sound: WriteSound, tmp_path: Path) -> None:
    import av

    tab = tab_of(FakeBackend())
    strip, _ = strip_of(tab, write_sound(gain=0.1), frames="-24, 0", film_s=2)
    made = tab.strip.write_film(ME, event(id=strip["id"]))["films"]
    assert not made["note"] and not made["again"]
    labels = [one["label"] for one in made["downloads"]]
    assert labels[1:] == ["GIF", "Strip (PNG)"]
    with av.open(made["video"]["path"]) as film:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in film.decode(audio=0)])
    halves = np.array_split(sound, 4)
    assert integrated_lufs(halves[3], RATE) - integrated_lufs(halves[0], RATE) > 15
    assert read_settings(made["downloads"][2]["file"]["path"])["request"]["gains_db"] == [-24, 0]


def test_a_single_place_is_painted_with_the_settings_of_its_strip(write_sound: WriteSound) -> None:
    backend = FakeBackend()
    tab = tab_of(backend)
    strip, records = strip_of(tab, write_sound(), knob="both", prompt="ink", room="church")
    answer = list(tab.strip.refine(ME, records, event(id=strip["id"], at=6.0, knob="both")))[-1]["answer"]
    request = backend.jobs[-1].request
    assert (request.prompt, request.room, request.seed) == ("ink", "church", 5)
    assert request.turns == ((6.0, 1.414),)
    assert answer["at"] == 6.0 and answer["frame"]["caption"].startswith("+6 dB ×1.41\n")
    wrong = list(tab.strip.refine(ME, records, event(id=strip["id"], at=60.0, knob="both")))[-1]["answer"]
    assert wrong["frame"] is None and wrong["words"]


def test_settings_come_back(write_sound: WriteSound) -> None:
    tab, sound = tab_of(FakeBackend()), write_sound("rain.wav")
    strip, records = strip_of(
        tab, sound, knob="scale", frames="0 2", room="hall", loop=True, smoothing=4, film_s=9, start_s=0.1
    )
    back = tab.reuse.shown(records, event(id=strip["id"]))
    assert (back["knob"], back["frames"], back["room"]) == ("scale", "0, 2", "hall")
    assert (back["loop"], back["smoothing"], back["film_s"]) == (True, 4, 9)
    assert (back["sound"], back["start_s"], back["seed"]) == (str(sound), 0.1, 5)
    dropped = tab.reuse.dropped(strip["frames"][0]["file"]["path"], {})
    assert dropped["frames"] == "0, 2" and "sound" not in dropped
    assert "“rain.wav”" in dropped["picture_message"]["text"]


# The sound


def test_the_meter_gets_what_the_sound_measures(write_sound: WriteSound) -> None:
    handlers = tab_of(FakeBackend())
    (update,) = handlers.measure(ME, str(write_sound(gain=0.3, seconds=2)), None, None, "dry")
    points = update["meter"]["points"]
    assert points[0]["peak_db"] == pytest.approx(-1) and points[-1]["gain_db"] == 20
    outline = np.frombuffer(base64.b64decode(points[0]["shape"]), np.int8).reshape(-1, 2)
    assert outline.max() == pytest.approx(127 * 10 ** (-1 / 20), abs=3)
    for nothing in (None, "/nowhere/rain.wav"):
        (update,) = handlers.measure(ME, nothing, None, None, "dry")
        assert update["meter"] is None


def test_it_is_heard_as_the_engine_hears_it(write_sound: WriteSound) -> None:
    backend = FakeBackend()
    tab, sound = tab_of(backend), write_sound(gain=0.5)
    strip_of(tab, sound, frames="20", room="hall")
    told = event(number=3, at={"gain_db": 20.0})
    value = tab.preview(str(sound), None, None, "hall", told)["preview"]
    samples, rate = soundfile.read(value["file"]["path"], dtype="float32")
    assert value["number"] == 3 and rate == RATE
    assert min(float(np.abs(samples - heard).max()) for heard in backend.heard) < 1e-6
    assert true_peak_dbfs(samples) <= -0.95


@pytest.mark.parametrize(
    ("path", "at", "says"), [(None, {"gain_db": 0}, "no sound yet"), ("tone.wav", {"gain_db": 90}, "to 20")]
)
def test_what_cannot_be_heard_is_a_sentence(
    write_sound: WriteSound, path: str | None, at: dict[str, float], says: str
) -> None:
    handlers = tab_of(FakeBackend())
    sound = str(write_sound()) if path else None
    value = handlers.preview(sound, None, None, "dry", event(number=1, at=at))["preview"]
    assert value["file"] is None and says in value["words"]


def test_before_the_slider_moved_it_is_heard_as_it_is(write_sound: WriteSound) -> None:
    sound = write_sound()
    handlers = tab_of(FakeBackend())
    value = handlers.preview(str(sound), None, None, "dry", event())["preview"]
    samples, _ = soundfile.read(value["file"]["path"], dtype="float32")
    assert samples == pytest.approx(soundfile.read(sound, dtype="float32")[0], abs=1e-4)


def test_examples_bring_sound_and_picture(write_sound: WriteSound, tmp_path: Path) -> None:
    picture = tmp_path / "rain.png"
    Image.new("RGB", (8, 8)).save(picture)
    examples = (
        Example(write_sound("rain.wav"), "Rain", picture),
        Example(write_sound("dog.wav"), "Dog", None),
    )
    handlers = tab_of(FakeBackend(), examples)
    chosen = handlers.choose(event(index=0))
    assert chosen["sound"].endswith("rain.wav")
    assert chosen["view"]["strip"]["frames"][0]["caption"] == "0 dB"
    assert handlers.choose(event(index=1))["view"]["strip"] is None


def test_failures_are_sentences_and_the_strip_stays(write_sound: WriteSound) -> None:
    backend = FakeBackend(failure=Failure("Out of memory."))
    tab, sound = tab_of(backend), write_sound()
    shown = last(tab.generate(ME, *page_values(sound)))
    assert shown["run_message"]["text"] == "Out of memory." and shown["view"]["kind"] == "ended"
    backend.failure = None
    strip, records = strip_of(tab, sound)
    backend.failure = ZeroDivisionError("secret")
    answer = list(tab.strip.refine(ME, records, event(id=strip["id"], at=1.0, knob="gain")))[-1]["answer"]
    assert answer["frame"] is None and "secret" not in answer["words"]


def test_a_new_sweep_ends_the_making_of_a_film(write_sound: WriteSound) -> None:
    tab = tab_of(FakeBackend())
    _, token = tab.runs._context.tasks.begin("me", f"{TAB}-film")
    assert isinstance(token, CancelToken) and not token.cancelled
    strip_of(tab, write_sound())
    assert token.cancelled
