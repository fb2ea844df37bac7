"""The slim header: name, one sentence, and which engine runs where."""

from __future__ import annotations

import gradio as gr

from sonic_ui.engine import Status
from sonic_ui.ui.components.live import live_html


def header(status: Status, changeable: bool = False) -> gr.HTML:
    """The header of the page; `changeable`: with a button that opens the panel of engines."""
    return live_html("header", engine_status(status), elem_id="su-header", changeable=changeable)


def engine_status(status: Status) -> dict[str, str]:
    """The header's value for a status of the studio."""
    where = f"{status.title} · {status.location}"
    if status.state == "failed":
        return {"state": "failed", "text": "The engine did not start"}
    if status.state == "ready":
        return {"state": "ready", "text": where}
    return {"state": status.state, "text": f"{where} · {status.loading_message or 'waking up'}"}
