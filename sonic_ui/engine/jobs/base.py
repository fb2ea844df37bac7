"""What every verb's job has: a plan, which makes the job of a request and a result of its events; a runner,
which does the work; and a place in `JOB_TYPES`, where the file `jobs/<verb>.py` registers both. `Backend` is
what every backend offers: it turns one job into events, on this machine or another.
"""

from __future__ import annotations

import logging
import queue
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from PIL.Image import Image

from sonic_ui.bundles import Bundle
from sonic_ui.engine import events
from sonic_ui.engine.caches import InversionCache
from sonic_ui.engine.components import Components
from sonic_ui.engine.films import FilmStore
from sonic_ui.engine.inputs import InputPicture, MaskedPicture, Sound
from sonic_ui.engine.jobs.settings import painting_settings, word_settings
from sonic_ui.engine.tracks import TrackReader
from sonic_ui.engine.word_store import NO_WORDS, Words
from sonic_ui.engine.words import cut_words, unknown_words, without_words
from sonic_ui.media.captions import Caption
from sonic_ui.requests import (
    VERBS,
    BadInput,
    MakingRequest,
)

log = logging.getLogger(__name__)

PREVIEW_SHARE = 0.12
"""Previews may take this share of the time; slower decoders are used less often."""


class Job(Protocol):
    """What is to be made, as plain data that can be pickled: a request whose settings are all filled in, and
    the embeddings and pictures that were made of its files. See `engine/jobs`."""

    @property
    def request(self) -> Any:
        """What was asked for; its class says how the job is run."""


class Backend(Protocol):
    """Where jobs run. It imports its heavy libraries when `load` is called, never with its module."""

    @property
    def bundle(self) -> Bundle:
        """The weights it uses. Raises `BadInput` if they cannot be read."""

    @property
    def location(self) -> str:
        """Where the work happens, for the header: "this computer, CPU"."""

    def load(self) -> None:
        """Make ready; may take seconds. Raises `BadInput` naming a missing or damaged file."""

    def supports(self, verb: str) -> bool:
        """Whether the bundle has a pipeline of its own for a verb."""

    def embed_audio(self, samples: np.ndarray) -> events.AudioAnalysis:
        """Embed and name a clip: `samples` float32 [T] at 48 kHz."""

    def caption_audio(self, samples: np.ndarray, text: str = "", top_k: int = 1, seed: int = 0) -> Caption:
        """A caption of a clip, float32 [T] at 48 kHz, greedy or drawn from the `top_k` most probable words;
        or, with a `text`, the probability of each of its words. Raises `BadInput`.
        """

    def embed_windows(self, windows: Sequence[np.ndarray]) -> events.WindowAnalysis:
        """Embed and name windows of a track: samples float32 [T] each, at 48 kHz."""

    def analyze_image(self, picture: Image) -> events.ImageAnalysis:
        """Sources that a picture shows, and how its sound would rise and fall. Raises `BadInput`."""

    def predict_intensities(self, images: Sequence[Image]) -> np.ndarray | None:
        """Level of every source in pictures, [N, S] in 0..1, S as in the bundle's vocabulary.

        None if the bundle has no presence classifier.
        """

    def run(self, job: Job, cancel: events.CancelToken, words: Words = NO_WORDS) -> Iterator[events.JobEvent]:
        """Run a job: a `FramesDone` for every group of pictures, a `SoundsDone` for all sounds.

        words   learned words that its texts may hold, by name

        Raises `Cancelled` once the token is set, `BadInput`, or `Failure`.
        """


# Planning


@dataclass(frozen=True)
class RunContext:
    """A request's files, read, and what a plan may use; analyses are cached.

    sounds      by setting
    picture     None if the request names none
    library     the folder of recordings, if the request builds from them
    words       learned words that the request's texts may hold, by name
    load_sound  as `Studio.load_sound`; tracks: what is heard along tracks; films: where films are written
    """

    backend: Backend
    sounds: dict[str, Sound]
    picture: MaskedPicture | None
    library: Path | None
    load_sound: Callable[..., Sound]
    embed_audio: Callable[[Sound], events.AudioAnalysis]
    analyze_image: Callable[[InputPicture], events.ImageAnalysis]
    tracks: TrackReader
    films: FilmStore
    inversions: InversionCache
    session: str
    cancel: events.CancelToken
    words: Words = field(default_factory=dict)

    @property
    def input_picture(self) -> MaskedPicture:
        """The picture, for verbs that cannot do without."""
        if self.picture is None:
            raise RuntimeError("The request names no picture.")
        return self.picture


