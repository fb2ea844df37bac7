"""Styles of pictures: what a painting, a watercolour and an ink drawing make of the canvas."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from sonic_ui.scenes.images.canvas import Canvas, value_noise


def _painting(canvas: Canvas, rng: np.random.Generator) -> Image.Image:
    pixels = canvas.pixels()
    pixels *= 1 + 0.05 * (value_noise(rng, canvas.px, (40, 90))[..., None] - 0.5)
    canvas.put(pixels)
    return canvas.downsampled()


def _watercolour(canvas: Canvas, rng: np.random.Generator) -> Image.Image:
    """Flat washes with darker edges on grained paper."""
    px = canvas.px
    flat = canvas.image.resize((px // 2, px // 2), Image.Resampling.BILINEAR).filter(
        ImageFilter.MedianFilter(3)
    )
    flat = flat.resize((px, px), Image.Resampling.BILINEAR)
    pixels = np.asarray(flat, np.float32) / 255.0
    soft = np.asarray(flat.filter(ImageFilter.GaussianBlur(px * 0.012)), np.float32) / 255.0
    edge = np.clip(np.abs(pixels - soft).mean(-1, keepdims=True) * 4, 0, 1)
    wash = value_noise(rng, px, (4, 9, 19))[..., None]
    paper = 1.0 - 0.07 * value_noise(rng, px, (70, 120))[..., None]
    out = 1.0 - (1.0 - pixels) * (0.72 + 0.34 * wash)
    out = out * (1 - 0.55 * edge) * paper
    margin = value_noise(rng, px, (9, 20))
    x, y = canvas.grid()
    rim = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y)) + 0.05 * (margin - 0.5)
    bare = np.clip(1 - (rim - 0.015) * 60, 0, 1)[..., None]
    out = out * (1 - bare) + np.array([0.97, 0.955, 0.92], np.float32) * bare
    canvas.put(out * 255)
    return canvas.downsampled()


def _ink_drawing(canvas: Canvas, rng: np.random.Generator) -> Image.Image:
    """Dark contours over pale washes on cream paper."""
    px = canvas.px
    pixels = canvas.pixels() / 255.0
    grey = canvas.image.convert("L").filter(ImageFilter.GaussianBlur(px * 0.004))
    g = np.asarray(grey, np.float32) / 255.0
    gx, gy = np.gradient(g)
    line = np.clip((np.hypot(gx, gy) * px * 0.11 - 0.60) * 1.4, 0, 1)
    line_image = Image.fromarray((line * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1.0))
    line = np.clip(np.asarray(line_image, np.float32) / 255.0 * 1.5, 0, 1)[..., None]
    paper = np.array([0.96, 0.93, 0.86], np.float32) * (1 - 0.05 * value_noise(rng, px, (60, 110))[..., None])
    tone = pixels.mean(-1, keepdims=True)
    wash = 0.7 * pixels + 0.3 * tone
    out = paper * (0.40 + 0.64 * wash)
    ink = np.array([0.10, 0.09, 0.14], np.float32)
    canvas.put((out * (1 - line) + ink * line) * 255)
    return canvas.downsampled()


STYLE_FILTERS: dict[str, Callable[[Canvas, np.random.Generator], Image.Image]] = {
    "painting": _painting,
    "watercolour": _watercolour,
    "ink drawing": _ink_drawing,
}
