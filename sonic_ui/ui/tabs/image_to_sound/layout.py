"""The tab "Image → Sound": a picture, a drawn curve, and what that sounds like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from sonic_ui.requests.base import GUIDANCE, STEPS
from sonic_ui.requests.image_to_sound import CONCEPTS, ENERGY_STRENGTH, LOUDNESS, TAKES
from sonic_ui.ui.components.accordion import accordion
from sonic_ui.ui.components.choice import choice
from sonic_ui.ui.components.curve_pad import CurvePad, curve_pad
from sonic_ui.ui.components.line import line
from sonic_ui.ui.components.message import message
from sonic_ui.ui.components.sound_view import label_bars
from sonic_ui.ui.components.takes import takes_view
from sonic_ui.ui.session.context import AppContext, Shared
from sonic_ui.ui.tabs.image_to_sound import api as image_to_sound_api
from sonic_ui.ui.tabs.image_to_sound.curves import presets
from sonic_ui.ui.tabs.image_to_sound.events import SETTINGS, TAB, Handlers, values_from_settings
from sonic_ui.ui.widgets.fields import slider
from sonic_ui.ui.widgets.picture_input import PictureInput, picture_input, with_pictures
from sonic_ui.ui.widgets.prompt_settings import connect_seed, seed_field
from sonic_ui.ui.widgets.runs import RunBar, Runs, connect_run, run_bar
from sonic_ui.ui.widgets.send_to_tab import Target
from sonic_ui.ui.widgets.settings_drop import PictureDrop, Reuse, connect_reuse, picture_drop
from sonic_ui.ui.widgets.sound_input import MANY, QUIET

__all__ = ["TAB", "Components", "build"]

VERB = "image_to_sound"
FIRST_PICTURE = 8
MODE_WORDS = {
    "exact": ("As drawn", "The sound rises and falls just where the curve does."),
    "natural": ("As it would sound", "Your drawing is a hint: a bell still rings out, rain stays even."),
}
SOURCE_WORDS = {
    "generate": ("Generate", "A sound that never was, made from the picture."),
    "recordings": ("Build from recordings", "Real recordings that fit the picture, put together."),
}
CONTROL_WORDS = [
    ("Trained (energy ControlNet)", "trained"),
    ("Guided at every step (no training)", "guided"),
    ("Not at all", "none"),
]
NO_GENERATOR = "The weights that run here cannot generate sounds: they build them from recordings."
STEPS_OPEN, GUIDANCE_OPEN = 25.0, 3.0
"""What the sliders show where the weights say nothing of their own."""


@dataclass(frozen=True)
class Making:
    """Where the sound comes from: the components."""

    source: gr.HTML
    library: gr.Dropdown
    concepts: gr.Slider
    message: gr.HTML


@dataclass(frozen=True)
class SoundWords:
    """Words, takes, seed and the rest: the components."""

    prompt: gr.Textbox
    message: gr.HTML
    takes: gr.Slider
    seed: gr.Number
    dice: gr.Button
    keep_seed: gr.Checkbox
    loudness_lufs: gr.Slider
    energy_strength: gr.Slider
    control: gr.Radio
    negative_prompt: gr.Textbox
    guidance_scale: gr.Slider
    steps: gr.Slider


@dataclass(frozen=True)
class Components:
    """The tab's components."""

    picture: PictureInput
    labels: gr.HTML
    curve: CurvePad
    curve_message: gr.HTML
    hum: gr.Audio
    hum_message: gr.HTML
    mode: gr.HTML
    making: Making
    words: SoundWords
    bar: RunBar
    takes: gr.HTML
    drop: PictureDrop
    shared: Shared

    @property
    def place(self) -> gr.HTML:
        """What shows the results."""
        return self.takes

    @property
    def settings(self) -> dict[str, Any]:
        """The components that make up a request, by their names in `SETTINGS`."""
        own = {"picture": self.picture.picture, "pad": self.curve.pad, "mode": self.mode}
        named = {**vars(self.making), **vars(self.words), **own}
        return {name: named[name] for name in SETTINGS}

    @property
    def messages(self) -> dict[str, gr.HTML]:
        """Where the sentence about a setting stands."""
        return {
            "picture": self.picture.message,
            **dict.fromkeys(("curve", "moments", "mode"), self.curve_message),
            **dict.fromkeys(("source", "library", "concepts"), self.making.message),
            **dict.fromkeys(("prompt", "negative_prompt"), self.words.message),
        }


