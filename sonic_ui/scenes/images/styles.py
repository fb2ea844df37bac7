"""Styles of pictures: what a painting, a watercolour and an ink drawing make of the canvas."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from sonic_ui.scenes.images.canvas import Canvas, value_noise


def _painting(canvas: Canvas, rng: np.random.Generator) -> Image.Image:
    return canvas.downsampled()


def _blurred(image: Image.Image, share: float) -> np.ndarray:
    """The picture in [0, 1], blurred by a share of its side."""
    soft = image.filter(ImageFilter.GaussianBlur(image.width * share))
    return np.asarray(soft, np.float32) / 255.0


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8), "RGB")


def _watercolour(canvas: Canvas, rng: np.random.Generator) -> Image.Image:
    """Pale washes that pool at their edges, with a bare rim of paper."""
    image = canvas.downsampled()
    pixels = np.asarray(image, np.float32) / 255.0
    edge = np.clip((_blurred(image, 0.014) - pixels).mean(-1, keepdims=True) * 2.2, 0, 0.35)
    wash = value_noise(rng, canvas.size, (3, 6))[..., None]
    out = 1.0 - (1.0 - pixels) * (0.66 + 0.30 * wash)
    out = out * (1 - edge) * np.array([1.0, 0.99, 0.965], np.float32)
    x, y = canvas.soft_grid()
    rim = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    rim = rim + 0.006 * (np.sin(17 * x + 2 * y) + np.sin(15 * y + 3 * x))
    bare = np.clip(1 - (rim - 0.022) * 70, 0, 1)[..., None]
    return _image(out * (1 - bare) + np.array([0.97, 0.955, 0.92], np.float32) * bare)


def _ink_drawing(canvas: Canvas, rng: np.random.Generator) -> Image.Image:
    """Dark lines on the dark side of every edge, over pale washes on cream paper."""
    image = canvas.downsampled()
    grey = image.convert("L")
    fine, coarse = _blurred(grey, 0.0025), _blurred(grey, 0.0085)
    line = np.clip(((coarse - fine) - 0.018) * 16, 0, 1)[..., None]
    pixels = np.asarray(image, np.float32) / 255.0
    tone = pixels.mean(-1, keepdims=True)
    wash = np.clip(0.88 * pixels + 0.12 * tone, 0, 1) ** 0.8
    out = np.array([0.97, 0.94, 0.87], np.float32) * (0.24 + 0.81 * wash)
    ink = np.array([0.10, 0.09, 0.14], np.float32)
    return _image(out * (1 - line) + ink * line)


STYLE_FILTERS: dict[str, Callable[[Canvas, np.random.Generator], Image.Image]] = {
    "painting": _painting,
    "watercolour": _watercolour,
    "ink drawing": _ink_drawing,
}
