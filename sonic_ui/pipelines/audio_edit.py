"""Editing a picture by a sound: SonicDiffusion (arXiv 2405.00878), editing. Its layout stays.

The picture is inverted once; every edit is then denoised from its noise with words and sound, while the
decoder takes features over from the source (Plug-and-Play, arXiv 2211.12572).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import torch
from diffusers.utils.outputs import BaseOutput
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sonic_ui.media.images import FittedPicture, composite, fit_picture, read_mask
from sonic_ui.models.compact_autoencoder import CompactAutoencoder
from sonic_ui.models.gated_attention import (
    AudioAttention,
    AudioScale,
    layer_audio_scales,
    weighted_audio_scales,
)
from sonic_ui.models.latents import compression_factor, decode_latents, encode_picture
from sonic_ui.pipelines import check_inputs
from sonic_ui.pipelines.audio_conditioned import AudioConditionedPipeline, OnStep, Pictures, Sounds
from sonic_ui.pipelines.inversion import FEATURE_BYTES, Inversion, StoredFeatures, Trajectory, invert_latents
from sonic_ui.pipelines.plug_and_play import FeatureInjection, HookPoint
from sonic_ui.pipelines.prompt_to_prompt import WordAttention, WordMaps, word_maps
from sonic_ui.pipelines.sampling import StepReport, apply_cfg, guidance_rescale, seeded_noise, vary_noise
from sonic_ui.requests import BadInput
from sonic_ui.requests.edit_modes import ATTENTION_LAYERS, FEATURE_LAYERS, HOLD_HARDER

FEATURES = ("replay", "source pass")
UNCHANGED = 0.1
"""Mean change around a pixel, of 2, up to which it counts as the source's own."""


@dataclass(frozen=True)
class InjectionSchedule:
    """Which of the source's features an edit takes over, and until when. Raises BadInput."""

    tau_attn: float
    """First part of the steps, 0..1, during which self-attention takes the source's queries and keys."""
    tau_feature: float
    """The same for hidden states of residual blocks."""
    attention_layers: Sequence[int]
    feature_layers: Sequence[int]
    features: str
    """"replay" or "source pass"."""

    def __post_init__(self) -> None:
        check_inputs.share("tau_attn", self.tau_attn)
        check_inputs.share("tau_feature", self.tau_feature)
        if self.features not in FEATURES:
            raise BadInput(f"features is {self.features!r}; it takes one of {', '.join(FEATURES)}.")

    def active(self, hook_points: frozenset[HookPoint], step: int, steps: int) -> frozenset[HookPoint]:
        """Those of `hook_points` that are injected at `step` (0 is the first, the noisiest) of `steps`."""
        until = {True: round(self.tau_feature * steps), False: round(self.tau_attn * steps)}
        return frozenset(point for point in hook_points if step < until[point.output == "hidden"])


@dataclass(frozen=True)
class BatchConditions:
    """Conditions of the denoiser's batch, a row each: unconditional ones first (if guided), then edits."""

    count: int
    """Edits, B; there are R = B or 2 B rows."""
    text: Tensor  # [R, L, C]
    tokens: Tensor | None  # [R, K, C]
    audio_scale: AudioScale  # a tensor is [R]
    guidance_scale: float | None  # None without guidance


@dataclass(frozen=True)
class WordControl:
    """Cross-attention maps that edits take over from the source; tau: for which first part of the steps."""

    attention: WordAttention
    maps: WordMaps
    tau: float

    def is_active(self, step: int, steps: int) -> bool:
        """Whether maps are taken over at `step` (0 is the first, the noisiest) of `steps`."""
        return step < round(self.tau * steps)


