"""Direct sound optimisation: the weights of a caption's words are tuned until the picture is like the sound.

The picture is painted under weighted words; the gradient of its likeness to sound and caption goes back
through the autoencoder and the last few denoising steps to the weights, for a few steps of Adam. Those of
nouns learn faster, so that the things are settled first.

Source: In-the-wild Sounds, section 3.5, equation 6, and 4.4. The sound's likeness is that of the engine's own
audio and image encoders, which share a space as AudioCLIP's do.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from sonic_ui.models.encoders import ImageEncoder
from sonic_ui.models.latents import decode_latents
from sonic_ui.pipelines import check_inputs, sampling
from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline
from sonic_ui.requests import BadInput

NOT_COMPARABLE = (
    "This engine cannot compare sounds with pictures, so that words are not tuned to a sound. Choose 0 steps."
)


@dataclass(frozen=True)
class OptimizationSettings:
    """The paper's (4.4), and what it leaves open.

    sound_weight, text_weight, distance_weight   lambda_aCLIP, lambda_CLIP and lambda_L2 of equation 6
    noun_rate, other_rate   learning rates of the weights of nouns and of other words
    through      last denoising steps that the gradient goes through
    crops        views of each picture that are compared, after VQGAN-CLIP's augmentation (arXiv 2204.08583)
    smallest     side of the smallest, over the picture's
    checkpointing   compute a step's inside again on the way back rather than keep it
    """

    steps: int = 10
    sound_weight: float = 0.9
    text_weight: float = 1.0
    distance_weight: float = 0.01
    noun_rate: float = 0.01
    other_rate: float = 0.001
    through: int = 3
    crops: int = 6
    smallest: float = 0.7
    checkpointing: bool = False


@dataclass(frozen=True)
class Painting:
    """How pictures are painted while they are tuned.

    text       caption, and words beside it
    embeds     [B, D] of the sound, or [B, S, D], of which the first is of all that sounds
    with_sound whether they are a condition besides the words
    weights    [L] to start from; nouns: which tokens are of nouns [L]
    """

    text: str
    embeds: Tensor = field(repr=False)
    weights: Tensor = field(repr=False)
    nouns: Tensor = field(repr=False)
    seeds: tuple[int, ...]
    negative_prompt: str = ""
    strength: Any = 1.0
    guidance_scale: float = 4.0
    num_inference_steps: int = 25
    with_sound: bool = True
    height: int | None = None
    width: int | None = None


@dataclass(frozen=True)
class OptimizationReport:
    """A step of Adam that is done: its number, and what equation 6 was before it for each picture [B]."""

    step: int
    losses: Tensor
    images: Tensor
    """[B, 3, H, W] about [-1, 1], as they were before the step."""


class DirectOptimizer:
    """Tunes the weights [B, L, C] of the words of pictures, one set a picture."""

    def __init__(
        self,
        pipeline: AudioToImagePipeline,
        image_encoder: ImageEncoder,
        painting: Painting,
        settings: OptimizationSettings | None = None,
    ) -> None:
        """Raises BadInput where the engine's sounds and pictures share no space."""
        self.settings = settings or OptimizationSettings()
        self._pipeline, self._clip, self._painting = pipeline, image_encoder, painting
        if painting.embeds.shape[-1] != int(image_encoder.clip.config.projection_dim):
            raise BadInput(NOT_COMPARABLE, "optimize_steps")
        with torch.inference_mode(False), torch.no_grad():
            self._prepare()

    def _prepare(self) -> None:
        pipeline, painting = self._pipeline, self._painting
        count = len(painting.seeds)
        self._guided = painting.guidance_scale > 1
        states = pipeline._text_states([painting.text], [painting.negative_prompt], count, False)
        self._plain = states.clone()
        self._unconditional = pipeline._text_states([painting.negative_prompt], [""], count, False).clone()
        embeds = check_inputs.repeat(painting.embeds.clone().to(pipeline.device), count)
        self._sound = F.normalize((embeds if embeds.ndim == 2 else embeds[:, 0]).float(), dim=-1)
        tokens = pipeline._audio_tokens(embeds if painting.with_sound else None, count, self._guided)
        self._tokens = None if tokens is None else tokens.clone()
        self._words = self._clip.encode_words([painting.text]).to(pipeline.device)
        shape = pipeline._latent_shape(painting.height, painting.width)
        self._noise = sampling.seeded_noise(list(painting.seeds), shape)[0].to(pipeline.device)
        start = painting.weights.to(states).float()
        self._start = start[None, :, None].expand(states.shape).clone()
        self._nouns = painting.nouns.clone().to(states.device)[None, :, None]

    def optimize(
        self, on_step: Callable[[OptimizationReport], None], check: Callable[[], None] = lambda: None
    ) -> Tensor:
        """The tuned weights [B, L, C]. `on_step` is called after each step of Adam, `check` before each of
        the denoiser's; what they raise ends it.
        """
        settings = self.settings
        with torch.inference_mode(False), torch.enable_grad():
            # One table whose gradients are split: words and others are updated at their own rates.
            nouns, others = (self._start.clone().requires_grad_(True) for _ in range(2))
            optimizer = torch.optim.Adam(
                [
                    {"params": [nouns], "lr": settings.noun_rate},
                    {"params": [others], "lr": settings.other_rate},
                ]
            )
            generator = torch.Generator().manual_seed(self._painting.seeds[0])
            for step in range(1, settings.steps + 1):
                weights = torch.where(self._nouns, nouns, others)
                images = self._paint(weights, check)
                losses = self._losses(images, weights, generator)
                nouns.grad, others.grad = torch.autograd.grad(losses.sum(), [nouns, others])
                optimizer.step()
                on_step(OptimizationReport(step, losses.detach(), images.detach()))
            return torch.where(self._nouns, nouns, others).detach()

    def decode_pil(self, images: Tensor) -> list[Image.Image]:
        """Pictures of a report."""
        found: Any = self._pipeline.image_processor.postprocess(images.float(), "pil")
        return found

    def _paint(self, weights: Tensor, check: Callable[[], None]) -> Tensor:
        """Pictures [B, 3, H, W] under weighted words; the last steps keep what the gradient needs."""
        painting, pipeline = self._painting, self._pipeline
        scheduler = deepcopy(pipeline.scheduler)
        scheduler.set_timesteps(painting.num_inference_steps)
        latents = self._noise * scheduler.init_noise_sigma
        _, generators = sampling.seeded_noise(list(painting.seeds), tuple(latents.shape[1:]))
        first = max(0, len(scheduler.timesteps) - self.settings.through)
        for number, timestep in enumerate(scheduler.timesteps):
            check()
            counts: AbstractContextManager[Any] = nullcontext() if number >= first else torch.no_grad()
            with counts:
                latents = self._step(scheduler, latents, timestep, weights, generators)
        return decode_latents(pipeline.vae, latents, pipeline.latent_normalizer).float()

    def _step(
        self, scheduler: Any, latents: Tensor, timestep: Tensor, weights: Tensor, generators: Any
    ) -> Tensor:
        text = (weights * self._plain.float()).to(self._plain.dtype)
        if self._guided:
            text = torch.cat([self._unconditional, text])
        scaled = scheduler.scale_model_input(latents, timestep)
        if self.settings.checkpointing and torch.is_grad_enabled():
            prediction: Any = checkpoint(self._predict, scaled, timestep, text, use_reentrant=False)
        else:
            prediction = self._predict(scaled, timestep, text)
        if self._guided:
            rescale = sampling.guidance_rescale(scheduler)
            prediction = sampling.apply_cfg(prediction, self._painting.guidance_scale, rescale)
        return sampling.scheduler_step(scheduler, prediction, timestep, latents, generators)[0]

    def _predict(self, latents: Tensor, timestep: Tensor, text: Tensor) -> Tensor:
        """The denoiser's output; the sound is a condition here, where a checkpoint computes it again."""
        painting = self._painting
        scale = check_inputs.spread(painting.strength, len(painting.seeds), self._guided)
        with self._pipeline.audio_attention.condition(self._tokens, scale):
            return self._pipeline._predict(latents, timestep, text)

    def _losses(self, images: Tensor, weights: Tensor, generator: torch.Generator) -> Tensor:
        """Equation 6 for each picture [B]. Similarities are maximised: they count negative."""
        settings, views = self.settings, augmented_views(images, self.settings, generator)
        embeds = self._embed(views).unflatten(0, (settings.crops, len(images)))
        with_sound = (embeds * self._sound).sum(-1).mean(0)
        with_text = (embeds * self._words).sum(-1).mean(0)
        distance = ((weights - 1.0) * self._plain.float()).flatten(1).norm(dim=-1)
        return (
            -settings.sound_weight * with_sound
            - settings.text_weight * with_text
            + settings.distance_weight * distance
        )

    def _embed(self, images: Tensor) -> Tensor:
        """Embeddings [B, D] of pictures about [-1, 1], L2-normalised; gradients pass."""
        clip, processor = self._clip.clip, self._clip.processor
        side = int(clip.config.vision_config.image_size)
        resized = F.interpolate(images, (side, side), mode="bilinear", antialias=True, align_corners=False)
        mean, std = (
            images.new_tensor(one).view(3, 1, 1) for one in (processor.image_mean, processor.image_std)
        )
        pixels = (((resized.clamp(-1, 1) + 1) / 2 - mean) / std).to(clip.dtype)
        return F.normalize(clip.get_image_features(pixel_values=pixels).pooler_output.float(), dim=-1)


def augmented_views(images: Tensor, settings: OptimizationSettings, generator: torch.Generator) -> Tensor:
    """Random square crops of pictures [B, 3, H, W], each mirrored half of the time: [crops * B, 3, s, s] with
    the crops outside; the first is the whole picture.
    """
    height, width = images.shape[-2:]
    shortest = min(height, width)
    views = []
    for number in range(settings.crops):
        share, down, right, turn = torch.rand(4, generator=generator).tolist()
        side = round(shortest * (settings.smallest + (1 - settings.smallest) * share)) if number else shortest
        top, left = round(down * (height - side)), round(right * (width - side))
        crop = images[..., top : top + side, left : left + side]
        crop = F.interpolate(crop, (shortest, shortest), mode="bilinear", align_corners=False)
        views.append(crop.flip(-1) if number and turn < 0.5 else crop)
    return torch.cat(views)
