"""Training-free control of energy: the predicted clean latent's frame energy moves to a curve.

For generators that have no trained ControlNet. The change is made where energy is known exactly, in the
log-mel: the clean latent is decoded, every frame is turned up or down, and what the encoder says of the
change is added to the latent. That needs no gradient through a decoder.
"""

from typing import Any

import torch
from torch import Tensor, nn

from sonic_ui.models.latents import LatentNormalizer, compression_factor, decode_latents, raw_latents
from sonic_ui.pipelines.latent_windows import LatentWindows

FLOOR = 0.01
"""The least of a curve, relative to its largest: 40 dB below."""

MOST_NATS = 4.6  # no frame is turned up or down by more: 40 dB


def frame_energy(log_mels: Tensor) -> Tensor:
    """Logarithm of the energy (amplitude) of every frame [B, T] of log-mels [B, T, M]."""
    return torch.logsumexp(2 * log_mels.float(), dim=-1) / 2


def energy_gap(found: Tensor, curve: Tensor) -> Tensor:
    """By how much frames of energy `found` [B, T] must be turned up, in nats, to go as `curve` [B, T].

    The level as a whole stays: the loudest moments of both agree.
    """
    target = curve.clamp(min=0) / curve.amax(-1, keepdim=True).clamp(min=1e-6)
    target = target.clamp(min=FLOOR).log()
    level = torch.logsumexp(2 * found, -1, keepdim=True) - torch.logsumexp(2 * target, -1, keepdim=True)
    return (target + level / 2 - found).clamp(-MOST_NATS, MOST_NATS)


def encode_mels(vae: nn.Module, mels: Tensor, normalizer: LatentNormalizer | None) -> Tensor:
    """What the autoencoder reads [B, 1, T, M] -> latents [B, C, T/f, M/f] as the denoiser reads them."""
    encoder: Any = vae
    latents = raw_latents(encoder.encode(mels.to(encoder.dtype)))
    if normalizer is not None:
        return normalizer.normalize(latents).float()
    return latents.float() * float(encoder.config.get("scaling_factor") or 1.0)


@torch.no_grad()
def guide_energy(
    vae: nn.Module,
    normalizer: LatentNormalizer | None,
    clean: Tensor,
    curve: Tensor,
    *,
    scale: float,
    mel_mean: float,
    mel_std: float,
    windows: LatentWindows,
) -> Tensor:
    """Clean latents [B, C, t, m] whose frame energy is nearer to `curve` [B, T] in [0, 1].

    scale     1 moves the energy all the way to the curve, 0 not at all
    windows   of the latents, decoded and encoded one by one; the level is that of all of them together
    """
    factor = compression_factor(vae)
    decoded = [decode_latents(vae, part, normalizer) for part in windows.split(clean)]  # [B, 1, T, M] each
    mels = [part[:, 0].float() * mel_std + mel_mean for part in decoded]
    found = windows.merge([frame_energy(part) for part in mels], dim=-1, scale=factor)
    gap = scale * energy_gap(found, curve.to(found.device))
    changes = []
    gaps = windows.split(gap, dim=-1, scale=factor)
    for part, mel, turn in zip(decoded, mels, gaps, strict=True):
        turned = ((mel + turn[..., None]) - mel_mean) / mel_std
        changes.append(encode_mels(vae, turned[:, None], normalizer) - encode_mels(vae, part, normalizer))
    return clean + windows.merge(changes)
