"""Sounds as log-mels, in AudioLDM's format, and back to samples through Griffin-Lim.

16 kHz, window 1024, hop 160, 64 bins to 8 kHz, natural logarithm of magnitudes not below 1e-5 (AudioLDM,
arXiv 2301.12503, section 3): what `SpeechT5HifiGan` of AudioLDM reads, so that either vocoder fits.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Self

import numpy as np
import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from numpy.typing import NDArray
from torch import Tensor

SAMPLE_RATE = 16_000
WINDOW = 1024
HOP = 160
MELS = 64
FMAX_HZ = 8000.0
CLAMP = 1e-5
DRAFT_ITERATIONS = 4
LOG_FLOOR = float(np.log(CLAMP))
"""The log-mel of silence."""


@lru_cache(maxsize=4)
def mel_filters(
    sample_rate: int = SAMPLE_RATE, window: int = WINDOW, mels: int = MELS, fmax_hz: float = FMAX_HZ
) -> NDArray[np.float32]:
    """Slaney's triangular filters [mels, window / 2 + 1]."""
    from librosa.filters import mel

    return mel(sr=sample_rate, n_fft=window, n_mels=mels, fmin=0.0, fmax=fmax_hz).astype(np.float32)


def spectrum(samples: Tensor, window: int = WINDOW, hop: int = HOP) -> Tensor:
    """Complex spectra [B, window / 2 + 1, T / hop + 1] of mono samples [B, T], centred."""
    shape = torch.hann_window(window, device=samples.device)
    return torch.stft(samples, window, hop, window=shape, pad_mode="reflect", return_complex=True)


def log_mel(samples: Tensor) -> Tensor:
    """Mono samples [B, T] at 16 kHz -> log-mels [B, T / 160, 64]. T is at least 513."""
    filters = torch.from_numpy(mel_filters()).to(samples.device)
    magnitude = spectrum(samples.float()).abs()[..., : samples.shape[-1] // HOP]
    return (filters @ magnitude).clamp(min=CLAMP).log().transpose(1, 2)


def check_log_mels(spectrogram: Tensor, mels: int) -> None:
    """Raise ValueError unless log-mels are [B, frames, mels]."""
    if spectrogram.ndim != 3 or spectrogram.shape[-1] != mels:
        raise ValueError(
            f"Log-mels of shape {tuple(spectrogram.shape)} were given; [B, frames, {mels}] is needed."
        )


def griffin_lim(
    magnitude: Tensor,
    length: int,
    iterations: int,
    window: int = WINDOW,
    hop: int = HOP,
    momentum: float = 0.99,
) -> Tensor:
    """Samples [B, length] whose spectrum has about these magnitudes [B, bins, frames]; from fixed phases.

    Source: fast Griffin-Lim (Perraudin, Balazs and Søndergaard 2013).
    """
    shape = torch.hann_window(window, device=magnitude.device)
    generator = torch.Generator().manual_seed(0)
    angles = 2 * torch.pi * torch.rand(magnitude.shape[1:], generator=generator).to(magnitude.device)
    phases = torch.polar(torch.ones_like(magnitude), angles.expand_as(magnitude))
    before = torch.zeros_like(phases)
    samples = magnitude.new_zeros(len(magnitude), length)
    for _ in range(iterations):
        samples = torch.istft(magnitude * phases, window, hop, window=shape, length=length)
        rebuilt = spectrum(samples, window, hop)
        ahead = rebuilt - before * (momentum / (1 + momentum))
        phases, before = ahead / ahead.abs().clamp(min=1e-9), rebuilt
    return samples


class GriffinLimVocoder(ModelMixin, ConfigMixin):
    """Log-mels to samples without learned weights; called as transformers' `SpeechT5HifiGan` is.

    Magnitudes of the linear spectrum are found by multiplicative updates of non-negative least squares (Lee
    and Seung 2001), phases by `griffin_lim`.

    iterations   of Griffin-Lim: more are slower and clearer
    """

    _keep_in_fp32_modules = ["filters"]  # noqa: RUF012
    filters: Tensor

    @register_to_config
    def __init__(
        self,
        sampling_rate: int = SAMPLE_RATE,
        window: int = WINDOW,
        hop: int = HOP,
        model_in_dim: int = MELS,
        fmax_hz: float = FMAX_HZ,
        iterations: int = 32,
        momentum: float = 0.99,
    ) -> None:
        super().__init__()
        filters = mel_filters(sampling_rate, window, model_in_dim, fmax_hz)
        self.register_buffer("filters", torch.from_numpy(filters.copy()))

    @torch.no_grad()
    def forward(self, spectrogram: Tensor, iterations: int | None = None) -> Tensor:
        """Log-mels [B, frames, mels] or [frames, mels] -> samples [B, frames * hop] or [frames * hop]."""
        if spectrogram.ndim == 2:
            return self(spectrogram[None], iterations)[0]
        c: Any = self.config
        check_log_mels(spectrogram, c.model_in_dim)
        magnitude = self.magnitudes(spectrogram.float().exp().transpose(1, 2))
        padded = F.pad(magnitude, (0, 1), mode="replicate")  # a centred spectrum has one frame more
        length = spectrogram.shape[1] * c.hop
        return griffin_lim(padded, length, iterations or c.iterations, c.window, c.hop, c.momentum)

    def draft(self, spectrogram: Tensor) -> Tensor:
        """As `forward` in a quarter of the time, with rough phases: for sounds that are only compared."""
        return self(spectrogram, DRAFT_ITERATIONS)

    def magnitudes(self, mel: Tensor, updates: int = 30) -> Tensor:
        """Mel magnitudes [B, mels, frames] -> linear magnitudes [B, bins, frames] that give them."""
        filters = self.filters.float()
        wanted = filters.T @ mel
        gram = filters.T @ filters
        found = wanted.clamp(min=1e-8)
        for _ in range(updates):
            found = found * wanted / (gram @ found + 1e-8)
        return found

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move as asked, but keep the full precision of the filters."""
        filters = self.filters
        super()._apply(fn, recurse)
        if self.filters.dtype != filters.dtype and not self.filters.is_meta:
            self.filters = filters.to(self.filters.device)
        return self
