"""The tab "Film": its handlers, each update by the name of the part it changes, and its endpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from sonic_ui.engine.cost import FilmCost
from sonic_ui.engine.studio import Studio
from sonic_ui.media.metadata import read_settings
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.tabs.film.events import Components, FileSettings, Handlers, Movement, Source
from sonic_ui.ui.tabs.film.results import cost_words
from sonic_ui.ui.widgets.runs import RunBar
from sonic_ui.ui.widgets.settings_drop import SettingsDrop
from sonic_ui.ui.widgets.sound_input import SoundInput
from tests.fakes import FakeBackend
from tests.ui.tabs import ME, event, in_order, last, part, prompts

RATE = 48_000


@pytest.fixture
def track(tmp_path: Path) -> Path:
    """Three seconds of a low tone, then three of a high one."""
    times = np.arange(3 * RATE) / RATE
    path = tmp_path / "track.flac"
    soundfile.write(path, 0.3 * np.concatenate([np.sin(2 * np.pi * hz * times) for hz in (300, 3000)]), RATE)
    return path


def tab_of(backend: FakeBackend) -> Handlers:
    """The tab's handlers, on components that are their own names."""
    parts = Components(
        part(SoundInput, name="film", message="sound_message", gain_db=None),
        part(Movement, message="how_message"),
        part(Source, message="picture_message"),
        prompts(beside_seed="fps"),
        part(FileSettings),
        part(RunBar, message="run_message"),
        "view",  # type: ignore[arg-type]
        "look",  # type: ignore[arg-type]
        part(SettingsDrop, message="drop_message"),
        part(SharedComponents),
    )
    return Handlers(AppContext(Studio(backend), ()), parts)


def page_values(path: Path | None, **values: Any) -> dict[str, Any]:
    settings = {
        **{"sound": None if path is None else str(path), "start_s": None, "end_s": None},
        **{"content": True, "change_s": 1, "loudness": 0.5, "hold_beats": 0, "by_name": True},
        **{"kick": "none", "kick_by": "onsets", "kick_amount": 0.5, "picture": None, "mode": "replace"},
        **{
            "prompt": "",
            "negative_prompt": "",
            "strength": 1,
            "layers": "",
            "guidance_scale": 4.0,
            "steps": 2,
        },
        **{"steps": 2, "seed": 5, "keep_seed": True, "aspect": "1:1", "fps": 12},
        **{"quality": "draft", "output": "mp4", "size_px": 128},
    }
    return {**settings, **values}


def test_a_film_grows_and_is_shown(track: Path) -> None:
    tab = tab_of(FakeBackend())
    updates = [*tab.generate(ME, *in_order(tab.table, page_values(track)))]
    views = [update["view"] for update in updates if "view" in update]
    growing = [view for view in views if view["kind"] == "working" and view["pictures"]]
    assert growing[-1]["pictures"][-1]["at"] == 6.0
    film = views[-1]["film"]
    assert film["title"] == "Rain, then a dog" and film["name"] == "track-5.mp4" and film["video"]
    assert film["duration_s"] == 6.0 and film["frames"][0]["words"].endswith("where rain is heard.")
    assert read_settings(film["frames"][0]["file"]["path"])["request"]["fps"] == 12
    values = tab.table.values(views[-1]["settings"], {"sound": str(track)})
    assert {name: values[name] for name in ("fps", "size_px", "quality")} == {
        **{"fps": 12, "size_px": 128, "quality": "draft"}
    }
    assert values["picture"] is None, "a film from noise takes the picture on the page away"


def test_the_timeline_says_what_is_heard(track: Path) -> None:
    tab = tab_of(FakeBackend())
    shown = last(tab.sound.analyze(ME, str(track), None, None))["drawing"]
    lanes = shown["track"]
    assert [label for *_, label in lanes["segments"]] == ["rain", "a dog"] and shown["heard"] == [0.0, 6.0]
    assert lanes["labels"] == ["rain", "a dog"] or lanes["labels"] == ["a dog", "rain"]
    cut = last(tab.sound.analyze(ME, str(track), 1.0, 4.0))["drawing"]
    assert cut["heard"] == [1.0, 4.0] and cut["track"]["segments"][-1][1] == 6.0


def test_an_unknown_sound_and_a_short_one_are_said(track: Path, tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.known_probability = 0.1
    tab = tab_of(backend)
    lanes = last(tab.sound.analyze(ME, str(track), None, None))["drawing"]["track"]
    assert {label for *_, label in lanes["segments"]} == {""}
    assert "of a sound that this engine does not know" in lanes["words"]
    soundfile.write(tmp_path / "short.wav", np.full(9600, 0.1), RATE)
    shown = last(tab.sound.analyze(ME, str(tmp_path / "short.wav"), None, None))
    assert "a film needs at least 1 s" in shown["sound_message"]["text"]


def test_what_a_film_takes_is_said_before(track: Path) -> None:
    tab = tab_of(FakeBackend())
    *values, _ = in_order(tab.table, page_values(track))
    assert tab.estimate(ME, *values) == {"estimate": {"kind": "", "text": ""}}  # nothing was heard yet
    last(tab.sound.analyze(ME, str(track), None, None))
    words = tab.estimate(ME, *values)["estimate"]["text"]
    assert words.endswith("pictures to paint for 72 frames.")
    shorter = tab.estimate(ME, *in_order(tab.table, page_values(track, end_s=2.0, fps=30))[:-1])
    assert shorter["estimate"]["text"] == "1 picture to paint for 60 frames."
    last(tab.generate(ME, *values, {}))
    assert tab.estimate(ME, *values)["estimate"]["text"].endswith("nothing is painted for 72 frames.")


def test_the_words_of_an_estimate() -> None:
    cost = FilmCost(pictures=12, kept=30, frames=360, megapixels=94.0, passes=48)
    assert cost_words(cost, 23.0) == (
        "12 pictures to paint, 30 are there already, for 360 frames: about 25 s."
    )
    assert cost_words(replace(cost, pictures=1, kept=0), 204.0).startswith("1 picture to paint for")
    assert cost_words(replace(cost, pictures=1, kept=0), 204.0).endswith("about 3 min 20 s.")


def test_a_moment_is_seen_first(track: Path) -> None:
    tab = tab_of(FakeBackend())
    *values, _ = in_order(tab.table, page_values(track))
    shown = last(tab.see(ME, event(at=5.0), *values))
    assert shown["look"]["frame"]["file"] and shown["keep_seed"] is True and shown["seed"] == 5
    missing = last(tab.see(ME, event(at=5.0), *in_order(tab.table, page_values(None))[:-1]))
    assert missing["look"]["frame"] is None and "no sound yet" in missing["look"]["words"]


def test_programs_make_films(client: Any, track: Path) -> None:
    from gradio_client import handle_file

    film, settings = client.predict(
        sound=handle_file(track), fps=10, size_px=128, kick="zoom", api_name="/make_film"
    )
    assert Path(film).suffix == ".mp4" and settings["frames"] == 60 and settings["duration_s"] == 6.0
    assert [one["label"] for one in settings["segments"]] == ["rain", "a dog"]
    assert read_settings(film)["request"]["kick"] == "zoom"
    with pytest.raises(Exception, match="Frames a second is 1000; it takes a whole number from 6 to 30"):
        client.predict(sound=handle_file(track), fps=1000, api_name="/make_film")
