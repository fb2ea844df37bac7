"""A film along a track: its plan hears the track, decides every picture, and writes the frames as they come.

Pictures that lie on the disk from before are not painted anew. A frame is written as soon as the pictures on
both sides of it are there.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil
from typing import Any

import numpy as np
from PIL import Image

from sonic_ui.audio import tracks
from sonic_ui.engine import events
from sonic_ui.engine.caches import InversionKey
from sonic_ui.engine.cost import FilmCost, check_film
from sonic_ui.engine.films import picture_key
from sonic_ui.engine.inputs import InputPicture
from sonic_ui.engine.jobs.base import JOB_TYPES, Backend, JobType, Plan, RunContext
from sonic_ui.engine.jobs.editing import EditSource
from sonic_ui.engine.jobs.film_pictures import decide_film, kicks_of
from sonic_ui.engine.jobs.film_runner import FilmJob, FilmRunner
from sonic_ui.engine.jobs.settings import film_settings, word_settings
from sonic_ui.engine.pace import Pace
from sonic_ui.engine.tracks import TrackAnalysis, TrackReader
from sonic_ui.engine.word_store import words_digest
from sonic_ui.media.film_frames import FrameMaker, Kicks, frame_size
from sonic_ui.media.film_writer import FilmWriter, GifWriter, VideoWriter, ZipWriter
from sonic_ui.media.metadata import stem_of, write_picture
from sonic_ui.pipelines.film_path import FilmPicture
from sonic_ui.requests import BadInput, MakeFilmRequest
from sonic_ui.requests.aspects import SQUARE

SMALL_PX = 256
MAX_SMALL = 64
"""Pictures that go along with a film, for the page: how large, and how many."""


@dataclass
class FilmPlan(Plan):
    """A film that grows while its pictures come.

    along      how many of the job's pictures stand along the track; the others are those of kicks
    keys       of every picture, in the store
    cost       what it takes
    inversion_key   where the inversion of the picture that is edited is cached, if there is one
    """

    job: FilmJob
    track: TrackAnalysis
    segments: tuple[events.FilmSegment, ...]
    along: int
    keys: tuple[str, ...]
    cost: FilmCost
    inversion_key: InversionKey | None = None
    absent: set[str] = field(default_factory=set, init=False)
    maker: FrameMaker | None = field(default=None, init=False)
    writer: FilmWriter | None = field(default=None, init=False)
    painted: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.absent = {self.keys[number] for number in self.job.missing}

    @property
    def ready_s(self) -> float:
        """Up to when frames can be written."""
        times = [picture.at_s for picture in self.job.pictures]
        ready = self.track.part.end_s
        for number, key in enumerate(self.keys):
            if key in self.absent:
                before = times[number - 1] if number else -np.inf
                ready = min(ready, before if number < self.along else times[number])
        return ready

    def take(self, event: events.JobEvent) -> Iterator[events.Event]:
        """As `Plan.take`; pictures are stored, and the film goes on as far as they reach."""
        if isinstance(event, events.InversionDone):
            if self.inversion_key is not None and not self.context.cancel.cancelled:
                self.context.inversions.put(self.inversion_key, event.inversion, event.nbytes)
            return
        if not isinstance(event, events.FramesDone):
            yield from super().take(event)
            return
        for number, image in zip(event.indices, event.images, strict=True):
            self.context.films.put(self.keys[number], image)
            self.absent.discard(self.keys[number])
            self.painted += 1
        if self.job.request.at_s is None:
            self._write(self.ready_s)
        times = [self.job.pictures[number].at_s for number in event.indices]
        infos = tuple(events.FrameInfo(position=at_s) for at_s in times)
        yield events.FramesDone(event.indices, event.images, infos)

    def _write(self, end_s: float) -> None:
        """Write the frames before `end_s`."""
        if end_s <= self.track.part.begin_s:
            return
        maker, writer, begun = self._maker(), self._writer(), time.perf_counter()
        before = maker.number
        for pixels in maker.until(end_s):
            self.context.cancel.check()
            writer.add(pixels)
        pace: Pace | None = getattr(self.context.backend, "pace", None)
        if pace is not None:
            megapixels = (maker.number - before) * maker.size[0] * maker.size[1] / 1e6
            pace.add("frame", megapixels, time.perf_counter() - begun)

    def _maker(self) -> FrameMaker:
        if self.maker is None:
            request, kicks = self.job.request, kicks_of(self.job.request, self.track)
            self.maker = FrameMaker(
                [picture.at_s for picture in self.job.pictures[: self.along]],
                self._load,
                self.track.part.begin_s,
                request.fps,
                frame_size(self._load(0).size, request.size_px),
                zoom=kicks if request.kick == "zoom" else Kicks(),
                flashes=kicks if request.kick == "noise" else Kicks(),
                flash=lambda number: self._load(self.along + number),
            )
        return self.maker

    def _writer(self) -> FilmWriter:
        if self.writer is None:
            request, settings, part = self.job.request, self.settings, self.track.part
            stem = self.context.films.new() / stem_of(settings)
            if request.output == "mp4":
                size = self._maker().size
                self.writer = VideoWriter(stem, request.fps, size, settings, part.path, part.begin_s)
            else:
                kind = GifWriter if request.output == "gif" else ZipWriter
                self.writer = kind(stem, request.fps, settings)
        return self.writer

    def _load(self, number: int) -> Image.Image:
        with Image.open(self.context.films.picture_file(self.keys[number])) as image:
            return image.convert("RGB")

    @property
    def settings(self) -> dict[str, Any]:
        """What the film's file carries."""
        info, picture = self.context.backend.bundle.info, self.context.picture
        settings = film_settings(info, self.job.request, self.track, self.segments)
        settings |= word_settings(self.context.words)
        return settings | (picture.settings if picture else {})

    @property
    def is_partial(self) -> bool:
        """Whether there is a second of film."""
        return self.job.request.at_s is None and self.ready_s - self.track.part.begin_s >= 1.0

    def result(self, elapsed_s: float, stopped: bool) -> events.FilmResult:
        """The film, as far as it goes, or the one picture."""
        request = self.job.request
        if request.at_s is not None:
            return self._still(elapsed_s)
        if stopped:
            self.context = replace(self.context, cancel=events.CancelToken())
        end_s = self.ready_s
        self._write(end_s)
        frames, path = self._maker().number, self._writer().close()
        there = [number for number in range(self.along) if self.job.pictures[number].at_s <= end_s + 1e-6]
        chosen = sorted(
            {there[round(one)] for one in np.linspace(0, len(there) - 1, min(len(there), MAX_SMALL))}
        )
        return self._result(path, chosen, elapsed_s, frames, stopped)

    def _still(self, elapsed_s: float) -> events.FilmResult:
        """The one picture, as a PNG."""
        path = self.context.films.new() / f"{stem_of(self.settings)}.png"
        write_picture(self._load(0), self.settings, path)
        return self._result(path, [0], elapsed_s, 1, stopped=False)

    def _result(
        self, path: Any, chosen: Sequence[int], elapsed_s: float, frames: int, stopped: bool
    ) -> events.FilmResult:
        request = self.job.request
        return events.FilmResult(
            film=path,
            images=tuple(_small(self._load(number)) for number in chosen),
            times=tuple(self.job.pictures[number].at_s for number in chosen),
            request=request,
            segments=self.segments,
            settings=self.settings,
            elapsed_s=elapsed_s,
            duration_s=0.0 if request.at_s is not None else frames / request.fps,
            frames=frames,
            painted=self.painted,
            notices=tuple(self.notices),
            stopped=stopped,
        )

    def close(self) -> None:
        if self.writer is not None:
            self.writer.discard()


