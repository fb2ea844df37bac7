"""A strip on its tab: its film as files, and the pictures of positions between its frames."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from PIL.Image import Image

from sonic_ui.audio.mixing import Samples
from sonic_ui.engine.caches import LRUCache
from sonic_ui.engine.events import Cancelled, CancelToken, Failure, Preview, Progress, Result
from sonic_ui.engine.inputs import SAMPLE_RATE
from sonic_ui.media.films import Timeline, film_timeline, in_between, write_film, write_gif, write_strip
from sonic_ui.media.metadata import stem_of
from sonic_ui.requests import BadInput, InterpolateRequest, PaintingRequest, VolumeSweepRequest
from sonic_ui.ui import api
from sonic_ui.ui.components import base, strip_player
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.settings.reuse import Record
from sonic_ui.ui.widgets import runs
from sonic_ui.ui.widgets.fields import FREQUENT, Update

MAX_WAITING = 16
WAITING_BYTES = 256 * 2**20
"""Results whose film is still to be made: how many, and their pictures together."""

RETURNS = """Returns the frames as PNG files, the film (null for a single frame), a GIF (the same) and the
settings as JSON. In these, `frames` says what each was made from: its position between the sounds, or gain,
scale and loudness in LUFS with the judged level (0 to 1). All files carry the settings."""
NOT_FILMED = "The film could not be made; the app's log has the details."
GLIMPSE_FROM = 0.6
"""How far a position must be painted for its preview to say more than the nearest frame does."""
NOT_REFINED = "nearest picture: this place could not be painted"
GIF_RATE = 12.5
"""Frames a second of a GIF: the browser's common ground, 8 hundredths each."""


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FilmFiles:
    """What was written; `note` says why a film is missing."""

    video: Path | None = None
    gif: Path | None = None
    strip: Path | None = None
    note: str = ""

    @property
    def downloads(self) -> list[tuple[str, Path]]:
        """The files with their names for people."""
        kind = self.video.suffix.removeprefix(".").upper() if self.video else ""
        named = ((f"Film ({kind})", self.video), ("GIF", self.gif), ("Strip (PNG)", self.strip))
        return [(label, path) for label, path in named if path is not None]


FilesOf = Callable[[AppContext, Result, CancelToken], FilmFiles]
"""Writes the files of a result; may raise `Cancelled`."""


def film_files(
    folder: Path,
    images: Sequence[Image],
    positions: Sequence[float],
    captions: Sequence[str],
    request: InterpolateRequest | VolumeSweepRequest,
    settings: dict[str, Any],
    sound: Callable[[Timeline], Samples],
    cancel: CancelToken | None = None,
) -> FilmFiles:
    """Write the files of a strip: its pictures, their positions in order, and what stands under each.

    `sound` gives the film's sound, [duration_s * SAMPLE_RATE], for its frames in time. One frame makes no
    film. Raises `Cancelled` between the files once the token is set.
    """
    cancel = cancel or CancelToken()
    stem = folder / stem_of(settings)
    long = write_strip(images, captions, stem.with_name(f"{stem.name}-strip.png"), settings)
    if len(images) < 2:
        return FilmFiles(strip=long, note="A film needs two frames.")
    shown, along = in_between(images, positions, request.smoothing)
    cancel.check()
    slow = film_timeline(shown, along, duration_s=request.film_s, frame_rate=GIF_RATE, loop=request.loop)
    gif = write_gif(
        slow.frames, f"{stem}.gif", frame_rate=slow.frame_rate, loop=request.loop, settings=settings
    )
    cancel.check()
    timeline = film_timeline(shown, along, duration_s=request.film_s, loop=request.loop)
    try:
        video = write_film(
            timeline.frames,
            sound(timeline),
            SAMPLE_RATE,
            stem,
            frame_rate=timeline.frame_rate,
            settings=settings,
        )
    except BadInput as problem:
        return FilmFiles(None, gif, long, problem.message)
    return FilmFiles(video, gif, long)


def strip_answer(files_of: FilesOf) -> api.Answer:
    """What the endpoint of a strip returns: its frames, the film and the GIF as files, and the settings."""

    def write(context: AppContext, result: Result, session: str) -> tuple[Any, ...]:
        files = files_of(context, result, CancelToken())
        frames = [str(path) for path in context.pictures.write(result.images, result.settings)]
        settings = {
            **result.settings,
            "frames": [asdict(info) for info in result.frames],
            "notices": [*result.notices, *([files.note] if files.note else [])],
        }
        film, gif = (None if path is None else str(path) for path in (files.video, files.gif))
        return frames, film, gif, settings

    outputs = {"frames": api.FILES, "film": gr.File, "gif": gr.File, "settings": gr.JSON}
    return api.Answer(outputs, write, RETURNS)


