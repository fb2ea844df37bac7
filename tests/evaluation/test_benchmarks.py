"""Speed as a ratio on tiny networks; the full-size metrics on small ones: the same lines, in seconds."""

from __future__ import annotations

import pytest
import torch

from sonic_ui.evaluation import benchmarks
from sonic_ui.evaluation.__main__ import ALIASES
from sonic_ui.evaluation.groups import GROUPS, ON_DEMAND
from sonic_ui.testing.tiny_bundle import debug_pipeline
from sonic_ui.testing.tiny_models import debug_attention, debug_unet


def test_a_strip_is_measured_beside_single_pictures() -> None:
    passes: list[int] = []
    pipeline = debug_pipeline()
    pipeline.unet.register_forward_pre_hook(lambda module, given: passes.append(len(given[0])))
    metric = benchmarks.strip_ratio(pipeline, frames=4, steps=4, rounds=1)
    assert metric.value > 0 and metric.note == "4 steps"
    assert sum(passes) == 2 * 2 * (2 * 4 + 2 * 2 + 4 * 4), "guided, twice: a strip and as many pictures"


def test_figures_of_a_small_denoiser(monkeypatch: pytest.MonkeyPatch) -> None:
    unet = debug_unet().eval()
    monkeypatch.setattr(benchmarks, "full_unet", lambda: unet)
    monkeypatch.setattr(benchmarks, "full_attention", lambda: debug_attention(unet))
    monkeypatch.setattr(benchmarks, "TOKEN_DIM", 24)
    monkeypatch.setattr(benchmarks, "decoding_peak", lambda latents: benchmarks.peak_gib())
    metrics = {metric.name: metric for metric in benchmarks.full_size_metrics(rounds=2, latents=8)}
    assert metrics["full-size step with sound over stock step"].value > 0
    assert "64 px" in metrics["full-size step with sound over stock step"].note
    peaks = [metric.value for name, metric in metrics.items() if name.endswith("peak GiB")]
    assert peaks == sorted(peaks) and peaks[0] > 0
    stock, with_sound = benchmarks.steps(unet, debug_attention(unet), 8)
    assert not torch.allclose(stock(), with_sound(), atol=1e-4)
    assert torch.equal(stock(), stock())


def test_weights_of_full_size_have_the_published_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmarks, "random_weights", lambda module: module)
    assert round(benchmarks.millions(benchmarks.full_unet()), 1) == 859.5
    assert round(benchmarks.millions(benchmarks.full_attention()), 1) == 28.5


def test_random_weights_stay_finite() -> None:
    with torch.device("meta"):
        module = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.LayerNorm(8))
    benchmarks.random_weights(module)
    assert torch.isfinite(module(torch.randn(4, 8))).all()


def test_it_runs_only_when_it_is_named() -> None:
    assert "full_size" in ON_DEMAND and {*ON_DEMAND, *ALIASES.values()} < set(GROUPS)
