"""Vocoder: log-mels to samples by a small network that ends in an inverse STFT."""

from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from sonic_ui.models.mel import (
    CLAMP,
    DRAFT_ITERATIONS,
    FMAX_HZ,
    HOP,
    MELS,
    SAMPLE_RATE,
    WINDOW,
    check_log_mels,
    griffin_lim,
    mel_filters,
    spectrum,
)

LARGEST = 200.0
"""Of a bin's magnitude: a sine of full scale in a Hann window of 1024 has 256."""


class TimeBlock(nn.Module):
    """ConvNeXt block over time [B, C, T] (arXiv 2201.03545, as Vocos uses it)."""

    def __init__(self, width: int, inner: int, scale: float) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, inner)
        self.narrow = nn.Linear(inner, width)
        self.scale = nn.Parameter(torch.full((width,), scale))

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.depthwise(x).transpose(1, 2))
        return x + (self.scale * self.narrow(F.gelu(self.widen(y)))).transpose(1, 2)


class SpectralVocoder(ModelMixin, ConfigMixin):
    """Log-mels to samples; called as transformers' `SpeechT5HifiGan` is.

    A convolutional trunk over the frames gives every bin's phase and a factor on its magnitude; an inverse
    STFT makes the samples. Source: Vocos (arXiv 2306.00814), section 3. Ours: the magnitudes start from what
    the mel filters say of them; there is fixed noise beside the log-mels, as smooth log-mels say nothing of
    the grain of a noise; and of the samples only the magnitudes are kept. Small networks repeat their phases
    from frame to frame, which buzzes: a few steps of Griffin-Lim find others.

    width, inner   channels of the trunk and within a block
    noise          channels of noise
    iterations     of Griffin-Lim; 0 keeps the network's phases
    """

    @register_to_config
    def __init__(
        self,
        sampling_rate: int = SAMPLE_RATE,
        window: int = WINDOW,
        hop: int = HOP,
        model_in_dim: int = MELS,
        fmax_hz: float = FMAX_HZ,
        width: int = 160,
        inner: int = 352,
        blocks: int = 4,
        noise: int = 8,
        iterations: int = 16,
    ) -> None:
        super().__init__()
        self.conv_in = nn.Conv1d(model_in_dim + noise, width, 7, padding=3)
        self.norm_in = nn.LayerNorm(width)
        self.trunk = nn.ModuleList(TimeBlock(width, inner, 1 / blocks) for _ in range(blocks))
        self.norm_out = nn.LayerNorm(width)
        self.head = nn.Linear(width, 2 * (window // 2 + 1))
        nn.init.trunc_normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def forward(
        self, spectrogram: Tensor, noise: Tensor | None = None, iterations: int | None = None
    ) -> Tensor:
        """Log-mels [B, frames, mels] or [frames, mels] -> samples [B, frames * hop] or [frames * hop].

        noise        [B, channels, frames] of unit variance; by default always the same
        iterations   other than the configuration's

        Raises:
            ValueError: log-mels of another number of bands.
        """
        if spectrogram.ndim == 2:
            return self(spectrogram[None], noise, iterations)[0]
        c: Any = self.config
        check_log_mels(spectrogram, c.model_in_dim)
        length = spectrogram.shape[1] * c.hop
        samples = self._samples(*self.spectrum(spectrogram, noise), length)
        iterations = c.iterations if iterations is None else iterations
        if not iterations:
            return samples
        return griffin_lim(spectrum(samples, c.window, c.hop).abs(), length, iterations, c.window, c.hop)

    def draft(self, spectrogram: Tensor) -> Tensor:
        """As `forward`, quicker, with rough phases: for sounds that are only compared."""
        samples: Tensor = self(spectrogram, None, DRAFT_ITERATIONS)
        return samples

    def spectrum(self, spectrogram: Tensor, noise: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Magnitudes and phases [B, bins, frames] of log-mels [B, frames, mels]."""
        c: Any = self.config
        mels = spectrogram.float()
        if noise is None:
            noise = fixed_noise(c.noise, mels.shape[1])[None].expand(len(mels), -1, -1).to(mels.device)
        # Near zero mean and unit variance: log-mels of sounds lie between -11.5 and about 2.
        read = torch.cat([(mels.transpose(1, 2) + 6) / 3, noise], 1).to(self.conv_in.weight.dtype)
        x = self.norm_in(self.conv_in(read).transpose(1, 2)).transpose(1, 2)
        for block in self.trunk:
            x = block(x)
        factor, phase = self.head(self.norm_out(x.transpose(1, 2))).float().transpose(1, 2).chunk(2, 1)
        spread = bin_weights(c.sampling_rate, c.window, c.model_in_dim, c.fmax_hz).to(mels.device)
        start = (spread @ mels.exp().transpose(1, 2)).clamp(min=CLAMP)
        return (start * factor.clamp(max=6).exp()).clamp(max=LARGEST), phase

    def _samples(self, magnitude: Tensor, phase: Tensor, length: int) -> Tensor:
        c: Any = self.config
        spectra = F.pad(torch.polar(magnitude, phase), (0, 1))  # a centred spectrum has one frame more
        shape = torch.hann_window(c.window, device=magnitude.device)
        return torch.istft(spectra, c.window, c.hop, window=shape, length=length)


@lru_cache(maxsize=4)
def bin_weights(sample_rate: int, window: int, mels: int, fmax_hz: float) -> Tensor:
    """Weights [bins, mels] that give each bin's magnitude from mel magnitudes: exact where these are even."""
    filters = torch.from_numpy(mel_filters(sample_rate, window, mels, fmax_hz).copy())
    gains = filters.sum(1, keepdim=True)  # of an even spectrum
    shares = filters / gains
    return (shares / shares.sum(0).clamp(min=1e-6) / gains).T.contiguous()


def fixed_noise(channels: int, frames: int) -> Tensor:
    """Noise [channels, frames] of unit variance, the same at every call; the first frames of a longer one."""
    noise = torch.randn(frames, channels, generator=torch.Generator().manual_seed(0))
    return noise.T
