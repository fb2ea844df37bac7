"""Contact sheets: tensors of pictures, or the sources of the world, as one PNG."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from sonic_ui.scenes.render import paint, render_sound
from sonic_ui.scenes.world import SOURCES, sample_scene
from sonic_ui.training.data.sounds import log_mel

CELL = 128


def save_sheet(pictures: Tensor, path: Path, *, columns: int = 8) -> None:
    """Write pictures [B, 3, H, W] in [-1, 1] as a grid."""
    count, _, height, width = pictures.shape
    rows = -(-count // columns)
    sheet = Image.new("RGB", (columns * (width + 4), rows * (height + 4)), (16, 18, 22))
    array = ((pictures.clamp(-1, 1) + 1) * 127.5).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    for i, picture in enumerate(array):
        sheet.paste(
            Image.fromarray(picture), ((i % columns) * (width + 4) + 2, (i // columns) * (height + 4) + 2)
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


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
