"""Pictures of a film, in the order of time, through `AudioToImagePipeline` or, from a picture,
`AudioEditPipeline`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from sonic_ui.engine.jobs.base import JobRunner
from sonic_ui.engine.jobs.editing import EditSource, inverted
from sonic_ui.engine.jobs.sound_to_image import pipeline_settings, size_settings
from sonic_ui.media.sound_words import faded
from sonic_ui.pipelines.embedding_path import SIDE_BY_SIDE
from sonic_ui.pipelines.film_path import FilmPicture
from sonic_ui.requests import MakeFilmRequest
from sonic_ui.requests.base import SEEDS
from sonic_ui.requests.edit_modes import EDIT_MODES
from sonic_ui.requests.interpolate import shared_steps
from sonic_ui.requests.quality import DRAFT

CONTINUITY = 0.5
"""Share of the steps after which pictures between two others start, from a blend of both."""


@dataclass(frozen=True)
class FilmJob:
    """Pictures to paint for a film.

    pictures   all of the film's; those of kicks stand behind those along the track
    missing    numbers of those that are to be painted
    size       width and height in pixels; None: the denoiser's own
    source     the picture that is edited; None paints from noise
    """

    request: MakeFilmRequest
    pictures: tuple[FilmPicture, ...] = field(repr=False)
    missing: tuple[int, ...] = field(repr=False)
    size: tuple[int, int] | None = None
    source: EditSource | None = field(repr=False, default=None)

    @property
    def steps(self) -> int:
        """Steps of a whole picture."""
        return int(self.request.steps or 0)

    @property
    def sample_passes(self) -> int:
        """Passes of one sample through the denoiser, at most."""
        guided = 1 if (self.request.guidance_scale or 0) <= 1 else 2
        inverting = 0 if self.source is None else self.source.inverting_steps
        return inverting + guided * sum(
            self.steps - (shared_steps(CONTINUITY, self.steps) if self.pictures[number].begin else 0)
            for number in self.missing
        )

    def passes(self, picture_px: int) -> float:
        """`sample_passes` in those of pictures of the model's own size."""
        painted = self.source.picture.size if self.source is not None else self.size
        width, height = painted or (picture_px, picture_px)
        return self.sample_passes * width * height / picture_px**2


