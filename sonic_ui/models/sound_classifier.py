"""Classifier of sounds: which source a log-mel is of, whatever its level and its slow rise and fall."""

from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

FOLDER = "sound_classifier"
"""Where a bundle keeps its classifier: it measures sounds and never takes part in making them."""

QUIETEST_NATS = 5.2
"""Frames that are further below the loudest one (45 dB) say nothing about what sounds."""

SLOW_FRAMES = 51
"""Frames of 10 ms over which the slow course of the level is averaged, and taken out."""

POOLED_FRAMES = 4
"""Frames of 10 ms that are averaged before the convolutions."""

WINDOW_MAPS = 3
"""Maps of 320 ms that one feature vector is averaged over: about a second."""


class SoundClassifier(ModelMixin, ConfigMixin):
    """Small convolutional network: log-mels [B, T, M] -> logits [B, sources].

    It reads the spectrum of every frame without its level, how far the level is from its mean over half a
    second, and which frames are audible at all: an envelope drawn over a sound changes little of that.
    """

    @register_to_config
    def __init__(self, sources: int = 16, widths: tuple[int, ...] = (16, 32, 64), dropout: float = 0.2):
        super().__init__()
        layers: list[nn.Module] = []
        for inner, outer in pairwise((3, *widths)):
            layers += [nn.Conv2d(inner, outer, 3, 2, 1, bias=False), nn.BatchNorm2d(outer), nn.SiLU()]
            layers += [nn.Conv2d(outer, outer, 3, 1, 1, groups=outer, bias=False)]
            layers += [nn.Conv2d(outer, outer, 1, bias=False), nn.BatchNorm2d(outer), nn.SiLU()]
        self.maps = nn.Sequential(*layers)
        self.mix = nn.Conv1d(8 * widths[-1], widths[-1], 3, padding=1)
        self.drop = nn.Dropout(dropout)
        self.leave = nn.Linear(2 * widths[-1], sources)

    def features(self, mels: Tensor) -> Tensor:
        """Features [B, D, T / 32] over time, before the pooling."""
        x = self.maps(F.avg_pool2d(level_free(mels), (POOLED_FRAMES, 1)))  # [B, C, T / 32, M / 8]
        return F.silu(self.mix(x.permute(0, 1, 3, 2).flatten(1, 2)))

    def window_features(self, mels: Tensor) -> Tensor:
        """Features of every second [N, D] of log-mels [B, T, M]: what distances of distributions are of."""
        pooled = F.avg_pool1d(self.features(mels), WINDOW_MAPS)
        return pooled.transpose(1, 2).flatten(0, 1)

    def forward(self, mels: Tensor) -> Tensor:
        x = self.drop(self.features(mels))
        return self.leave(torch.cat([x.mean(-1), x.amax(-1)], -1))


def level_free(mels: Tensor) -> Tensor:
    """Log-mels [B, T, M] -> channels [B, 3, T, M] without the level and its slow course.

    Spectrum relative to the frame's energy, level relative to its local mean, and whether it is audible.
    """
    level = torch.logsumexp(2 * mels, dim=-1) / 2  # [B, T]
    audible = torch.sigmoid(4 * (level - level.amax(-1, keepdim=True) + QUIETEST_NATS))
    spectrum = (mels - level[..., None] + 3).clamp(-4, 3) / 2
    weights = F.avg_pool1d(audible[:, None], SLOW_FRAMES, 1, SLOW_FRAMES // 2)[:, 0]
    mean = F.avg_pool1d((audible * level)[:, None], SLOW_FRAMES, 1, SLOW_FRAMES // 2)[:, 0]
    fast = (level - mean / weights.clamp(min=1e-3)).clamp(-2, 2) * audible
    shape = mels.shape
    rows = [spectrum * audible[..., None], fast[..., None].expand(shape), audible[..., None].expand(shape)]
    return torch.stack(rows, 1)


def load_sound_classifier(bundle: Path) -> SoundClassifier | None:
    """The classifier of a bundle; None where it has none."""
    folder = bundle / FOLDER
    return SoundClassifier.from_pretrained(folder).float().eval() if folder.is_dir() else None
