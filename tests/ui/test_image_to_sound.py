"""The tab "Image → Sound": its handlers, each update checked by the name of the part it changes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sonic_ui.engine import Failure, Studio
from sonic_ui.media.metadata import read_sound_settings
from sonic_ui.requests import BadInput
from sonic_ui.ui.components.curve_pad import CurvePad
from sonic_ui.ui.session.context import AppContext, Shared
from sonic_ui.ui.session.examples import Example
from sonic_ui.ui.settings.reuse import find_files
from sonic_ui.ui.tabs.image_to_sound.events import SETTINGS, Handlers, values_from_settings
from sonic_ui.ui.tabs.image_to_sound.layout import TAB, Components, Making, SoundWords
from sonic_ui.ui.widgets.picture_input import PictureInput
from sonic_ui.ui.widgets.runs import RunBar, Runs
from sonic_ui.ui.widgets.settings_drop import PictureDrop, Reuse
from tests.conftest import WriteSound
from tests.fakes import SWELL, FakeBackend
from tests.ui.tabs import ME, event, last, part


@dataclass(frozen=True)
class Tab:
    """The tab's handlers, on components that are their own names."""

    context: AppContext
    handlers: Handlers
    reuse: Reuse


def tab_of(backend: FakeBackend, examples: tuple[Example, ...] = ()) -> Tab:
    context = AppContext(Studio(backend), examples)
    parts = part(
        Components,
        picture=part(PictureInput, message="picture_message", name="place"),
        curve=part(CurvePad),
        making=part(Making, message="source_message"),
        words=part(SoundWords, message="words_message", takes="count"),
        bar=part(RunBar, message="run_message"),
        drop=part(PictureDrop, message="drop_message", picture="drop"),
        shared=part(Shared),
    )
    runs = Runs(context, parts.shared, TAB, parts.takes, parts.bar, parts.messages, parts.words.seed)
    return Tab(
        context,
        Handlers(context, parts, runs),
        Reuse(context, parts.drop, parts.settings, values_from_settings),
    )


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "storm.png"
    Image.new("RGB", (48, 32), (20, 30, 90)).save(path)
    return str(path)


PAD = {"kind": "curve", "values": [0, 0.3, 1, 0.3, 0]}


def page_values(picture: str | None, **values: Any) -> list[Any]:
    settings = {
        "picture": picture,
        "pad": PAD,
        "mode": "exact",
        "source": "generate",
        "library": "",
        "concepts": 2,
        "prompt": "",
        "negative_prompt": "",
        "takes": 1,
        "control": "trained",
        "energy_strength": 1,
        "guidance_scale": 3,
        "steps": 5,
        "loudness_lufs": -20,
        "seed": 7,
        "keep_seed": True,
        **values,
    }
    assert tuple(settings[name] is settings[name] for name in SETTINGS)
    return [*(settings[name] for name in SETTINGS), {}]


def test_a_picture_becomes_takes_with_their_energy(picture: str) -> None:
    tab = tab_of(FakeBackend())
    updates = list(tab.handlers.generate(ME, *page_values(picture, takes=2)))
    kinds = [update["takes"]["kind"] for update in updates if "takes" in update]
    assert kinds[-1] == "done" and kinds.count("working") >= 3
    shown = last(updates)
    card = shown["takes"]["result"]
    assert card["title"] == "Shows rain and a dog" and "storm.png · generated · seed 7" in card["detail"]
    assert [take["title"] for take in card["takes"]] == [
        "Take 1: follows your curve closely",
        "Take 2: follows your curve closely",
    ]
    for number, take in enumerate(card["takes"]):
        path = take["sound"]["file"]["path"]
        assert Path(path).name == f"storm-7-{number + 1}.wav" == take["sound"]["name"]
        assert read_sound_settings(path)["take"] == number
        assert len(take["energy"]) == len(card["wish"]) == 200 and max(take["energy"]) > 0.9
        sidecar = json.loads(Path(take["settings"]["file"]["path"]).read_text())
        assert sidecar["request"]["curve"] == PAD["values"]
    assert shown["seed"] == 7 and shown["run_message"]["text"] == ""
    assert shown["records"][card["id"]]["files"] == {"picture": picture}
    assert tab.context.gallery.find("me", card["id"], 1) is not None
    assert tab.context.gallery.find("you", card["id"], 1) is None


@pytest.mark.parametrize(
    ("values", "place", "says"),
    [
        ({"picture": None}, "picture_message", "There is no picture yet"),
        ({"pad": {"kind": "curve", "values": [0, 7]}}, "curve_message", "Number 2 of the curve is 7"),
        ({"takes": 9}, "run_message", "Number of takes is 9"),
        ({"prompt": "x" * 2000}, "words_message", "2000 characters"),
        ({"source": "recordings", "library": "/etc"}, "source_message", "--sounds FOLDER"),
    ],
)
def test_a_problem_stands_beside_its_cause_and_the_next_works(
    picture: str, values: dict[str, Any], place: str, says: str
) -> None:
    tab = tab_of(FakeBackend())
    shown = last(tab.handlers.generate(ME, *page_values(values.pop("picture", picture), **values)))
    assert says in shown[place]["text"] and shown[place]["kind"] == "error"
    assert shown["takes"]["kind"] == "ended"
    assert last(tab.handlers.generate(ME, *page_values(picture)))["takes"]["kind"] == "done"


