"""A strip on its tab: frames as they are painted, its film, and the pictures of places between the frames."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

from sonic_ui.engine import (
    Cancelled,
    CancelToken,
    Event,
    Failure,
    FrameInfo,
    FramesAdded,
    FramesDone,
    Preview,
    Progress,
    Result,
)
from sonic_ui.requests import BadInput, PaintingRequest
from sonic_ui.ui.components.film import Film, Frame, Rough, Slot, filmed, interrupted, refined, working
from sonic_ui.ui.components.live import sent
from sonic_ui.ui.components.stage import Value, preview_uris
from sonic_ui.ui.session.context import AppContext, Shared
from sonic_ui.ui.settings.reuse import Record
from sonic_ui.ui.widgets.film_files import FilmFiles
from sonic_ui.ui.widgets.runs import film_task, refine_task
from sonic_ui.ui.widgets.sound_input import MANY, QUIET, Update

KEPT_TO_FILM = 16
NOT_FILMED = "The film could not be made; the app's log has the details."
GLIMPSE_FROM = 0.6
"""How far a place must be painted for its preview to say more than the nearest frame does."""
NOT_REFINED = "nearest picture: this place could not be painted"

log = logging.getLogger(__name__)

Known = TypeVar("Known")


class Making:
    """What is there of a strip so far, while it is painted.

    slots     the frames that are known beforehand
    slot_of   the slot of a frame that is added on the way; the strip is then in the order of its places
    """

    def __init__(
        self, run: int, slots: Sequence[Slot], slot_of: Callable[[FrameInfo], Slot] | None = None
    ) -> None:
        self._run = run
        self._slots = list(slots)
        self._slot_of = slot_of
        self._order = list(range(len(slots)))
        self._progress = Progress(0, 0, "Starting")
        self._frames: dict[int, Rough] = {}
        self._previews: dict[int, str] = {}

    def take(self, event: Event) -> Value | None:
        """The film's value after an event; None if it changes nothing there."""
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
                self._frames[index] = Rough(src, info.level)
                self._previews.pop(index, None)
        else:
            return None
        return working(
            self._run,
            [self._slots[index] for index in self._order],
            self._progress,
            self._in_order(self._frames),
            self._in_order(self._previews),
        )

    def _in_order(self, known: dict[int, Known]) -> dict[int, Known]:
        """What is known of frames, by where they stand in the strip instead of their numbers."""
        return {place: known[index] for place, index in enumerate(self._order) if index in known}


class Filmer:
    """Makes the film of a strip once the strip is shown, so that nobody waits for it.

    files_of   writes the files of a result; may raise `Cancelled`
    """

    def __init__(
        self, context: AppContext, tab: str, film: Film, files_of: Callable[[Result, CancelToken], FilmFiles]
    ) -> None:
        self._context = context
        self._task = film_task(tab)
        self._answer = film.films
        self._files_of = files_of
        self._results: OrderedDict[str, Result] = OrderedDict()

    def keep(self, strip_id: str, result: Result) -> None:
        """Remember the result of a strip whose film is to come."""
        self._results[strip_id] = result
        while len(self._results) > KEPT_TO_FILM:
            self._results.popitem(last=False)

    def film(self, request: gr.Request, event: gr.EventData) -> Update:
        """A strip is shown that has no film yet: make it. A run interrupts it; the strip asks again then."""
        strip_id = str(sent(event, "id"))
        result = self._results.get(strip_id)
        if result is None:
            return {self._answer: filmed(strip_id, None, ())}
        session = request.session_hash or ""
        _, token = self._context.sessions.begin(session, self._task)
        try:
            made = self._files_of(result, token)
        except Cancelled:
            return {self._answer: interrupted(strip_id)}
        except Exception:
            log.exception("A film was not made")
            return {self._answer: filmed(strip_id, None, (), NOT_FILMED)}
        finally:
            self._context.sessions.finish(session, self._task, token)
        self._results.pop(strip_id, None)
        return {self._answer: filmed(strip_id, made.video, made.downloads, made.note)}


class Refiner:
    """Paints single places of a strip. Only the newest question of a session is worked on.

    request_at   the request for the one picture at a place (and knob) of a result. Raises `BadInput`
    frame_at     the frame for the film from that place, its result and its file
    """

    def __init__(
        self,
        context: AppContext,
        tab: str,
        film: Film,
        request_at: Callable[[Record, float, str], PaintingRequest],
        frame_at: Callable[[float, Result, Path], Frame],
    ) -> None:
        self._context = context
        self._task = refine_task(tab)
        self._answer = film.answer
        self._request_at = request_at
        self._frame_at = frame_at

    def refine(
        self, request: gr.Request, records: dict[str, Record], event: gr.EventData
    ) -> Iterator[Update]:
        """Paint the place that the film asks for; say nothing more once it asks for another one."""
        strip_id, at, knob = str(sent(event, "id")), sent(event, "at"), str(sent(event, "knob") or "")
        if strip_id not in records or isinstance(at, bool) or not isinstance(at, (int, float)):
            yield self._told(strip_id, 0.0, None, "its settings are not known any more")
            return
        session = request.session_hash or ""
        _, token = self._context.sessions.begin(session, self._task)
        try:
            wanted = self._request_at(records[strip_id], float(at), knob)
            yield from self._paint(strip_id, at, wanted, token, session)
        except Cancelled:
            return
        except (BadInput, Failure) as problem:
            log.info("A place of a strip was not painted: %s", problem)
            yield self._told(strip_id, at, None, NOT_REFINED)
        except Exception:
            log.exception("A place of a strip was not painted")
            yield self._told(strip_id, at, None, NOT_REFINED)
        finally:
            self._context.sessions.finish(session, self._task, token)

    def _paint(
        self, strip_id: str, at: float, wanted: PaintingRequest, token: CancelToken, session: str
    ) -> Iterator[Update]:
        done = 0.0
        for event in self._context.studio.run(wanted, token):
            if isinstance(event, Progress):
                done = event.step / max(1, event.total)
            elif isinstance(event, Preview) and done >= GLIMPSE_FROM:
                (glimpse,) = preview_uris(event.images)
                yield {self._answer: refined(strip_id, at, None, glimpse=glimpse)}
            elif isinstance(event, Result):
                (path,) = self._context.pictures.write(event.images, event.settings)
                self._context.gallery.keep(session, f"{strip_id}@{at:.4f}", [path])
                yield self._told(strip_id, at, self._frame_at(at, event, path))

    def _told(self, strip_id: str, at: float, frame: Frame | None, words: str = "") -> Update:
        return {self._answer: refined(strip_id, at, frame, words)}


def connect_strip(film: Film, filmer: Filmer, refiner: Refiner, shared: Shared) -> None:
    """Connect the film's questions: as many as come, each of which ends the one before."""
    options: dict[str, Any] = {"trigger_mode": "multiple", "concurrency_limit": MANY, **QUIET}
    film.view.film(filmer.film, outputs=[film.films], **options)
    film.view.refine(refiner.refine, inputs=[shared.records], outputs=[film.answer], **options)
