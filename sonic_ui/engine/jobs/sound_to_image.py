"""Pictures of a sound, or of several that are mixed, through `AudioToImagePipeline`."""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np

from sonic_ui.engine.events import FrameInfo
from sonic_ui.engine.inputs import Sound
from sonic_ui.engine.jobs.base import JOB_TYPES, JobRunner, JobType, PaintingPlan, RunContext
from sonic_ui.engine.jobs.sound_condition import SoundCondition, condition_of
from sonic_ui.engine.sound_mix import SoundMix, read_mix
from sonic_ui.media.captions import Caption
from sonic_ui.media.sound_words import SoundWords
from sonic_ui.requests import BadInput, PaintingRequest, SoundToImageRequest
from sonic_ui.requests.aspects import SQUARE, AspectName
from sonic_ui.requests.captions import OFF
from sonic_ui.requests.quality import DRAFT, FINE

TUNED_THROUGH = 3
"""Last denoising steps that tuning the words to the sound goes back through."""
NOT_COMPARABLE = (
    "{title} cannot compare sounds with pictures, so that words are not tuned to a sound. Choose 0 steps."
)


@dataclass(frozen=True)
class PaintJob:
    """Pictures to paint: the settings of the request, and for each picture what it listens to.

    embeddings   [N, D], one a picture; or [N, S, D] of several sounds each, see `SoundCondition`
    seeds        one a picture
    scales       factor on the request's strength, one a picture
    groups       which pictures are painted side by side, in the order in which the groups are painted
    size         width and height in pixels; None paints the denoiser's own
    caption      what is heard, in words, where the request paints by it
    sound_words  what is heard, by name, and where, one a picture; none where the prompt stands alone

    Their variations are the request's.
    """

    request: PaintingRequest
    embeddings: np.ndarray = field(repr=False)
    seeds: tuple[int, ...]
    scales: tuple[float, ...]
    groups: tuple[tuple[int, ...], ...]
    size: tuple[int, int] | None = None
    caption: Caption | None = None
    sound_words: tuple[SoundWords, ...] = ()

    @property
    def sample_passes(self) -> int:
        """Passes of one sample through the denoiser, for a GPU that is lent by the second."""
        from sonic_ui.engine.cost import sample_passes

        return round(sample_passes(self.request) * (1 + tuning_cost(self.request)))


