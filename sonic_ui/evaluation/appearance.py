"""Metrics of pictures by themselves: distance to renders, sharpness, collapse, variety, bands of latents.

Features are those of a presence classifier that was trained apart from the judge, on other renders.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sonic_ui.evaluation.image_metrics import Painter, as_tensor
from sonic_ui.evaluation.metrics import Metric
from sonic_ui.models.latents import encode_picture, upper_band_share
from sonic_ui.models.presence_classifier import PresenceClassifier, shrink_for_classifier
from sonic_ui.scenes.world import Scene, caption
from sonic_ui.training.stages.presence_classifier import SPOILERS

PRESENT = 0.5
"""Probability from which a source counts as present."""


@torch.no_grad()
def picture_features(network: PresenceClassifier, pictures: Tensor, batch: int = 64) -> Tensor:
    """Features [B, D] of pictures [B, 3, H, W] in [-1, 1]."""
    network.eval()
    return torch.cat([network.features(some) for some in pictures.split(batch)])


def kernel_distance(features: Tensor, reference: Tensor) -> float:
    """Unbiased kernel distance of features [N, D] and [M, D]; about 0 for sets of one kind.

    Polynomial kernel of degree 3 on features divided by the reference's spread. Source: arXiv 1801.01401.
    """
    mean, spread = reference.mean(0), reference.std(0).clamp(min=1e-6)
    x, y = (((some - mean) / spread).double() for some in (features, reference))

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.T / a.shape[1] + 1) ** 3

    def within(a: Tensor) -> Tensor:
        values = kernel(a, a)
        return (values.sum() - values.diagonal().sum()) / (len(a) * (len(a) - 1))

    return float(within(x) + within(y) - 2 * kernel(x, y).mean())


def edge_energy(pictures: Tensor) -> float:
    """Mean squared difference of neighbouring pixels of pictures [B, 3, H, W] in [-1, 1]."""
    return float(pictures.diff(dim=-1).square().mean() + pictures.diff(dim=-2).square().mean())


def presence_of(classifier: PresenceClassifier, pictures: Tensor) -> Tensor:
    """Probabilities [B, S] that each source is in pictures [B, 3, H, W], in batches."""
    return torch.cat([classifier.predict(some)[0] for some in pictures.split(64)])


def collapse_share(classifier: PresenceClassifier, pictures: Tensor) -> float:
    """Share of pictures [B, 3, H, W] in which the classifier finds no source at all."""
    presence = presence_of(classifier, pictures)
    return float((presence.amax(-1) < PRESENT).float().mean())


def refusal_metric(classifier: PresenceClassifier, pictures: Tensor) -> Metric:
    """Share of spoiled pictures in which the classifier finds no source; every spoiler takes some of them."""
    generator = torch.Generator().manual_seed(0)
    parts = shrink_for_classifier(pictures).tensor_split(len(SPOILERS))
    spoiled = [spoil(some, generator) for spoil, some in zip(SPOILERS, parts, strict=True) if len(some)]
    share = collapse_share(classifier, torch.cat(spoiled))
    return Metric("judge: spoiled renders that it finds nothing in", share, note=f"{len(pictures)} renders")


def mean_distance(features: Tensor) -> float:
    """Mean distance between the rows of [N, D], N at least 2."""
    return float(torch.pdist(features.double()).mean())


def variety(groups: Sequence[Tensor], references: Sequence[Tensor]) -> float:
    """Mean distance between pictures of one sound over that between renders of one source.

    groups, references   features [N, D], one set a sound or source; each divided by the references' spread
    """
    spread = torch.cat(list(references)).std(0).clamp(min=1e-6)
    found, true = (np.mean([mean_distance(x / spread) for x in sets]) for sets in (groups, references))
    return float(found / true)


def word_pictures(painter: Painter, scenes: Sequence[Scene]) -> list[Image.Image]:
    """A picture of every scene from its caption alone, at a painter's settings."""
    captions = [caption(scene) for scene in scenes]
    out: list[Image.Image] = []
    for start in range(0, len(captions), painter.batch):
        part = captions[start : start + painter.batch]
        out += painter.pipeline(
            prompt=part,
            seed=[painter.seed + start + i for i in range(len(part))],
            num_inference_steps=painter.steps,
            guidance_scale=painter.guidance_scale,
        ).images
    return out


@torch.no_grad()
def band_metric(pipeline: Any, renders: Tensor) -> Metric:
    """Share of the latents' variance in the upper bands, for renders [B, 3, H, W] in [-1, 1]."""
    parts = [encode_picture(pipeline.vae, some, pipeline.latent_normalizer) for some in renders.split(16)]
    share = upper_band_share(torch.cat(parts))
    return Metric("latents: share of variance in the upper bands", share, 0.3, at_least=False)


def edge_metric(kind: str, pictures: Sequence[Image.Image], renders: Tensor) -> Metric:
    """Edge energy of pictures of a kind over that of renders."""
    energy = edge_energy(as_tensor(pictures)) / edge_energy(renders)
    note = f"{len(pictures)} pictures; at most 1.1 is wanted"
    return Metric(f"edge energy of pictures from {kind} over renders", energy, 0.85, note=note)


def distance_metrics(
    network: PresenceClassifier,
    renders: Tensor,
    words: Sequence[Image.Image],
    sounds: Sequence[Image.Image],
) -> list[Metric]:
    """Kernel distances to renders: of other renders, of pictures from words and of pictures from sounds."""
    reference = picture_features(network, renders)
    metrics = [
        Metric("kernel distance of renders to others", kernel_distance(reference[::2], reference[1::2])),
    ]
    for kind, pictures, reach in (("words", words, 0.015), ("sounds", sounds, 0.02)):
        distance = kernel_distance(picture_features(network, as_tensor(pictures)), reference)
        name, note = f"kernel distance of pictures from {kind} to renders", f"{len(pictures)} pictures"
        metrics.append(Metric(name, distance, reach, at_least=False, note=note))
    return metrics


def collapse_metric(
    classifier: PresenceClassifier, groups: Sequence[Sequence[Image.Image]]
) -> tuple[Metric, list[float]]:
    """Share of pictures that show no source; `groups` are those of one sound from many seeds each. Also the
    share of every group."""
    shares = [collapse_share(classifier, as_tensor(group)) for group in groups]
    note = f"{len(groups)} sounds x {len(groups[0])} seeds"
    return Metric(
        "collapse: the judge finds no source", float(np.mean(shares)), 0.01, at_least=False, note=note
    ), shares


def variety_metric(
    network: PresenceClassifier, groups: Sequence[Sequence[Image.Image]], renders: Sequence[Tensor]
) -> Metric:
    """`variety` of pictures, those of one sound a group, beside renders [N, 3, H, W], those of one source."""
    found = [picture_features(network, as_tensor(group)) for group in groups]
    true = [picture_features(network, group) for group in renders]
    return Metric("variety over that of renders", variety(found, true), 0.7)
