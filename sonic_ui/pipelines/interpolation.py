"""Interpolation between two sounds: frames by `AudioToImagePipeline`.

Every frame has an embedding of its own between those of the two sounds (SonicDiffusion, arXiv
2405.00878, Manipulations). From one noise alone the pictures hold on to one sound and then turn over. So the
frames between start from a blend of both ends, as far as these are denoised after some of the steps
(Wang and Golland, "Interpolating between Images with Diffusion Models", arXiv 2307.12560), and only the rest
is painted for each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor

from sonic_ui.media.sound_words import Blend
from sonic_ui.models.encoders import ImageEncoder
from sonic_ui.pipelines.audio_conditioned import OnStep
from sonic_ui.pipelines.embedding_path import Embedding, evenly_spaced_by_perception, small_copy
from sonic_ui.pipelines.prompt_blends import blended_prompt
from sonic_ui.pipelines.sampling import StepReport, begins_anywhere, slerp_latents
from sonic_ui.requests.interpolate import CONTINUITY, shared_steps

ENDS = (0.0, 1.0)


@dataclass
class LatentInterpolator:
    """Painter of one interpolation's frames with a pipeline. All start from the noise of one seed.

    embedding         the embedding [D] at a position from 0 to 1
    settings          further arguments of the pipeline, `num_inference_steps` among them
    continuity        share of the steps after which frames between the ends start from a blend of both; 0, or
                      a scheduler that cannot begin there, starts them from the noise
    partial_latents   the ends' latents after `begin_step` steps [1, C, h, w], by position: stored when an end
                      is painted or denoised so far, or put there by who has them from before
    words             what the prompt is blended from at a position, in place of the settings'; None leaves it
    """

    pipeline: Any
    embedding: Callable[[float], Embedding]
    seed: int
    settings: Mapping[str, Any]
    continuity: float = float(CONTINUITY.default or 0.0)
    partial_latents: dict[float, Tensor] = field(default_factory=dict)
    words: Callable[[float], Blend] | None = None

    @property
    def steps(self) -> int:
        """Steps of a picture."""
        return int(self.settings["num_inference_steps"])

    @property
    def begin_step(self) -> int:
        """Steps that are behind a frame between the ends when it starts."""
        return shared_steps(self.continuity, self.steps) if self.can_begin else 0

    @property
    def can_begin(self) -> bool:
        """Whether the pipeline's scheduler can start halfway."""
        return begins_anywhere(self.pipeline.scheduler)

    def paint(self, positions: Sequence[float], on_step: OnStep | None = None) -> list[Image]:
        """The pictures at positions: one end, each as a single picture of its sound, or any between them."""
        if any(position in ENDS for position in positions):
            return [image for position in positions for image in self._paint_end(position, on_step)]
        begin = self.begin_step
        if not begin:
            return self._run(positions, on_step)
        for end in ENDS:
            self.partially_denoise(end)
        latents = torch.cat(
            [
                slerp_latents(self.partial_latents[0.0], self.partial_latents[1.0], position)
                for position in positions
            ]
        )
        return self._run(positions, on_step, latents=latents, begin_step=begin)

    def partially_denoise(self, end: float, on_step: OnStep | None = None) -> None:
        """Denoise an end as far as frames between need it, unless that was done."""
        if end in self.partial_latents or not self.begin_step:
            return

        def enough(report: StepReport) -> None:
            if on_step is not None:
                on_step(report)
            if report.step == self.begin_step:
                raise _BeginStepReached

        try:
            self._paint_end(end, enough)
        except _BeginStepReached:
            return

    def _paint_end(self, end: float, on_step: OnStep | None) -> list[Image]:
        """The picture of an end, alone: as that of its sound, to the last bit."""

        def store(report: StepReport) -> None:
            if report.step == self.begin_step and report.latents is not None:
                self.partial_latents[end] = report.latents
            if on_step is not None:
                on_step(report)

        return self._run([end], store)

    def _run(self, positions: Sequence[float], on_step: OnStep | None, **start: Any) -> list[Image]:
        embeds = np.stack([self.embedding(position) for position in positions])  # [B, D]
        images: list[Image] = self.pipeline(
            audio_embeds=torch.from_numpy(embeds),
            seed=[self.seed] * len(positions),
            on_step=on_step,
            **{**self.settings, **self._prompt(positions)},
            **start,
        ).images
        return images

    def _prompt(self, positions: Sequence[float]) -> dict[str, Any]:
        if self.words is None:
            return {}
        return blended_prompt(self.pipeline, [self.words(position) for position in positions])


@dataclass
class EditInterpolator(LatentInterpolator):
    """Painter of one interpolation's frames on a picture: each is an edit of it by an `AudioEditPipeline`.

    All start from the picture's own noise, so nothing is blended (SonicDiffusion, arXiv 2405.00878, edits and
    figure 10).

    inversion   of the picture
    """

    inversion: Any = None

    @property
    def begin_step(self) -> int:
        """None: every frame is a whole edit."""
        return 0

    def _run(self, positions: Sequence[float], on_step: OnStep | None, **start: Any) -> list[Image]:
        return super()._run(positions, on_step, image=self.inversion, **start)


class _BeginStepReached(Exception):
    """An end is denoised as far as it is needed."""


PIXELS_COUNT = 2.0
"""Weight of the pixels' difference beside that of the CLIP embeddings."""


class PerceptualDistance:
    """Distance between pictures: `perceptual_distances`, and that of CLIP embeddings if there is CLIP.

    That is 1 - cosine of the CLIP embeddings, which jumps where a thing is first recognised: by itself it
    spends frames on pictures that look alike, so the pixels count PIXELS_COUNT times. A picture is embedded
    once, and held.
    """

    def __init__(self, image_encoder: ImageEncoder | None = None) -> None:
        self._image_encoder = image_encoder
        # By id, with the picture itself: while it is held, its id is its own.
        self._features: dict[int, tuple[Image, np.ndarray, np.ndarray]] = {}

    def __call__(self, a: Image, b: Image) -> float:
        """At least 0; about 0 for the same picture."""
        (_, small_a, clip_a), (_, small_b, clip_b) = self._embed(a), self._embed(b)
        apart = float(np.sqrt(np.mean((small_a - small_b) ** 2)))
        if self._image_encoder is None:
            return apart
        return PIXELS_COUNT * apart + 1.0 - float(clip_a @ clip_b)

    def _embed(self, picture: Image) -> tuple[Image, np.ndarray, np.ndarray]:
        if id(picture) not in self._features:
            embedding = np.zeros(0, np.float32)
            if self._image_encoder is not None:
                embedding = self._image_encoder.encode_pictures([picture])[0].cpu().numpy()
            self._features[id(picture)] = (picture, small_copy(picture), embedding)
        return self._features[id(picture)]


def interpolate_evenly(
    interpolator: LatentInterpolator, count: int, image_encoder: ImageEncoder | None = None
) -> tuple[list[float], list[Image]]:
    """`count` frames that look evenly apart: positions in order, and their pictures."""
    return evenly_spaced_by_perception(
        count, lambda position: interpolator.paint([position])[0], PerceptualDistance(image_encoder)
    )
