"""The tab "Sound → Image": what stands where."""

import gradio as gr

from sonic_ui.requests.sound_to_image import COUNT
from sonic_ui.ui.components.result_view import result_view
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.tabs import BuiltTab
from sonic_ui.ui.tabs.sound_to_image.events import TAB, Components, Handlers
from sonic_ui.ui.tabs.sound_to_image.results import example_card
from sonic_ui.ui.widgets import prompt_settings, runs, settings_drop, sound_input
from sonic_ui.ui.widgets.fields import slider


def build(context: AppContext, shared: SharedComponents) -> BuiltTab:
    """Lay out the tab inside the current tab context and connect it."""
    defaults = context.studio.info.defaults
    with gr.Row(elem_classes="su-desk", equal_height=False):
        with gr.Column(elem_classes="su-inputs", scale=5, min_width=340):
            with gr.Column(elem_classes="su-panel"):
                sound = sound_input.sound_input(TAB, context, gain=True)
            with gr.Column(elem_classes="su-panel"):
                prompts = prompt_settings.prompt_settings(
                    TAB, defaults, lambda: slider(COUNT, "Pictures", "More to choose from, and more time.")
                )
            bar = runs.run_bar(TAB)
        with gr.Column(elem_classes="su-result", scale=8, min_width=340):
            view = result_view(TAB, example_card(context, 0))
            drop = settings_drop.settings_drop(TAB)
    target = Handlers(context, Components(sound, prompts, bar, view, drop, shared)).connect()
    return BuiltTab(view, bar.message, drop.share, prompts, target)
