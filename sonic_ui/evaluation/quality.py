"""How good pictures are by themselves: distance to renders, sharpness, collapse and variety.

Features are those of a picture classifier that was trained apart (`PictureJudge`), on other renders.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sonic_ui.models.picture_judge import PictureJudge

JUDGED_PX = 128
SHOWN = 0.5
"""Probability from which the judge counts a source as present."""


def judged_size(pictures: Tensor, side_px: int = JUDGED_PX) -> Tensor:
    """Pictures [B, 3, H, W] brought to the size that judges are trained on."""
    if pictures.shape[-1] == side_px:
        return pictures
    return F.interpolate(pictures, size=(side_px, side_px), mode="area")


def to_tensor(pictures: Sequence[Image.Image] | NDArray[np.uint8]) -> Tensor:
    """Pictures -> [B, 3, H, W] in [-1, 1]."""
    array = np.stack([np.asarray(picture) for picture in pictures])
    return torch.from_numpy(array).permute(0, 3, 1, 2).float() / 127.5 - 1


@torch.no_grad()
def picture_features(network: PictureJudge, pictures: Tensor, batch: int = 64) -> Tensor:
    """Features [B, D] before the classifier's heads: means and maxima over the last maps."""
    network.eval()
    rows = []
    for some in pictures.split(batch):
        x = F.silu(network.stem(judged_size(some)))
        for block in network.blocks:
            x = block(x)
        rows.append(torch.cat([x.mean((2, 3)), x.amax((2, 3))], -1))
    return torch.cat(rows)


def kernel_distance(features: Tensor, reference: Tensor) -> float:
    """Unbiased kernel distance of two sets of features [N, D], [M, D]; about 0 for sets of one kind.

    Polynomial kernel of degree 3 on features divided by the reference's spread. Source: arXiv 1801.01401.
    """
    mean, spread = reference.mean(0), reference.std(0).clamp(min=1e-6)
    x, y = ((some - mean) / spread for some in (features.double(), reference.double()))

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.T / a.shape[1] + 1) ** 3

    n, m = len(x), len(y)
    own_x, own_y = kernel(x, x), kernel(y, y)
    within_x = (own_x.sum() - own_x.diagonal().sum()) / (n * (n - 1))
    within_y = (own_y.sum() - own_y.diagonal().sum()) / (m * (m - 1))
    return float(within_x + within_y - 2 * kernel(x, y).mean())


def edge_energy(pictures: Tensor) -> float:
    """Mean squared difference of neighbouring pixels of pictures [B, 3, H, W] in [-1, 1]."""
    across = (pictures[..., :, 1:] - pictures[..., :, :-1]).square().mean()
    down = (pictures[..., 1:, :] - pictures[..., :-1, :]).square().mean()
    return float(across + down)


def collapse_share(judge: PictureJudge, pictures: Tensor) -> float:
    """Share of pictures [B, 3, H, W] in which the judge finds no source at all."""
    presence = torch.cat([judge.read(judged_size(some))[0] for some in pictures.split(64)])
    return float((presence.amax(-1) < SHOWN).float().mean())


def mean_distance(features: Tensor) -> float:
    """Mean distance between the rows of [N, D]."""
    return float(torch.pdist(features.double()).mean())


def variety(groups: Sequence[Tensor], references: Sequence[Tensor]) -> float:
    """Mean distance between pictures of one sound over that between renders of one source.

    groups, references   features [N, D], one set a sound or source, standardised alike
    """
    made = np.mean([mean_distance(group) for group in groups])
    true = np.mean([mean_distance(group) for group in references])
    return float(made / true)