@dataclass(frozen=True)
class Built(Components):
    """The tab's components, connected; `target` takes pictures of other tabs."""

    target: Target


def build(context: AppContext, shared: Shared) -> Built:
    """Lay out the tab inside the current tab context and connect it."""
    with gr.Row(elem_classes="su-desk su-sounding", equal_height=False):
        with gr.Column(elem_classes="su-inputs", scale=5, min_width=340):
            with gr.Column(elem_classes="su-panel su-sounding-picture"):
                first = min(FIRST_PICTURE, len(with_pictures(context)) - 1)
                picture = picture_input(f"{TAB}-picture", context, first=max(0, first))
                labels = label_bars(f"{TAB}-labels", "What may be heard in it")
            with gr.Column(elem_classes="su-panel su-ways"):
                making = _making(context)
            with gr.Column(elem_classes="su-panel su-sounding-words"):
                said = _words(context)
            bar = run_bar(TAB, "Make it sound")
        with gr.Column(elem_classes="su-result", scale=8, min_width=340):
            with gr.Column(elem_classes="su-panel su-sounding-curve"):
                curve = curve_pad(TAB, "Energy over time", presets())
                curve_message = message(f"{TAB}-curve-message")
                mode = choice(f"{TAB}-mode", "How the curve is taken", MODE_WORDS, "exact")
                hum, hum_message = _hum()
            targets = (("sound-to-image", "Sound → Image"), ("interpolate", "Interpolate"))
            place = takes_view(TAB, targets)
            drop = picture_drop(TAB, "sound", [".wav"])
    parts = Components(
        picture, labels, curve, curve_message, hum, hum_message, mode, making, said, bar, place, drop, shared
    )
    target = _connect(context, parts)
    image_to_sound_api.build(context)
    return Built(**vars(parts), target=target)


def _hum() -> tuple[gr.Audio, gr.HTML]:
    with accordion("Hum it, or take the curve from a sound"):
        line(f"{TAB}-hum-line", "Its loudness appears on the pad, where you can redraw it.")
        hum = gr.Audio(
            label="A hum, a knock, any sound",
            sources=["microphone", "upload"],
            type="filepath",
            editable=False,
            buttons=[],
            elem_id=f"{TAB}-hum",
            elem_classes="su-audio su-hum",
            waveform_options=gr.WaveformOptions(waveform_color="#8a8474", waveform_progress_color="#d98438"),
        )
        told = message(f"{TAB}-hum-message")
    return hum, told


def _making(context: AppContext) -> Making:
    generates = context.studio.supports(VERB)
    source = choice(
        f"{TAB}-source",
        "Where the sound comes from",
        SOURCE_WORDS,
        "generate" if generates else "recordings",
    )
    if not generates:
        line(f"{TAB}-source-line", NO_GENERATOR)
    with gr.Column(elem_classes="su-if-recordings"):
        library = gr.Dropdown(
            context.studio.libraries.choices(),
            value="",
            label="Recordings",
            info="The examples, or the folder that the app was started with (--sounds FOLDER).",
            elem_id=f"{TAB}-library",
        )
        concepts = slider(CONCEPTS, "Sources put together", "Of what the picture shows, at most this many.")
    return Making(source, library, concepts, message(f"{TAB}-source-message"))


