"""A button that plays the sound as the engine hears it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.ui.components.live import live_html
from sonic_ui.ui.components.stage import served

Value = dict[str, Any]


def hear_button(tab: str, elem_id: str) -> gr.HTML:
    """The button of a tab; its `hear` event is {number, at}, with the page's newest `su-turned` in `at`."""
    return live_html("hear", {"number": 0, "file": None, "words": ""}, elem_id=elem_id, tab=tab)


def heard(number: int, path: Path) -> Value:
    """A sound file to play, the answer to question `number`."""
    return {"number": number, "file": served(path), "words": ""}


def not_heard(number: int, words: str) -> Value:
    """A sentence instead of the sound."""
    return {"number": number, "file": None, "words": words}
