"""Windows of latents: what they cover, and that nothing is seen of where they meet."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sonic_ui.pipelines.latent_windows import OVERLAP, LatentWindows, window_count


@pytest.mark.parametrize("total", [10, 64, 65, 100, 112, 113, 375, 1000])
def test_windows_cover_everything_and_overlap_enough(total: int) -> None:
    windows = LatentWindows.covering(total, 64)
    assert windows.total == max(total, 64) and windows.starts[0] == 0
    assert len(windows.starts) == window_count(total, 64)
    assert all(
        0 < b - a <= 64 * (1 - OVERLAP) for a, b in zip(windows.starts, windows.starts[1:], strict=False)
    )
    covered = np.zeros(windows.total)
    for start, weights in zip(windows.starts, windows.weights(), strict=True):
        covered[start : start + 64] += weights
    assert np.allclose(covered, 1)


def test_windows_grow_linearly_with_the_length() -> None:
    counts = [window_count(seconds, 5.12) for seconds in (2, 5.12, 5.13, 8.96, 12.8, 30)]
    assert counts == [1, 1, 2, 2, 3, 8]


def test_parts_of_one_whole_give_it_back() -> None:
    windows, whole = LatentWindows.covering(100, 64), torch.randn(2, 3, 100, 8)
    assert torch.allclose(windows.merge(windows.split(whole)), whole, atol=1e-6)
    mels = torch.randn(2, 800, 64)
    assert torch.allclose(windows.merge(windows.split(mels, scale=8), scale=8), mels, atol=1e-6)
    curve = torch.randn(2, 800)
    again = windows.merge(windows.split(curve, dim=-1, scale=8), dim=-1, scale=8)
    assert torch.allclose(again, curve, atol=1e-6)
    alone = torch.randn(2, 3, 64, 8)
    assert LatentWindows.covering(50, 64).merge([alone]) is alone


def test_windows_that_disagree_pass_into_each_other_smoothly() -> None:
    """Three windows of other levels: each keeps its own where it is alone, and no latent leaps."""
    windows = LatentWindows.covering(160, 64)
    merged = windows.merge([torch.full((1, 1, 64, 1), level) for level in (0.0, 1.0, 0.0)])[0, 0, :, 0]
    assert windows.starts == (0, 48, 96)
    assert torch.equal(merged[:48], torch.zeros(48)) and torch.allclose(merged[64:96], torch.ones(32))
    assert merged.diff().abs().max() < 0.15, "a hard cut would leap by 1"
    assert merged.diff()[48:63].min() > 0 > merged.diff()[96:111].max()
