"""The tab "Edit": a picture keeps its layout and takes on what a sound depicts."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.engine.events import Result
from sonic_ui.engine.inputs import load_picture
from sonic_ui.media.masks import empty_canvas
from sonic_ui.requests import EDIT_MODES, VERBS, BadInput, EditImageRequest
from sonic_ui.requests.edit_image import VARIATION
from sonic_ui.requests.word_weights import as_text
from sonic_ui.ui.components import base, basic, result_view
from sonic_ui.ui.components.base import html_component
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.settings.reuse import Record
from sonic_ui.ui.settings.table import Row, SettingsTable
from sonic_ui.ui.tabs import BuiltTab
from sonic_ui.ui.tabs.edit import results
from sonic_ui.ui.widgets import (
    hold_sliders,
    kept_form,
    mask_canvas,
    picture_input,
    prompt_settings,
    runs,
    send_to_tab,
    settings_drop,
    sound_input,
)
from sonic_ui.ui.widgets.fields import AT_ONCE, FREQUENT, QUIET, Update, room_choice, slider
from sonic_ui.ui.widgets.vary import varied_request

TAB = VERBS["edit_image"].tab
PAIRS = "{} and before"
"""What the gallery calls the pictures of a result for before and after: before, then each after."""

STRENGTHS_AND_LAYERS = (
    "There are several strengths and one for each layer as well; only one of them can be meant. "
    "Empty “Strength for each layer”, or try one strength at a time."
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HoldSettings:
    """How the edit holds on to its picture: the components."""

    mode: gr.HTML
    tau_attn: gr.Slider
    tau_feature: gr.Slider
    held: gr.Radio
    source_prompt: gr.Textbox
    weights: gr.Textbox
    message: gr.HTML


@dataclass(frozen=True)
class StrengthList:
    """Several strengths at once: the components."""

    several: gr.Checkbox
    strengths: gr.Textbox
    message: gr.HTML


@dataclass(frozen=True)
class Components:
    """The tab's components."""

    picture: picture_input.PictureInput
    cache_status: gr.HTML
    mask: gr.ImageEditor
    clear_mask: gr.Button
    painted: gr.File
    mask_message: gr.HTML
    sound: sound_input.SoundInput
    room: gr.Radio
    hold: HoldSettings
    prompts: prompt_settings.PromptSettings
    strengths: StrengthList
    bar: runs.RunBar
    compare: gr.ImageSlider
    view: gr.HTML
    drop: settings_drop.SettingsDrop
    shared: SharedComponents


def settings_table(context: AppContext, parts: Components) -> SettingsTable[EditImageRequest]:
    """The settings of the tab."""

    hold, strengths = parts.hold, parts.strengths
    several = {"several": strengths.several, "strengths": strengths.strengths}
    rows = [
        Row({"picture": parts.picture.picture}, parts.picture.message),
        mask_canvas.mask_row(context, parts.mask, parts.mask_message),
        parts.sound.row(room=parts.room),
        Row({"mode": hold.mode, "source_prompt": hold.source_prompt}, hold.message),
        Row({"word_weights": hold.weights}, hold.message, None, _weight_values),
        hold_sliders.hold_row(hold.tau_attn, hold.tau_feature, hold.held, hold.message),
        *parts.prompts.rows(),
        Row({"variation": parts.prompts.beside_seed}),
        parts.prompts.variations_row(),
        Row(several, strengths.message, _strengths, _strength_values),
    ]
    return SettingsTable(EditImageRequest, rows)


def _strengths(values: Mapping[str, Any]) -> dict[str, Any]:
    if values["several"] and (values["layers"] or "").strip():
        raise BadInput(STRENGTHS_AND_LAYERS, "strengths")
    return {"strengths": (values["strengths"] or "") if values["several"] else None}


def _strength_values(request: EditImageRequest, files: Mapping[str, str]) -> dict[str, Any]:
    if request.strengths is None:
        return {"several": False}
    return {"several": True, "strengths": strength_list(request.strengths)}


