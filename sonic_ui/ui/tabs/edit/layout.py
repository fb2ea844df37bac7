"""The tab "Edit": a picture keeps its layout and takes on what a sound depicts."""

import gradio as gr

from sonic_ui.media.masks import PAINT, PAINT_OPACITY, empty_canvas
from sonic_ui.requests import EDIT_MODES
from sonic_ui.requests.edit_image import TAU_ATTN, TAU_FEATURE, VARIATION
from sonic_ui.ui.components import basic
from sonic_ui.ui.components.base import html_component
from sonic_ui.ui.components.picture_files import PaintedLayers
from sonic_ui.ui.components.result_view import result_view
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.tabs import BuiltTab
from sonic_ui.ui.tabs.edit import events, results
from sonic_ui.ui.tabs.edit.events import TAB
from sonic_ui.ui.widgets import picture_input, prompt_settings, runs, settings_drop, sound_input
from sonic_ui.ui.widgets.fields import room_choice, slider

FIRST_PICTURE, FIRST_SOUND = 2, 0
STRENGTHS = (0.5, 1.0, 1.5, 2.0)
LAYER_WORDS = [
    ("As in the paper: attention 4–11, hidden states 4", "paper"),
    ("Hold harder: attention 4–11, hidden states 4–6", "harder"),
]


def build(context: AppContext, shared: SharedComponents) -> BuiltTab:
    """Lay out the tab inside the current tab context and connect it."""
    with gr.Row(elem_classes="su-desk", equal_height=False):
        with gr.Column(elem_classes="su-inputs", scale=5, min_width=340):
            with gr.Column(elem_classes="su-panel"):
                picture = picture_input.picture_input(f"{TAB}-photo", context, first=FIRST_PICTURE)
                cache_status = basic.status_text(f"{TAB}-kept")
                mask, clear_mask = _mask(context)
                mask_message = basic.message(f"{TAB}-mask-message")
            with gr.Column(elem_classes="su-panel"):
                sound = sound_input.sound_input(TAB, context, first=FIRST_SOUND, gain=True, compact=True)
                with basic.accordion("Where it is heard"):
                    room = room_choice(TAB)
            with gr.Column(elem_classes="su-panel"):
                hold = _hold()
            with gr.Column(elem_classes="su-panel"):
                prompts, strengths = _prompts(context)
            bar = runs.run_bar(TAB, "Edit the picture")
        with gr.Column(elem_classes="su-result su-edit-place", scale=8, min_width=340):
            compare = _compare()
            view = result_view(TAB, results.example_card(context, FIRST_PICTURE))
            drop = settings_drop.settings_drop(TAB)
    parts = events.Components(
        *(picture, cache_status, mask, clear_mask, mask_message, sound, room, hold, prompts, strengths, bar),
        *(compare, view, drop, shared),
    )
    target = events.Handlers(context, parts).connect()
    return BuiltTab(view, bar.message, drop.share, prompts, target)


def _mask(context: AppContext) -> tuple[gr.ImageEditor, gr.Button]:
    examples = picture_input.with_pictures(context)
    first = examples[FIRST_PICTURE].picture if len(examples) > FIRST_PICTURE else None
    with basic.accordion("Edit only where you paint"):
        basic.status_text(
            f"{TAB}-mask-line", "Paint over what may change. Everything else stays exactly as it is."
        )
        colour = f"rgba({', '.join(map(str, PAINT))}, {PAINT_OPACITY})"
        mask = PaintedLayers(
            empty_canvas(first) if first else None,
            label="What may change",
            show_label=False,
            type="filepath",
            image_mode="RGBA",
            sources=(),
            transforms=(),
            layers=False,
            brush=gr.Brush(colors=[colour], default_color=colour, color_mode="fixed"),
            buttons=[],
            canvas_size=(400, 400),
            height=360,
            elem_id=f"{TAB}-mask",
            elem_classes="su-mask",
        )
        clear = gr.Button("Clear what is painted", size="sm", elem_id=f"{TAB}-clear-mask")
    return mask, clear


def _hold() -> events.HoldSettings:
    modes = {name: (results.MODE_WORDS[name], mode.line) for name, mode in EDIT_MODES.items()}
    first = next(iter(EDIT_MODES.values()))
    mode = basic.choice(f"{TAB}-mode", "What the sound does", modes, first.name)
    tau_attn = slider(
        TAU_ATTN,
        "Keep the layout",
        "More holds where things are, less lets the sound move them. (tau of self-attention)",
        first.tau_attn,
    )
    tau_feature = slider(
        TAU_FEATURE,
        "Keep the detail",
        "More holds shapes and contours, less lets the sound redraw them. (tau of hidden states)",
        first.tau_feature,
    )
    message = basic.message(f"{TAB}-how-message")
    with basic.accordion("Layers, and words for the picture"):
        held = gr.Radio(
            LAYER_WORDS,
            value="paper",
            label="Decoder layers that hold on to the picture",
            info="The two sliders above say for which part of the steps.",
            elem_id=f"{TAB}-held",
            elem_classes="su-choice",
        )
        source_prompt = gr.Textbox(
            label="What the picture shows (source prompt)",
            placeholder="a dog on a meadow",
            info="Empty works for any picture. With words, the picture is studied anew.",
            lines=1,
            max_lines=3,
        )
    return events.HoldSettings(mode, tau_attn, tau_feature, held, source_prompt, message)


def _prompts(context: AppContext) -> tuple[prompt_settings.PromptSettings, events.StrengthList]:
    prompts = prompt_settings.prompt_settings(
        TAB,
        context.studio.info.defaults,
        lambda: slider(VARIATION, "Variation", "0 stays nearest to the picture; more starts afresh."),
        "Counts where Variation is above 0.",
    )
    with gr.Column(elem_classes="su-several"):
        several = gr.Checkbox(
            False, label="Try a few strengths at once", container=False, elem_classes="su-check"
        )
        strengths = gr.Textbox(
            events.strength_list(STRENGTHS),
            label="Strengths",
            info="One picture each, up to six, in place of the one above.",
            lines=1,
            elem_id=f"{TAB}-strengths",
        )
    return prompts, events.StrengthList(several, strengths, basic.message(f"{TAB}-several-message"))


def _compare() -> gr.ImageSlider:
    compare = gr.ImageSlider(
        None,
        label="Before and after",
        show_label=False,
        type="filepath",
        interactive=False,
        buttons=[],
        max_height=2000,
        elem_id=f"{TAB}-compare",
        elem_classes="su-compare",
    )
    html_component(
        "compare_keys",
        None,
        elem_id=f"{TAB}-compare-keys",
        elem_classes="su-unseen",
        view=f"{TAB}-compare",
    )
    return compare