def test_what_is_worth_knowing_is_said(picture: str) -> None:
    tab = tab_of(FakeBackend(notice="The words are long."))
    shown = last(tab.handlers.generate(ME, *page_values(picture, pad={"kind": "curve", "values": None})))
    said = shown["run_message"]["text"]
    assert said == "No curve was drawn: the sound rises and falls by itself. The words are long."
    assert shown["takes"]["result"]["takes"][0]["title"] == "As it sounds by itself"


def test_failures_and_cancelling_leave_the_last_result(picture: str) -> None:
    tab = tab_of(FakeBackend(failure=Failure("The engine stopped.")))
    shown = last(tab.handlers.generate(ME, *page_values(picture)))
    assert shown["takes"]["kind"] == "ended" and shown["run_message"]["text"] == "The engine stopped."
    tab = tab_of(FakeBackend())
    run = tab.handlers.generate(ME, *page_values(picture))
    next(run)
    next(run)
    tab.context.sessions.cancel("me", TAB)
    assert last(run)["takes"]["message"] == "Stopped. The last picture stays."


def test_a_picture_tells_what_it_shows_and_its_own_curve(picture: str) -> None:
    tab = tab_of(FakeBackend())
    shown = last(tab.handlers.look(ME, picture))
    assert shown["labels"]["labels"][0] == {"name": "rain", "share": 0.8}
    assert shown["ghost"]["seconds"] == 5 and len(shown["ghost"]["values"]) == SWELL.size
    assert last(tab.handlers.look(ME, None))["ghost"]["values"] is None
    backend = FakeBackend()
    backend.generates = False
    assert last(tab_of(backend).handlers.look(ME, picture))["ghost"]["values"] is None


def test_bad_pictures_are_named_where_they_stand(tmp_path: Path) -> None:
    letter = tmp_path / "letter.png"
    letter.write_text("This is not a picture.")
    shown = last(tab_of(FakeBackend()).handlers.look(ME, str(letter)))
    assert "cannot be read as a picture" in shown["picture_message"]["text"]
    assert shown["labels"]["labels"] == [] and shown["ghost"]["values"] is None
    shown = last(tab_of(FakeBackend("No weights.")).handlers.look(ME, str(letter)))
    assert shown["picture_message"]["kind"] == "error"


def test_a_hum_is_drawn(write_sound: WriteSound, tmp_path: Path) -> None:
    handlers = tab_of(FakeBackend()).handlers
    update = handlers.hum(str(write_sound(seconds=2.0)))
    assert update["pad"]["kind"] == "curve" and len(update["pad"]["values"]) == 100
    assert "first 2.0 seconds" in update["hum_message"]["text"]
    letter = tmp_path / "letter.wav"
    letter.write_text("This is not a sound.")
    assert handlers.hum(str(letter))["hum_message"]["kind"] == "error"
    assert handlers.hum(None)["hum_message"]["text"] == ""


def test_a_video_is_made_when_asked_for(picture: str) -> None:
    import av

    tab = tab_of(FakeBackend())
    card = last(tab.handlers.generate(ME, *page_values(picture)))["takes"]["result"]
    value = tab.handlers.film(ME, event(id=card["id"], index=0))["takes"]
    assert value["kind"] == "film" and value["name"].startswith("storm-7.")
    with av.open(value["video"]["path"]) as film:
        assert abs(film.duration / 1e6 - 5) < 0.2 and film.streams.audio and film.streams.video
        assert json.loads(film.metadata["comment" if "comment" in film.metadata else "COMMENT"])["take"] == 0
    for name, index in (("gone", 0), (card["id"], 3), (card["id"], "x")):
        value = tab.handlers.film(ME, event(id=name, index=index))["takes"]
        assert value["video"] is None and "no longer kept" in value["note"]


def test_settings_come_back_from_the_result_and_from_the_file(picture: str) -> None:
    tab = tab_of(FakeBackend())
    shown = last(tab.handlers.generate(ME, *page_values(picture, mode="natural", steps=9, prompt="far")))
    card, records = shown["takes"]["result"], shown["records"]
    back = tab.reuse.shown(records, event(id=card["id"]))
    assert back["pad"] == PAD and (back["mode"], back["steps"], back["prompt"]) == ("natural", 9, "far")
    assert back["picture"] == picture and back["keep_seed"] is True and back["seed"] == 7
    path = card["takes"][0]["sound"]["file"]["path"]
    assert find_files(read_sound_settings(path), records, ()) == {"picture": picture}
    dropped = tab.reuse.dropped(path, records)
    assert dropped["pad"] == PAD and dropped["picture"] == picture
    stranger = tab.reuse.dropped(path, {})
    assert "picture" not in stranger and "storm.png" in stranger["drop_message"]["text"]


def test_settings_of_other_tabs_are_refused() -> None:
    with pytest.raises(BadInput, match="belong to the tab “Sound → Image”"):
        values_from_settings({"request": {"verb": "sound_to_image", "sound": "a.wav"}}, {})
