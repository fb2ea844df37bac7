"""A job of pictures through `AudioToImagePipeline`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from sonic_ui.engine.backend import ImagesDone, Job
from sonic_ui.engine.jobs.runner import JobRunner
from sonic_ui.requests import PaintingRequest


def pipeline_settings(request: PaintingRequest) -> dict[str, Any]:
    """A request's settings as arguments of `AudioToImagePipeline`."""
    return {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "strength": request.strength,
        "guidance_scale": request.guidance_scale,
        "num_inference_steps": request.steps,
    }


@dataclass
class PaintRunner(JobRunner):
    """Paints a job group by group."""

    halves: ClassVar[bool] = True

    job: Job
    done_weight: float = field(default=0.0, init=False)

    @property
    def pictures(self) -> int:
        """How many pictures are painted."""
        return len(self.job.seeds)

    def work(self) -> None:
        """Paint every group; there is a `ImagesDone` for each."""
        request = self.job.request
        self.report_cut_words(request.prompt, request.negative_prompt)
        self._report(0)
        for number, group in enumerate(self.job.groups):
            images = self.split_on_oom(group, partial(self._paint_group, number))
            self.queue.put(ImagesDone(tuple(images), group))
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
            on_step=on_step,
            **{**pipeline_settings(job.request), "strength": self._strength(group)},
        ).images
        return images

    def _strength(self, group: tuple[int, ...]) -> Any:
        """beta for the group: as asked for, or [B, layers] where pictures differ."""
        from sonic_ui.models.gated_attention import batch_audio_scales

        scales = [self.job.scales[i] for i in group]
        if all(scale == 1.0 for scale in scales):
            return self.job.request.strength
        return batch_audio_scales(self.job.request.strength, scales, self.pipeline.audio_attention.paths)

    def _report(self, step: int) -> None:
        message = "Painting" if self.pictures == 1 else f"Painting {self.pictures} pictures"
        done = self.done_weight / max(1, self._steps * self.pictures)
        self.report_progress(message, step, self._steps * len(self.job.groups), done)
