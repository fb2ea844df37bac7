"""Figures of pictures by themselves, on pictures whose answer is known."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from sonic_ui.evaluation.quality import (
    collapse_share,
    edge_energy,
    kernel_distance,
    picture_features,
    to_tensor,
    variety,
)
from sonic_ui.models.picture_judge import PictureJudge, judged_size


def test_kernel_distance_is_about_nought_within_a_kind_and_grows_with_the_difference() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(300, 16, generator=generator) for _ in range(2))
    same, near, far = (kernel_distance(a + shift, b) for shift in (0.0, 0.3, 1.0))
    assert same == pytest.approx(0, abs=0.02)
    assert same < near < far


def test_edge_energy_sees_blur() -> None:
    picture = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert edge_energy(F.avg_pool2d(picture, 3, 1, 1)) < 0.5 * edge_energy(picture)
    assert edge_energy(torch.zeros(1, 3, 8, 8)) == 0


def test_features_are_those_of_the_judged_size() -> None:
    network, pictures = PictureJudge(4, (8, 16)), torch.rand(2, 3, 256, 256)
    assert judged_size(pictures).shape[-1] == 128
    assert judged_size(pictures[..., :64, :64]).shape[-1] == 64
    features = picture_features(network, pictures)
    assert features.shape == (2, 32)
    assert torch.allclose(features, picture_features(network, judged_size(pictures)), atol=1e-5)


def test_collapse_counts_pictures_without_any_source() -> None:
    judge = PictureJudge(4, (8, 16))
    torch.nn.init.zeros_(judge.presence.weight)
    torch.nn.init.constant_(judge.presence.bias, -5.0)
    assert collapse_share(judge, torch.zeros(3, 3, 32, 32)) == 1
    torch.nn.init.constant_(judge.presence.bias, 5.0)
    assert collapse_share(judge, torch.zeros(3, 3, 32, 32)) == 0


def test_variety_is_a_ratio_of_distances() -> None:
    reference = torch.randn(20, 8, generator=torch.Generator().manual_seed(0))
    assert variety([reference * 0.5], [reference]) == pytest.approx(0.5)


def test_pictures_become_tensors() -> None:
    import numpy as np

    x = to_tensor(np.full((2, 4, 4, 3), 255, np.uint8))
    assert x.shape == (2, 3, 4, 4)
    assert float(x.max()) == 1
