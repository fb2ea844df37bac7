"""The tab "Image → Sound": its handlers, each update checked by the name of the part it changes."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from sonic_ui.engine.events import Failure
from sonic_ui.engine.inputs import Libraries
from sonic_ui.engine.studio import Studio
from sonic_ui.media.metadata import read_sound_settings
from sonic_ui.requests import BadInput
from sonic_ui.ui.components.concept_chips import ConceptChips
from sonic_ui.ui.components.curve_pad import CurvePad
from sonic_ui.ui.session.context import AppContext, Example, SharedComponents
from sonic_ui.ui.settings.reuse import find_files
from sonic_ui.ui.tabs.image_to_sound.events import (
    TAB,
    Components,
    Handlers,
    SoundPrompts,
    SourceSettings,
    usual_source,
)
from sonic_ui.ui.tabs.image_to_sound.hum import HumHandlers
from sonic_ui.ui.widgets.picture_input import PictureInput
from sonic_ui.ui.widgets.prompt_settings import SeedField
from sonic_ui.ui.widgets.runs import RunBar
from sonic_ui.ui.widgets.settings_drop import SettingsDrop
from tests.conftest import WriteSound
from tests.fakes import SWELL, FakeBackend
from tests.ui.tabs import ME, event, in_order, last, part


def tab_of(backend: FakeBackend, examples: tuple[Example, ...] = ()) -> Handlers:
    """The tab's handlers, on components that are their own names."""
    parts = part(
        Components,
        picture=part(PictureInput, message="picture_message"),
        concepts=part(ConceptChips),
        curve=part(CurvePad),
        source=part(SourceSettings, message="source_message"),
        prompts=part(SoundPrompts, message="words_message", seed=part(SeedField)),
        bar=part(RunBar, message="run_message"),
        drop=part(SettingsDrop, message="drop_message", picture="drop"),
        shared=part(SharedComponents),
    )
    return Handlers(AppContext(Studio(backend), examples), parts)


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
        "length_s": 5.12,
        "mode": "exact",
        "source": "generate",
        "library": "",
        "chips": {"chosen": None, "most": 2, "unsure": False},
        "prompt": "",
        "negative_prompt": "",
        "takes": 1,
        "candidates": 1,
        "control": "auto",
        "energy_strength": 1,
        "guidance_scale": 3,
        "steps": 5,
        "loudness_lufs": -20,
        "seed": 7,
        "keep_seed": True,
        **values,
    }
    return in_order(tab_of(FakeBackend()).table, settings)


def test_a_picture_becomes_takes_with_their_energy(picture: str) -> None:
    tab = tab_of(FakeBackend())
    updates = list(tab.generate(ME, *page_values(picture, takes=2)))
    kinds = [update["view"]["kind"] for update in updates if "view" in update]
    assert kinds[-1] == "done" and kinds.count("working") >= 3
    shown = last(updates)
    card = shown["view"]["result"]
    assert card["title"] == "Shows rain and a dog" and "storm.png · generated · seed 7" in card["detail"]
    assert [take["title"] for take in card["takes"]] == [
        "Take 1: follows your curve closely",
        "Take 2: follows your curve closely",
    ]
    for number, take in enumerate(card["takes"]):
        path = take["sound"]["file"]["path"]
        assert Path(path).name == f"storm-7-{number + 1}.wav" == take["sound"]["name"]
        assert read_sound_settings(path)["take"] == number
        assert len(take["energy"]) == len(card["target"]) == 200 and max(take["energy"]) > 0.9
        sidecar = json.loads(Path(take["settings"]["file"]["path"]).read_text())
        assert sidecar["request"]["curve"] == PAD["values"]
    assert shown["seed"] == 7 and shown["run_message"]["text"] == ""
    assert shown["records"][card["id"]]["files"] == {"picture": picture}
    assert tab._context.gallery.find("me", card["id"], 1) is not None
    assert tab._context.gallery.find("you", card["id"], 1) is None