@dataclass
class Plan(ABC):
    """A job, and its events on their way to the person."""

    context: RunContext
    job: Job
    notices: list[str] = field(default_factory=list, kw_only=True)

    def take(self, event: events.JobEvent) -> Iterator[events.Event]:
        """Take an event of the job in; what is to be passed on of it."""
        if isinstance(event, events.Notice):
            self.notices.append(event.message)
        if isinstance(event, (events.Progress, events.Preview, events.Notice)):
            yield event

    @property
    def is_partial(self) -> bool:
        """Whether there is something to show of a job that was cancelled."""
        return False

    @abstractmethod
    def result(self, elapsed_s: float, stopped: bool) -> events.AnyResult:
        """The result of everything that was taken in."""

    def close(self) -> None:  # noqa: B027
        """Let go of what was begun, where no result is asked for."""


@dataclass
class PaintingPlan(Plan):
    """A job that paints, what is known of each of its pictures, and those that are done.

    is_strip   whether pictures are passed on one by one, with what is known of them
    info_at    what is known of a picture at a position that is found on the way; None where all positions are
               known beforehand
    source     column of the classifier's levels that belongs to the sound
    reused     whether an edit starts from a cached inversion
    extra      what its settings hold besides
    batches    for each picture that is done, the numbers of those that were painted side by side with it
    """

    infos: tuple[events.FrameInfo, ...]
    is_strip: bool = field(default=True, kw_only=True)
    info_at: Callable[[float], events.FrameInfo] | None = field(default=None, kw_only=True)
    source: int | None = field(default=None, kw_only=True)
    reused: bool = field(default=False, kw_only=True)
    done: dict[int, tuple[Image, events.FrameInfo]] = field(default_factory=dict, kw_only=True)
    batches: dict[int, tuple[int, ...]] = field(default_factory=dict, kw_only=True)
    extra: dict[str, Any] = field(default_factory=dict, kw_only=True)

    def take(self, event: events.JobEvent) -> Iterator[events.Event]:
        """As `Plan.take`; frames get their infos here."""
        if isinstance(event, events.FramesAdded):
            if self.info_at is not None:
                event = events.FramesAdded(tuple(self.info_at(info.position or 0.0) for info in event.infos))
            self.infos += event.infos
            yield event
        elif isinstance(event, events.FramesDone):
            finished = self._finish(event)
            if self.is_strip:
                yield finished
        else:
            yield from super().take(event)

    def _finish(self, frames: events.FramesDone) -> events.FramesDone:
        """Finished pictures with what is known of them, and the level of the source that they show."""
        infos = [self.infos[index] for index in frames.indices]
        levels = None
        if self.source is not None:
            levels = self.context.backend.predict_intensities(frames.images)
        if levels is not None:
            infos = [
                replace(info, level=float(row[self.source])) for info, row in zip(infos, levels, strict=True)
            ]
        self.done |= dict(zip(frames.indices, zip(frames.images, infos, strict=True), strict=True))
        self.batches |= dict.fromkeys(frames.indices, frames.indices)
        return replace(frames, infos=tuple(infos))

    @property
    def is_partial(self) -> bool:
        """Whether a strip has frames that are finished."""
        return self.is_strip and bool(self.done)

    def result(self, elapsed_s: float, stopped: bool) -> events.Result:
        """The pictures in the order of the strip, with their settings."""
        context, request = self.context, self.job.request
        order = sorted(self.done)
        if self.info_at:
            order.sort(key=lambda index: self.done[index][1].position or 0.0)
        frames = [self.done[index] for index in order]
        analyses = [context.embed_audio(sound) for sound in context.sounds.values()]
        first, second = (*analyses, None, None)[:2]
        settings = painting_settings(
            context.backend.bundle.info, request, context.sounds, context.embed_audio
        )
        return events.Result(
            tuple(image for image, _ in frames),
            request,
            first.labels if first else (),
            settings
            | (context.picture.settings if context.picture else {})
            | word_settings(context.words)
            | self.extra
            | {"pictures": self._remade_from(order)},
            elapsed_s,
            tuple(self.notices),
            tuple(info for _, info in frames) if self.is_strip else (),
            stopped,
            second.labels if second else (),
            self.reused,
            first is not None and first.is_unknown,
            second is not None and second.is_unknown,
        )

    def _remade_from(self, order: Sequence[int]) -> list[dict[str, Any]]:
        """What makes each picture again besides the request: its seed, its variations if it has any, and the
        pictures that are painted side by side with it, by their numbers in the result.

        A batch of another size rounds otherwise in the last bit: the seed alone gives the same picture
        within a level of 255, the seed and the batch the same bytes.
        """
        number = {index: at for at, index in enumerate(order)}
        return [
            {
                "seed": self.job.request.seed_of(index),
                "batch": [number[other] for other in self.batches[index]],
                **self._variations_of(index),
            }
            for index in order
        ]

    def _variations_of(self, index: int) -> dict[str, Any]:
        variations = self.job.request.variations_of(index)
        return {"variations": [[seed, amount] for seed, amount in variations]} if variations else {}


