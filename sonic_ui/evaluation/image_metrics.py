"""Metrics of pictures: AIC, AIS, IIS (SonicDiffusion, section 4), mixing, volume and interpolation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import spearmanr
from torch import Tensor

from sonic_ui.audio.loudness import apply_gain, set_lufs
from sonic_ui.evaluation.held_out import SAMPLE_RATE, HeldOutClip
from sonic_ui.evaluation.metrics import Metric
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.pipelines.embedding_path import linear, spherical
from sonic_ui.pipelines.interpolation import LatentInterpolator, interpolate_evenly
from sonic_ui.scenes.world import SOURCES, Scene

GAINS_DB = (-24.0, -18.0, -12.0, -6.0, 0.0, 6.0, 12.0)
SCALES = (0.0, 1 / 3, 2 / 3, 1.0, 4 / 3, 5 / 3, 2.0)
MIDDLE_LUFS = -30.0
FRAMES = 8

Turned = Literal["gain", "reweighting"]
TURNED: tuple[Turned, ...] = ("gain", "reweighting")


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
        """Interpolator with the app's default settings; `embedding` gives [D] at a position."""
        settings = {
            "num_inference_steps": self.steps,
            "guidance_scale": self.guidance_scale,
            "strength": self.strength,
        }
        return LatentInterpolator(self.pipeline, embedding, self.seed, settings)


def classifier_metrics(
    classifier: PresenceClassifier, scenes: list[Scene], pictures: NDArray[np.uint8]
) -> list[Metric]:
    """The classifier on held-out renders: its strongest source is in the scene; and its error in level."""
    presence, level = classifier.predict(as_tensor(pictures))
    truth = torch.from_numpy(np.stack([s.presence for s in scenes]))
    levels = torch.from_numpy(np.stack([s.levels for s in scenes]))
    hit = truth.gather(1, presence.argmax(-1, keepdim=True)).mean().item()
    error = ((level - levels).abs() * truth).sum() / truth.sum()
    single = truth.sum(-1) == 1
    alone = truth[single].gather(1, presence[single].argmax(-1, keepdim=True)).mean().item()
    return [
        Metric("judge: accuracy on held-out renders", hit, 0.95),
        Metric("judge: accuracy on renders of one source", alone),
        Metric("judge: mean error of level", error.item(), note="level in 0..1"),
    ]


def source_accuracy(
    classifier: PresenceClassifier,
    pictures: Sequence[Image.Image],
    clips: Sequence[HeldOutClip],
    among: Sequence[str] = SOURCES,
) -> tuple[float, dict[str, float]]:
    """AIC: the classifier's strongest source among `among` is the clip's. Overall, and by source."""
    columns = torch.tensor([SOURCES.index(name) for name in among])
    presence, _ = classifier.predict(as_tensor(pictures))
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
    classifier: PresenceClassifier, clip: Any, painter: Painter, clips: Sequence[HeldOutClip]
) -> tuple[list[Metric], list[Image.Image], dict[str, float]]:
    """AIC, AIS and IIS of synthetic held-out sounds."""
    embeds = painter.embed([c.samples for c in clips])
    pictures = painter.paint(embeds)
    accuracy, by_source = source_accuracy(classifier, pictures, clips)
    embedded = image_embeddings(clip, as_tensor(pictures))
    truth = image_embeddings(clip, as_tensor(np.stack([c.picture for c in clips if c.picture is not None])))
    metrics = [
        Metric("AIC, synthetic held-out sounds", accuracy, 0.85, note=f"{len(clips)} sounds, 16 classes"),
        Metric("AIS", retrieval_rate(embedded @ embeds.T), 0.80),
        Metric("IIS", retrieval_rate(embedded @ truth.T), 0.80),
    ]
    return metrics, pictures, by_source


def real_metrics(
    classifier: PresenceClassifier, painter: Painter, clips: Sequence[HeldOutClip], probabilities: Tensor
) -> tuple[list[Metric], list[Image.Image], dict[str, float]]:
    """AIC of real recordings, over their own classes and over all; and what the audio encoder alone says.

    probabilities   [N, sources] of the audio encoder's labels
    """
    classes = [name for name in SOURCES if any(name in c.sources for c in clips)]
    pictures = painter.paint(painter.embed([c.samples for c in clips]))
    own, by_source = source_accuracy(classifier, pictures, clips, classes)
    every, _ = source_accuracy(classifier, pictures, clips)
    columns = torch.tensor([SOURCES.index(name) for name in classes])
    named = columns[probabilities[:, columns].argmax(-1)]
    right = float(np.mean([SOURCES[int(k)] in c.sources for k, c in zip(named, clips, strict=True)]))
    note = f"{len(clips)} clips, {len(classes)} classes"
    metrics = [
        Metric("AIC, real recordings of fold 4", own, 0.60, note=note),
        Metric("AIC, real recordings, among all 16 classes", every),
        Metric("audio encoder's label is right, real recordings", right),
    ]
    return metrics, pictures, by_source


