"""Several sounds at once: one picture each, named after its file, and a ZIP of them with their settings."""

import json
import logging
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.engine.events import Cancelled, Event, Failure, Progress, Result
from sonic_ui.media.metadata import safe_stem
from sonic_ui.media.temporary import writing
from sonic_ui.requests import BadInput, SoundToImageRequest
from sonic_ui.ui.components import result_view, sound_batch
from sonic_ui.ui.components.base import Value, run_ended
from sonic_ui.ui.components.result_view import Card
from sonic_ui.ui.components.sound_batch import BatchRow
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.settings.reuse import Record, with_record
from sonic_ui.ui.widgets.fields import FREQUENT, Update, label_sentence
from sonic_ui.ui.widgets.runs import RunContext

MOST_FILES = 24
TOO_MANY = "{count} sounds were given; up to {most} become pictures at once. Give fewer."
NONE_PAINTED = "None of these sounds could be painted: the list says why."
FILES = "() => [window.suBatches['{input_id}']]"  # a list of one output: the list of files

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BatchComponents:
    """The list of sounds, and the files it handed over, out of sight."""

    files: gr.File
    view: gr.HTML


@dataclass
class Painted:
    """What there is of a batch: its rows, and the result of each sound that is done with its picture file."""

    rows: list[BatchRow]
    results: list[tuple[Result, Path]] = field(default_factory=list)

    def words(self) -> str:
        """How many are done."""
        failed = sum(row.state == "failed" for row in self.rows)
        done = f"{len(self.results)} of {len(self.rows)} painted"
        return f"{done}, {failed} could not be." if failed else f"{done}."


def batch_components(input_id: str) -> BatchComponents:
    """Lay them out beside the sound input `input_id`."""
    view = sound_batch.sound_batch(input_id, MOST_FILES)
    return BatchComponents(gr.File(file_count="multiple", type="filepath", visible=False), view)


