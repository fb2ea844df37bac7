"""Upscaler: pictures twice as large. Small enough for a processor, and run tile by tile."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from sonic_ui.models.compact_autoencoder import ResidualBlock
from sonic_ui.requests import BadInput

FOLDER = "upscaler"
"""Of a bundle."""

RELEASED_REACH_PX = 32
"""Which neighbourhood tiles of released networks are read with: pixels further away count for little."""

NO_SPANDREL = (
    "This engine’s upscaler needs the package spandrel. Install it (pip install spandrel) and start the app "
    "again, or change to the miniature, which has an upscaler of its own."
)
UNKNOWN_NETWORK = (
    "“{name}” is no upscaler of colour pictures that spandrel knows. Name another file in the engine’s "
    "description."
)


class PictureUpscaler(ModelMixin, ConfigMixin):
    """Pictures [B, 3, H, W] in [-1, 1] -> [B, 3, 2 H, 2 W].

    What bicubic interpolation gives, and a residual on it: residual blocks without norms at the small size,
    then a pixel shuffle. The interpolation keeps the type of the pictures, the rest computes in that of the
    weights. Source: EDSR (arXiv 1707.02921), section 3.
    """

    scale = 2

    @register_to_config
    def __init__(self, channels: int = 48, depth: int = 6) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(3, channels, 3, 1, 1)
        self.blocks = nn.ModuleList(ResidualBlock(channels) for _ in range(depth))
        self.conv_out = nn.Conv2d(channels, 3 * self.scale**2, 3, 1, 1)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)

    @property
    def reach_px(self) -> int:
        """How far a pixel's neighbourhood reaches: one a convolution, two for the interpolation."""
        return max(2, 2 * len(self.blocks) + 2)

    def forward(self, pictures: Tensor) -> Tensor:
        x = self.conv_in(pictures.to(self.conv_in.weight.dtype))
        for block in self.blocks:
            x = block(x)
        smooth = F.interpolate(pictures, scale_factor=self.scale, mode="bicubic", align_corners=False)
        sharp: Tensor = smooth + F.pixel_shuffle(self.conv_out(F.silu(x)), self.scale).to(smooth.dtype)
        return sharp


@dataclass(frozen=True)
class Upscaler:
    """A network that makes pictures larger, with what is to be known to call it on tiles.

    network    pictures [1, 3, H, W] in [low, 1] -> `scale` times as large, in the same range
    reach_px   how far a pixel's neighbourhood reaches
    device     where it lies
    low        what black is: -1 or 0
    """

    network: Any
    scale: int
    reach_px: int
    device: Any
    low: float = -1.0

    def enlarge(self, picture: Tensor, tile_px: int) -> Iterator[Tensor]:
        """A picture [1, 3, H, W] in 0..1 tile by tile: after each, what there is so far [1, 3, s H, s W].

        Each tile is read with its neighbourhood, so that the seams do not show.
        """
        _, _, height, width = picture.shape
        given = self.low + (1 - self.low) * picture
        whole = torch.empty(1, 3, height * self.scale, width * self.scale)
        for top, bottom in tile_edges(height, tile_px):
            for left, right in tile_edges(width, tile_px):
                y0, x0 = max(0, top - self.reach_px), max(0, left - self.reach_px)
                y1, x1 = min(height, bottom + self.reach_px), min(width, right + self.reach_px)
                part = given[..., y0:y1, x0:x1].to(self.device)
                made = self.network(part).float().cpu()
                made = ((made - self.low) / (1 - self.low)).clamp(0, 1)
                rows = slice((top - y0) * self.scale, (bottom - y0) * self.scale)
                columns = slice((left - x0) * self.scale, (right - x0) * self.scale)
                place = whole[..., top * self.scale : bottom * self.scale, :]
                place[..., left * self.scale : right * self.scale] = made[..., rows, columns]
                yield whole


def load_network(folder: Path, device: Any) -> Upscaler:
    """A `PictureUpscaler` out of its folder."""
    network = PictureUpscaler.from_pretrained(folder, dtype=torch.float32).to(device).eval()
    return Upscaler(network, network.scale, network.reach_px, device)


def load_released(path: Path, device: Any) -> Upscaler:
    """A released upscaler in one file, of any architecture that spandrel knows (ESRGAN, SwinIR and others).

    Raises BadInput where spandrel is not installed, and for a file that holds no such network.
    """
    try:
        from spandrel import ImageModelDescriptor, ModelLoader, UnsupportedModelError
    except ImportError:
        raise BadInput(NO_SPANDREL, "bundle") from None
    try:
        model = ModelLoader(device=device).load_from_file(path)
    except UnsupportedModelError:
        raise BadInput(UNKNOWN_NETWORK.format(name=path.name), "bundle") from None
    if not isinstance(model, ImageModelDescriptor) or model.scale < 2 or model.input_channels != 3:
        raise BadInput(UNKNOWN_NETWORK.format(name=path.name), "bundle")
    return Upscaler(model.eval(), model.scale, RELEASED_REACH_PX, device, low=0.0)


def tile_edges(length: int, tile_px: int) -> list[tuple[int, int]]:
    """Where tiles of about `tile_px` begin and end along `length` pixels, as even as they can be."""
    count = max(1, round(length / tile_px))
    edges = [number * length // count for number in range(count + 1)]
    return list(pairwise(edges))
