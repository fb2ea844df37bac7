"""The README's picture of image-to-sound: picture, drawn curve, produced energy and spectrogram."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from sonic_ui.audio.energy import energy_l1, pearson_r, unit
from sonic_ui.evaluation.curves import curve_bank
from sonic_ui.models.mel import log_mel

SHOWN = (
    ("rain", "swell"),
    ("crackling_fire", "two hills"),
    ("rooster", "three knocks"),
    ("stream", "storm"),
)
"""Example pictures, and the curve of the evaluation's bank that each sounds along."""

BACKGROUND, INK, WISH, MADE = "#15171c", "#e8eaed", "#9aa0a6", "#ffb454"
SEED = 0


def write_sounding(examples: Path, bundle: Path, path: Path) -> Path:
    """Let four example pictures sound along four curves, and draw what came out."""
    from matplotlib.figure import Figure as Drawing

    from sonic_ui.pipelines.image_to_audio import ImageToAudioPipeline

    pipeline = ImageToAudioPipeline.from_pretrained(bundle / "image_to_audio", dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    curves = dict(curve_bank(pipeline.frames))
    drawing = Drawing(figsize=(11, 2.1 * len(SHOWN)), facecolor=BACKGROUND)
    axes = drawing.subplots(len(SHOWN), 3, width_ratios=(1, 2.2, 2.6))
    for row, (name, shape) in zip(axes, SHOWN, strict=True):
        picture = Image.open(examples / "pictures" / f"{name}.png").convert("RGB")
        made = pipeline(picture, sketch=curves[shape], mode="exact", seed=SEED)
        row[0].imshow(picture)
        row[0].axis("off")
        _draw_curves(row[1], pipeline.duration_s, made.envelope, made.energy[0])
        mel = log_mel(torch.from_numpy(made.samples[:1]))[0].T.numpy()
        row[2].imshow(
            mel,
            origin="lower",
            aspect="auto",
            cmap="inferno",
            vmin=-9,
            vmax=1,
            extent=(0, pipeline.duration_s, 0, 8),
        )
        _plain(row[2])
        row[2].set_yticks([])
    axes[0][1].set_title("drawn (grey) and produced energy", color=INK, fontsize=10)
    axes[0][2].set_title("log-mel spectrogram", color=INK, fontsize=10)
    axes[-1][1].set_xlabel("seconds", color=INK, fontsize=9)
    axes[-1][2].set_xlabel("seconds", color=INK, fontsize=9)
    drawing.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    drawing.savefig(path, dpi=110, facecolor=BACKGROUND)
    return path


def _draw_curves(axis: Any, duration_s: float, wish: NDArray[np.float32], made: NDArray[np.float32]) -> None:
    """Both curves scaled to [0, 1], with how alike they are."""
    at = (np.arange(len(wish)) + 0.5) / len(wish) * duration_s
    axis.fill_between(at, unit(wish), color=WISH, alpha=0.45, linewidth=0)
    axis.plot(at, unit(made), color=MADE, linewidth=1.4)
    words = f"r {pearson_r(wish, made):.2f}   E-L1 {energy_l1(wish, made):.2f}"
    axis.text(0.99, 0.94, words, color=INK, fontsize=9, ha="right", va="top", transform=axis.transAxes)
    axis.set_ylim(0, 1.15)
    axis.set_yticks([])
    _plain(axis)


def _plain(axis: Any) -> None:
    axis.set_facecolor(BACKGROUND)
    axis.set_xlim(0, axis.get_xlim()[1])
    axis.margins(x=0)
    axis.tick_params(colors=INK, labelsize=8)
    for side in axis.spines.values():
        side.set_color("#3c4048")
