"""Between two embeddings."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from sonic_ui.pipelines.embedding_path import linear, spherical

RNG = np.random.default_rng(3)
A, B = (v / np.linalg.norm(v) for v in RNG.standard_normal((2, 64)).astype(np.float32))


@pytest.mark.parametrize("between", [linear, spherical])
def test_the_ends_are_the_embeddings_themselves(between: object) -> None:
    assert np.array_equal(between(A, B, 0.0), A)  # type: ignore[operator]
    assert np.array_equal(between(A, B, 1.0), B)  # type: ignore[operator]


def test_linear_is_a_weighted_mean() -> None:
    assert np.allclose(linear(A, B, 0.25), 0.75 * A + 0.25 * B)


def test_spherical_keeps_its_length_and_turns_evenly() -> None:
    path = [spherical(A, B, x) for x in np.linspace(0, 1, 9)]
    assert np.allclose([np.linalg.norm(p) for p in path], 1, atol=1e-6)
    turns = [float(np.arccos(p @ q)) for p, q in pairwise(path)]
    assert np.ptp(turns) < 1e-3


@pytest.mark.parametrize("other", [A, -A, np.zeros_like(A)])
def test_where_no_arc_is_defined_the_line_stands_in(other: np.ndarray) -> None:
    assert np.allclose(spherical(A, other, 0.3), linear(A, other, 0.3), atol=1e-6)
