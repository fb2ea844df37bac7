"""Teaching a painting pipeline a new sound from a handful of recordings and pictures.

Projector and gated audio attention go on from where they are with the loss of SonicDiffusion's second
training (arXiv 2405.00878, section 3.4), beside low-rank updates of the denoiser (LoRA, arXiv 2106.09685),
which has never seen the thing. Every batch rehearses known sounds: there the prediction shall stay what the
frozen engine predicts (learning without forgetting, arXiv 1606.09282), on latents that the engine painted
from these sounds (prior preservation, arXiv 2208.12242, section 4.2). Recordings and pictures that are held
back say when to stop. Nothing of the given pipeline changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler, UNet2DConditionModel
from PIL import Image
from torch import Tensor, nn
from torch.nn.utils import parametrize

from sonic_ui.models.gated_attention import AudioAttention
from sonic_ui.models.low_rank import add_low_rank, low_rank_state
from sonic_ui.models.projector import AudioProjector
from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline
from sonic_ui.pipelines.diffusion_loss import DiffusionLoss, min_snr_weight, predict_with_sound
from sonic_ui.pipelines.teaching_data import (
    Lesson,
    LessonData,
    Rehearsal,
    Report,
    Rows,
    SoundEncoder,
    TeachingConfig,
    joined_rows,
)

LEAST_WEIGHT, NOISY = 0.5, 0.7
"""What a picture shows is decided in its noisy steps: they weigh more, and are drawn more often."""

TOLERANCE = 1.15
"""Loss of what is held back, over the least so far, up to which it is no worse."""

HELD_OUT_DRAWS = 4
"""Noises by which each held-out pair is judged."""
MOST_JUDGED = 24


class Student(nn.Module):
    """Denoiser with low-rank updates, gated audio attention and projector: copies of a pipeline's."""

    def __init__(self, pipeline: Any, rank: int, embedding_dim: int) -> None:
        super().__init__()
        device = pipeline._execution_device
        self.unet = UNet2DConditionModel.from_config(pipeline.unet.config)
        self.attention = AudioAttention.from_config(pipeline.audio_attention.config)
        shape = {**pipeline.audio_projector.config, "embedding_dim": embedding_dim}
        self.projector = AudioProjector.from_config(shape)
        self.unet.load_state_dict(pipeline.unet.state_dict())
        self.attention.load_state_dict(pipeline.audio_attention.state_dict())
        if embedding_dim == pipeline.audio_projector.config.embedding_dim:
            self.projector.load_state_dict(pipeline.audio_projector.state_dict())
        for network in (self.unet, self.attention, self.projector):
            nn.Module.to(network, device, torch.float32)
        add_low_rank(self.unet, rank)
        nn.Module.to(self.unet, device)
        self.unet.to(memory_format=torch.channels_last)
        self.attention.requires_grad_(True)
        self.projector.requires_grad_(True)
        self.attention.attach(self.unet)
        self.eval()

    def groups(self, config: TeachingConfig) -> list[dict[str, Any]]:
        """Parameters with their rates, for AdamW."""
        updates = [p for p in self.unet.parameters() if p.requires_grad]
        return [
            {"params": updates, "lr": config.denoiser_rate},
            {"params": [*self.attention.parameters()], "lr": config.attention_rate},
            {"params": [*self.projector.parameters()], "lr": config.projector_rate},
        ]

    def trained(self) -> dict[str, Tensor]:
        """Copies of all that is trained."""
        return {name: p.detach().clone() for name, p in self.named_parameters() if p.requires_grad}

    def restore(self, trained: dict[str, Tensor]) -> None:
        """Take back what `trained` gave."""
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if parameter.requires_grad:
                    parameter.copy_(trained[name])


