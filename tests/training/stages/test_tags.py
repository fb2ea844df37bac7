"""Training of CLAP's head on YAMNet's features."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from sonic_ui.models.encoders import encode_sound
from sonic_ui.models.tagged_clap import TaggedClapModel
from sonic_ui.scenes.world import SOURCES, SourceInstance
from sonic_ui.training.bundle_io import export_bundle, import_bundle
from sonic_ui.training.data.tagged_sounds import scene_of
from sonic_ui.training.run import Run
from sonic_ui.training.stages.clap import build_feature_extractor
from sonic_ui.training.stages.spectral_stats import trained_clap
from sonic_ui.training.stages.tags import kind_shares, render_tagged_sounds, tagged_sounds


def test_the_head_fits_its_few_sounds(run: Run) -> None:
    lines = [json.loads(line) for line in (run.folder / "tags" / "log.jsonl").read_text().splitlines()]
    assert np.mean([line["loss"] for line in lines[-4:]]) < 0.9 * lines[0]["loss"]
    assert trained_clap(run).tags.change.weight.abs().max() > 0
    assert not any(module.training for module in trained_clap(run).modules()), "later stages read it"


def test_sounds_are_stored_once_with_their_targets(run: Run) -> None:
    folder = run.folder / "tagged_sounds"
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.npy")}
    sounds = tagged_sounds(run)
    assert torch.allclose(sounds.kinds.sum(-1), torch.ones(24))
    known = sounds.kinds[:, -1] == 0
    assert 0 < known.sum() < 24
    lengths = sounds.targets.float().norm(dim=-1)
    assert (
        torch.allclose(lengths[known], torch.ones(int(known.sum())), atol=1e-2) and lengths[~known].max() == 0
    )
    assert sounds.features.float().std() > 0.1
    render_tagged_sounds(run)
    assert before == {path: path.stat().st_mtime_ns for path in folder.glob("*.npy")}


def test_shares_of_kinds() -> None:
    two = kind_shares(scene_of([SourceInstance("rain", 0.2), SourceInstance("wind", 0.9)]))
    assert two[SOURCES.index("rain")] == two[SOURCES.index("wind")] == 0.5 and two[-1] == 0
    assert kind_shares(scene_of([]))[-1] == 1


def test_a_run_goes_on_from_an_exported_head(run: Run, tmp_path: Path) -> None:
    bundle = export_bundle(run, tmp_path / "bundle")
    exported = TaggedClapModel.from_pretrained(
        bundle / "audio_to_image" / "audio_encoder", dtype=torch.float32
    ).eval()
    assert exported.tags.change.weight_int8.dtype == torch.int8
    again = Run(run.recipe, tmp_path / "again", report=lambda _: None)
    import_bundle(again, bundle)
    clip = [np.random.default_rng(0).normal(0, 0.1, 240_000).astype(np.float32)]
    extractor = build_feature_extractor()
    mine, shipped, anew = (
        encode_sound(clap, extractor, clip) for clap in (trained_clap(run), exported, trained_clap(again))
    )
    assert F.cosine_similarity(shipped, anew).item() > 0.999
    assert F.cosine_similarity(mine, shipped).item() > 0.95
