"""Example sounds as cards with their pictures."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from sonic_ui.ui.components.live import live_html
from sonic_ui.ui.components.stage import served
from sonic_ui.ui.session.examples import Example


def example_cards(examples: Sequence[Example], place: str, elem_classes: str = "") -> gr.HTML:
    """One card an example, for the sound input `place`; its `choose` event carries the card's index."""
    cards = [{"title": example.title, "picture": served(example.picture)} for example in examples]
    return live_html(
        "examples",
        cards,
        elem_id=f"{place}-examples",
        elem_classes=elem_classes,
        visible=bool(cards),
        place=place,
    )