# Running


@dataclass
class JobRunner(ABC):
    """The work of a job, and its events; `run` fills the queue that `stream` empties."""

    splits_on_oom: ClassVar[bool] = False
    """Whether it makes fewer at once where memory is short."""

    components: Components
    job: Any
    cancel: events.CancelToken
    pipeline: Any = field(init=False)
    queue: queue.Queue[events.JobEvent | BaseException | None] = field(
        default_factory=queue.Queue, init=False
    )
    words: Words = field(default_factory=dict, init=False)
    """Learned words that the job's texts may hold, by name."""
    started: float = field(default=0.0, init=False)
    preview_due: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self.pipeline = self.load()

    def load(self) -> Any:
        """The pipeline of the job; what it needs is loaded here, before the device is taken."""
        return self.components.pipeline

    @property
    def count(self) -> int:
        """How many pictures or sounds are made."""
        return int(self.job.request.outputs)

    @property
    def passes(self) -> float:
        """Passes of one sample through the denoiser, by which the engine's pace is measured; 0: it is not."""
        return 0.0

    @abstractmethod
    def work(self) -> None:
        """Do it, and put events into the queue."""

    def run(self, device: events.FairLock) -> None:
        """Work on the device, end the events."""
        try:
            self.work_on(device)
        except BaseException as error:
            self.queue.put(error)
        finally:
            self.queue.put(None)

    def work_on(self, device: events.FairLock) -> None:
        """Wait for the device, and work with it to oneself."""
        import torch

        with device.turn(self.cancel, self._on_wait), torch.inference_mode(), self._known_words():
            self.started = time.perf_counter()
            self.work()
            self.components.pace.add("pass", self.passes, time.perf_counter() - self.started)

    def _known_words(self) -> AbstractContextManager[None]:
        """Let the job's texts hold its words. Raises `BadInput` for those of other engines."""
        from sonic_ui.engine.words import words_context

        return words_context(self.words, self.components) if self.words else nullcontext()

    def stream(self) -> Iterator[events.JobEvent]:
        """Events as they come; if several wait, progress and previews that are already old are left out."""
        while True:
            waiting = [self.queue.get()]
            while not self.queue.empty():
                waiting.append(self.queue.get())
            for item in _latest(waiting):
                if item is None:
                    return
                if isinstance(item, BaseException):
                    raise _explained(item, self.count > 1 and not self.splits_on_oom) from item
                yield item

    def report_words(self, *texts: str) -> None:
        """Put one notice of words that the engine does not know, and of what the tokenizer leaves out."""
        info, tokenizer = self.components.bundle.info, self.pipeline.tokenizer
        plain = [without_words(text, self.words) for text in texts]
        unknown = unknown_words(info, info.vocabulary, tokenizer, *plain)
        sentences = [unknown, *(cut_words(tokenizer, text) for text in texts)]
        if any(sentences):
            self.queue.put(events.Notice(" ".join(filter(None, sentences))))

    def report_progress(self, message: str, step: int, total: int, done: float = 0.0) -> None:
        """Progress; `done` is the share of the work behind us, by its cost."""
        eta_s = None
        if step >= 2 and done > 0:
            eta_s = (time.perf_counter() - self.started) * (1 - done) / done
        self.queue.put(events.Progress(step, total, message, eta_s))

    def preview(self, report: Any, indices: tuple[int, ...]) -> None:
        """Show what a step report predicts, unless the last preview was too short ago for its cost."""
        now = time.perf_counter()
        if now < self.preview_due:
            return
        self.queue.put(events.Preview(tuple(report.preview()), indices))
        cost = time.perf_counter() - now
        self.preview_due = time.perf_counter() + cost * (1 - PREVIEW_SHARE) / PREVIEW_SHARE
        self.cancel.check()

    def split_on_oom(
        self, group: tuple[int, ...], make: Callable[[tuple[int, ...]], list[Any]]
    ) -> list[events.FramesDone]:
        """`make` of a group; where memory runs out, of its halves one after the other, and so on. One
        `FramesDone` for all that was made at once.
        """
        from sonic_ui.models.devices import is_out_of_memory, release_memory

        try:
            return [events.FramesDone(group, tuple(make(group)))]
        except Exception as error:
            if len(group) == 1 or not is_out_of_memory(error):
                raise
            log.info("Out of memory with %s pictures at once: trying fewer", len(group))
        release_memory()  # here, where the error no longer holds on to what failed
        self.cancel.check()
        middle = (len(group) + 1) // 2
        return self.split_on_oom(group[:middle], make) + self.split_on_oom(group[middle:], make)

    def _on_wait(self, ahead: int) -> None:
        others = "one other person's picture" if ahead == 1 else f"{ahead} other people's pictures"
        self.queue.put(events.Progress(0, 0, f"Waiting for {others}"))


