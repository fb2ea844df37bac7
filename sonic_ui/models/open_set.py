"""Open-set head: the probability that a sound is one of the sources that the encoder can name.

It reads the hidden features of CLAP's `TagHead` (`models/tagged_clap.py`), or, in bundles from before there
was one, spectral and texture statistics of the log-mel. The latter are after McDermott and Simoncelli, "Sound
Texture Perception via Statistics of the Auditory Periphery", 2011: a texture is known by moments of its
bands, their modulation and their correlations; none depends on the level.
"""

import math
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from sonic_ui.models.encoders import SoundWindows
from sonic_ui.models.timbre import MELS, TIMBRE, StandardizedModule, spectral_statistics

FOLDER = "open_set"
"""Of a bundle that has one."""

WIDE, NARROW = 8, 16
"""Numbers of bands, each of as many neighbouring bins."""
LAGS = tuple(sorted({round(1.17**k) for k in range(34)}))
"""Of the autocorrelation, in frames of 20 ms: 20 ms to 3.5 s."""
MODULATION_BINS, MODULATION_RATES = 6, 10
CEPSTRA = 20
LEAST_FRAMES = 2 * LAGS[-1]
TEXTURE = (
    WIDE * len(LAGS)
    + WIDE * (WIDE - 1) // 2
    + 2 * NARROW
    + 2 * CEPSTRA
    + 2 * MELS
    + MODULATION_BINS * MODULATION_RATES
    + 8
)
"""Size of what `texture_statistics` gives."""


