"""Strips: does the picture grow with the sound, and does a glide go from one sound to the other?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import spearmanr
from torch import Tensor

from sonic_ui.audio.loudness import apply_gain, set_lufs
from sonic_ui.evaluation.held_out import SAMPLE_RATE, HeldOutClip
from sonic_ui.evaluation.pictures import Painter, as_tensor, image_embeddings
from sonic_ui.evaluation.report import Figure
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.pipelines.embedding_path import linear, spherical
from sonic_ui.pipelines.interpolation import interpolate_evenly
from sonic_ui.scenes.world import SOURCES

GAINS_DB = (-24.0, -18.0, -12.0, -6.0, 0.0, 6.0, 12.0)
SCALES = (0.0, 1 / 3, 2 / 3, 1.0, 4 / 3, 5 / 3, 2.0)
MIDDLE_LUFS = -30.0
FRAMES = 8

Turned = Literal["gain", "reweighting"]
TURNED: tuple[Turned, ...] = ("gain", "reweighting")


def rank_correlation(wish: Sequence[float], found: NDArray[np.float32]) -> float:
    """Spearman's correlation; 0 where nothing changes."""
    return float(spearmanr(wish, found).statistic) if np.ptp(found) > 1e-6 else 0.0


def volume_figure(
    judge: PresenceClassifier,
    painter: Painter,
    clips: Sequence[HeldOutClip],
    turned: Turned = "gain",
    kind: str = "synthetic",
) -> tuple[Figure, list[float]]:
    """Median over clips of Spearman's correlation between what is turned up and the source's judged level.

    turned   "gain": the waveform's, -24 to +12 dB about -30 LUFS; "reweighting": the audio strength, 0 to 2
    """
    correlations = []
    for clip in clips:
        base = set_lufs(clip.samples, SAMPLE_RATE, MIDDLE_LUFS)
        if turned == "gain":
            wish, scales = GAINS_DB, None
            embeds = painter.embed([apply_gain(base, gain, SAMPLE_RATE) for gain in GAINS_DB])
        else:
            wish = scales = SCALES
            embeds = painter.embed([clip.samples]).expand(len(SCALES), -1)
        pictures = painter.paint(embeds, [painter.seed] * len(wish), scales)
        _, level = judge.predict(as_tensor(pictures))
        correlations.append(rank_correlation(wish, level[:, SOURCES.index(clip.sources[0])].numpy()))
    span = f"{wish[0]:g} to +{wish[-1]:g} dB" if turned == "gain" else f"scale {wish[0]:g} to {wish[-1]:g}"
    name = f"volume: median Spearman of {turned} and judged level, {kind} sounds"
    return Figure(
        name, float(np.median(correlations)), 0.8, note=f"{len(clips)} sounds, {span}"
    ), correlations


def pairs_of(clips: Sequence[HeldOutClip], count: int) -> list[tuple[HeldOutClip, HeldOutClip]]:
    """`count` pairs of clips of different sources, spread over all of them."""
    order = np.random.default_rng(50).permutation(len(clips))
    pairs: list[tuple[HeldOutClip, HeldOutClip]] = []
    step = 1
    while len(pairs) < count:
        for k in range(len(clips)):
            a, b = clips[order[k]], clips[order[(k + step) % len(clips)]]
            if a.sources != b.sources and len(pairs) < count:
                pairs.append((a, b))
        step += 1
    return pairs


def interpolate_pictures(
    painter: Painter, ends: Tensor, method: Literal["linear", "spherical"], eyes: Any = None
) -> list[Image.Image]:
    """FRAMES pictures between two embeddings [2, D], as the app glides unless asked otherwise.

    eyes   the bundle's `ImageEncoder`, with which the app compares pictures
    """
    between = linear if method == "linear" else spherical
    a, b = ends.numpy()
    return interpolate_evenly(painter.interpolator(lambda place: between(a, b, place)), FRAMES, eyes)[1]


def interpolation_metrics(
    judge: PresenceClassifier,
    eyes: Any,
    painter: Painter,
    pairs: Sequence[tuple[HeldOutClip, HeldOutClip]],
    method: Literal["linear", "spherical"] = "linear",
) -> tuple[list[Figure], list[Image.Image], dict[str, list[float]]]:
    """How a glide goes, over pairs of sounds; the strips side by side, and the values of every pair.

    The correlation is the mean of two of Spearman's: of a frame's number with the second source's logit, and
    of the way back with the first's. A jump is the distance of neighbours in CLIP (1 - cosine).
    """
    correlations, jumps, strips = [], [], []
    for a, b in pairs:
        pictures = interpolate_pictures(painter, painter.embed([a.samples, b.samples]), method, eyes)
        strips += pictures
        pixels = as_tensor(pictures)
        logits = judge.predict(pixels)[0].double().logit(eps=1e-12)
        place = np.arange(FRAMES, dtype=float)
        rises = rank_correlation(place.tolist(), logits[:, SOURCES.index(b.sources[0])].numpy())
        falls = rank_correlation((-place).tolist(), logits[:, SOURCES.index(a.sources[0])].numpy())
        correlations.append((rises + falls) / 2)
        seen = image_embeddings(eyes.clip, pixels)
        steps = np.array([1 - float(p @ q) for p, q in pairwise(seen)])
        jumps.append(float(steps.max() / max(steps.mean(), 1e-9)))
    note, name = f"{len(pairs)} pairs, {FRAMES} frames", f"glide, {method}"
    middle = float(np.median(correlations)), float(np.median(jumps))
    figures = [
        Figure(f"{name}: median Spearman of position and judged sources", middle[0], 0.9, note=note),
        Figure(f"{name}: largest jump over the mean, median pair", middle[1], 3.0, at_least=False, note=note),
        Figure(f"{name}: largest jump over the mean, worst pair", float(np.max(jumps))),
    ]
    return figures, strips, {"correlations": correlations, "jumps": jumps}
