"""Scene -> picture: backdrop, figures from far to near, weather, then the style of the painting."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from sonic_ui.scenes import figures_animals as animals
from sonic_ui.scenes import figures_nature as nature
from sonic_ui.scenes import figures_things as things
from sonic_ui.scenes.backdrops import paint_backdrop
from sonic_ui.scenes.canvas import Canvas, value_noise
from sonic_ui.scenes.world import SPECS, Scene, SourceInstance

Painter = Callable[[Canvas, float, float], None]

PAINTERS: dict[str, Painter] = {
    "sea_waves": nature.sea_waves,
    "stream": nature.stream,
    "helicopter": things.helicopter,
    "birds": animals.birds,
    "train": things.train,
    "car": things.car,
    "church_bell": things.church_bell,
    "clock": things.clock,
    "crackling_fire": nature.crackling_fire,
    "chainsaw": things.chainsaw,
    "rooster": animals.rooster,
    "dog": animals.dog,
    "crickets": animals.crickets,
    "wind": nature.wind,
    "thunder": nature.thunder,
    "rain": nature.rain,
}
"""From far to near: the order in which they are painted."""


def paint(scene: Scene, size: int = 128) -> Image.Image:
    """Paint a scene.

    Returns an RGB picture of `size` x `size` pixels; the same scene and size give the same picture.
    """
    rng = np.random.default_rng([scene.seed, 7])
    canvas = Canvas(size, rng)
    level = {s.name: s.level for s in scene.sources}
    storm = max(
        0.45 + 0.45 * level["rain"] if "rain" in level else 0.0,
        0.70 + 0.30 * level["thunder"] if "thunder" in level else 0.0,
        0.15 + 0.30 * level["wind"] if "wind" in level else 0.0,
    )
    paint_backdrop(canvas, scene, storm)
    places = _places(scene.sources, rng)
    for name, painter in PAINTERS.items():
        if name in level:
            painter(canvas, level[name], places[name])
    return STYLISTS[scene.style](canvas, rng)


def _places(sources: tuple[SourceInstance, ...], rng: np.random.Generator) -> dict[str, float]:
    """Where along the picture each source stands: apart from one another within a layer."""
    things_here = [s.name for s in sources if SPECS[s.name].layer not in ("weather", "water")]
    if len(things_here) == 1:
        at = {things_here[0]: float(rng.uniform(0.38, 0.62))}
    else:
        slots = np.linspace(0.30, 0.70, len(things_here))
        at = dict(zip(things_here, (float(v) for v in rng.permutation(slots)), strict=True))
    for s in sources:
        at.setdefault(s.name, float(rng.uniform(0.3, 0.7)))
    return at


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


STYLISTS: dict[str, Callable[[Canvas, np.random.Generator], Image.Image]] = {
    "painting": _painting,
    "watercolour": _watercolour,
    "ink drawing": _ink_drawing,
}
