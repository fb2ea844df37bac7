"""CLAP with a second head: spectral statistics of the log-mel add to the transformer's embedding.

Departs from `ClapModel` for a reason that was measured: trained on fewer sounds, a small perceptron on these
statistics tells two sounds at once apart twice as often as the small audio transformer, which sees patches
of a third of a second and averages over them.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import ClapConfig, ClapModel, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutputWithPooling

__all__ = [
    "PreTrainedModel",
    "SpectralStatsHead",
    "TimbreClapModel",
    "spectral_statistics",
]  # diffusers reads the first

MELS = 64
BANDS, RATES = 16, 20
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
TIMBRE = (6 + len(QUANTILES)) * MELS + BANDS * RATES
"""Size of what `spectral_statistics` gives."""


def spectral_statistics(mels: Tensor) -> Tensor:
    """Log-mels [B, 1, T, 64] in dB -> [B, TIMBRE], float32.

    Of every bin over time: mean, deviation, least, most and quantiles (the low ones are of what never stops,
    the high ones of what comes and goes), and mean and deviation of its change from frame to frame; of bands
    of bins the log modulation spectrum at logarithmic rates (Greenberg and Kingsbury 1997).

    Raises ValueError for another number of bins and for fewer than three frames.
    """
    if mels.ndim != 4 or mels.shape[1] != 1 or mels.shape[-1] != MELS or mels.shape[2] < 3:
        raise ValueError(f"Log-mels of shape {tuple(mels.shape)} were given; [B, 1, T > 2, {MELS}] is needed")
    mel = mels[:, 0].float()
    change = mel.diff(dim=1)
    bins = [mel.mean(1), mel.std(1), mel.amin(1), mel.amax(1), change.abs().mean(1), change.std(1)]
    bins += list(torch.quantile(mel, torch.tensor(QUANTILES, device=mel.device), dim=1))
    bands = mel.unflatten(-1, (BANDS, MELS // BANDS)).mean(-1)  # [B, T, BANDS]
    spectrum = torch.fft.rfft(bands - bands.mean(1, keepdim=True), dim=1).abs()
    rates = [spectrum[:, low:high].mean(1) for low, high in _ranges(spectrum.shape[1])]
    modulation = (torch.stack(rates, 1) + 1e-3).log().flatten(1)
    return torch.cat([*bins, modulation], -1)


def _ranges(lines: int) -> list[tuple[int, int]]:
    """RATES logarithmic ranges of spectral lines above the zeroth; none is empty."""
    edges = np.geomspace(1, max(2, lines - 1), RATES + 1).round().astype(int)
    edges = np.maximum(edges, np.arange(1, RATES + 2)).tolist()
    starts = [min(edge, lines - 1) for edge in edges[:-1]]
    return [(low, max(high, low + 1)) for low, high in zip(starts, edges[1:], strict=True)]


class TimbreClapModel(ClapModel):
    """A `ClapModel` whose audio embedding is the transformer's plus a perceptron's on `spectral_statistics`.

    The config's `timbre_width` is the perceptron's width. Its last layer starts at zero: an untrained one
    embeds as the `ClapModel` does.
    """

    def __init__(self, config: ClapConfig) -> None:
        super().__init__(config)
        width = int(getattr(config, "timbre_width", 768))
        self.timbre = SpectralStatsHead(width, int(config.projection_dim))

    def get_audio_features(
        self, input_features: Tensor, is_longer: Tensor | None = None, **kwargs: Any
    ) -> BaseModelOutputWithPooling:
        """As `ClapModel.get_audio_features`; `pooler_output` [B, D] is the sum, not normalised."""
        output = super().get_audio_features(input_features=input_features, is_longer=is_longer, **kwargs)
        output.pooler_output = output.pooler_output + self.timbre(spectral_statistics(input_features))
        return output


class StandardizedModule(nn.Module):
    """A module on features [..., F] that are standardized first: mean and deviation are its buffers.

    least_std   deviations below are raised to it; limit: values beyond are cut
    """

    mean: Tensor
    std: Tensor
    least_std, limit = 1e-2, 6.0

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("std", torch.ones(features))

    def standardize(self, features: Tensor) -> None:
        """Take mean and deviation from sounds [N, F]."""
        self.mean.copy_(features.mean(0))
        self.std.copy_(features.std(0).clamp(min=self.least_std))

    def standardized(self, features: Tensor) -> Tensor:
        """Features [..., F] as the module reads them, float32."""
        known = (features.float() - self.mean.float()) / self.std.float()
        return known.clamp(-self.limit, self.limit)


class SpectralStatsHead(StandardizedModule):
    """Timbre [B, TIMBRE] -> what it adds to the embedding [B, D]."""

    limit = 8.0

    def __init__(self, width: int, embedding_dim: int, dropout: float = 0.2) -> None:
        super().__init__(TIMBRE)
        self.layers = nn.Sequential(
            nn.Linear(TIMBRE, width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(width, width // 2),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(width // 2, embedding_dim),
        )
        self.reset()

    def reset(self) -> None:
        """Add nothing yet."""
        last: Any = self.layers[-1]
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, statistics: Tensor) -> Tensor:
        """Statistics as `spectral_statistics` gives them."""
        return self.layers(self.standardized(statistics).to(self.layers[0].weight.dtype))
