"""A quiet line of text that changes while the page is used."""

from __future__ import annotations

import gradio as gr

from sonic_ui.ui.components.live import live_html


def line(elem_id: str, text: str = "") -> gr.HTML:
    """A line; its value is the text. `appear` tells that it stands."""
    return live_html("line", text, elem_id=elem_id, elem_classes="su-line-slot")
