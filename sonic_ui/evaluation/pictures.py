"""How well pictures follow sounds: AIC, AIS, IIS (SonicDiffusion, section 4) and mixing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sonic_ui.evaluation.held_out import HeldOutClip
from sonic_ui.evaluation.report import Figure
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.pipelines.interpolation import LatentInterpolator
from sonic_ui.scenes.world import SOURCES, Scene


def as_tensor(pictures: Sequence[Image.Image] | NDArray[np.uint8]) -> Tensor:
    """Pictures -> [B, 3, H, W] in [-1, 1]."""
    array = np.stack([np.asarray(p) for p in pictures])
    return torch.from_numpy(array).permute(0, 3, 1, 2).float() / 127.5 - 1


@dataclass
class Painter:
    """Paints sounds with one pipeline at fixed settings, in batches."""

    pipeline: Any
    steps: int = 25
    guidance_scale: float = 4.0
    strength: float = 1.0
    batch: int = 8
    seed: int = 100
    painted: list[Image.Image] = field(default_factory=list)

    def embed(self, samples: Sequence[NDArray[np.float32]]) -> Tensor:
        """Audio embeddings [B, D]."""
        return torch.cat([self.pipeline.embed_audio(one) for one in samples])

    def paint(
        self, embeds: Tensor, seeds: Sequence[int] | None = None, scales: Sequence[float] | None = None
    ) -> list[Image.Image]:
        """One picture an embedding; picture i starts from seed + i unless `seeds` says otherwise.

        scales   factor on the strength of the sound, one a picture
        """
        chosen = list(seeds) if seeds is not None else [self.seed + i for i in range(len(embeds))]
        strength = self.strength * torch.tensor(list(scales) if scales is not None else [1.0] * len(embeds))
        out: list[Image.Image] = []
        for start in range(0, len(embeds), self.batch):
            part = slice(start, start + self.batch)
            out += self.pipeline(
                audio_embeds=embeds[part],
                seed=chosen[part],
                num_inference_steps=self.steps,
                guidance_scale=self.guidance_scale,
                strength=strength[part],
            ).images
        return out

    def interpolator(self, embedding: Callable[[float], NDArray[np.float32]]) -> LatentInterpolator:
        """What paints a glide as the app does, unless it is asked otherwise; `embedding` [D] at a place."""
        settings = {
            "num_inference_steps": self.steps,
            "guidance_scale": self.guidance_scale,
            "strength": self.strength,
        }
        return LatentInterpolator(self.pipeline, embedding, self.seed, settings)


def classifier_metrics(
    judge: PresenceClassifier, scenes: list[Scene], pictures: NDArray[np.uint8]
) -> list[Figure]:
    """The judge on held-out renders: its strongest source is in the scene; and its error in level."""
    presence, level = judge.predict(as_tensor(pictures))
    truth = torch.from_numpy(np.stack([s.presence for s in scenes]))
    levels = torch.from_numpy(np.stack([s.levels for s in scenes]))
    hit = truth.gather(1, presence.argmax(-1, keepdim=True)).mean().item()
    error = ((level - levels).abs() * truth).sum() / truth.sum()
    single = truth.sum(-1) == 1
    alone = truth[single].gather(1, presence[single].argmax(-1, keepdim=True)).mean().item()
    return [
        Figure("judge: accuracy on held-out renders", hit, 0.95),
        Figure("judge: accuracy on renders of one source", alone),
        Figure("judge: mean error of level", error.item(), note="level in 0..1"),
    ]


def source_accuracy(
    judge: PresenceClassifier,
    pictures: Sequence[Image.Image],
    clips: Sequence[HeldOutClip],
    among: Sequence[str] = SOURCES,
) -> tuple[float, dict[str, float]]:
    """AIC: the judge's strongest source among `among` is the clip's. Overall, and by source."""
    columns = torch.tensor([SOURCES.index(name) for name in among])
    presence, _ = judge.predict(as_tensor(pictures))
    found = columns[presence[:, columns].argmax(-1)]
    hits = [float(SOURCES[int(k)] in clip.sources) for k, clip in zip(found, clips, strict=True)]
    by_source: dict[str, list[float]] = {}
    for clip, hit in zip(clips, hits, strict=True):
        by_source.setdefault(clip.sources[0], []).append(hit)
    return float(np.mean(hits)), {name: float(np.mean(v)) for name, v in by_source.items()}


@torch.no_grad()
def image_embeddings(clip: Any, pictures: Tensor) -> Tensor:
    """L2-normalised CLIP embeddings [B, D] of pictures [B, 3, H, W] in [-1, 1]."""
    side = int(clip.config.vision_config.image_size)
    small = torch.nn.functional.interpolate(pictures, size=(side, side), mode="area")
    return torch.nn.functional.normalize(
        clip.get_image_features(pixel_values=small).pooler_output.float(), dim=-1
    )


def retrieval_rate(similarity: Tensor) -> float:
    """Mean over rows of the share of all other clips that are less similar than the row's own [N, N]."""
    own = similarity.diagonal()[:, None]
    return ((similarity < own).sum(-1) / (similarity.shape[1] - 1)).mean().item()


