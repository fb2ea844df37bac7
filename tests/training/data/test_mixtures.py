"""Sounds of scenes that are not painted: mixtures of few stems."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sonic_ui.audio.loudness import integrated_lufs
from sonic_ui.scenes.render import level_to_lufs, render_sound
from sonic_ui.scenes.world import SOURCES, Scene, SourceInstance
from sonic_ui.training.data.rendering import training_pictures
from sonic_ui.training.data.sounds import (
    FRAME_STEP,
    SAMPLE_RATE,
    STEMS,
    StemBank,
    load_mixtures,
    log_mel,
    render_mixtures,
)
from sonic_ui.training.run import Run
from sonic_ui.training.stages.adapter import scene_embeddings
from sonic_ui.training.stages.spectral_stats import embedding_pool, scene_sounds, sound_scenes


def test_a_voice_is_as_loud_as_its_level_and_is_made_once() -> None:
    bank = StemBank("hall", 5)
    for number in range(STEMS):
        source = bank.source("stream", number)
        assert number / STEMS <= source.level <= (number + 1) / STEMS + 0.05
        stem = bank.stem(source)
        assert integrated_lufs(stem, SAMPLE_RATE) == pytest.approx(level_to_lufs(source.level), abs=0.5)
        assert bank.stem(bank.source("stream", number)) is stem


def test_a_mixture_sounds_like_a_rendered_scene_of_the_same_factors() -> None:
    bank = StemBank("dry", 1)
    sources = tuple(SourceInstance(name, 0.6) for name in ("rain", "church_bell"))
    scene = Scene(sources, "day", "meadow", "painting", 1)
    apart = bank.mix(scene).mean(0) - log_mel(render_sound(scene))[::FRAME_STEP].mean(0)  # [64] dB
    assert np.abs(apart).mean() < 6, "the same sources at the same loudness, of another seed"


def test_all_scenes_have_several_sources_and_their_sounds_follow_them(run: Run) -> None:
    mels, scenes = load_mixtures(run.folder / "clips", "train")
    assert mels.shape == (6, 251, 64) and len(scenes) == 6
    assert all(len(scene.sources) > 1 for scene in scenes)
    assert len({scene.room for scene in scenes}) == 1
    loudest = [max(source.level for source in scene.sources) for scene in scenes]
    power = (10 ** (mels.astype(np.float32) / 10)).mean((1, 2))
    assert power[int(np.argmax(loudest))] > power[int(np.argmin(loudest))]


def test_the_pool_goes_on_where_the_painted_scenes_end(run: Run) -> None:
    sounds, scenes = scene_sounds(run), sound_scenes(run)
    painted = len(training_pictures(run)[1])
    assert len(scenes) == painted + 6
    assert sounds.scene_of[-6:].tolist() == list(range(painted, painted + 6))
    assert embedding_pool(run).scenes.max() >= painted, "mixtures are in the pool"
    index = scene_embeddings(run).scene_of
    assert index is not None and index.max() < painted, "stage 2 has pictures of its sounds"


def test_what_was_rendered_is_not_rendered_again(run: Run) -> None:
    folder = run.folder / "clips"
    before = [path.stat().st_mtime_ns for path in folder.glob("mixtures_*")]
    assert len(before) == 2
    render_mixtures(run)
    assert before == [path.stat().st_mtime_ns for path in folder.glob("mixtures_*")]


def test_without_mixtures_there_are_none(tmp_path: Path) -> None:
    mels, scenes = load_mixtures(tmp_path, "train")
    assert len(mels) == len(scenes) == 0 and mels.shape[1:] == (251, 64)
    assert len(SOURCES) == 16
