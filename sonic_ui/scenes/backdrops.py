"""Where a scene takes place: skies by the time of day, land, sea, and rooms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from sonic_ui.scenes.canvas import Canvas, Colour, mix, scale, value_noise
from sonic_ui.scenes.world import INDOOR_PLACES, Scene


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


def light_of(scene: Scene) -> Light:
    """The light of the scene's time of day."""
    return LIGHTS[scene.time_of_day]


def paint_backdrop(canvas: Canvas, scene: Scene, storm: float) -> None:
    """Sky, land or room. `storm` in [0, 1] darkens and greys the sky."""
    if scene.place in INDOOR_PLACES:
        _interior(canvas, scene)
        return
    light = light_of(scene)
    canvas.ambient = mix_light(light.ambient, (0.66, 0.70, 0.78), storm * 0.6)
    _sky(canvas, light, scene, storm)
    {
        "meadow": _hills,
        "mountains": _mountains,
        "forest": _forest,
        "town": _town,
        "coast": _coast,
    }[scene.place](canvas)
    _ground(canvas, scene)


def mix_light(a: Colour, b: Colour, share: float) -> Colour:
    """Ambient light dimmed towards that of a storm."""
    return mix(a, scale(a, b), share)


def _sky(canvas: Canvas, light: Light, scene: Scene, storm: float) -> None:
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
    opacity = 0.6 if scene.time_of_day != "night" else 0.25
    pixels += (np.asarray(white, np.float32) - pixels) * (cover * max(opacity, storm * 0.7))[..., None]
    canvas.paint_soft(pixels)
    if storm < 0.44:
        _lights(canvas, light, scene.time_of_day == "night")


def _lights(canvas: Canvas, light: Light, night: bool) -> None:
    """Sun or moon; stars by night, a pair of clouds by day."""
    rng = canvas.rng
    saved, canvas.ambient = canvas.ambient, (1.0, 1.0, 1.0)
    orb = canvas.figure((0, 0), 1.0)
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
    canvas.ambient = saved


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
    ridge = canvas.figure((0, 0), 1.0)
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
        trees = canvas.figure((0, 0), 1.0)
        for x in np.linspace(-0.02, 1.02, n) + rng.uniform(-0.04, 0.04, n):
            h, at = float(rng.uniform(lo, hi)), float(x)
            trees.poly(
                [
                    (at - 0.014, base),
                    (at - 0.014, base - 0.05),
                    (at + 0.014, base - 0.05),
                    (at + 0.014, base),
                ],
                (112, 88, 72),
            )
            for k in range(3):
                y, w = base - h * (0.10 + 0.26 * k), h * (0.30 - 0.06 * k)
                trees.poly([(at - w, y), (at, y - 0.42 * h), (at + w, y)], scale(colour, 1 + 0.06 * k))
        trees.poly(
            [(0, base - 0.04), (1, base - 0.04), (1, base + 0.06), (0, base + 0.06)], scale(colour, 0.9)
        )
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
        houses.poly([(x, 0), (x, -h), (x + w, -h), (x + w, 0)], wall)
        houses.poly([(x - 0.012, -h), (x + w / 2, -h - 0.09), (x + w + 0.012, -h)], (168, 108, 96))
        panes += [(x + wx, -h + 0.04, lit and rng.random() < 0.7) for wx in (0.04, 0.115)]
        x += w
    for wx, wy, bright in panes:
        saved, canvas.ambient = canvas.ambient, (1.0, 1.0, 1.0) if bright else canvas.ambient
        glass: Colour = (246, 204, 120) if bright else (128, 146, 168)
        houses.poly([(wx, wy), (wx, wy + 0.06), (wx + 0.045, wy + 0.06), (wx + 0.045, wy)], glass)
        canvas.ambient = saved
    houses.finish(shade=0.1)


def _coast(canvas: Canvas) -> None:
    sea = canvas.figure((0, 0), 1.0)
    sea.poly([(0, HORIZON), (1, HORIZON), (1, 0.80), (0, 0.80)], (58, 128, 158))
    sea.finish(shade=0)
    _ridge(canvas, HORIZON + 0.005, 0.05, 3, (120, 140, 160), 0.1)
    sea = canvas.figure((0, 0), 1.0)
    sea.poly([(0, HORIZON), (1, HORIZON), (1, 0.80), (0, 0.80)], (58, 128, 158))
    sea.finish(shade=0)
    light_path(canvas)


def _ground(canvas: Canvas, scene: Scene) -> None:
    rng, size = canvas.rng, canvas.size
    far, near = (scale(c, canvas.ambient) for c in _LAND[scene.place])
    start = 0.76 if scene.place == "coast" else HORIZON + 0.04
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