def alignment_metrics(
    judge: PresenceClassifier, clip: Any, painter: Painter, clips: Sequence[HeldOutClip]
) -> tuple[list[Figure], list[Image.Image], dict[str, float]]:
    """AIC, AIS and IIS of synthetic held-out sounds."""
    embeds = painter.embed([c.samples for c in clips])
    pictures = painter.paint(embeds)
    accuracy, by_source = source_accuracy(judge, pictures, clips)
    seen = image_embeddings(clip, as_tensor(pictures))
    truth = image_embeddings(clip, as_tensor(np.stack([c.picture for c in clips if c.picture is not None])))
    figures = [
        Figure("AIC, synthetic held-out sounds", accuracy, 0.85, note=f"{len(clips)} sounds, 16 classes"),
        Figure("AIS", retrieval_rate(seen @ embeds.T), 0.80),
        Figure("IIS", retrieval_rate(seen @ truth.T), 0.80),
    ]
    return figures, pictures, by_source


def real_figures(
    judge: PresenceClassifier, painter: Painter, clips: Sequence[HeldOutClip], heard: Tensor
) -> tuple[list[Figure], list[Image.Image], dict[str, float]]:
    """AIC of real recordings, over their own classes and over all; and what the audio encoder alone says.

    `heard`: probabilities [N, sources] of the audio encoder's labels.
    """
    classes = [name for name in SOURCES if any(name in c.sources for c in clips)]
    pictures = painter.paint(painter.embed([c.samples for c in clips]))
    own, by_source = source_accuracy(judge, pictures, clips, classes)
    every, _ = source_accuracy(judge, pictures, clips)
    columns = torch.tensor([SOURCES.index(name) for name in classes])
    named = columns[heard[:, columns].argmax(-1)]
    ear = float(np.mean([SOURCES[int(k)] in c.sources for k, c in zip(named, clips, strict=True)]))
    return (
        [
            Figure(
                "AIC, real recordings of fold 4",
                own,
                0.60,
                note=f"{len(clips)} clips, {len(classes)} classes",
            ),
            Figure("AIC, real recordings, among all 16 classes", every),
            Figure("audio encoder's label is right, real recordings", ear),
        ],
        pictures,
        by_source,
    )


def mixing_figure(
    judge: PresenceClassifier, painter: Painter, clips: Sequence[HeldOutClip]
) -> tuple[Figure, list[Image.Image]]:
    """Share of two-source sounds whose picture shows both sources (judged present with p > 0.5)."""
    pictures = painter.paint(painter.embed([c.samples for c in clips]))
    presence, _ = judge.predict(as_tensor(pictures))
    both = [all(presence[i, SOURCES.index(n)] > 0.5 for n in c.sources) for i, c in enumerate(clips)]
    return Figure(
        "mixing: both of two sources found", float(np.mean(both)), 0.6, note=f"{len(clips)} sounds"
    ), pictures
