"""The training of CLAP's head on spectral statistics."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from sonic_ui.training.data.sounds import FLOOR_DB, SceneSounds
from sonic_ui.training.run import Run
from sonic_ui.training.stages.spectral_stats import AS_IT_IS_SHARE, further_take, lowpass_aug, trained_clap


def test_the_head_learns_what_the_transformer_did_not(run: Run) -> None:
    lines = [
        json.loads(line) for line in (run.folder / "spectral_stats" / "log.jsonl").read_text().splitlines()
    ]
    assert np.mean([line["loss"] for line in lines[-5:]]) < 0.9 * np.mean(
        [line["loss"] for line in lines[:5]]
    )


def test_the_head_of_a_run_is_that_of_its_clap(run: Run) -> None:
    kept = torch.load(run.checkpoint("spectral_stats"), weights_only=True)["average"]
    assert torch.allclose(
        trained_clap(run).timbre.layers[-1].weight, kept["stats_head.layers.6.weight"], atol=1e-3
    )
    assert (
        trained_clap(run).timbre.layers[-1].weight.abs().max() > 0 and trained_clap(run).timbre.std.min() > 0
    )


def test_a_lowpassed_sound_lacks_its_upper_bins() -> None:
    mel = np.zeros((20, 64), np.float32)
    dull = lowpass_aug(mel, np.random.default_rng(0))
    assert (mel == 0).all() and (dull[:, :40] == 0).all()
    assert dull[:, -1].max() <= FLOOR_DB + 15


def test_rendered_scenes_keep_their_index_and_are_mostly_augmented() -> None:
    rng = np.random.default_rng(0)
    quiet, loud = np.full((20, 64), -70, np.float16), np.full((20, 64), -20, np.float16)
    sounds = SceneSounds(np.stack([quiet, loud]), np.array([7, 3]))
    taken = [further_take(sounds, rng) for _ in range(200)]
    assert {place for place, _ in taken} == {3, 7}
    assert all((np.median(mel[:, :40]) > -45) == (place == 3) for place, mel in taken)
    same = [np.array_equal(mel, loud if place == 3 else quiet) for place, mel in taken]
    assert np.mean(same) == pytest.approx(AS_IT_IS_SHARE, abs=0.1)
