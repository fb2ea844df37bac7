"""Fields that look and behave alike everywhere."""

from __future__ import annotations

import gradio as gr

from sonic_ui.requests import Range
from sonic_ui.requests.fields import Room

ROOM_WORDS: dict[Room, str] = {
    "dry": "Open air",
    "room": "Room",
    "hall": "Hall",
    "church": "Church",
}


def slider(
    limits: Range, label: str, info: str, value: float | None = None, elem_id: str | None = None
) -> gr.Slider:
    """A slider over the values a setting may take."""
    return gr.Slider(
        limits.minimum,
        limits.maximum,
        limits.default if value is None else value,
        step=limits.step,
        label=label,
        info=info,
        buttons=[],
        elem_id=elem_id,
    )


def room_choice(tab: str) -> gr.Radio:
    """Where a sound is heard; its value is one of `requests.ROOMS`."""
    return gr.Radio(
        [(words, room) for room, words in ROOM_WORDS.items()],
        value="dry",
        label="Where it is heard",
        info="Walls answer the sound: the more it echoes, the larger the place in the picture.",
        elem_id=f"{tab}-room",
        elem_classes="su-choice su-rooms",
    )
