"""The full-size figures, on small networks: the same lines, in seconds."""

from __future__ import annotations

import pytest
import torch

from sonic_ui.evaluation import full_size
from sonic_ui.evaluation.__main__ import GROUP_NAMES, ON_DEMAND
from sonic_ui.evaluation.groups import GROUPS
from sonic_ui.testing.tiny_models import debug_attention, debug_unet


def test_figures_of_a_small_denoiser(monkeypatch: pytest.MonkeyPatch) -> None:
    unet = debug_unet().eval()
    monkeypatch.setattr(full_size, "full_unet", lambda: unet)
    monkeypatch.setattr(full_size, "full_attention", lambda: debug_attention(unet))
    monkeypatch.setattr(full_size, "TOKEN_DIM", 24)
    monkeypatch.setattr(full_size, "decoding_peak", lambda latents: full_size.peak_gib())
    figures = {figure.name: figure for figure in full_size.full_size_figures(rounds=2, latents=8)}
    assert figures["full-size step with sound over stock step"].value > 0
    assert "64 px" in figures["full-size step with sound over stock step"].note
    peaks = [figure.value for name, figure in figures.items() if name.endswith("peak GiB")]
    assert peaks == sorted(peaks) and peaks[0] > 0
    stock, heard = full_size.steps(unet, debug_attention(unet), 8)
    assert not torch.allclose(stock(), heard(), atol=1e-4)
    assert torch.equal(stock(), stock())


def test_weights_of_full_size_have_the_published_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full_size, "random_weights", lambda module: module)
    assert round(full_size.millions(full_size.full_unet()), 1) == 859.5
    assert round(full_size.millions(full_size.full_attention()), 1) == 28.5


def test_random_weights_stay_finite() -> None:
    with torch.device("meta"):
        module = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.LayerNorm(8))
    full_size.random_weights(module)
    assert torch.isfinite(module(torch.randn(4, 8))).all()


def test_it_runs_only_when_it_is_named() -> None:
    assert "full_size" in GROUPS and "full_size" in ON_DEMAND and "full_size" not in GROUP_NAMES
