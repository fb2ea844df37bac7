"""Parts of a sound that are heard apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonic_ui.pipelines.sound_parts import SAME, unlike_parts

SECOND = 48_000


def by_level(parts: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """An angle of 90 degrees from silence to full level."""
    angles = np.array([np.abs(part).mean() for part in parts]) * np.pi / 2
    return np.stack([np.cos(angles), np.sin(angles)], 1).astype(np.float32)


def test_parts_that_differ_are_returned_in_their_order() -> None:
    samples = np.concatenate([np.zeros(5 * SECOND), np.ones(5 * SECOND)]).astype(np.float32)
    first, second = unlike_parts(samples, by_level)
    assert np.allclose(first, [1, 0], atol=1e-6) and np.allclose(second, [0, 1], atol=1e-6)


def test_a_short_sound_and_one_that_stays_as_it_is_have_none() -> None:
    def unasked(parts: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        raise AssertionError("a short sound has no parts")

    assert unlike_parts(np.zeros(5 * SECOND, np.float32), unasked) == []
    near = np.arccos(SAME) / (np.pi / 2) - 0.02
    steady = np.concatenate([np.zeros(5 * SECOND), np.full(5 * SECOND, near)]).astype(np.float32)
    assert unlike_parts(steady, by_level) == []
