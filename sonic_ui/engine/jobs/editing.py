"""What jobs that edit a picture share: its inversion, made once and cached, and the finished pictures in its
own colours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from PIL.Image import Image

from sonic_ui.engine.caches import InversionKey
from sonic_ui.engine.events import Event, FramesDone, InversionDone, JobEvent
from sonic_ui.engine.jobs.base import JobRunner, PaintingPlan, RunContext
from sonic_ui.engine.word_store import words_digest
from sonic_ui.requests import EditImageRequest
from sonic_ui.requests.edit_image import OwnPictureRequest

Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class EditSource:
    """A picture to edit.

    picture     upright RGB; mask: white where it may change, None for all of it
    prompt      what it shows, in words; steps: of its inversion and of every edit
    inversion   of this picture, prompt and number of steps, without its source; None makes one
    """

    picture: Image = field(repr=False)
    mask: Image | None = field(repr=False)
    prompt: str
    steps: int
    inversion: Any = field(repr=False, default=None)

    @property
    def inverting_steps(self) -> int:
        """Sample passes that the inversion takes."""
        return 0 if self.inversion is not None else self.steps


def inverted(runner: JobRunner, source: EditSource, report: Report | None = None) -> Any:
    """The source's inversion with its picture; one that is made here is put into the queue, too.

    report   of a message, the step and the steps of the inversion; by default the runner's own
    """
    if source.inversion is not None:
        return source.inversion.with_source(source.picture)
    tell = runner.report_progress if report is None else report

    def on_step(step: Any) -> None:
        runner.cancel.check()
        tell("Studying the picture", step.step, step.total)

    inversion = runner.pipeline.invert(
        source.picture, source.prompt, num_inference_steps=source.steps, on_step=on_step
    )
    cached = inversion.without_source()
    runner.queue.put(InversionDone(cached, cached.nbytes))
    runner.cancel.check()
    return inversion


@dataclass
class EditPlan(PaintingPlan):
    """Edits of a picture; its inversion is cached under `key` for the session's next edit."""

    key: InversionKey

    def take(self, event: JobEvent) -> Iterator[Event]:
        """As `Plan.take`; finished edits get the picture's own colours and transparency back."""
        if isinstance(event, FramesDone):
            restore = self.context.input_picture.in_own_colours
            yield from super().take(replace(event, images=tuple(map(restore, event.images))))
        elif not isinstance(event, InversionDone):
            yield from super().take(event)
        elif not self.context.cancel.cancelled:
            self.context.inversions.put(self.key, event.inversion, event.nbytes)


def edit_source(
    request: EditImageRequest | OwnPictureRequest, context: RunContext
) -> tuple[EditSource, InversionKey]:
    """The picture that a request edits, with its inversion if that is cached, and its place in the cache."""
    picture, steps = context.input_picture, int(request.steps or 0)
    bundle = context.backend.bundle.info.name
    prompt = request.source_prompt + words_digest(context.words, request.source_prompt)
    key = InversionKey(context.session, bundle, picture.digest, prompt, request.steps)
    inversion = context.inversions.find(key)
    return EditSource(picture.image, picture.mask, request.source_prompt, steps, inversion), key


def picture_notices(context: RunContext) -> list[str]:
    """What is to be said of the picture that is edited."""
    notice = context.input_picture.notice
    return [notice] if notice else []
