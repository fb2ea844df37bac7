"""Pictures of a sound, through `AudioToImagePipeline`."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import numpy as np

from sonic_ui.engine.events import FrameInfo
from sonic_ui.engine.jobs.base import JOB_TYPES, JobRunner, JobType, PaintingPlan, RunContext
from sonic_ui.requests import PaintingRequest, SoundToImageRequest
from sonic_ui.requests.aspects import SQUARE, AspectName
from sonic_ui.requests.quality import DRAFT, FINE


@dataclass(frozen=True)
class PaintJob:
    """Pictures to paint: the settings of the request, and for each picture what it listens to.

    embeddings   [N, D], one a picture
    seeds        one a picture
    scales       factor on the request's strength, one a picture
    groups       which pictures are painted side by side, in the order in which the groups are painted
    size         width and height in pixels; None paints the denoiser's own

    Their variations are the request's.
    """

    request: PaintingRequest
    embeddings: np.ndarray = field(repr=False)
    seeds: tuple[int, ...]
    scales: tuple[float, ...]
    groups: tuple[tuple[int, ...], ...]
    size: tuple[int, int] | None = None


def pipeline_settings(request: PaintingRequest) -> dict[str, Any]:
    """A request's settings as arguments of `AudioToImagePipeline`."""
    return {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "strength": request.strength,
        "guidance_scale": request.guidance_scale,
        "num_inference_steps": request.steps,
    }


def size_settings(size: tuple[int, int] | None) -> dict[str, int]:
    """Width and height as arguments of `AudioToImagePipeline`."""
    return dict(zip(("width", "height"), size, strict=True)) if size else {}


@dataclass
class PaintRunner(JobRunner):
    """Paints a job group by group."""

    splits_on_oom: ClassVar[bool] = True

    job: PaintJob
    done_weight: float = field(default=0.0, init=False)

    def load(self) -> Any:
        """The pipeline of the request's quality. Raises `BadInput` if the bundle has none of it."""
        if getattr(self.job.request, "quality", FINE) == DRAFT:
            return self.components.draft_pipeline
        return self.components.pipeline

    @property
    def count(self) -> int:
        """How many pictures are painted."""
        return len(self.job.seeds)

    @property
    def passes(self) -> float:
        guided = 1 if (self.job.request.guidance_scale or 0) <= 1 else 2
        px = self.components.bundle.info.picture_px
        width, height = self.job.size or (px, px)
        return guided * self._steps * self.count * width * height / px**2

    def work(self) -> None:
        """Paint every group; there is a `FramesDone` for all that was painted side by side."""
        request = self.job.request
        self.report_words(request.prompt, request.negative_prompt)
        self._report(0)
        for number, group in enumerate(self.job.groups):
            for batch in self.split_on_oom(group, partial(self._paint_group, number)):
                self.queue.put(batch)
            self.cancel.check()

    @property
    def _steps(self) -> int:
        return int(self.job.request.steps or 0)

    def _paint_group(self, number: int, group: tuple[int, ...]) -> list[Any]:
        import torch

        job, begun = self.job, self.done_weight

        def on_step(report: Any) -> None:
            self.cancel.check()
            self.done_weight = begun + len(group) * report.step
            self._report(number * self._steps + report.step)
            if report.step < report.total:
                self.preview(report, group)

        images: list[Any] = self.pipeline(
            audio_embeds=torch.from_numpy(job.embeddings[list(group)]),
            seed=[job.seeds[i] for i in group],
            variations=[job.request.variations_of(i) for i in group],
            on_step=on_step,
            **size_settings(job.size),
            **{**pipeline_settings(job.request), "strength": self._strength(group)},
        ).images
        return images

    def _strength(self, group: tuple[int, ...]) -> Any:
        """beta for the group: as in the request, or [B, layers] where pictures differ."""
        from sonic_ui.models.gated_attention import batch_audio_scales

        scales = [self.job.scales[i] for i in group]
        if all(scale == 1.0 for scale in scales):
            return self.job.request.strength
        return batch_audio_scales(self.job.request.strength, scales, self.pipeline.audio_attention.paths)

    def _report(self, step: int) -> None:
        message = "Painting" if self.count == 1 else f"Painting {self.count} pictures"
        done = self.done_weight / max(1, self._steps * self.count)
        self.report_progress(message, step, self._steps * len(self.job.groups), done)


def size_of(aspect: AspectName, context: RunContext) -> tuple[int, int] | None:
    """Width and height in pixels; None for the denoiser's own. Raises `BadInput` for what is not offered."""
    return None if aspect == SQUARE else context.backend.bundle.info.size_of(aspect)


def plan_pictures(request: SoundToImageRequest, context: RunContext) -> PaintingPlan:
    """`count` pictures of one sound; picture i starts from seed + i."""
    count = request.count
    job = PaintJob(
        request=request,
        embeddings=np.repeat(context.embed_audio(context.sounds["sound"]).embedding[None], count, 0),
        seeds=tuple(map(request.seed_of, range(count))),
        scales=(1.0,) * count,
        groups=(tuple(range(count)),),
        size=size_of(request.aspect, context),
    )
    return PaintingPlan(context, job, (FrameInfo(),) * count, is_strip=False)


JOB_TYPES[SoundToImageRequest] = JobType(plan_pictures, PaintRunner)
