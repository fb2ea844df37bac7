"""Picture autoencoder: L1 with weight on edges, and noise on the latents so that the decoder forgives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderDC
from torch import Tensor, nn

from sonic_ui.training.contact_sheets import save_sheet


def build_autoencoder(
    latent_channels: int = 16,
    channels: tuple[int, ...] = (16, 32, 64, 128),
    layers: tuple[int, ...] = (0, 1, 2, 2),
) -> AutoencoderDC:
    """A small `AutoencoderDC` of residual blocks; its factor is 2 ** (number of levels - 1)."""
    blocks = ("ResBlock",) * len(channels)
    return AutoencoderDC(
        in_channels=3,
        latent_channels=latent_channels,
        encoder_block_types=blocks,
        decoder_block_types=blocks,
        encoder_block_out_channels=channels,
        decoder_block_out_channels=channels,
        encoder_layers_per_block=layers,
        decoder_layers_per_block=layers,
        encoder_qkv_multiscales=((),) * len(channels),
        decoder_qkv_multiscales=((),) * len(channels),
        scaling_factor=1.0,
    )


def picture_batch(
    pictures: np.ndarray, index: Tensor, *, crop: int | None, generator: torch.Generator
) -> Tensor:
    """Pictures [B, 3, h, w] in [-1, 1], mirrored half of the time, cropped to `crop` pixels if given."""
    size = pictures.shape[1]
    out = []
    for i in index.tolist():
        picture = pictures[i]
        if crop is not None and crop < size:
            y, x = torch.randint(0, size - crop + 1, (2,), generator=generator).tolist()
            picture = picture[y : y + crop, x : x + crop]
        if torch.rand((), generator=generator) < 0.5:
            picture = picture[:, ::-1]
        out.append(torch.from_numpy(np.ascontiguousarray(picture)))
    batch = torch.stack(out).permute(0, 3, 1, 2).float() / 127.5 - 1
    return batch.contiguous(memory_format=torch.channels_last)


def edges(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Horizontal and vertical differences of pictures [B, C, H, W]."""
    return pictures[..., :, 1:] - pictures[..., :, :-1], pictures[..., 1:, :] - pictures[..., :-1, :]


def reconstruction_loss(output: Tensor, target: Tensor, edge_weight: float) -> Tensor:
    """L1 of the pixels, plus `edge_weight` times the L1 of their differences (thin things survive)."""
    loss = F.l1_loss(output, target)
    for a, b in zip(edges(output), edges(target), strict=True):
        loss = loss + edge_weight * F.l1_loss(a, b)
    return loss


class AutoencoderStage:
    """Learn to write a picture as latents and read it back. Source: AutoencoderDC (arXiv 2410.10733)."""

    def __init__(
        self,
        pictures: np.ndarray,
        module: AutoencoderDC,
        *,
        crop: int | None = 64,
        edge_weight: float = 1.0,
        latent_noise: float = 0.08,
        decoder_only: bool = False,
    ) -> None:
        self.pictures = pictures
        if decoder_only:
            module.encoder.requires_grad_(False)
        self.module: nn.Module = module.to(memory_format=torch.channels_last)
        self.crop = crop
        self.edge_weight = edge_weight
        self.latent_noise = latent_noise

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        return [{"params": [p for p in self.module.parameters() if p.requires_grad], "lr": learning_rate}]

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        index = torch.randint(0, len(self.pictures), (batch_size,), generator=generator)
        target = picture_batch(self.pictures, index, crop=self.crop, generator=generator)
        latents = self.module.encode(target).latent  # [B, C, h/8, w/8]
        noise = torch.randn(latents.shape, generator=generator) * latents.detach().std() * self.latent_noise
        output = self.module.decode(latents + noise).sample
        loss = reconstruction_loss(output, target, self.edge_weight)
        small = 1e-4 * latents.pow(2).mean()
        mse = F.mse_loss(output.detach().clamp(-1, 1), target)
        return loss + small, {"psnr_db": float(-10 * torch.log10(mse / 4))}

    @torch.no_grad()
    def sample(self, module: nn.Module, path: Path) -> None:
        generator = torch.Generator().manual_seed(0)
        index = torch.arange(min(8, len(self.pictures)))
        target = picture_batch(self.pictures, index, crop=None, generator=generator)
        output = module.decode(module.encode(target).latent).sample
        save_sheet(torch.cat([target, output]), path, columns=len(index))
