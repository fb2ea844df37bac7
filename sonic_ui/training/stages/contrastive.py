"""Losses shared by the embeddings: InfoNCE both ways, and help from the scene's own factors."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonic_ui.scenes.world import Scene


def info_nce(a: Tensor, b: Tensor, logit_scale: Tensor) -> Tensor:
    """Symmetric InfoNCE of L2-normalised embeddings [B, D] (AAI, eq. 1-4; CLIP)."""
    logits = logit_scale * a @ b.T
    target = torch.arange(len(a))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def scene_factors(scenes: list[Scene], index: Tensor) -> tuple[Tensor, Tensor]:
    """Levels and presence [B, sources] of the scenes at `index`."""
    chosen = [scenes[i] for i in index.tolist()]
    return (
        torch.from_numpy(np.stack([s.levels for s in chosen])),
        torch.from_numpy(np.stack([s.presence for s in chosen])),
    )


class FactorHead(nn.Module):
    """Reads presence and level of every source off a feature [B, D]; used in training only."""

    def __init__(self, features: int, sources: int) -> None:
        super().__init__()
        self.presence = nn.Linear(features, sources)
        self.level = nn.Linear(features, sources)

    def loss(self, feature: Tensor, levels: Tensor, presence: Tensor) -> tuple[Tensor, float]:
        """Cross-entropy of presence, as one choice and as many, plus L1 of level where present. Also the
        share of samples whose strongest predicted source is there."""
        logits = self.presence(feature)
        one = F.cross_entropy(logits, presence / presence.sum(-1, keepdim=True))
        here = (
            one + 0.5 * F.binary_cross_entropy_with_logits(logits, presence, reduction="none").sum(-1).mean()
        )
        error = (torch.sigmoid(self.level(feature)) - levels).abs() * presence
        level = error.sum() / presence.sum().clamp(min=1)
        hit = presence.gather(1, logits.argmax(-1, keepdim=True)).mean()
        return here + 2.0 * level, float(hit)


def normalised(x: Tensor) -> Tensor:
    """L2-normalise the last axis."""
    return F.normalize(x, dim=-1)
