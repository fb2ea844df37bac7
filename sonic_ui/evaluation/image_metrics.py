"""Metrics of pictures: AIC, AIS, IIS (SonicDiffusion, section 4), mixing, volume and interpolation.

And of edits: does the picture take on what the sound depicts, does it keep its layout, and what does it cost?
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy.stats import spearmanr
from torch import Tensor

from sonic_ui.audio.loudness import set_lufs
from sonic_ui.evaluation.app_painter import AppPainter
from sonic_ui.evaluation.held_out import SAMPLE_RATE, HeldOutClip
from sonic_ui.evaluation.metrics import Metric, timed
from sonic_ui.media.images import load_picture
from sonic_ui.models.latents import decode_latents
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.requests import EDIT_MODES
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

    def paint(self, embeds: Tensor, seeds: Sequence[int] | None = None) -> list[Image.Image]:
        """One picture an embedding; picture i starts from seed + i unless `seeds` says otherwise."""
        chosen = list(seeds) if seeds is not None else [self.seed + i for i in range(len(embeds))]
        out: list[Image.Image] = []
        for start in range(0, len(embeds), self.batch):
            part = slice(start, start + self.batch)
            out += self.pipeline(
                audio_embeds=embeds[part],
                seed=chosen[part],
                num_inference_steps=self.steps,
                guidance_scale=self.guidance_scale,
                strength=self.strength,
            ).images
        return out


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
    classifier: PresenceClassifier,
    clip: Any,
    painter: AppPainter,
    clips: Sequence[HeldOutClip],
    embeds: Tensor,
) -> tuple[list[Metric], list[Image.Image], dict[str, float]]:
    """AIC, AIS and IIS of synthetic held-out sounds.

    embeds   of the clips [B, D]
    """
    pictures = painter.paint([[c.samples] for c in clips])
    accuracy, by_source = source_accuracy(classifier, pictures, clips)
    embedded = image_embeddings(clip, as_tensor(pictures))
    truth = image_embeddings(clip, as_tensor(np.stack([c.picture for c in clips if c.picture is not None])))
    metrics = [
        Metric("AIC, synthetic held-out sounds", accuracy, 0.85, note=f"{len(clips)} sounds, 16 classes"),
        Metric("AIS", retrieval_rate(embedded @ embeds.T), 0.80, note="by the encoders that conditioned"),
        Metric("IIS", retrieval_rate(embedded @ truth.T), 0.80, note="by the bundle's CLIP"),
    ]
    return metrics, pictures, by_source


def real_metrics(
    classifier: PresenceClassifier, painter: AppPainter, clips: Sequence[HeldOutClip], probabilities: Tensor
) -> tuple[list[Metric], list[Image.Image], dict[str, float]]:
    """AIC of real recordings, over their own classes and over all; and what the audio encoder alone says.

    probabilities   [N, sources] of the audio encoder's labels
    """
    classes = [name for name in SOURCES if any(name in c.sources for c in clips)]
    pictures = painter.paint([[c.samples] for c in clips])
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
    classifier: PresenceClassifier, painter: AppPainter, clips: Sequence[HeldOutClip]
) -> tuple[Metric, list[Image.Image]]:
    """Share of two-source sounds whose picture shows both sources (judged present with p > 0.5)."""
    pictures = painter.paint([[clip.samples] for clip in clips])
    both = share_showing(classifier, pictures, [c.sources for c in clips])
    return Metric("mixing: both of two sources found", both, 0.6, note=f"{len(clips)} sounds"), pictures


def share_showing(
    classifier: PresenceClassifier, pictures: Sequence[Image.Image], sources: Sequence[Sequence[str]]
) -> float:
    """Share of pictures that show all of their sources (judged present with p > 0.5)."""
    presence, _ = classifier.predict(as_tensor(pictures))
    return float(
        np.mean([all(presence[i, SOURCES.index(n)] > 0.5 for n in names) for i, names in enumerate(sources)])
    )


def rank_correlation(target: Sequence[float], found: NDArray[np.float32]) -> float:
    """Spearman's correlation; 0 where nothing changes."""
    return float(spearmanr(target, found).statistic) if np.ptp(found) > 1e-6 else 0.0


def volume_metric(
    classifier: PresenceClassifier,
    painter: AppPainter,
    clips: Sequence[HeldOutClip],
    turned: Turned = "gain",
    kind: str = "synthetic",
) -> tuple[Metric, list[float]]:
    """Median over clips of Spearman's correlation between what is turned up and the source's predicted level.

    turned   "gain": the waveform's, -24 to +12 dB about -30 LUFS; "reweighting": the audio strength, 0 to 2
    """
    correlations = []
    for clip in clips:
        if turned == "gain":
            target = GAINS_DB
            pictures = painter.sweep(set_lufs(clip.samples, SAMPLE_RATE, MIDDLE_LUFS), gains_db=GAINS_DB)
        else:
            target = SCALES
            pictures = painter.sweep(clip.samples, scales=SCALES)
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


