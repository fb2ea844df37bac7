"""Metrics of naming and of refusing what is unknown."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from sonic_ui.evaluation.groups import EvalContext, recognition_group
from sonic_ui.evaluation.recognition_metrics import (
    area_under_roc,
    label_metrics,
    refusal_metrics,
)

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"


@pytest.mark.parametrize(
    ("scores", "known", "area"),
    [
        ([0.9, 0.8, 0.2, 0.1], [True, True, False, False], 1.0),
        ([0.1, 0.2, 0.8, 0.9], [True, True, False, False], 0.0),
        ([0.5, 0.5, 0.5, 0.5], [True, False, True, False], 0.5),
        ([0.9, 0.4, 0.6], [True, True, False], 0.5),
    ],
)
def test_area_under_roc(scores: list[float], known: list[bool], area: float) -> None:
    assert area_under_roc(np.array(scores), np.array(known)) == area
    assert math.isnan(area_under_roc(np.array([0.5]), np.array([True])))


def test_labels_by_source() -> None:
    metrics, by_source = label_metrics(["rain", "rain", "wind"], ["rain", "wind", "wind"])
    assert [metric.value for metric in metrics] == pytest.approx([2 / 3, 0.75])
    assert by_source == {"rain": 1.0, "wind": 0.5}


def test_refusal_at_the_own_and_at_a_given_threshold() -> None:
    known = np.array([True, True, False, False])
    metrics = refusal_metrics(np.array([0.9, 0.8, 0.1, 0.85]), known, 0.5)
    assert [metric.value for metric in metrics] == pytest.approx([0.75, 0.5, 0.5, 1.0])


def test_without_recordings_nothing_is_measured(tmp_path: Path) -> None:
    assert recognition_group(EvalContext(ROOT / "assets" / "miniature", tmp_path, tmp_path)) == []


@pytest.mark.skipif(not SHARED.exists(), reason="real recordings are not part of the project")
def test_the_miniature_knows_better_than_chance_what_it_does_not_know(tmp_path: Path) -> None:
    context = EvalContext(ROOT / "assets" / "miniature", SHARED, tmp_path)
    values = {metric.name: metric.value for metric in recognition_group(context)}
    assert values["known against unknown, AUROC, tuning set"] > 0.8
    assert values["known accepted at the bundle's threshold, tuning set"] > 0.8
    assert values["first label is right, tuning set"] > 0.5
