"""Picture of a scene: backdrop, sources from far to near, then the style of the painting."""

import numpy as np
from PIL import Image

from sonic_ui.scenes.images.backdrops import paint_backdrop
from sonic_ui.scenes.images.canvas import Canvas
from sonic_ui.scenes.images.styles import STYLE_FILTERS
from sonic_ui.scenes.sources import REGISTRY
from sonic_ui.scenes.world import SPECS, Scene, SourceInstance


def paint(scene: Scene, size: int = 128) -> Image.Image:
    """Picture of a scene, RGB, `size` x `size` pixels; the same scene and size give the same picture."""
    rng = np.random.default_rng([scene.seed, 7])
    canvas = Canvas(size, rng)
    levels = {source.name: source.level for source in scene.sources}
    storms = ((SPECS[name].storm, level) for name, level in levels.items())
    storm = max((calm + more * level for (calm, more), level in storms), default=0.0)
    paint_backdrop(canvas, scene.place, scene.time_of_day, storm)
    positions = _positions(scene.sources, rng)
    for name in sorted(levels, key=lambda one: SPECS[one].z_order):
        REGISTRY[name].paint(canvas, levels[name], positions[name])
    return STYLE_FILTERS[scene.style](canvas, rng)


def _positions(sources: tuple[SourceInstance, ...], rng: np.random.Generator) -> dict[str, float]:
    """Where along the picture each source stands: apart from one another within a layer."""
    things = [s.name for s in sources if SPECS[s.name].layer not in ("weather", "water")]
    if len(things) == 1:
        at = {things[0]: float(rng.uniform(0.38, 0.62))}
    else:
        slots = np.linspace(0.30, 0.70, len(things))
        at = dict(zip(things, (float(v) for v in rng.permutation(slots)), strict=True))
    for s in sources:
        at.setdefault(s.name, float(rng.uniform(0.3, 0.7)))
    return at
