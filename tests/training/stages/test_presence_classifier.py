"""Training of the presence classifiers: spoiled renders are nothing, and two networks are trained apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.scenes.world import SOURCES, sample_scene
from sonic_ui.training.data.rendering import SPLITS, save_shard, scene_to_json, scenes_of_shard
from sonic_ui.training.run import Run, train
from sonic_ui.training.stages.presence_classifier import (
    SPOILERS,
    PictureFeaturesStage,
    PresenceClassifierStage,
    Spoiler,
)


def pictures(count: int, side: int) -> np.ndarray:
    """Smooth random pictures, uint8 [N, side, side, 3]."""
    coarse = torch.rand(count, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    fine = nn.functional.interpolate(coarse, size=(side, side), mode="bicubic").clamp(0, 1)
    return (fine * 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()


def run_of(folder: Path, **settings: object) -> Run:
    """A run with four pictures of four sources, in two sizes, for the two classifiers."""
    loop = {"steps": 40, "batch_size": 8, "learning_rate": 1e-2, "warmup_steps": 5, "log_every": 20}
    recipe = {
        "presence_classifier": {"loop": loop, **settings},
        "picture_features": {"loop": loop | {"seed": 1}},
    }
    rng = np.random.default_rng(0)
    lines = [scene_to_json(sample_scene(rng, sources=(name,))) for name in SOURCES[:4]]
    for split, side in (("classifier", 32), ("features", 64)):
        save_shard(folder / "pictures" / f"{split}-0000.npy", pictures(4, side), lines)
    return Run(recipe, folder, report=lambda _: None)


@pytest.mark.parametrize("spoil", SPOILERS)
def test_spoiled_pictures_differ_and_keep_their_shape(spoil: Spoiler) -> None:
    x = torch.from_numpy(pictures(3, 64)).permute(0, 3, 1, 2).float() / 127.5 - 1
    out = spoil(x, torch.Generator().manual_seed(0))
    assert out.shape == x.shape and out.abs().max() <= 1.3
    assert (out - x).abs().mean() > 0.03
    assert torch.equal(out, spoil(x, torch.Generator().manual_seed(0)))


def taught(folder: Path, spoiled_share: float) -> dict[str, float]:
    """Share of spoiled renders that a small network refuses after some steps, and of whole ones it names."""
    run = run_of(folder, spoiled_share=spoiled_share)
    stage = PresenceClassifierStage(run)
    stage.module = PresenceClassifier(len(SOURCES), (8, 16))
    train(stage, run.loop("presence_classifier"), folder / "presence_classifier", report=lambda _: None)
    stage.spoiled_share = 0.5
    stage.module.eval()
    with torch.no_grad():
        figures = [stage.loss(torch.Generator().manual_seed(seed), 8)[1] for seed in range(20)]
    return {name: float(np.mean([each[name] for each in figures])) for name in figures[0]}


def test_spoiled_renders_are_taught_as_nothing(tmp_path: Path) -> None:
    figures = taught(tmp_path / "spoiled", 0.5)
    assert figures["refused"] > 0.8 and figures["source_hit"] > 0.8
    assert taught(tmp_path / "clean", 0.0)["refused"] < 0.5, "by colours alone"


def test_a_batch_without_spoiled_renders_has_no_figure_of_them(tmp_path: Path) -> None:
    stage = PresenceClassifierStage(run_of(tmp_path, spoiled_share=0.0))
    assert set(stage.loss(torch.Generator().manual_seed(0), 2)[1]) == {"level_error", "source_hit"}


def test_features_are_trained_apart(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    judge, features = PresenceClassifierStage(run), PictureFeaturesStage(run)
    assert judge.pictures.shape != features.pictures.shape, "other renders"
    assert not torch.equal(judge.module.stem.weight, features.module.stem.weight), "another start"
    again = PictureFeaturesStage(run)
    assert torch.equal(again.module.stem.weight, features.module.stem.weight), "the same at every start"


def test_every_split_has_scenes_of_its_own() -> None:
    scenes = [scene for split in SPLITS for scene in scenes_of_shard(split, 0, 5)]
    assert len({scene.seed for scene in scenes}) == len(scenes)
