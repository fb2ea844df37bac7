"""Edits of a picture, through `AudioEditPipeline`: it is inverted first, unless that was done before."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import numpy as np

from sonic_ui.engine.events import FrameInfo
from sonic_ui.engine.jobs.base import JOB_TYPES, JobRunner, JobType, RunContext
from sonic_ui.engine.jobs.editing import EditPlan, EditSource, edit_source, inverted, picture_notices
from sonic_ui.requests import EditImageRequest
from sonic_ui.requests.edit_image import OwnPictureRequest


@dataclass(frozen=True)
class EditJob:
    """Edits of one picture.

    embeddings   of the sound [N, D], one an edit
    scales       factor on the request's strength, one an edit
    groups       which edits are made side by side, in their order
    """

    request: EditImageRequest | OwnPictureRequest
    source: EditSource
    embeddings: np.ndarray = field(repr=False)
    scales: tuple[float, ...]
    groups: tuple[tuple[int, ...], ...]


@dataclass
class EditRunner(JobRunner):
    """Inverts if need be (`InversionDone`), then edits group by group (`FramesDone`)."""

    splits_on_oom: ClassVar[bool] = True

    job: EditJob
    edited: int = field(default=0, init=False)  # steps of single edits

    def load(self) -> Any:
        return self.components.editor

    @property
    def count(self) -> int:
        return len(self.job.embeddings)

    def work(self) -> None:
        """Invert and edit."""
        request, source = self.job.request, self.job.source
        self.report_words(request.prompt, request.negative_prompt, source.prompt)
        inversion = inverted(self, source, lambda message, step, _: self._report(message, step, step))
        for number, group in enumerate(self.job.groups):
            batches = self.split_on_oom(group, partial(self._edit, inversion, number))
            self.cancel.check()
            for batch in batches:
                self.queue.put(batch)

    def _report(self, message: str, step: int, inverted: int) -> None:
        """`step` of all; `inverted` steps of the inversion are done."""
        guided = 2 if (self.job.request.guidance_scale or 0) > 1 else 1
        source = self.job.source
        whole = source.inverting_steps + source.steps * guided * self.count
        total = source.inverting_steps + source.steps * len(self.job.groups)
        self.report_progress(message, step, total, (inverted + self.edited * guided) / max(1, whole))

    def _edit(self, inversion: Any, number: int, group: tuple[int, ...]) -> list[Any]:
        import torch

        job, request, begun = self.job, self.job.request, self.edited
        behind = job.source.inverting_steps + number * job.source.steps

        def on_step(report: Any) -> None:
            self.cancel.check()
            self.edited = begun + len(group) * report.step
            self._report("Editing", behind + report.step, job.source.inverting_steps)
            if report.step < report.total:
                self.preview(report, group)

        output = self.pipeline(
            inversion,
            audio_embeds=torch.from_numpy(job.embeddings[list(group)]),
            prompt=request.prompt,
            negative_prompt=request.negative_prompt,
            strength=self._strength(group),
            guidance_scale=request.guidance_scale,
            mask=job.source.mask,
            variation=request.variation if isinstance(request, EditImageRequest) else 0.0,
            seed=[request.seed_of(i) for i in group],
            variations=[request.variations_of(i) for i in group],
            on_step=on_step,
            word_weights=dict(request.word_weights) if isinstance(request, EditImageRequest) else None,
            **request.hold,
        )
        return list(output.images)

    def _strength(self, group: tuple[int, ...]) -> Any:
        """beta: as in the request, [B] for several strengths, or [B, layers] where factors differ."""
        import torch

        from sonic_ui.models.gated_attention import batch_audio_scales

        request, scales = self.job.request, [self.job.scales[i] for i in group]
        if isinstance(request, EditImageRequest) and request.strengths is not None:
            return torch.tensor([request.strengths[i] for i in group])
        if all(scale == 1.0 for scale in scales):
            return request.strength
        return batch_audio_scales(request.strength, scales, self.pipeline.audio_attention.paths)


def plan_edits(request: EditImageRequest, context: RunContext) -> EditPlan:
    """The edits of one picture by one sound, one a strength."""
    source, key = edit_source(request, context)
    embedding, count = context.embed_audio(context.sounds["sound"]).embedding, len(request.edits)
    job = EditJob(
        request, source, np.repeat(embedding[None], count, 0), (1.0,) * count, (tuple(range(count)),)
    )
    infos = tuple(FrameInfo(strength=one if isinstance(one, float) else None) for one in request.edits)
    reused = source.inversion is not None
    return EditPlan(context, job, infos, key, reused=reused, notices=picture_notices(context))


JOB_TYPES[EditImageRequest] = JobType(plan_edits, EditRunner)
