"""CLAP's ear for timbre."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import ClapModel

from sonic_ui.models.timbre import BANDS, MELS, RATES, TIMBRE, TimbreClapModel, spectral_statistics
from sonic_ui.testing.tiny_models import debug_clap


def pulsing(rate_hz: float, frames: int = 251, frame_s: float = 0.02) -> Tensor:
    """A log-mel [1, 1, T, 64] that rises and falls by 10 dB."""
    times = torch.arange(frames) * frame_s
    return (-50 + 10 * torch.sin(2 * math.pi * rate_hz * times))[None, None, :, None].expand(-1, -1, -1, MELS)


def test_timbre_tells_spectrum_deviation_and_rate() -> None:
    slow, fast = spectral_statistics(pulsing(1)), spectral_statistics(pulsing(12))
    assert slow.shape == (1, TIMBRE)
    assert torch.allclose(slow[0, :MELS], torch.full((MELS,), -50.0), atol=0.5)
    assert torch.allclose(slow[0, MELS : 2 * MELS], torch.full((MELS,), 10 / math.sqrt(2)), atol=0.2)
    rates = [one[0, -BANDS * RATES :].view(RATES, BANDS)[:, 0].argmax() for one in (slow, fast)]
    assert rates[0] < rates[1]


@pytest.mark.parametrize("frames", [3, 40, 1001])
def test_timbre_of_any_length_is_finite(frames: int) -> None:
    heard = spectral_statistics(pulsing(3, frames=frames))
    assert heard.shape == (1, TIMBRE) and torch.isfinite(heard).all()


def test_other_features_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(1, 1, 251, 32\)"):
        spectral_statistics(pulsing(3)[..., :32])


@pytest.fixture(scope="module")
def clap() -> TimbreClapModel:
    torch.manual_seed(0)
    return TimbreClapModel(debug_clap().config).eval()


@torch.no_grad()
def test_an_untrained_ear_adds_nothing(clap: TimbreClapModel) -> None:
    stock = ClapModel(clap.config).eval()
    stock.load_state_dict(clap.state_dict(), strict=False)
    mels = pulsing(4)
    longer = torch.zeros(1, 1, dtype=torch.bool)
    expected = stock.get_audio_features(mels, is_longer=longer).pooler_output
    assert torch.equal(clap.get_audio_features(mels, is_longer=longer).pooler_output, expected)


@torch.no_grad()
def test_the_ear_is_kept_with_the_model(clap: TimbreClapModel, tmp_path: Path) -> None:
    torch.nn.init.normal_(clap.timbre.layers[-1].weight)
    clap.timbre.mean.fill_(-50)
    longer = torch.zeros(1, 1, dtype=torch.bool)
    heard = clap.get_audio_features(pulsing(4), is_longer=longer).pooler_output
    clap.save_pretrained(str(tmp_path))
    again = TimbreClapModel.from_pretrained(str(tmp_path)).eval()
    assert torch.allclose(
        again.get_audio_features(pulsing(4), is_longer=longer).pooler_output, heard, atol=1e-5
    )
    clap.timbre.reset()
    assert not torch.allclose(
        clap.get_audio_features(pulsing(4), is_longer=longer).pooler_output, heard, atol=1e-2
    )