def _latest(items: list[Any]) -> list[Any]:
    """Drop progress and previews that a later one in the list replaces; leave everything else, in order."""
    latest: list[Any] = []
    replaced: set[type] = set()
    for item in reversed(items):
        if isinstance(item, (events.Progress, events.Preview)):
            if type(item) in replaced:
                continue
            replaced.add(type(item))
        latest.append(item)
    return latest[::-1]


def _explained(error: BaseException, several: bool) -> BaseException:
    """What to raise for an error from the pipeline: a sentence for the person, the details for the log."""
    if isinstance(error, (BadInput, events.Cancelled, events.Failure)):
        return error
    log.error("A job failed", exc_info=error)
    from sonic_ui.models.devices import is_out_of_memory, release_memory

    if is_out_of_memory(error):
        release_memory()
        fewer = "Ask for fewer" if several else "Close other programs, or choose a smaller engine,"
        return events.Failure(f"This computer ran out of memory. {fewer} and try again.")
    return events.Failure(
        f"Painting stopped on an error of the app ({type(error).__name__}); its log has the details. "
        "Try again."
    )


@dataclass(frozen=True)
class JobType:
    """How the requests of one class become results.

    plan      a request whose settings are all filled in, and its files -> its job, at once or after some
              progress. Raises `BadInput`
    runner    makes what does the work of that job, of the components, the job and the cancel token
    reading   message while the files are read
    """

    plan: Callable[[Any, RunContext], Plan | Generator[events.Event, None, Plan]]
    runner: Callable[[Components, Any, events.CancelToken], JobRunner]
    reading: str = "Listening to the sound"


JOB_TYPES: dict[type[MakingRequest], JobType] = {}


def job_type(request: MakingRequest) -> JobType:
    """How a request is planned and run. Raises `BadInput` for a class that nobody registered."""
    kind, verb = type(request), str(getattr(request, "verb", ""))
    if kind not in JOB_TYPES and verb in VERBS and VERBS[verb].request is kind:
        import_module(f"sonic_ui.engine.jobs.{verb}")
    if kind not in JOB_TYPES:
        raise BadInput(f"This app does not know how to run {kind.__name__}.")
    return JOB_TYPES[kind]
