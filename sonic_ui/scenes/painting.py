"""Scene -> picture: backdrop, figures from far to near, weather, then the style of the painting."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from sonic_ui.scenes import figures_animals as animals
from sonic_ui.scenes import figures_nature as nature
from sonic_ui.scenes import figures_things as things
from sonic_ui.scenes.backdrops import paint_backdrop
from sonic_ui.scenes.canvas import Canvas, mix, value_noise
from sonic_ui.scenes.world import SPECS, Scene, SourceInstance

Painter = Callable[[Canvas, float, float], None]

PAINTERS: dict[str, Painter] = {
    "sea_waves": nature.sea_waves,
    "stream": nature.stream,
    "thunder": nature.thunder,
    "wind": nature.wind,
    "rain": nature.rain,
    "train": things.train,
    "car": things.car,
    "church_bell": things.church_bell,
    "clock": things.clock,
    "crackling_fire": nature.crackling_fire,
    "chainsaw": things.chainsaw,
    "rooster": animals.rooster,
    "dog": animals.dog,
    "crickets": animals.crickets,
    "helicopter": things.helicopter,
    "birds": animals.birds,
}
"""From far to near: the order in which they are painted."""


def paint(scene: Scene, size: int = 128) -> Image.Image:
    """Paint a scene.

    Returns an RGB picture of `size` x `size` pixels; the same scene and size give the same picture.
    """
    rng = np.random.default_rng([scene.seed, 7])
    canvas = Canvas(size, rng)
    level = {s.name: float(s.level) for s in scene.sources}
    storm = max(
        0.45 + 0.45 * level["rain"] if "rain" in level else 0.0,
        0.70 + 0.30 * level["thunder"] if "thunder" in level else 0.0,
        0.15 + 0.30 * level["wind"] if "wind" in level else 0.0,
    )
    paint_backdrop(canvas, scene, storm)
    _share(canvas, scene.sources)
    canvas.ambient = mix(canvas.ambient, (1.0, 1.0, 1.0), 0.38)
    places = _places(scene.sources, rng)
    for name, painter in PAINTERS.items():
        if name in level:
            painter(canvas, level[name], places[name])
    return STYLISTS[scene.style](canvas, rng)


def _share(canvas: Canvas, sources: tuple[SourceInstance, ...]) -> None:
    """Tell the painters how much of the picture each may take."""
    standing = sum(SPECS[s.name].layer not in ("weather", "water") for s in sources)
    placed = sum(s.name != "rain" for s in sources)
    canvas.room = min(1.0, 1 / (0.5 + 0.25 * standing + 0.25 * placed))
    canvas.shared = placed > 1


def _places(sources: tuple[SourceInstance, ...], rng: np.random.Generator) -> dict[str, float]:
    """Where along the picture each source stands: apart from one another; rain is everywhere."""
    placed = [s.name for s in sources if s.name != "rain"]
    if len(placed) < 2:
        return {s.name: float(rng.uniform(0.22, 0.78)) for s in sources}
    slots = rng.permutation(np.linspace(0.26, 0.74, len(placed))) + rng.uniform(-0.03, 0.03, len(placed))
    return {"rain": 0.5, **dict(zip(placed, (float(v) for v in slots), strict=True))}


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


STYLISTS: dict[str, Callable[[Canvas, np.random.Generator], Image.Image]] = {
    "painting": _painting,
    "watercolour": _watercolour,
    "ink drawing": _ink_drawing,
}
