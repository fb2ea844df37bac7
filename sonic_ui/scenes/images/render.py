"""Picture of a scene: backdrop, sources from far to near, then the style of the painting."""

from __future__ import annotations

import numpy as np
from PIL import Image

from sonic_ui.scenes.images.backdrops import paint_backdrop
from sonic_ui.scenes.images.canvas import Canvas, mix
from sonic_ui.scenes.images.styles import STYLE_FILTERS
from sonic_ui.scenes.sources import REGISTRY
from sonic_ui.scenes.world import SPECS, Scene, SourceInstance


def paint(scene: Scene, size: int = 128) -> Image.Image:
    """Picture of a scene, RGB, `size` x `size` pixels; the same scene and size give the same picture."""
    rng = np.random.default_rng([scene.seed, 7])
    canvas = Canvas(size, rng)
    levels = {source.name: float(source.level) for source in scene.sources}
    storms = ((SPECS[name].storm, level) for name, level in levels.items())
    storm = max((calm + more * level for (calm, more), level in storms), default=0.0)
    paint_backdrop(canvas, scene.place, scene.time_of_day, storm)
    _share(canvas, scene.sources)
    canvas.ambient = mix(canvas.ambient, (1.0, 1.0, 1.0), 0.38)
    positions = _positions(scene.sources, rng)
    for name in sorted(levels, key=lambda one: SPECS[one].z_order):
        REGISTRY[name].paint(canvas, levels[name], positions[name])
    return STYLE_FILTERS[scene.style](canvas, rng)


def _share(canvas: Canvas, sources: tuple[SourceInstance, ...]) -> None:
    """Room on the canvas: how much of the picture each source may take."""
    standing = sum(SPECS[s.name].layer not in ("weather", "water") for s in sources)
    placed = sum(not SPECS[s.name].everywhere for s in sources)
    canvas.room = min(1.0, 1 / (0.5 + 0.25 * standing + 0.25 * placed))
    canvas.shared = placed > 1


def _positions(sources: tuple[SourceInstance, ...], rng: np.random.Generator) -> dict[str, float]:
    """Where along the picture each source stands: apart from one another."""
    placed = [s.name for s in sources if not SPECS[s.name].everywhere]
    if len(placed) < 2:
        return {s.name: float(rng.uniform(0.22, 0.78)) for s in sources}
    slots = rng.permutation(np.linspace(0.26, 0.74, len(placed))) + rng.uniform(-0.03, 0.03, len(placed))
    return {s.name: 0.5 for s in sources} | dict(zip(placed, slots.tolist(), strict=True))
