"""The learned vocoder: shapes, levels, types, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sonic_ui.models.mel import HOP, MELS, log_mel, spectrum
from sonic_ui.models.vocoder import SpectralVocoder, bin_weights


@pytest.fixture(scope="module")
def vocoder() -> SpectralVocoder:
    torch.manual_seed(0)
    return SpectralVocoder(width=16, inner=16, blocks=1).eval()


@torch.no_grad()
def test_log_mels_become_samples_always_the_same(vocoder: SpectralVocoder, tmp_path: Path) -> None:
    mels = torch.randn(2, 40, MELS) - 4
    samples = vocoder(mels)
    assert samples.shape == (2, 40 * HOP) and torch.equal(samples, vocoder(mels))
    assert torch.allclose(vocoder(mels[0]), samples[0], atol=1e-5)
    assert not torch.equal(samples, vocoder(mels, torch.randn(2, 8, 40)))
    vocoder.save_pretrained(tmp_path)
    again = SpectralVocoder.from_pretrained(tmp_path)
    assert torch.equal(again(mels), samples)
    half = SpectralVocoder.from_pretrained(tmp_path, dtype=torch.bfloat16)(mels.bfloat16())
    assert half.dtype == torch.float32 and torch.isfinite(half).all()


@torch.no_grad()
def test_magnitudes_start_from_the_mels() -> None:
    noise = torch.randn(1, 16_000) * 0.1
    even = torch.ones(1, MELS, 1)
    weights = bin_weights(16_000, 1024, MELS, 8000.0)
    from sonic_ui.models.mel import mel_filters

    filters = torch.from_numpy(mel_filters().copy())
    flat = weights @ (filters @ torch.ones(513, 1))
    assert torch.allclose(flat[3:510], even.new_ones(507, 1), atol=0.05), "an even spectrum stays even"
    plain = SpectralVocoder(width=8, inner=8, blocks=1)
    torch.nn.init.zeros_(plain.head.weight)
    magnitude, _ = plain.spectrum(log_mel(noise))
    true = spectrum(noise).abs()
    assert magnitude[:, 8:500].mean() == pytest.approx(float(true[:, 8:500].mean()), rel=0.1)


@torch.no_grad()
def test_its_phases_are_not_those_of_the_network(vocoder: SpectralVocoder) -> None:
    """A network that says the same in every frame buzzes at the frame rate."""
    mels = torch.full((1, 200, MELS), -4.0) + 0.3 * torch.randn(1, 200, MELS)

    def buzz(samples: torch.Tensor) -> float:
        power = torch.fft.rfft(samples[0, :32_000].reshape(2, -1)).abs().square().mean(0)
        lines = torch.arange(1000, 7000, 100)
        return float(power[lines].mean() / torch.stack([power[lines + 30], power[lines - 30]]).mean())

    own, found = (buzz(vocoder(mels, torch.zeros(1, 8, 200), iterations=n)) for n in (0, 16))
    assert found < 0.3 * own


def test_other_bands_are_refused(vocoder: SpectralVocoder) -> None:
    with pytest.raises(ValueError, match=r"\[B, frames, 64\] is needed"):
        vocoder(torch.zeros(1, 10, 80))


@torch.no_grad()
def test_silence_stays_near_silence(vocoder: SpectralVocoder) -> None:
    assert vocoder(torch.full((1, 30, MELS), -11.5)).abs().max() < 1e-2
