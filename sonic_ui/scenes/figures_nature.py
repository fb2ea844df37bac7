"""Weather, water and fire. Every painter takes the level in [0, 1]: more level, more of it."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from sonic_ui.scenes.backdrops import HORIZON, wet_ground
from sonic_ui.scenes.canvas import Canvas, Colour, mix, scale


def rain(canvas: Canvas, level: float, x: float) -> None:
    """Slanting streaks, from a drizzle to sheets, with rings and reflections on the ground."""
    rng, px = canvas.rng, canvas.px
    wet_ground(canvas, 0.25 + 0.55 * level)
    layer = Image.new("L", (px, px), 0)
    pen = ImageDraw.Draw(layer)
    slant = float(rng.uniform(0.12, 0.30)) * (1 if rng.random() < 0.5 else -1)
    count = int(22 + 170 * level)
    length = 0.05 + 0.10 * level
    width = max(2, round(px * (0.006 + 0.003 * level)))
    for sx, sy, near in rng.random((count, 3)):
        size = length * (0.6 + 0.8 * near)
        x0, y0 = (sx * 1.3 - 0.15) * px, (sy * 1.15 - 0.15) * px
        pen.line((x0, y0, x0 + slant * size * px, y0 + size * px), fill=int(120 + 110 * near), width=width)
    canvas.image.paste((224, 234, 246), (0, 0), layer.filter(ImageFilter.GaussianBlur(0.8)))
    rings = canvas.figure((0, 0), 1.0)
    saved, canvas.ambient = canvas.ambient, (1.0, 1.0, 1.0)
    for rx, ry in rng.random((int(4 + 14 * level), 2)):
        depth = 0.72 + 0.26 * ry
        t = np.linspace(0, 2 * np.pi, 20)
        radius = 0.015 + 0.03 * ry
        rings.stroke(
            list(zip(rx + radius * np.cos(t), depth + radius * 0.3 * np.sin(t), strict=True)),
            0.006,
            (220, 230, 244),
            0.8,
            curved=False,
        )
    rings.finish(shade=0)
    canvas.ambient = saved
    if level > 0.5:
        veil = Image.new("RGB", (px, px), (176, 186, 200))
        canvas.image = Image.blend(canvas.image, veil, 0.22 * (level - 0.5) * 2)


def thunder(canvas: Canvas, level: float, x: float) -> None:
    """Forked lightning out of dark clouds; the louder, the larger, with more bolts and more light."""
    rng = canvas.rng
    saved, canvas.ambient = canvas.ambient, (1.0, 1.0, 1.0)
    bolts = 1 + int(level > 0.4) + int(level > 0.75)
    for k in range(bolts):
        at = float(np.clip(x + (k - (bolts - 1) / 2) * 0.3 + rng.uniform(-0.05, 0.05), 0.1, 0.9))
        reach = 0.26 + 0.42 * level
        canvas.glow((at, 0.08 + reach * 0.4), 0.14 + 0.24 * level, (190, 190, 255), 0.45 + 0.45 * level)
        steps = 8
        ys = np.linspace(0.03, 0.03 + reach, steps)
        xs = at + np.cumsum(rng.uniform(-0.055, 0.055, steps))
        bolt = canvas.figure((0, 0), 1.0)
        path = list(zip(xs, ys, strict=True))
        width = 0.012 + 0.022 * level
        bolt.stroke(path, width * 2.0, (170, 160, 255), 0.5, curved=False)
        bolt.stroke(path, width, (255, 252, 224), curved=False)
        for j in (2, 4):
            side = float(rng.choice([-1, 1])) * (0.08 + 0.1 * level)
            fork = [
                path[j],
                (path[j][0] + side * 0.5, path[j][1] + 0.07),
                (path[j][0] + side, path[j][1] + 0.10),
            ]
            bolt.stroke(fork, width * 0.6, (246, 240, 255), curved=False)
        bolt.finish(shade=0)
    canvas.ambient = saved


def wind(canvas: Canvas, level: float, x: float) -> None:
    """A bent tree, streaming curls of air and flying leaves; the stronger, the more of each."""
    rng = canvas.rng
    way = 1 if rng.random() < 0.5 else -1
    bend = 0.10 + 0.50 * level
    tree = canvas.figure((0.5 - 0.36 * way, 0.86), 0.62, flip=way < 0)
    tip = (0.10 + bend, -0.80 + 0.34 * level)
    tree.stroke([(0, 0), (0.05 + bend * 0.2, -0.35), tip], 0.07, (92, 68, 50))
    for k in range(8):
        t = k / 7
        root = (0.05 + bend * (0.2 + 0.75 * t), -0.32 - 0.48 * t + 0.34 * level * t)
        spread = float(rng.uniform(0.16, 0.26))
        tree.blob(
            [
                root,
                (root[0] + spread * 0.6, root[1] - 0.12),
                (root[0] + spread * (1.2 + level), root[1] - 0.02),
                (root[0] + spread * 0.5, root[1] + 0.08),
            ],
            mix((92, 142, 66), (140, 168, 76), float(rng.random())),
        )
    tree.finish()
    saved, canvas.ambient = canvas.ambient, (1.0, 1.0, 1.0)
    air = canvas.figure((0, 0), 1.0)
    for _ in range(int(3 + 7 * level)):
        height, x0, size = (
            float(rng.uniform(0.10, 0.78)),
            float(rng.uniform(-0.1, 0.65)),
            float(rng.uniform(0.30, 0.5)) * (0.7 + 0.5 * level),
        )
        along = np.linspace(0, 1, 5)
        wave = height + 0.025 * np.sin(along * 6.0)
        line = [(float(a), float(b)) for a, b in zip(x0 + size * along, wave, strict=True)]
        ex, ey = line[-1]
        curl = [(ex + 0.055, ey - 0.03), (ex + 0.045, ey - 0.075), (ex, ey - 0.07), (ex + 0.005, ey - 0.04)]
        path = [*line, *curl]
        if way < 0:
            path = [(1 - a, b) for a, b in path]
        air.stroke(path, 0.010 + 0.007 * level, (246, 250, 255), 0.85)
    leaves: list[Colour] = [(214, 128, 48), (190, 84, 44), (226, 178, 70), (128, 160, 60)]
    for lx, ly in rng.random((int(3 + 22 * level), 2)):
        c = scale(leaves[int(rng.integers(4))], saved)
        a = float(rng.uniform(0, np.pi))
        r = 0.020
        air.poly(
            [
                (lx - r * np.cos(a), ly - r * np.sin(a)),
                (lx + r * 0.4 * np.sin(a), ly - r * 0.4 * np.cos(a)),
                (lx + r * np.cos(a), ly + r * np.sin(a)),
                (lx - r * 0.4 * np.sin(a), ly + r * 0.4 * np.cos(a)),
            ],
            c,
        )
    air.finish(shade=0)
    canvas.ambient = saved


def sea_waves(canvas: Canvas, level: float, x: float) -> None:
    """Rows of breakers, from ripples to a curling wall of water with spray."""
    rng = canvas.rng
    sea = canvas.figure((0, 0), 1.0)
    sea.poly([(0, HORIZON - 0.01), (1, HORIZON - 0.01), (1, 0.86), (0, 0.86)], (40, 108, 146))
    sea.finish(shade=0)
    rows = 5
    for k in range(rows):
        depth = k / (rows - 1)
        base = HORIZON + 0.03 + 0.27 * depth
        height = (0.010 + 0.20 * level**1.3) * (0.35 + 0.65 * depth)
        n = 4 - 2 * depth + 1.5 * (1 - level)
        t = np.linspace(-0.05, 1.05, 60)
        phase = float(rng.uniform(0, 6.28))
        crest = np.abs(np.sin(np.pi * n * t + phase)) ** 0.7
        top = base - height * crest
        water = canvas.figure((0, 0), 1.0)
        tone = mix((52, 128, 160), (30, 96, 128), depth)
        water.poly([(-0.05, base + 0.1), *zip(t, top, strict=True), (1.05, base + 0.1)], tone)
        foam = 0.008 + 0.022 * level * (0.4 + 0.6 * depth)
        water.stroke(list(zip(t, top, strict=True)), foam, (240, 248, 250), 0.95, curved=False)
        water.stroke(
            list(zip(t, top + height * 0.45, strict=True)), foam * 0.4, (150, 204, 216), 0.7, curved=False
        )
        water.finish(shade=0)
        if level > 0.45 and depth > 0.4:
            spray = canvas.figure((0, 0), 1.0)
            peaks = t[(crest > 0.96)]
            for sx in rng.choice(peaks, int(10 * level) + 1) if len(peaks) else []:
                spray.disc(
                    (float(sx + rng.normal(0, 0.03)), float(base - height - abs(rng.normal(0, 0.03)))),
                    float(rng.uniform(0.005, 0.014)),
                    (246, 250, 252),
                )
            spray.finish(shade=0)
    beach = canvas.figure((0, 0), 1.0)
    t = np.linspace(-0.05, 1.05, 12)
    edge = 0.87 + 0.02 * np.sin(5 * t + float(rng.uniform(0, 6)))
    shore = [(float(a), float(b)) for a, b in zip(t, edge, strict=True)]
    beach.poly([*shore, (1.05, 1.05), (-0.05, 1.05)], (214, 192, 144))
    beach.stroke(shore, 0.014 + 0.02 * level, (244, 248, 248), 0.95)
    beach.finish(shade=0.1)


def stream(canvas: Canvas, level: float, x: float) -> None:
    """A brook that winds towards us between stones; the louder, the wider and whiter."""
    rng = canvas.rng
    t = np.linspace(0, 1, 14)
    y = HORIZON + 0.05 + (0.96 - HORIZON) * t**1.3
    sway = 0.13 * np.sin(2.0 + 6.0 * t + float(rng.uniform(-0.6, 0.6))) * (0.4 + 0.6 * t)
    middle = 0.5 + (x - 0.5) * 0.4 + sway
    half = 0.012 + (0.05 + 0.27 * level) * t**1.2
    left, right = middle - half, middle + half
    bank = canvas.figure((0, 0), 1.0)
    for grow, colour in ((0.03, (112, 94, 70)), (0.0, (62, 140, 190))):
        outline = [
            *zip(left - grow * t, y, strict=True),
            *zip((right + grow * t)[::-1], y[::-1], strict=True),
        ]
        bank.poly([(float(a), float(b)) for a, b in outline], colour)
    for _ in range(int(5 + 10 * level)):
        k = int(rng.integers(4, 13))
        cx = float(middle[k] + half[k] * rng.uniform(-0.75, 0.75))
        w = float(half[k] * rng.uniform(0.15, 0.4)) + 0.008
        bank.stroke(
            [(cx - w, float(y[k])), (cx, float(y[k]) + 0.012), (cx + w, float(y[k]))],
            0.008 + 0.006 * level,
            (216, 240, 250),
            0.95,
        )
    bank.finish(shade=0.15)
    stones = canvas.figure((0, 0), 1.0)
    for k in range(5, 14, 2):
        for side in (left[k] - 0.02, right[k] + 0.02):
            stones.disc(
                (float(side), float(y[k])),
                float(rng.uniform(0.016, 0.034)) * (0.6 + 0.6 * t[k]),
                (138, 134, 130),
                squash=0.65,
            )
    stones.finish(shade=0.5)


def crackling_fire(canvas: Canvas, level: float, x: float) -> None:
    """A log fire: from embers to a bonfire, lighting what is around it."""
    rng = canvas.rng
    size = 0.16 + 0.42 * level
    at = (x, 0.88)
    canvas.glow((x, 0.86 - size * 0.4), 0.16 + 0.5 * level, (255, 150, 60), 0.35 + 0.45 * level)
    logs = canvas.figure(at, 0.20 + 0.12 * level)
    for a, b in (((-0.5, 0.06), (0.42, -0.10)), ((0.5, 0.06), (-0.42, -0.10)), ((-0.38, 0.12), (0.38, 0.12))):
        logs.stroke([a, b], 0.15, (104, 68, 44), curved=False)
    logs.finish(shade=0.5)
    saved, canvas.ambient = canvas.ambient, (1.0, 1.0, 1.0)
    flame = canvas.figure(at, size)
    for reach, wide, colour in (
        (1.0, 0.36, (226, 74, 28)),
        (0.76, 0.26, (250, 144, 36)),
        (0.5, 0.16, (255, 220, 96)),
    ):
        tips = rng.uniform(-0.08, 0.08, 3)
        flame.blob(
            [
                (-wide, -0.12),
                (-wide * 0.9, -0.42 * reach),
                (-wide * 0.55 + tips[0], -0.72 * reach),
                (-wide * 0.28, -0.48 * reach),
                (tips[1], -1.02 * reach),
                (wide * 0.3, -0.52 * reach),
                (wide * 0.62 + tips[2], -0.80 * reach),
                (wide * 0.95, -0.38 * reach),
                (wide, -0.10),
                (0, 0.02),
            ],
            colour,
        )
    flame.finish(shade=0)
    sparks = canvas.figure((0, 0), 1.0)
    for sx, sy in rng.normal(0, 1, (int(3 + 16 * level), 2)):
        sparks.disc((float(x + sx * 0.08), float(0.86 - size - abs(sy) * 0.12)), 0.007, (255, 206, 96))
    sparks.finish(shade=0)
    canvas.ambient = saved
