"""Edits of a picture, through `AudioEditPipeline`: it is inverted first, unless that was done before."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from PIL.Image import Image

from sonic_ui.engine.caches import InversionKey
from sonic_ui.engine.events import Event, FrameInfo, FramesDone, InversionDone, JobEvent
from sonic_ui.engine.jobs.base import JOB_TYPES, JobRunner, JobType, PaintingPlan, RunContext
from sonic_ui.requests import EditImageRequest


@dataclass(frozen=True)
class EditJob:
    """A picture to edit.

    picture     upright RGB; mask: white where it may change, None for all of it
    embedding   [D] of the sound
    inversion   of this picture, source prompt and number of steps, without its source; None makes one
    """

    request: EditImageRequest
    picture: Image = field(repr=False)
    mask: Image | None = field(repr=False)
    embedding: np.ndarray = field(repr=False)
    inversion: Any = field(repr=False, default=None)


@dataclass
class EditRunner(JobRunner):
    """Inverts if need be (`InversionDone`), then edits (`FramesDone`)."""

    splits_on_oom: ClassVar[bool] = True

    job: EditJob

    def load(self) -> Any:
        return self.components.editor

    def work(self) -> None:
        """Invert and edit."""
        request = self.job.request
        self.report_words(request.prompt, request.negative_prompt, request.source_prompt)
        inversion = self.job.inversion
        if inversion is None:
            inversion = self._invert()
            cached = inversion.without_source()
            self.queue.put(InversionDone(cached, cached.nbytes))
            self.cancel.check()
        else:
            inversion = inversion.with_source(self.job.picture)
        batches = self.split_on_oom(tuple(range(self.count)), partial(self._edit, inversion))
        self.cancel.check()
        for batch in batches:
            self.queue.put(batch)

    @property
    def _steps(self) -> int:
        return int(self.job.request.steps or 0)

    @property
    def _inverting_cost(self) -> int:
        """Sample passes that the inversion takes of this work."""
        return 0 if self.job.inversion is not None else self._steps

    def _report(self, message: str, step: int, editing: int) -> None:
        """`step` of this part; `editing` steps of the edit are done."""
        guided = 2 if (self.job.request.guidance_scale or 0) > 1 else 1
        whole = self._inverting_cost + self._steps * guided * self.count
        done = (self._inverting_cost if editing else step) + editing * guided * self.count
        behind = self._inverting_cost if editing else 0
        self.report_progress(message, behind + step, self._inverting_cost + self._steps, done / max(1, whole))

    def _invert(self) -> Any:
        def on_step(report: Any) -> None:
            self.cancel.check()
            self._report("Studying the picture", report.step, 0)

        job = self.job
        return self.pipeline.invert(
            job.picture, job.request.source_prompt, num_inference_steps=self._steps, on_step=on_step
        )

    def _edit(self, inversion: Any, group: tuple[int, ...]) -> list[Any]:
        import torch

        job, request = self.job, self.job.request

        def on_step(report: Any) -> None:
            self.cancel.check()
            self._report("Editing", report.step, report.step)
            if report.step < report.total:
                self.preview(report, group)

        output = self.pipeline(
            inversion,
            audio_embeds=torch.from_numpy(job.embedding[None]),
            prompt=request.prompt,
            negative_prompt=request.negative_prompt,
            strength=self._strength(group),
            guidance_scale=request.guidance_scale,
            mask=job.mask,
            variation=request.variation,
            seed=[request.seed_of(i) for i in group],
            variations=[request.variations_of(i) for i in group],
            on_step=on_step,
            **request.hold,
        )
        return list(output.images)

    def _strength(self, group: tuple[int, ...]) -> Any:
        """beta: as in the request, or a tensor [B] for several edits at once."""
        import torch

        if self.job.request.strengths is None:
            return self.job.request.strength
        return torch.tensor([self.job.request.strengths[i] for i in group])


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


def plan_edits(request: EditImageRequest, context: RunContext) -> EditPlan:
    """The edits of one picture by one sound, one a strength."""
    picture = context.input_picture
    bundle = context.backend.bundle.info.name
    key = InversionKey(context.session, bundle, picture.digest, request.source_prompt, request.steps)
    inversion = context.inversions.find(key)
    embedding = context.embed_audio(context.sounds["sound"]).embedding
    job = EditJob(request, picture.image, picture.mask, embedding, inversion)
    infos = tuple(FrameInfo(strength=one if isinstance(one, float) else None) for one in request.edits)
    notices = [picture.notice] if picture.notice else []
    return EditPlan(context, job, infos, key, reused=inversion is not None, notices=notices)


JOB_TYPES[EditImageRequest] = JobType(plan_edits, EditRunner)
