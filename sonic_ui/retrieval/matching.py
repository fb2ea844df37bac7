"""Matching of a picture's concepts to recordings of a library, and their sum as one sound.

Source: Seeing Sound, section 3.3: each sounding concept of the picture takes one recording by text-to-audio
similarity (Algorithm 1), each is brought to a loudness drawn from a range, and all are summed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.decode import decode
from sonic_ui.audio.energy import best_stretch, resample_curve, rms_energy, shape_by_curve
from sonic_ui.audio.limiter import limit_true_peak
from sonic_ui.audio.loudness import set_lufs
from sonic_ui.audio.mixing import loop_to, with_soft_ends

SAMPLE_RATE = 48_000
TOP_K = 5
"""Over how many of the best matches the threshold is the mean (ours: the paper leaves k open)."""

EXCERPT_S = 5.0
"""Length of an excerpt, as in the paper (section 4.1)."""

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Excerpt:
    """A stretch of a recording, at most EXCERPT_S long from `start_s` on; `digest`: SHA-256 of its file."""

    path: Path
    start_s: float
    digest: str


@dataclass(frozen=True)
class Library:
    """Excerpts [N] and their audio embeddings [N, D], unit length; `skipped`: files that were no sound."""

    excerpts: tuple[Excerpt, ...]
    embeddings: Vector = field(repr=False)
    skipped: int = 0


@dataclass(frozen=True)
class Concept:
    """Something in the picture that sounds: its name and its text embedding [D] in the library's space."""

    name: str
    embedding: Vector = field(repr=False)


@dataclass(frozen=True)
class Pick:
    """Which excerpt stands for a concept, how alike they are (cosine), and its loudness in the sum."""

    concept: str
    excerpt: Excerpt
    similarity: float
    lufs: float


def signed_root(similarity: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """sign(t) sqrt(|t|) (Algorithm 1, line 5)."""
    t = np.asarray(similarity, np.float64)
    return np.sign(t) * np.sqrt(np.abs(t))


def eligible(similarity: NDArray[np.floating[Any]], top_k: int = TOP_K) -> NDArray[np.intp]:
    """Indices of the matches above the mean of the `top_k` best (Algorithm 1, lines 5 to 7).

    Where all of those are equal, they themselves. Raises ValueError for no similarities.
    """
    rooted = signed_root(similarity)
    if rooted.size == 0:
        raise ValueError("no similarities were given; at least one is needed")
    best = np.sort(rooted)[-top_k:]
    above = np.flatnonzero(rooted > best.mean() + 1e-12)
    return above if above.size else np.flatnonzero(rooted >= best[-1])


def match(concept: Concept, library: Library, rng: np.random.Generator) -> tuple[int, float]:
    """A random eligible excerpt of the library and its cosine similarity (Algorithm 1)."""
    similarity = library.embeddings @ concept.embedding  # [N]
    index = int(rng.choice(eligible(similarity)))
    return index, float(similarity[index])


def build_sound(
    concepts: Sequence[Concept],
    library: Library,
    curve: NDArray[np.floating[Any]] | None,
    *,
    duration_s: float,
    lufs_range: tuple[float, float],
    loudness_lufs: float | None,
    flatten: bool,
    seed: int,
) -> tuple[NDArray[np.float32], tuple[Pick, ...]]:
    """One sound [duration_s * SAMPLE_RATE] of the concepts, and what it was built from.

    curve        [frames] in [0, 1] shapes the sum; with `flatten` exactly; None leaves it as it was recorded
    lufs_range   from which each concept's loudness is drawn; loudness_lufs: that of the sum

    No true peak passes -1 dBTP. Raises BadInput if a recording has gone, ValueError without concepts.
    """
    if not concepts:
        raise ValueError("no concept was given; at least one is needed")
    rng = np.random.default_rng(seed)
    length = round(duration_s * SAMPLE_RATE)
    total, picks = np.zeros(length, np.float32), []
    for concept in concepts:
        index, similarity = match(concept, library, rng)
        lufs = float(rng.uniform(*lufs_range))
        excerpt = library.excerpts[index]
        total += set_lufs(_laid_out(excerpt, length, curve), SAMPLE_RATE, lufs)
        picks.append(Pick(concept.name, excerpt, similarity, lufs))
    if curve is not None:
        total = shape_by_curve(total, SAMPLE_RATE, curve, flatten=flatten)
    total = with_soft_ends(total, SAMPLE_RATE)
    if loudness_lufs is not None and (curve is None or np.max(curve) > 0):
        total = set_lufs(total, SAMPLE_RATE, loudness_lufs)
    return limit_true_peak(total, SAMPLE_RATE), tuple(picks)


def _laid_out(excerpt: Excerpt, length: int, curve: NDArray[np.floating[Any]] | None) -> NDArray[np.float32]:
    """The excerpt looped to [length], begun where its own energy follows the curve best."""
    sound = decode(excerpt.path, SAMPLE_RATE, start_s=excerpt.start_s, duration_s=EXCERPT_S)
    if curve is None:
        return loop_to(sound, length, SAMPLE_RATE)
    twice = loop_to(sound, 2 * length, SAMPLE_RATE)
    energy = rms_energy(twice, SAMPLE_RATE)
    begin = best_stretch(energy, resample_curve(curve, max(1, energy.size // 2)))
    first = min(round(begin / energy.size * twice.size), length)
    return twice[first : first + length]
