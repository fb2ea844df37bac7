"""Spoiled pictures: what a stranger would not name, for a judge that must not go by colours alone.

Each function takes pictures [B, 3, H, W] in [-1, 1] and gives pictures of the same shape.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonic_ui.models.picture_judge import PictureJudge
from sonic_ui.scenes.world import Scene
from sonic_ui.training.clip import scene_factors

Spoiler = Callable[[Tensor, torch.Generator], Tensor]


def warped(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Shapes bent beyond recognition by a smooth random displacement of up to a fifth of the picture."""
    b, _, h, w = pictures.shape
    coarse = torch.randn(b, 2, 7, 7, generator=generator) * 0.17
    bend = F.interpolate(coarse, size=(h, w), mode="bicubic", align_corners=True)
    plain = F.affine_grid(torch.eye(2, 3).expand(b, 2, 3), [b, 3, h, w], align_corners=False)
    grid = plain + bend.permute(0, 2, 3, 1)
    return F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)


def smeared(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Only blobs of colour are left: averaged to between 6 and 11 cells a side."""
    side = int(torch.randint(6, 12, (), generator=generator))
    small = F.interpolate(pictures, size=(side, side), mode="area")
    out = F.interpolate(small, size=pictures.shape[-2:], mode="bicubic", align_corners=False)
    grain = F.avg_pool2d(torch.randn(pictures.shape, generator=generator), 3, 1, 1)
    return (out + 0.12 * grain).clamp(-1, 1)


def shuffled(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Patches of a quarter or an eighth of the side in random order."""
    b, c, h, w = pictures.shape
    cells = int(4 * 2 ** torch.randint(0, 2, (), generator=generator))
    x = pictures.reshape(b, c, cells, h // cells, cells, w // cells).permute(0, 2, 4, 1, 3, 5).flatten(1, 2)
    x = x[:, torch.randperm(cells * cells, generator=generator)]
    x = x.unflatten(1, (cells, cells)).permute(0, 3, 1, 4, 2, 5)
    return x.reshape(b, c, h, w)


def torn(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Bands of two pictures in turns, each moved sideways: halves of two things."""
    other = pictures.roll(1, 0).flip(-1)
    h = pictures.shape[-2]
    count = int(torch.randint(3, 7, (), generator=generator))
    rows = torch.arange(h) * count // h
    shifts = torch.randint(-40, 41, (count,), generator=generator).tolist()
    bands = [(pictures if k % 2 else other).roll(shifts[k], -1) for k in range(count)]
    return torch.stack(bands)[rows, :, :, torch.arange(h)].permute(1, 2, 0, 3)


def melted(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Fine displacement and blur: the picture's colours where they were, its outlines gone."""
    b, _, h, w = pictures.shape
    coarse = torch.randn(b, 2, 16, 16, generator=generator) * 0.085
    bend = F.interpolate(coarse, size=(h, w), mode="bicubic", align_corners=True)
    plain = F.affine_grid(torch.eye(2, 3).expand(b, 2, 3), [b, 3, h, w], align_corners=False)
    out = F.grid_sample(
        pictures, plain + bend.permute(0, 2, 3, 1), padding_mode="reflection", align_corners=False
    )
    return F.avg_pool2d(out, 7, 1, 3, count_include_pad=False)


SPOILERS: tuple[Spoiler, ...] = (warped, smeared, shuffled, torn, melted)


class HonestJudgeStage:
    """Presence and level of every source in renders; in spoiled ones (a share of each batch) nothing.

    pictures   uint8 [N, H, W, 3] with their scenes; the spoiled ones are made of them
    """

    def __init__(
        self, pictures: np.ndarray, scenes: list[Scene], judge: PictureJudge, *, spoiled_share: float = 0.35
    ) -> None:
        self.pictures, self.scenes, self.spoiled_share = pictures, scenes, spoiled_share
        self.module: nn.Module = judge.to(memory_format=torch.channels_last)

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """One group of all weights."""
        return [{"params": list(self.module.parameters()), "lr": learning_rate}]

    def varied(self, pictures: Tensor, generator: torch.Generator) -> Tensor:
        """Small changes that leave the scene the same: contrast, colour, softness, noise, a shift."""
        b = len(pictures)
        gain = 1 + 0.12 * torch.randn(b, 3, 1, 1, generator=generator)
        lift = 0.08 * torch.randn(b, 1, 1, 1, generator=generator)
        soft = F.avg_pool2d(pictures, 3, 1, 1, count_include_pad=False)
        share = torch.rand(b, 1, 1, 1, generator=generator)
        noise = 0.04 * torch.randn(pictures.shape, generator=generator)
        moved = (pictures * (1 - share) + soft * share) * gain + lift + noise
        dy, dx = torch.randint(-4, 5, (2,), generator=generator).tolist()
        return moved.roll((dy, dx), (-2, -1)).clamp(-1, 1)

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        """Cross-entropy of presence, and the error in level of what is there."""
        index = torch.randint(0, len(self.pictures), (batch_size,), generator=generator)
        batch = torch.from_numpy(self.pictures[index.numpy()]).permute(0, 3, 1, 2).float() / 127.5 - 1
        levels, presence = scene_factors(self.scenes, index)
        spoiled = round(self.spoiled_share * batch_size)
        spoil = SPOILERS[int(torch.randint(len(SPOILERS), (), generator=generator))]
        batch = torch.cat([spoil(batch[:spoiled], generator), batch[spoiled:]])
        presence[:spoiled] = 0
        batch = self.varied(batch, generator).contiguous(memory_format=torch.channels_last)
        logits, level = self.module(batch)
        here = F.binary_cross_entropy_with_logits(logits, presence, reduction="none").sum(-1).mean()
        error = ((level - levels).abs() * presence).sum() / presence.sum().clamp(min=1)
        clean = logits[spoiled:].detach()
        hit = presence[spoiled:].gather(1, clean.argmax(-1, keepdim=True)).mean()
        refused = (logits[:spoiled].detach() < 0).all(-1).float().mean() if spoiled else torch.ones(())
        return here + 4 * error, {"hit": float(hit), "refused": float(refused), "level_error": error.item()}

    def sample(self, module: nn.Module, path: Path) -> None:
        """Nothing to look at: its figures on held-out renders and spoiled ones are printed."""
