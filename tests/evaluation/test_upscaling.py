"""The shipped upscaler beside Lanczos."""

from __future__ import annotations

import torch

from sonic_ui.bundles.registry import MINIATURE
from sonic_ui.evaluation.upscaling import upscaling_metrics
from sonic_ui.models.presence_classifier import load_classifier
from sonic_ui.models.upscaler import FOLDER, load_network
from sonic_ui.training.data.rendering import scenes_of_shard


def test_the_shipped_upscaler_is_nearer_to_a_render_than_lanczos() -> None:
    upscaler = load_network(MINIATURE / FOLDER, torch.device("cpu"))
    classifier = load_classifier(MINIATURE, "features").float()
    metrics = upscaling_metrics(upscaler, classifier, scenes_of_shard("held_out", 0, 1))
    values = {metric.name: metric.value for metric in metrics}
    for kind in ("", ", soft"):
        psnr, plain = (values[f"{name}{kind}: PSNR, dB"] for name in ("upscaler", "Lanczos"))
        assert psnr > plain + 1.5, kind
    edges = [values[f"{name}, soft: edge energy over the render's"] for name in ("upscaler", "Lanczos")]
    assert 1.1 > edges[0] > edges[1] > 0.3
