"""The judge: which sources a picture shows, and how strongly."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

JUDGED_PX = 128
"""Side of the pictures that judges are trained on; larger ones are brought to it."""


class _Block(nn.Module):
    """Residual pair of 3x3 convolutions with batch normalisation."""

    def __init__(self, inner: int, outer: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inner, outer, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outer)
        self.conv2 = nn.Conv2d(outer, outer, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outer)
        self.skip = nn.Conv2d(inner, outer, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = F.silu(self.norm1(self.conv1(x)))
        return F.silu(self.norm2(self.conv2(y)) + self.skip(x))


class PictureJudge(ModelMixin, ConfigMixin):
    """Small residual network: pictures [B, 3, H, W] in [-1, 1] -> presence logits, levels [B, sources]."""

    @register_to_config
    def __init__(self, sources: int = 16, widths: tuple[int, ...] = (16, 32, 64, 128, 160)) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, widths[0], 4, 2, 1)
        self.blocks = nn.ModuleList(_Block(a, b, 2) for a, b in pairwise(widths))
        self.presence = nn.Linear(2 * widths[-1], sources)
        self.level = nn.Linear(2 * widths[-1], sources)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        x = F.silu(self.stem(pictures))
        for block in self.blocks:
            x = block(x)
        feature = torch.cat([x.mean((2, 3)), x.amax((2, 3))], -1)
        return self.presence(feature), torch.sigmoid(self.level(feature))

    @torch.no_grad()
    def read(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Probability of presence and judged level (level times presence), [B, sources] each."""
        self.eval()
        logits, level = self(judged_size(pictures))
        presence = logits.sigmoid()
        return presence, level * presence


def judged_size(pictures: Tensor) -> Tensor:
    """Pictures [B, 3, H, W] no larger than judges are trained on."""
    if pictures.shape[-1] <= JUDGED_PX:
        return pictures
    return F.interpolate(pictures, size=(JUDGED_PX, JUDGED_PX), mode="area")


def load_judge(bundle: Path, name: str = "judge") -> PictureJudge:
    """The judge that a bundle carries: it measures pictures and never takes part in painting them.

    name   "judge", or "features": the one whose features pictures are compared by

    Raises:
        FileNotFoundError: the bundle has none.
    """
    folder = bundle / name
    if not folder.exists():
        raise FileNotFoundError(f"{folder} is missing; a bundle needs a judge to be evaluated")
    return PictureJudge.from_pretrained(folder).eval()


def judged_levels(judge: PictureJudge, images: Sequence[Image.Image], side_px: int) -> NDArray[np.float32]:
    """Judged level of every source in pictures of any size, [N, sources] in 0..1.

    side_px   the size of the pictures that the judge was trained on
    """
    small = [image.convert("RGB").resize((side_px, side_px), Image.Resampling.LANCZOS) for image in images]
    pixels = torch.from_numpy(np.stack([np.asarray(image) for image in small]))
    _, levels = judge.read(pixels.permute(0, 3, 1, 2).float() / 127.5 - 1)
    return levels.numpy()
