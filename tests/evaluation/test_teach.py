"""Teaching measured: the probe tells sources apart, and the figures are of pictures before and after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from sonic_ui.evaluation import teach
from sonic_ui.evaluation.held_out import HeldOutClip
from sonic_ui.evaluation.new_sources import SOURCES as NEW_SOURCES
from sonic_ui.evaluation.new_sources import paint_new
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.pipelines.teaching_data import Rehearsal, TeachingConfig
from sonic_ui.requests import BadInput
from sonic_ui.scenes.world import SOURCES
from sonic_ui.testing.tiny_bundle import debug_pipeline

BABY = NEW_SOURCES[teach.REPORTED]


@pytest.fixture(scope="module")
def probe() -> teach.Probe:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(teach, "PROBE_RENDERS", 1)
        patch.setattr(teach, "PROBE_NEW", 8)
        torch.manual_seed(0)
        return teach.Probe(PresenceClassifier(16, (8, 16, 16, 16)), BABY, 64)


def test_new_sources_are_drawn_alike_each_time_and_none_is_of_the_world() -> None:
    for source in NEW_SOURCES.values():
        assert source.word not in SOURCES
        first, again, other = (np.asarray(paint_new(source, seed, 64)) for seed in (1, 1, 2))
        assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_the_probe_names_what_it_was_trained_on(probe: teach.Probe) -> None:
    pictures = [paint_new(BABY, teach.SEED_OF_PROBE + k, 64) for k in range(8)]
    assert (probe.name(pictures) == len(SOURCES)).mean() > 0.7


def test_figures_are_of_pictures_before_and_after(probe: teach.Probe) -> None:
    pipeline = debug_pipeline()
    tone = np.sin(np.arange(24_000) / 20).astype(np.float32)
    painted: list[Any] = []

    def paint(pipe: Any, sounds: Any, seed: int) -> list[Image.Image]:
        painted.append(pipe)
        known = pipe is pipeline or seed > 0
        return [
            Image.new("RGB", (64, 64)) if known else paint_new(BABY, teach.SEED_OF_PROBE, 64) for _ in sounds
        ]

    clips = [HeldOutClip("rain", tone, ("rain",)), HeldOutClip("dog", tone, ("dog",))]
    taught = teach.teach_and_measure(
        pipeline,
        probe,
        BABY,
        teach.NewSounds((tone, tone), (tone,)),
        Rehearsal(pipeline.embed_audio(tone)),
        TeachingConfig(steps=1, batch_size=1, rehearsal=1, old_steps=1),
        paint,
        64,
        clips,
    )
    assert [one is pipeline for one in painted] == [True, True, False, False]
    assert len(taught.before) == len(taught.after) == 4
    assert taught.new == float((probe.name(taught.after[:2]) == len(SOURCES)).mean()) == 1
    names = [metric.name for metric in teach.teach_metrics(taught, BABY, 2)]
    assert names[0].startswith("teach: a seventeenth source") and len(names) == 3


def test_without_recordings_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="give --data FOLDER"):
        teach.recordings_of(BABY, tmp_path)
