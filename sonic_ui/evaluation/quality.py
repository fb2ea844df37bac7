"""How good pictures are by themselves: distance to renders, sharpness, collapse and variety.

Features are those of a picture classifier that was trained apart (`PictureJudge`), on other renders.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sonic_ui.evaluation.report import Figure
from sonic_ui.models.latents import encode_picture, upper_band_share
from sonic_ui.models.picture_judge import PictureJudge, judged_size
from sonic_ui.scenes.world import SOURCES, SPECS

SHOWN = 0.5
"""Probability from which the judge counts a source as present."""


def to_tensor(pictures: Sequence[Image.Image] | NDArray[np.uint8]) -> Tensor:
    """Pictures -> [B, 3, H, W] in [-1, 1]."""
    array = np.stack([np.asarray(picture) for picture in pictures])
    return torch.from_numpy(array).permute(0, 3, 1, 2).float() / 127.5 - 1


@torch.no_grad()
def picture_features(network: PictureJudge, pictures: Tensor, batch: int = 64) -> Tensor:
    """Features [B, D] before the classifier's heads: means and maxima over the last maps."""
    network.eval()
    rows = []
    for some in pictures.split(batch):
        x = F.silu(network.stem(judged_size(some)))
        for block in network.blocks:
            x = block(x)
        rows.append(torch.cat([x.mean((2, 3)), x.amax((2, 3))], -1))
    return torch.cat(rows)


def kernel_distance(features: Tensor, reference: Tensor) -> float:
    """Unbiased kernel distance of two sets of features [N, D], [M, D]; about 0 for sets of one kind.

    Polynomial kernel of degree 3 on features divided by the reference's spread. Source: arXiv 1801.01401.
    """
    mean, spread = reference.mean(0), reference.std(0).clamp(min=1e-6)
    x, y = ((some - mean) / spread for some in (features.double(), reference.double()))

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.T / a.shape[1] + 1) ** 3

    n, m = len(x), len(y)
    own_x, own_y = kernel(x, x), kernel(y, y)
    within_x = (own_x.sum() - own_x.diagonal().sum()) / (n * (n - 1))
    within_y = (own_y.sum() - own_y.diagonal().sum()) / (m * (m - 1))
    return float(within_x + within_y - 2 * kernel(x, y).mean())


def edge_energy(pictures: Tensor) -> float:
    """Mean squared difference of neighbouring pixels of pictures [B, 3, H, W] in [-1, 1]."""
    across = (pictures[..., :, 1:] - pictures[..., :, :-1]).square().mean()
    down = (pictures[..., 1:, :] - pictures[..., :-1, :]).square().mean()
    return float(across + down)


def collapse_share(judge: PictureJudge, pictures: Tensor) -> float:
    """Share of pictures [B, 3, H, W] in which the judge finds no source at all."""
    presence = torch.cat([judge.read(some)[0] for some in pictures.split(64)])
    return float((presence.amax(-1) < SHOWN).float().mean())


def mean_distance(features: Tensor) -> float:
    """Mean distance between the rows of [N, D]."""
    return float(torch.pdist(features.double()).mean())


def variety(groups: Sequence[Tensor], references: Sequence[Tensor]) -> float:
    """Mean distance between pictures of one sound over that between renders of one source.

    groups, references   features [N, D], one set a sound or source, standardised alike
    """
    made = np.mean([mean_distance(group) for group in groups])
    true = np.mean([mean_distance(group) for group in references])
    return float(made / true)


KINDS = ("a painting of {}", "a painting of {} by day", "{} at night", "a watercolour of {}")
"""Captions that pictures from words are made of, in turns."""


def word_pictures(painter: Any, per_source: int) -> list[Image.Image]:
    """`per_source` pictures of every source from words alone, by a `Painter`'s settings."""
    captions = [
        KINDS[k % len(KINDS)].format(SPECS[name].label) for k in range(per_source) for name in SOURCES
    ]
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
def latent_bands(pipeline: Any, renders: Tensor) -> float:
    """Share of the latents' variance in the upper bands, for pictures [B, 3, H, W] in [-1, 1]."""
    parts = [encode_picture(pipeline.vae, some, pipeline.latent_normalizer) for some in renders.split(16)]
    return upper_band_share(torch.cat(parts))


def appearance_figures(
    network: PictureJudge, renders: Tensor, words: Sequence[Image.Image], sounds: Sequence[Image.Image]
) -> list[Figure]:
    """Kernel distances and edge energy of pictures from words and from sounds, beside held-out renders."""
    reference = picture_features(network, renders)
    figures, half = [], len(reference) // 2
    itself = kernel_distance(reference[:half], reference[half:])
    figures.append(Figure("kernel distance of renders to others", itself, note=f"{half} and {half}"))
    for kind, pictures, reach in (("words", words, 0.015), ("sounds", sounds, 0.02)):
        seen = to_tensor(pictures)
        distance = kernel_distance(picture_features(network, seen), reference)
        note = f"{len(pictures)} pictures"
        figures.append(
            Figure(
                f"kernel distance of pictures from {kind} to renders",
                distance,
                reach,
                at_least=False,
                note=note,
            )
        )
        energy = edge_energy(seen) / edge_energy(renders)
        figures.append(Figure(f"edge energy of pictures from {kind} over renders", energy, 0.85, note=note))
    return figures


def repeated_figures(
    judge: PictureJudge,
    network: PictureJudge,
    painter: Any,
    embeds: Tensor,
    truth: Sequence[Tensor],
    seeds: int,
) -> tuple[list[Figure], dict[str, float]]:
    """Collapse and variety: one sound of every source [sources, D], each painted from `seeds` seeds.

    truth   renders of each source [N, 3, H, W]
    """
    everything = torch.cat([picture_features(network, group) for group in truth])
    mean, spread = everything.mean(0), everything.std(0).clamp(min=1e-6)
    made, collapsed = [], []
    for k, embed in enumerate(embeds):
        seen = to_tensor(painter.paint(embed[None].expand(seeds, -1), [1000 * k + i for i in range(seeds)]))
        made.append((picture_features(network, seen) - mean) / spread)
        collapsed.append(collapse_share(judge, seen))
    references = [(picture_features(network, group) - mean) / spread for group in truth]
    note = f"{len(embeds)} sources x {seeds} seeds"
    figures = [
        Figure(
            "collapse: the judge finds no source", float(np.mean(collapsed)), 0.01, at_least=False, note=note
        ),
        Figure("variety over that of renders", variety(made, references), 0.7, note=note),
    ]
    return figures, dict(zip(SOURCES, collapsed, strict=True))
