"""Presence classifiers of the evaluation: the judge, and the network whose features pictures are compared by.

Each is trained on renders of its own, never on generated pictures; of every batch a share is spoiled and
shows nothing, so that a classifier cannot go by colours alone. Spoilers take pictures [B, 3, H, W] in
[-1, 1] and give pictures of the same shape.
"""

from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from sonic_ui.models.presence_classifier import PresenceClassifier, shrink_for_classifier
from sonic_ui.scenes.world import SOURCES
from sonic_ui.training.data.rendering import load_pictures, picture_batch
from sonic_ui.training.run import Run, Stage, artifact, stage
from sonic_ui.training.stages.clip import scene_factors

Spoiler = Callable[[Tensor, torch.Generator], Tensor]


def displace(pictures: Tensor, generator: torch.Generator, cells: int, strength: float) -> Tensor:
    """Pictures bent by a smooth random displacement: `strength` is its deviation in half sides, drawn at
    `cells` points a side."""
    b, _, h, w = pictures.shape
    coarse = torch.randn(b, 2, cells, cells, generator=generator) * strength
    bend = F.interpolate(coarse, size=(h, w), mode="bicubic", align_corners=True)
    plain = F.affine_grid(torch.eye(2, 3).expand(b, 2, 3), [b, 3, h, w], align_corners=False)
    grid = plain + bend.permute(0, 2, 3, 1)
    return F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)


def warp(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Shapes bent beyond recognition."""
    return displace(pictures, generator, 7, 0.17)


def melt(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Fine displacement and blur: the picture's colours where they were, its outlines gone."""
    return F.avg_pool2d(displace(pictures, generator, 16, 0.085), 7, 1, 3, count_include_pad=False)


def smear(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Only blobs of colour are left: averaged to between 6 and 11 cells a side."""
    side = int(torch.randint(6, 12, (), generator=generator))
    small = F.interpolate(pictures, size=(side, side), mode="area")
    out = F.interpolate(small, size=pictures.shape[-2:], mode="bicubic", align_corners=False)
    grain = F.avg_pool2d(torch.randn(pictures.shape, generator=generator), 3, 1, 1)
    return (out + 0.12 * grain).clamp(-1, 1)


def shuffle(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Patches of a quarter or an eighth of the side in random order."""
    b, c, h, w = pictures.shape
    cells = int(4 * 2 ** torch.randint(0, 2, (), generator=generator))
    x = pictures.reshape(b, c, cells, h // cells, cells, w // cells).permute(0, 2, 4, 1, 3, 5).flatten(1, 2)
    x = x[:, torch.randperm(cells * cells, generator=generator)]
    x = x.unflatten(1, (cells, cells)).permute(0, 3, 1, 4, 2, 5)
    return x.reshape(b, c, h, w)


def tear(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Bands of two pictures in turns, each moved sideways by up to a third: halves of two things."""
    other = pictures.roll(1, 0).flip(-1)
    h, w = pictures.shape[-2:]
    count = int(torch.randint(3, 7, (), generator=generator))
    most = w * 5 // 16
    shifts = torch.randint(-most, most + 1, (count,), generator=generator).tolist()
    bands = [(pictures if k % 2 else other).roll(shifts[k], -1) for k in range(count)]
    edges = [k * h // count for k in range(count + 1)]
    rows = zip(bands, pairwise(edges), strict=True)
    return torch.cat([band[..., start:end, :] for band, (start, end) in rows], -2)


SPOILERS: tuple[Spoiler, ...] = (warp, smear, shuffle, tear, melt)


def augment(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Small changes that leave the scene the same: contrast, colour, softness, noise, a shift."""
    b = len(pictures)
    gain = 1 + 0.12 * torch.randn(b, 3, 1, 1, generator=generator)
    lift = 0.08 * torch.randn(b, 1, 1, 1, generator=generator)
    soft = F.avg_pool2d(pictures, 3, 1, 1, count_include_pad=False)
    share = torch.rand(b, 1, 1, 1, generator=generator)
    noise = 0.04 * torch.randn(pictures.shape, generator=generator)
    changed = (pictures * (1 - share) + soft * share) * gain + lift + noise
    dy, dx = torch.randint(-4, 5, (2,), generator=generator).tolist()
    return changed.roll((dy, dx), (-2, -1)).clamp(-1, 1)


@stage("presence_classifier")
class PresenceClassifierStage(Stage):
    """Presence and level of every source in renders; in spoiled ones (`spoiled_share` of each batch) nothing.

    Weights start from the loop's seed.
    """

    name, split = "presence_classifier", "classifier"

    def __init__(self, run: Run) -> None:
        self.pictures, self.scenes = load_pictures(run.folder / "pictures", self.split)
        self.spoiled_share = run.recipe[self.name].get("spoiled_share", 0.35)
        torch.manual_seed(run.loop(self.name).seed)
        self.module = PresenceClassifier(len(SOURCES)).to(memory_format=torch.channels_last)

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        """Cross-entropy of presence, and the error in level of what is there."""
        index = torch.randint(0, len(self.pictures), (batch_size,), generator=generator)
        batch = picture_batch(self.pictures, index, generator=generator)
        batch = shrink_for_classifier(batch)
        levels, presence = scene_factors(self.scenes, index)
        spoiled = round(self.spoiled_share * batch_size)
        if spoiled:
            spoil = SPOILERS[int(torch.randint(len(SPOILERS), (), generator=generator))]
            batch = torch.cat([spoil(batch[:spoiled], generator), batch[spoiled:]])
            presence[:spoiled] = 0
        batch = augment(batch, generator).contiguous(memory_format=torch.channels_last)
        logits, level = self.module(batch)
        here = F.binary_cross_entropy_with_logits(logits, presence, reduction="none").sum(-1).mean()
        error = ((level - levels).abs() * presence).sum() / presence.sum().clamp(min=1)
        figures = {"level_error": error.item()}
        if spoiled < batch_size:
            strongest = logits[spoiled:].argmax(-1, keepdim=True)
            figures["source_hit"] = presence[spoiled:].gather(1, strongest).mean().item()
        if spoiled:
            figures["refused"] = (logits[:spoiled] < 0).all(-1).float().mean().item()
        return here + 4 * error, figures


@stage("picture_features")
class PictureFeaturesStage(PresenceClassifierStage):
    """The same, apart from the judge: on other renders, from another start. Its features compare pictures."""

    name, split = "picture_features", "features"


@artifact
def trained_classifier(run: Run) -> PresenceClassifier:
    return run.load("presence_classifier", PresenceClassifier(len(SOURCES)))


@artifact
def trained_picture_features(run: Run) -> PresenceClassifier:
    return run.load("picture_features", PresenceClassifier(len(SOURCES)))
