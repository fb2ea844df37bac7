"""The tab "Image → Sound": a picture, a drawn curve, and what that sounds like."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.engine.caches import LRUCache
from sonic_ui.engine.events import Event, Failure, ImageAnalysis, Notice, Progress, SoundResult
from sonic_ui.engine.inputs import file_digest
from sonic_ui.requests import VERBS, BadInput, ImageToSoundRequest
from sonic_ui.requests.base import GUIDANCE, STEPS
from sonic_ui.requests.image_to_sound import CANDIDATES, ENERGY_STRENGTH, LENGTH, LOUDNESS, TAKES
from sonic_ui.ui.components import audio_results, base, basic, concept_chips, curve_pad
from sonic_ui.ui.components.curve_pad.curves import presets
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.settings.table import Row, SettingsTable
from sonic_ui.ui.tabs import BuiltTab
from sonic_ui.ui.tabs.image_to_sound import results
from sonic_ui.ui.tabs.image_to_sound.hum import HumHandlers, HumInput, hum_input
from sonic_ui.ui.widgets import (
    kept_form,
    picture_input,
    prompt_settings,
    runs,
    send_to_tab,
    settings_drop,
)
from sonic_ui.ui.widgets.fields import AT_ONCE, AUDIBLE, FREQUENT, Update, slider

TAB = VERBS["image_to_sound"].tab
MAX_RESULTS = 16
OPEN_LENGTH_S = 5.12
"""What the slider shows where the weights say nothing of their own."""

STRETCH_PAD = """length => document.dispatchEvent(
  new CustomEvent('su-length', {{ detail: {{ tab: '{tab}', seconds: length }} }}))"""
NOT_FILMED = "The video could not be made; the app’s log has the details."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SourceSettings:
    """Where the sound comes from: the components."""

    source: gr.HTML
    library: gr.Dropdown
    message: gr.HTML


@dataclass(frozen=True)
class SoundPrompts:
    """Prompt, takes, seed and the rest: the components."""

    prompt: gr.Textbox
    message: gr.HTML
    takes: gr.Slider
    seed: prompt_settings.SeedField
    loudness_lufs: gr.Slider
    energy_strength: gr.Slider
    control: gr.Radio
    negative_prompt: gr.Textbox
    guidance_scale: gr.Slider
    steps: gr.Slider
    candidates: gr.Slider


@dataclass(frozen=True)
class Components:
    """The tab's components."""

    picture: picture_input.PictureInput
    concepts: concept_chips.ConceptChips
    concepts_message: gr.HTML
    curve: curve_pad.CurvePad
    curve_message: gr.HTML
    length_s: gr.Slider
    hum: HumInput
    mode: gr.HTML
    source: SourceSettings
    prompts: SoundPrompts
    bar: runs.RunBar
    view: gr.HTML
    drop: settings_drop.SettingsDrop
    shared: SharedComponents


def settings_table(parts: Components) -> SettingsTable[ImageToSoundRequest]:
    """The settings of the tab."""
    source, prompts = parts.source, parts.prompts
    names = ("takes", "candidates", "control", "energy_strength", "guidance_scale", "steps", "loudness_lufs")
    rows = [
        Row({"picture": parts.picture.picture}, parts.picture.message),
        Row(
            {"chips": parts.concepts.chips},
            parts.concepts_message,
            _concepts,
            _chips,
            fields=[concept_chips.FIELD, "concepts"],
        ),
        Row({"pad": parts.curve.pad}, parts.curve_message, _curve, _pad, fields=["curve", "moments"]),
        Row({"length_s": parts.length_s}, parts.curve_message, from_request=_length),
        Row({"mode": parts.mode}, parts.curve_message),
        Row({"source": source.source}, source.message),
        Row({"library": source.library}, source.message, from_request=_library),
        Row({"prompt": prompts.prompt, "negative_prompt": prompts.negative_prompt}, prompts.message),
        Row({name: getattr(prompts, name) for name in names}, none_stays=True),
        prompts.seed.row(),
    ]
    return SettingsTable(ImageToSoundRequest, rows)


def _curve(values: Mapping[str, Any]) -> dict[str, Any]:
    return curve_pad.curves.curve_settings(values["pad"])


def _concepts(values: Mapping[str, Any]) -> dict[str, Any]:
    return concept_chips.concept_settings(values["chips"])


