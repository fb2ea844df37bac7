"""Where a scene takes place: skies by the time of day, land, sea, and rooms."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from sonic_ui.scenes.images.canvas import Canvas, Colour, mix, scale, value_noise
from sonic_ui.scenes.spec import INDOOR_PLACES


@dataclass(frozen=True)
class Light:
    """Colours of a time of day: sky from zenith to horizon, light on things, sun or moon."""

    zenith: Colour
    horizon: Colour
    ambient: Colour
    orb: Colour
    orb_height: float


LIGHTS: dict[str, Light] = {
    "dawn": Light((96, 128, 184), (252, 204, 176), (0.92, 0.86, 0.88), (255, 236, 200), 0.30),
    "day": Light((72, 142, 214), (206, 230, 244), (1.0, 1.0, 1.0), (255, 250, 226), 0.14),
    "dusk": Light((62, 54, 112), (250, 148, 92), (0.86, 0.70, 0.66), (255, 190, 120), 0.33),
    "night": Light((10, 14, 40), (44, 58, 104), (0.58, 0.60, 0.82), (236, 240, 255), 0.16),
}

HORIZON = 0.56

_LAND: dict[str, tuple[Colour, Colour]] = {
    "meadow": ((126, 172, 84), (66, 120, 54)),
    "mountains": ((132, 148, 104), (84, 104, 70)),
    "forest": ((88, 124, 68), (52, 80, 44)),
    "town": ((172, 158, 138), (126, 114, 102)),
    "coast": ((224, 206, 160), (196, 170, 120)),
}


def paint_backdrop(canvas: Canvas, place: str, time_of_day: str, storm: float) -> None:
    """Sky, land or room. `storm` in [0, 1] darkens and greys the sky."""
    light = LIGHTS[time_of_day]
    if place in INDOOR_PLACES:
        _interior(canvas, place, time_of_day)
        INTERIORS[place](canvas, light)
        return
    canvas.ambient = mix(light.ambient, scale(light.ambient, (0.66, 0.70, 0.78)), storm * 0.6)
    _sky(canvas, light, storm, night=time_of_day == "night")
    LANDSCAPES[place](canvas)
    _ground(canvas, place)


def foot_line(canvas: Canvas, level: float) -> float:
    """Height at which an animal stands on the ground: the larger, the nearer."""
    foot = 0.79 + 0.14 * level + float(canvas.rng.uniform(-0.012, 0.012))
    return max(foot, canvas.shore)


def cloud_bank(canvas: Canvas, depth: float, colour: Colour) -> None:
    """Dark cloud along the upper edge, its underside in big scallops."""
    cloud = canvas.figure()
    cloud.rect(0, 0, 1, depth * 0.5, colour)
    shift = float(canvas.rng.uniform(-0.08, 0.08))
    for k in range(6):
        r = 0.12 + 0.03 * (k % 2) + float(canvas.rng.uniform(-0.012, 0.012))
        low = depth * (0.58 if k % 2 else 0.40)
        cloud.disc((0.02 + 0.20 * k + shift, depth * 0.45), r, colour, squash=low / r)
    cloud.finish(shade=0.3, outline=0.35)


def _sky(canvas: Canvas, light: Light, storm: float, *, night: bool) -> None:
    rng = canvas.rng
    grey_top, grey_low = scale((74, 82, 102), light.ambient), scale((158, 166, 178), light.ambient)
    top, low = mix(light.zenith, grey_top, storm * 0.85), mix(light.horizon, grey_low, storm * 0.85)
    _, y = canvas.soft_grid()
    t = np.clip(y / HORIZON, 0, 1)[..., None] ** 1.2
    pixels = np.asarray(top, np.float32) * (1 - t) + np.asarray(low, np.float32) * t
    pixels = np.repeat(pixels, canvas.size, axis=1)
    clouds = value_noise(rng, canvas.size, (4, 8), aspect=1.8)
    cover = np.clip((clouds - (0.56 - 0.20 * storm)) * 3.2, 0, 1) * np.clip(1.1 - t[..., 0], 0, 1)
    white = mix(mix(light.horizon, (255, 255, 255), 0.55), scale((104, 108, 122), light.ambient), storm * 0.9)
    opacity = 0.25 if night else 0.6
    pixels += (np.asarray(white, np.float32) - pixels) * (cover * max(opacity, storm * 0.7))[..., None]
    canvas.paint_soft(pixels)
    if storm < 0.44:
        _lights(canvas, light, night)


def _lights(canvas: Canvas, light: Light, night: bool) -> None:
    """Sun or moon; stars by night, a pair of clouds by day."""
    rng = canvas.rng
    with canvas.lit():
        orb = canvas.figure()
        if night:
            for sx, sy in rng.random((9, 2)):
                orb.disc((float(sx), float(sy) * 0.4), 0.006, (224, 230, 255))
        at = (float(rng.uniform(0.10, 0.90)), light.orb_height + float(rng.uniform(-0.05, 0.05)))
        canvas.lamp = (at[0], light.orb)
        canvas.glow(at, 0.18, light.orb, 0.5)
        orb.disc(at, 0.05, light.orb)
        orb.finish(shade=0)
        if not night:
            tone = mix(light.horizon, (255, 255, 255), 0.5)
            side = -1 if at[0] > 0.5 else 1
            for k in range(2):
                where = (at[0] + side * (0.30 + 0.34 * k + float(rng.uniform(-0.06, 0.06))), 0.14 + 0.16 * k)
                cloud = canvas.figure(where, 0.25 - 0.07 * k, flip=bool(rng.random() < 0.5))
                for cx, cy, r in ((-0.34, 0.05, 0.22), (0.0, -0.08, 0.33), (0.36, 0.04, 0.24)):
                    cloud.disc((cx, cy), r, tone, 0.75)
                cloud.poly([(-0.50, 0.10), (0.54, 0.10), (0.46, 0.28), (-0.44, 0.27)], tone, 0.75)
                cloud.finish(shade=0.18)


def light_path(canvas: Canvas) -> None:
    """The sun's or moon's light on the water, below it."""
    if canvas.lamp is not None:
        x, colour = canvas.lamp
        canvas.glow((x, HORIZON + 0.05), 0.07, colour, 0.40)
        canvas.glow((x, HORIZON + 0.14), 0.09, colour, 0.30)


def _ridge(
    canvas: Canvas, base: float, height: float, cells: int, colour: Colour, rough: float = 0.3
) -> None:
    rng = canvas.rng
    x = np.linspace(0, 1, 90)
    knots = np.linspace(0, 1, cells)
    line = np.interp(x, knots, rng.random(cells))
    line = np.convolve(np.pad(line, 4, mode="edge"), np.hanning(9) / np.hanning(9).sum(), "valid")
    if rough:
        fine = np.linspace(0, 1, cells * 5)
        line = line + rough * np.interp(x, fine, rng.random(cells * 5) - 0.5)
    points = [(0.0, 1.0), *zip(x, base - height * line, strict=True), (1.0, 1.0)]
    ridge = canvas.figure()
    ridge.poly(points, colour)
    ridge.finish(shade=0)


def _hills(canvas: Canvas) -> None:
    _ridge(canvas, HORIZON + 0.02, 0.10, 5, (132, 160, 158), 0.0)
    _ridge(canvas, HORIZON + 0.05, 0.09, 4, (116, 156, 104), 0.0)
    bushes = canvas.figure((0, HORIZON + 0.045), 1.0)
    for x in canvas.rng.uniform(0, 1, 2):
        for dx, r in ((-0.05, 0.04), (0.0, 0.06), (0.055, 0.045)):
            bushes.disc((float(x) + dx, -r * 0.5), r, (84, 132, 78))
    bushes.finish(shade=0.3)


def _mountains(canvas: Canvas) -> None:
    rng = canvas.rng
    for base, colour, n in ((HORIZON + 0.03, (124, 134, 168), 4), (HORIZON + 0.06, (92, 104, 132), 3)):
        for x in np.sort(rng.uniform(-0.05, 1.05, n)):
            w, h = float(rng.uniform(0.20, 0.34)), float(rng.uniform(0.22, 0.40))
            peak = canvas.figure((float(x), base), 1.0)
            peak.poly([(-w, 0.02), (0, -h), (w, 0.02)], colour)
            peak.poly([(0, -h), (w, 0.02), (w * 0.25, 0.02)], scale(colour, 0.78))
            peak.poly(
                [
                    (0, -h),
                    (-w * 0.28, -h * 0.72),
                    (-w * 0.1, -h * 0.78),
                    (w * 0.02, -h * 0.68),
                    (w * 0.28, -h * 0.72),
                ],
                (240, 244, 250),
            )
            peak.finish(shade=0.1)


def _forest(canvas: Canvas) -> None:
    rng = canvas.rng
    for row, (base, colour, lo, hi) in enumerate(
        ((HORIZON + 0.02, (122, 154, 146), 0.20, 0.26), (HORIZON + 0.06, (74, 118, 92), 0.26, 0.36))
    ):
        n = 8 - 2 * row
        trees = canvas.figure()
        for x in np.linspace(-0.02, 1.02, n) + rng.uniform(-0.04, 0.04, n):
            h, at = float(rng.uniform(lo, hi)), float(x)
            trees.rect(at - 0.014, base, at + 0.014, base - 0.05, (112, 88, 72))
            for k in range(3):
                y, w = base - h * (0.10 + 0.26 * k), h * (0.30 - 0.06 * k)
                trees.poly([(at - w, y), (at, y - 0.42 * h), (at + w, y)], scale(colour, 1 + 0.06 * k))
        trees.rect(0, base - 0.04, 1, base + 0.06, scale(colour, 0.9))
        trees.finish(shade=0.1)


def _town(canvas: Canvas) -> None:
    rng = canvas.rng
    x = -0.05 - float(rng.uniform(0, 0.1))
    lit = canvas.ambient[0] < 0.6
    panes: list[tuple[float, float, bool]] = []
    houses = canvas.figure((0, HORIZON + 0.05), 1.0)
    while x < 1.0:
        w, h = 0.20, float(rng.uniform(0.17, 0.27))
        wall = mix((222, 206, 184), (202, 156, 136), float(rng.random()))
        houses.rect(x, 0, x + w, -h, wall)
        houses.poly([(x - 0.012, -h), (x + w / 2, -h - 0.09), (x + w + 0.012, -h)], (168, 108, 96))
        panes += [(x + wx, -h + 0.04, lit and rng.random() < 0.7) for wx in (0.04, 0.115)]
        x += w
    for wx, wy, bright in panes:
        with canvas.lit((1.0, 1.0, 1.0) if bright else canvas.ambient):
            glass: Colour = (246, 204, 120) if bright else (128, 146, 168)
            houses.rect(wx, wy, wx + 0.045, wy + 0.06, glass)
    houses.finish(shade=0.1)


def _coast(canvas: Canvas) -> None:
    _ridge(canvas, HORIZON + 0.005, 0.05, 3, (120, 140, 160), 0.1)
    sea = canvas.figure()
    sea.rect(0, HORIZON, 1, 0.80, (58, 128, 158))
    sea.finish(shade=0)
    light_path(canvas)


def _ground(canvas: Canvas, place: str) -> None:
    rng, size = canvas.rng, canvas.size
    far, near = (scale(c, canvas.ambient) for c in _LAND[place])
    start = 0.76 if place == "coast" else HORIZON + 0.04
    _, y = canvas.soft_grid()
    t = np.clip((y - start) / (1 - start), 0, 1)[..., None]
    tone = np.asarray(far, np.float32) * (1 - t) + np.asarray(near, np.float32) * t
    tone = tone * (1 + 0.22 * (value_noise(rng, size, (6, 10), aspect=2.2)[..., None] - 0.5))
    soil = Image.fromarray(np.clip(tone, 0, 255).astype(np.uint8), "RGB")
    swell = np.interp(np.linspace(0, 1, 40), np.linspace(0, 1, 4), rng.random(4))
    swell = np.convolve(np.pad(swell, 4, mode="edge"), np.hanning(9) / np.hanning(9).sum(), "valid")
    px = canvas.px
    top = (start + 0.03 * swell - 0.015) * px
    mask = Image.new("L", (px, px), 0)
    edge = [(float(a), float(b)) for a, b in zip(np.linspace(0, px, 40), top, strict=True)]
    ImageDraw.Draw(mask).polygon([*edge, (px, px), (0, px)], fill=255)
    canvas.image.paste(soil.resize((px, px), Image.Resampling.BILINEAR), (0, 0), mask)


def _interior(canvas: Canvas, place: str, time_of_day: str) -> None:
    dim = {"night": 0.55, "dusk": 0.75, "dawn": 0.9, "day": 1.0}[time_of_day]
    walls: dict[str, Colour] = {"room": (206, 178, 146), "hall": (150, 152, 166), "church": (168, 156, 140)}
    floors: dict[str, Colour] = {"room": (134, 92, 60), "hall": (96, 98, 108), "church": (112, 104, 100)}
    canvas.ambient = (0.98 * dim, 0.93 * dim, 0.88 * dim)
    canvas.indoors = True
    x, y = canvas.soft_grid()
    wall, floor = (np.asarray(scale(c[place], canvas.ambient), np.float32) for c in (walls, floors))
    vignette = 1.08 - 0.5 * ((x - 0.5) ** 2 + (y - 0.45) ** 2)
    canvas.paint_soft(np.where((y < 0.70)[..., None], wall, floor) * vignette[..., None])


def _pane(canvas: Canvas, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
    with canvas.lit():
        pane = canvas.figure()
        pane.rect(x0, y0, x1, y1, colour)
        pane.finish(shade=0)


def _room(canvas: Canvas, light: Light) -> None:
    x = float(canvas.rng.choice([0.14, 0.66]))
    frame = canvas.figure()
    frame.rect(x - 0.02, 0.14, x + 0.24, 0.46, (240, 232, 216))
    frame.rect(0, 0.68, 1, 0.71, (236, 226, 208))
    frame.finish(shade=0.1)
    sky = mix(light.zenith, light.horizon, 0.5)
    for i in range(2):
        for j in range(2):
            a, b = x + 0.115 * i, 0.16 + 0.145 * j
            _pane(canvas, a, b, a + 0.1, b + 0.13, sky)
    boards = canvas.figure()
    for k in range(5):
        boards.stroke([(-0.1 + 0.3 * k, 1.0), (0.1 + 0.2 * k, 0.71)], 0.006, (96, 64, 42), 0.7)
    rug = canvas.figure((0.5, 0.88), 1.0)
    boards.finish(shade=0)
    rug.disc((0, 0), 0.36, (150, 60, 58), 0.9, 0.22)
    rug.disc((0, 0), 0.28, (206, 150, 96), 0.9, 0.22)
    rug.finish(shade=0)


def _hall(canvas: Canvas, light: Light) -> None:
    hall = canvas.figure()
    for k in range(3):
        inset = 0.13 * k
        low, tone = 0.74 - 0.02 * k, scale((180, 182, 196), 1 - 0.12 * k)
        hall.rect(inset, 0.10 * k, 1 - inset, low, tone)
    for k in range(2):
        for side in (0.13 * k + 0.02, 0.91 - 0.13 * k):
            low, high = 0.78 - 0.03 * k, 0.10 * k
            hall.rect(side, high, side + 0.07, low, scale((214, 208, 202), 1 - 0.10 * k))
    hall.finish(shade=0.12)
    sky = mix(light.zenith, light.horizon, 0.6)
    for k in range(2):
        x = 0.37 + 0.15 * k
        _pane(canvas, x, 0.30, x + 0.11, 0.60, sky)


def _church(canvas: Canvas, light: Light) -> None:
    nave = canvas.figure()
    t = np.linspace(np.pi, 2 * np.pi, 24)
    for k, tone in enumerate((0.8, 0.66, 0.54)):
        half, top = 0.42 - 0.11 * k, 0.36 + 0.03 * k
        arch = [
            (0.5 - half, 0.72),
            *[(0.5 + half * np.cos(a), top + 0.30 * np.sin(a) * (1 - 0.15 * k)) for a in t],
            (0.5 + half, 0.72),
        ]
        nave.poly([(float(a), float(b)) for a, b in arch], scale((184, 170, 152), tone))
    for k in range(6):
        nave.stroke([(-0.1 + 0.24 * k, 1.0), (0.3 + 0.08 * k, 0.71)], 0.005, (84, 76, 72), 0.8)
    nave.finish(shade=0.06)
    jewels: list[Colour] = [(206, 62, 66), (64, 104, 190), (232, 180, 70), (74, 150, 104)]
    bright = max(0.45, light.ambient[0])
    for wx, w in ((0.42, 0.16), (0.03, 0.09), (0.88, 0.09)):
        for i in range(2):
            for j in range(4):
                a, b = wx + w / 2 * i, 0.20 + 0.075 * j
                colour = scale(jewels[int(canvas.rng.integers(4))], bright)
                _pane(canvas, a + 0.004, b, a + w / 2 - 0.004, b + 0.068, colour)
    canvas.glow((0.5, 0.35), 0.2, (255, 236, 200), 0.25 * bright)


LANDSCAPES: dict[str, Callable[[Canvas], None]] = {
    "meadow": _hills,
    "mountains": _mountains,
    "forest": _forest,
    "town": _town,
    "coast": _coast,
}
INTERIORS: dict[str, Callable[[Canvas, Light], None]] = {"room": _room, "hall": _hall, "church": _church}
