"""A sentence beside what caused it."""

from __future__ import annotations

import gradio as gr

from sonic_ui.ui.components.live import live_html

Words = dict[str, str]

CLEAR: Words = {"kind": "", "text": ""}


def message(elem_id: str) -> gr.HTML:
    """An empty place for a sentence; it takes no room until there is one."""
    return live_html("message", CLEAR, elem_id=elem_id, elem_classes="su-message-slot")


def error(text: str) -> Words:
    """A sentence about something that could not be done."""
    return {"kind": "error", "text": text}


def note(text: str) -> Words:
    """A sentence worth knowing."""
    return {"kind": "note", "text": text}
