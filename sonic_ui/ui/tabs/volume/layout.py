"""The tab "Volume": one sound, turned from a whisper to a roar."""

import gradio as gr

from sonic_ui.requests.interpolate import FILM_S, SMOOTHING
from sonic_ui.ui.components import basic
from sonic_ui.ui.components.loudness_meter import loudness_meter
from sonic_ui.ui.components.preview_player import preview_player
from sonic_ui.ui.components.strip_player import strip_player
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.tabs import BuiltTab
from sonic_ui.ui.tabs.volume.events import METER, TAB, Components, FilmSettings, Handlers, SweepSettings
from sonic_ui.ui.tabs.volume.knobs import FRAMES, KNOB_WORDS, KNOBS, number_list
from sonic_ui.ui.tabs.volume.results import example_strip
from sonic_ui.ui.widgets import prompt_settings, runs, settings_drop, sound_input
from sonic_ui.ui.widgets.fields import room_choice, slider


def build(context: AppContext, shared: SharedComponents) -> BuiltTab:
    """Lay out the tab inside the current tab context and connect it."""
    with gr.Row(elem_classes="su-desk", equal_height=False):
        with gr.Column(elem_classes="su-inputs", scale=5, min_width=340):
            with gr.Column(elem_classes="su-panel"):
                sound = sound_input.sound_input(TAB, context, compact=True)
            with gr.Column(elem_classes="su-panel"):
                sweep = _sweep()
            with gr.Column(elem_classes="su-panel"):
                prompts, film = _prompts(context)
            bar = runs.run_bar(TAB, "Paint the sweep")
        with gr.Column(elem_classes="su-result", scale=8, min_width=340):
            player = strip_player(TAB, "The sound turned up", slider=None, first=example_strip(context, 0))
            drop = settings_drop.settings_drop(TAB)
    Handlers(context, Components(sound, sweep, prompts, film, bar, player, drop, shared)).connect()
    return BuiltTab(player.view, bar.message, drop.share, prompts)


def _sweep() -> SweepSettings:
    return SweepSettings(
        knob=gr.Radio(
            [(words, name) for name, words in KNOB_WORDS.items()],
            value="gain",
            label="What to turn up",
            elem_id=f"{TAB}-turn",
            elem_classes="su-choice",
        ),
        meter=loudness_meter(TAB, METER, {str(name): knob for name, knob in KNOBS.items()}),
        preview=preview_player(TAB, f"{TAB}-hear"),
        frames=gr.Textbox(
            number_list("gain", FRAMES["gain"]),
            label="Pictures of the sweep",
            info="Where on the slider above, from quiet to loud: up to 16.",
            lines=1,
            elem_id=f"{TAB}-frames",
        ),
        message=basic.message(f"{TAB}-turn-message"),
        room=room_choice(TAB),
    )


def _prompts(context: AppContext) -> tuple[prompt_settings.PromptSettings, FilmSettings]:
    prompts = prompt_settings.prompt_settings(
        TAB,
        context.studio.info.defaults,
        lambda: slider(FILM_S, "Film (seconds)", "From quiet to loud, one way."),
        "One seed for all pictures: only the loudness changes.",
    )
    with basic.accordion("The film"):
        loop = gr.Checkbox(True, label="There and back", container=False)
        smoothing = slider(SMOOTHING, "Pictures blended in between", "More glides, none steps.")
    return prompts, FilmSettings(loop, smoothing)
