"""From a sound and words to pictures: SonicDiffusion (arXiv 2405.00878), generation."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from diffusers.schedulers.scheduling_utils import SchedulerMixin
from diffusers.utils.outputs import BaseOutput
from torch import Tensor

from sonic_ui.models.gated_attention import AudioScale
from sonic_ui.models.latents import compression_factor
from sonic_ui.pipelines import check_inputs, sampling
from sonic_ui.pipelines.audio_conditioned import AudioConditionedPipeline, OnStep, Pictures, Sounds
from sonic_ui.pipelines.canvas import Canvas
from sonic_ui.requests import BadInput


@dataclass
class AudioToImageOutput(BaseOutput):
    """Pictures and what they were made from."""

    images: Pictures
    """PIL pictures; or [B, H, W, 3] ("np") or [B, 3, H, W] ("pt") in [0, 1]; or latents [B, C, h, w]."""
    seeds: list[int]
    """One a picture: `seed=[seeds[i]]` paints picture i again."""


class AudioToImagePipeline(AudioConditionedPipeline):
    """Paints what a sound depicts, in the manner that words ask for.

    Without a sound it is plain text-to-image.
    """

    @torch.no_grad()
    def __call__(
        self,
        audio: Sounds | None = None,
        audio_embeds: Tensor | None = None,
        prompt: str | Sequence[str] = "",
        negative_prompt: str | Sequence[str] = "",
        strength: AudioScale = 1.0,
        guidance_scale: float = 8.0,
        num_inference_steps: int = 50,
        seed: int | Sequence[int] = 0,
        num_images_per_prompt: int = 1,
        height: int | None = None,
        width: int | None = None,
        output_type: str = "pil",
        on_step: OnStep | None = None,
        latents: Tensor | None = None,
        begin_step: int = 0,
        variations: Sequence[Sequence[tuple[int, float]]] = (),
        token_weights: Tensor | None = None,
        prompt_embeds: Tensor | None = None,
    ) -> AudioToImageOutput:
        """Paint.

        audio                   mono samples [T] at 48 kHz, or several; None for words alone
        audio_embeds            [B, D] from `embed_audio` instead of `audio`, mixed or interpolated at will;
                                or [B, S, D]: S sounds of each picture, whose tokens stand side by side
        prompt, negative_prompt one, or one a sound; cut where the tokenizer ends (`truncated_text`)
        strength                beta: how much the sound shapes the picture; a number, one a layer (see
                                `layer_audio_scales`) or a tensor [B]. 0 is as without a sound
        guidance_scale          how literally sound and words are followed; 1 and less skip the second pass
        num_inference_steps     more are slower and finer
        seed                    picture i starts from seed + i; or one seed a picture
        num_images_per_prompt   pictures of each sound and prompt, side by side in the result
        height, width           in pixels, multiples of the autoencoder's factor (8); None: the denoiser's
        output_type             "pil", "np", "pt" or "latent"
        on_step                 called after each step; what it raises ends the run
        latents                 [B, C, h, w], one a picture, to start from instead of the seeds' noise; of the
                                pictures' shape, or of the denoiser's own while its layout is being painted
        begin_step              steps that are behind `latents`: those of a run's `StepReport` after `step`,
                                with begin_step=step, end in that run's picture. Needs a scheduler that
                                `begins_anywhere`
        variations              pairs (seed, amount), one list a picture: noise of those seeds is blended
                                into the picture's own in turn, along the arc between both (slerp)
        token_weights           [L], [B, L] or [B, L, C]: factors on the prompts' hidden states (In-the-wild
                                Sounds, equation 5)
        prompt_embeds           [B, L, C] hidden states of prompts, as `encode_prompts` and `encode_blends`
                                give them, in place of `prompt`

        Raises BadInput for values that cannot be used.
        """
        embeds = self._audio_embeds(audio, audio_embeds)
        prompts, negatives = self._prompts(prompt, prompt_embeds), check_inputs.texts(negative_prompt)
        batch = check_inputs.common_length(prompt=prompts, negative_prompt=negatives, audio=embeds)
        seeds = check_inputs.picture_seeds(
            seed, batch * check_inputs.positive("num_images_per_prompt", num_images_per_prompt)
        )
        guided = check_inputs.finite("guidance_scale", guidance_scale) > 1
        own, shape = self._latent_shape(None, None), self._latent_shape(height, width)
        check_inputs.positive("num_inference_steps", num_inference_steps)
        check_inputs.output_kind(output_type)

        text = self._text_states(prompts, negatives, len(seeds), guided, token_weights)
        tokens = self._audio_tokens(embeds, len(seeds), guided)
        scheduler = self._scheduler(num_inference_steps)
        begin_step = _begin(begin_step, len(scheduler.timesteps), scheduler, latents)
        _check_variations(variations, len(seeds))
        canvas = Canvas.plan(own, shape, scheduler, seeds, variations, latents, begin_step)
        noise, generators = sampling.seeded_noise(seeds, own if canvas else shape)
        if latents is None:
            noise = sampling.vary_noise(noise, variations)
            latents = noise.to(self.device) * scheduler.init_noise_sigma
        else:
            latents = _fitting(latents, tuple(noise.shape)).to(self.device)
        clean, timesteps = latents, sampling.skip_steps(scheduler, begin_step, generators, shape)

        with self.audio_attention.condition(tokens, check_inputs.spread(strength, len(seeds), guided)):
            for step, timestep in enumerate(timesteps, start=begin_step + 1):
                if canvas and step == canvas.layout_steps + 1:
                    latents, scheduler = canvas.extend(latents, clean, scheduler), canvas.fresh(scheduler)
                prediction = self._predict(scheduler.scale_model_input(latents, timestep), timestep, text)
                if guided:
                    prediction = sampling.apply_cfg(
                        prediction, guidance_scale, sampling.guidance_rescale(scheduler)
                    )
                latents, clean = sampling.scheduler_step(scheduler, prediction, timestep, latents, generators)
                if on_step is not None:
                    total = len(scheduler.timesteps)
                    on_step(sampling.StepReport(step, total, int(timestep), clean, self._decode_pil, latents))
        return AudioToImageOutput(images=self._finish(latents, output_type), seeds=seeds)

    def _scheduler(self, steps: int) -> SchedulerMixin:
        """A scheduler of a run's own, since it counts its steps: runs may overlap."""
        scheduler = copy.deepcopy(self.scheduler)
        scheduler.set_timesteps(steps)
        return scheduler

    def _latent_shape(self, height: int | None, width: int | None) -> tuple[int, int, int]:
        """(C, h, w) of one picture's latents."""
        factor, config = compression_factor(self.vae), self.unet.config
        own = np.broadcast_to(config.sample_size, 2) * factor
        sides = []
        for name, given, default in (("height", height, own[0]), ("width", width, own[1])):
            pixels = int(default) if given is None else check_inputs.positive(name, given)
            if pixels % factor:
                raise BadInput(f"{name} is {pixels} px; it takes a multiple of {factor}.", name)
            sides.append(pixels // factor)
        return config.in_channels, sides[0], sides[1]

    def _predict(self, latents: Tensor, timestep: Tensor, text: Tensor) -> Tensor:
        """The denoiser's output, float32, for [count or 2 count] conditions in one pass."""
        copies = len(text) // len(latents)
        return self._denoise(latents.repeat(copies, 1, 1, 1), timestep, text)


def _begin(step: int, steps: int, scheduler: SchedulerMixin, latents: Tensor | None) -> int:
    """`step` when a run can start there. Raises BadInput."""
    if isinstance(step, bool) or not isinstance(step, (int, np.integer)) or not 0 <= step < steps:
        raise BadInput(f"begin_step is {step!r}; it takes a whole number from 0 to {steps - 1}.")
    if step and latents is None:
        raise BadInput(f"begin_step is {step}; give the latents after so many steps as well.")
    if step and not sampling.begins_anywhere(scheduler):
        raise BadInput(f"{type(scheduler).__name__} cannot begin at step {step}; take begin_step 0.")
    return int(step)


def _check_variations(variations: Sequence[Sequence[tuple[int, float]]], pictures: int) -> None:
    """Raises BadInput where there are variations, but not a list a picture."""
    if len(variations) not in (0, pictures):
        raise BadInput(f"Given were {len(variations)} lists of variations for {pictures} pictures.")


def _fitting(latents: Tensor, shape: tuple[int, ...]) -> Tensor:
    """`latents` when they are of a shape, float32. Raises BadInput."""
    if tuple(latents.shape) != shape:
        raise BadInput(f"latents have shape {tuple(latents.shape)}; {shape} is needed.")
    return latents.float()