def tuning_cost(request: PaintingRequest) -> float:
    """What tuning the words to the sound takes, in pictures: each step paints, and goes back a few steps."""
    steps = int(getattr(request, "optimize_steps", 0))
    return steps * (1.0 + 2.0 * TUNED_THROUGH / max(TUNED_THROUGH, request.steps or 1))


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
    tuned_steps: int = field(default=0, init=False)

    def load(self) -> Any:
        """The pipeline of the request's quality. Raises `BadInput` if the bundle has none of it, or nothing
        that words can be tuned by.
        """
        if self.job.caption is not None:
            _ = self.components.noun_tagger
        if self._tuning_steps and self.components.image_encoder is None:
            raise BadInput(NOT_COMPARABLE.format(title=self.components.bundle.info.title), "optimize_steps")
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
        cost = 1 + tuning_cost(self.job.request)
        return cost * guided * self._steps * self.count * width * height / px**2

    def work(self) -> None:
        """Paint every group; there is a `FramesDone` for all that was painted side by side."""
        request = self.job.request
        self.report_words(self._text, request.negative_prompt)
        self._report(0)
        for number, group in enumerate(self.job.groups):
            for batch in self.split_on_oom(group, partial(self._paint_group, number)):
                self.queue.put(batch)
            self.cancel.check()

    @property
    def _steps(self) -> int:
        return int(self.job.request.steps or 0)

    @property
    def _tuning_steps(self) -> int:
        return 0 if self.job.caption is None else int(getattr(self.job.request, "optimize_steps", 0))

    @property
    def _text(self) -> str:
        """What the text encoder reads: the caption, the prompt, then what is heard. Of a text that is too
        long for it, the end is lost.
        """
        words = self.job.sound_words
        texts = (self._caption, self.job.request.prompt, words[0].text if words else "")
        return " ".join(filter(None, texts))

    @property
    def _caption(self) -> str:
        """The caption as the text encoder knows words; "" where the request does not paint by it."""
        if self.job.caption is None:
            return ""
        from sonic_ui.pipelines.caption_attention import picture_caption

        known = self.components.bundle.info.vocabulary
        text = str(getattr(self.job.request, "caption", "")) or self.job.caption.text
        return picture_caption(text, () if known is None else known.words)

    @property
    def _hears(self) -> bool:
        """Whether the sound itself is a condition, beside its words."""
        return getattr(self.job.request, "by_caption", OFF) != "words_alone"

    def _words(self, group: tuple[int, ...]) -> dict[str, Any]:
        """Prompt and weights of its words as arguments of the pipeline, for a group of pictures."""
        caption = self.job.caption
        if caption is None:
            return self._named(group) if self.job.sound_words else {}
        import torch

        from sonic_ui.pipelines.caption_attention import caption_token_weights

        weights, nouns = caption_token_weights(
            self.pipeline.tokenizer, self._text, caption.probabilities, self.components.noun_tagger
        )
        if not getattr(self.job.request, "caption_attention", True):
            weights = torch.ones_like(weights)
        if self._tuning_steps:
            weights = self._tuned(group, weights, nouns)
        return {"prompt": [self._text] * len(group), "token_weights": weights}

    def _named(self, group: tuple[int, ...]) -> dict[str, Any]:
        """The prompt with what is heard after it, as arguments of the pipeline, for a group of pictures."""
        from sonic_ui.models.gated_attention import mean_audio_scale
        from sonic_ui.pipelines.prompt_blends import blended_prompt

        job, strength = self.job, mean_audio_scale(self.job.request.strength)
        blends = [job.sound_words[i].blend(job.request.prompt, strength * job.scales[i]) for i in group]
        return blended_prompt(self.pipeline, blends)

    def _tuned(self, group: tuple[int, ...], weights: Any, nouns: Any) -> Any:
        """Weights [B, L, C] of a group's words, tuned until the pictures are like the sound; with
        previews.
        """
        import torch

        from sonic_ui.engine.events import Preview
        from sonic_ui.pipelines.direct_optimization import DirectOptimizer, OptimizationSettings, Painting

        job, total = self.job, self._tuning_steps
        width, height = job.size or (None, None)
        request = job.request
        optimizer = DirectOptimizer(
            self.pipeline,
            self.components.image_encoder,
            Painting(
                text=self._text,
                embeds=torch.from_numpy(job.embeddings[[group[0]]].copy()),
                weights=weights,
                nouns=nouns,
                seeds=tuple(job.seeds[i] for i in group),
                negative_prompt=request.negative_prompt,
                strength=request.strength,
                guidance_scale=float(request.guidance_scale or 1.0),
                num_inference_steps=self._steps,
                with_sound=self._hears,
                height=height,
                width=width,
            ),
            OptimizationSettings(
                steps=total, through=TUNED_THROUGH, checkpointing=self.pipeline.device.type != "cpu"
            ),
        )
        each = self._steps * tuning_cost(request) / total * len(group)

        def on_step(report: Any) -> None:
            self.cancel.check()
            self.done_weight += each
            self.tuned_steps += 1
            done = self.done_weight / self._whole_weight
            message = f"Tuning the words to the sound: {report.step} of {total}"
            self.report_progress(message, self.tuned_steps, total + self._steps, done)
            self.queue.put(Preview(tuple(optimizer.decode_pil(report.images)), group))

        return optimizer.optimize(on_step, self.cancel.check)

    @property
    def _whole_weight(self) -> float:
        """All the work, in steps of single pictures."""
        return max(1.0, self._steps * self.count * (1 + tuning_cost(self.job.request)))

    def _paint_group(self, number: int, group: tuple[int, ...]) -> list[Any]:
        import torch

        job, words = self.job, self._words(group)
        begun = self.done_weight

        def on_step(report: Any) -> None:
            self.cancel.check()
            self.done_weight = begun + len(group) * report.step
            self._report(number * self._steps + report.step)
            if report.step < report.total:
                self.preview(report, group)

        images: list[Any] = self.pipeline(
            audio_embeds=torch.from_numpy(job.embeddings[list(group)]) if self._hears else None,
            seed=[job.seeds[i] for i in group],
            variations=[job.request.variations_of(i) for i in group],
            on_step=on_step,
            **size_settings(job.size),
            **{**pipeline_settings(job.request), "strength": self._strength(group), **words},
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
        done, total = self.done_weight / self._whole_weight, self._steps * len(self.job.groups)
        self.report_progress(message, self.tuned_steps + step, self._tuning_steps + total, done)


def size_of(aspect: AspectName, context: RunContext) -> tuple[int, int] | None:
    """Width and height in pixels; None for the denoiser's own. Raises `BadInput` for what is not offered."""
    return None if aspect == SQUARE else context.backend.bundle.info.size_of(aspect)


def plan_pictures(request: SoundToImageRequest, context: RunContext) -> PaintingPlan:
    """`count` pictures of one sound, or of a mix; picture i starts from seed + i."""
    count, notices = request.count, []
    extra: dict[str, Any] = {}
    mix: SoundMix | None = None
    if request.is_mix:
        mix = read_mix(request, context.load_sound)
        context = replace(context, sounds={"sound": mix.sound()})
        notices, extra = [*mix.notices], mix.settings()
    notices += room_notices(request)
    sound, caption = context.sounds["sound"], None
    if request.by_caption != OFF:
        caption = _caption(request, context, mix)
        request = request.changed(caption=request.caption or caption.text)
        extra["caption_words"] = [
            [word, round(p, 4)] for word, p in zip(*vars(caption).values(), strict=True)
        ]
    condition = condition_of(context, sound, mix)
    sound_words = _sound_words(request, condition)
    if sound_words:
        extra["sound_words"] = sound_words.text
    job = PaintJob(
        request=request,
        embeddings=np.repeat(condition.embedding[None], count, 0),
        seeds=tuple(map(request.seed_of, range(count))),
        scales=(1.0,) * count,
        groups=(tuple(range(count)),),
        size=size_of(request.aspect, context),
        caption=caption,
        sound_words=(sound_words,) * count if sound_words else (),
    )
    infos = (FrameInfo(),) * count
    return PaintingPlan(context, job, infos, is_strip=False, notices=notices, extra=extra)


def _caption(request: SoundToImageRequest, context: RunContext, mix: SoundMix | None) -> Caption:
    """What is heard, in words: those of the request, weighed, or the engine's."""

    def write(sound: Sound) -> Caption:
        return context.backend.caption_audio(sound.clip.samples, request.caption)

    return write(context.sounds["sound"]) if mix is None or request.caption else mix.caption(write)


def _sound_words(request: SoundToImageRequest, condition: SoundCondition) -> SoundWords:
    """What goes after the prompt: what is heard, by name, and where; beside a caption the room alone."""
    if not request.by_name:
        return SoundWords()
    phrase = request.room_phrase(condition.room)
    if phrase in request.caption:
        phrase = ""
    if request.by_caption != OFF:
        return SoundWords(phrase=phrase)
    return condition.words(phrase)


def room_notices(request: SoundToImageRequest) -> list[str]:
    """A sentence about an impulse response of which only the beginning is used, if there is one."""
    from sonic_ui.audio.reverb import response_notice

    own = request.impulse_response
    return [] if own is None else [*filter(None, [response_notice(own)])]


JOB_TYPES[SoundToImageRequest] = JobType(plan_pictures, PaintRunner)