def _words(context: AppContext) -> SoundWords:
    prompt = gr.Textbox(
        label="Words (optional)",
        placeholder="far away, heavy",
        info="What else should be heard. The picture brings the rest.",
        lines=1,
        max_lines=4,
        elem_id=f"{TAB}-prompt",
    )
    told = message(f"{TAB}-words-message")
    with gr.Row(elem_classes="su-pair su-seeds"):
        takes = slider(TAKES, "Takes", "More to choose from, and more time.")
        seed, dice, keep_seed = seed_field(TAB, "The same number makes the same sound again.")
    loudness = slider(LOUDNESS, "Loudness of the result (LUFS)", "Speech on air has −23, music −14.")
    with accordion("Advanced"):
        advanced = _advanced(context)
    return SoundWords(prompt, told, takes, seed, dice, keep_seed, loudness, *advanced)


def _advanced(context: AppContext) -> tuple[gr.Slider, gr.Radio, gr.Textbox, gr.Slider, gr.Slider]:
    own = context.studio.info.defaults.model_dump().get(VERB) or {}
    strength = slider(
        ENERGY_STRENGTH,
        "Strength of the curve",
        "More holds on to the curve, less lets the sound go its own way; 0 does not follow it.",
    )
    with gr.Column(elem_classes="su-if-generate"):
        control = gr.Radio(
            CONTROL_WORDS,
            value="trained",
            label="How the curve is imposed",
            elem_id=f"{TAB}-control",
            elem_classes="su-choice",
        )
        negative = gr.Textbox(
            label="What it should not sound like (negative prompt)",
            placeholder="speech",
            lines=1,
            max_lines=3,
        )
        guidance = slider(
            GUIDANCE,
            "Follow the picture and the words (guidance scale)",
            "More is more literal and harsher, less is freer and softer.",
            own.get("guidance_scale") or GUIDANCE_OPEN,
        )
        steps = slider(
            STEPS, "Steps", "More is finer and slower.", own.get("steps") or STEPS_OPEN, f"{TAB}-steps"
        )
    return strength, control, negative, guidance, steps


def _connect(context: AppContext, parts: Components) -> Target:
    """Connect the tab; returns what takes pictures of other tabs."""
    settings, records = [*parts.settings.values()], parts.shared.records
    picture, words = parts.picture, parts.words
    runs = Runs(context, parts.shared, TAB, parts.takes, parts.bar, parts.messages, parts.words.seed)
    handle = Handlers(context, parts, runs)
    reuse = Reuse(context, parts.drop, parts.settings, values_from_settings)
    often: dict[str, Any] = {"trigger_mode": "multiple", "concurrency_limit": MANY, **QUIET}
    looking: dict[str, Any] = {
        "fn": handle.look,
        "inputs": [picture.picture],
        "outputs": [parts.labels, parts.curve.ghost, picture.message],
        **often,
    }

    def refresh_after(event: Any) -> Any:
        return event.then(**looking)

    refresh_after(parts.curve.ghost.appear(None, js="() => []", api_visibility="private"))
    gr.on([picture.picture.input, picture.picture.clear], **looking)
    refresh_after(picture.examples.choose(handle.choose, outputs=[picture.picture], queue=False, **QUIET))
    gr.on(
        [parts.hum.input, parts.hum.stop_recording],
        handle.hum,
        inputs=[parts.hum],
        outputs=[parts.curve.pad, parts.hum_message],
        **often,
    )
    connect_seed(words.seed, words.dice, words.keep_seed)
    connect_run(
        TAB,
        parts.bar,
        runs,
        [words.prompt.submit],
        handle.generate,
        inputs=[*settings, records],
        outputs=[words.seed, records],
    )
    parts.takes.film(handle.film, outputs=[parts.takes], **often)
    connect_reuse(parts.drop, reuse, parts.takes, parts.shared, settings, [refresh_after])
    return Target(handle.receive, [picture.picture], refresh_after)
