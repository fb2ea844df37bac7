"""The tab "Image → Sound": its handlers, each update checked by the name of the part it changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import soundfile
from gradio_client.exceptions import AppError
from PIL import Image

from sonic_ui.requests import BadInput
from sonic_ui.studio import Failure, Libraries, Studio
from sonic_ui.ui.components.curve_pad import CurvePad
from sonic_ui.ui.desk import Desk, Shared
from sonic_ui.ui.examples import Example
from sonic_ui.ui.image_to_sound import TAB, Making, Parts, SoundWords
from sonic_ui.ui.image_to_sound_handlers import SETTINGS, Handlers, updates_of
from sonic_ui.ui.page import build_page, launch_options
from sonic_ui.ui.parts.picture_drop import PictureDrop, Reuse
from sonic_ui.ui.parts.picture_input import PictureInput
from sonic_ui.ui.parts.runs import RunBar, Runs
from sonic_ui.ui.reuse import find_files
from sonic_ui.ui.sound_files import read_sound_settings
from tests.conftest import WriteSound
from tests.fakes import SWELL, FakeBackend

ME = gr.Request(session_hash="me")


def part(kind: Any, **names: str) -> Any:
    """A part whose components are their own names."""
    return kind(**{field.name: names.get(field.name, field.name) for field in fields(kind)})


@dataclass(frozen=True)
class Tab:
    """The tab's handlers, on components that are their own names."""

    desk: Desk
    handlers: Handlers
    reuse: Reuse


def tab_of(backend: FakeBackend, examples: tuple[Example, ...] = ()) -> Tab:
    desk = Desk(Studio(backend), examples)
    parts = part(
        Parts,
        picture=part(PictureInput, message="picture_message", name="place"),
        curve=part(CurvePad),
        making=part(Making, message="source_message"),
        words=part(SoundWords, message="words_message", takes="count"),
        bar=part(RunBar, message="run_message"),
        drop=part(PictureDrop, message="drop_message", picture="drop"),
        shared=part(Shared),
    )
    runs = Runs(desk, parts.shared, TAB, parts.takes, parts.bar, parts.messages)
    return Tab(desk, Handlers(desk, parts, runs), Reuse(desk, parts.drop, parts.settings, updates_of))


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


def merged(updates: Iterator[dict[Any, Any]]) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for update in updates:
        result |= update
    return result


def test_a_picture_becomes_takes_with_their_energy(picture: str) -> None:
    tab = tab_of(FakeBackend())
    updates = list(tab.handlers.generate(ME, *page_values(picture, takes=2)))
    kinds = [update["takes"]["kind"] for update in updates if "takes" in update]
    assert kinds[-1] == "done" and kinds.count("working") >= 3
    last = merged(iter(updates))
    card = last["takes"]["result"]
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
    assert last["seed"] == 7 and last["run_message"]["text"] == ""
    assert last["records"][card["id"]]["files"] == {"picture": picture}
    assert tab.desk.gallery.find("me", card["id"], 1) is not None
    assert tab.desk.gallery.find("you", card["id"], 1) is None


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
    last = merged(tab.handlers.generate(ME, *page_values(values.pop("picture", picture), **values)))
    assert says in last[place]["text"] and last[place]["kind"] == "error"
    assert last["takes"]["kind"] == "ended"
    assert merged(tab.handlers.generate(ME, *page_values(picture)))["takes"]["kind"] == "done"


def test_what_is_worth_knowing_is_said(picture: str) -> None:
    tab = tab_of(FakeBackend(notice="The words are long."))
    last = merged(tab.handlers.generate(ME, *page_values(picture, pad={"kind": "curve", "values": None})))
    assert last["run_message"]["text"] == "No curve was drawn: the picture’s own is used. The words are long."
    assert last["takes"]["result"]["takes"][0]["title"] == "Follows the picture’s own curve closely"


def test_failures_and_cancelling_leave_the_last_result(picture: str) -> None:
    tab = tab_of(FakeBackend(failure=Failure("The engine stopped.")))
    last = merged(tab.handlers.generate(ME, *page_values(picture)))
    assert last["takes"]["kind"] == "ended" and last["run_message"]["text"] == "The engine stopped."
    tab = tab_of(FakeBackend())
    run = tab.handlers.generate(ME, *page_values(picture))
    next(run)
    next(run)
    tab.desk.sessions.cancel("me", TAB)
    assert merged(run)["takes"]["message"] == "Stopped. The last picture stays."


def test_a_picture_tells_what_it_shows_and_its_own_curve(picture: str) -> None:
    tab = tab_of(FakeBackend())
    last = merged(tab.handlers.look(ME, picture))
    assert last["labels"]["labels"][0] == {"name": "rain", "share": 0.8}
    assert last["ghost"]["seconds"] == 5 and len(last["ghost"]["values"]) == SWELL.size
    assert merged(tab.handlers.look(ME, None))["ghost"]["values"] is None
    backend = FakeBackend()
    backend.generates = False
    assert merged(tab_of(backend).handlers.look(ME, picture))["ghost"]["values"] is None


def test_bad_pictures_are_named_where_they_stand(tmp_path: Path) -> None:
    letter = tmp_path / "letter.png"
    letter.write_text("This is not a picture.")
    last = merged(tab_of(FakeBackend()).handlers.look(ME, str(letter)))
    assert "cannot be read as a picture" in last["picture_message"]["text"]
    assert last["labels"]["labels"] == [] and last["ghost"]["values"] is None
    last = merged(tab_of(FakeBackend("No weights.")).handlers.look(ME, str(letter)))
    assert last["picture_message"]["kind"] == "error"


