"""Figures of sounds as words, on tiny networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonic_ui.bundles import read_bundle
from sonic_ui.evaluation import sound_word
from sonic_ui.evaluation.held_out import HeldOutClip
from sonic_ui.models.encoders import ImageEncoder
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.requests.learn_word import LEARNING_STEPS
from sonic_ui.scenes.world import SOURCES
from sonic_ui.testing.tiny_bundle import debug_bundle, debug_pipeline


def clip_of(source: str, seed: int) -> HeldOutClip:
    rng = np.random.default_rng(seed)
    samples = (0.1 * rng.standard_normal(48_000)).astype(np.float32)
    return HeldOutClip(source, samples, (source,), rng.integers(0, 255, (64, 64, 3), np.uint8))


def test_words_and_retrieval_have_their_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, library = debug_bundle(tmp_path / "bundle"), tmp_path / "library"
    library.mkdir()
    for number in range(4):
        Image.fromarray(clip_of("rain", number).picture).resize((32, 32)).save(library / f"{number}.png")
    monkeypatch.setattr(sound_word.WordBench.library, "__defaults__", (library,))
    monkeypatch.setattr(sound_word, "LEARNING_STEPS", replace(LEARNING_STEPS, default=8))
    encoder = ImageEncoder.from_folder(folder / "clip")
    bench = sound_word.WordBench(debug_pipeline(), read_bundle(folder), encoder, 2, 3.0)
    clips = [clip_of(source, number) for number, source in enumerate(SOURCES[:2])]
    judge = PresenceClassifier(16, (8, 16, 16, 16))
    metrics, images = sound_word.word_metrics(judge, bench, clips, clips[::-1], [0])
    values = {metric.name: metric.value for metric in metrics}
    assert len(metrics) == 5 and np.isfinite([*values.values()]).all() and len(images) == 4
    assert values["time to learn a word, in 25-step pictures of the same run"] > 1
    first, *_ = sound_word.retrieval_metrics(bench, clips)
    assert 0 <= first.value <= 1


def test_places_are_where_a_source_may_be() -> None:
    assert sound_word.location_of("sea_waves", 3) == "at the coast"