@dataclass(frozen=True)
class EditPlan:
    """Everything that the loop from noise to picture needs."""

    inversion: Inversion
    schedule: InjectionSchedule
    injection: FeatureInjection | None
    conditions: BatchConditions
    mask: Tensor | None  # [1, 1, h, w], 1 where latents may change
    words: WordControl | None = None

    def has_words(self, level: int) -> bool:
        """Whether the source's word maps are taken over on the step down from `level`."""
        return self.words is not None and self.words.is_active(
            self.inversion.steps - level, self.inversion.steps
        )

    def hook_points(self, level: int) -> frozenset[HookPoint]:
        """Where features are injected on the step down from `level`."""
        if self.injection is None:
            return frozenset()
        steps = self.inversion.steps
        return self.schedule.active(self.injection.hook_points, steps - level, steps)

    def needs_source(self, level: int) -> bool:
        """Whether the source has to run along on the step down from `level`."""
        if self.has_words(level):
            return True
        hook_points = self.hook_points(level)
        if not hook_points or self.schedule.features == "source pass":
            return bool(hook_points)
        return self.inversion.features.at(level, hook_points) is None

    def phases(self) -> Iterator[tuple[bool, Iterator[int]]]:
        """(whether the source runs along, levels) from the noise down; each phase has one kind of batch."""
        return groupby(range(self.inversion.steps, 0, -1), key=self.needs_source)

    def audio_condition(self, attention: AudioAttention, with_source: bool) -> AbstractContextManager[None]:
        """The sound's condition for a phase. The source has none, as it had none when it was inverted."""
        tokens, scale = self.conditions.tokens, self.conditions.audio_scale
        if tokens is None or not with_source:
            return attention.condition(tokens, scale)
        betas = [
            beta.flatten().to(tokens) if isinstance(beta, Tensor) else tokens.new_full((len(tokens),), beta)
            for beta in layer_audio_scales(scale, attention.paths)
        ]
        matrix = torch.stack(betas, dim=1)  # [R, layers]
        matrix = torch.cat([torch.zeros_like(matrix[:1]), matrix])
        return attention.condition(torch.cat([tokens[:1], tokens]), matrix)

    def batch(self, latents: Tensor, level: int, with_source: bool) -> tuple[Tensor, Tensor]:
        """Latents of the edits [B, C, h, w] -> (latents, text states) for the denoiser, a row each."""
        text = self.conditions.text
        rows = latents.repeat(len(text) // len(latents), 1, 1, 1)
        if not with_source:
            return rows, text
        source = self.inversion.latents[level : level + 1].to(latents)
        return torch.cat([source, rows]), torch.cat([self.inversion.text.to(text), text])

    @contextmanager
    def injecting(self, level: int, with_source: bool) -> Iterator[None]:
        """Within the block, one pass of the denoiser takes over the source's features at `level`."""
        hook_points = self.hook_points(level)
        context: AbstractContextManager[None] = nullcontext()
        if self.injection is not None and hook_points:
            if with_source:
                context = self.injection.sharing(hook_points)
            else:
                context = self.injection.replaying(self.inversion.features.at(level, hook_points) or {})
        words: AbstractContextManager[None] = nullcontext()
        if self.words is not None and self.has_words(level):
            words = self.words.attention.controlling(
                self.words.maps, 1 + len(self.conditions.text) - self.conditions.count
            )
        with context, words:
            yield

    def step_down(self, level: int, latents: Tensor, output: Tensor) -> Tensor:
        """Latents at `level` -> at the level below; outside of the mask they are the source's."""
        inversion = self.inversion
        below = inversion.trajectory.move(level, level - 1, latents, output)
        below = below + inversion.corrections[level - 1].to(below)
        if self.mask is None:
            return below
        return torch.lerp(inversion.latents[level - 1].to(below), below, self.mask.to(below))


@dataclass
class AudioEditOutput(BaseOutput):
    """Edited pictures, what they started from and what they cost."""

    images: Pictures
    """PIL pictures of the source's size and aspect ratio; or, as the denoiser's square, [B, H, W, 3] ("np"),
    [B, 3, H, W] ("pt") in [0, 1], or latents [B, C, h, w]."""
    inversion: Inversion
    """What to give instead of the picture next time."""
    sample_passes: int
    """Passes of one sample through the denoiser, those of an inversion made here included."""


class AudioEditPipeline(AudioConditionedPipeline):
    """Edits pictures by sound and words. Takes the components of `AudioToImagePipeline`, and shares them:
    `AudioEditPipeline(**pipeline.components)`.
    """

    @torch.no_grad()
    def invert(
        self,
        image: Image.Image | FittedPicture,
        prompt: str = "",
        num_inference_steps: int = 50,
        attention_layers: Sequence[int] = ATTENTION_LAYERS,
        feature_layers: Sequence[int] = HOLD_HARDER,
        kept_bytes: int = FEATURE_BYTES,
        dtype: torch.dtype = torch.float16,
        on_step: OnStep | None = None,
    ) -> Inversion:
        """A picture of any size as the noise it would be painted from. Independent of any sound.

        prompt                what the picture shows, in words; "" works for any picture
        num_inference_steps   N, for this and for every edit that starts from it
        attention_layers, feature_layers   whose features are kept for edits; none keeps none
        kept_bytes            the features' limit: beyond it the least noisy steps are not kept, and edits run
                              the source anew there. 50 steps take 14 MB with the miniature; with Stable
                              Diffusion 1.x a step takes 29 MB, so that 1 GiB holds the first 37 of 50
        dtype                 what latents and features are stored in
        on_step               called after each step; what it raises ends the run

        Raises BadInput for values that cannot be used.
        """
        fitted = self._fitted(image)
        path = Trajectory.of(self.scheduler, num_inference_steps)
        text = self._text_states([prompt], [], 1, guided=False)
        features = StoredFeatures(kept_bytes, dtype)
        injection = self._injection(attention_layers, feature_layers) if kept_bytes > 0 else None

        def denoise(latents: Tensor, level: int, final: bool) -> Tensor:
            if injection is None or not final:
                return self._denoise(latents, path.timesteps[level - 1], text)
            with injection.recording() as recorded:
                output = self._denoise(latents, path.timesteps[level - 1], text)
            features.add(level, recorded)
            return output

        def report(level: int, clean: Tensor) -> None:
            if on_step is not None:
                on_step(self._report(level, level, path, clean, fitted))

        clean = encode_picture(self.vae, fitted.tensor().to(self.device), self.latent_normalizer).float()
        with injection or nullcontext(), self.audio_attention.condition(None):
            latents, corrections = invert_latents(clean, path, denoise, dtype=dtype, on_level=report)
        return Inversion(path, latents, corrections, text.cpu(), prompt, features, fitted, path.steps + 1)

    @torch.no_grad()
    def __call__(
        self,
        image: Inversion | Image.Image,
        audio: Sounds | None = None,
        audio_embeds: Tensor | None = None,
        prompt: str | Sequence[str] = "",
        negative_prompt: str | Sequence[str] = "",
        strength: AudioScale = 1.0,
        guidance_scale: float = 8.0,
        tau_attn: float = 0.8,
        tau_feature: float = 0.8,
        attention_layers: Sequence[int] = ATTENTION_LAYERS,
        feature_layers: Sequence[int] = FEATURE_LAYERS,
        sound_layers: Sequence[float] = (1.0,),
        mask: Image.Image | NDArray[Any] | None = None,
        features: str = "replay",
        variation: float = 0.0,
        seed: int | Sequence[int] = 0,
        num_inference_steps: int = 50,
        output_type: str = "pil",
        on_step: OnStep | None = None,
        variations: Sequence[Sequence[tuple[int, float]]] = (),
        tau_words: float = 0.0,
        word_weights: Mapping[str, float] | None = None,
    ) -> AudioEditOutput:
        """Edit one picture, in several ways at once if several sounds, prompts or strengths are given.

        image                    from `invert`, or a picture, which is then inverted first without words
        audio, audio_embeds, prompt, negative_prompt, strength, guidance_scale
                                 as for `AudioToImagePipeline`; a strength tensor [B] makes B edits. Without
                                 words, strength 0 returns the source
        tau_attn, tau_feature    for which first part of the steps, 0..1, the source's self-attention and
                                 hidden states are taken over: higher keeps more of its layout
        attention_layers, feature_layers   in which decoder layers, 0-11
        sound_layers             factors on the strength, from the middle block to the finest decoder block,
                                 spread over the gated blocks: coarse ones bring things, fine ones a look
        mask                     white where the picture may change: PIL picture or array [H, W] of its size.
                                 Outside, pixels of the result ("pil") are the source's own
        features                 "replay": those that the inversion kept, where it did; "source pass": run the
                                 source in the batch, one more sample a step
        variation, seed          0 starts from the inverted noise alone; up to 1 mixes in noise of the seed
                                 (picture i: seed + i), for other edits of the same kind
        num_inference_steps      for a picture; an inversion brings its own
        output_type              "pil", "np", "pt" or "latent"
        on_step                  called after each step, of an inversion too; what it raises ends the run
        variations               pairs (seed, amount), one list a picture, blended in after `variation`
        tau_words                for which first part of the steps, 0..1, words of the prompt that stand in
                                 the inversion's prompt too keep the source's maps (Prompt-to-Prompt)
        word_weights             factors on the maps of words of the prompt for as long, 0 to 2

        Raises BadInput for values that cannot be used.
        """
        check_inputs.output_kind(output_type)
        check_inputs.share("variation", variation)
        schedule = InjectionSchedule(
            tau_attn, tau_feature, tuple(attention_layers), tuple(feature_layers), features
        )
        injection = self._injection(schedule.attention_layers, schedule.feature_layers)
        source = image if isinstance(image, Inversion) else self._fitted(image)
        fitted = source.picture if isinstance(source, Inversion) else source
        editable = None if mask is None else read_mask(mask, fitted.source.size)
        embeds = self._audio_embeds(audio, audio_embeds)
        audio_scale = weighted_audio_scales(strength, sound_layers, self.audio_attention.paths)
        conditions = self._batch_conditions(embeds, prompt, negative_prompt, audio_scale, guidance_scale)
        seeds = check_inputs.picture_seeds(seed, conditions.count)

        inversion, cost = self._inverted(source, schedule, num_inference_steps, on_step)
        region = None if editable is None else self._latent_mask(fitted.fit_mask(editable))
        words = self._word_control(inversion, prompt, conditions.count, tau_words, word_weights)
        plan = EditPlan(inversion, schedule, injection, conditions, region, words)
        start = _varied(inversion.latents[-1:].float(), seeds, variation, variations).to(self.device)
        with injection or nullcontext(), words.attention if words else nullcontext():
            latents, passes = self._denoise_edits(plan, start, on_step)
        if output_type == "pil":
            squares = self._squares(latents, inversion)
            images: Pictures = [_finished(picture, fitted, editable) for picture in squares]
        else:
            images = self._finish(latents, output_type)
        return AudioEditOutput(images=images, inversion=inversion, sample_passes=cost + passes)

    def _word_control(
        self,
        inversion: Inversion,
        prompt: str | Sequence[str],
        count: int,
        tau: float,
        weights: Mapping[str, float] | None,
    ) -> WordControl | None:
        """Control of the words' maps for every edit; None without."""
        if not check_inputs.share("tau_words", tau):
            return None
        prompts = check_inputs.texts(prompt)
        prompts = prompts * count if len(prompts) == 1 else prompts
        maps = word_maps(self.tokenizer, inversion.prompt, prompts, weights)
        return WordControl(WordAttention(self.unet), maps, tau)

    def _squares(self, latents: Tensor, inversion: Inversion) -> list[Image.Image]:
        """Edited latents [B, C, h, w] as painted squares. Where the autoencoder's latents are so few that a
        picture does not come back as it was, they have the source's own detail where nothing changed.
        """
        if not isinstance(self.vae, CompactAutoencoder):
            return self._decode_pil(latents)
        unedited = decode_latents(self.vae, inversion.latents[:1].to(self.device), self.latent_normalizer)
        edited = decode_latents(self.vae, latents, self.latent_normalizer).float()
        source = inversion.picture.tensor().to(self.device)
        squares: list[Image.Image] = self.image_processor.postprocess(
            carry_detail(edited, unedited.float(), source), "pil"
        )
        return squares

    def _inverted(
        self,
        source: Inversion | FittedPicture,
        schedule: InjectionSchedule,
        steps: int,
        on_step: OnStep | None,
    ) -> tuple[Inversion, int]:
        """What an edit starts from, and the sample passes that it cost to get there."""
        if isinstance(source, Inversion):
            return source, 0
        kept_bytes = FEATURE_BYTES if schedule.features == "replay" else 0
        inversion = self.invert(
            source, "", steps, schedule.attention_layers, schedule.feature_layers, kept_bytes, on_step=on_step
        )
        return inversion, inversion.sample_passes

    def _batch_conditions(
        self,
        embeds: Tensor | None,
        prompt: str | Sequence[str],
        negative_prompt: str | Sequence[str],
        audio_scale: AudioScale,
        guidance_scale: float,
    ) -> BatchConditions:
        """Conditions of the denoiser's batch, for as many edits as there are prompts or sounds."""
        prompts, negatives = check_inputs.texts(prompt), check_inputs.texts(negative_prompt)
        each = audio_scale if isinstance(audio_scale, Tensor) and audio_scale.ndim else None
        count = check_inputs.common_length(
            prompt=prompts, negative_prompt=negatives, audio=embeds, strength=each
        )
        guided = check_inputs.finite("guidance_scale", guidance_scale) > 1
        return BatchConditions(
            count,
            self._text_states(prompts, negatives, count, guided),
            self._audio_tokens(embeds, count, guided),
            check_inputs.spread(audio_scale, count, guided),
            guidance_scale if guided else None,
        )

    def _denoise_edits(self, plan: EditPlan, latents: Tensor, on_step: OnStep | None) -> tuple[Tensor, int]:
        """Noise [B, C, h, w] -> (edited latents, sample passes that it cost)."""
        path, passes = plan.inversion.trajectory, 0
        for with_source, levels in plan.phases():
            with plan.audio_condition(self.audio_attention, with_source):
                for level in levels:
                    inputs, text = plan.batch(latents, level, with_source)
                    with plan.injecting(level, with_source):
                        output = self._denoise(inputs, path.timesteps[level - 1], text)
                    passes += len(inputs)
                    output = output[1:] if with_source else output
                    if plan.conditions.guidance_scale is not None:
                        output = apply_cfg(
                            output, plan.conditions.guidance_scale, guidance_rescale(self.scheduler)
                        )
                    clean = path.clean(level, latents, output)
                    latents = plan.step_down(level, latents, output)
                    if on_step is not None:
                        step = path.steps + 1 - level
                        on_step(self._report(step, level, path, clean, plan.inversion.picture))
        return latents, passes

    def _injection(
        self, attention_layers: Sequence[int], feature_layers: Sequence[int]
    ) -> FeatureInjection | None:
        """Hooks for the chosen layers, not attached yet; None when there are none."""
        if not len(attention_layers) and not len(feature_layers):
            return None
        return FeatureInjection(self.unet, attention_layers, feature_layers)

    def _fitted(self, image: Image.Image | FittedPicture) -> FittedPicture:
        """The picture within the square that the denoiser works on."""
        if isinstance(image, FittedPicture):
            return image
        return fit_picture(image, int(np.max(self.unet.config.sample_size)) * compression_factor(self.vae))

    def _latent_mask(self, mask: Tensor) -> Tensor:
        """[1, 1, H, W] -> [1, 1, h, w]: a latent may change where any of its pixels may."""
        return torch.nn.functional.max_pool2d(mask, compression_factor(self.vae)).to(self.device)

    def _report(
        self, step: int, level: int, path: Trajectory, clean: Tensor, fitted: FittedPicture
    ) -> StepReport:
        """A report whose previews have the source's aspect ratio."""

        def decode(latents: Tensor) -> list[Image.Image]:
            return [fitted.cut(picture) for picture in self._decode_pil(latents)]

        return StepReport(step, path.steps, path.timesteps[level - 1], clean, decode)


def carry_detail(edited: Tensor, unedited: Tensor, source: Tensor) -> Tensor:
    """Edited pictures [B, 3, H, W] with what the autoencoder lost of the source, where nothing changed.

    unedited   [1, 3, H, W] the source as the autoencoder gives it back; `source` as it is
    The share of the lost detail falls with the change around a pixel: a thing that went leaves no outline.
    """
    window = max(3, edited.shape[-1] // 16 | 1)
    change = (edited - unedited).abs().amax(1, keepdim=True)
    change = torch.nn.functional.avg_pool2d(change, window, 1, window // 2, count_include_pad=False)
    share = torch.exp(-((change / UNCHANGED) ** 2))
    return edited + share * (source - unedited)


def _varied(
    noise: Tensor, seeds: list[int], variation: float, variations: Sequence[Sequence[tuple[int, float]]]
) -> Tensor:
    """Inverted noise [1, C, h, w] -> [B, C, h, w]: its variance kept, `variation` of it fresh, then blended
    with `variations`, a list a picture or none."""
    fresh, _ = seeded_noise(seeds, tuple(noise.shape[1:]))
    varied = (1 - variation**2) ** 0.5 * noise + variation * noise.std() * fresh
    return vary_noise(varied, variations, float(noise.std())) if any(variations) else varied


def _finished(picture: Image.Image, fitted: FittedPicture, editable: Image.Image | None) -> Image.Image:
    """A painted square as a picture of the source's size, the source's own pixels outside of the mask."""
    restored = fitted.restore(picture)
    return restored if editable is None else composite(restored, fitted.source, editable)
