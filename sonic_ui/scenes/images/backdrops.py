"""Where a scene takes place: skies by the time of day, land, sea, and rooms."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

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


def ground_position(canvas: Canvas, level: float, small: float, large: float) -> tuple[float, float]:
    """Size and foot line of a thing on the ground: the larger, the nearer."""
    size = small + (large - small) * level
    return size, 0.74 + 0.20 * level + float(canvas.rng.uniform(-0.015, 0.015))


def _sky(canvas: Canvas, light: Light, storm: float, *, night: bool) -> None:
    rng, px = canvas.rng, canvas.px
    grey_top, grey_low = scale((88, 94, 108), light.ambient), scale((158, 164, 172), light.ambient)
    top, low = mix(light.zenith, grey_top, storm * 0.85), mix(light.horizon, grey_low, storm * 0.85)
    _, y = canvas.grid()
    t = np.clip(y / HORIZON, 0, 1)[..., None] ** 1.2
    pixels = np.asarray(top, np.float32) * (1 - t) + np.asarray(low, np.float32) * t
    pixels = np.repeat(pixels, px, axis=1)
    clouds = value_noise(rng, px, (6, 13, 27), aspect=2.6)
    cover = np.clip((clouds - (0.60 - 0.22 * storm)) * 5.0, 0, 1) * np.clip(1.15 - t[..., 0], 0, 1)
    white = mix(mix(light.horizon, (255, 255, 255), 0.55), scale((110, 114, 124), light.ambient), storm * 0.9)
    opacity = 0.35 if night else 0.75
    pixels += (np.asarray(white, np.float32) - pixels) * (cover * max(opacity, storm * 0.8))[..., None]
    if night and storm < 0.5:
        stars = rng.random((70, 2))
        for sx, sy in stars:
            ix, iy = int(sx * (px - 3)), int(sy * HORIZON * 0.9 * px)
            pixels[iy : iy + 2, ix : ix + 2] = np.maximum(
                pixels[iy : iy + 2, ix : ix + 2], rng.uniform(120, 235)
            )
    canvas.put(pixels)
    if storm < 0.55:
        at = (float(rng.uniform(0.12, 0.88)), light.orb_height + float(rng.uniform(-0.05, 0.05)))
        radius = 0.038 if night else 0.045
        canvas.glow(at, radius * 3.5, light.orb, 0.55)
        with canvas.lit():
            orb = canvas.figure(at, 1.0)
            orb.disc((0, 0), radius, light.orb)
            orb.finish(shade=0)


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
        ((HORIZON + 0.02, (86, 122, 104), 0.14, 0.22), (HORIZON + 0.06, (48, 90, 62), 0.20, 0.34))
    ):
        for x in np.linspace(-0.03, 1.03, 13 - 3 * row) + rng.uniform(-0.03, 0.03, 13 - 3 * row):
            h = float(rng.uniform(lo, hi))
            tree = canvas.figure((float(x), base), h)
            shade = float(rng.uniform(0.85, 1.12))
            tree.poly([(-0.05, 0.1), (-0.04, -0.2), (0.04, -0.2), (0.05, 0.1)], (86, 64, 48))
            for k in range(3):
                y, w = -0.12 - 0.28 * k, 0.30 - 0.07 * k
                tree.poly([(-w, y), (0, y - 0.42), (w, y)], scale(colour, shade * (1 + 0.08 * k)))
            tree.finish(shade=0.15)


def _town(canvas: Canvas) -> None:
    rng = canvas.rng
    x = -0.04
    lit = canvas.ambient[0] < 0.6
    while x < 1.0:
        w, h = float(rng.uniform(0.13, 0.20)), float(rng.uniform(0.16, 0.30))
        wall = mix((214, 190, 160), (186, 120, 96), float(rng.random()))
        house = canvas.figure((x, HORIZON + 0.05), 1.0)
        house.rect(0, 0, w, -h, wall)
        house.poly([(-0.015, -h), (w / 2, -h - 0.09), (w + 0.015, -h)], (142, 70, 58))
        for wx in np.arange(0.025, w - 0.035, 0.05):
            for wy in np.arange(0.04, h - 0.05, 0.075):
                glass = (255, 214, 120) if lit and rng.random() < 0.6 else (92, 112, 136)
                with canvas.lit((1.0, 1.0, 1.0) if glass[0] == 255 else canvas.ambient):
                    house.rect(wx, -wy, wx + 0.026, -wy - 0.04, glass)
        house.finish(shade=0.12)
        x += w + float(rng.uniform(0.0, 0.03))


def _coast(canvas: Canvas) -> None:
    _ridge(canvas, HORIZON + 0.005, 0.05, 3, (120, 140, 160), 0.1)
    sea = canvas.figure()
    sea.rect(0, HORIZON, 1, 0.80, (58, 128, 158))
    sea.finish(shade=0)


def _ground(canvas: Canvas, place: str) -> None:
    rng, px = canvas.rng, canvas.px
    far, near = (scale(c, canvas.ambient) for c in _LAND[place])
    start = 0.76 if place == "coast" else HORIZON + 0.04
    bumps = value_noise(rng, px, (3, 5))[0] * 0.03
    _, y = canvas.grid()
    top = start + bumps[None, :] - 0.015
    cover = np.clip((y - top) * px / 2, 0, 1)[..., None]
    t = np.clip((y - start) / (1 - start), 0, 1)[..., None]
    tone = np.asarray(far, np.float32) * (1 - t) + np.asarray(near, np.float32) * t
    texture = (value_noise(rng, px, (24, 60), aspect=0.35) - 0.5) * 0.36
    tone = tone * (1 + texture[..., None] * (0.35 + 0.65 * t))
    pixels = canvas.pixels()
    canvas.put(pixels + (tone - pixels) * cover)


def _interior(canvas: Canvas, place: str, time_of_day: str) -> None:
    dim = {"night": 0.55, "dusk": 0.75, "dawn": 0.9, "day": 1.0}[time_of_day]
    walls: dict[str, Colour] = {"room": (206, 178, 146), "hall": (150, 152, 166), "church": (168, 156, 140)}
    floors: dict[str, Colour] = {"room": (134, 92, 60), "hall": (96, 98, 108), "church": (112, 104, 100)}
    canvas.ambient = (0.98 * dim, 0.93 * dim, 0.88 * dim)
    x, y = canvas.grid()
    wall, floor = (np.asarray(scale(c[place], canvas.ambient), np.float32) for c in (walls, floors))
    vignette = 1.08 - 0.5 * ((x - 0.5) ** 2 + (y - 0.45) ** 2)
    pixels = np.where((y < 0.70)[..., None], wall, floor) * vignette[..., None]
    pixels *= 1 + 0.10 * (value_noise(canvas.rng, canvas.px, (8, 30))[..., None] - 0.5)
    canvas.put(pixels)


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
    for k in range(5):
        inset = 0.07 * k
        tone = scale((172, 174, 188), 1 - 0.11 * k)
        hall.rect(inset, 0.02 + inset * 0.5, 1 - inset, 0.70, tone)
    for k in range(4):
        inset = 0.07 * k
        for side in (inset, 1 - inset - 0.035):
            hall.rect(side, inset * 0.5, side + 0.035, 0.74 - 0.01 * k, scale((212, 208, 204), 1 - 0.1 * k))
    for k in range(7):
        hall.stroke([(-0.2 + 0.233 * k, 1.0), (0.29 + 0.07 * k, 0.70)], 0.005, (70, 72, 82), 0.8)
    hall.finish(shade=0.05)
    sky = mix(light.zenith, light.horizon, 0.6)
    for k in range(3):
        x = 0.355 + 0.11 * k
        _pane(canvas, x, 0.27, x + 0.07, 0.58, sky)


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
