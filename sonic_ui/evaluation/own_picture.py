"""Glides and sweeps on a picture of one's own: whether the sounds are followed, and the picture is kept."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from sonic_ui.evaluation.held_out import HeldOutClip
from sonic_ui.evaluation.image_metrics import Editor, as_tensor, rank_correlation, structure_distance
from sonic_ui.evaluation.metrics import Metric
from sonic_ui.models.gated_attention import batch_audio_scales
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.pipelines.embedding_path import linear
from sonic_ui.pipelines.interpolation import EditInterpolator
from sonic_ui.requests import EDIT_MODES
from sonic_ui.scenes.world import SOURCES

MODE = "replace"
POSITIONS = tuple(float(x) for x in np.linspace(0, 1, 6))
SCALES = (0.0, 0.5, 1.0, 1.5, 2.0)

Glide = tuple[Image.Image, HeldOutClip, HeldOutClip]


def glides_of(clips: Sequence[HeldOutClip], count: int) -> list[Glide]:
    """Renders, each with two sounds of other sources."""
    rng = np.random.default_rng(61)
    found: list[Glide] = []
    while len(found) < count:
        render, a, b = (clips[int(k)] for k in rng.choice(len(clips), 3, replace=False))
        if render.picture is not None and len({*render.sources, *a.sources, *b.sources}) == 3:
            found.append((Image.fromarray(render.picture), a, b))
    return found


def own_picture_metrics(
    judge: PresenceClassifier, editor: Editor, glides: Sequence[Glide]
) -> tuple[list[Metric], list[Image.Image]]:
    """Figures of glides and of sweeps (factors 0 to 2 on the first sound), and the frames of all of them.

    The correlation of a glide is the mean of two of Spearman's: of position with the second source's logit,
    and of the way back with the first's.
    """
    glide_rho, sweep_rho, kept, free, frames = [], [], [], [], []
    for picture, a, b in glides:
        first, second = (editor.edit.embed_audio(clip.samples)[0] for clip in (a, b))
        inversion = editor.edit.invert(picture, num_inference_steps=editor.steps)
        strip = _glide(editor, inversion, first, second)
        logits = judge.predict(as_tensor(strip))[0].double().logit(eps=1e-12)
        there = rank_correlation(POSITIONS, logits[:, SOURCES.index(b.sources[0])].numpy())
        back = rank_correlation(POSITIONS[::-1], logits[:, SOURCES.index(a.sources[0])].numpy())
        glide_rho.append((there + back) / 2)
        kept += [structure_distance(picture, frame) for frame in strip]
        free += [structure_distance(picture, editor.unguided(embed)) for embed in (first, second)]
        sweep = _sweep(editor, inversion, first)
        level = judge.predict(as_tensor(sweep))[1]
        sweep_rho.append(rank_correlation(SCALES, level[:, SOURCES.index(a.sources[0])].numpy()))
        frames += [picture, *strip, *sweep]
    note = f"{len(glides)} renders, “{MODE}”"
    ratio = float(np.mean(kept) / np.mean(free))
    name = "on a picture, glide"
    return [
        Metric(
            f"{name}: edge distance over that of unguided pictures", ratio, 0.5, at_least=False, note=note
        ),
        Metric(
            f"{name}: median Spearman of position and judged sources", _median(glide_rho), 0.85, note=note
        ),
        Metric(
            "on a picture, volume: median Spearman of factor and judged level",
            _median(sweep_rho),
            0.85,
            note=f"{note}, factors 0 to 2",
        ),
    ], frames


def _glide(editor: Editor, inversion: Any, first: torch.Tensor, second: torch.Tensor) -> list[Image.Image]:
    a, b = first.numpy(), second.numpy()
    settings = {name: value for name, value in editor.settings(first).items() if name != "audio_embeds"}
    painter = EditInterpolator(
        editor.edit,
        lambda position: linear(a, b, position),
        0,
        settings | EDIT_MODES[MODE].settings(),
        inversion=inversion,
    )
    ends = painter.paint([0.0, 1.0])
    return [ends[0], *painter.paint(POSITIONS[1:-1]), ends[1]]


def _sweep(editor: Editor, inversion: Any, embed: torch.Tensor) -> list[Image.Image]:
    strength = batch_audio_scales(editor.strength, SCALES, editor.edit.audio_attention.paths)
    settings = editor.settings(embed) | {
        "audio_embeds": embed[None].expand(len(SCALES), -1),
        "strength": strength,
    }
    images: list[Image.Image] = editor.edit(inversion, **settings, **EDIT_MODES[MODE].settings()).images
    return images


def _median(values: Sequence[float]) -> float:
    return float(np.median(values))
