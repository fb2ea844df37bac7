"""The table of the edit modes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from sonic_ui.evaluation import edit_modes, image_metrics
from sonic_ui.evaluation.held_out import synthetic_clips
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.requests import EDIT_MODES
from sonic_ui.testing.tiny_bundle import debug_pipeline

NETWORK = PresenceClassifier(16, (8, 16, 16, 16))


def test_self_similarity_is_of_shapes_and_not_of_brightness() -> None:
    picture = torch.zeros(1, 3, 64, 64)
    picture[..., 20:44, 20:44] = 1.0
    moved = torch.roll(picture, 16, -1)
    assert edit_modes.self_similarity(NETWORK, picture).shape == (1, 16, 16)
    assert edit_modes.self_similarity_distance(NETWORK, picture, picture) == 0
    dim, other = (
        edit_modes.self_similarity_distance(NETWORK, picture, one) for one in (0.9 * picture, moved)
    )
    assert dim < other


def test_every_mode_has_its_figures_and_pictures() -> None:
    pipeline = debug_pipeline()
    editor = image_metrics.load_editor(pipeline, {"steps": 3, "guidance_scale": 3.0, "strength": 1.0})
    pairs = image_metrics.edit_pairs(synthetic_clips(1, 64), 3)
    width = pipeline.text_encoder.get_input_embeddings().weight.shape[1]
    metrics, shown = edit_modes.mode_metrics(
        NETWORK, NETWORK, editor, pairs, lambda clip: torch.ones(1, width)
    )
    assert list(shown) == list(EDIT_MODES) and all(len(images) == 3 for images in shown.values())
    assert len(metrics) == 4 * len(EDIT_MODES) and np.isfinite([metric.value for metric in metrics]).all()
    assert all(isinstance(image, Image.Image) for image in shown["paper"])
    by_name = {metric.name: metric.value for metric in metrics}
    name = "edit “style”: edge distance over that of unguided pictures"
    free = [editor.unguided(editor.edit.embed_audio(clip.samples)[0]) for _, clip in pairs]
    apart, unguided = (
        np.mean(
            [
                image_metrics.structure_distance(one, other)
                for (one, _), other in zip(pairs, some, strict=True)
            ]
        )
        for some in (shown["style"], free)
    )
    assert by_name[name] == pytest.approx(apart / unguided, rel=1e-3)
