"""Overlapping windows of latents in time, for sounds longer than a denoiser was trained on.

Source: MultiDiffusion (arXiv 2302.08113, equation 5). All windows read the same noisy latents; each is
denoised as a sound of its own, and where windows overlap their predictions are averaged. The cost grows
linearly with the length. Free of torch, so that the engine can count windows beforehand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

OVERLAP = 0.25
"""The least share of a window that it has in common with the next."""


def window_count(length: float, size: float) -> int:
    """Windows of `size` that cover `length`, each overlapping the next by OVERLAP of it or more."""
    if length <= size:
        return 1
    return 1 + math.ceil((length - size) / (size * (1 - OVERLAP)) - 1e-9)


@dataclass(frozen=True)
class LatentWindows:
    """Windows of `size` latents in time that begin at `starts`.

    In `split` and `merge`, `dim` is the dimension of time, in which one latent covers `scale` values.
    """

    size: int
    starts: tuple[int, ...]

    @classmethod
    def covering(cls, total: int, size: int) -> Self:
        """The fewest windows over `total` latents, evenly spread; a single one where it is longer."""
        count = window_count(total, size)
        return cls(size, tuple(round(i * (total - size) / (count - 1)) if i else 0 for i in range(count)))

    @property
    def total(self) -> int:
        """Latents that are covered."""
        return self.starts[-1] + self.size

    def split(self, values: Tensor, dim: int = -2, scale: int = 1) -> list[Tensor]:
        """The windows' parts of values over the whole time."""
        return [values.narrow(dim, start * scale, self.size * scale) for start in self.starts]

    def merge(self, parts: Sequence[Tensor], dim: int = -2, scale: int = 1) -> Tensor:
        """Values over the whole time: the weighted mean of the windows' parts, or the only one."""
        if len(parts) == 1:
            return parts[0]
        shape = list(parts[0].shape)
        shape[dim] = self.total * scale
        merged = parts[0].new_zeros(shape)
        for start, part, weights in zip(self.starts, parts, self.weights(scale), strict=True):
            column = part.new_tensor(weights).reshape(-1, *[1] * (-dim - 1))
            merged.narrow(dim, start * scale, self.size * scale).add_(part * column)
        return merged

    def weights(self, scale: int = 1) -> list[NDArray[np.float64]]:
        """Weights [size * scale] of every window, Hann's; those of all windows add up to 1 everywhere."""
        size = self.size * scale
        hann = np.sin(np.pi * (np.arange(size) + 0.5) / size) ** 2
        total = np.zeros(self.total * scale)
        for start in self.starts:
            total[start * scale : start * scale + size] += hann
        return [hann / total[start * scale : start * scale + size] for start in self.starts]
