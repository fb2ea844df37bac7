"""The section "A new sound": recordings and pictures of one thing become an engine that paints it."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.audio.reader_types import SUFFIXES
from sonic_ui.audio.tracks import time_words
from sonic_ui.engine.events import Failure, ImageAnalysis, TeachResult
from sonic_ui.engine.inputs import load_picture
from sonic_ui.requests import BadInput, ChangeEngineRequest, TeachSoundRequest
from sonic_ui.requests.teach_sound import LONGEST_NAME, MOST_FILES, TEACHING_STEPS
from sonic_ui.ui.components import basic, teach_view
from sonic_ui.ui.components.base import event_field
from sonic_ui.ui.components.teach_view import FileKind, FileRow
from sonic_ui.ui.engine_panel import check_may_change
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.session.limits import read_limits
from sonic_ui.ui.tabs.teach.results import taught_card
from sonic_ui.ui.widgets import runs
from sonic_ui.ui.widgets.fields import AT_ONCE, FREQUENT, QUIET, Update, label_sentence, slider

STOPPED = "Stopped. Nothing of it was kept."
SURE = 0.75
"""Share of a known label from which on a picture is doubted to show something new."""
MOST_ROWS = 3 * MOST_FILES

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Components:
    """The section's components."""

    name: gr.Textbox
    recordings: gr.File
    pictures: gr.File
    understood: gr.HTML
    caption: gr.Textbox
    steps: gr.Slider
    messages: dict[str, gr.HTML]
    bar: runs.RunBar
    view: gr.HTML
    shared: SharedComponents


class Handlers:
    """The section's event handlers."""

    def __init__(self, tab: str, context: AppContext, parts: Components) -> None:
        self._tab, self._context, self._parts = tab, context, parts

    def understand(
        self, request: gr.Request, recordings: list[str] | None, pictures: list[str] | None
    ) -> Iterator[Update]:
        """Files were given or taken away: what is heard and seen in each, one after the other."""
        session, tasks = request.session_hash or "", self._context.tasks
        number, list_name = tasks.begin_analysis(session, f"{self._tab}-files"), f"{self._tab}-files"
        given: list[tuple[FileKind, str]] = [("recording", path) for path in recordings or []]
        given += [("picture", path) for path in pictures or []]
        rows: list[FileRow] = []
        for path in given[:MOST_ROWS]:
            if not tasks.is_newest_analysis(session, list_name, number):
                return
            yield self._listed(rows, f"Reading {len(rows) + 1} of {len(given)} …")
            rows.append(self._row(*path))
        left = len(given) - len(rows)
        yield self._listed(rows, f"{left} more are not listed." if left else "")

    def _listed(self, rows: Sequence[FileRow], reading: str) -> Update:
        return {self._parts.understood: teach_view.files_value(rows, reading)}

    def _row(self, kind: FileKind, path: str) -> FileRow:
        name = Path(path).name
        try:
            if kind == "recording":
                return FileRow(name, "recording", "good", self._sound_words(path))
            state, words = picture_words(self._context.studio.analyze_image(load_picture(path)))
            return FileRow(name, "picture", "doubtful" if state else "good", words)
        except (BadInput, Failure) as problem:
            return FileRow(name, kind, "refused", str(problem))
        except Exception:
            log.exception("A file was not understood")
            return FileRow(name, kind, "refused", runs.APP_FAILED)

    def _sound_words(self, path: str) -> str:
        sound = self._context.studio.load_sound(path)
        analysis = self._context.studio.embed_audio(sound)
        length = time_words(round(sound.clip.source_duration_s, 1))
        known = label_sentence(analysis.labels, analysis.is_unknown) if analysis.labels else ""
        return f"{length}, today heard as {known}" if known else length

    def teach(
        self,
        request: gr.Request,
        name: str | None,
        recordings: list[str] | None,
        pictures: list[str] | None,
        caption: str | None,
        steps: float | None,
    ) -> Iterator[Update]:
        """Teach was pressed."""
        context, parts, session = self._context, self._parts, request.session_hash or ""
        number, token = context.tasks.begin(session, self._tab)
        progress = teach_view.TeachProgress(number)
        try:
            yield runs.cleared(parts.bar, parts.messages)
            wanted = TeachSoundRequest.from_values(
                {
                    "name": name,
                    "recordings": recordings,
                    "pictures": pictures,
                    "caption": caption or "",
                    "training_steps": steps,
                }
            )
            for event in context.studio.run(wanted, token, session):
                if isinstance(event, TeachResult):
                    yield {parts.view: teach_view.done(number, taught_card(context, event))}
                elif (value := progress.take(event)) is not None:
                    yield {parts.view: value}
        except Exception as problem:
            yield runs.ended_without_result(problem, number, parts.view, parts.bar, parts.messages, STOPPED)
        finally:
            context.tasks.finish(session, self._tab, token)

    def cancel(self, request: gr.Request) -> None:
        """Stop this session's teaching at its next step."""
        self._context.tasks.cancel(request.session_hash or "", self._tab)

    def use(self, request: gr.Request, event: gr.EventData) -> Iterator[Update]:
        """Work with the engine that was taught."""
        message, studio = self._parts.bar.message, self._context.studio
        try:
            check_may_change(request, read_limits().open_engines)
            wanted = ChangeEngineRequest(engine=str(event_field(event, "engine")))
            for words in studio.change_engine(wanted):
                yield {message: basic.note(f"{words[0].upper()}{words[1:]} …")}
            ready = f"{studio.info.title} is ready: every tab paints with it now."
            yield {message: basic.note(ready), self._parts.shared.head: basic.engine_status(studio.status)}
        except BadInput as problem:
            yield {message: basic.error(problem.message)}

    def connect(self) -> None:
        """Connect the section."""
        parts = self._parts
        files = [parts.recordings, parts.pictures]
        gr.on(
            [one.change for one in files],
            self.understand,
            files,
            [parts.understood],
            trigger_mode="always_last",
            concurrency_limit=2,
            **QUIET,
        )
        settings = [parts.name, parts.recordings, parts.pictures, parts.caption, parts.steps]
        changed = [parts.view, parts.bar.message, *parts.messages.values()]
        running = parts.bar.generate.click(self.teach, settings, changed, **FREQUENT)
        running.then(None, js=runs.SETTLED.format(tab=self._tab, failed="false"))
        running.failure(None, js=runs.SETTLED.format(tab=self._tab, failed="true"))
        parts.bar.cancel.click(self.cancel, **AT_ONCE)
        parts.view.use(self.use, outputs=[parts.bar.message, parts.shared.head], **FREQUENT)


