"""The tab "Interpolate": two sounds, and the pictures between them."""

import gradio as gr

from sonic_ui.requests.interpolate import CONTINUITY, FILM_S, FRAMES, MIX_LUFS, POSITION, SMOOTHING
from sonic_ui.ui.components import basic
from sonic_ui.ui.components.strip_player import strip_player
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.tabs import BuiltTab
from sonic_ui.ui.tabs.interpolate.events import TAB, Components, Handlers, InterpolationSettings
from sonic_ui.ui.tabs.interpolate.results import first_strip
from sonic_ui.ui.widgets import prompt_settings, runs, settings_drop, sound_input
from sonic_ui.ui.widgets.fields import room_choice, slider

SECOND_EXAMPLE = 3
METHOD_WORDS = {
    "linear": ("Glide in what is heard", "What the ear makes of both sounds, blended straight across."),
    "spherical": (
        "Glide along the arc",
        "The same by the outer way: the middle stays as strong as the ends.",
    ),
    "mix": ("Mix the sounds themselves", "Both sound at once, one fading out while the other fades in."),
}
SPACING_WORDS = {
    "seen": ("Even to the eye", "More pictures where it changes most, so that it glides instead of jumping."),
    "heard": ("Even to the ear", "The same step in what is heard from picture to picture."),
}
MIX_DEFAULT_LUFS = -20.0


def build(context: AppContext, shared: SharedComponents) -> BuiltTab:
    """Lay out the tab inside the current tab context and connect it: the film between its two sounds."""
    second = min(SECOND_EXAMPLE, max(0, len(context.examples) - 1))
    with gr.Row(elem_classes="su-decks", equal_height=False):
        with gr.Column(elem_classes="su-deck su-deck-left", min_width=280):
            with gr.Column(elem_classes="su-panel su-deck-a"):
                sound_a = sound_input.sound_input(f"{TAB}-a", context, label="First sound", compact=True)
            with gr.Column(elem_classes="su-panel su-deck-how"):
                interpolation = _interpolation()
        with gr.Column(elem_classes="su-deck su-deck-right", min_width=280):
            with gr.Column(elem_classes="su-panel su-deck-b"):
                sound_b = sound_input.sound_input(
                    f"{TAB}-b", context, label="Second sound", first=second, compact=True
                )
            with gr.Column(elem_classes="su-panel su-deck-words"):
                prompts = prompt_settings.prompt_settings(
                    TAB,
                    context.studio.info.defaults,
                    lambda: slider(FRAMES, "Pictures", "More glides finer, and takes longer."),
                    "All pictures start from it: only the sound changes.",
                    _continuity,
                )
        with gr.Column(elem_classes="su-deck su-deck-middle", min_width=320):
            with gr.Row(elem_classes="su-deck-run"):
                swap = gr.Button(
                    "Swap", size="lg", min_width=96, elem_id=f"{TAB}-swap", elem_classes="su-swap"
                )
                bar = runs.run_bar(TAB)
            first = first_strip(context, 0, second)
            if first is not None:
                context.gallery.share(first.id, [frame.path for frame in first.frames])
            player = strip_player(TAB, "Between the two", slider=POSITION, first=first)
            drop = settings_drop.settings_drop(TAB)
    parts = Components(sound_a, sound_b, interpolation, prompts, swap, bar, player, drop, shared)
    target = Handlers(context, parts).connect()
    return BuiltTab(player.view, bar.message, drop.share, prompts, target)


def _interpolation() -> InterpolationSettings:
    method = basic.choice(f"{TAB}-method", "How it glides", METHOD_WORDS, "linear")
    with gr.Column(elem_classes="su-mix"):
        own_a, lufs_a = _loudness("First sound")
        own_b, lufs_b = _loudness("Second sound")
    room = room_choice(TAB)
    spacing = basic.choice(f"{TAB}-spacing", "Spacing", SPACING_WORDS, "seen")
    positions = _positions()
    message = basic.message(f"{TAB}-how-message")
    with basic.accordion("The film"):
        loop = gr.Checkbox(True, label="There and back", container=False, elem_classes="su-check")
        smoothing = slider(SMOOTHING, "Pictures blended in between", "More glides, none steps.")
        film_s = slider(FILM_S, "Length (seconds)", "From the first sound to the second.")
    return InterpolationSettings(
        method, own_a, lufs_a, own_b, lufs_b, room, spacing, positions, message, loop, smoothing, film_s
    )


def _continuity() -> gr.Slider:
    return slider(
        CONTINUITY,
        "Continuity",
        "How much of the ends’ half-painted pictures those between start from: more glides and blends, 0 "
        "paints each by itself.",
        elem_id=f"{TAB}-continuity",
    )


def _positions() -> gr.Textbox:
    """Positions that came with settings; out of sight while there are none."""
    return gr.Textbox(
        label="Places of the pictures",
        info="From 0, the first sound, to 1, the second. Empty this or move “Pictures” to have them placed.",
        placeholder="as chosen under “Spacing”",
        lines=1,
        max_lines=3,
        elem_id=f"{TAB}-positions",
        elem_classes="su-places",
    )


def _loudness(which: str) -> tuple[gr.Checkbox, gr.Slider]:
    with gr.Column(elem_classes="su-own-loudness"):
        own = gr.Checkbox(
            False, label=f"{which} at a loudness of its own", container=False, elem_classes="su-check"
        )
        lufs = slider(MIX_LUFS, f"{which} (LUFS)", "Speech on air has −23, music −14.", MIX_DEFAULT_LUFS)
    return own, lufs
