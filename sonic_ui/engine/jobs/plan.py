"""Plans of requests: the job for the backend, and what becomes of its events."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sonic_ui.engine.caches import InversionCache
from sonic_ui.engine.control import CancelToken
from sonic_ui.engine.events import (
    AudioAnalysis,
    Event,
    FrameInfo,
    FramesAdded,
    FramesDone,
    ImageAnalysis,
    JobEvent,
    Notice,
    Preview,
    Progress,
    Result,
    SoundResult,
)
from sonic_ui.engine.inputs import MaskedPicture, Sound
from sonic_ui.engine.metadata import painting_settings
from sonic_ui.engine.protocol import Backend, Job

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class RunContext:
    """A request's files, read, and what a plan may use; analyses are cached.

    sounds      by setting
    picture     None if the request names none
    library     the folder of recordings, if the request builds from them
    load_sound  as `Studio.load_sound`
    """

    backend: Backend
    sounds: dict[str, Sound]
    picture: MaskedPicture | None
    library: Path | None
    load_sound: Callable[..., Sound]
    embed_audio: Callable[[Sound], AudioAnalysis]
    analyze_image: Callable[[MaskedPicture], ImageAnalysis]
    inversions: InversionCache
    session: str
    cancel: CancelToken

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

    def take(self, event: JobEvent) -> Iterator[Event]:
        """Take an event of the job in; what is to be passed on of it."""
        if isinstance(event, Notice):
            self.notices.append(event.message)
        if isinstance(event, (Progress, Preview, Notice)):
            yield event

    @property
    def is_partial(self) -> bool:
        """Whether there is something to show of a job that was cancelled."""
        return False

    @abstractmethod
    def result(self, elapsed_s: float, stopped: bool) -> Result | SoundResult:
        """The result of everything that was taken in."""


@dataclass
class PaintingPlan(Plan):
    """A job that paints, what is known of each of its pictures, and those that are done.

    is_strip   whether pictures are passed on one by one, with what is known of them
    info_at    what is known of a picture at a position that is found on the way; None where all positions are
               known beforehand
    source     column of the classifier's levels that belongs to the sound
    reused     whether an edit starts from a cached inversion
    """

    infos: tuple[FrameInfo, ...]
    is_strip: bool = field(default=True, kw_only=True)
    info_at: Callable[[float], FrameInfo] | None = field(default=None, kw_only=True)
    source: int | None = field(default=None, kw_only=True)
    reused: bool = field(default=False, kw_only=True)
    done: dict[int, tuple[Image, FrameInfo]] = field(default_factory=dict, kw_only=True)

    def take(self, event: JobEvent) -> Iterator[Event]:
        """As `Plan.take`; frames get their infos here."""
        if isinstance(event, FramesAdded):
            if self.info_at is not None:
                event = FramesAdded(tuple(self.info_at(info.position or 0.0) for info in event.infos))
            self.infos += event.infos
            yield event
        elif isinstance(event, FramesDone):
            finished = self._finish(event)
            if self.is_strip:
                yield finished
        else:
            yield from super().take(event)

    def _finish(self, frames: FramesDone) -> FramesDone:
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
        return replace(frames, infos=tuple(infos))

    @property
    def is_partial(self) -> bool:
        """Whether a strip has frames that are finished."""
        return self.is_strip and bool(self.done)

    def result(self, elapsed_s: float, stopped: bool) -> Result:
        """The pictures in the order of the strip, with their settings."""
        context, request = self.context, self.job.request
        frames = [self.done[index] for index in sorted(self.done)]
        if self.info_at:
            frames.sort(key=lambda frame: frame[1].position or 0.0)
        labels = [context.embed_audio(sound).labels for sound in context.sounds.values()]
        settings = painting_settings(
            context.backend.bundle.info, request, context.sounds, context.embed_audio
        )
        return Result(
            tuple(image for image, _ in frames),
            request,
            labels[0],
            settings | (context.picture.settings if context.picture else {}),
            elapsed_s,
            tuple(self.notices),
            tuple(info for _, info in frames) if self.is_strip else (),
            stopped,
            labels[1] if len(labels) > 1 else (),
            self.reused,
        )
