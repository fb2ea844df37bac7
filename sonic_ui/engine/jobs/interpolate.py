"""Pictures on the way between two sounds, through `LatentInterpolator`: the next position may depend on what
is painted so far."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from sonic_ui.engine.cost import interpolation_steps
from sonic_ui.engine.events import FrameInfo, FramesAdded, Notice
from sonic_ui.engine.inputs import Sound
from sonic_ui.engine.jobs.base import JOB_TYPES, JobRunner, JobType, PaintingPlan, RunContext
from sonic_ui.engine.jobs.editing import EditPlan, EditSource, edit_source, inverted, picture_notices
from sonic_ui.engine.jobs.sound_condition import names_of
from sonic_ui.engine.jobs.sound_to_image import pipeline_settings, size_of, size_settings
from sonic_ui.engine.word_store import words_digest
from sonic_ui.media.sound_words import Blend, SoundWords, mixed_blends
from sonic_ui.pipelines.embedding_path import AudioMix, EmbeddingPath
from sonic_ui.requests import BadInput, InterpolateRequest
from sonic_ui.requests.interpolate import ENDS

if TYPE_CHECKING:
    from sonic_ui.pipelines.interpolation import LatentInterpolator

CANNOT_BEGIN = (
    "This engine's scheduler cannot start halfway: each picture between is painted from the start, as with "
    "Continuity at 0."
)
PIXELS_ALONE = "Until then the places of a glide are found by the pictures’ pixels alone."
SAME_SOUND = (
    "Both sounds are the same: nothing changes along the way. Choose another sound on one side for a glide."
)


@dataclass(frozen=True)
class InterpolateJob:
    """Pictures to paint at the request's `known_positions` of a path, numbered in their order.

    If there are to be more (its `outputs`), the rest is placed where the pictures look farthest apart.
    size: width and height in pixels; None paints the denoiser's own. source: the picture that they are edits
    of; None paints from noise. words: what both ends are heard as, by name, where that follows the prompt.
    """

    request: InterpolateRequest
    path: EmbeddingPath
    size: tuple[int, int] | None = None
    source: EditSource | None = None
    words: tuple[SoundWords, SoundWords] | None = None

    def blend(self, position: float, strength: float) -> Blend:
        """The prompt at a position, with what is heard there after it."""
        a, b = (words.blend(self.request.prompt, strength) for words in self.words or (SoundWords(),) * 2)
        return mixed_blends([(a, 1.0 - position), (b, position)])


@dataclass
class InterpolateRunner(JobRunner):
    """Paints the ends alone, what lies between side by side, or one by one where positions are to be found.

    Ends that were denoised halfway before are taken from the cache: a single position need not paint them.

    image_encoder   measures how far apart pictures look; None: their pixels alone
    """

    splits_on_oom: ClassVar[bool] = True

    job: InterpolateJob
    image_encoder: Any = field(default=None, init=False)
    done: int = field(default=0, init=False)  # steps of single pictures
    total: int = field(default=0, init=False)

    def load(self) -> Any:
        if self.count > len(self.job.request.known_positions):
            try:
                self.image_encoder = self.components.image_encoder
            except BadInput as problem:
                self.queue.put(Notice(f"{problem} {PIXELS_ALONE}"))
        return self.components.editor if self.job.source is not None else super().load()

    def work(self) -> None:
        """Paint every frame: a `FramesAdded` for each whose position is found, a `FramesDone` for all."""
        request, source = self.job.request, self.job.source
        self.report_words(request.prompt, request.negative_prompt, source.prompt if source else "")
        interpolator = self._interpolator() if source is None else self._edits(source)
        if source is None and request.continuity and not interpolator.can_begin:
            self.queue.put(Notice(CANNOT_BEGIN))
        ends = self._ends_to_denoise(interpolator)
        self.total = interpolation_steps(request, interpolator.steps, interpolator.begin_step, len(ends))
        self._report()
        for end in ends:
            interpolator.partially_denoise(end, self._on_step((), 0))
            self._cache(interpolator)
            self.cancel.check()
        if self.count > len(request.known_positions):
            self._one_by_one(interpolator)
        else:
            self._side_by_side(interpolator)

    def _interpolator(self) -> LatentInterpolator:
        from sonic_ui.pipelines.interpolation import LatentInterpolator

        request, path = self.job.request, self.job.path
        interpolator = LatentInterpolator(
            self.pipeline,
            lambda position: path.embedding(position, self.components.embed),
            request.seed,
            pipeline_settings(request) | size_settings(self.job.size),
            request.continuity,
            words=None if self.job.words is None else self._blend,
        )
        for end in ENDS:
            if (latents := self.components.partial_latents.find(self._key(interpolator, end))) is not None:
                interpolator.partial_latents[end] = latents
        return interpolator

    def _blend(self, position: float) -> Blend:
        from sonic_ui.models.gated_attention import mean_audio_scale

        return self.job.blend(position, mean_audio_scale(self.job.request.strength))

    def _edits(self, source: EditSource) -> LatentInterpolator:
        """What paints on a picture of one's own, which is studied first."""
        from sonic_ui.pipelines.interpolation import EditInterpolator

        request, path = self.job.request, self.job.path
        return EditInterpolator(
            self.pipeline,
            lambda position: path.embedding(position, self.components.embed),
            request.seed,
            pipeline_settings(request) | request.hold | {"mask": source.mask},
            inversion=inverted(self, source),
        )

    def _key(self, interpolator: LatentInterpolator, end: float) -> Hashable:
        """All that an end's latents depend on."""
        embedding = self.job.path.embedding(end, self.components.embed).tobytes()
        settings = sorted(interpolator.settings.items())
        words = words_digest(self.words, self.job.request.prompt, self.job.request.negative_prompt)
        blend = None if interpolator.words is None else interpolator.words(end)
        return (embedding, interpolator.seed, interpolator.begin_step, words, blend, *settings)

    def _cache(self, interpolator: LatentInterpolator) -> None:
        for end, latents in interpolator.partial_latents.items():
            self.components.partial_latents.put(self._key(interpolator, end), latents)

    def _ends_to_denoise(self, interpolator: LatentInterpolator) -> list[float]:
        """Ends that are not shown, not known from before, and needed by what lies between."""
        positions = self.job.request.known_positions
        if not interpolator.begin_step or all(position in ENDS for position in positions):
            return []
        return [end for end in ENDS if end not in positions and end not in interpolator.partial_latents]

    def _one_by_one(self, interpolator: LatentInterpolator) -> None:
        from sonic_ui.pipelines.embedding_path import evenly_spaced_by_perception
        from sonic_ui.pipelines.interpolation import PerceptualDistance

        numbers = {position: number for number, position in enumerate(self.job.request.known_positions)}

        def paint(position: float) -> Any:
            if position not in numbers:
                numbers[position] = len(numbers)
                self.queue.put(FramesAdded((FrameInfo(position=position),)))
            (image,) = self._paint(interpolator, (numbers[position],), (position,))
            return image

        evenly_spaced_by_perception(self.count, paint, PerceptualDistance(self.image_encoder))

    def _side_by_side(self, interpolator: LatentInterpolator) -> None:
        from sonic_ui.pipelines.embedding_path import strip_groups

        positions = self.job.request.known_positions
        alone = [number for number, position in enumerate(positions) if position in ENDS]
        for group in strip_groups(len(positions), alone):
            self._paint(interpolator, group, tuple(positions[number] for number in group))

    def _paint(
        self, interpolator: LatentInterpolator, numbers: tuple[int, ...], positions: tuple[float, ...]
    ) -> list[Any]:
        """Paint the pictures at positions, and cache what an end leaves for others."""
        at = dict(zip(numbers, positions, strict=True))

        def make(some: tuple[int, ...]) -> list[Any]:
            begin = 0 if at[some[0]] in ENDS else interpolator.begin_step
            return interpolator.paint([at[number] for number in some], self._on_step(some, begin))

        batches = self.split_on_oom(numbers, make)
        self._cache(interpolator)
        for batch in batches:
            self.queue.put(batch)
        self.cancel.check()
        return [image for batch in batches for image in batch.images]

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
        message = "Painting" if self.count == 1 else f"Painting {self.count} pictures"
        self.report_progress(message, min(self.done, self.total), self.total, self.done / max(1, self.total))


