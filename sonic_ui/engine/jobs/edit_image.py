"""An edit through `AudioEditPipeline`: the picture is inverted first, unless that was done before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from sonic_ui.engine.backend import EditJob, ImagesDone, InversionDone
from sonic_ui.engine.jobs.runner import JobRunner


@dataclass
class EditRunner(JobRunner):
    """Inverts if need be (`InversionDone`), then edits (`ImagesDone`)."""

    halves: ClassVar[bool] = True

    job: EditJob

    @property
    def pictures(self) -> int:
        """How many edits are made."""
        return len(self.job.request.edits)

    def work(self) -> None:
        """Invert and edit."""
        request = self.job.request
        self.report_cut_words(request.prompt, request.negative_prompt, request.source_prompt)
        inversion = self.job.inversion
        if inversion is None:
            inversion = self._invert()
            self.queue.put(InversionDone(inversion, inversion.nbytes, inversion.sample_passes))
            self.cancel.check()
        everything = tuple(range(self.pictures))
        passes: list[int] = []
        images = self.split_on_oom(everything, partial(self._edit, inversion, passes))
        self.cancel.check()
        self.queue.put(ImagesDone(tuple(images), everything, sum(passes)))

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
        whole = self._inverting_cost + self._steps * guided * self.pictures
        done = (self._inverting_cost if editing else step) + editing * guided * self.pictures
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

    def _edit(self, inversion: Any, passes: list[int], group: tuple[int, ...]) -> list[Any]:
        """The edits of a group; what they cost is added to `passes`."""
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
            seed=[request.seed + i for i in group],
            on_step=on_step,
            **request.hold,
        )
        passes.append(output.sample_passes)
        return list(output.images)

    def _strength(self, group: tuple[int, ...]) -> Any:
        """beta: as asked for, or a tensor [B] for several edits at once."""
        import torch

        if self.job.request.strengths is None:
            return self.job.request.strength
        return torch.tensor([self.job.request.strengths[i] for i in group])
