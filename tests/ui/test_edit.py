"""The handlers of "Edit", each update checked by the name of the part it changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from sonic_ui.engine.caches import CacheUsage
from sonic_ui.engine.events import Failure
from sonic_ui.media.metadata import read_settings
from sonic_ui.requests import EDIT_MODES
from sonic_ui.ui.tabs.edit.results import MODE_WORDS, REUSED, STUDIED
from sonic_ui.ui.widgets.hold_sliders import mode_settings
from tests.conftest import WriteSound
from tests.fakes import FakeBackend
from tests.picture_files import SIZE
from tests.ui.edit_tab import MESSAGES, page_values, stroke, tab_of
from tests.ui.tabs import ME, event, last

# Editing


def test_an_edit_shows_progress_then_before_and_after(write_sound: WriteSound, meadow: Path) -> None:
    tab = tab_of(FakeBackend())
    updates = list(tab.generate(ME, *page_values(meadow, write_sound("rain.wav"))))
    kinds = [update["view"]["kind"] for update in updates if "view" in update]
    assert kinds[0] == "working" and kinds[-1] == "done"
    shown = last(updates)
    card = shown["view"]["result"]
    assert card["title"] == "Heard rain" and card["pair"] and card["aspect"] == 1.5
    for said in ("meadow.png", "rain.wav", "seed 5", "3 steps", "Replace", STUDIED):
        assert said in card["detail"]
    before, after = map(Image.open, shown["compare"])
    assert before.size == after.size == SIZE
    assert np.array_equal(np.asarray(before), np.asarray(Image.open(meadow)))
    path = Path(card["pictures"][0]["file"]["path"])
    assert path.name == "meadow-with-rain-5.png" and str(path) == shown["compare"][1]
    request = read_settings(path)["request"]
    assert (request["picture"], request["tau_attn"], request["mask"]) == ("meadow.png", 0.5, None)
    assert shown["cache_status"].startswith("This picture is known: its next edit takes about a third less")


def test_the_second_edit_starts_from_what_was_kept(write_sound: WriteSound, meadow: Path) -> None:
    backend = FakeBackend()
    tab, sound = tab_of(backend), write_sound()
    assert "The first edit" in tab.analyze(ME, str(meadow))["cache_status"]
    first = last(tab.generate(ME, *page_values(meadow, sound)))
    second = last(tab.generate(ME, *page_values(meadow, sound, strength=0.3, tau_attn=0.9)))
    assert STUDIED in first["view"]["result"]["detail"] and REUSED in second["view"]["result"]["detail"]
    assert [job.source.inversion is None for job in backend.edits] == [True, False]
    somebody = gr.Request(session_hash="somebody else")
    assert "The first edit" in tab.analyze(somebody, str(meadow))["cache_status"]
    tab._context.studio.release("me")
    assert "The first edit" in tab.analyze(ME, str(meadow))["cache_status"]


def test_several_strengths_make_a_grid(write_sound: WriteSound, meadow: Path) -> None:
    tab = tab_of(FakeBackend())
    values = page_values(meadow, write_sound(), several=True, strengths="0.5; 1 1.5")
    shown = last(tab.generate(ME, *values))
    card = shown["view"]["result"]
    captions = [picture["caption"] for picture in card["pictures"]]
    assert captions == ["strength 0.5", "strength 1", "strength 1.5"]
    third = tab.compare(ME, event(id=card["id"], index=2))["compare"]
    assert third == (shown["compare"][0], card["pictures"][2]["file"]["path"])
    for wrong in ({"id": card["id"], "index": 3}, {"id": "result-99", "index": 0}, {"id": card["id"]}):
        assert tab.compare(ME, event(**wrong))["compare"] is None
    stranger = gr.Request(session_hash="somebody else")
    assert tab.compare(stranger, event(id=card["id"], index=0))["compare"] is None


def test_what_is_painted_is_the_mask(write_sound: WriteSound, meadow: Path) -> None:
    backend = FakeBackend()
    tab = tab_of(backend)
    shown = last(tab.generate(ME, *page_values(meadow, write_sound(), mask=[stroke()])))
    mask = backend.edits[-1].source.mask
    assert mask is not None and mask.size == SIZE
    assert np.asarray(mask)[10:20, 10:30].min() == 255 and int((np.asarray(mask) > 0).sum()) == 200
    assert "only where painted" in shown["view"]["result"]["detail"]
    last(tab.generate(ME, *page_values(meadow, write_sound(), mask=[stroke(0, 0)])))
    assert backend.edits[-1].source.mask is None, "nothing painted is no mask"


@pytest.mark.parametrize(
    ("values", "place", "says"),
    [
        ({"picture": None}, "picture_message", "no picture yet"),
        ({"sound": None}, "sound_message", "no sound yet"),
        ({"start_s": 30}, "sound_message", "earlier start"),
        ({"room": "cave"}, "sound_message", "dry, room, hall, church"),
        ({"mode": "melt"}, "how_message", "replace, add, style"),
        ({"tau_attn": 1.5}, "how_message", "from 0 to 1"),
        ({"tau_feature": None, "tau_attn": -1}, "how_message", "from 0 to 1"),
        ({"held": "all"}, "how_message", "paper, released, harder"),
        ({"source_prompt": "x" * 1001}, "how_message", "at most 1000"),
        ({"prompt": "x" * 1001}, "words_message", "at most 1000"),
        ({"several": True, "strengths": "1 " * 7}, "several_message", "7 values were given; 1 to 6"),
        ({"several": True, "strengths": ""}, "several_message", "at least one"),
        ({"several": True, "strengths": "loud"}, "several_message", "'loud'"),
        ({"several": True, "layers": "1 1"}, "several_message", "one for each layer as well"),
        ({"mask": [b"no layer"]}, "mask_message", "paint again"),
        ({"mask": [stroke(size=(40, 40))]}, "mask_message", "40 × 40 px, the picture 60 × 40 px"),
        ({"mask": [stroke(), stroke(size=(40, 40))]}, "mask_message", "paint again"),
        ({"variation": 2}, "run_message", "from 0 to 1"),
        ({"steps": 1000}, "run_message", "from 2 to 100"),
    ],
)
def test_a_refusal_stands_beside_its_cause(
    write_sound: WriteSound, meadow: Path, values: dict[str, Any], place: str, says: str
) -> None:
    tab, sound = tab_of(FakeBackend()), write_sound()
    named = page_values(meadow, sound)
    for name, value in values.items():
        named[[*tab.table.components].index(name)] = value
    shown = last(tab.generate(ME, *named))
    assert says in shown[place]["text"] and shown[place]["kind"] == "error"
    assert shown["view"]["kind"] == "ended"
    assert all(not shown[other]["text"] for other in MESSAGES - {place})
    again = last(tab.generate(ME, *page_values(meadow, sound)))
    assert again["view"]["kind"] == "done" and not again[place]["text"]


def test_cancelling_while_the_picture_is_studied_keeps_nothing(write_sound: WriteSound, meadow: Path) -> None:
    tab = tab_of(FakeBackend())
    shown: dict[str, Any] = {}
    for update in tab.generate(ME, *page_values(meadow, write_sound())):
        shown |= update
        if update.get("view", {}).get("message") == "Studying the picture":
            tab.runs.cancel(ME)
    assert shown["view"]["kind"] == "ended" and "Stopped" in shown["view"]["message"]
    assert tab._context.studio.cache_usage("me") == CacheUsage(0, 0)
    assert "The first edit" in tab.analyze(ME, str(meadow))["cache_status"]


def test_failures_are_sentences(write_sound: WriteSound, meadow: Path) -> None:
    tab = tab_of(FakeBackend(problem="unet/config.json is missing."))
    shown = last(tab.generate(ME, *page_values(meadow, write_sound())))
    assert shown["run_message"]["text"] == "unet/config.json is missing."
    assert isinstance(Failure("x"), RuntimeError) and shown["head"]["state"] == "failed"


# Settings that come back


def test_settings_come_back_with_picture_and_paint(write_sound: WriteSound, meadow: Path) -> None:
    tab, sound = tab_of(FakeBackend()), write_sound("rain.wav")
    values = page_values(
        meadow,
        sound,
        mask=[stroke()],
        mode="style",
        held="harder",
        room="hall",
        gain_db=-6,
        several=True,
        strengths="0.5 1.5",
        variation=0.2,
        source_prompt="a meadow",
    )
    shown = last(tab.generate(ME, *values))
    name = shown["view"]["result"]["id"]
    back = tab.reuse.shown(shown["records"], event(id=name))
    assert (back["mode"], back["held"], back["tau_attn"], back["tau_feature"]) == (
        "style",
        "harder",
        0.5,
        0.4,
    )
    assert (back["several"], back["strengths"], back["variation"]) == (True, "0.5, 1.5", 0.2)
    assert (back["picture"], back["sound"], back["room"], back["gain_db"]) == (
        *(str(meadow), str(sound)),
        *("hall", -6),
    )
    (layer,) = back["mask"]["layers"]
    alpha = np.asarray(Image.open(layer).getchannel("A"))
    assert alpha.shape == SIZE[::-1] and alpha[15, 20] > 100 and alpha[0, 0] == 0
    assert "are back." in back["drop_message"]["text"]

    path = shown["view"]["result"]["pictures"][1]["file"]["path"]
    alone = tab.reuse.dropped(path, {})
    assert alone["mode"] == "style" and "picture" not in alone and "mask" not in alone
    assert "the picture “meadow.png”" in alone["drop_message"]["text"]
    assert "the sound “rain.wav”" in alone["drop_message"]["text"]
    known = tab.reuse.dropped(path, shown["records"])
    assert known["picture"] == str(meadow) and known["mask"]["layers"]


def test_what_a_request_left_to_its_mode_comes_back_as_the_modes_own(
    write_sound: WriteSound, meadow: Path
) -> None:
    tab = tab_of(FakeBackend())
    values = page_values(meadow, write_sound(), mode="add", tau_attn=None, tau_feature=None, held=None)
    shown = last(tab.generate(ME, *values))
    back = tab.reuse.shown(shown["records"], event(id=shown["view"]["result"]["id"]))
    assert [back["tau_attn"], back["tau_feature"], back["held"]] == mode_settings()["add"]
    assert back["several"] is False and "strengths" not in back and back["mask"]["layers"] == []


def test_every_mode_says_what_it_does_and_what_it_holds() -> None:
    names = {"replace", "add", "style", "paper", "released", "words"}
    assert set(mode_settings()) == set(EDIT_MODES) == set(MODE_WORDS) == names
    assert all(mode.line.endswith(".") and len(mode.line) < 95 for mode in EDIT_MODES.values())
    assert [mode_settings()[name][2] for name in ("style", "paper", "released")] == [
        "harder",
        "paper",
        "released",
    ]


def test_a_mode_shows_how_it_weighs_the_strength() -> None:
    replace, paper = EDIT_MODES["replace"].factors_line, EDIT_MODES["paper"].factors_line
    assert replace == "The strength counts 0.8 in coarse layers, 0.4 in middle and 0.12 in fine ones."
    assert paper == "The strength counts as it is, in every layer."


def test_the_same_edit_again_says_so_at_once_and_can_be_varied(write_sound: WriteSound, meadow: Path) -> None:
    tab, sound = tab_of(FakeBackend()), write_sound("rain.wav")
    first = last(tab.generate(ME, *page_values(meadow, sound)))
    *settings, _ = page_values(meadow, sound, seed=6)
    again = last(tab.generate(ME, *settings, first["records"]))
    assert again["view"]["kind"] == "ended" and "come out the same" in again["run_message"]["text"]
    *settings, _ = page_values(meadow, sound, strength=0.5)
    assert last(tab.generate(ME, *settings, first["records"]))["view"]["kind"] == "done"
    card = first["view"]["result"]
    varied = last(tab.vary(ME, first["records"], event(id=card["id"], index=0, amount=0.5)))
    result = varied["view"]["result"]
    assert [one["caption"] for one in result["pictures"]] == [f"variation {n}" for n in (1, 2, 3, 4)]
    request = read_settings(Path(result["pictures"][0]["file"]["path"]))["request"]
    assert request["strengths"] == [1.0] * 4 and request["variations"][0][1] == 0.5
