"""The tab "Edit": a picture keeps its layout and takes on what a sound depicts."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from sonic_ui.media.masks import PAINT, PAINT_OPACITY, empty_canvas
from sonic_ui.requests import EDIT_MODES
from sonic_ui.requests.edit_image import TAU_ATTN, TAU_FEATURE, VARIATION
from sonic_ui.ui.components.accordion import accordion
from sonic_ui.ui.components.choice import choice
from sonic_ui.ui.components.line import line
from sonic_ui.ui.components.live import live_html
from sonic_ui.ui.components.message import message
from sonic_ui.ui.components.stage import stage
from sonic_ui.ui.components.untouched import PaintedLayers
from sonic_ui.ui.session.context import AppContext, Shared
from sonic_ui.ui.tabs.edit import api as edit_api
from sonic_ui.ui.tabs.edit.events import SETTINGS, TAB, Handlers, mode_settings, strength_list
from sonic_ui.ui.tabs.edit.results import MODE_WORDS
from sonic_ui.ui.widgets.fields import room_choice, slider
from sonic_ui.ui.widgets.picture_input import PictureInput, picture_input, with_pictures
from sonic_ui.ui.widgets.prompt_settings import Words, connect_words, words
from sonic_ui.ui.widgets.runs import RunBar, Runs, connect_run, run_bar
from sonic_ui.ui.widgets.send_to_tab import Target
from sonic_ui.ui.widgets.settings_drop import PictureDrop, Reuse, connect_reuse, picture_drop
from sonic_ui.ui.widgets.sound_input import (
    MANY,
    QUIET,
    SoundInput,
    SoundInputHandlers,
    connect_sound,
    sound_input,
)

__all__ = ["TAB", "Components", "build"]

FIRST_PICTURE, FIRST_SOUND = 2, 0
STRENGTHS = (0.5, 1.0, 1.5, 2.0)
LAYER_WORDS = [
    ("As in the paper: attention 4–11, hidden states 4", "paper"),
    ("Hold harder: attention 4–11, hidden states 4–6", "harder"),
]
TURN = f"mode => ({json.dumps(mode_settings())})[mode]"


@dataclass(frozen=True)
class Holding:
    """How the edit holds on to its picture: the components."""

    mode: gr.HTML
    tau_attn: gr.Slider
    tau_feature: gr.Slider
    held: gr.Radio
    source_prompt: gr.Textbox
    message: gr.HTML


@dataclass(frozen=True)
class Several:
    """Several strengths at once: the components."""

    several: gr.Checkbox
    strengths: gr.Textbox
    message: gr.HTML


@dataclass(frozen=True)
class Components:
    """The tab's components."""

    picture: PictureInput
    kept: gr.HTML
    mask: gr.ImageEditor
    clear_mask: gr.Button
    mask_message: gr.HTML
    sound: SoundInput
    room: gr.Radio
    holding: Holding
    words: Words
    several: Several
    bar: RunBar
    compare: gr.ImageSlider
    stage: gr.HTML
    drop: PictureDrop
    shared: Shared
    target: Target

    @property
    def place(self) -> gr.HTML:
        """What shows the results."""
        return self.stage

    @property
    def settings(self) -> dict[str, Any]:
        """The components that make up a request, by their names in `SETTINGS`."""
        named = {**vars(self.sound), **vars(self.holding), **vars(self.words), **vars(self.several)}
        own = {"picture": self.picture.picture, "mask": self.mask, "room": self.room}
        return {name: {**named, **own, "variation": self.words.beside}[name] for name in SETTINGS}

    @property
    def messages(self) -> dict[str, gr.HTML]:
        """Where the sentence about a setting stands."""
        return {
            "picture": self.picture.message,
            "mask": self.mask_message,
            **dict.fromkeys(("sound", "start_s", "end_s", "gain_db", "room"), self.sound.message),
            **dict.fromkeys(
                ("mode", "layers", "tau_attn", "tau_feature", "source_prompt"), self.holding.message
            ),
            **dict.fromkeys(("prompt", "negative_prompt"), self.words.message),
            "strengths": self.several.message,
        }


