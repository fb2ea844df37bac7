"""The tab "Teach": a new sound is taught from recordings and pictures of it."""

import gradio as gr

from sonic_ui.requests import VERBS
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.tabs import BuiltTab
from sonic_ui.ui.tabs.teach import pairs

TAB = VERBS["teach_sound"].tab


def build(context: AppContext, shared: SharedComponents) -> BuiltTab:
    """Lay out the tab inside the current tab context and connect it: each of its sections is a file."""
    with gr.Column(elem_classes="su-teach-sections"):
        message = pairs.build(TAB, context, shared)
    return BuiltTab(None, message, None)
