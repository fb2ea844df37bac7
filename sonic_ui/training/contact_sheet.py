"""A contact sheet of the world: each source's picture at rising levels, with its log-mel spectrogram."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from sonic_ui.scenes.images.render import paint
from sonic_ui.scenes.sounds.render import render_sound
from sonic_ui.scenes.world import SOURCES, sample_scene
from sonic_ui.training.data.sounds import log_mel

CELL = 128


def spectrogram_picture(samples: np.ndarray) -> Image.Image:
    """Log-mel of samples at 48 kHz as a picture, low frequencies below."""
    mel = np.clip((log_mel(samples.astype(np.float32)) + 60) / 100, 0, 1).T[::-1]
    return Image.fromarray((mel * 255).astype(np.uint8)).resize((CELL, CELL)).convert("RGB")


def write_contact_sheet(
    path: Path, *, levels: tuple[float, ...] = (0.1, 0.4, 0.7, 1.0), seed: int = 0
) -> Path:
    """Write the sheet: a row a source, pictures at `levels`, then the sound of the loudest."""
    rng = np.random.default_rng(seed)
    columns = len(levels) + 1
    sheet = Image.new("RGB", (columns * (CELL + 4), len(SOURCES) * (CELL + 4)))
    for row, name in enumerate(SOURCES):
        scene = None
        for column, level in enumerate(levels):
            scene = sample_scene(rng, sources=(name,), levels=(level,))
            sheet.paste(paint(scene, CELL), (column * (CELL + 4), row * (CELL + 4)))
        if scene is not None:
            sheet.paste(
                spectrogram_picture(render_sound(scene)), (len(levels) * (CELL + 4), row * (CELL + 4))
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
    return path
