"""The autoencoder's decoder alone, once more: latents as a denoiser leaves them, and a critic of patches.

The encoder is fixed, so latents stay what the denoiser has learned. Source of the critic: arXiv 1611.07004;
of matching its features: arXiv 1711.11585.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from sonic_ui.models.latents import LatentNormalizer
from sonic_ui.training.autoencoder import reconstruction_loss
from sonic_ui.training.sheets import save_sheet


class PatchCritic(nn.Module):
    """Pictures [B, 3, H, W] -> scores of patches [B, 1, H/8, W/8], and the maps on the way there."""

    def __init__(self, widths: tuple[int, ...] = (32, 64, 128)) -> None:
        super().__init__()
        sides = zip((3, *widths[:-1]), widths, strict=True)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in sides)
        self.score = nn.Conv2d(widths[-1], 1, 3, 1, 1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, list[Tensor]]:
        maps, x = [], pictures
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
            maps.append(x)
        return self.score(x), maps


class SharpDecoderStage:
    """Train the decoder of an `AutoencoderDC` on cached latents; the critic learns beside it.

    pictures   uint8 [N, H, W, 3]
    latents    normalised [N, K, C, h, w]: K ways to tell a picture: its own latents, or a denoiser's
    critic     weight of its opinion; 0 leaves it out
    """

    def __init__(
        self,
        pictures: np.ndarray,
        latents: Tensor,
        decoder: nn.Module,
        normalizer: LatentNormalizer,
        *,
        latent_noise: float = 0.15,
        edge_weight: float = 1.0,
        critic: float = 0.05,
        matching: float = 0.5,
    ) -> None:
        self.pictures, self.latents, self.normalizer = pictures, latents, normalizer
        self.latent_noise, self.edge_weight, self.weight, self.matching = (
            latent_noise,
            edge_weight,
            critic,
            matching,
        )
        self.module: nn.Module = nn.ModuleDict({"decoder": decoder, "critic": PatchCritic()}).to(
            memory_format=torch.channels_last
        )

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """The decoder, and the critic at a rate of its own."""
        module: Any = self.module
        return [
            {"params": list(module["decoder"].parameters()), "lr": learning_rate},
            {"params": list(module["critic"].parameters()), "lr": 4e-4, "weight_decay": 0.0},
        ]

    def batch(self, generator: torch.Generator, size: int) -> tuple[Tensor, Tensor]:
        """Raw latents [B, C, h, w] with a little noise, and the pictures that they tell."""
        index = torch.randint(0, len(self.latents), (size,), generator=generator)
        way = torch.randint(0, self.latents.shape[1], (size,), generator=generator)
        z = self.latents[index, way].float()
        share = torch.rand(size, 1, 1, 1, generator=generator) * self.latent_noise
        z = self.normalizer.denormalize(z + share * torch.randn(z.shape, generator=generator))
        target = torch.from_numpy(self.pictures[index.numpy()]).permute(0, 3, 1, 2).float() / 127.5 - 1
        last = torch.channels_last
        return z.contiguous(memory_format=last), target.contiguous(memory_format=last)

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        """Reconstruction, the critic's opinion and features, and the critic's own loss."""
        module: Any = self.module
        z, target = self.batch(generator, batch_size)
        with torch.autocast("cpu", torch.bfloat16):
            output = module["decoder"](z).float()
            loss = reconstruction_loss(output, target, self.edge_weight)
            figures = {"l1": float(F.l1_loss(output.detach(), target))}
            if self.weight:
                loss = loss + self._critic_terms(output, target, generator, figures)
        return loss, figures

    def _critic_terms(
        self, output: Tensor, target: Tensor, generator: torch.Generator, figures: dict[str, float]
    ) -> Tensor:
        """Hinge losses on a crop: the critic's own, and what it says to the decoder."""
        module: Any = self.module
        critic, side = module["critic"], output.shape[-1] // 2
        y, x = torch.randint(0, side + 1, (2,), generator=generator).tolist()
        made, true = (some[..., y : y + side, x : x + side] for some in (output, target))
        score_true, maps_true = critic(true)
        score_made, _ = critic(made.detach())
        own = F.relu(1 - score_true.float()).mean() + F.relu(1 + score_made.float()).mean()
        fixed = {k: v.detach() for k, v in critic.named_parameters()}
        said, maps = functional_call(critic, fixed, (made,))
        match = torch.stack(
            [F.l1_loss(a.float(), b.detach().float()) for a, b in zip(maps, maps_true, strict=True)]
        )
        figures |= {"critic": own.item(), "said": said.float().mean().item()}
        return own - self.weight * said.float().mean() + self.matching * match.sum()

    @torch.no_grad()
    def sample(self, module: nn.Module, path: Path) -> None:
        """Eight pictures above what the decoder makes of their latents."""
        averaged: Any = module
        z = self.normalizer.denormalize(self.latents[:8, -1].float())
        target = torch.from_numpy(self.pictures[:8]).permute(0, 3, 1, 2).float() / 127.5 - 1
        with torch.autocast("cpu", torch.bfloat16):
            output = averaged["decoder"](z.contiguous(memory_format=torch.channels_last)).float()
        save_sheet(torch.cat([target, output]), path, columns=8)
