"""Sources that the world does not have, for teaching: pictures of them, drawn as those of the world are.

`footsteps` is what settings were chosen on, `crying_baby` what is reported. Their sounds are real recordings.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from sonic_ui.scenes.images.backdrops import foot_line, paint_backdrop
from sonic_ui.scenes.images.canvas import DARK, STYLE_FILTERS, WHITE, Canvas, Colour, Figure, mix
from sonic_ui.scenes.spec import LAND_PLACES
from sonic_ui.scenes.world import STYLES, TIMES


@dataclass(frozen=True)
class NewSource:
    """A source of evaluations alone.

    label       of its recordings in the table of recordings; word: what it is taught as
    locations   where it is found
    """

    word: str
    label: str
    locations: tuple[str, ...]
    paint: Callable[[Canvas, float, float], None]


def paint_boots(canvas: Canvas, level: float, x: float) -> None:
    """Two walking boots from their side, one before the other."""
    size, foot = canvas.sized(level, 0.34, 0.72), foot_line(canvas, level)
    x = canvas.inside(x, 0.62 * size)
    leathers: list[Colour] = [(150, 74, 36), (116, 62, 44), (172, 96, 40)]
    leather = leathers[int(canvas.rng.integers(3))]
    canvas.shadow((x, foot), size * 1.1, 0.5)
    flip = bool(canvas.rng.random() < 0.5)
    for dx, dy, turn in ((0.26, -0.02, 0.0), (-0.26, -0.10, 0.28)):
        figure = canvas.figure((x + dx * size, foot + (dy - 0.30) * size), size * 0.82, flip=flip, turn=turn)
        _boot(figure, leather)


def _boot(d: Figure, leather: Colour) -> None:
    dark: Colour = (leather[0] * 0.55, leather[1] * 0.55, leather[2] * 0.55)
    d.blob("-.22,-.46 .08,-.46 .1,-.06 .36,.04 .46,.18 .44,.28 -.24,.28 -.25,-.1", leather)
    d.poly([(-0.27, 0.25), (0.49, 0.25), (0.50, 0.37), (-0.27, 0.37)], DARK)
    d.poly([(-0.27, 0.33), (-0.05, 0.33), (-0.05, 0.43), (-0.27, 0.43)], DARK)
    d.poly([(-0.25, -0.50), (0.11, -0.50), (0.11, -0.38), (-0.25, -0.38)], dark)
    for y in (-0.30, -0.18, -0.06):
        d.stroke([(0.00, y), (0.14, y + 0.03)], 0.045, (240, 226, 190), curved=False)
    d.stroke([(0.10, 0.02), (0.26, 0.12), (0.40, 0.20)], 0.03, dark)
    d.stand_out(0.5)


def paint_baby(canvas: Canvas, level: float, x: float) -> None:
    """A crying baby with an open mouth, in a wooden cradle on rockers."""
    rng = canvas.rng
    size, foot = canvas.sized(level, 0.36, 0.74), foot_line(canvas, level)
    x = canvas.inside(x, 0.60 * size)
    canvas.shadow((x, foot), size * 1.1, 0.5)
    d = canvas.figure((x, foot - 0.46 * size), size, flip=bool(rng.random() < 0.5))
    woods: list[Colour] = [(156, 100, 54), (128, 78, 48), (188, 130, 74)]
    wood = woods[int(rng.integers(3))]
    blankets: list[Colour] = [(96, 150, 210), (232, 150, 170), (240, 214, 120)]
    blanket = blankets[int(rng.integers(3))]
    skins: list[Colour] = [(246, 200, 170), (196, 138, 100), (228, 178, 140)]
    skin = skins[int(rng.integers(3))]
    d.stroke([(-0.48, 0.36), (-0.2, 0.46), (0.2, 0.46), (0.48, 0.36)], 0.07, wood)
    d.blob("-.56,-.02 -.3,-.14 .2,-.14 .56,-.02 .5,.16 -.48,.16", WHITE)
    d.blob("-.1,-.2 .2,-.24 .54,-.08 .52,.14 -.12,.14", blanket)
    _baby_head(d, skin)
    d.poly([(-0.58, 0.04), (0.58, 0.04), (0.48, 0.38), (-0.48, 0.38)], wood)
    dark: Colour = (wood[0] * 0.62, wood[1] * 0.62, wood[2] * 0.62)
    for at in (-0.36, -0.18, 0.0, 0.18, 0.36):
        d.stroke([(at, 0.09), (at * 0.86, 0.34)], 0.03, dark, curved=False)
    d.stand_out(0.5)


def _baby_head(d: Figure, skin: Colour) -> None:
    d.disc((-0.28, -0.22), 0.25, skin)
    d.disc((-0.28, -0.14), 0.105, (120, 24, 32), squash=1.15)
    d.disc((-0.28, -0.09), 0.06, (232, 104, 112), squash=0.7)
    for side in (-1, 1):
        d.stroke([(-0.28 + side * 0.15, -0.33), (-0.28 + side * 0.06, -0.29)], 0.035, DARK, curved=False)
        d.blob(
            [(-0.28 + side * 0.15, -0.26), (-0.28 + side * 0.19, -0.12), (-0.28 + side * 0.12, -0.12)],
            (120, 196, 250),
        )
    d.stroke([(-0.30, -0.47), (-0.26, -0.54), (-0.20, -0.50)], 0.035, (110, 70, 40))


SOURCES: dict[str, NewSource] = {
    "footsteps": NewSource("footsteps", "footsteps", LAND_PLACES, paint_boots),
    "crying_baby": NewSource("baby", "baby_cry", LAND_PLACES, paint_baby),
}


def paint_new(source: NewSource, seed: int, size: int) -> Image.Image:
    """A picture of a new source, RGB: place, time of day, style and level drawn by the seed."""
    rng = np.random.default_rng([seed, 17])
    canvas = Canvas(size, rng)
    place = str(rng.choice(source.locations))
    paint_backdrop(canvas, place, str(rng.choice(TIMES, p=[0.2, 0.4, 0.2, 0.2])), 0.0)
    canvas.ambient = mix(canvas.ambient, (1.0, 1.0, 1.0), 0.38)
    source.paint(canvas, float(rng.uniform(0.35, 1.0)), float(rng.uniform(0.22, 0.78)))
    style = str(rng.choice(STYLES, p=[0.7, 0.16, 0.14]))
    return STYLE_FILTERS[style](canvas, canvas.rng)