def interpolation_metrics(
    classifier: PresenceClassifier,
    image_encoder: Any,
    painter: AppPainter,
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
        pictures = painter.glide(a.samples, b.samples, FRAMES, method)
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


TAUS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
EDGE_BLUR_PX = 1.5
SEED = 100


@dataclass(frozen=True)
class Editor:
    """An edit pipeline, the generator that shares its components, and a bundle's settings."""

    edit: Any
    generate: Any
    steps: int
    guidance_scale: float
    strength: float

    def settings(self, embed: Tensor) -> dict[str, Any]:
        """Arguments of both pipelines for a sound [D]."""
        return {
            "audio_embeds": embed[None],
            "num_inference_steps": self.steps,
            "guidance_scale": self.guidance_scale,
            "strength": self.strength,
        }

    def edited(self, picture: Image.Image, embed: Tensor, **injection: Any) -> Image.Image:
        """One edit of a picture by a sound [D]."""
        return self.edit(picture, **self.settings(embed), **injection).images[0]

    def unguided(self, embed: Tensor) -> Image.Image:
        """A picture of the sound that is made without the source picture."""
        return self.generate(**self.settings(embed), seed=SEED).images[0]


def edge_map(picture: Image.Image) -> NDArray[np.float32]:
    """Where a picture has contours: blurred magnitude of its grey gradient [H, W]."""
    from scipy.ndimage import gaussian_filter, sobel

    grey = np.asarray(picture.convert("L").filter(ImageFilter.GaussianBlur(0.5)), np.float32) / 255
    magnitude = np.hypot(sobel(grey, 0), sobel(grey, 1))
    return np.asarray(gaussian_filter(magnitude, EDGE_BLUR_PX), np.float32)


def structure_distance(a: Image.Image, b: Image.Image) -> float:
    """1 - Pearson's r of two edge maps of one size: 0 for the same layout, about 1 for others."""
    first, second = edge_map(a).ravel(), edge_map(b).ravel()
    if min(first.std(), second.std()) < 1e-9:
        return 1.0
    return float(1 - np.corrcoef(first, second)[0, 1])


def edit_pairs(clips: Sequence[HeldOutClip], count: int) -> list[tuple[Image.Image, HeldOutClip]]:
    """Held-out renders, each with a sound of another source."""
    rng = np.random.default_rng(60)
    pairs: list[tuple[Image.Image, HeldOutClip]] = []
    while len(pairs) < count:
        render, sound = (clips[int(k)] for k in rng.integers(0, len(clips), 2))
        if render.picture is not None and not set(render.sources) & set(sound.sources):
            pairs.append((Image.fromarray(render.picture), sound))
    return pairs


def edit_metrics(
    classifier: PresenceClassifier,
    editor: Editor,
    pairs: Sequence[tuple[Image.Image, HeldOutClip]],
    mode: str = "replace",
) -> tuple[list[Metric], list[Image.Image]]:
    """Editing AIC and how much of the layout is kept, beside unguided pictures of the same sounds."""
    injection = EDIT_MODES[mode].settings()
    shown: list[Image.Image] = []
    edited, distances, unguided_distances = [], [], []
    for picture, clip in pairs:
        embed = editor.edit.embed_audio(clip.samples)[0]
        result, free = editor.edited(picture, embed, **injection), editor.unguided(embed)
        edited.append(result)
        distances.append(structure_distance(picture, result))
        unguided_distances.append(structure_distance(picture, free))
        shown += [picture, result]
    accuracy, _ = source_accuracy(classifier, edited, [clip for _, clip in pairs])
    note = f"{len(pairs)} pairs, “{mode}”"
    metrics = [
        Metric("edit: AIC, the judged source is the sound's", accuracy, 0.6, note=note),
        Metric("edit: distance of edge maps to the source", float(np.mean(distances))),
        Metric("edit: the same of unguided pictures", float(np.mean(unguided_distances))),
        Metric(
            "edit: the first over the second",
            float(np.mean(distances) / np.mean(unguided_distances)),
            0.5,
            at_least=False,
        ),
    ]
    return metrics, shown


NOTHING = {"strength": 0.0, "guidance_scale": 1.0, "tau_attn": 1.0, "tau_feature": 1.0}
"""An edit that asks for nothing: no sound, no words, full injection."""


def exactness_metrics(
    editor: Editor, kinds: Mapping[str, Sequence[Image.Image]], *, steps: int = 50
) -> list[Metric]:
    """PSNR of an edit that asks for nothing against the autoencoder's own reconstruction: the worst picture
    of each kind. What limits it is half precision, in which the inversion is stored."""
    metrics = []
    for kind, images in kinds.items():
        found = [exactness_db(editor.edit, image, steps) for image in images]
        if found:
            note = f"worst of {len(found)} {kind}, {steps} steps"
            metrics.append(
                Metric(f"edit: PSNR in dB of one that asks for nothing, {kind}", min(found), 25.0, note=note)
            )
    return metrics


def exactness_db(edit: Any, image: Image.Image, steps: int) -> float:
    """PSNR of an edit that asks for nothing, in the denoiser's square; at most 120 dB."""
    inversion = edit.invert(image, "", steps)
    clean = inversion.latents[:1].float().to(edit.device)
    own = (decode_latents(edit.vae, clean, edit.latent_normalizer) / 2 + 0.5).clamp(0, 1)
    back = edit(inversion, output_type="pt", **NOTHING).images
    return float(-10 * (back - own).square().mean().clamp_min(1e-12).log10())


def photographs(folder: Path, count: int) -> list[Image.Image]:
    """Some of the photographs in a folder, evenly spread over their names; none if it is not there."""
    found = sorted(folder.glob("*.jpg"))
    return [load_picture(path) for path in found[:: max(1, len(found) // count)][:count]]


def trade_off(
    classifier: PresenceClassifier, editor: Editor, pairs: Sequence[tuple[Image.Image, HeldOutClip]]
) -> list[dict[str, float]]:
    """AIC and distance of edge maps for both thresholds at each of TAUS."""
    rows = []
    for tau in TAUS:
        injection = {**EDIT_MODES["replace"].settings(), "tau_attn": tau, "tau_feature": tau}
        edited = [editor.edited(p, editor.edit.embed_audio(c.samples)[0], **injection) for p, c in pairs]
        accuracy, _ = source_accuracy(classifier, edited, [clip for _, clip in pairs])
        apart = [structure_distance(p, e) for (p, _), e in zip(pairs, edited, strict=True)]
        rows.append({"tau": tau, "aic": accuracy, "distance": float(np.mean(apart))})
    return rows


def plot_trade_off(rows: Sequence[dict[str, float]], path: Path) -> Path:
    """The curve of `trade_off`: what is gained in AIC for what is lost of the layout."""

    from matplotlib.figure import Figure

    drawing = Figure(figsize=(5.2, 3.4), dpi=160, layout="constrained")
    axes = drawing.subplots()
    distance, hit = [row["distance"] for row in rows], [row["aic"] for row in rows]
    axes.plot(distance, hit, "o-", color="#c2703d")
    for row in rows:
        axes.annotate(f"{row['tau']:g}", (row["distance"], row["aic"]), (6, -3), textcoords="offset points")
    axes.set_xlabel("distance to the source (edge maps); left keeps its layout")
    axes.set_ylabel("AIC: the sound's source is seen")
    axes.set_title("Editing: both thresholds at the number beside the point", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    drawing.savefig(path)
    return path


def cost_metrics(editor: Editor, picture: Image.Image, embed: Tensor, *, steps: int = 50) -> list[Metric]:
    """First and later edits beside the plain way: inversion, reconstruction, then an edit whose batch holds
    source, unconditional and conditional; in sample passes through the denoiser, and in seconds."""
    injection = EDIT_MODES["replace"].settings() | {"tau_attn": 1.0, "tau_feature": 1.0}
    shared = {"audio_embeds": embed[None], "guidance_scale": 4.0, "output_type": "latent", **injection}
    edit = editor.edit

    bare, inverting = timed(lambda: edit.invert(picture, "", steps, kept_bytes=0))
    _, rebuilding = timed(
        lambda: edit(bare, strength=0.0, guidance_scale=1.0, attention_layers=(), feature_layers=())
    )
    plain_edit, editing = timed(lambda: edit(bare, features="source pass", **shared))
    plain_passes = 2 * steps + plain_edit.sample_passes
    plain_s = inverting + rebuilding + editing
    first, first_s = timed(lambda: edit(picture, num_inference_steps=steps, **shared))
    later, later_s = timed(lambda: edit(first.inversion, **shared))
    return [
        Metric(
            "edit: passes of the first over plain", first.sample_passes / plain_passes, 0.8, at_least=False
        ),
        Metric(
            "edit: passes of later ones over plain", later.sample_passes / plain_passes, 0.6, at_least=False
        ),
        Metric("edit: seconds of the first over plain", first_s / plain_s, 0.8, at_least=False),
        Metric("edit: seconds of later ones over plain", later_s / plain_s, 0.6, at_least=False),
    ]


def load_editor(pipeline: Any, defaults: dict[str, Any]) -> Editor:
    """An editor on a pipeline's components, with a bundle's defaults."""
    from sonic_ui.pipelines.audio_edit import AudioEditPipeline

    edit = AudioEditPipeline(**pipeline.components)
    return Editor(edit, pipeline, defaults["steps"], defaults["guidance_scale"], defaults["strength"])
