"""The loss of denoisers: noised latents, the target of either prediction, min-SNR weights.

Source of the weights: arXiv 2303.09556, section 3.4.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonic_ui.models.gated_attention import AudioAttention, AudioScale

Noised = tuple[Tensor, Tensor, Tensor]
"""Noisy latents [B, C, h, w], timesteps [B] and the target of the prediction [B, C, h, w]."""


def min_snr_weight(scheduler: Any, timesteps: Tensor, gamma: float) -> Tensor:
    """Weights [B]: min(SNR, gamma) / (SNR + 1) of a velocity, min(SNR, gamma) / SNR of the noise.

    The ratio is not diffusers' `compute_snr`, which squares square roots: its last bits differ.
    """
    alpha = scheduler.alphas_cumprod.to(timesteps.device)[timesteps]
    snr = alpha / (1 - alpha).clamp(min=1e-8)
    of_noise = scheduler.config["prediction_type"] == "epsilon"
    return snr.clamp(max=gamma) / (snr.clamp(min=1e-8) if of_noise else snr + 1)


class DiffusionLoss:
    """Loss of a predicted velocity (or noise, as the scheduler says) with min-SNR weights.

    floor   keeps a little weight on the noisiest steps
    noisy   exponent on the uniform share of the schedule: below 1 noisy steps are drawn more often
    """

    def __init__(
        self, scheduler: Any, *, gamma: float = 5.0, floor: float = 0.15, noisy: float = 1.0
    ) -> None:
        self.scheduler, self.gamma, self.floor, self.noisy = scheduler, gamma, floor, noisy

    def noised(self, latents: Tensor, generator: torch.Generator) -> Noised:
        """Noise and timesteps drawn with a generator of the CPU for latents [B, C, h, w]."""
        noise = torch.randn(latents.shape, generator=generator).to(memory_format=torch.channels_last)
        noise = noise.to(latents.device)
        steps = int(self.scheduler.config["num_train_timesteps"])
        if self.noisy == 1.0:
            timesteps = torch.randint(0, steps, (len(latents),), generator=generator)
        else:
            share = torch.rand(len(latents), generator=generator) ** self.noisy
            timesteps = (share * steps).long().clamp(max=steps - 1)
        timesteps = timesteps.to(latents.device)
        noisy = self.scheduler.add_noise(latents, noise, timesteps)
        if self.scheduler.config["prediction_type"] == "epsilon":
            return noisy, timesteps, noise
        return noisy, timesteps, self.scheduler.get_velocity(latents, noise, timesteps)

    def __call__(self, prediction: Tensor, target: Tensor, timesteps: Tensor) -> Tensor:
        error = F.mse_loss(prediction, target, reduction="none").mean((1, 2, 3))
        weight = min_snr_weight(self.scheduler, timesteps, self.gamma).clamp(min=self.floor)
        return (error * weight).mean()


def predict_with_sound(
    unet: nn.Module,
    attention: AudioAttention,
    noised: Noised,
    tokens: Tensor,
    scales: AudioScale,
    words: Tensor,
) -> Tensor:
    """The denoiser's prediction [B, C, h, w] for noised latents, audio tokens [B, K, C] and words."""
    noisy, timesteps, _ = noised
    with attention.condition(tokens, scales):
        prediction: Tensor = unet(noisy, timesteps, encoder_hidden_states=words).sample
    return prediction


def sound_loss(
    diffusion: DiffusionLoss,
    unet: nn.Module,
    attention: AudioAttention,
    noised: Noised,
    tokens: Tensor,
    scales: Sequence[float] | Tensor,
    words: Tensor,
) -> Tensor:
    """Loss of the second training of SonicDiffusion (arXiv 2405.00878, section 3.4): scalar."""
    _, timesteps, target = noised
    prediction = predict_with_sound(unet, attention, noised, tokens, scales, words)
    return diffusion(prediction.float(), target, timesteps)
