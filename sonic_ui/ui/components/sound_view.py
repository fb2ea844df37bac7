"""A sound as the page shows it: its drawing and what the audio encoder hears in it."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import gradio as gr

from sonic_ui.engine import Label
from sonic_ui.ui.components.live import live_html

Value = dict[str, Any]

NO_DRAWING: Value = {"src": "", "alt": "", "caption": "", "waiting": ""}
TO_COME: Value = {**NO_DRAWING, "waiting": "Drawing the sound …"}
NO_LABELS: Value = {"waiting": "", "labels": []}


def sound_view(elem_id: str, sounds: bool = False) -> gr.HTML:
    """The place of the drawing, with an invitation while there is no sound; `appear` tells that it stands.

    `sounds` tells that there is a sound from the start.
    """
    return live_html("sound_view", TO_COME if sounds else NO_DRAWING, elem_id=elem_id)


def drawing(png: bytes, alt: str, caption: str) -> Value:
    """A drawing as PNG bytes, its description in words, and a line below it."""
    return {"src": "data:image/png;base64," + base64.b64encode(png).decode(), "alt": alt, "caption": caption}


def label_bars(elem_id: str, title: str = "What it hears") -> gr.HTML:
    """The place of the labels with bars."""
    return live_html("label_bars", NO_LABELS, elem_id=elem_id, title=title)


def listening(message: str) -> Value:
    """A line while the encoder is not done."""
    return {"waiting": message, "labels": []}


def bars(labels: Iterable[Label]) -> Value:
    """Labels with their share."""
    return {"waiting": "", "labels": [{"name": one.name, "share": one.probability} for one in labels]}