class StripHandlers:
    """The handlers of a strip's player.

    Its film is written once the strip is shown, so that nobody waits for it. Of the pictures of single
    positions only the newest of a session is painted.

    files_of     writes the files of a result
    request_at   the request for the one picture at a position (and knob) of a result. Raises `BadInput`
    frame_at     the frame for the player from that position, its result and its file
    """

    def __init__(
        self,
        context: AppContext,
        tab: str,
        player: strip_player.StripPlayer,
        files_of: FilesOf,
        request_at: Callable[[Record, float, str], PaintingRequest],
        frame_at: Callable[[float, Result, Path], strip_player.Frame],
    ) -> None:
        self._context = context
        self._tab = tab
        self._player = player
        self._files_of = files_of
        self._request_at = request_at
        self._frame_at = frame_at
        self._results: LRUCache[Result] = LRUCache(MAX_WAITING, WAITING_BYTES)

    def add(self, strip_id: str, result: Result) -> None:
        """Remember the result of a strip whose film is to come."""
        self._results.put(strip_id, result)

    def write_film(self, request: gr.Request, event: gr.EventData) -> Update:
        """A strip is shown that has no film yet: make it. A run interrupts it; then the event comes again."""
        strip_id, view = str(base.event_field(event, "id")), self._player.films
        result = self._results.find(strip_id)
        if result is None:
            return {view: strip_player.film_done(strip_id, None, ())}
        session, task = request.session_hash or "", runs.film_task(self._tab)
        _, token = self._context.tasks.begin(session, task)
        try:
            files = self._files_of(self._context, result, token)
        except Cancelled:
            return {view: strip_player.film_interrupted(strip_id)}
        except BadInput as problem:
            return {view: strip_player.film_done(strip_id, None, (), problem.message)}
        except Exception:
            log.exception("A film was not made")
            return {view: strip_player.film_done(strip_id, None, (), NOT_FILMED)}
        finally:
            self._context.tasks.finish(session, task, token)
        self._results.remove(lambda key: key == strip_id)
        return {view: strip_player.film_done(strip_id, files.video, files.downloads, files.note)}

    def refine(
        self, request: gr.Request, records: dict[str, Record], event: gr.EventData
    ) -> Iterator[Update]:
        """Paint the position that the player sends; nothing more is sent once it names another one."""
        strip_id, at = str(base.event_field(event, "id")), base.event_field(event, "at")
        if strip_id not in records or isinstance(at, bool) or not isinstance(at, (int, float)):
            yield self._refined(strip_id, 0.0, None, "its settings are not known any more")
            return
        session, task = request.session_hash or "", runs.refine_task(self._tab)
        _, token = self._context.tasks.begin(session, task)
        try:
            knob = str(base.event_field(event, "knob") or "")
            built = self._request_at(records[strip_id], float(at), knob)
            yield from self._paint(strip_id, at, built, token, session)
        except Cancelled:
            return
        except (BadInput, Failure) as problem:
            log.info("A position of a strip was not painted: %s", problem)
            yield self._refined(strip_id, at, None, NOT_REFINED)
        except Exception:
            log.exception("A position of a strip was not painted")
            yield self._refined(strip_id, at, None, NOT_REFINED)
        finally:
            self._context.tasks.finish(session, task, token)

    def _paint(
        self, strip_id: str, at: float, built: PaintingRequest, token: CancelToken, session: str
    ) -> Iterator[Update]:
        done = 0.0
        for event in self._context.studio.run(built, token, session):
            if isinstance(event, Progress):
                done = event.step / max(1, event.total)
            elif isinstance(event, Preview) and done >= GLIMPSE_FROM:
                (glimpse,) = base.preview_uris(event.images)
                yield {self._player.answer: strip_player.refined(strip_id, at, None, glimpse=glimpse)}
            elif isinstance(event, Result):
                (path,) = self._context.pictures.write(event.images, event.settings)
                self._context.gallery.add(session, f"{strip_id}@{at:.4f}", [path])
                yield self._refined(strip_id, at, self._frame_at(at, event, path))

    def _refined(self, strip_id: str, at: float, frame: strip_player.Frame | None, words: str = "") -> Update:
        return {self._player.answer: strip_player.refined(strip_id, at, frame, words)}

    def connect(self, shared: SharedComponents) -> None:
        """Connect the player's events: as many as come, each of which ends the one before."""
        view = self._player.view
        view.film(self.write_film, outputs=[self._player.films], **FREQUENT)
        view.refine(self.refine, inputs=[shared.records], outputs=[self._player.answer], **FREQUENT)
