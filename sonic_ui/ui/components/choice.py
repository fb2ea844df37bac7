"""A choice between a few ways, each with a line that says what it does."""

from __future__ import annotations

from collections.abc import Mapping

import gradio as gr

from sonic_ui.ui.components.live import live_html


def choice(elem_id: str, label: str, options: Mapping[str, tuple[str, str]], value: str) -> gr.HTML:
    """Radio buttons; `options` are titles and lines by name, the value is a name."""
    listed = [{"name": name, "title": title, "line": line} for name, (title, line) in options.items()]
    return live_html("choice", value, elem_id=elem_id, label=label, options=listed, group=elem_id)
