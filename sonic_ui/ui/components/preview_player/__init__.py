"""A button that plays the sound as the engine hears it."""

from pathlib import Path

import gradio as gr

from sonic_ui.ui.components.base import Value, file_payload, html_component


def preview_player(tab: str, elem_id: str, label: str = "Hear it") -> gr.HTML:
    """The button of a tab; its `preview` event is {number, at}: the page's newest `su-turned` in `at`."""
    return html_component(
        "preview_player", {"number": 0, "file": None, "words": ""}, elem_id=elem_id, tab=tab, label=label
    )


def preview_ready(number: int, path: Path) -> Value:
    """A sound file to play, the answer to event `number`."""
    return {"number": number, "file": file_payload(path), "words": ""}


def no_preview(number: int, words: str) -> Value:
    """A sentence instead of the sound."""
    return {"number": number, "file": None, "words": words}