@pytest.mark.parametrize(
    ("values", "place", "says"),
    [
        ({"picture": None}, "picture_message", "There is no picture yet"),
        ({"pad": {"kind": "curve", "values": [0, 7]}}, "curve_message", "Number 2 of the curve is 7"),
        ({"length_s": 40}, "curve_message", "Length in seconds is 40; it takes a number from 2 to 30"),
        ({"chips": {"chosen": []}}, "concepts_message", "No sound is chosen. Add one"),
        ({"chips": {"chosen": None, "unsure": True}}, "concepts_message", "Nothing that this engine knows"),
        ({"chips": {"chosen": [["rain", 0]] * 40}}, "concepts_message", "Concepts: 40 were given"),
        ({"chips": {"chosen": None, "most": 9}}, "concepts_message", "Number of sources is 9"),
        ({"takes": 9}, "run_message", "Number of takes is 9"),
        ({"prompt": "x" * 2000}, "words_message", "2000 characters"),
        ({"source": "recordings", "library": "/etc"}, "source_message", "--sounds FOLDER"),
    ],
)
def test_a_problem_stands_beside_its_cause_and_the_next_works(
    picture: str, values: dict[str, Any], place: str, says: str
) -> None:
    tab = tab_of(FakeBackend())
    shown = last(tab.generate(ME, *page_values(values.pop("picture", picture), **values)))
    assert says in shown[place]["text"] and shown[place]["kind"] == "error"
    assert shown["view"]["kind"] == "ended"
    assert last(tab.generate(ME, *page_values(picture)))["view"]["kind"] == "done"


def test_what_is_worth_knowing_is_said(picture: str) -> None:
    tab = tab_of(FakeBackend(notice="The words are long."))
    shown = last(tab.generate(ME, *page_values(picture, pad={"kind": "curve", "values": None})))
    said = shown["run_message"]["text"]
    assert said == "No curve was drawn: the sound rises and falls by itself. The words are long."
    assert shown["view"]["result"]["takes"][0]["title"] == "As it sounds by itself"


def test_the_best_of_several_candidates_is_named(picture: str) -> None:
    tab = tab_of(FakeBackend())
    shown = last(tab.generate(ME, *page_values(picture, takes=2, candidates=3)))
    takes = shown["view"]["result"]["takes"]
    assert all(take["figures"].endswith("best of 3") for take in takes)
    settings = read_sound_settings(takes[1]["sound"]["file"]["path"])
    assert settings["seed"] == 8 and settings["request"]["candidates"] == 3


def test_generated_and_recorded_stand_side_by_side(picture: str, tmp_path: Path) -> None:
    tab = tab_of(FakeBackend())
    tab._context.studio.libraries = Libraries(tmp_path)
    chips = {"chosen": [["rain", 0], ["thunder", -6]], "most": 2, "unsure": False}
    shown = last(tab.generate(ME, *page_values(picture, source="both", takes=2, chips=chips)))
    card = shown["view"]["result"]
    assert card["title"] == "Sounds of rain and thunder" and "generated and from recordings" in card["detail"]
    names = [f"Take {take}, {origin}" for take in (1, 2) for origin in ("layered", "generated", "recorded")]
    takes = card["takes"]
    assert [take["name"] for take in takes] == names
    assert takes[0]["title"].startswith("Take 1, layered: follows")
    assert takes[3]["sound"]["name"] == "storm-7-2-layered.wav"
    assert read_sound_settings(takes[4]["sound"]["file"]["path"])["seed"] == 8
    assert takes[0]["lufs"] == pytest.approx(-20, abs=0.5) and len(takes[0]["waveform"]) == 240
    assert max(takes[0]["waveform"]) == 1 and min(takes[0]["waveform"]) >= 0
    assert takes[1]["sources"] == "rain 0 dB · thunder −6 dB" and takes[2]["sources"] == "rain from rain.wav"
    back = tab.reuse.shown(shown["records"], event(id=card["id"]))
    assert back["chips"] == chips and back["source"] == "both"


def test_a_picture_that_nothing_fits_asks_for_a_chip(picture: str) -> None:
    backend = FakeBackend()
    backend.fit = 0.2
    tab = tab_of(backend)
    hints = last(tab.analyze(ME, picture))["hints"]
    assert hints["unsure"] and hints["picture"] and not hints["closed"]
    shown = last(tab.generate(ME, *page_values(picture)))
    assert "Nothing that this engine knows fits the picture well" in shown["run_message"]["text"]
    backend.fit = 0.9
    assert not last(tab_of(backend).analyze(ME, picture))["hints"]["unsure"]


def test_the_engine_says_where_sounds_come_from() -> None:
    assert usual_source(True, "both") == "both" and usual_source(True, None) == "generate"
    assert usual_source(False, "both") == "recordings" and usual_source(True, "elsewhere") == "generate"


