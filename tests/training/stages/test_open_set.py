"""Training and calibration of the open-set head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sonic_ui.models.open_set import load_open_set
from sonic_ui.training.bundle_io import export_bundle, import_bundle
from sonic_ui.training.run import Run
from sonic_ui.training.stages.open_set import acceptance_threshold, calibration, trained_open_set
from sonic_ui.training.stages.tags import trained_tags


def test_a_bundle_has_the_head_of_its_run(run: Run, tmp_path: Path) -> None:
    bundle, head = export_bundle(run, tmp_path / "bundle"), trained_open_set(run)
    exported = load_open_set(bundle)
    weights = head.kinds.weight.half().float()  # as it is stored
    assert exported is not None and torch.equal(exported.kinds.weight, weights)
    again = Run(run.recipe, tmp_path / "again", report=lambda _: None)
    import_bundle(again, bundle)
    assert torch.equal(trained_open_set(again).kinds.weight, weights)


def test_kinds_are_those_trained_beside_the_tags(run: Run) -> None:
    assert torch.equal(trained_open_set(run).kinds.weight, trained_tags(run).kinds.weight)


def test_the_threshold_accepts_its_share() -> None:
    scores = np.arange(100) / 100
    assert (scores >= acceptance_threshold(scores, np.ones(100, bool))).mean() == pytest.approx(0.95)


def test_log_odds_are_scaled_and_a_threshold_is_set() -> None:
    rng = np.random.default_rng(0)
    odds = np.concatenate([rng.normal(4, 2, 400), rng.normal(-2, 2, 400)])
    known = np.arange(800) < 400
    found = calibration(odds, known)
    probability = 1 / (1 + np.exp(-(found["scale"] * odds + found["offset"])))
    assert (probability[known] >= found["threshold"]).mean() == pytest.approx(0.95, abs=0.01)
    middle = (probability > 0.35) & (probability < 0.65)
    assert known[middle].mean() == pytest.approx(probability[middle].mean(), abs=0.2)
