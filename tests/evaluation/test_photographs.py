"""Calibration of the labels of pictures."""

from __future__ import annotations

import numpy as np
import pytest

from sonic_ui.evaluation.photographs import Seen, calibrate, fits, is_training, photograph_metrics
from sonic_ui.models.encoders import calibrated_shares


def seen(count: int, top: float, right: bool, seed: int) -> Seen:
    """Pictures whose first label has a cosine about `top`, the others about 0.3."""
    rng = np.random.default_rng(seed)
    cosines = 0.3 + 0.05 * rng.standard_normal((count, 6))
    first = rng.integers(0, 6, count)
    cosines[np.arange(count), first] = top + 0.03 * rng.standard_normal(count)
    return Seen(cosines, tuple(frozenset((int(one),)) if right else frozenset() for one in first))


def test_what_nothing_fits_is_not_believed() -> None:
    renders, photographs = seen(64, 0.8, True, 0), seen(64, 0.55, False, 1)
    calibration = calibrate(renders, photographs)
    assert 0.55 < calibration.none < 0.85
    assert (fits(renders, calibration) >= calibration.least_fit).mean() > 0.95
    assert (fits(photographs, calibration) < calibration.least_fit).mean() > 0.95
    values = {
        metric.name: metric.value
        for metric in photograph_metrics(
            seen(64, 0.8, True, 2), seen(64, 0.55, False, 3), calibration, "test half"
        )
    }
    assert values["photographs: first chip right or “not sure”, test half"] > 0.95
    assert values["renders: first chip right, test half"] > 0.95


def test_labels_share_with_none_of_them() -> None:
    shares, fit = calibrated_shares(np.array([0.7, 0.2]), 50.0, 0.7)
    assert fit == pytest.approx(0.5) == pytest.approx(shares.sum()) and shares[0] > 0.499
    assert calibrated_shares(np.array([0.9, 0.2]), 50.0, 0.7)[1] > 0.99


def test_halves_are_by_name() -> None:
    names = [f"birds__{number}.jpg" for number in range(200)]
    assert [is_training(name) for name in names] == [is_training(name) for name in names]
    assert sum(map(is_training, names)) == pytest.approx(100, abs=30)
