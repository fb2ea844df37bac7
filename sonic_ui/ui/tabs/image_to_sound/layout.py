"""The tab "Image → Sound": a picture, a drawn curve, and what that sounds like."""

import gradio as gr

from sonic_ui.requests.base import GUIDANCE, STEPS
from sonic_ui.requests.image_to_sound import CONCEPTS, ENERGY_STRENGTH, LOUDNESS, TAKES
from sonic_ui.ui.components import basic
from sonic_ui.ui.components.audio_results import audio_results
from sonic_ui.ui.components.curve_pad import curve_pad
from sonic_ui.ui.components.curve_pad.curves import presets
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.tabs import BuiltTab
from sonic_ui.ui.tabs.image_to_sound.events import TAB, Components, Handlers, SoundPrompts, SourceSettings
from sonic_ui.ui.widgets import picture_input, prompt_settings, runs, settings_drop
from sonic_ui.ui.widgets.fields import slider

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


def build(context: AppContext, shared: SharedComponents) -> BuiltTab:
    """Lay out the tab inside the current tab context and connect it."""
    with gr.Row(elem_classes="su-desk su-sounding", equal_height=False):
        with gr.Column(elem_classes="su-inputs", scale=5, min_width=340):
            with gr.Column(elem_classes="su-panel su-sounding-picture"):
                first = min(FIRST_PICTURE, len(picture_input.with_pictures(context)) - 1)
                picture = picture_input.picture_input(f"{TAB}-picture", context, first=max(0, first))
                labels = basic.label_bars(f"{TAB}-labels", "What may be heard in it")
            with gr.Column(elem_classes="su-panel su-ways"):
                source = _source(context)
            with gr.Column(elem_classes="su-panel su-sounding-words"):
                prompts = _prompts(context)
            bar = runs.run_bar(TAB, "Make it sound")
        with gr.Column(elem_classes="su-result", scale=8, min_width=340):
            with gr.Column(elem_classes="su-panel su-sounding-curve"):
                curve = curve_pad(TAB, "Energy over time", presets())
                curve_message = basic.message(f"{TAB}-curve-message")
                mode = basic.choice(f"{TAB}-mode", "How the curve is taken", MODE_WORDS, "exact")
                hum, hum_message = _hum()
            targets = (("sound-to-image", "Sound → Image"), ("interpolate", "Interpolate"))
            view = audio_results(TAB, targets)
            drop = settings_drop.settings_drop(TAB, "sound", [".wav"])
    parts = Components(
        *(picture, labels, curve, curve_message, hum, hum_message, mode, source, prompts),
        *(bar, view, drop, shared),
    )
    target = Handlers(context, parts).connect()
    return BuiltTab(view, bar.message, drop.share, target=target)


def _hum() -> tuple[gr.Audio, gr.HTML]:
    with basic.accordion("Hum it, or take the curve from a sound"):
        basic.status_text(f"{TAB}-hum-line", "Its loudness appears on the pad, where you can redraw it.")
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
        return hum, basic.message(f"{TAB}-hum-message")


def _source(context: AppContext) -> SourceSettings:
    generates = context.studio.supports(VERB)
    source = basic.choice(
        f"{TAB}-source",
        "Where the sound comes from",
        SOURCE_WORDS,
        "generate" if generates else "recordings",
    )
    if not generates:
        basic.status_text(f"{TAB}-source-line", NO_GENERATOR)
    with gr.Column(elem_classes="su-if-recordings"):
        library = gr.Dropdown(
            context.studio.libraries.choices(),
            value="",
            label="Recordings",
            info="The examples, or the folder that the app was started with (--sounds FOLDER).",
            elem_id=f"{TAB}-library",
        )
        concepts = slider(CONCEPTS, "Sources put together", "Of what the picture shows, at most this many.")
    return SourceSettings(source, library, concepts, basic.message(f"{TAB}-source-message"))


def _prompts(context: AppContext) -> SoundPrompts:
    prompt = gr.Textbox(
        label="Words (optional)",
        placeholder="far away, heavy",
        info="What else should be heard. The picture brings the rest.",
        lines=1,
        max_lines=4,
        elem_id=f"{TAB}-prompt",
    )
    message = basic.message(f"{TAB}-words-message")
    with gr.Row(elem_classes="su-pair su-seeds"):
        takes = slider(TAKES, "Takes", "More to choose from, and more time.")
        seed = prompt_settings.seed_field(TAB, "The same number makes the same sound again.")
    loudness = slider(LOUDNESS, "Loudness of the result (LUFS)", "Speech on air has −23, music −14.")
    with basic.accordion("Advanced"):
        advanced = _advanced(context)
    return SoundPrompts(prompt, message, takes, seed, loudness, *advanced)


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
