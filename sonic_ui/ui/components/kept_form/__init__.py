"""What keeps a tab's form in the browser, and asks for it back after a reload."""

from collections.abc import Sequence

import gradio as gr

from sonic_ui.requests.links import PARAMETER
from sonic_ui.ui.components.base import html_component


def kept_form(tab: str, fields: Sequence[str], first: bool) -> gr.HTML:
    """An unseen component of a tab; its `restore` event asks for what `window.suForms[tab]` has kept.

    fields   the names of the settings, in the order in which `save` and `restore` take their values
    first    whether it also keeps which tab was open: one on a page does
    """
    return html_component(
        "kept_form",
        None,
        scripts=["gallery_store"],
        elem_id=f"{tab}-form",
        elem_classes="su-unseen",
        tab=tab,
        fields=[*fields],
        first=first,
        link=PARAMETER,
    )