def _weight_values(request: EditImageRequest, files: Mapping[str, str]) -> dict[str, Any]:
    return {"word_weights": as_text(request.word_weights)}


def strength_list(strengths: Sequence[float]) -> str:
    """Strengths as a person writes them."""
    return ", ".join(f"{one:g}" for one in strengths)


class Handlers:
    """The tab's event handlers."""

    def __init__(self, context: AppContext, parts: Components) -> None:
        self._context = context
        self._parts = parts
        self.table = settings_table(context, parts)
        self.runs = runs.Runs(
            context, parts.shared, TAB, parts.view, parts.bar, self.table, parts.prompts.seed.seed
        )
        self.reuse = settings_drop.Reuse(context, parts.drop, self.table, stage=self._stage)

    # The picture

    def analyze(self, request: gr.Request, picture: str | None) -> Update:
        """Report what is cached of the picture in the input, or why it cannot be used."""
        status, message = self._parts.cache_status, self._parts.picture.message
        if not picture:
            return {status: "", message: basic.CLEAR}
        try:
            load_picture(picture)
            usage = self._context.studio.cache_usage(request.session_hash or "", picture)
        except BadInput as problem:
            return {status: "", message: basic.error(problem.message)}
        return {status: results.cache_sentence(usage), message: basic.CLEAR}

    def show(self, picture: str | None) -> Update:
        """Another picture was given: show it, with nothing painted on it."""
        parts = self._parts
        empty = {parts.mask: None, parts.mask_message: basic.CLEAR}
        if not picture:
            return empty
        try:
            image = load_picture(picture).image
            preview = picture_input.write_preview(self._context, image)
        except BadInput as problem:  # `analyze` says what is wrong with the picture
            disk = {parts.mask_message: basic.error(problem.message)} if problem.field == "disk" else {}
            return {**empty, **disk}
        except Exception:
            log.exception("A picture was not shown")
            return empty
        card = results.picture_card(Path(picture).name, preview, image.size)
        return {**empty, parts.mask: empty_canvas(preview), parts.view: result_view.show(card)}

    def keep_mask(self, layers: Sequence[bytes | str] | None) -> Update:
        """Something was painted: its mask as a file, which is kept with the form."""
        return {self._parts.painted: mask_canvas.painted_file(self._context, layers)}

    def restore(self, picture: str | None, painted: str | None) -> Update:
        """The form is back after a reload: its picture, and what was painted on it."""
        parts, shown = self._parts, self.show(picture)
        again = mask_canvas.painted_again(shown.get(parts.mask), painted)
        if again is None:
            return shown
        return {**shown, parts.mask: again, parts.mask_message: basic.note(mask_canvas.PAINTED_AGAIN)}

    def choose(self, event: gr.EventData) -> Update:
        """An example was clicked. Raises `gr.Error` if there is none."""
        return self.receive(picture_input.chosen_picture(self._context, event))

    def receive(self, picture: Path) -> Update:
        """A picture of ours was chosen or sent here."""
        return {self._parts.picture.picture: str(picture), **self.show(str(picture))}

    def _stage(self, dropped: Path | None, files: Mapping[str, str]) -> Update:
        """What stands on the stage for settings from elsewhere: what was dropped, or the picture to edit."""
        picture = files.get("picture")
        if dropped is None and picture:
            return {self._parts.view: self.show(picture).get(self._parts.view, result_view.awaiting())}
        return {self._parts.view: result_view.stage_of(dropped)}

    def clear_mask(self, picture: str | None) -> Update:
        """Take away what was painted."""
        shown = self.show(picture)
        return {part: shown[part] for part in (self._parts.mask, self._parts.mask_message)}

    def compare(self, request: gr.Request, event: gr.EventData) -> Update:
        """Another picture of the session is shown: before and after of it."""
        name, index = PAIRS.format(base.event_field(event, "id")), base.event_field(event, "index")
        gallery, session = self._context.gallery, request.session_hash or ""
        before = gallery.find(session, name, 0)
        after = gallery.find(session, name, index + 1 if isinstance(index, int) else None)
        pair = None if before is None or after is None else (str(before), str(after))
        return {self._parts.compare: pair}

    # Editing

    def generate(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Build the request from the page's settings (in the order of the table) and run it."""

        yield from self.runs.generate(request, values, partial(self._edit, request))

    def vary(self, request: gr.Request, records: dict[str, Record], event: gr.EventData) -> Iterator[Update]:
        """Make variations of the edit that is shown, with its own settings."""

        def build() -> EditImageRequest:
            return varied_request(self.reuse.record(records, event), event, EditImageRequest)

        yield from self.runs.run(request, records, build, partial(self._edit, request), is_from_page=False)

    def _edit(self, request: gr.Request, run: runs.RunContext[EditImageRequest]) -> Iterator[Update]:
        if results.is_repeated(run.request, run.records, self._context.studio.info.name):
            note = basic.note(results.SAME_AGAIN)
            yield {self._parts.view: base.run_ended(run.run), self._parts.bar.message: note}
            return
        yield from self.runs.follow(
            run,
            result_view.ImageProgress(run.run, len(run.request.edits)),
            Result,
            self._finished,
            lambda notice: {self._parts.prompts.message: basic.note(notice.message)},
        )
        yield self.analyze(request, run.request.picture)

    def _finished(self, run: runs.RunContext[EditImageRequest], result: Result) -> Update:
        context = self._context
        files = context.pictures.write(result.images, result.settings)
        card = results.edit_card(run.run, result, files)
        image = load_picture(result.request.picture_paths["picture"]).given
        before = picture_input.write_preview(context, image, "before")
        pairs = [before, *results.preview_files(context, result, files)]
        context.gallery.add(run.session, PAIRS.format(card.id), pairs)
        return {
            **self.runs.finished(run, card.id, files, result, result_view.done(run.run, card)),
            self._parts.compare: (str(pairs[0]), str(pairs[1])),
        }

    def connect(self) -> send_to_tab.Target:
        """Connect the tab; returns what takes pictures of other tabs."""
        parts, picture, hold = self._parts, self._parts.picture, self._parts.hold
        shown = [parts.mask, parts.mask_message, parts.view]
        analysis: dict[str, Any] = {
            "fn": self.analyze,
            "inputs": [picture.picture],
            "outputs": [parts.cache_status, picture.message],
            **FREQUENT,
        }

        def refresh_after(event: Any) -> Any:
            return event.then(**analysis)

        refresh_after(parts.cache_status.appear(None, js="() => []", api_visibility="private"))
        refresh_after(picture.picture.input(self.show, inputs=[picture.picture], outputs=shown, **QUIET))
        refresh_after(picture.examples.choose(self.choose, outputs=[picture.picture, *shown], **QUIET))
        parts.clear_mask.click(self.clear_mask, inputs=[picture.picture], outputs=shown[:2], **QUIET)
        hold_sliders.follow_mode(hold.mode, hold.tau_attn, hold.tau_feature, hold.held)
        refresh_sound = sound_input.SoundInputHandlers(self._context, parts.sound, parts.room).connect()
        parts.prompts.seed.connect()
        triggers = [parts.prompts.prompt.submit, parts.strengths.strengths.submit]
        self.runs.connect(self.generate, triggers, [parts.compare, parts.cache_status], self.vary)
        parts.view.compare(self.compare, outputs=[parts.compare], **AT_ONCE)
        self.reuse.connect(parts.view, parts.shared, [refresh_sound, refresh_after])

        def show_after(event: Any) -> Any:
            return event.then(self.restore, inputs=[picture.picture, parts.painted], outputs=shown, **QUIET)

        kept = parts.mask.change(
            self.keep_mask, inputs=[parts.mask], outputs=[parts.painted], trigger_mode="always_last", **QUIET
        )
        refreshed = [refresh_sound, show_after, refresh_after]
        changed = [parts.sound.drawing]
        kept_form.connect_form(
            TAB, self.table, refreshed, changed=changed, files={"painted": parts.painted}, after=[kept]
        )
        return send_to_tab.Target(self.receive, [picture.picture, *shown], refresh_after)


FIRST_PICTURE, FIRST_SOUND = 3, 2
"""A dog and a crackling fire: the sound takes the thing's place, and the scene stays."""
STRENGTHS = (0.5, 1.0, 1.5, 2.0)


def build(context: AppContext, shared: SharedComponents) -> BuiltTab:
    """Lay out the tab inside the current tab context and connect it."""
    with gr.Row(elem_classes="su-desk", equal_height=False):
        with gr.Column(elem_classes="su-inputs su-halves", scale=5, min_width=340):
            with gr.Column(elem_classes="su-half"):
                with gr.Column(elem_classes="su-panel"):
                    hold = _hold_settings()
                with gr.Column(elem_classes="su-panel"):
                    picture = picture_input.picture_input(f"{TAB}-photo", context, first=FIRST_PICTURE)
                    cache_status = basic.status_text(f"{TAB}-kept")
                    mask, clear_mask = mask_canvas.mask_canvas(TAB, _first_picture(context))
                    painted = gr.File(type="filepath", visible=False)
                    mask_message = basic.message(f"{TAB}-mask-message")
            with gr.Column(elem_classes="su-half"):
                with gr.Column(elem_classes="su-panel"):
                    sound = sound_input.sound_input(TAB, context, first=FIRST_SOUND, gain=True, compact=True)
                    with basic.accordion("Where it is heard"):
                        room = room_choice(TAB)
                with gr.Column(elem_classes="su-panel"):
                    prompts, strengths = _prompts(context)
            bar = runs.run_bar(TAB)
        with gr.Column(elem_classes="su-result su-edit-place", scale=8, min_width=340):
            compare = _compare()
            view = result_view.result_view(TAB, results.example_card(context, FIRST_PICTURE))
            drop = settings_drop.settings_drop(TAB)
    parts = Components(
        *(picture, cache_status, mask, clear_mask, painted, mask_message, sound, room, hold, prompts),
        *(strengths, bar, compare, view, drop, shared),
    )
    target = Handlers(context, parts).connect()
    return BuiltTab(view, bar.message, drop.share, (prompts,), target)


def _first_picture(context: AppContext) -> Path | None:
    examples = picture_input.with_pictures(context)
    return examples[FIRST_PICTURE].picture if len(examples) > FIRST_PICTURE else None


def _hold_settings() -> HoldSettings:
    modes = {
        name: (results.MODE_WORDS[name], f"{mode.line} {mode.factors_line}")
        for name, mode in EDIT_MODES.items()
    }
    first = next(iter(EDIT_MODES.values()))
    mode = basic.choice(f"{TAB}-mode", "What the sound does to the picture", modes, first.name, short=True)
    message = basic.message(f"{TAB}-how-message")
    with basic.accordion("How hard to hold, and words for the picture"):
        tau_attn, tau_feature, held = hold_sliders.hold_sliders(TAB)
        source_prompt = gr.Textbox(
            label="What the picture shows",
            placeholder="a dog on a meadow",
            info="Empty works for any picture. With words, the picture is studied anew.",
            lines=1,
            max_lines=3,
            elem_id=f"{TAB}-source-prompt",
        )
        weights = gr.Textbox(
            label="Weights of words, word for word",
            placeholder="rooster:1.5, meadow:0.5",
            info="Words of what it shall show, from 0 to 2; 1 is as it is.",
            lines=1,
            elem_id=f"{TAB}-word-weights",
        )
    return HoldSettings(mode, tau_attn, tau_feature, held, source_prompt, weights, message)


def _prompts(context: AppContext) -> tuple[prompt_settings.PromptSettings, StrengthList]:
    prompts = prompt_settings.prompt_settings(
        TAB,
        context.studio.info,
        lambda: slider(VARIATION, "Variation", "0 stays nearest to the picture; more starts afresh."),
        "Counts where Variation is above 0.",
        varied=True,
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
    return prompts, StrengthList(several, strengths, basic.message(f"{TAB}-several-message"))


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
