"""YAMNet's convolutions: features of a network that was trained on the two million recordings of AudioSet.

YAMNet (Plakal and Ellis, TensorFlow Model Garden, Apache-2.0) is MobileNet v1 (arXiv 1704.04861) on log-mels
of 0.96 s, as VGGish has them (Hershey et al. 2017, arXiv 1609.09430, section 3.1). Its last three pairs of
convolutions and its 521 labels are left out: below a perceptron that is trained on them, the features before
told sources of strangers' recordings apart as well as those of the last pairs, at two thirds of the weights.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from sonic_ui.audio.decode import resample
from sonic_ui.models.quantized import QuantizedConv2d

SAMPLE_RATE = 16_000
WINDOW, HOP, FFT, MELS = 400, 160, 512, 64
LOWEST_HZ, HIGHEST_HZ = 125.0, 7500.0
LOG_OFFSET = 0.001
PATCH_FRAMES, PATCH_HOP = 96, 48
"""Frames of 10 ms that one feature is of, and from one to the next."""

WIDTHS = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512)
HALVED = (False, True, False, True, False, True, False, False, False, False)
"""Of every separable convolution, from one width to the next: whether it halves the map."""
FEATURES = 2 * WIDTHS[-1]
"""Size of what `YamnetFeatures` gives."""


class YamnetFeatures(nn.Module):
    """Patches of log-mels [B, P, 96, 64] -> features [B, FEATURES]: mean over the patches, and most."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [QuantizedConv2d(1, WIDTHS[0], 3, 2), nn.ReLU6()]
        for (inner, outer), halved in zip(pairwise(WIDTHS), HALVED, strict=True):
            layers += [QuantizedConv2d(inner, inner, 3, 2 if halved else 1, groups=inner), nn.ReLU6()]
            layers += [QuantizedConv2d(inner, outer, 1), nn.ReLU6()]
        self.layers = nn.Sequential(*layers)

    @torch.no_grad()
    def forward(self, patches: Tensor) -> Tensor:
        """The features are float32; the weights are fixed and get no gradient."""
        first: Any = self.layers[0]
        maps = self.layers(patches.flatten(0, 1)[:, None].to(first.bias.dtype))
        each = maps.float().mean((2, 3)).unflatten(0, patches.shape[:2])  # [B, P, D]
        return torch.cat([each.mean(1), each.amax(1)], -1)


def yamnet_patches(windows: Sequence[NDArray[np.float32]], sample_rate: int) -> Tensor:
    """Windows of one length, mono at `sample_rate` -> patches of log-mels [B, P, 96, 64], float32.

    Raises ValueError for windows shorter than a patch, 0.975 s.
    """
    samples = torch.from_numpy(np.stack([resample(window, sample_rate, SAMPLE_RATE) for window in windows]))
    shortest = WINDOW + (PATCH_FRAMES - 1) * HOP
    if samples.shape[-1] < shortest:
        raise ValueError(
            f"Sounds of {samples.shape[-1] / SAMPLE_RATE:.2f} s were given; YAMNet needs at least "
            f"{shortest / SAMPLE_RATE:.3f} s."
        )
    frames = samples.unfold(-1, WINDOW, HOP) * torch.hann_window(WINDOW)
    mels = torch.fft.rfft(F.pad(frames, (0, FFT - WINDOW))).abs() @ _mel_filters()
    return (mels + LOG_OFFSET).log().unfold(1, PATCH_FRAMES, PATCH_HOP).transpose(2, 3)


@cache
def _mel_filters() -> Tensor:
    """Triangles [FFT / 2 + 1, MELS], even in HTK's mel, not normalised; nothing of the constant part."""
    from librosa import hz_to_mel

    edges = np.linspace(hz_to_mel(LOWEST_HZ, htk=True), hz_to_mel(HIGHEST_HZ, htk=True), MELS + 2)
    at = hz_to_mel(np.linspace(0, SAMPLE_RATE / 2, FFT // 2 + 1), htk=True)[:, None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    filters = np.maximum(0, np.minimum((at - low) / (centre - low), (high - at) / (high - centre)))
    filters[0] = 0
    return torch.from_numpy(filters.astype(np.float32))
