"""Pictures on their way from one tab to another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from sonic_ui.engine.studio import Studio
from sonic_ui.ui.session.context import MAX_RESULTS, AppContext, Gallery
from sonic_ui.ui.widgets.send_to_tab import SendToTab, Target
from tests.fakes import FakeBackend


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    for path in paths:
        Image.new("RGB", (8, 8)).save(path)
    return paths


def test_pictures_are_found_by_what_shows_them(pictures: list[Path]) -> None:
    gallery = Gallery()
    gallery.add("me", "result-1", pictures[:2])
    gallery.share("example-0", pictures[2:])
    assert gallery.find("me", "result-1", 1) == pictures[1]
    assert gallery.find("me", "example-0", 0) == gallery.find("you", "example-0") == pictures[2]
    for name, index in (("result-1", 2), ("result-1", -1), ("result-1", True), ("result-1", "0"), (None, 0)):
        assert gallery.find("me", name, index) is None
    assert gallery.find("you", "result-1", 0) is None
    pictures[0].unlink()
    assert gallery.find("me", "result-1", 0) is None
    gallery.release("me")
    assert gallery.find("me", "result-1", 1) is None and gallery.find("me", "example-0") == pictures[2]


def test_the_oldest_are_forgotten(pictures: list[Path]) -> None:
    gallery = Gallery()
    for number in range(MAX_RESULTS + 1):
        gallery.add("me", f"result-{number}", pictures)
    assert (
        gallery.find("me", "result-0") is None and gallery.find("me", f"result-{MAX_RESULTS}") == pictures[0]
    )


def test_a_picture_is_sent_with_the_tab_that_takes_it(pictures: list[Path]) -> None:
    context = AppContext(Studio(FakeBackend()))
    context.gallery.add("me", "result-1", pictures)
    me = gr.Request(session_hash="me")
    tabs: Any = "tabs"
    target = Target(lambda path: {"picture": str(path)}, (), lambda event: event)
    sending = SendToTab(context, tabs, {"edit": target})

    def sent(**data: Any) -> dict[Any, Any]:
        return sending.send(me, gr.EventData(None, data))

    update = sent(to="edit", id="result-1", index=2)
    assert update["picture"] == str(pictures[2]) and update[tabs].selected == "edit"
    for wrong in (
        {"to": "edit", "id": "result-9", "index": 0},
        {"to": "attic", "id": "result-1", "index": 0},
        {"to": "edit", "id": str(pictures[0]), "index": 0},
    ):
        with pytest.raises(gr.Error, match="no longer there"):
            sent(**wrong)
