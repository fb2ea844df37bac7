"""Edits: does the picture take on what the sound depicts, does it keep its layout, and what does it cost?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import Tensor

from sonic_ui.evaluation.held_out import HeldOutClip
from sonic_ui.evaluation.image_metrics import source_accuracy
from sonic_ui.evaluation.metrics import Metric, timed
from sonic_ui.media.images import load_picture
from sonic_ui.models.latents import decode_latents
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.requests import EDIT_MODES

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
