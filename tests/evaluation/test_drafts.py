"""Fréchet distance, and drafts beside fine pictures."""

from __future__ import annotations

import numpy as np
import torch
from scipy.linalg import sqrtm

from sonic_ui.evaluation.drafts import draft_metrics, frechet_distance
from sonic_ui.evaluation.held_out import HeldOutClip
from sonic_ui.evaluation.image_metrics import Painter
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.testing.tiny_bundle import debug_pipeline


def test_frechet_distance_is_that_of_the_gaussians() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(300, 4, generator=generator) @ torch.diag(torch.tensor([1.0, 2.0, 0.5, 1.0])) + 1
    y = torch.randn(200, 4, generator=generator)
    s, r = np.cov(x.double().T), np.cov(y.double().T)
    wanted = float((x.double().mean(0) - y.double().mean(0)).square().sum())
    wanted += float(np.trace(s + r - 2 * sqrtm(s @ r).real))
    assert abs(frechet_distance(x, y) - wanted) < 1e-6
    assert abs(frechet_distance(x, x)) < 1e-9


def test_a_draft_by_the_same_weights_and_steps_is_the_same_picture() -> None:
    torch.manual_seed(0)
    painter, network = Painter(debug_pipeline(), steps=2, guidance_scale=1.0), PresenceClassifier()
    noise = np.random.default_rng(0).normal(0, 0.1, (4, 48_000)).astype(np.float32)
    clips = [HeldOutClip("rain", samples, ("rain",)) for samples in noise]
    renders = torch.rand(8, 3, 64, 64) * 2 - 1
    metrics, pictures = draft_metrics(network, network, painter, painter, clips, renders)
    values = {metric.name: metric.value for metric in metrics}
    assert values["draft: Fréchet distance over that of fine pictures"] == 1.0
    assert [np.asarray(one).tolist() for one in pictures["fine"]] == [
        np.asarray(one).tolist() for one in pictures["draft"]
    ]
    assert values["draft: seconds over a fine picture"] > 0
