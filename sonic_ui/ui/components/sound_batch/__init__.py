"""A list of several sounds that become one picture each, with a ZIP of the pictures once they are there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import gradio as gr

from sonic_ui.ui.components.base import Value, file_payload, html_component

NO_BATCH: Value = {"rows": [], "words": "", "zip": None}


@dataclass
class BatchRow:
    """One sound of a batch: its file's name, how far it is, and words about it, such as why it failed."""

    name: str
    state: Literal["waiting", "working", "done", "failed"] = "waiting"
    words: str = ""


def sound_batch(input_id: str, most: int) -> gr.HTML:
    """The list beside the sound input `input_id`, for up to `most` files; hidden until several are given.

    Its events: `take` hands over the files in `window.suBatches[input_id]`, `paint` asks for the pictures.
    """
    return html_component(
        "sound_batch",
        NO_BATCH,
        elem_id=f"{input_id}-batch",
        elem_classes="su-message-slot su-batch-slot",
        input_id=input_id,
        most=most,
    )


def batch_value(rows: Sequence[BatchRow], words: str = "", zip_file: Path | None = None) -> Value:
    """How far each sound is, a line about all of them, and the ZIP once there is one."""
    return {"rows": [vars(row) for row in rows], "words": words, "zip": file_payload(zip_file)}
