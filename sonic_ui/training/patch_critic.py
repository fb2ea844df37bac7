"""A critic of patches: which small parts of pictures are painted, which made. Source: arXiv 1611.07004."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


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
