"""The mode "Live" of the tab "Film": the picture follows the microphone."""

import gradio as gr

from sonic_ui.ui.session.context import AppContext, SharedComponents


def build(context: AppContext, shared: SharedComponents) -> None:
    """Lay out the mode inside the current column and connect it."""
    gr.Markdown("Live is not part of this version yet.")
