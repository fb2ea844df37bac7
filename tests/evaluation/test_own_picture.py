"""Figures of glides and sweeps on a picture."""

from __future__ import annotations

import numpy as np
import pytest

from sonic_ui.evaluation import own_picture
from sonic_ui.evaluation.held_out import synthetic_clips
from sonic_ui.evaluation.image_metrics import load_editor, structure_distance
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.testing.tiny_bundle import debug_pipeline


def test_the_figures_are_of_edits_of_the_picture() -> None:
    editor = load_editor(debug_pipeline(), {"steps": 3, "guidance_scale": 3.0, "strength": 1.0})
    glides = own_picture.glides_of(synthetic_clips(1, 64), 2)
    assert all(len({*a.sources, *b.sources}) == 2 for _, a, b in glides)
    network = PresenceClassifier(16, (8, 16, 16, 16))
    metrics, frames = own_picture.own_picture_metrics(network, editor, glides)
    per_row = 1 + len(own_picture.POSITIONS) + len(own_picture.SCALES)
    assert len(frames) == 2 * per_row and all(-1 <= metric.value <= 1 for metric in metrics[1:])
    kept = [
        structure_distance(frames[row * per_row], frame)
        for row in range(2)
        for frame in frames[row * per_row + 1 : row * per_row + 7]
    ]
    free = [
        structure_distance(picture, editor.unguided(editor.edit.embed_audio(clip.samples)[0]))
        for picture, *clips in glides
        for clip in clips
    ]
    assert metrics[0].value == pytest.approx(np.mean(kept) / np.mean(free), rel=1e-3)
