"""Compact picture autoencoder: few latents a picture that a denoiser can learn, and a decoder that paints.

Scale-equivariant regularisation (arXiv 2502.09509, arXiv 2502.14831): pooled latents decode to the pooled
picture, so that coarse shape lies in the low bands of the latents. Noise on the latents keeps them smooth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderDC
from torch import Tensor, nn

from sonic_ui.models.latents import LatentNormalizer, upper_band_power
from sonic_ui.training.autoencoder import picture_batch, reconstruction_loss
from sonic_ui.training.sheets import save_sheet


def build_compact_autoencoder(
    latent_channels: int,
    channels: Sequence[int],
    encoder_layers: Sequence[int],
    decoder_layers: Sequence[int],
) -> AutoencoderDC:
    """An `AutoencoderDC` of residual blocks whose decoder may be deeper than its encoder.

    channels   one number a level; the factor is 2 ** (levels - 1). Source: arXiv 2410.10733
    """
    blocks, scales = ("ResBlock",) * len(channels), ((),) * len(channels)
    return AutoencoderDC(
        in_channels=3,
        latent_channels=latent_channels,
        encoder_block_types=blocks,
        decoder_block_types=blocks,
        encoder_block_out_channels=tuple(channels),
        decoder_block_out_channels=tuple(channels),
        encoder_layers_per_block=tuple(encoder_layers),
        decoder_layers_per_block=tuple(decoder_layers),
        encoder_qkv_multiscales=scales,
        decoder_qkv_multiscales=scales,
        scaling_factor=1.0,
    )


def load_matching(module: nn.Module, state: Mapping[str, Tensor]) -> int:
    """Copy the tensors of `state` whose name and shape are those of `module`; returns how many."""
    own = module.state_dict()
    fitting = {k: v.float() for k, v in state.items() if k in own and own[k].shape == v.shape}
    module.load_state_dict(fitting, strict=False)
    return len(fitting)


def calm_start(module: AutoencoderDC, level: int) -> None:
    """Let blocks from `level` on begin as their shortcuts alone: learning starts from a blurred copy."""
    for side in (module.encoder.down_blocks, module.decoder.up_blocks):
        for blocks in side[level:]:
            for part in blocks:
                if hasattr(part, "norm"):
                    nn.init.zeros_(part.norm.weight)
                else:
                    part.conv.weight.data.mul_(0.1)


def one_scale_normalizer(latents: Tensor) -> LatentNormalizer:
    """A normalizer of raw latents [N, C, h, w]: each channel's own mean, one deviation for all of them.

    A channel that says little keeps its small variance, so that the denoiser spends little on it.
    """
    values = latents.detach().float()
    mean = values.mean((0, 2, 3))
    std = (values - mean[None, :, None, None]).square().mean().sqrt()
    return LatentNormalizer.from_statistics(mean, std.expand_as(mean).clone())


class CompactAutoencoderStage:
    """Learn to write a picture as few latents and read it back.

    crop           side of the crops in pixels; of 1 in 4 batches twice that side, a quarter as many
    latent_noise   deviation of the noise on the latents over theirs, drawn anew for each picture in [0, this]
    pooled_share   of the steps, those that decode pooled latents, too (by 2; in a third of them by 4)
    upper_weight   weight of the latents' share of variance in the upper bands: detail pays for its variance
    """

    def __init__(
        self,
        pictures: np.ndarray,
        module: AutoencoderDC,
        *,
        crop: int | None = 128,
        edge_weight: float = 1.0,
        latent_noise: float = 0.4,
        pooled_share: float = 0.5,
        pooled_weight: float = 1.0,
        upper_weight: float = 0.0,
    ) -> None:
        self.pictures = pictures
        self.module: nn.Module = module.to(memory_format=torch.channels_last)
        self.crop, self.edge_weight, self.latent_noise = crop, edge_weight, latent_noise
        self.pooled_share, self.pooled_weight = pooled_share, pooled_weight
        self.upper_weight = upper_weight

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """One group of all weights."""
        return [{"params": [p for p in self.module.parameters() if p.requires_grad], "lr": learning_rate}]

    def noised(self, latents: Tensor, generator: torch.Generator) -> Tensor:
        """Latents with noise of a strength drawn for each picture."""
        share = torch.rand(len(latents), 1, 1, 1, generator=generator) * self.latent_noise
        return latents + torch.randn(latents.shape, generator=generator) * latents.detach().std() * share

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        """Reconstruction of a batch, and of its pooled latents."""
        index = torch.randint(0, len(self.pictures), (batch_size,), generator=generator)
        large, pooled, by_four = (
            torch.rand(3, generator=generator) < torch.tensor([0.25, self.pooled_share, 0.3])
        ).tolist()
        if self.crop is not None and large:
            index = index[: max(1, batch_size // 4)]
        crop = None if self.crop is None else self.crop * (2 if large else 1)
        target = picture_batch(self.pictures, index, crop=crop, generator=generator)
        with torch.autocast("cpu", torch.bfloat16):
            latents = self.module.encode(target).latent.float()
            output = self.module.decode(self.noised(latents, generator)).sample.float()
            loss = reconstruction_loss(output, target, self.edge_weight) + 1e-4 * latents.square().mean()
            if pooled:
                factor = 4 if by_four and latents.shape[-1] >= 4 else 2
                small = self.module.decode(self.noised(F.avg_pool2d(latents, factor), generator)).sample
                aim = F.avg_pool2d(target, factor)
                loss = loss + self.pooled_weight * reconstruction_loss(small.float(), aim, self.edge_weight)
        mse = F.mse_loss(output.detach().clamp(-1, 1), target)
        figures = {"psnr_db": float(-10 * torch.log10(mse / 4))}
        if self.upper_weight:
            upper = upper_band_power(latents)
            loss, figures["upper"] = loss + self.upper_weight * upper, float(upper.detach())
        return loss, figures

    @torch.no_grad()
    def sample(self, module: nn.Module, path: Path) -> None:
        """Eight pictures above what is read back of them."""
        generator = torch.Generator().manual_seed(0)
        index = torch.arange(min(8, len(self.pictures)))
        target = picture_batch(self.pictures, index, crop=None, generator=generator)
        with torch.autocast("cpu", torch.bfloat16):
            output = module.decode(module.encode(target).latent).sample.float()
        save_sheet(torch.cat([target, output]), path, columns=len(index))
