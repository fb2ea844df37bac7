"""Figures of drafts: pictures in few steps beside those in all steps, of the same sounds and seeds."""

import statistics
from collections.abc import Sequence
from functools import partial

import torch
from PIL import Image
from torch import Tensor

from sonic_ui.evaluation.appearance import picture_features
from sonic_ui.evaluation.benchmarks import timed
from sonic_ui.evaluation.held_out import HeldOutClip
from sonic_ui.evaluation.image_metrics import Painter, as_tensor, source_accuracy
from sonic_ui.evaluation.metrics import Metric
from sonic_ui.models.presence_classifier import PresenceClassifier

ROUNDS = 5


def frechet_distance(features: Tensor, reference: Tensor) -> float:
    """Fréchet distance of Gaussians fitted to features [N, D] and [M, D] (arXiv 1706.08500, equation 6).

    tr (S R)^1/2 is the sum of the singular values of X Y^T, for centred X, Y with X^T X = S and Y^T Y = R.
    """
    x, y = (some.double() for some in (features, reference))
    means = (x.mean(0) - y.mean(0)).square().sum()
    x, y = ((some - some.mean(0)) / (len(some) - 1) ** 0.5 for some in (x, y))
    shared = torch.linalg.svdvals(x @ y.T).sum()
    return float(means + x.square().sum() + y.square().sum() - 2 * shared)


def draft_metrics(
    judge: PresenceClassifier,
    features: PresenceClassifier,
    fine: Painter,
    draft: Painter,
    clips: Sequence[HeldOutClip],
    renders: Tensor,
) -> tuple[list[Metric], dict[str, list[Image.Image]]]:
    """AIC and Fréchet distance to renders [B, 3, H, W] of drafts over those of fine pictures, and their cost.

    Also the pictures. judge: says which source is seen; `features` compares pictures
    """
    embeds = fine.embed([clip.samples for clip in clips])
    pictures = {"fine": fine.paint(embeds), "draft": draft.paint(embeds)}
    reference = picture_features(features, renders)
    accuracy, distance = {}, {}
    for name, images in pictures.items():
        accuracy[name] = source_accuracy(judge, images, clips)[0]
        distance[name] = frechet_distance(picture_features(features, as_tensor(images)), reference)
    note = f"{draft.steps} steps, {len(clips)} sounds"
    return [
        Metric("draft: AIC", accuracy["draft"], note=note),
        Metric(
            "draft: AIC over that of fine pictures", accuracy["draft"] / max(accuracy["fine"], 1e-9), 0.95
        ),
        Metric("draft: Fréchet distance to renders", distance["draft"], note=note),
        Metric(
            "draft: Fréchet distance over that of fine pictures",
            distance["draft"] / distance["fine"],
            1.25,
            at_least=False,
        ),
        cost_metric(fine, draft, embeds[:1]),
    ], pictures


def cost_metric(fine: Painter, draft: Painter, embed: Tensor) -> Metric:
    """Seconds of a warm draft over those of a fine picture, in turns: the median of a few pairs."""
    ratios = []
    for seed in range(ROUNDS + 1):
        seconds = [timed(partial(painter.paint, embed, [seed]))[1] for painter in (draft, fine)]
        ratios.append(seconds[0] / seconds[1])
    note = "with decoding, without embedding the sound"
    return Metric(
        "draft: seconds over a fine picture", statistics.median(ratios[1:]), 0.25, at_least=False, note=note
    )
