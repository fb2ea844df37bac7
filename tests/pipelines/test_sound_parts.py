"""Parts of a sound in which one thing follows another."""

from __future__ import annotations

import numpy as np

from sonic_ui.models.encoders import SAMPLE_RATE
from sonic_ui.pipelines.sound_parts import SAME, are_unlike, parts_of


def test_a_clip_is_covered_by_as_few_parts_as_do() -> None:
    assert len(parts_of(np.zeros(5 * SAMPLE_RATE, np.float32))) == 1
    samples = np.repeat(np.float32([1, 2]), 5 * SAMPLE_RATE)
    first, second = parts_of(samples)
    assert set(first) == {1.0} and set(second) == {2.0}
    assert len(parts_of(samples[: 9 * SAMPLE_RATE])) == 2


def test_parts_are_unlike_where_any_two_are() -> None:
    near = np.float32([[1, 0, 0], [0.9, np.sqrt(1 - 0.81), 0]])
    assert not are_unlike(near) and not are_unlike(near[:1])
    assert are_unlike(np.concatenate([near, np.float32([[SAME - 0.01, 0, np.sqrt(1 - (SAME - 0.01) ** 2)]])]))
