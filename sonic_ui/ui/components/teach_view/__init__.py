"""What becomes of a teaching: a sheet of pictures that grows, then before and after; and what was
understood of the files that were given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import gradio as gr

from sonic_ui.engine.events import Event, Notice, Preview, Progress
from sonic_ui.ui.components.base import Value, file_payload, html_component, preview_uris, progress_value

NO_FILES: Value = {"rows": []}


FileKind = Literal["recording", "picture"]


@dataclass(frozen=True)
class FileRow:
    """A file that was given: what was understood of it, or why it cannot be used."""

    name: str
    kind: FileKind
    state: Literal["good", "doubtful", "refused"]
    words: str


@dataclass(frozen=True)
class TaughtCard:
    """A finished teaching as the view shows it: pictures [N] of the same recordings before and after.

    engine  its name
    """

    engine: str
    title: str
    detail: str
    note: str
    before: tuple[Path, ...]
    after: tuple[Path, ...]
    file: Path
    usable: bool

    def value(self) -> Value:
        """The card for the script."""
        return {
            "engine": self.engine,
            "title": self.title,
            "detail": self.detail,
            "note": self.note,
            "usable": self.usable,
            "before": [file_payload(path) for path in self.before],
            "after": [file_payload(path) for path in self.after],
            "file": file_payload(self.file),
            "name": f"{self.engine}.zip",
        }


def teach_view(tab: str) -> gr.HTML:
    """The view of a tab; empty at first. Its event `use` asks for the engine `engine`."""
    return html_component(
        "teach_view", {"kind": "show"}, scripts=["result_base"], elem_id=f"{tab}-view", tab=tab
    )


def teach_files(elem_id: str) -> gr.HTML:
    """The list of the files that were given; it takes no room until there is one."""
    return html_component("teach_files", NO_FILES, elem_id=elem_id, elem_classes="su-message-slot")


def files_value(rows: Sequence[FileRow], reading: str = "") -> Value:
    """The list; `reading` is a line while more are read."""
    return {"rows": [vars(row) for row in rows], "reading": reading}


def done(run: int, card: TaughtCard) -> Value:
    """A finished teaching."""
    return {"kind": "done", "run": run, "card": card.value()}


class TeachProgress:
    """What there is of a teaching so far."""

    def __init__(self, run: int) -> None:
        self._run = run
        self._progress = Progress(0, 0, "Starting")
        self._sheet: list[str] = []
        self._notes: list[str] = []

    def take(self, event: Event) -> Value | None:
        """The view's value after an event; None if it changes nothing there."""
        if isinstance(event, Progress):
            self._progress = event
        elif isinstance(event, Preview):
            self._sheet += preview_uris(event.images)
        elif isinstance(event, Notice):
            self._notes.append(event.message)
        else:
            return None
        return progress_value(self._run, self._progress, sheet=self._sheet, note=" ".join(self._notes))