def picture_words(analysis: ImageAnalysis) -> tuple[bool, str]:
    """Whether a picture seems to show something that the engine knows already, and what is seen in it."""
    first = analysis.labels[0] if analysis.labels else None
    if analysis.caption:
        return False, f"seen as “{analysis.caption}”"
    if first is None or analysis.is_unsure or first.probability < SURE:
        return False, "something that the engine does not know yet"
    return True, f"it looks like {first.name}, which the engine knows. Is it what you teach?"


def build(tab: str, context: AppContext, shared: SharedComponents) -> gr.HTML:
    """Lay out the section in the current column and connect it; returns the slot of its sentence."""
    with gr.Row(elem_classes="su-desk", equal_height=False):
        with gr.Column(elem_classes="su-inputs", scale=5, min_width=340):
            with gr.Column(elem_classes="su-panel"):
                fields = _fields(tab)
            bar = runs.run_bar(tab, label="Teach")
        with gr.Column(elem_classes="su-result", scale=8, min_width=340):
            view = teach_view.teach_view(tab)
    Handlers(tab, context, Components(**fields, bar=bar, view=view, shared=shared)).connect()
    return bar.message


def _fields(tab: str) -> dict[str, Any]:
    name = gr.Textbox(
        label="Name of the new sound",
        placeholder="one word, such as foghorn",
        max_length=4 * LONGEST_NAME,
        max_lines=1,
        elem_id=f"{tab}-name",
    )
    name_message = basic.message(f"{tab}-name-message")
    recordings = gr.File(
        label=f"Recordings of it (1 to {MOST_FILES})",
        file_count="multiple",
        file_types=[*SUFFIXES],
        type="filepath",
        height=150,
        elem_id=f"{tab}-recordings",
    )
    recordings_message = basic.message(f"{tab}-recordings-message")
    pictures = gr.File(
        label=f"Pictures of what makes it (1 to {MOST_FILES})",
        file_count="multiple",
        file_types=["image"],
        type="filepath",
        height=150,
        elem_id=f"{tab}-pictures",
    )
    pictures_message = basic.message(f"{tab}-pictures-message")
    understood = teach_view.teach_files(f"{tab}-understood")
    with basic.accordion("More settings"):
        caption = gr.Textbox(
            label="Words about the pictures (optional)",
            placeholder="words that the engine knows",
            max_lines=2,
            elem_id=f"{tab}-caption",
        )
        steps = slider(
            TEACHING_STEPS, TEACHING_STEPS.label, "At most: it ends before where nothing more is gained."
        )
    return {
        "name": name,
        "recordings": recordings,
        "pictures": pictures,
        "understood": understood,
        "caption": caption,
        "steps": steps,
        "messages": {
            "name": name_message,
            "recordings": recordings_message,
            "pictures": pictures_message,
        },
    }