def mixing_metric(
    classifier: PresenceClassifier, painter: Painter, clips: Sequence[HeldOutClip]
) -> tuple[Metric, list[Image.Image]]:
    """Share of two-source sounds whose picture shows both sources (judged present with p > 0.5)."""
    pictures = painter.paint(painter.embed([c.samples for c in clips]))
    presence, _ = classifier.predict(as_tensor(pictures))
    both = [all(presence[i, SOURCES.index(n)] > 0.5 for n in c.sources) for i, c in enumerate(clips)]
    return Metric(
        "mixing: both of two sources found", float(np.mean(both)), 0.6, note=f"{len(clips)} sounds"
    ), pictures


def rank_correlation(target: Sequence[float], found: NDArray[np.float32]) -> float:
    """Spearman's correlation; 0 where nothing changes."""
    return float(spearmanr(target, found).statistic) if np.ptp(found) > 1e-6 else 0.0


def volume_metric(
    classifier: PresenceClassifier,
    painter: Painter,
    clips: Sequence[HeldOutClip],
    turned: Turned = "gain",
    kind: str = "synthetic",
) -> tuple[Metric, list[float]]:
    """Median over clips of Spearman's correlation between what is turned up and the source's predicted level.

    turned   "gain": the waveform's, -24 to +12 dB about -30 LUFS; "reweighting": the audio strength, 0 to 2
    """
    correlations = []
    for clip in clips:
        base = set_lufs(clip.samples, SAMPLE_RATE, MIDDLE_LUFS)
        if turned == "gain":
            target, scales = GAINS_DB, None
            embeds = painter.embed([apply_gain(base, gain, SAMPLE_RATE) for gain in GAINS_DB])
        else:
            target = scales = SCALES
            embeds = painter.embed([clip.samples]).expand(len(SCALES), -1)
        pictures = painter.paint(embeds, [painter.seed] * len(target), scales)
        _, level = classifier.predict(as_tensor(pictures))
        correlations.append(rank_correlation(target, level[:, SOURCES.index(clip.sources[0])].numpy()))
    span = (
        f"{target[0]:g} to +{target[-1]:g} dB"
        if turned == "gain"
        else f"scale {target[0]:g} to {target[-1]:g}"
    )
    name = f"volume: median Spearman of {turned} and judged level, {kind} sounds"
    return Metric(
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
    painter: Painter, ends: Tensor, method: Literal["linear", "spherical"], image_encoder: Any = None
) -> list[Image.Image]:
    """FRAMES pictures between two embeddings [2, D], with the app's default settings.

    eyes   the bundle's `ImageEncoder`, with which the app compares pictures
    """
    interpolate = linear if method == "linear" else spherical
    a, b = ends.numpy()
    interpolator = painter.interpolator(lambda position: interpolate(a, b, position))
    return interpolate_evenly(interpolator, FRAMES, image_encoder)[1]


def interpolation_metrics(
    classifier: PresenceClassifier,
    image_encoder: Any,
    painter: Painter,
    pairs: Sequence[tuple[HeldOutClip, HeldOutClip]],
    method: Literal["linear", "spherical"] = "linear",
) -> tuple[list[Metric], list[Image.Image], dict[str, list[float]]]:
    """Order and smoothness of interpolations between pairs of sounds; the strips side by side, and the values
    of every pair.

    The correlation is the mean of two of Spearman's: of a frame's number with the second source's logit, and
    of the way back with the first's. A jump is the distance of neighbours in CLIP (1 - cosine).
    """
    correlations, jumps, strips = [], [], []
    for a, b in pairs:
        pictures = interpolate_pictures(painter, painter.embed([a.samples, b.samples]), method, image_encoder)
        strips += pictures
        pixels = as_tensor(pictures)
        logits = classifier.predict(pixels)[0].double().logit(eps=1e-12)
        position = np.arange(FRAMES, dtype=float)
        rises = rank_correlation(position.tolist(), logits[:, SOURCES.index(b.sources[0])].numpy())
        falls = rank_correlation((-position).tolist(), logits[:, SOURCES.index(a.sources[0])].numpy())
        correlations.append((rises + falls) / 2)
        embedded = image_embeddings(image_encoder.clip, pixels)
        steps = np.array([1 - float(p @ q) for p, q in pairwise(embedded)])
        jumps.append(float(steps.max() / max(steps.mean(), 1e-9)))
    note, name = f"{len(pairs)} pairs, {FRAMES} frames", f"glide, {method}"
    middle = float(np.median(correlations)), float(np.median(jumps))
    metrics = [
        Metric(f"{name}: median Spearman of position and judged sources", middle[0], 0.9, note=note),
        Metric(f"{name}: largest jump over the mean, median pair", middle[1], 3.0, at_least=False, note=note),
        Metric(f"{name}: largest jump over the mean, worst pair", float(np.max(jumps))),
    ]
    return metrics, strips, {"correlations": correlations, "jumps": jumps}