@dataclass
class FilmRunner(JobRunner):
    """Paints what is missing, in order: whole pictures side by side, then those between them.

    partial   latents [1, C, h, w] of whole pictures after `begin_step` steps, as long as others start from
              them
    """

    splits_on_oom: ClassVar[bool] = True

    job: FilmJob
    done: float = field(default=0.0, init=False)
    total: float = field(default=0.0, init=False)
    partial: dict[int, Any] = field(default_factory=dict, init=False)
    needed: set[int] = field(default_factory=set, init=False)
    inversion: Any = field(default=None, init=False)

    def load(self) -> Any:
        """The pipeline: for edits, for few steps where the bundle has such weights, or the painting one."""
        if self.job.source is not None:
            return self.components.editor
        has_draft = self.components.bundle.few_step_part is not None
        return self.components.draft_pipeline if self.is_draft and has_draft else self.components.pipeline

    @property
    def is_draft(self) -> bool:
        """Whether few steps are asked for."""
        return str(self.job.request.quality) == DRAFT

    @property
    def count(self) -> int:
        return len(self.job.missing)

    @property
    def passes(self) -> float:
        return self.job.passes(self.components.bundle.info.picture_px)

    def work(self) -> None:
        """Paint group by group: a `FramesDone` for each."""
        job = self.job
        if not job.missing:
            return
        self.report_words(job.request.prompt, job.request.negative_prompt)
        self.total = sum(self._cost(number) for number in job.missing)
        self._report()
        if job.source is not None:
            self.inversion = inverted(self, job.source)
        for group in self._groups():
            for batch in self.split_on_oom(group, self._paint):
                self.queue.put(batch)
            self.cancel.check()
            self.partial = {number: one for number, one in self.partial.items() if number in self.needed}

    @property
    def begin_step(self) -> int:
        """Steps that are behind a picture between two others when it starts."""
        from sonic_ui.pipelines.sampling import begins_anywhere

        if self.job.source is not None or not begins_anywhere(self.pipeline.scheduler):
            return 0
        return shared_steps(CONTINUITY, self.job.steps)

    def _cost(self, number: int) -> int:
        return self.job.steps - (self.begin_step if self.job.pictures[number].begin else 0)

    def _groups(self) -> Iterator[tuple[int, ...]]:
        """Numbers that are painted side by side. Of those between two others each follows soon after both."""
        pictures = self.job.pictures
        order = sorted(self.job.missing, key=lambda number: pictures[number].at_s)
        whole = [number for number in order if pictures[number].begin is None]
        between = [number for number in order if pictures[number].begin is not None]
        for start in range(0, len(whole), SIDE_BY_SIDE):
            self.needed = {side for number in between for side in (pictures[number].begin or ())[:2]}
            yield tuple(whole[start : start + SIDE_BY_SIDE])
            following = whole[start + SIDE_BY_SIDE : start + SIDE_BY_SIDE + 1]
            limit_s = pictures[following[0]].at_s if following else np.inf
            ready = [number for number in between if self._right_side_s(number) < limit_s]
            between = [number for number in between if number not in ready]
            for first in range(0, len(ready), SIDE_BY_SIDE):
                yield tuple(ready[first : first + SIDE_BY_SIDE])
        for first in range(0, len(between), SIDE_BY_SIDE):  # where all whole ones were there from before
            yield tuple(between[first : first + SIDE_BY_SIDE])

    def _right_side_s(self, number: int) -> float:
        begin = self.job.pictures[number].begin
        return -np.inf if begin is None else self.job.pictures[begin[1]].at_s

    def _paint(self, group: tuple[int, ...]) -> list[Any]:
        if self.job.source is not None:
            return self._edit(group)
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
                kept = {number: report.latents[i : i + 1] for i, number in enumerate(group)}
                self.partial |= {number: one for number, one in kept.items() if number in self.needed}

        return keep

    def _partial(self, number: int) -> Any:
        """Latents [1, C, h, w] of a whole picture after `begin_step` steps."""
        if number not in self.partial:
            self.needed.add(number)
            keep = self._keep_partial((number,))

            def enough(report: Any) -> None:
                keep(report)
                if report.step == self.begin_step:
                    raise _BeginStepReached

            with contextlib.suppress(_BeginStepReached):
                self._run((number,), enough)
        return self.partial[number]

    def _run(self, group: tuple[int, ...], also: Callable[[Any], None] | None, **start: Any) -> list[Any]:
        job, pictures = self.job, [self.job.pictures[number] for number in group]
        return list(
            self.pipeline(
                **self._conditions(pictures),
                on_step=self._on_step(group, int(start.get("begin_step", 0)), also),
                **size_settings(job.size),
                **start,
            ).images
        )

    def _edit(self, group: tuple[int, ...]) -> list[Any]:
        settings = EDIT_MODES[self.job.request.mode].settings()
        conditions = self._conditions([self.job.pictures[number] for number in group])
        del conditions["num_inference_steps"]  # the inversion brings its own
        output = self.pipeline(
            self.inversion, on_step=self._on_step(group, 0, None), **conditions, **settings
        )
        return list(output.images)

    def _conditions(self, pictures: list[FilmPicture]) -> dict[str, Any]:
        """Arguments of either pipeline for pictures side by side: all from one noise."""
        import torch

        from sonic_ui.models.gated_attention import batch_audio_scales

        request, paths = self.job.request, self.pipeline.audio_attention.paths
        fresh = (request.seed + 1) % SEEDS
        return {
            **pipeline_settings(request),
            **self._words(pictures),
            "audio_embeds": torch.from_numpy(np.stack([one.embedding for one in pictures])),
            "strength": batch_audio_scales(request.strength, [one.scale for one in pictures], paths),
            "seed": [request.seed] * len(pictures),
            "variations": [((fresh, one.noise),) if one.noise else () for one in pictures],
        }

    def _words(self, pictures: list[FilmPicture]) -> dict[str, Any]:
        """The prompt with what is heard after it, as arguments of the pipeline, where anything has a name."""
        if not any(one.words for one in pictures):
            return {}
        from sonic_ui.models.gated_attention import mean_audio_scale
        from sonic_ui.pipelines.prompt_blends import blended_prompt

        prompt, strength = self.job.request.prompt, mean_audio_scale(self.job.request.strength)
        named = [
            tuple((f"{prompt} {text}".strip(), share) for text, share in one.words) or ((prompt, 1.0),)
            for one in pictures
        ]
        return blended_prompt(self.pipeline, [faded(blend, prompt, strength) for blend in named])

    def _on_step(
        self, group: tuple[int, ...], begin: int, also: Callable[[Any], None] | None
    ) -> Callable[[Any], None]:
        begun = self.done

        def on_step(report: Any) -> None:
            self.cancel.check()
            self.done = begun + len(group) * (report.step - begin)
            self._report()
            if also is not None:
                also(report)

        return on_step

    def _report(self) -> None:
        done = min(self.done, self.total)
        message = "Painting one picture" if self.count == 1 else f"Painting {self.count} pictures"
        self.report_progress(message, int(done), int(self.total), done / max(1.0, self.total))


class _BeginStepReached(Exception):
    """A picture is denoised as far as those beside it need."""