class Teaching:
    """One teaching: `prepare`, then `step` until `is_over`; then `finish` keeps the best of it.

    The pipeline's own networks are read, never changed, so that it may paint in between.
    """

    def __init__(
        self,
        pipeline: Any,
        lesson: Lesson,
        rehearsal: Rehearsal,
        config: TeachingConfig,
        encoder: SoundEncoder | None = None,
    ) -> None:
        self.pipeline, self.config, self.rehearsal = pipeline, config, rehearsal
        self.device, self.encoder = pipeline._execution_device, encoder
        own_dim = int(pipeline.audio_projector.config.embedding_dim)
        own = SoundEncoder(pipeline.audio_encoder, pipeline.feature_extractor, own_dim)
        self.student = Student(pipeline, config.rank, (encoder or own).dim)
        scheduler = DDIMScheduler.from_config(pipeline.scheduler.config)
        self.diffusion = DiffusionLoss(scheduler, floor=LEAST_WEIGHT, noisy=NOISY)
        self.optimizer = torch.optim.AdamW(self.student.groups(config), betas=(0.9, 0.99), weight_decay=1e-2)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.data = LessonData(pipeline, lesson, rehearsal, config, self.diffusion, encoder or own)
        self.step_number, self.best_step, self.looks_without_gain = 0, 0, 0
        self.losses: list[float] = []
        self.held_losses: list[float] = []
        self.best = float("inf")
        self._best_state: dict[str, Tensor] = {}

    @torch.no_grad()
    def prepare(self, report: Report = lambda words, step, total: None) -> None:
        """Read the lesson and paint what is rehearsed. `report` may raise to stop it."""
        self.data.prepare(report)

    @property
    def embeds(self) -> Tensor:
        """Embeddings [N, D] of the recordings."""
        return self.data.embeds

    # Learning

    @property
    def is_over(self) -> bool:
        """Whether all steps are done, or what is held back has gained nothing for long."""
        return self.step_number >= self.config.steps or (
            self.data.held_set is not None and self.looks_without_gain >= self.config.patience
        )

    def step(self) -> float:
        """One step of training; returns its loss."""
        config, student = self.config, self.student
        generator = torch.Generator().manual_seed(config.seed * 1_000_003 + self.step_number)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * self._rate_factor()
        with torch.enable_grad():
            new, old = self.data.new_rows(generator), self.data.old_rows(generator)
            rows = joined_rows(new, old) if old is not None else new
            tokens = student.projector(rows.embeds)
            with parametrize.cached():
                prediction = predict_with_sound(
                    student.unet, student.attention, rows.noised, tokens, rows.scales, rows.words
                ).float()
            count = len(new.embeds)
            _, times, target = rows.noised
            loss = self.diffusion(prediction[:count], target[:count], times[:count])
            if old is not None:
                weight = min_snr_weight(self.diffusion.scheduler, times[count:], 5.0).clamp(min=LEAST_WEIGHT)
                error = F.mse_loss(prediction[count:], self._frozen(old), reduction="none").mean((1, 2, 3))
                loss = loss + config.rehearsal_weight * (weight * error).mean()
                if self.encoder is not None:
                    loss = loss + self._token_loss(tokens[count:], old)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
        trained = [p for group in self.optimizer.param_groups for p in group["params"]]
        if torch.isfinite(nn.utils.clip_grad_norm_(trained, 1.0)):
            self.optimizer.step()
        self.step_number += 1
        self.losses.append(float(loss.detach()))
        if self.step_number % config.check_every == 0 or self.step_number == config.steps:
            self._look()
        return self.losses[-1]

    def _rate_factor(self) -> float:
        """Warm-up, then a fall along half a cosine to a tenth."""
        done = self.step_number / max(1, self.config.steps)
        warm = min(1.0, (self.step_number + 1) / max(1, self.config.warmup_steps))
        return warm * (0.55 + 0.45 * float(np.cos(np.pi * done)))

    def _token_loss(self, tokens: Tensor, old: Rows) -> Tensor:
        """Distance of another encoder's tokens [B, K, C] of known sounds from the engine's own;
        SonicDiffusion's first training takes words' tokens there (equation 4).
        """
        with torch.no_grad():
            wanted = self.pipeline.audio_projector(old.embeds if old.own is None else old.own)
        return F.mse_loss(tokens, wanted.float())

    @torch.no_grad()
    def _frozen(self, rows: Rows) -> Tensor:
        """What the engine itself predicts for rows."""
        own, (noisy, times, target) = self.pipeline, rows.noised
        dtype = own.unet.dtype
        tokens = own.audio_projector(rows.embeds if rows.own is None else rows.own)
        cast = (noisy.to(dtype), times, target)
        return predict_with_sound(
            own.unet, own.audio_attention, cast, tokens, rows.scales, rows.words.to(dtype)
        ).float()

    # Judging and showing

    @torch.no_grad()
    def _look(self) -> None:
        """Judge what is held back (else nothing: the last step is the best), and keep what is good.

        Shapes grow sharp after the loss has stopped to fall: good is all that lies within TOLERANCE of the
        least loss so far.
        """
        if self.data.held_set is None:
            self.best_step, self._best_state = self.step_number, {}
            return
        loss = self.held_out_loss()
        self.held_losses.append(loss)
        self.best = min(self.best, loss)
        if loss <= TOLERANCE * self.best:
            self.best_step, self.looks_without_gain = self.step_number, 0
            self._best_state = self.student.trained()
        else:
            self.looks_without_gain += 1

    @torch.no_grad()
    def held_out_loss(self) -> float:
        """Loss of the pairs held back, at the same noises each time. Raises ValueError where there are
        none.
        """
        if self.data.held_set is None:
            raise ValueError("Nothing is held back.")
        data, student = self.data.held_set, self.student
        pairs = (data.partners * HELD_OUT_DRAWS)[:MOST_JUDGED]
        index, picture = (torch.tensor([pair[side] for pair in pairs]) for side in (0, 1))
        rows = self.data.rows(
            data.embeds[index, 0],
            data.latents[picture, 0],
            torch.ones(len(pairs)),
            [""] * len(pairs),
            torch.Generator().manual_seed(77),
        )
        with parametrize.cached():
            prediction = predict_with_sound(
                student.unet,
                student.attention,
                rows.noised,
                student.projector(rows.embeds),
                rows.scales,
                rows.words,
            )
        return float(self.diffusion(prediction.float(), rows.noised[2], rows.noised[1]))

    def painter(self) -> AudioToImagePipeline:
        """A pipeline with what is learned so far."""
        listens = {} if self.encoder is None else encoder_components(self.encoder)
        return AudioToImagePipeline(
            **{
                **self.pipeline.components,
                **listens,
                "unet": self.student.unet,
                "audio_attention": self.student.attention,
                "audio_projector": self.student.projector,
            }
        )

    @torch.no_grad()
    def paint(
        self, seeds: Sequence[int], steps: int, guidance: float, before: bool = False
    ) -> list[Image.Image]:
        """Pictures of the last recordings by what is learned so far, or by the engine as it was."""
        painter = self.pipeline if before else self.painter()
        painter.set_progress_bar_config(disable=True)
        index = [-1 - (k % len(self.embeds)) for k in range(len(seeds))]
        with parametrize.cached():
            images: list[Image.Image] = painter(
                audio_embeds=(self.embeds if not before else self._own_embeds())[index].to(self.device),
                seed=list(seeds),
                num_inference_steps=steps,
                guidance_scale=guidance,
            ).images
        return images

    def _own_embeds(self) -> Tensor:
        """Embeddings [N, D'] of the recordings by the engine's own encoder."""
        if self.encoder is None:
            return self.embeds
        return torch.cat([self.pipeline.embed_audio(one) for one in self.data.lesson.recordings]).float()

    def finish(self) -> None:
        """Take the best of the looks."""
        if self._best_state:
            self.student.restore(self._best_state)

    def updates(self) -> dict[str, Tensor]:
        """The low-rank updates of the denoiser, by PEFT's names."""
        return low_rank_state(self.student.unet, "unet")

    # Going on

    def save(self, path: Path) -> None:
        """Write where it stands, for `load`."""
        state = {
            "step": self.step_number,
            "trained": self.student.trained(),
            "best": (self.best, self.best_step, self.looks_without_gain),
            "best_state": self._best_state,
            "optimizer": self.optimizer.state_dict(),
        }
        torch.save(state, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def load(self, path: Path) -> None:
        """Go on from what `save` wrote. Raises KeyError or RuntimeError for another teaching's."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.student.restore(state["trained"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step_number = int(state["step"])
        self.best, self.best_step, self.looks_without_gain = state["best"]
        self._best_state = state["best_state"]


def encoder_components(encoder: SoundEncoder) -> dict[str, Any]:
    """The components of a pipeline that listens with another encoder."""
    return {
        "audio_encoder": encoder.audio_encoder,
        "feature_extractor": encoder.feature_extractor,
        "audio_tokenizer": encoder.audio_tokenizer,
    }