def _chips(request: ImageToSoundRequest, files: Mapping[str, str]) -> dict[str, Any]:
    return {"chips": concept_chips.chips_value(request)}


def _pad(request: ImageToSoundRequest, files: Mapping[str, str]) -> dict[str, Any]:
    return {"pad": curve_pad.curves.pad_value(request, request.length_s or OPEN_LENGTH_S)}


def _length(request: ImageToSoundRequest, files: Mapping[str, str]) -> dict[str, Any]:
    return {"length_s": request.length_s or OPEN_LENGTH_S}


def _library(request: ImageToSoundRequest, files: Mapping[str, str]) -> dict[str, Any]:
    return {"library": request.library or ""}


class AudioProgress:
    """What is there so far of a run for sounds."""

    def __init__(self, run: int) -> None:
        self._run = run

    def take(self, event: Event) -> base.Value | None:
        """The view's value after an event; None for one that changes nothing there."""
        return base.progress_value(self._run, event) if isinstance(event, Progress) else None


class Handlers:
    """The tab's event handlers."""

    def __init__(self, context: AppContext, parts: Components) -> None:
        self._context = context
        self._parts = parts
        self._results: LRUCache[SoundResult] = LRUCache(MAX_RESULTS)
        self.table = settings_table(parts)
        self.runs = runs.Runs(
            context, parts.shared, TAB, parts.view, parts.bar, self.table, parts.prompts.seed.seed
        )
        self.reuse = settings_drop.Reuse(context, parts.drop, self.table)

    # The picture

    def analyze(self, request: gr.Request, picture: str | None) -> Iterator[Update]:
        """Name what the picture shows that sounds, and show how that would rise and fall."""
        parts, session = self._parts, request.session_hash or ""
        message, name = parts.picture.message, parts.picture.name
        number = self._context.tasks.begin_analysis(session, name)
        hints = parts.concepts.hints
        nothing = {
            hints: concept_chips.NO_HINTS,
            parts.curve.ghost: curve_pad.ghost_value(None),
        }
        if not picture:
            yield {**nothing, message: basic.CLEAR}
            return
        yield {hints: concept_chips.hints_pending("Looking …"), message: basic.CLEAR}
        try:
            analysis = self._context.studio.analyze_image(picture)
            update: Update = {
                hints: self._hints(analysis, picture),
                parts.curve.ghost: curve_pad.ghost_value(analysis.suggestion),
            }
        except BadInput as problem:
            update = nothing
            if problem.field == "picture":
                update = {**nothing, message: basic.error(problem.message)}
        except Exception as problem:
            if not isinstance(problem, Failure):
                log.exception("A picture was not analyzed")
            update = {
                hints: concept_chips.hints_pending("It cannot be told while the engine is not running.")
            }
        if self._context.tasks.is_newest_analysis(session, name, number):
            yield update

    def _hints(self, analysis: ImageAnalysis, picture: str) -> base.Value:
        """What the chips are told of a picture, and which names there are to choose from."""
        info = self._context.studio.info
        names = sorted(label.name for label in analysis.labels)
        closed = info.vocabulary is not None and not analysis.caption
        return concept_chips.hints_value(analysis, file_digest(picture), names, closed)

    def choose(self, event: gr.EventData) -> Update:
        """An example was clicked. Raises `gr.Error` if there is none."""
        return self.receive(picture_input.chosen_picture(self._context, event))

    def receive(self, picture: Path) -> Update:
        """A picture of ours was chosen or sent here."""
        return {self._parts.picture.picture: str(picture)}

    # Sounds

    def generate(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Build the request from the page's settings (in the order of the table) and run it."""
        yield from self.runs.generate(request, values, self._generate_sounds)

    def _generate_sounds(self, run: runs.RunContext[ImageToSoundRequest]) -> Iterator[Update]:
        notices: list[str] = []

        def notice(event: Notice) -> Update:
            notices.append(event.message)
            return {self._parts.bar.message: basic.note(" ".join(notices))}

        yield from self.runs.follow(run, AudioProgress(run.run), SoundResult, self._finished, notice)

    def _finished(self, run: runs.RunContext[ImageToSoundRequest], result: SoundResult) -> Update:
        files = results.write_takes(self._context, result)
        preview = picture_input.preview_of(result.image)
        card = results.audio_card(run.run, result, files, picture_input.write_preview(self._context, preview))
        self._results.put((run.session, card.id), replace(result, image=preview))
        return self.runs.finished(run, card.id, files, result, audio_results.done(run.run, card))

    def write_video(self, request: gr.Request, event: gr.EventData) -> Update:
        """Make the video of a take."""
        session, view = request.session_hash or "", self._parts.view
        name, index = str(base.event_field(event, "id")), base.event_field(event, "index")
        result = self._results.find((session, name))
        if result is None or not isinstance(index, int) or not 0 <= index < len(result.takes):
            missing = "This sound is no longer kept. Make it again for a video."
            index = index if isinstance(index, int) else 0
            return {view: audio_results.video_done(name, index, None, missing)}
        sound = self._context.gallery.find(session, name, index)
        try:
            stem = self._context.pictures.new() / (sound.stem if sound else "sound")
            video = results.write_video(result, index, stem)
        except BadInput as problem:
            return {view: audio_results.video_done(name, index, None, problem.message)}
        except Exception:
            log.exception("A video was not made")
            return {view: audio_results.video_done(name, index, None, NOT_FILMED)}
        return {view: audio_results.video_done(name, index, video)}

    def connect(self) -> send_to_tab.Target:
        """Connect the tab; returns what takes pictures of other tabs."""
        parts, picture, curve = self._parts, self._parts.picture, self._parts.curve
        analysis: dict[str, Any] = {
            "fn": self.analyze,
            "inputs": [picture.picture],
            "outputs": [parts.concepts.hints, curve.ghost, picture.message],
            **FREQUENT,
        }

        def refresh_after(event: Any) -> Any:
            return event.then(**analysis)

        refresh_after(curve.ghost.appear(None, js="() => []", api_visibility="private"))
        gr.on([picture.picture.input, picture.picture.clear], **analysis)
        refresh_after(picture.examples.choose(self.choose, outputs=[picture.picture], **AT_ONCE))
        HumHandlers(parts.hum, curve.pad, OPEN_LENGTH_S).connect(self._context, parts.length_s)
        parts.length_s.change(
            None, js=STRETCH_PAD.format(tab=TAB), inputs=[parts.length_s], api_visibility="private"
        )
        parts.prompts.seed.connect()
        self.runs.connect(self.generate, [parts.prompts.prompt.submit])
        parts.view.film(self.write_video, outputs=[parts.view], **FREQUENT)
        self.reuse.connect(parts.view, parts.shared, [refresh_after])
        kept_form.connect_form(TAB, self.table, [refresh_after])
        return send_to_tab.Target(self.receive, [picture.picture], refresh_after)


VERB = "image_to_sound"
FIRST_PICTURE = 15
"""The train: the engine is sure of what sounds in it."""

MODE_WORDS = {
    "exact": ("As drawn", "The sound rises and falls just where the curve does."),
    "natural": ("As it would sound", "Your drawing is a hint: a bell still rings out, rain stays even."),
}
SOURCE_WORDS = {
    "generate": ("Generate", "A sound that never was, made from the picture."),
    "recordings": ("Build from recordings", "Real recordings that fit the picture, put together."),
    "both": ("Both, layered", "One over the other, and each by itself to compare."),
}
CONTROL_WORDS = [
    ("What suits it best", "auto"),
    ("Turned up and down", "envelope"),
    ("As it was trained", "trained"),
    ("Step by step", "guided"),
    ("Not at all", "none"),
]
NO_GENERATOR = "The weights that run here cannot generate sounds: they build them from recordings."
STEPS_OPEN, GUIDANCE_OPEN = 25.0, 3.0
"""What the sliders show where the weights say nothing of their own."""


def build(context: AppContext, shared: SharedComponents) -> BuiltTab:
    """Lay out the tab inside the current tab context and connect it."""
    with gr.Row(elem_classes="su-desk su-sounding", equal_height=False):
        with gr.Column(elem_classes="su-inputs su-halves", scale=5, min_width=340):
            with gr.Column(elem_classes="su-half"), gr.Column(elem_classes="su-panel su-sounding-picture"):
                first = min(FIRST_PICTURE, len(picture_input.with_pictures(context)) - 1)
                picture = picture_input.picture_input(f"{TAB}-picture", context, first=max(0, first))
                concepts = concept_chips.concept_chips(TAB, AUDIBLE)
                concepts_message = basic.message(f"{TAB}-concepts-message")
            with gr.Column(elem_classes="su-half"):
                with gr.Column(elem_classes="su-panel su-ways"):
                    source = _source(context)
                with gr.Column(elem_classes="su-panel su-sounding-words"):
                    prompts = _prompts(context)
            bar = runs.run_bar(TAB)
        with gr.Column(elem_classes="su-result", scale=8, min_width=340):
            with gr.Column(elem_classes="su-panel su-sounding-curve"):
                own_s = _own(context).get("length_s") or OPEN_LENGTH_S
                curve = curve_pad.curve_pad(TAB, "Energy over time", presets(), own_s)
                curve_message = basic.message(f"{TAB}-curve-message")
                length_s = slider(
                    LENGTH, "Length in seconds", "Your drawing is stretched to it.", own_s, f"{TAB}-length"
                )
                mode = basic.choice(f"{TAB}-mode", "How the curve is taken", MODE_WORDS, "exact")
                hum = hum_input(TAB)
            targets = (("sound-to-image", "Sound → Image"), ("interpolate", "Interpolate"))
            view = audio_results.audio_results(TAB, targets)
            drop = settings_drop.settings_drop(TAB, "sound", [".wav"])
    parts = Components(
        *(
            picture,
            concepts,
            concepts_message,
            curve,
            curve_message,
            length_s,
            hum,
            mode,
            source,
        ),
        *(prompts, bar, view, drop, shared),
    )
    target = Handlers(context, parts).connect()
    return BuiltTab(view, bar.message, drop.share, target=target)


def _own(context: AppContext) -> dict[str, Any]:
    """The settings of this verb that suit the weights, as far as they say."""
    return context.studio.info.defaults.model_dump().get(VERB) or {}


def _source(context: AppContext) -> SourceSettings:
    generates = context.studio.supports(VERB)
    usual = usual_source(generates, _own(context).get("source"))
    source = basic.choice(f"{TAB}-source", "Where the sound comes from", SOURCE_WORDS, usual)
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
    return SourceSettings(source, library, basic.message(f"{TAB}-source-message"))


def usual_source(generates: bool, own: object) -> str:
    """Where sounds come from until somebody chooses: as the weights say, if they can generate at all."""
    if not generates:
        return "recordings"
    return own if isinstance(own, str) and own in SOURCE_WORDS else "generate"


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
    takes = slider(TAKES, "Takes", "More to choose from, and more time.")
    seed = prompt_settings.seed_field(TAB, "The same number makes the same sound again.")
    loudness = slider(LOUDNESS, "Loudness of the result (LUFS)", "Speech on air has −23, music −14.")
    with basic.accordion("Advanced"):
        advanced = _advanced(context)
    return SoundPrompts(prompt, message, takes, seed, loudness, *advanced)


def _advanced(context: AppContext) -> tuple[gr.Slider, gr.Radio, gr.Textbox, gr.Slider, gr.Slider, gr.Slider]:
    own = _own(context)
    strength = slider(
        ENERGY_STRENGTH,
        "Strength of the curve",
        "More holds on to the curve, less lets the sound go its own way; 0 does not follow it.",
    )
    with gr.Column(elem_classes="su-if-generate"):
        control = gr.Radio(
            CONTROL_WORDS,
            value="auto",
            label="How the curve is imposed",
            elem_id=f"{TAB}-control",
            elem_classes="su-choice",
        )
        negative = gr.Textbox(
            label="What it should not sound like",
            placeholder="speech",
            lines=1,
            max_lines=3,
        )
        guidance = slider(
            GUIDANCE,
            "Follow the picture and the words",
            "More is more literal and harsher, less is freer and softer.",
            own.get("guidance_scale") or GUIDANCE_OPEN,
        )
        steps = slider(
            STEPS, "Steps", "More is finer and slower.", own.get("steps") or STEPS_OPEN, f"{TAB}-steps"
        )
        candidates = slider(
            CANDIDATES,
            "Candidates a take",
            "Of so many the one is kept that is most like the picture and follows the curve best; more take "
            "more time.",
            elem_id=f"{TAB}-candidates",
        )
    return strength, control, negative, guidance, steps, candidates