def test_failures_and_cancelling_leave_the_last_result(picture: str) -> None:
    tab = tab_of(FakeBackend(failure=Failure("The engine stopped.")))
    shown = last(tab.generate(ME, *page_values(picture)))
    assert shown["view"]["kind"] == "ended" and shown["run_message"]["text"] == "The engine stopped."
    tab = tab_of(FakeBackend())
    run = tab.generate(ME, *page_values(picture))
    next(run)
    next(run)
    tab._context.tasks.cancel("me", TAB)
    assert last(run)["view"]["message"] == "Stopped. The last picture stays."


def test_a_picture_tells_what_it_shows_and_its_own_curve(picture: str) -> None:
    tab = tab_of(FakeBackend())
    shown = last(tab.analyze(ME, picture))
    assert shown["hints"]["labels"][0] == {"name": "rain", "share": 0.8}
    assert shown["hints"]["vocabulary"] == ["a dog", "rain"] and not shown["hints"]["unsure"]
    assert len(shown["ghost"]["values"]) == SWELL.size
    assert last(tab.analyze(ME, None))["ghost"]["values"] is None
    backend = FakeBackend()
    backend.generates = False
    assert last(tab_of(backend).analyze(ME, picture))["ghost"]["values"] is None


def test_bad_pictures_are_named_where_they_stand(tmp_path: Path) -> None:
    letter = tmp_path / "letter.png"
    letter.write_text("This is not a picture.")
    shown = last(tab_of(FakeBackend()).analyze(ME, str(letter)))
    assert "cannot be read as a picture" in shown["picture_message"]["text"]
    assert shown["hints"]["labels"] == [] and shown["ghost"]["values"] is None
    shown = last(tab_of(FakeBackend("No weights.")).analyze(ME, str(letter)))
    assert shown["picture_message"]["kind"] == "error"


def test_a_hum_is_drawn(write_sound: WriteSound, tmp_path: Path) -> None:
    hum: Any = SimpleNamespace(drawing="drawing", message="message")
    handlers = HumHandlers(hum, "pad", 5.12)  # type: ignore[arg-type]
    update = handlers.draw(str(write_sound(seconds=2.0)), None, None, 5.12)
    assert update["pad"]["kind"] == "curve" and len(update["pad"]["values"]) == 100
    assert "first 2.0 seconds" in update["message"]["text"]
    assert update["drawing"]["state"] == "drawn" and update["drawing"]["heard"] == [0, 2]
    part = handlers.draw(str(write_sound(seconds=2.0)), 0.5, 1.5, 5.12)
    assert "first 1.0 seconds" in part["message"]["text"] and part["drawing"]["asked"] == [0.5, 1.5]
    stretched = handlers.draw(str(write_sound(seconds=2.0)), None, None, 20)["pad"]["values"]
    assert max(stretched[11:]) == 0 < max(stretched[:9])
    letter = tmp_path / "letter.wav"
    letter.write_text("This is not a sound.")
    failed = handlers.draw(str(letter), None, None, 5.12)
    assert failed["message"]["kind"] == "error" and failed["drawing"]["state"] == "failed"
    assert "from 2 to 30" in handlers.draw(str(write_sound()), None, None, 99)["message"]["text"]
    empty = handlers.draw(None, None, None, 5.12)
    assert empty["message"]["text"] == "" and empty["drawing"]["state"] == "empty"


def test_a_video_is_made_when_asked_for(picture: str) -> None:
    import av

    tab = tab_of(FakeBackend())
    card = last(tab.generate(ME, *page_values(picture)))["view"]["result"]
    value = tab.write_video(ME, event(id=card["id"], index=0))["view"]
    assert value["kind"] == "film" and value["name"].startswith("storm-7.")
    with av.open(value["video"]["path"]) as film:
        assert abs(film.duration / 1e6 - 5.12) < 0.2 and film.streams.audio and film.streams.video
        assert json.loads(film.metadata["comment" if "comment" in film.metadata else "COMMENT"])["take"] == 0
    for name, index in (("gone", 0), (card["id"], 3), (card["id"], "x")):
        value = tab.write_video(ME, event(id=name, index=index))["view"]
        assert value["video"] is None and "no longer kept" in value["note"]


def test_settings_come_back_from_the_result_and_from_the_file(picture: str) -> None:
    tab = tab_of(FakeBackend())
    shown = last(tab.generate(ME, *page_values(picture, mode="natural", steps=9, prompt="far", length_s=9)))
    card, records = shown["view"]["result"], shown["records"]
    assert card["seconds"] == 9
    back = tab.reuse.shown(records, event(id=card["id"]))
    assert back["length_s"] == 9
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
        tab_of(FakeBackend()).table.values({"request": {"verb": "sound_to_image", "sound": "a.wav"}}, {})