def plan_interpolation(request: InterpolateRequest, context: RunContext) -> PaintingPlan:
    """One picture a position between two sounds, all from one seed."""
    a, b = ends = context.sounds["sound_a"], context.sounds["sound_b"]
    mix = None
    if request.method == "mix":
        mix = AudioMix(a.clip.samples, b.clip.samples, request.lufs_a, request.lufs_b)
        ends = _mixed_end(a, mix, 0.0, request.lufs_a), _mixed_end(b, mix, 1.0, request.lufs_b)
    first, second = (context.embed_audio(end) for end in ends)
    path = EmbeddingPath(first.embedding, second.embedding, request.method, mix)

    def info_at(position: float) -> FrameInfo:
        return FrameInfo(position=position, lufs=path.lufs(position))

    same = a.key == b.key and request.lufs_a == request.lufs_b
    positions = request.known_positions
    infos, notices = tuple(map(info_at, positions)), [SAME_SOUND] if same else []
    found = info_at if request.outputs > len(positions) else None
    if request.picture is None:
        words = SoundWords(names_of(first, ends[0])), SoundWords(names_of(second, ends[1]))
        named = words if request.by_name and any(words) else None
        job = InterpolateJob(request, path, size_of(request.aspect, context), words=named)
        extra = {"sound_words": " to ".join(one.text or "…" for one in words)} if named else {}
        return PaintingPlan(context, job, infos, notices=notices, info_at=found, extra=extra)
    source, key = edit_source(request, context)
    notices += picture_notices(context)
    job = InterpolateJob(request, path, source=source)
    reused = source.inversion is not None
    return EditPlan(context, job, infos, key, notices=notices, info_at=found, reused=reused)


def _mixed_end(sound: Sound, mix: AudioMix, position: float, lufs: float | None) -> Sound:
    """One end of a mix as a sound of its own: what was chosen, at the loudness that it has there."""
    if lufs is None:
        return sound
    clip = replace(sound.clip, samples=mix.at(position))
    return Sound(f"{sound.key}|{lufs}", clip, 0.0, sound.room)


JOB_TYPES[InterpolateRequest] = JobType(plan_interpolation, InterpolateRunner)