def _small(image: Image.Image) -> Image.Image:
    small = image.copy()
    small.thumbnail((SMALL_PX, SMALL_PX))
    return small


def plan_film(request: MakeFilmRequest, context: RunContext) -> Generator[events.Event, None, FilmPlan]:
    """Hear the track, and decide the pictures of its film. Raises `BadInput`."""
    part = tracks.read_part(request.sound, request.start_s, request.end_s)
    if request.at_s is not None:
        request = request.changed(at_s=min(max(request.at_s, part.begin_s), part.end_s))
    track = yield from hear_track(part, context.backend, context.tracks, context.cancel)
    film = decide_film(request, track, partial(context.tracks.embed_at, track, context.backend.embed_windows))
    pictures, along = film.pictures, film.along
    if request.at_s is not None:
        pictures, along = (film.picture_at(request.at_s),), 1
    info, size, source, key = context.backend.bundle.info, None, None, None
    if context.picture is not None:
        if request.aspect != SQUARE:
            raise BadInput(
                "A film from a picture has the picture's own shape. Leave the shape at the square.", "aspect"
            )
        picture, steps = source_picture(context.picture, request.size_px), int(request.steps or 0)
        pictures = tuple(replace(one, begin=None) for one in pictures)
        name = f"{context.picture.digest}@{picture.size}"
        key = InversionKey(context.session, info.name, name, "", steps)
        source = EditSource(picture, None, "", steps, context.inversions.find(key))
    elif request.aspect != SQUARE:
        size = info.size_of(request.aspect)
    words = words_digest(context.words, request.prompt, request.negative_prompt)
    keys = picture_keys(request, info.name + words, pictures, size, context.picture)
    job = FilmJob(request, pictures, _missing(keys, context), size, source)
    cost = film_cost(job, len({*keys}), part.duration_s, info.picture_px)
    if request.at_s is None:
        check_film(request, part.duration_s, cost, getattr(context.backend, "lease_s", None))
    return FilmPlan(context, job, track, film.segments, along, keys, cost, key, notices=[*film.notices])


