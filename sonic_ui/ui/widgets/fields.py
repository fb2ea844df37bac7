"""Fields that look and behave alike everywhere, and the options that all events of the page share."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from sonic_ui.requests import Range
from sonic_ui.requests.fields import Room

Update = dict[Any, Any]
"""New values of components, by component."""

Refresh = Callable[[Any], Any]
"""Reads a sound or a picture again after an event (a dependency), once settings are back for instance."""

CONCURRENT = 8
"""How many of one event may be under way at once; painting itself goes one by one."""

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
AT_ONCE: dict[str, Any] = {"queue": False, **QUIET}
FREQUENT: dict[str, Any] = {"trigger_mode": "multiple", "concurrency_limit": CONCURRENT, **QUIET}
"""Options of an event that shows no progress; of one without a queue; of one that comes again and again."""

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
