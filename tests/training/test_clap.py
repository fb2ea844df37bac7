"""What the audio encoder is told to hear."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from sonic_ui.training.clap import BANDS, MELS, RATES, TIMBRE, timbre


def pulsing(rate_hz: float, frames: int = 251, frame_s: float = 0.02) -> Tensor:
    """A log-mel [1, 1, T, 64] that rises and falls by 10 dB."""
    times = torch.arange(frames) * frame_s
    return (-50 + 10 * torch.sin(2 * math.pi * rate_hz * times))[None, None, :, None].expand(-1, -1, -1, MELS)


def test_timbre_tells_spectrum_deviation_and_rate() -> None:
    slow, fast = timbre(pulsing(1)), timbre(pulsing(12))
    assert slow.shape == (1, TIMBRE)
    assert torch.allclose(slow[0, :MELS], torch.full((MELS,), -50.0), atol=0.5)
    assert torch.allclose(slow[0, MELS : 2 * MELS], torch.full((MELS,), 10 / math.sqrt(2)), atol=0.2)
    rates = [one[0, 2 * MELS :].view(RATES, BANDS)[:, 0].argmax() for one in (slow, fast)]
    assert rates[0] < rates[1]


def test_timbre_of_a_short_sound_is_finite() -> None:
    assert torch.isfinite(timbre(pulsing(3, frames=40))).all()
