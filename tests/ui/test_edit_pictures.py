"""The pictures that "Edit" is given: of every kind, large ones, examples, and those from other tabs."""

from __future__ import annotations

import re
from pathlib import Path

import gradio as gr
import pytest
from PIL import Image

from sonic_ui.engine.studio import Studio
from sonic_ui.ui.session.context import AppContext, Example
from sonic_ui.ui.tabs.edit.results import example_card
from sonic_ui.ui.widgets.picture_input import PREVIEW_PX
from tests.conftest import WriteSound
from tests.fakes import FakeBackend
from tests.picture_files import BAD, GOOD, SIZE
from tests.ui.edit_tab import page_values, tab_of
from tests.ui.tabs import ME, event, last


@pytest.mark.parametrize("name", list(BAD))
def test_pictures_that_cannot_be_used_say_why(
    write_sound: WriteSound, meadow: Path, tmp_path: Path, name: str
) -> None:
    make, says = BAD[name]
    path = tmp_path / name
    make(path)
    tab = tab_of(FakeBackend())
    analyzed = tab.analyze(ME, str(path))
    pattern = re.compile(says)
    assert analyzed["picture_message"]["kind"] == "error" and pattern.search(
        analyzed["picture_message"]["text"]
    )
    assert "view" not in tab.show(str(path)), "the last good result stays"
    shown = last(tab.generate(ME, *page_values(path, write_sound())))
    assert pattern.search(shown["picture_message"]["text"]) and shown["view"]["kind"] == "ended"
    assert last(tab.generate(ME, *page_values(meadow, write_sound())))["view"]["kind"] == "done"


@pytest.mark.parametrize("name", list(GOOD))
def test_pictures_of_every_kind_are_edited_upright(
    write_sound: WriteSound, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    GOOD[name](path)
    backend = FakeBackend()
    tab = tab_of(backend)
    size = (600, 60) if name == "wide.png" else SIZE
    taken = tab.show(str(path))
    assert taken["view"]["result"]["detail"] == f"{name} · {size[0]} × {size[1]} px"
    assert Image.open(taken["mask"]["background"]).size == size and taken["mask"]["layers"] == []
    shown = last(tab.generate(ME, *page_values(path, write_sound())))
    assert shown["view"]["kind"] == "done", shown
    assert backend.edits[-1].source.picture.mode == "RGB" and backend.edits[-1].source.picture.size == size
    assert Image.open(shown["compare"][0]).size == Image.open(shown["compare"][1]).size == size


def test_large_pictures_are_shown_smaller_and_finished_whole(write_sound: WriteSound, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (PREVIEW_PX + 800, 1040), "teal").save(path)
    tab = tab_of(FakeBackend())
    shown = last(tab.generate(ME, *page_values(path, write_sound())))
    assert {Image.open(one).size for one in shown["compare"]} == {(PREVIEW_PX, 640)}
    assert Image.open(shown["view"]["result"]["pictures"][0]["file"]["path"]).size == (
        PREVIEW_PX + 800,
        1040,
    )
    same = tab.compare(ME, event(id=shown["view"]["result"]["id"], index=0))
    assert same["compare"] == shown["compare"]


def test_no_picture_is_no_error() -> None:
    handlers = tab_of(FakeBackend())
    assert handlers.analyze(ME, None) == {"cache_status": "", "picture_message": {"kind": "", "text": ""}}
    assert handlers.show(None)["mask"] is None and "view" not in handlers.show(None)


def test_examples_and_pictures_that_are_sent_here(meadow: Path, write_sound: WriteSound) -> None:
    sound = write_sound()
    examples = (Example(sound, "Silent film", None), Example(sound, "Meadow", meadow))
    handlers = tab_of(FakeBackend(), examples)
    chosen = handlers.choose(event(index=0))
    assert chosen["picture"] == str(meadow) and chosen["view"]["result"]["pictures"]
    assert handlers.receive(meadow)["picture"] == str(meadow)
    with pytest.raises(gr.Error, match="no longer there"):
        handlers.choose(event(index=1))
    card = example_card(AppContext(Studio(FakeBackend()), examples), 0)
    assert card is not None and card.detail == "Meadow · 60 × 40 px" and not card.ours
    assert example_card(AppContext(Studio(FakeBackend())), 0) is None
