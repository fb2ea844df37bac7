"""Classifier of pictures: which sources a picture shows, and how strongly."""

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

CLASSIFIER_PX = 128
"""Largest side in pixels that classifiers read; larger pictures are averaged to it."""


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


class PresenceClassifier(ModelMixin, ConfigMixin):
    """Small residual network: pictures [B, 3, H, W] in [-1, 1] -> presence logits and
    intensities [B, sources].
    """

    @register_to_config
    def __init__(self, sources: int = 16, widths: tuple[int, ...] = (16, 32, 64, 128, 160)) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, widths[0], 4, 2, 1)
        self.blocks = nn.ModuleList(_Block(a, b, 2) for a, b in pairwise(widths))
        self.presence = nn.Linear(2 * widths[-1], sources)
        self.level = nn.Linear(2 * widths[-1], sources)

    def features(self, pictures: Tensor) -> Tensor:
        """Features [B, D] before the heads: means and maxima over the last maps."""
        x = F.silu(self.stem(shrink_for_classifier(pictures)))
        for block in self.blocks:
            x = block(x)
        return torch.cat([x.mean((2, 3)), x.amax((2, 3))], -1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        feature = self.features(pictures)
        return self.presence(feature), torch.sigmoid(self.level(feature))

    @torch.no_grad()
    def predict(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Probability of presence, and intensity (times presence), [B, sources] each."""
        self.eval()
        logits, intensity = self(pictures)
        presence = logits.sigmoid()
        return presence, intensity * presence


def shrink_for_classifier(pictures: Tensor) -> Tensor:
    """Pictures [B, C, H, W], averaged to `CLASSIFIER_PX` where they are larger."""
    if pictures.shape[-1] <= CLASSIFIER_PX:
        return pictures
    return F.interpolate(pictures, size=(CLASSIFIER_PX, CLASSIFIER_PX), mode="area")


def load_classifier(bundle: Path, folder_name: str = "judge") -> PresenceClassifier:
    """A classifier of a bundle: it measures pictures and never takes part in painting them.

    folder_name   "judge", or "features" for the one whose features pictures are compared by

    Raises:
        FileNotFoundError: the bundle has none.
    """
    folder = bundle / folder_name  # saved format: the folders' names in bundles
    if not folder.exists():
        raise FileNotFoundError(f"{folder} is missing; a bundle needs it to be evaluated")
    return PresenceClassifier.from_pretrained(folder).eval()


def predict_intensities(
    classifier: PresenceClassifier, images: Sequence[Image.Image], side_px: int
) -> NDArray[np.float32]:
    """Intensity of every source in pictures of any size, [N, sources] in 0..1.

    side_px   the size of the pictures that the classifier was trained on
    """
    small = [image.convert("RGB").resize((side_px, side_px), Image.Resampling.LANCZOS) for image in images]
    pixels = torch.from_numpy(np.stack([np.asarray(image) for image in small]))
    _, intensities = classifier.predict(pixels.permute(0, 3, 1, 2).float() / 127.5 - 1)
    return intensities.numpy()