def _interior(canvas: Canvas, scene: Scene) -> None:
    light = light_of(scene)
    dim = {"night": 0.55, "dusk": 0.75, "dawn": 0.9, "day": 1.0}[scene.time_of_day]
    walls: dict[str, Colour] = {"room": (206, 178, 146), "hall": (150, 152, 166), "church": (168, 156, 140)}
    floors: dict[str, Colour] = {"room": (134, 92, 60), "hall": (96, 98, 108), "church": (112, 104, 100)}
    canvas.ambient = (0.98 * dim, 0.93 * dim, 0.88 * dim)
    canvas.indoors = True
    x, y = canvas.soft_grid()
    wall, floor = (np.asarray(scale(c[scene.place], canvas.ambient), np.float32) for c in (walls, floors))
    vignette = 1.08 - 0.5 * ((x - 0.5) ** 2 + (y - 0.45) ** 2)
    canvas.paint_soft(np.where((y < 0.70)[..., None], wall, floor) * vignette[..., None])
    {"room": _room, "hall": _hall, "church": _church}[scene.place](canvas, light)


def _pane(canvas: Canvas, points: list[tuple[float, float]], colour: Colour) -> None:
    saved, canvas.ambient = canvas.ambient, (1.0, 1.0, 1.0)
    pane = canvas.figure((0, 0), 1.0)
    pane.poly(points, colour)
    pane.finish(shade=0)
    canvas.ambient = saved


def _room(canvas: Canvas, light: Light) -> None:
    x = float(canvas.rng.choice([0.14, 0.66]))
    frame = canvas.figure((0, 0), 1.0)
    frame.poly([(x - 0.02, 0.14), (x + 0.24, 0.14), (x + 0.24, 0.46), (x - 0.02, 0.46)], (240, 232, 216))
    frame.poly([(0, 0.68), (1, 0.68), (1, 0.71), (0, 0.71)], (236, 226, 208))
    frame.finish(shade=0.1)
    sky = mix(light.zenith, light.horizon, 0.5)
    for i in range(2):
        for j in range(2):
            a, b = x + 0.115 * i, 0.16 + 0.145 * j
            _pane(canvas, [(a, b), (a + 0.1, b), (a + 0.1, b + 0.13), (a, b + 0.13)], sky)
    boards = canvas.figure((0, 0), 1.0)
    for k in range(5):
        boards.stroke([(-0.1 + 0.3 * k, 1.0), (0.1 + 0.2 * k, 0.71)], 0.006, (96, 64, 42), 0.7)
    rug = canvas.figure((0.5, 0.88), 1.0)
    boards.finish(shade=0)
    rug.disc((0, 0), 0.36, (150, 60, 58), 0.9, 0.22)
    rug.disc((0, 0), 0.28, (206, 150, 96), 0.9, 0.22)
    rug.finish(shade=0)


def _hall(canvas: Canvas, light: Light) -> None:
    hall = canvas.figure((0, 0), 1.0)
    for k in range(3):
        inset = 0.13 * k
        low, tone = 0.74 - 0.02 * k, scale((180, 182, 196), 1 - 0.12 * k)
        hall.poly([(inset, 0.10 * k), (1 - inset, 0.10 * k), (1 - inset, low), (inset, low)], tone)
    for k in range(2):
        for side in (0.13 * k + 0.02, 0.91 - 0.13 * k):
            low, high = 0.78 - 0.03 * k, 0.10 * k
            column = [(side, high), (side + 0.07, high), (side + 0.07, low), (side, low)]
            hall.poly(column, scale((214, 208, 202), 1 - 0.10 * k))
    hall.finish(shade=0.12)
    sky = mix(light.zenith, light.horizon, 0.6)
    for k in range(2):
        x = 0.37 + 0.15 * k
        _pane(canvas, [(x, 0.30), (x + 0.11, 0.30), (x + 0.11, 0.60), (x, 0.60)], sky)


def _church(canvas: Canvas, light: Light) -> None:
    nave = canvas.figure((0, 0), 1.0)
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
                _pane(
                    canvas,
                    [
                        (a + 0.004, b),
                        (a + w / 2 - 0.004, b),
                        (a + w / 2 - 0.004, b + 0.068),
                        (a + 0.004, b + 0.068),
                    ],
                    colour,
                )
    canvas.glow((0.5, 0.35), 0.2, (255, 236, 200), 0.25 * bright)


def wet_ground(canvas: Canvas, amount: float) -> None:
    """Reflect the upper picture in the ground, blurred: `amount` in [0, 1]."""
    px = canvas.px
    start = int((HORIZON + 0.08) * px)
    height = px - start
    mirror = canvas.image.crop((0, max(0, start - height), px, start)).transpose(
        Image.Transpose.FLIP_TOP_BOTTOM
    )
    mirror = mirror.resize((px // 6, height // 6)).filter(ImageFilter.GaussianBlur(px * 0.002))
    mirror = mirror.resize((px, height), Image.Resampling.BICUBIC)
    mask = Image.fromarray(
        np.repeat((np.linspace(0.1, 0.6, height)[:, None] * amount * 255).astype(np.uint8), px, axis=1), "L"
    )
    canvas.image.paste(mirror, (0, start), mask)
