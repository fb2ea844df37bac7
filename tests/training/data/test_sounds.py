"""Sounds for the audio encoder: stored clips, and whole scenes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sonic_ui.audio.loudness import integrated_lufs
from sonic_ui.scenes.render import level_to_lufs, render_sound
from sonic_ui.scenes.world import sample_scene
from sonic_ui.training.data.rendering import training_pictures
from sonic_ui.training.data.sounds import (
    FRAME_STEP,
    SAMPLE_RATE,
    ClipInfo,
    SceneSounds,
    first_sounds,
    load_clips,
    load_scene_sounds,
    log_mel,
    render_sounds,
    stored_mel,
    takes_of,
)
from sonic_ui.training.run import Run
from sonic_ui.training.stages.clap import SoundBank


def test_the_first_take_is_every_scene_and_others_those_of_several_sources() -> None:
    rng = np.random.default_rng(0)
    scenes = [sample_scene(rng) for _ in range(40)]
    assert takes_of(scenes, 0) == dict(enumerate(scenes))
    again = takes_of(scenes, 2)
    assert set(again) == {i for i, scene in enumerate(scenes) if len(scene.sources) > 1}
    for place, scene in again.items():
        assert scene.sources == scenes[place].sources and scene.seed != scenes[place].seed


def test_scenes_are_stored_as_they_sound(run: Run) -> None:
    scenes = training_pictures(run)[1]
    sounds = load_scene_sounds(run.folder / "clips", "train", scenes, len(scenes), range(2))
    crowded = sum(len(scene.sources) > 1 for scene in scenes)
    assert len(sounds.mels) == len(sounds.scene_of) == len(scenes) + crowded
    assert crowded > 0 and sorted(set(sounds.scene_of.tolist())) == list(range(len(scenes)))
    expected = log_mel(render_sound(scenes[3]))[::FRAME_STEP]
    assert np.abs(sounds.mels[3].astype(np.float32) - np.maximum(expected, -100)).max() < 0.1


def test_what_was_rendered_is_not_rendered_again(run: Run) -> None:
    folder = run.folder / "clips"
    before = {path: path.stat().st_mtime_ns for path in folder.glob("scenes_*.npy")}
    assert len(before) == 3
    render_sounds(run)
    assert before == {path: path.stat().st_mtime_ns for path in folder.glob("scenes_*.npy")}


def test_without_sounds_of_scenes_it_says_which_stage_makes_them(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="run the stage sounds"):
        load_scene_sounds(tmp_path, "train", [], 24, range(2))


def test_the_first_sound_of_a_scene_is_that_of_the_first_in_line() -> None:
    mels = np.arange(5, dtype=np.float16)[:, None, None]
    behind, before = SceneSounds(mels[:3], np.array([0, 1, 0])), SceneSounds(mels[3:], np.array([1, 1]))
    assert [float(mel[0, 0]) for mel in first_sounds(before, behind)] == [0, 3]


def test_a_clip_is_stored_as_loud_as_its_level(run: Run) -> None:
    mels, infos = load_clips(run.folder / "clips", "train")
    by_level = sorted(
        (one for one in zip(infos, mels, strict=True) if one[0].source == "rain"), key=lambda x: x[0].level
    )
    power = [float(np.log10((10 ** (mel.astype(np.float32) / 10)).mean())) * 10 for _, mel in by_level]
    gap_db = level_to_lufs(by_level[-1][0].level) - level_to_lufs(by_level[0][0].level)
    assert gap_db > 3 and power[-1] - power[0] == pytest.approx(gap_db, abs=8)
    assert all(one.lufs == level_to_lufs(one.level) for one, _ in by_level)


def test_a_clip_is_shifted_to_the_loudness_asked_for() -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, SAMPLE_RATE).astype(np.float32)
    shift = stored_mel(noise, -30.0).astype(np.float32) - log_mel(noise)
    assert np.allclose(shift, -30.0 - integrated_lufs(noise, SAMPLE_RATE), atol=0.1)


def test_of_a_few_clips_the_nearest_in_level_is_taken() -> None:
    levels = np.linspace(0, 1, 11)
    infos = [ClipInfo("rain", "dry", float(level), False) for level in levels]
    mels = np.stack([np.full((20, 64), 100 * level, np.float16) for level in levels])
    bank = SoundBank(mels, infos)
    rng = np.random.default_rng(0)
    kept = [float(bank.pick("rain", "dry", 1.0, rng)[0, 0]) for _ in range(50)]
    # 100 for the loudest clip; others are turned up by what they lack, and their own mark stays lower
    assert np.median(kept) == pytest.approx(100.0, abs=0.5) and max(kept) <= 100.5