def test_a_hum_is_drawn(write_sound: WriteSound, tmp_path: Path) -> None:
    handlers = tab_of(FakeBackend()).handlers
    update = handlers.hum(str(write_sound(seconds=2.0)))
    assert update["pad"]["kind"] == "curve" and len(update["pad"]["values"]) == 100
    assert "first 2.0 seconds" in update["hum_message"]["text"]
    letter = tmp_path / "letter.wav"
    letter.write_text("This is not a sound.")
    assert handlers.hum(str(letter))["hum_message"]["kind"] == "error"
    assert handlers.hum(None)["hum_message"]["text"] == ""


class Sent:
    def __init__(self, **values: Any) -> None:
        vars(self).update(values)


def test_a_video_is_made_when_asked_for(picture: str) -> None:
    import av

    tab = tab_of(FakeBackend())
    card = merged(tab.handlers.generate(ME, *page_values(picture)))["takes"]["result"]
    value = tab.handlers.film(ME, Sent(id=card["id"], index=0))["takes"]  # type: ignore[arg-type]
    assert value["kind"] == "film" and value["name"].startswith("storm-7.")
    with av.open(value["video"]["path"]) as film:
        assert abs(film.duration / 1e6 - 5) < 0.2 and film.streams.audio and film.streams.video
        assert json.loads(film.metadata["comment" if "comment" in film.metadata else "COMMENT"])["take"] == 0
    for name, index in (("gone", 0), (card["id"], 3), (card["id"], "x")):
        value = tab.handlers.film(ME, Sent(id=name, index=index))["takes"]  # type: ignore[arg-type]
        assert value["video"] is None and "no longer kept" in value["note"]


def test_settings_come_back_from_the_result_and_from_the_file(picture: str) -> None:
    tab = tab_of(FakeBackend())
    last = merged(tab.handlers.generate(ME, *page_values(picture, mode="natural", steps=9, prompt="far")))
    card, records = last["takes"]["result"], last["records"]
    back = tab.reuse.shown(records, Sent(id=card["id"]))  # type: ignore[arg-type]
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
        updates_of({"request": {"verb": "sound_to_image", "sound": "a.wav"}}, {})


# The endpoint


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("library")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, library: Path) -> Iterator[Any]:
    from gradio_client import Client

    studio = Studio(FakeBackend(), Libraries(library))
    page = build_page(studio, tmp_path_factory.mktemp("no-examples"))
    _, address, _ = page.launch(prevent_thread_lock=True, **launch_options())
    yield Client(address, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))
    page.close()


def call(client: Any, picture: str, **values: Any) -> tuple[list[str], dict[str, Any]]:
    from gradio_client import handle_file

    return client.predict(handle_file(picture), api_name="/image_to_sound", **values)


def test_programs_let_a_picture_sound(client: Any, picture: str) -> None:
    files, settings = call(client, picture, curve=[0, 1, 0.2], takes=2, seed=11)
    assert len(files) == 2 and settings["request"]["curve"] == [0, 1, 0.2]
    samples, rate = soundfile.read(files[1])
    assert rate == 16_000 and samples.size == 80_000
    assert [take["pearson_r"] > 0.9 for take in settings["takes"]] == [True, True]
    assert len(settings["energy"][0]) == len(settings["wish"]) == 500
    assert read_sound_settings(files[0])["request"]["seed"] == 11
    _, settings = call(client, picture)
    assert "picture’s own" in settings["notices"][0]
    _, settings = call(client, picture, moments=[[0.5, 1.5], [3, 4]], mode="natural")
    assert settings["request"]["moments"] == [[0.5, 1.5], [3, 4]] and np.sum(settings["wish"]) == 200


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"curve": []}, "The curve is empty"),
        ({"curve": [0.5]}, "The curve has one number"),
        ({"curve": [0, 1.5]}, "Number 2 of the curve is 1.5"),
        ({"curve": [0, None]}, "Number 2 of the curve is empty"),
        ({"curve": "loud"}, "it takes a list of numbers"),
        ({"curve": [0, 1], "moments": [0, 1]}, "Give one of them"),
        ({"moments": [[2, 1]]}, "runs from 2 s to 1 s"),
        ({"moments": [[9, 10]]}, "All moments lie after the end"),
        ({"mode": "wild"}, "natural, exact"),
        ({"takes": 9}, "from 1 to 4"),
        ({"source": "recordings", "library": "/etc"}, "--sounds FOLDER"),
    ],
)
def test_programs_get_the_same_sentences(
    client: Any, picture: str, values: dict[str, Any], says: str
) -> None:
    with pytest.raises(AppError) as caught:
        call(client, picture, **values)
    assert says in str(caught.value)


def test_a_hundred_thousand_points_are_taken(client: Any, picture: str) -> None:
    _, settings = call(client, picture, curve=[i % 1000 / 1000 for i in range(100_000)])
    assert len(settings["request"]["curve"]) == 1000


def test_no_picture_and_no_picture_file(client: Any, tmp_path: Path, picture: str) -> None:
    letter = tmp_path / "letter.png"
    letter.write_text("This is not a picture.")
    with pytest.raises(AppError, match="cannot be read as a picture"):
        call(client, str(letter))
    with pytest.raises(AppError, match="There is no picture yet"):
        client.predict(api_name="/image_to_sound")
    assert len(call(client, picture)[0]) == 1
