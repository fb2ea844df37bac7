"""Settings that most people leave alone, folded away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from sonic_ui.ui.components.live import live_html


@contextmanager
def accordion(title: str) -> Iterator[None]:
    """A closed fold; components made inside stand in it.

    Gradio's accordion makes its content when it opens, and then hands it the values it missed: that would
    overwrite what a person types at once. This one only hides its content.
    """
    with gr.Column(elem_classes="su-fold"):
        live_html("fold", {"title": title})
        with gr.Column(elem_classes="su-fold-body"):
            yield
