"""A film that grows while it is made, and is then played; what its script takes is said at the top of it."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from sonic_ui.engine.events import Event, FramesDone, Progress
from sonic_ui.ui.components.base import Value, file_payload, html_component, preview_uris, progress_value

SENT_AGAIN = 12
"""So many of the newest pictures go along with every value: the browser may leave one out."""


@dataclass(frozen=True)
class FilmFrame:
    """A small picture of a film: its second of the track, its file, and words for who cannot see it."""

    at_s: float
    path: Path
    caption: str
    words: str


@dataclass(frozen=True)
class FilmCard:
    """A finished film as the view shows it.

    file    what is downloaded, called `label` for people; it plays where `plays`
    begin_s the second of the track where it begins
    """

    id: str
    title: str
    detail: str
    file: Path
    label: str
    plays: bool
    begin_s: float
    duration_s: float
    frames: tuple[FilmFrame, ...]
    note: str = ""
    reusable: bool = True

    def value(self) -> Value:
        """The film for the script."""
        return {
            "id": self.id,
            "title": self.title,
            "detail": self.detail,
            "note": self.note,
            "reusable": self.reusable,
            "begin_s": self.begin_s,
            "duration_s": self.duration_s,
            "video": file_payload(self.file) if self.plays else None,
            "file": file_payload(self.file),
            "name": self.file.name,
            "label": self.label,
            "frames": [
                {
                    "at": frame.at_s,
                    "caption": frame.caption,
                    "words": frame.words,
                    "file": file_payload(frame.path),
                    "name": frame.path.name,
                }
                for frame in self.frames
            ],
        }


def film_view(tab: str) -> gr.HTML:
    """The view of a tab; it is empty at first."""
    return html_component(
        "film_view", {"kind": "show", "film": None}, scripts=["result_base"], elem_id=f"{tab}-view", tab=tab
    )


def done(run: int, film: FilmCard) -> Value:
    """A finished film, or what was finished of it when it was stopped."""
    return {"kind": "done", "run": run, "film": film.value()}


class FilmProgress:
    """What is there of a film so far."""

    def __init__(self, run: int) -> None:
        self._run = run
        self._progress = Progress(0, 0, "Starting")
        self._pictures: list[Value] = []

    def take(self, event: Event) -> Value | None:
        """The view's value after an event; None if it changes nothing there."""
        if isinstance(event, Progress):
            self._progress = event
        elif isinstance(event, FramesDone):
            uris = preview_uris(event.images)
            self._pictures += [
                {"at": info.position or 0.0, "src": uri} for info, uri in zip(event.infos, uris, strict=True)
            ]
            self._pictures = self._pictures[-SENT_AGAIN:]
        else:
            return None
        return progress_value(self._run, self._progress, pictures=self._pictures)