def build(context: AppContext, shared: Shared) -> Components:
    """Lay out the tab inside the current tab context and connect it."""
    with gr.Row(elem_classes="su-desk", equal_height=False):
        with gr.Column(elem_classes="su-inputs", scale=5, min_width=340):
            with gr.Column(elem_classes="su-panel"):
                picture = picture_input(f"{TAB}-photo", context, first=FIRST_PICTURE)
                kept = line(f"{TAB}-kept")
                mask, clear_mask = _mask(context)
                mask_message = message(f"{TAB}-mask-message")
            with gr.Column(elem_classes="su-panel"):
                sound = sound_input(TAB, context, first=FIRST_SOUND, gain=True, compact=True)
                with accordion("Where it is heard"):
                    room = room_choice(TAB)
            with gr.Column(elem_classes="su-panel"):
                holding = _holding()
            with gr.Column(elem_classes="su-panel"):
                said, several = _words(context)
            bar = run_bar(TAB, "Edit the picture")
        with gr.Column(elem_classes="su-result su-edit-place", scale=8, min_width=340):
            compare = _compare()
            live_html(
                "compare_keys",
                None,
                elem_id=f"{TAB}-compare-keys",
                elem_classes="su-unseen",
                place=f"{TAB}-compare",
            )
            place = stage(TAB, Handlers.first_card(context, FIRST_PICTURE))
            drop = picture_drop(TAB)
    target: Any = None
    parts = Components(
        *(picture, kept, mask, clear_mask, mask_message, sound, room, holding, said, several, bar),
        *(compare, place, drop, shared, target),
    )
    parts = _connect(context, parts)
    edit_api.build(context)
    return parts


def _mask(context: AppContext) -> tuple[gr.ImageEditor, gr.Button]:
    examples = with_pictures(context)
    first = examples[FIRST_PICTURE].picture if len(examples) > FIRST_PICTURE else None
    with accordion("Edit only where you paint"):
        line(f"{TAB}-mask-line", "Paint over what may change. Everything else stays exactly as it is.")
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


def _holding() -> Holding:
    modes = {name: (MODE_WORDS[name], mode.line) for name, mode in EDIT_MODES.items()}
    first = next(iter(EDIT_MODES.values()))
    mode = choice(f"{TAB}-mode", "What the sound does", modes, first.name)
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
    told = message(f"{TAB}-how-message")
    with accordion("Layers, and words for the picture"):
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
    return Holding(mode, tau_attn, tau_feature, held, source_prompt, told)


def _words(context: AppContext) -> tuple[Words, Several]:
    said = words(
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
            strength_list(STRENGTHS),
            label="Strengths",
            info="One picture each, up to six, in place of the one above.",
            lines=1,
            elem_id=f"{TAB}-strengths",
        )
    return said, Several(several, strengths, message(f"{TAB}-several-message"))


def _compare() -> gr.ImageSlider:
    return gr.ImageSlider(
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


def _connect(context: AppContext, parts: Components) -> Components:
    """Connect the tab; returns `parts` with what takes pictures of other tabs."""
    settings, records = [*parts.settings.values()], parts.shared.records
    picture, holding = parts.picture, parts.holding
    runs = Runs(context, parts.shared, TAB, parts.stage, parts.bar, parts.messages, parts.words.seed)
    handle = Handlers(context, parts, runs)
    reuse = Reuse(context, parts.drop, parts.settings, handle.updates)
    seen = [parts.kept, picture.message]
    shown = [parts.mask, parts.mask_message, parts.stage]
    looking: dict[str, Any] = {
        "fn": handle.look,
        "inputs": [picture.picture],
        "outputs": seen,
        "trigger_mode": "multiple",
        "concurrency_limit": MANY,
        **QUIET,
    }

    def refresh_after(event: Any) -> Any:
        return event.then(**looking)

    refresh_after(parts.kept.appear(None, js="() => []", api_visibility="private"))
    refresh_after(picture.picture.input(handle.take, inputs=[picture.picture], outputs=shown, **QUIET))
    refresh_after(picture.examples.choose(handle.choose, outputs=[picture.picture, *shown], **QUIET))
    parts.clear_mask.click(handle.clear_mask, inputs=[picture.picture], outputs=shown[:2], **QUIET)
    holding.mode.input(
        None,
        js=TURN,
        inputs=[holding.mode],
        outputs=[holding.tau_attn, holding.tau_feature, holding.held],
        api_visibility="private",
    )
    look_after_sound = connect_sound(
        parts.sound, SoundInputHandlers(context, parts.sound, room=True), room=parts.room
    )
    connect_words(parts.words)
    connect_run(
        TAB,
        parts.bar,
        runs,
        [parts.words.prompt.submit, parts.several.strengths.submit],
        handle.generate,
        inputs=[*settings, records],
        outputs=[parts.words.seed, parts.compare, parts.kept, records],
    )
    parts.stage.compare(handle.compare, outputs=[parts.compare], queue=False, **QUIET)
    connect_reuse(parts.drop, reuse, parts.stage, parts.shared, settings, [look_after_sound, refresh_after])
    return replace(parts, target=Target(handle.receive, [picture.picture, *shown], refresh_after))
