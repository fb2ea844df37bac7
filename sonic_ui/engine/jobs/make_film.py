"""A film along a track: pictures through `AudioToImagePipeline` or `AudioEditPipeline`, written frame by
frame.

The plan hears the track, decides every picture, and leaves out those that lie on the disk from before. The
runner paints them in the order of time; the plan writes the film's frames as soon as the pictures on both
sides are there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from sonic_ui.audio import tracks
from sonic_ui.engine import events
from sonic_ui.engine.films import FilmStore, picture_key
from sonic_ui.engine.jobs.base import JOB_TYPES, JobRunner, JobType, Plan, RunContext, film_settings
from sonic_ui.engine.jobs.sound_to_image import pipeline_settings
from sonic_ui.engine.tracks import TrackAnalysis
from sonic_ui.media.film_frames import FrameMaker, Kicks, frame_size
from sonic_ui.media.film_writer import FilmWriter, GifWriter, VideoWriter, ZipWriter
from sonic_ui.media.metadata import stem_of, write_picture
from sonic_ui.pipelines.embedding_path import SIDE_BY_SIDE
from sonic_ui.pipelines.film_path import FilmPicture
from sonic_ui.requests import MakeFilmRequest
from sonic_ui.requests.aspects import SQUARE

SMALL_PX = 256
MAX_SMALL = 64
"""Pictures that go along with a film, for the page: how large, and how many."""

DRAFT_STEPS = 8
"""Of a draft, where the engine has no weights for few steps."""

CONTINUITY = 0.5
"""Share of the steps after which pictures between two others start, from a blend of both."""


@dataclass(frozen=True)
class FilmJob:
    """Pictures to paint for a film.

    pictures   all of the film's, in order of time
    missing    numbers of those that are to be painted
    size       width and height in pixels; None: the denoiser's own
    source     the picture that is edited, upright RGB; None paints from noise. inversion: as for `EditJob`
    """

    request: MakeFilmRequest
    pictures: tuple[FilmPicture, ...] = field(repr=False)
    missing: tuple[int, ...] = field(repr=False)
    size: tuple[int, int] | None = None
    source: Image.Image | None = field(repr=False, default=None)
    inversion: Any = field(repr=False, default=None)


@dataclass
class FilmRunner(JobRunner):
    """Paints what is missing, in order: whole pictures side by side, then those between them."""

    splits_on_oom: ClassVar[bool] = True

    job: FilmJob
    done: float = field(default=0.0, init=False)
    partial: dict[int, Any] = field(default_factory=dict, init=False)

    @property
    def count(self) -> int:
        return len(self.job.missing)

    def work(self) -> None:
        request = self.job.request
        self.report_words(request.prompt, request.negative_prompt)
        self.settings = {**pipeline_settings(request)}
        if request.quality == "draft":
            self.settings["num_inference_steps"] = min(DRAFT_STEPS, self.settings["num_inference_steps"])
        self.total = sum(self._cost(number) for number in self.job.missing)
        self._report()
        for group in self._groups():
            for batch in self.split_on_oom(group, self._paint):
                self.queue.put(batch)
            self.cancel.check()
            self._forget(group[0])

    @property
    def steps(self) -> int:
        return int(self.settings["num_inference_steps"])

    @property
    def begin_step(self) -> int:
        from sonic_ui.pipelines.sampling import begins_anywhere
        from sonic_ui.requests.interpolate import shared_steps

        return shared_steps(CONTINUITY, self.steps) if begins_anywhere(self.pipeline.scheduler) else 0

    def _cost(self, number: int) -> int:
        """Steps of a picture."""
        return self.steps - (self.begin_step if self.job.pictures[number].begin else 0)

    def _groups(self) -> Iterator[tuple[int, ...]]:
        """Numbers that are painted side by side: whole ones first, as far as those between them need."""
        waiting: list[int] = []
        missing = set(self.job.missing)
        whole = [n for n in self.job.missing if self.job.pictures[n].begin is None]
        between = [n for n in self.job.missing if self.job.pictures[n].begin is not None]
        for start in range(0, len(whole), SIDE_BY_SIDE):
            group = whole[start : start + SIDE_BY_SIDE]
            yield tuple(group)
            rest = whole[start + SIDE_BY_SIDE :]
            ready = rest[0] if rest else len(self.job.pictures)
            waiting = [
                n for n in between if n < ready and (self.job.pictures[n].begin or (0, 0, 0))[1] < ready
            ]
            between = [n for n in between if n not in waiting]
            yield from (tuple(waiting[i : i + SIDE_BY_SIDE]) for i in range(0, len(waiting), SIDE_BY_SIDE))
        yield from (tuple(between[i : i + SIDE_BY_SIDE]) for i in range(0, len(between), SIDE_BY_SIDE))
        assert missing

    def _paint(self, group: tuple[int, ...]) -> list[Any]:
        if self.job.pictures[group[0]].begin is None or not self.begin_step:
            return self._run(group, self._keep_partial(group))
        import torch

        from sonic_ui.pipelines.sampling import slerp_latents

        starts = []
        for number in group:
            left, right, position = self.job.pictures[number].begin or (0, 0, 0.0)
            starts.append(slerp_latents(self._partial(left), self._partial(right), position))
        return self._run(group, None, latents=torch.cat(starts), begin_step=self.begin_step)

    def _keep_partial(self, group: tuple[int, ...]) -> Callable[[Any], None]:
        def keep(report: Any) -> None:
            if report.step == self.begin_step and report.latents is not None:
                self.partial |= {number: report.latents[i : i + 1] for i, number in enumerate(group)}

        return keep

    def _partial(self, number: int) -> Any:
        """Latents [1, C, h, w] of a whole picture after `begin_step` steps."""
        if number not in self.partial:
            keep = self._keep_partial((number,))

            def enough(report: Any) -> None:
                keep(report)
                if number in self.partial:
                    raise _Enough

            with contextlib.suppress(_Enough):
                self._run((number,), enough)
        return self.partial[number]

    def _forget(self, before: int) -> None:
        """Let go of what no picture after `before` starts from."""
        self.partial = {
            number: one for number, one in self.partial.items() if number >= before - 2 * SIDE_BY_SIDE
        }

    def _run(self, group: tuple[int, ...], also: Callable[[Any], None] | None, **start: Any) -> list[Any]:
        import torch

        from sonic_ui.models.gated_attention import batch_audio_scales

        job, request = self.job, self.job.request
        pictures = [job.pictures[number] for number in group]
        begun, begin = self.done, int(start.get("begin_step", 0))

        def on_step(report: Any) -> None:
            self.cancel.check()
            self.done = begun + len(group) * (report.step - begin)
            self._report()
            if also is not None:
                also(report)

        strength = batch_audio_scales(
            request.strength, [one.scale for one in pictures], self.pipeline.audio_attention.paths
        )
        size = dict(zip(("width", "height"), job.size, strict=True)) if job.size else {}
        return list(
            self.pipeline(
                audio_embeds=torch.from_numpy(np.stack([one.embedding for one in pictures])),
                seed=[request.seed] * len(group),
                on_step=on_step,
                **{**self.settings, "strength": strength},
                **size,
                **start,
            ).images
        )

    def _report(self) -> None:
        done = min(int(self.done), int(self.total))
        self.report_progress(
            f"Painting {self.count} pictures", done, int(self.total), done / max(1, self.total)
        )


class _Enough(Exception):
    """A picture is denoised as far as those beside it need."""


@dataclass
class FilmPlan(Plan):
    """A film that grows while its pictures come.

    keys        of every picture, in the store; paths of those that are there by their numbers
    """

    job: FilmJob
    track: TrackAnalysis
    segments: tuple[events.FilmSegment, ...]
    keys: tuple[str, ...]
    maker: FrameMaker | None = field(default=None, init=False)
    writer: FilmWriter | None = field(default=None, init=False)
    ready: set[int] = field(default_factory=set, init=False)
    painted: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.ready = set(range(len(self.keys))) - set(self.job.missing)

    @property
    def store(self) -> FilmStore:
        return self.context.films

    @property
    def contiguous(self) -> int:
        """How many pictures from the first on are there."""
        number = 0
        while number in self.ready:
            number += 1
        return number

    def take(self, event: events.JobEvent) -> Iterator[events.Event]:
        if not isinstance(event, events.FramesDone):
            yield from super().take(event)
            return
        for number, image in zip(event.indices, event.images, strict=True):
            self.store.put(self.keys[number], image)
            self.ready.add(number)
            self.painted += 1
        self._write(self.contiguous)
        times = [self.job.pictures[number].at_s for number in event.indices]
        infos = tuple(events.FrameInfo(position=at_s) for at_s in times)
        yield events.FramesDone(event.indices, event.images, infos)

    def _write(self, ready: int, end_s: float | None = None) -> None:
        """Write the frames that `ready` pictures suffice for."""
        if ready == 0 or self.job.request.at_s is not None:
            return
        maker, writer = self._maker(), self._writer()
        for pixels in maker.until(ready, self.track.part.end_s if end_s is None else end_s):
            self.context.cancel.check()
            writer.add(pixels)

    def _maker(self) -> FrameMaker:
        if self.maker is None:
            request = self.job.request
            size = frame_size(self._load(0).size, request.size_px)
            times = [picture.at_s for picture in self.job.pictures]
            zoom = kicks_of(request, self.track) if request.kick == "zoom" else Kicks()
            self.maker = FrameMaker(times, self._load, self.track.part.begin_s, request.fps, size, zoom)
        return self.maker

    def _writer(self) -> FilmWriter:
        if self.writer is None:
            request, settings = self.job.request, self.settings()
            stem = self.store.new() / stem_of(settings)
            if request.output == "mp4":
                part = self.track.part
                self.writer = VideoWriter(
                    stem, request.fps, self._maker().size, settings, part.path, part.begin_s
                )
            elif request.output == "gif":
                self.writer = GifWriter(stem, request.fps, settings)
            else:
                self.writer = ZipWriter(stem, request.fps, settings)
        return self.writer

    def _load(self, number: int) -> Image.Image:
        with Image.open(self.store.picture_file(self.keys[number])) as image:
            return image.convert("RGB")

    def settings(self) -> dict[str, Any]:
        return film_settings(self.context.backend.bundle.info, self.job.request, self.track, self.segments)

    @property
    def is_partial(self) -> bool:
        """Whether there is a second of film."""
        return self.job.request.at_s is None and self.contiguous >= 2

    def result(self, elapsed_s: float, stopped: bool) -> events.FilmResult:
        request = self.job.request
        if request.at_s is not None:
            return self._still(elapsed_s)
        if stopped:
            self.context = _uncancelled(self.context)
        ready = self.contiguous
        end_s = self.track.part.end_s
        if stopped:
            end_s = min(end_s, self.job.pictures[ready - 1].at_s)
        self._write(ready, end_s)
        assert self.writer is not None and self.maker is not None
        frames, path = self.maker.number, self.writer.close()
        chosen = _spread(ready, MAX_SMALL)
        return events.FilmResult(
            film=path,
            images=tuple(_small(self._load(number)) for number in chosen),
            times=tuple(self.job.pictures[number].at_s for number in chosen),
            request=request,
            segments=self.segments,
            settings=self.settings(),
            elapsed_s=elapsed_s,
            duration_s=frames / request.fps,
            frames=frames,
            painted=self.painted,
            notices=tuple(self.notices),
            stopped=stopped,
        )

    def _still(self, elapsed_s: float) -> events.FilmResult:
        """The one picture, as a PNG."""
        settings = self.settings()
        path = self.store.new() / f"{stem_of(settings)}.png"
        image = self._load(0)
        write_picture(image, settings, path)
        at_s = self.job.pictures[0].at_s
        return events.FilmResult(
            path,
            (image,),
            (at_s,),
            self.job.request,
            self.segments,
            settings,
            elapsed_s,
            0.0,
            1,
            self.painted,
            tuple(self.notices),
        )

    def close(self) -> None:
        if self.writer is not None:
            self.writer.discard()


def _uncancelled(context: RunContext) -> RunContext:
    from dataclasses import replace

    return replace(context, cancel=events.CancelToken())


def _spread(count: int, most: int) -> list[int]:
    """At most so many numbers below `count`, evenly spread."""
    return sorted({round(one) for one in np.linspace(0, count - 1, min(count, most))}) if count else []


def _small(image: Image.Image) -> Image.Image:
    small = image.copy()
    small.thumbnail((SMALL_PX, SMALL_PX))
    return small


def kicks_of(request: MakeFilmRequest, track: TrackAnalysis) -> Kicks:
    """When the picture is pushed, and how far."""
    rhythm = track.rhythm
    times, strengths = rhythm.onsets, rhythm.strengths
    if request.kick_by == "beats":
        times = rhythm.beats
        strengths = np.where(np.isin(times, rhythm.bars), 1.0, 0.6)
    pushes = request.kick_amount * strengths
    return Kicks(tuple(map(float, times)), tuple(map(float, pushes)))


def plan_film(request: MakeFilmRequest, context: RunContext) -> Generator[events.Event, None, FilmPlan]:
    """Hear the track, and decide the pictures of its film."""
    from sonic_ui.engine.jobs.film_pictures import describe_segments, film_course
    from sonic_ui.pipelines.film_path import place_pictures

    part = tracks.read_part(request.sound, request.start_s, request.end_s)
    if request.at_s is not None:
        request = request.changed(at_s=min(max(request.at_s, part.begin_s), part.end_s))
    analysis = yield from heard_track(part, context)
    course, notices = film_course(request, analysis)
    pictures: Sequence[FilmPicture] = place_pictures(course)
    if request.at_s is not None:
        at_s = request.at_s
        nearest = min(pictures, key=lambda one: abs(one.at_s - at_s))
        pictures = [FilmPicture(nearest.at_s, nearest.embedding, nearest.scale)]
    size = None
    if request.aspect != SQUARE:
        size = context.backend.bundle.info.size_of(request.aspect)
    keys = picture_keys(request, context.backend.bundle.info.name, pictures, size)
    missing = tuple(number for number, key in enumerate(keys) if not context.films.has(key))
    job = FilmJob(request, tuple(pictures), missing, size)
    segments = describe_segments(course.path.segments, analysis)
    return FilmPlan(context, job, analysis, segments, keys, notices=notices)


def heard_track(part: tracks.TrackPart, context: RunContext) -> Generator[events.Event, None, TrackAnalysis]:
    """What is heard in a part of a track; progress meanwhile."""
    import queue
    import threading

    backend, reports = context.backend, queue.Queue[Any]()

    def work() -> None:
        try:
            labels = tuple(source.label for source in backend.bundle.sources)
            reports.put(
                context.tracks.analyze(
                    part, backend.embed_windows, labels, context.cancel, lambda *done: reports.put(done)
                )
            )
        except BaseException as error:
            reports.put(error)

    threading.Thread(target=work, name="hearing", daemon=True).start()
    while True:
        report = reports.get()
        if isinstance(report, TrackAnalysis):
            return report
        if isinstance(report, BaseException):
            raise report
        done, total = report
        yield events.Progress(done, total, "Listening to the track")


def picture_keys(
    request: MakeFilmRequest, bundle: str, pictures: Sequence[FilmPicture], size: tuple[int, int] | None
) -> tuple[str, ...]:
    """The key of every picture in the store."""
    shared = (
        bundle,
        request.prompt,
        request.negative_prompt,
        request.strength,
        request.guidance_scale,
        request.steps,
        request.seed,
        request.quality,
        size,
    )
    keys: list[str] = []
    for one in pictures:
        own = (one.embedding.tobytes(), one.scale, one.noise)
        sides: tuple[object, ...] = ()
        if one.begin is not None:
            left, right, position = one.begin
            ends = [pictures[left], pictures[right]]
            sides = (
                *[end.embedding.tobytes() for end in ends],
                *[end.scale for end in ends],
                round(position, 4),
            )
        keys.append(picture_key((*shared, *own, *sides)))
    return tuple(keys)


JOB_TYPES[MakeFilmRequest] = JobType(plan_film, FilmRunner, "Listening to the track")
