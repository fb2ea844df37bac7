"""A glide through `AudioToImagePipeline`, the next place chosen by what is painted so far."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from sonic_ui.engine.backend import ImagesDone, InterpolateJob, Notice, PositionsAdded
from sonic_ui.engine.caches import Cache
from sonic_ui.engine.cost import interpolation_steps
from sonic_ui.engine.jobs.runner import JobRunner
from sonic_ui.engine.jobs.sound_to_image import pipeline_settings
from sonic_ui.pipelines.embedding_path import Embed

if TYPE_CHECKING:
    from sonic_ui.pipelines.interpolation import LatentInterpolator

PARTIAL_LATENTS_KEPT = 64
"""So many half-painted ends are kept: 64 KB each at 512 px."""

CANNOT_BEGIN = (
    "This engine's scheduler cannot start halfway: each picture between is painted from the start, as with "
    "Continuity at 0."
)


@dataclass
class InterpolateRunner(JobRunner):
    """Paints a glide: the ends alone, what lies between side by side, or one by one where it is needed.

    embed     what is heard in samples, for sounds that are mixed
    eyes      an `ImageEncoder` that helps to tell how far apart pictures look; None: their pixels alone
    halfway   latents [1, C, h, w] of ends that were half painted before: a single place need not paint them
    """

    halves: ClassVar[bool] = True

    job: InterpolateJob
    embed: Embed
    eyes: Any
    partial_latents: Cache[Any]
    done: int = field(default=0, init=False)  # steps of single pictures
    total: int = field(default=0, init=False)

    @property
    def pictures(self) -> int:
        """How many pictures are painted."""
        return self.job.request.count

    def work(self) -> None:
        """Paint every frame: a `PositionsAdded` for each that is found, an `ImagesDone` for all."""
        request = self.job.request
        self.report_cut_words(request.prompt, request.negative_prompt)
        interpolator = self._glider()
        if request.continuity and not interpolator.can_begin:
            self.queue.put(Notice(CANNOT_BEGIN))
        ends = self._ends_to_carry(interpolator)
        self.total = interpolation_steps(request, interpolator.steps, interpolator.begin_step, len(ends))
        self._report()
        for end in ends:
            interpolator.partially_denoise(end, self._on_step((), 0))
            self._keep(interpolator)
            self.cancel.check()
        if self.pictures > len(request.places):
            self._one_by_one(interpolator)
        else:
            self._side_by_side(interpolator)

    def _glider(self) -> LatentInterpolator:
        from sonic_ui.pipelines.interpolation import ENDS, LatentInterpolator

        request, between = self.job.request, self.job.between
        interpolator = LatentInterpolator(
            self.pipeline,
            lambda place: between.embedding(place, self.embed),
            request.seed,
            pipeline_settings(request),
            request.continuity,
        )
        for end in ENDS:
            if (latents := self.partial_latents.find(self._key(interpolator, end))) is not None:
                interpolator.partial_latents[end] = latents
        return interpolator

    def _key(self, interpolator: LatentInterpolator, end: float) -> Hashable:
        """All that an end's latents depend on."""
        heard = self.job.between.embedding(end, self.embed).tobytes()
        return (heard, interpolator.seed, interpolator.begin_step, *sorted(interpolator.settings.items()))

    def _keep(self, interpolator: LatentInterpolator) -> None:
        for end, latents in interpolator.partial_latents.items():
            self.partial_latents.put(self._key(interpolator, end), latents)

    def _ends_to_carry(self, interpolator: LatentInterpolator) -> list[float]:
        """Ends that are not asked for, not known from before, and needed by what lies between."""
        from sonic_ui.pipelines.interpolation import ENDS

        places = self.job.request.places
        if not interpolator.begin_step or all(place in ENDS for place in places):
            return []
        return [end for end in ENDS if end not in places and end not in interpolator.partial_latents]

    def _one_by_one(self, interpolator: LatentInterpolator) -> None:
        from sonic_ui.pipelines.frame_spacing import evenly_spaced_by_perception
        from sonic_ui.pipelines.interpolation import PerceptualDistance

        numbers = {place: number for number, place in enumerate(self.job.request.places)}

        def paint(place: float) -> Any:
            if place not in numbers:
                numbers[place] = len(numbers)
                self.queue.put(PositionsAdded((place,)))
            (image,) = self._paint(interpolator, (numbers[place],), (place,))
            return image

        evenly_spaced_by_perception(self.pictures, paint, PerceptualDistance(self.eyes))

    def _side_by_side(self, interpolator: LatentInterpolator) -> None:
        from sonic_ui.pipelines.frame_spacing import strip_groups
        from sonic_ui.pipelines.interpolation import ENDS

        places = self.job.request.places
        alone = [number for number, place in enumerate(places) if place in ENDS]
        for group in strip_groups(len(places), alone):
            self._paint(interpolator, group, tuple(places[number] for number in group))

    def _paint(
        self, interpolator: LatentInterpolator, numbers: tuple[int, ...], places: tuple[float, ...]
    ) -> list[Any]:
        """Paint the pictures at places, tell of them, and keep what an end leaves for others."""
        at = dict(zip(numbers, places, strict=True))

        def make(some: tuple[int, ...]) -> list[Any]:
            begin = 0 if at[some[0]] in (0.0, 1.0) else interpolator.begin_step
            return interpolator.paint([at[number] for number in some], self._on_step(some, begin))

        images = self.split_on_oom(numbers, make)
        self._keep(interpolator)
        self.queue.put(ImagesDone(tuple(images), numbers))
        self.cancel.check()
        return images

    def _on_step(self, numbers: tuple[int, ...], begin: int) -> Callable[[Any], None]:
        """Called after each step of the pictures so numbered; none: of an end that is not shown."""
        behind = self.done

        def on_step(report: Any) -> None:
            self.cancel.check()
            self.done = behind + max(1, len(numbers)) * (report.step - begin)
            self._report()
            if numbers and report.step < report.total:
                self.preview(report, numbers)

        return on_step

    def _report(self) -> None:
        message = "Painting" if self.pictures == 1 else f"Painting {self.pictures} pictures"
        self.report_progress(message, min(self.done, self.total), self.total, self.done / max(1, self.total))