def texture_statistics(mels: Tensor) -> Tensor:
    """Log-mels [B, 1, T, 64] in dB -> [B, TEXTURE], float32. A short one is repeated."""
    mel = mels[:, 0].float()
    if mel.shape[1] < LEAST_FRAMES:
        mel = mel.repeat(1, -(-LEAST_FRAMES // mel.shape[1]), 1)
    power = (mel * (math.log(10) / 10)).exp()
    mel = mel - 10 * power.mean((1, 2), keepdim=True).clamp(min=1e-10).log10()
    mel = mel.clamp(min=-60.0)
    wide = mel.unflatten(-1, (WIDE, -1)).mean(-1)
    parts = [_periodicity(wide), _coupling(wide), _shape(mel.unflatten(-1, (NARROW, -1)).mean(-1))]
    parts += [_cepstra(mel), _tonality(mel), _joint_modulation(mel), _onsets(mel)]
    return torch.cat(parts, -1)


def _periodicity(bands: Tensor) -> Tensor:
    """Autocorrelation of each band's course [B, T, WIDE] at LAGS -> [B, WIDE * lags]."""
    course = bands - bands.mean(1, keepdim=True)
    size = 2 * course.shape[1]
    spectrum = torch.fft.rfft(course, size, dim=1).abs().square()
    like = torch.fft.irfft(spectrum, size, dim=1)
    return (like[:, list(LAGS)] / (like[:, :1] + 1.0)).flatten(1)


def _coupling(bands: Tensor) -> Tensor:
    """Correlations of the bands with each other [B, pairs]."""
    course = F.normalize(bands - bands.mean(1, keepdim=True), dim=1, eps=1.0)
    rows, columns = torch.triu_indices(WIDE, WIDE, 1)
    return (course.transpose(1, 2) @ course)[:, rows, columns]


def _shape(bands: Tensor) -> Tensor:
    """Skewness and log kurtosis of each band over time [B, 2 * NARROW]."""
    z = (bands - bands.mean(1, keepdim=True)) / (bands.std(1, keepdim=True) + 0.5)
    return torch.cat([z.pow(3).mean(1).clamp(-6, 6), (z.pow(4).mean(1) + 0.1).log()], -1)


@lru_cache(maxsize=1)
def _cosines() -> Tensor:
    bins = (torch.arange(MELS) + 0.5) / MELS
    return torch.stack([torch.cos(math.pi * k * bins) for k in range(1, CEPSTRA + 1)], 1) / MELS


def _cepstra(mel: Tensor) -> Tensor:
    """Log deviations of the cepstrum over time, and of its change [B, 2 * CEPSTRA]."""
    cepstrum = mel @ _cosines().to(mel)
    return torch.cat([(cepstrum.std(1) + 0.01).log(), (cepstrum.diff(dim=1).std(1) + 0.01).log()], -1)


def _tonality(mel: Tensor) -> Tensor:
    """How far each bin stands above its neighbours, in the mean and on average in frames [B, 2 * MELS]."""
    near = F.avg_pool1d(mel, 9, 1, 4, count_include_pad=False)
    above = mel - near
    return torch.cat([above.mean(1), above.abs().mean(1)], -1)


def _joint_modulation(mel: Tensor) -> Tensor:
    """Log power of joint modulations [B, MODULATION_BINS * MODULATION_RATES], over bins and over time."""
    plane = torch.fft.rfft2((mel - mel.mean((1, 2), keepdim=True)).transpose(1, 2), dim=(1, 2)).abs()
    plane = plane + plane.flip(1).roll(1, 1)  # upward and downward alike
    edges = torch.logspace(0, math.log10(plane.shape[2] - 1), MODULATION_RATES + 1).round().long().tolist()
    turns = (0, 1, 2, 4, 7, 12, 20)
    cells = [
        plane[:, low:high, first : max(last, first + 1)].square().mean((1, 2))
        for low, high in pairwise(turns)
        for first, last in pairwise(edges)
    ]
    return (torch.stack(cells, 1) / (mel.shape[1] * mel.shape[2]) + 1e-3).log()


def _onsets(mel: Tensor) -> Tensor:
    """Quantiles of the frames' rise and of their level, in dB over the median [B, 8]."""
    rise = mel.diff(dim=1).clamp(min=0).mean(-1)
    level = mel.mean(-1)
    quantiles = mel.new_tensor([0.5, 0.75, 0.9, 0.98])
    rises = torch.quantile(rise, quantiles, dim=1).T
    levels = torch.quantile(level - level.median(1, keepdim=True).values, 1 - quantiles / 1.02, dim=1).T
    return torch.cat([(rises + 0.05).log(), levels], -1)


STATISTICS = TIMBRE + TEXTURE
"""Size of what `sound_statistics` gives."""
IN_DB = (0, 2, 3, 6, 7, 8, 9, 10)
"""Of `spectral_statistics`'s rows of bins those in dB: mean, least, most and quantiles."""


def sound_statistics(mels: Tensor) -> Tensor:
    """Log-mels [B, 1, T, 64] in dB -> [B, STATISTICS], float32: timbre, less the mean level, and texture."""
    return torch.cat([without_level(spectral_statistics(mels)), texture_statistics(mels)], -1)


def without_level(statistics: Tensor) -> Tensor:
    """Spectral statistics [B, TIMBRE], those in dB less the mean of the bins' means."""
    out, level = statistics.clone(), statistics[:, :MELS].mean(1, keepdim=True)
    for row in IN_DB:
        out[:, row * MELS : (row + 1) * MELS] -= level
    return out


class StatisticsBody(StandardizedModule):
    """Statistics [B, STATISTICS] -> features [B, width / 2]: standardized, then a perceptron."""

    def __init__(self, width: int, dropout: float = 0.3) -> None:
        super().__init__(STATISTICS)
        self.layers = nn.Sequential(
            nn.Dropout(0.1),
            nn.Linear(STATISTICS, width),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(width, width // 2),
            nn.GELU(),
            nn.Dropout(dropout),
        )

    def forward(self, statistics: Tensor) -> Tensor:
        """Statistics as `sound_statistics` gives them."""
        return self.layers(self.standardized(statistics).to(self.layers[1].weight.dtype))


TAGS, OF_MELS = "tags", "statistics"
"""What a head may read."""


class OpenSetHead(ModelMixin, ConfigMixin):
    """Tags [B, width], or statistics [B, STATISTICS] of log-mels -> logits [B, sources + 1].

    They are of the sources, then of any other kind.

    The buffers `scale` and `offset` are Platt's calibration of the log-odds of a known source (1999);
    `threshold` is the known-probability that 95 % of the known recordings of the tuning set reach.

    reads   TAGS or OF_MELS; width: of the tags, or of the perceptron on statistics
    """

    scale: Tensor
    offset: Tensor
    threshold: Tensor

    @register_to_config
    def __init__(self, sources: int = 16, width: int = 384, reads: str = OF_MELS) -> None:
        super().__init__()
        of_tags = reads == TAGS
        self.body: nn.Module = nn.Identity() if of_tags else StatisticsBody(width)
        self.kinds = nn.Linear(width if of_tags else width // 2, sources + 1)
        self.register_buffer("scale", torch.tensor(1.0))
        self.register_buffer("offset", torch.tensor(0.0))
        self.register_buffer("threshold", torch.tensor(0.5))

    def forward(self, values: Tensor) -> Tensor:
        """Logits [B, sources + 1]."""
        return self.kinds(self.body(values).to(self.kinds.weight.dtype))

    def values_of(self, sounds: SoundWindows) -> Tensor:
        """What it reads of windows. Raises ValueError where it needs a `TagHead` that the encoder lacks."""
        if self.config["reads"] == OF_MELS:
            return sound_statistics(sounds.mels.to(self.device))
        if sounds.tags is None:
            raise ValueError("This open-set head reads tags, and the audio encoder has none.")
        return sounds.tags.to(self.device)

    def log_odds(self, values: Tensor) -> Tensor:
        """Log-odds [B], float32, that the sound is of a known source; not calibrated."""
        logits = self(values).float()
        return logits[:, :-1].logsumexp(-1) - logits[:, -1]

    def probability(self, log_odds: Tensor) -> Tensor:
        """Calibrated probabilities [B] in [0, 1], float32."""
        return torch.sigmoid(self.scale.float() * log_odds.float() + self.offset.float())


@torch.no_grad()
def known_log_odds(head: OpenSetHead, sounds: SoundWindows) -> Tensor:
    """Log-odds [B] of clips that `encoders.read_sounds` read, not calibrated: the mean over their windows."""
    return sounds.mean_of_clips(head.log_odds(head.values_of(sounds)))


def load_open_set(bundle: Path) -> OpenSetHead | None:
    """The open-set head of a bundle; None where it has none."""
    folder = bundle / FOLDER
    return OpenSetHead.from_pretrained(folder).eval() if folder.is_dir() else None
