"""The tab "Sound → Image": a sound, and pictures of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sonic_ui.engine.events import Result
from sonic_ui.requests import VERBS, SoundToImageRequest
from sonic_ui.requests.sound_to_image import COUNT
from sonic_ui.ui.components import basic, result_view
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.settings.reuse import Record
from sonic_ui.ui.settings.table import Row, SettingsTable
from sonic_ui.ui.tabs import BuiltTab
from sonic_ui.ui.tabs.sound_to_image import batch, captions, results
from sonic_ui.ui.widgets import (
    kept_form,
    mixer,
    prompt_settings,
    runs,
    send_to_tab,
    settings_drop,
    sound_input,
)
from sonic_ui.ui.widgets.fields import Update, caption_of, slider
from sonic_ui.ui.widgets.vary import varied_request

TAB = VERBS["sound_to_image"].tab


@dataclass(frozen=True)
class Components:
    """The tab's components."""

    sound: sound_input.SoundInput
    prompts: prompt_settings.PromptSettings
    bar: runs.RunBar
    view: gr.HTML
    drop: settings_drop.SettingsDrop
    shared: SharedComponents
    batch: batch.BatchComponents
    captions: captions.CaptionSettings
    mixer: mixer.Mixer


def settings_table(context: AppContext, parts: Components) -> SettingsTable[SoundToImageRequest]:
    """The settings of the tab."""
    prompts = parts.prompts
    rows = [parts.sound.row(), *prompts.rows(), Row({"count": prompts.beside_seed}), prompts.variations_row()]
    rows.append(prompts.aspect_row(lambda: context.studio.info.aspects))
    rows.append(prompts.quality_row(lambda: context.studio.info.defaults.draft is not None))
    rows.append(parts.captions.row())
    rows.append(parts.mixer.row())
    return SettingsTable(SoundToImageRequest, rows)


class Handlers:
    """The tab's event handlers."""

    def __init__(self, context: AppContext, parts: Components) -> None:
        self._context = context
        self._parts = parts
        self.table = settings_table(context, parts)
        self.sound = sound_input.SoundInputHandlers(context, parts.sound, parts.mixer.room)
        self.mixer = mixer.MixerHandlers(
            context, parts.mixer, {"sound": parts.sound.sound, **parts.sound.part}
        )
        self.runs = runs.Runs(
            context, parts.shared, TAB, parts.view, parts.bar, self.table, parts.prompts.seed.seed
        )
        self.reuse = settings_drop.Reuse(
            context,
            parts.drop,
            self.table,
            self._example_record,
            lambda picture, files: {parts.view: result_view.stage_of(picture)},
        )
        self.captions = captions.CaptionHandlers(context, parts.captions, parts.sound, self.mixer)
        self.batch = batch.BatchHandler(context, parts.batch, parts.view, parts.shared)

    def choose(self, event: gr.EventData) -> Update:
        """An example was clicked: its sound and its picture."""
        card = results.example_card(self._context, self.sound.chosen(event))
        return {**self.sound.choose(event), self._parts.view: result_view.show(card)}

    def generate(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Build the request from the page's settings (in the order of the table) and run it."""
        yield from self.runs.generate(request, values, self._paint)

    def vary(self, request: gr.Request, records: dict[str, Record], event: gr.EventData) -> Iterator[Update]:
        """Paint variations of the picture that is shown, with its own settings."""

        def build() -> SoundToImageRequest:
            return varied_request(self.reuse.record(records, event), event, SoundToImageRequest)

        yield from self.runs.run(request, records, build, self._paint, is_from_page=False)

    def generate_batch(self, request: gr.Request, files: list[str] | None, *values: Any) -> Iterator[Update]:
        """Paint one picture of each of `files` with the page's settings; the editor's sound takes no part."""
        if not files:
            return
        with_sound = [*values]
        with_sound[[*self.table.components].index("sound")] = files[0]
        yield from self.runs.generate(request, with_sound, lambda run: self.batch.paint(run, files))

    def _paint(self, run: runs.RunContext[SoundToImageRequest]) -> Iterator[Update]:
        width, height = self._context.studio.info.size_of(run.request.aspect)
        progress = result_view.ImageProgress(run.run, run.request.count, width / height)
        yield from self.runs.follow(
            run,
            progress,
            Result,
            self._finished,
            lambda notice: {self._parts.prompts.message: basic.note(notice.message)},
        )

    def _finished(self, run: runs.RunContext[SoundToImageRequest], result: Result) -> Update:
        files = self._context.pictures.write(result.images, result.settings)
        card = results.result_card(run.run, result, files)
        shown = self.runs.finished(run, card.id, files, result, result_view.done(run.run, card))
        if (caption := caption_of(result.request)) and not run.request.caption:
            shown[self._parts.captions.caption] = caption  # the engine wrote it
        return shown

    def _example_record(self, name: str) -> Record | None:
        """What the picture of an example was made with, by its card's name."""
        number, examples = name.removeprefix("example-"), self._context.examples
        if number == name or not number.isdecimal() or int(number) >= len(examples):
            return None
        settings = results.example_settings(self._context, int(number))
        sound = str(examples[int(number)].sound)
        return {"settings": settings, "files": {"sound": sound}} if settings else None

    def connect(self) -> send_to_tab.Target:
        """Connect the tab; returns what takes sounds of other tabs."""
        parts = self._parts
        refresh_after = self.sound.connect(self.choose, [parts.view])
        refresh_mix = self.mixer.connect()
        parts.prompts.seed.connect()
        self.captions.connect()
        triggers, written = [parts.prompts.prompt.submit], [parts.captions.caption]
        self.runs.connect(self.generate, triggers, outputs=written, vary=self.vary)
        self.reuse.connect(parts.view, parts.shared, [refresh_after, refresh_mix])
        seed, head = parts.prompts.seed.seed, parts.shared.head
        messages = [parts.bar.message, *self.table.messages.values()]
        inputs = [*self.table.components.values(), parts.shared.records]
        self.batch.connect(self.generate_batch, inputs, [seed, head, *messages])
        kept_form.connect_form(
            *(TAB, self.table, [refresh_after, refresh_mix]), changed=[parts.sound.drawing], first=True
        )
        return send_to_tab.sound_target(parts.sound, refresh_after)


def build(context: AppContext, shared: SharedComponents) -> BuiltTab:
    """Lay out the tab inside the current tab context and connect it."""
    captions.add_endpoint(context)
    with gr.Row(elem_classes="su-desk", equal_height=False):
        with gr.Column(elem_classes="su-inputs", scale=5, min_width=340):
            with gr.Column(elem_classes="su-panel su-beside"):
                sound = sound_input.sound_input(TAB, context, gain=True, batch=batch.MOST_FILES)
                mix = mixer.mixer(TAB, context)
                several = batch.batch_components(TAB)
                in_words = captions.caption_settings(TAB)
            with gr.Column(elem_classes="su-panel"):
                prompts = prompt_settings.prompt_settings(
                    TAB,
                    context.studio.info,
                    lambda: slider(COUNT, "Pictures", ""),
                    varied=True,
                    shaped=True,
                    drafts=True,
                )
            bar = runs.run_bar(TAB)
        with gr.Column(elem_classes="su-result", scale=8, min_width=340):
            view = result_view.result_view(TAB, results.example_card(context, 0))
            drop = settings_drop.settings_drop(TAB)
    parts = Components(sound, prompts, bar, view, drop, shared, several, in_words, mix)
    target = Handlers(context, parts).connect()
    return BuiltTab(view, bar.message, drop.share, (prompts,), target)
