"""Between two audio embeddings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Embedding = NDArray[np.float32]
PARALLEL = 1e-4
"""Below this angle (radians) the arc is the line."""


def linear(a: Embedding, b: Embedding, position: float) -> Embedding:
    """(1 - x) a + x b for embeddings [D] (SonicDiffusion, Manipulations); exactly a at 0 and b at 1."""
    return ((1 - position) * a + position * b).astype(np.float32)


def spherical(a: Embedding, b: Embedding, position: float) -> Embedding:
    """Along the great arc from a to b [D] at even speed, length included (slerp; Shoemake 1985).

    Exactly a at 0 and b at 1. The line stands in where no arc is defined: parallel, opposite or zero ends.
    """
    if position in (0.0, 1.0):
        return (a if position == 0.0 else b).astype(np.float32)
    length_a, length_b = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if min(length_a, length_b) < 1e-12:
        return linear(a, b, position)
    unit_a, unit_b = a / length_a, b / length_b
    angle = float(np.arccos(np.clip(unit_a @ unit_b, -1.0, 1.0)))
    if angle < PARALLEL or np.pi - angle < PARALLEL:
        return linear(a, b, position)
    arc = (np.sin((1 - position) * angle) * unit_a + np.sin(position * angle) * unit_b) / np.sin(angle)
    return (arc * ((1 - position) * length_a + position * length_b)).astype(np.float32)
