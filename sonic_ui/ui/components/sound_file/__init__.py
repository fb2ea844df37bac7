"""What stands beside an upload of sounds: it lets through what is accepted, and plays what was decoded."""

from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.audio.reader_types import SUFFIXES
from sonic_ui.ui.components.base import Value, file_payload, html_component

ACCEPT = ("audio/*", "video/*", *SUFFIXES)
"""What a person's file chooser offers: all that the reader of sounds accepts."""


class UnseenSound(gr.Audio):
    """The file of a sound that another component shows: it is passed on as it is.

    Gradio's own starts FFprobe on every file to find out whether its player could play it.
    """

    is_template = True

    def postprocess(self, value: Any) -> Any:
        """The file as it is served to the page."""
        path = Path(value) if isinstance(value, (str, Path)) else None
        if path is None or not path.is_file():
            return super().postprocess(value)
        return gr.FileData(path=str(path), orig_name=path.name)


def sound_file(audio: gr.Audio) -> gr.HTML:
    """The component beside `audio`; its `unplayable` event is {number}: the browser cannot play the file."""
    return html_component(
        "sound_file",
        not_playable(0),
        audio=audio.elem_id,
        accept=[*ACCEPT],
        elem_id=f"{audio.elem_id}-file",
        elem_classes="su-message-slot",
    )


def playable(number: int, path: Path, words: str) -> Value:
    """A sound file that every browser plays and words about it, the answer to event `number`."""
    return {"number": number, "file": file_payload(path), "words": words}


def not_playable(number: int) -> Value:
    """Nothing to play: what is wrong with the file is said elsewhere."""
    return {"number": number, "file": None, "words": ""}
