"""A strip of pictures with a slider along it: one position shown large, thumbnails, the film to play.

The JSON that the script takes is described at the top of `strip_player.js`. The picture of a position between
two frames is requested by the event `refine`, {id, at, knob}, its film by `film`, {id}; each is answered
through a component of its own: so it never gets in the way of a run whose frames come at the same time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import gradio as gr

from sonic_ui.engine.events import Event, FrameInfo, FramesAdded, FramesDone, Preview, Progress
from sonic_ui.requests import Range
from sonic_ui.ui.components.base import Value, file_payload, html_component, preview_uris, progress_value

Known = TypeVar("Known")


@dataclass(frozen=True)
class StripPlayer:
    """The components: the strip, and what answers its requests for pictures and for films."""

    view: gr.HTML
    answer: gr.HTML
    films: gr.HTML


@dataclass(frozen=True)
class Slot:
    """Where a frame will be: its position on the slider, and what stands under it."""

    at: float
    caption: str


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
            "file": file_payload(self.path),
            "name": self.path.name,
        }


@dataclass(frozen=True)
class Strip:
    """A strip as the player shows it.

    frames       in the order of their positions
    ends         words at both ends of the slider
    seconds      length of the film one way; with `loop` it goes there and back
    note         a sentence below what made it: that it was stopped, for instance
    video        the film as a file; `downloads` are labelled files to take along
    filming      whether both are still to come, see `film_done`
    reusable     whether its settings are known; refinable: whether positions between frames can be painted
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


def strip_player(tab: str, label: str, *, slider: Range | None, first: Strip | None = None) -> StripPlayer:
    """The player of a tab, which shows `first`; without a slider it follows one that stands elsewhere."""
    limits = slider and {"minimum": slider.minimum, "maximum": slider.maximum, "step": slider.step}
    view = html_component(
        "strip_player",
        show(first),
        scripts=["result_base", "strip_frames"],
        elem_id=f"{tab}-film",
        tab=tab,
        label=label,
        slider=limits,
    )
    answer, films = (
        html_component(
            "strip_answer",
            None,
            elem_id=f"{tab}-film-{name}",
            elem_classes="su-unseen",
            tab=tab,
            event=f"su-{event}",
        )
        for name, event in (("answer", "refined"), ("films", "filmed"))
    )
    return StripPlayer(view, answer, films)


def show(strip: Strip | None) -> Value:
    """A strip that was there before anyone generated one."""
    return {"kind": "show", "strip": strip.value() if strip else None}


def done(run: int, strip: Strip) -> Value:
    """A finished strip, or what was finished of it when it was stopped."""
    return {"kind": "done", "run": run, "strip": strip.value()}


def film_done(
    strip_id: str, video: Path | None, downloads: Sequence[tuple[str, Path]], note: str = ""
) -> Value:
    """The film of a strip that is done, if there is one, and labelled files, for `StripPlayer.films`."""
    return {"id": strip_id, "again": False, "note": note, **_files(video, downloads)}


def film_interrupted(strip_id: str) -> Value:
    """The film of a strip was begun and left: it is to be requested again. For `StripPlayer.films`."""
    return {**film_done(strip_id, None, ()), "again": True}


def _files(video: Path | None, downloads: Sequence[tuple[str, Path]]) -> Value:
    files = [{"label": label, "file": file_payload(path), "name": path.name} for label, path in downloads]
    return {"video": file_payload(video), "downloads": files}


def refined(strip_id: str, at: float, frame: Frame | None, words: str = "", glimpse: str = "") -> Value:
    """The picture at a position of a strip, for `StripPlayer.answer`.

    Without it, a data URI of what will be it soon, or words that say why there is none.
    """
    shown = frame.value() if frame else None
    return {"id": strip_id, "at": at, "words": words, "glimpse": glimpse, "frame": shown}


class StripProgress:
    """What is there of a strip so far, while it is painted.

    slots     the frames that are known beforehand
    slot_of   the slot of a frame that is added on the way; the strip is then in the order of its positions
    """

    def __init__(
        self, run: int, slots: Sequence[Slot], slot_of: Callable[[FrameInfo], Slot] | None = None
    ) -> None:
        self._run = run
        self._slots = list(slots)
        self._slot_of = slot_of
        self._order = list(range(len(slots)))
        self._progress = Progress(0, 0, "Starting")
        self._frames: dict[int, Value] = {}
        self._previews: dict[int, str] = {}

    def take(self, event: Event) -> Value | None:
        """The player's value after an event; None if it changes nothing there."""
        if isinstance(event, Progress):
            self._progress = event
        elif isinstance(event, FramesAdded) and self._slot_of:
            self._slots += map(self._slot_of, event.infos)
            self._order = sorted(range(len(self._slots)), key=lambda index: self._slots[index].at)
        elif isinstance(event, Preview):
            self._previews |= zip(event.indices, preview_uris(event.images), strict=True)
        elif isinstance(event, FramesDone):
            small = preview_uris(event.images)
            for index, src, info in zip(event.indices, small, event.infos, strict=True):
                self._frames[index] = {"src": src, "level": info.level}
                self._previews.pop(index, None)
        else:
            return None
        slots = [self._slots[index] for index in self._order]
        return progress_value(
            self._run,
            self._progress,
            slots=[{"at": slot.at, "caption": slot.caption} for slot in slots],
            frames=self._in_order(self._frames),
            previews=self._in_order(self._previews),
        )

    def _in_order(self, known: Mapping[int, Known]) -> dict[str, Known]:
        """What is known of frames, by where they stand in the strip instead of their numbers."""
        return {str(number): known[index] for number, index in enumerate(self._order) if index in known}
