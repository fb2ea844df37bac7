"""A strip of pictures with a slider along it: the place shown large, thumbnails, the film to play.

The JSON that the script takes is described at the top of `film.js`. The picture of a place between two frames
is asked for by the event `refine`, {id, at, knob}, its film by `film`, {id}; each is answered through a
component of its own: so it never gets in the way of a run whose frames come at the same time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from sonic_ui.engine import Progress
from sonic_ui.requests import Range
from sonic_ui.ui.components.live import live_html
from sonic_ui.ui.components.stage import Value, served


@dataclass(frozen=True)
class Film:
    """The components: the strip, and what answers its questions for pictures and for films."""

    view: gr.HTML
    answer: gr.HTML
    films: gr.HTML


@dataclass(frozen=True)
class Slot:
    """Where a frame will be: its place on the slider, and what stands under it."""

    at: float
    caption: str


@dataclass(frozen=True)
class Rough:
    """A frame while the strip is painted: a small picture as data URI, its judged level 0..1 if known."""

    src: str
    level: float | None = None


@dataclass(frozen=True)
class Frame:
    """A finished frame: its picture on disk, `words` for who cannot see it, its judged level 0..1 or None."""

    at: float
    caption: str
    words: str
    path: Path
    level: float | None = None

    def value(self) -> Value:
        """The frame for the script; Gradio serves the file and adds its address."""
        return {
            "at": self.at,
            "caption": self.caption,
            "level": self.level,
            "words": self.words,
            "file": served(self.path),
            "name": self.path.name,
        }


@dataclass(frozen=True)
class Strip:
    """A strip as the film shows it.

    frames       in the order of their places
    ends         words at both ends of the slider
    seconds      length of the film one way; with `loop` it goes there and back
    note         a sentence below what made it: that it was stopped, for instance
    video        the film as a file; `downloads` are labelled files to take along
    filming      whether both are still to come, see `filmed`
    reusable     whether its settings are known; refinable: whether places between frames can be painted
    knob         what the slider turns, where it can turn several things
    """

    id: str
    title: str
    detail: str
    frames: tuple[Frame, ...]
    ends: tuple[str, str] = ("", "")
    seconds: float = 6.0
    loop: bool = True
    note: str = ""
    video: Path | None = None
    downloads: tuple[tuple[str, Path], ...] = ()
    filming: bool = False
    reusable: bool = True
    refinable: bool = True
    knob: str = ""

    def value(self) -> Value:
        """The strip for the script."""
        return {
            "id": self.id,
            "title": self.title,
            "detail": self.detail,
            "note": self.note,
            "ends": list(self.ends),
            "seconds": self.seconds,
            "loop": self.loop,
            "knob": self.knob,
            "reusable": self.reusable,
            "refinable": self.refinable,
            "filming": self.filming,
            **_files(self.video, self.downloads),
            "frames": [frame.value() for frame in self.frames],
        }


def film_view(tab: str, label: str, *, slider: Range | None, first: Strip | None = None) -> Film:
    """The film of a tab, which shows `first`; without a slider it follows one that stands elsewhere."""
    limits = slider and {"minimum": slider.minimum, "maximum": slider.maximum, "step": slider.step}
    view = live_html(
        "film",
        showing(first),
        upon=["working", "film_strip"],
        elem_id=f"{tab}-film",
        tab=tab,
        label=label,
        slider=limits,
    )
    answer, films = (
        live_html(
            "film_answer",
            None,
            elem_id=f"{tab}-film-{name}",
            elem_classes="su-unseen",
            tab=tab,
            event=f"su-{event}",
        )
        for name, event in (("answer", "refined"), ("films", "filmed"))
    )
    return Film(view, answer, films)


def showing(strip: Strip | None) -> Value:
    """A strip that was there before anyone asked."""
    return {"kind": "show", "strip": strip.value() if strip else None}


def working(
    run: int,
    slots: Sequence[Slot],
    progress: Progress,
    frames: Mapping[int, Rough],
    previews: Mapping[int, str],
) -> Value:
    """A strip that is being painted: what is there of it so far, by number. Previews are data URIs."""
    return {
        "kind": "working",
        "run": run,
        "slots": [{"at": slot.at, "caption": slot.caption} for slot in slots],
        "frames": {str(index): {"src": one.src, "level": one.level} for index, one in frames.items()},
        "previews": {str(index): src for index, src in previews.items()},
        "step": progress.step,
        "total": progress.total,
        "message": progress.message,
        "eta_s": progress.eta_s,
    }


def done(run: int, strip: Strip) -> Value:
    """A finished strip, or what was finished of it when it was stopped."""
    return {"kind": "done", "run": run, "strip": strip.value()}


def filmed(strip_id: str, video: Path | None, downloads: Sequence[tuple[str, Path]], note: str = "") -> Value:
    """The film of a strip that is done, if there is one, and labelled files, for `Film.films`."""
    return {"id": strip_id, "again": False, "note": note, **_files(video, downloads)}


def interrupted(strip_id: str) -> Value:
    """The film of a strip was begun and left: it is to be asked for again. For `Film.films`."""
    return {**filmed(strip_id, None, ()), "again": True}


def _files(video: Path | None, downloads: Sequence[tuple[str, Path]]) -> Value:
    files = [{"label": label, "file": served(path), "name": path.name} for label, path in downloads]
    return {"video": served(video), "downloads": files}


def refined(strip_id: str, at: float, frame: Frame | None, words: str = "", glimpse: str = "") -> Value:
    """The picture of a place of a strip, for `Film.answer`.

    Without it, a data URI of what will be it soon, or words that say why there is none.
    """
    shown = frame.value() if frame else None
    return {"id": strip_id, "at": at, "words": words, "glimpse": glimpse, "frame": shown}