def estimate_film(request: MakeFilmRequest, context: RunContext) -> FilmCost:
    """What a film will take. Raises `BadInput` as making it would."""
    planning = plan_film(request, context)
    while True:
        try:
            next(planning)
        except StopIteration as planned:
            plan: FilmPlan = planned.value
            return plan.cost


def film_cost(job: FilmJob, different: int, duration_s: float, picture_px: int) -> FilmCost:
    """What a film takes. different: how many of its pictures are not alike."""
    frames = ceil(duration_s * job.request.fps - 1e-6)
    painted = job.source.picture.size if job.source is not None else job.size or (picture_px, picture_px)
    width, height = frame_size(painted, job.request.size_px)
    return FilmCost(
        pictures=len(job.missing),
        kept=different - len(job.missing),
        frames=frames,
        megapixels=frames * width * height / 1e6,
        passes=job.passes(picture_px),
    )


def _missing(keys: Sequence[str], context: RunContext) -> tuple[int, ...]:
    """Numbers of the pictures that are to be painted; of several that are alike the first."""
    context.films.tidy()
    first = {key: number for number, key in reversed([*enumerate(keys)])}
    return tuple(sorted(number for key, number in first.items() if not context.films.has(key)))


def source_picture(picture: InputPicture, shortest_px: int) -> Image.Image:
    """A picture as it is edited: no larger than the film will be."""
    factor = shortest_px / min(picture.image.size)
    if factor >= 1.0:
        return picture.image
    width, height = picture.image.size
    return picture.image.resize((round(width * factor), round(height * factor)), Image.Resampling.LANCZOS)


def hear_track(
    part: tracks.TrackPart, backend: Backend, reader: TrackReader, cancel: events.CancelToken
) -> Generator[events.Progress, None, TrackAnalysis]:
    """What is heard in a part of a track; progress meanwhile. Raises `BadInput` and `Cancelled`."""
    reports: queue.Queue[tuple[int, int] | TrackAnalysis | BaseException] = queue.Queue()

    def work() -> None:
        try:
            labels = tuple(source.label for source in backend.bundle.sources)
            report = lambda done, total: reports.put((done, total))  # noqa: E731
            reports.put(reader.analyze(part, backend.embed_windows, labels, cancel, report))
        except BaseException as error:
            reports.put(error)

    threading.Thread(target=work, name="hearing", daemon=True).start()
    while True:
        report = reports.get()
        if isinstance(report, TrackAnalysis):
            return report
        if isinstance(report, BaseException):
            raise report
        yield events.Progress(report[0], report[1], "Listening to the track")


def picture_keys(
    request: MakeFilmRequest,
    bundle: str,
    pictures: Sequence[FilmPicture],
    size: tuple[int, int] | None,
    source: InputPicture | None,
) -> tuple[str, ...]:
    """The key of every picture in the store: everything that it depends on."""
    words = (request.prompt, request.negative_prompt)
    numbers = (request.strength, request.guidance_scale, request.steps, request.seed, request.quality, size)
    edit = None if source is None else (source.digest, request.mode, request.size_px)
    keys: list[str] = []
    for one in pictures:
        own = (one.embedding.tobytes(), one.scale, one.noise, one.words)
        sides: tuple[object, ...] = ()
        if one.begin is not None:
            left, right, position = one.begin
            sides = (keys_of_sides(pictures[left], pictures[right]), round(position, 4))
        keys.append(picture_key((bundle, *words, *numbers, edit, *own, *sides)))
    return tuple(keys)


def keys_of_sides(left: FilmPicture, right: FilmPicture) -> bytes:
    """What a picture between two others depends on besides its own."""
    return b"".join(
        side.embedding.tobytes() + repr((side.scale, *side.words)).encode() for side in (left, right)
    )


JOB_TYPES[MakeFilmRequest] = JobType(plan_film, FilmRunner, "Listening to the track")