class BatchHandler:
    """The pictures of a batch.

    stage     shows the progress and the pictures
    records   the session's results by name, to reuse the settings of each picture
    """

    def __init__(
        self, context: AppContext, parts: BatchComponents, stage: gr.HTML, shared: SharedComponents
    ) -> None:
        self._context = context
        self._parts = parts
        self._stage = stage
        self._shared = shared

    def paint(self, run: RunContext[SoundToImageRequest], files: Sequence[str]) -> Iterator[Update]:
        """Paint one picture of each file with the settings of the run's request.

        A file that cannot be used gets its sentence and the others go on; a run that is cancelled keeps the
        pictures that are done. Raises `BadInput` for too many files, `Cancelled` where nothing is done yet.
        """
        if len(files) > MOST_FILES:
            raise BadInput(TOO_MANY.format(count=len(files), most=MOST_FILES), "sound")
        painted = Painted([BatchRow(Path(path).name) for path in files])
        progress = BatchProgress(run.run, painted.rows)
        stopped = False
        for index, path in enumerate(files):
            row = painted.rows[index]
            row.state = "working"
            yield {self._parts.view: sound_batch.batch_value(painted.rows, painted.words())}
            try:
                yield from self._one(run, path, index, progress, painted)
                row.state = "done"
            except (BadInput, Failure) as problem:
                row.state, row.words = "failed", str(problem)
            except Cancelled:
                row.state, stopped = "waiting", True
                break
        yield from self._finished(run, painted, stopped)

    def _one(
        self,
        run: RunContext[SoundToImageRequest],
        path: str,
        index: int,
        progress: "BatchProgress",
        painted: Painted,
    ) -> Iterator[Update]:
        request = run.request.changed(sound=path, start_s=None, end_s=None, count=1, caption="")
        for event in self._context.studio.run(request, run.token, run.session):
            if isinstance(event, Result):
                (file,) = self._context.pictures.write(event.images, event.settings)
                painted.results.append((event, file))
            elif (value := progress.take(index, event)) is not None:
                yield {self._stage: value}

    def _finished(
        self, run: RunContext[SoundToImageRequest], painted: Painted, stopped: bool
    ) -> Iterator[Update]:
        view = self._parts.view
        if not painted.results:
            yield {view: sound_batch.batch_value(painted.rows, painted.words())}
            if stopped:
                raise Cancelled
            yield {self._stage: run_ended(run.run, NONE_PAINTED)}
            return
        card = batch_card(run.run, painted)
        records: dict[str, Record] = run.records
        for index, (result, _) in enumerate(painted.results):
            records = with_record(records, f"{card.id}/{index}", result)
        self._context.gallery.add(run.session, card.id, card.files)
        folder = self._context.pictures.new()
        words = ("Stopped. " if stopped else "") + painted.words()
        value = {**result_view.done(run.run, card), "settings": shown_settings(painted), "inputs": {}}
        yield {
            self._stage: value,
            self._shared.records: records,
            view: sound_batch.batch_value(painted.rows, words, write_zip(painted, folder)),
        }

    def connect(self, paint: Any, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Connect the list; `paint` takes the files, then a run's `inputs`, and changes `outputs`."""
        parts = self._parts
        js = FILES.format(input_id=parts.view.elem_id.removesuffix("-batch"))
        parts.view.take(None, js=js, outputs=[parts.files], api_visibility="private")
        changed = [*outputs, parts.view, self._stage, self._shared.records]
        parts.view.paint(paint, inputs=[parts.files, *inputs], outputs=[*dict.fromkeys(changed)], **FREQUENT)


class BatchProgress:
    """The progress of all sounds of a batch as that of one run."""

    def __init__(self, run: int, rows: Sequence[BatchRow]) -> None:
        self._rows = rows
        self._view = result_view.ImageProgress(run, 1)
        self._began = time.monotonic()

    def take(self, index: int, event: Event) -> Value | None:
        """The value of the stage after an event of sound `index`; None for one that changes nothing."""
        if isinstance(event, Progress):
            count, name = len(self._rows), self._rows[index].name
            message = f"{index + 1} of {count}, {name}: {event.message}"
            if event.total:
                step, total = index * event.total + event.step, count * event.total
                each_s = (time.monotonic() - self._began) / max(1, step)
                eta_s = each_s * (total - step) if step else None
                event = Progress(step, total, message, eta_s)
            else:
                event = replace(event, message=message)
        return self._view.take(event)


def batch_card(number: int, painted: Painted) -> Card:
    """The pictures of a batch as one result; each is called by its sound."""
    names = [Path(result.request.sound_paths["sound"]).name for result, _ in painted.results]
    heard = [label_sentence(result.labels, result.is_unknown) for result, _ in painted.results]
    request = painted.results[0][0].request
    prompt = f" · “{request.prompt}”" if request.prompt else ""
    return Card(
        id=f"result-{number}",
        title=f"{len(names)} sounds" if len(names) > 1 else names[0],
        detail=f"{', '.join(names[:3])}{' …' if len(names) > 3 else ''}{prompt} · seed {request.seed}",
        files=tuple(path for _, path in painted.results),
        captions=tuple(names),
        descriptions=tuple(
            f"Picture painted from “{name}”, heard as {words}."
            for name, words in zip(names, heard, strict=True)
        ),
    )


def shown_settings(painted: Painted) -> dict[str, Any]:
    """What the gallery shows of a batch: what its pictures share, and the names of their sounds."""
    first = painted.results[0][0].settings
    names = [str(result.settings["request"]["sound"]) for result, _ in painted.results]
    kept = {name: value for name, value in first.items() if not name.startswith("sound_")}
    return {**kept, "request": {**first["request"], "sound": ", ".join(names)}}


def write_zip(painted: Painted, folder: Path) -> Path:
    """Save a ZIP in `folder`: each picture named after its sound, and `settings.json`. Raises `BadInput`."""
    path, names, listed = folder / "sonic-ui-batch.zip", set[str](), []
    with writing(path), zipfile.ZipFile(path, "w") as packed:
        for result, picture in painted.results:
            sound = Path(result.request.sound_paths["sound"]).name
            stem = name = safe_stem(sound)
            number = 1
            while name in names:
                number += 1
                name = f"{stem}-{number}"
            names.add(name)
            packed.write(picture, f"{name}.png")
            listed.append({"file": f"{name}.png", "sound": sound, "settings": result.settings})
        failed = [{"sound": row.name, "why": row.words} for row in painted.rows if row.state == "failed"]
        settings = {"app": "Sonic UI", "pictures": listed, "failed": failed}
        packed.writestr("settings.json", json.dumps(settings, ensure_ascii=False, indent=2))
    return path
