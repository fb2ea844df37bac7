"""DDIM inversion against denoisers whose answer is known, and what is kept of it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sonic_ui.pipelines.inversion import StoredFeatures, Trajectory, invert_latents
from sonic_ui.pipelines.plug_and_play import HookPoint
from sonic_ui.testing.tiny_models import debug_scheduler

PLACE = HookPoint(4, "hidden")


def bent(latents: Tensor, level: int, final: bool) -> Tensor:
    """A denoiser of no use, smooth and different at every level."""
    return torch.tanh(latents.flip(-1) * 0.8 + 0.05 * level)


def denoise(path: Trajectory, noise: Tensor, corrections: Tensor | None = None) -> Tensor:
    latents = noise.float()
    for level in range(path.steps, 0, -1):
        latents = path.move(level, level - 1, latents, bent(latents, level, False))
        if corrections is not None:
            latents = latents + corrections[level - 1].float()
    return latents


@pytest.fixture(params=["v_prediction", "epsilon"])
def path(request: pytest.FixtureRequest) -> Trajectory:
    return Trajectory.of(debug_scheduler(request.param), 12)


@pytest.fixture
def clean() -> Tensor:
    return torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))


def test_corrections_make_the_way_down_exact(path: Trajectory, clean: Tensor) -> None:
    latents, corrections = invert_latents(clean, path, bent)
    assert latents.shape == (13, 4, 8, 8) and corrections.shape == (12, 4, 8, 8)
    assert torch.equal(latents[:1], clean)
    back = denoise(path, latents[-1:], corrections)
    assert (back - clean).abs().max() < 1e-3
    assert (denoise(path, latents[-1:]) - clean).abs().max() > 0.05


def test_half_precision_costs_no_exactness(path: Trajectory, clean: Tensor) -> None:
    latents, corrections = invert_latents(clean, path, bent, dtype=torch.float16)
    assert latents.dtype == corrections.dtype == torch.float16
    back = denoise(path, latents[-1:], corrections)
    assert (back - latents[:1].float()).abs().max() < 5e-3
    assert (latents[:1].float() - clean).abs().max() < 2e-3


def test_a_denoiser_that_knows_the_noise_is_followed_exactly(clean: Tensor) -> None:
    """With the true noise as output every level is the forward process, and nothing is to be corrected."""
    scheduler = debug_scheduler("epsilon")
    path = Trajectory.of(scheduler, 10)
    noise = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    latents, corrections = invert_latents(clean, path, lambda x, level, final: noise)
    for level, timestep in enumerate(path.timesteps, start=1):
        expected = scheduler.add_noise(clean, noise, torch.tensor([timestep]))
        assert torch.allclose(latents[level : level + 1], expected, atol=1e-3)
    assert corrections.abs().max() < 1e-4


def test_each_level_is_read_once_where_it_arrived(path: Trajectory, clean: Tensor) -> None:
    calls: list[tuple[int, bool]] = []
    levels: list[int] = []

    def watched(latents: Tensor, level: int, final: bool) -> Tensor:
        calls.append((level, final))
        return bent(latents, level, final)

    invert_latents(clean, path, watched, on_level=lambda level, _: levels.append(level))
    assert calls == [(1, False), *((level, True) for level in range(1, 13))]
    assert levels == list(range(1, 13))


def test_features_are_kept_in_half_precision_up_to_a_limit() -> None:
    kept = StoredFeatures(limit_bytes=2 * 2 * 100)
    for level in range(1, 6):
        kept.add(level, {PLACE: torch.full((1, 100), float(level))})
    assert kept.levels == (4, 5) and kept.nbytes == 400  # the noisiest two: edits begin there
    assert kept.at(3, [PLACE]) is None and kept.at(5, [PLACE, HookPoint(4, "query")]) is None
    features = kept.at(5, [PLACE])
    assert features is not None and features[PLACE].dtype == torch.float16
    assert features[PLACE].unique().tolist() == [5.0]


def test_features_out_of_half_precisions_range_are_saturated() -> None:
    kept = StoredFeatures()
    kept.add(1, {PLACE: torch.tensor([[1e6, -1e6, 1.0]])})
    features = kept.at(1, [PLACE])
    assert features is not None and features[PLACE].tolist() == [[65504.0, -65504.0, 1.0]]
    assert kept.at(1, []) == {}
