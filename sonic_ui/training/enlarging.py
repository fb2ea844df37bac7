"""Train the enlarger of an `EnlargingAutoencoder`: the inner part is fixed, a critic learns beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from sonic_ui.models.enlarging_autoencoder import EnlargingAutoencoder
from sonic_ui.models.latents import LatentNormalizer
from sonic_ui.training.autoencoder import reconstruction_loss
from sonic_ui.training.patch_critic import PatchCritic


class EnlargerStage:
    """Learn to paint pictures large from what latents tell.

    pictures   uint8 [N, H, W, 3]
    latents    normalised [N, K, C, h, w]: K ways to tell a picture: its own latents, or a denoiser's
    critic     weight of the critic's opinion of patches; 0 leaves it out
    matching   weight of the distance of its features (arXiv 1711.11585)
    patch      side of the crops in small pixels; `crops` of each picture
    """

    margin = 4  # small pixels at the rim of a crop that are not judged

    def __init__(
        self,
        pictures: Any,
        latents: Tensor,
        autoencoder: EnlargingAutoencoder,
        normalizer: LatentNormalizer,
        *,
        critic: float = 0.0,
        matching: float = 0.5,
        edge_weight: float = 1.0,
        latent_noise: float = 0.15,
        patch: int = 24,
        crops: int = 3,
    ) -> None:
        self.pictures, self.latents, self.normalizer = pictures, latents, normalizer
        self.inner = autoencoder.inner.requires_grad_(False)
        self.weight, self.matching, self.edge_weight = critic, matching, edge_weight
        self.noise, self.patch, self.crops = latent_noise, patch, crops
        self.scale = autoencoder.enlargement
        parts = {"enlarger": autoencoder.enlarger, "critic": PatchCritic()}
        self.module: nn.Module = nn.ModuleDict(parts).to(memory_format=torch.channels_last)

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """The enlarger, and the critic at a rate of its own."""
        module: Any = self.module
        return [
            {"params": list(module["enlarger"].parameters()), "lr": learning_rate},
            {"params": list(module["critic"].parameters()), "lr": 4e-4, "weight_decay": 0.0},
        ]

    @torch.no_grad()
    def told(self, index: Tensor, generator: torch.Generator) -> Tensor:
        """Small pictures [B, 3, h, w] that the inner decoder makes of latents with a little noise."""
        way = torch.randint(0, self.latents.shape[1], (len(index),), generator=generator)
        z = self.latents[index, way].float()
        share = torch.rand(len(z), 1, 1, 1, generator=generator) * self.noise
        raw = self.normalizer.denormalize(z + share * torch.randn(z.shape, generator=generator))
        small: Tensor = self.inner.decode(raw.contiguous(memory_format=torch.channels_last)).sample
        return small.float()

    def cut(self, small: Tensor, large: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Crops of small pictures [B * crops, 3, p, p] and the large pixels of their middles."""
        p, m = min(self.patch, small.shape[-1]), self.margin
        some, true = [], []
        for b in range(len(small)):
            for _ in range(self.crops):
                y, x = torch.randint(0, small.shape[-1] - p + 1, (2,), generator=generator).tolist()
                some.append(small[b, :, y : y + p, x : x + p])
                rows, columns = (slice((k + m) * self.scale, (k + p - m) * self.scale) for k in (y, x))
                true.append(large[b, :, rows, columns])
        last = torch.channels_last
        return torch.stack(some).contiguous(memory_format=last), torch.stack(true).contiguous(
            memory_format=last
        )

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        """Reconstruction of crops, and the critic's terms."""
        module: Any = self.module
        index = torch.randint(0, len(self.latents), (batch_size,), generator=generator)
        large = (
            torch.from_numpy(np.asarray(self.pictures[index.numpy()])).permute(0, 3, 1, 2).float() / 127.5 - 1
        )
        rim = self.margin * self.scale
        with torch.autocast("cpu", torch.bfloat16):
            small, target = self.cut(self.told(index, generator), large, generator)
            output = module["enlarger"](small).float()[..., rim:-rim, rim:-rim]
            loss = reconstruction_loss(output, target, self.edge_weight)
            figures = {"l1": float(F.l1_loss(output.detach(), target))}
            if self.weight:
                loss = loss + self._critic_terms(output, target, figures)
        return loss, figures

    def _critic_terms(self, output: Tensor, target: Tensor, figures: dict[str, float]) -> Tensor:
        """Hinge loss of the critic, and what it says to the enlarger."""
        module: Any = self.module
        critic = module["critic"]
        score_true, maps_true = critic(target)
        score_made, _ = critic(output.detach())
        own = F.relu(1 - score_true.float()).mean() + F.relu(1 + score_made.float()).mean()
        fixed = {k: v.detach() for k, v in critic.named_parameters()}
        said, maps = functional_call(critic, fixed, (output,))
        match = torch.stack(
            [F.l1_loss(a.float(), b.detach().float()) for a, b in zip(maps, maps_true, strict=True)]
        )
        figures |= {"critic": own.item(), "said": said.float().mean().item()}
        return own - self.weight * said.float().mean() + self.matching * match.sum()
