"""Weather, water and fire. Every painter takes the level in [0, 1]: more level, more of it."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from sonic_ui.scenes.backdrops import HORIZON, light_path, wet_ground
from sonic_ui.scenes.canvas import Canvas, Colour, Figure, Point, mix, smooth_open

FOAM: Colour = (248, 252, 255)


def _curve(xs: np.ndarray, ys: np.ndarray) -> list[Point]:
    return [(float(a), float(b)) for a, b in zip(xs, ys, strict=True)]


def _cloud(canvas: Canvas, depth: float, colour: Colour) -> None:
    """A dark cloud along the upper edge, its underside in big scallops."""
    cloud = canvas.figure((0, 0), 1.0)
    cloud.poly([(0, 0), (1, 0), (1, depth * 0.5), (0, depth * 0.5)], colour)
    shift = float(canvas.rng.uniform(-0.08, 0.08))
    for k in range(6):
        r = 0.12 + 0.03 * (k % 2) + float(canvas.rng.uniform(-0.012, 0.012))
        low = depth * (0.58 if k % 2 else 0.40)
        cloud.disc((0.02 + 0.20 * k + shift, depth * 0.45), r, colour, squash=low / r)
    cloud.finish(shade=0.3, outline=0.35)


def rain(canvas: Canvas, level: float, x: float) -> None:
    """Slanting streaks out of a dark cloud, from a drizzle to sheets, with rings on the wet ground."""
    rng, px = canvas.rng, canvas.px
    wet_ground(canvas, 0.25 + 0.55 * level)
    slant = float(rng.uniform(0.20, 0.30)) * (1 if rng.random() < 0.5 else -1)
    across, down = 5 + 9 * level, 4 + 4 * level
    length = 0.085 + 0.045 * level
    width = round(px * (0.0095 + 0.0025 * level))
    layer = Image.new("L", (px, px), 0)
    pen = ImageDraw.Draw(layer)
    shift = float(rng.random())
    for j in range(int(down) + 2):
        for i in range(int(across) + 3):
            sx = (i - 1 + (0.5 * j + shift) % 1.0 + float(rng.uniform(-0.14, 0.14))) / across
            sy = (j - 0.6 + 0.5 * (i % 2) + float(rng.uniform(-0.14, 0.14))) / down
            ends = ((sx, sy), (sx + slant * length, sy + length))
            pen.line([(a * px, b * px) for a, b in ends], fill=245, width=width)
            for a, b in ends:
                r = width / 2 - 0.5
                pen.ellipse((a * px - r, b * px - r, a * px + r, b * px + r), fill=245)
    dark = layer.filter(ImageFilter.GaussianBlur(px * 0.004)).point([int(v * 0.55) for v in range(256)])
    canvas.image.paste((40, 50, 78), (0, 0), dark)
    canvas.image.paste((232, 242, 255), (0, 0), layer)
    _cloud(canvas, 0.17 + 0.09 * level, (92, 100, 124))
    rings = canvas.figure((0, 0), 1.0)
    t = np.linspace(0, 2 * np.pi, 24)
    saved, canvas.ambient = canvas.ambient, (1.0, 1.0, 1.0)
    for k in range(int(4 + 6 * level)):
        at = ((0.12 + 0.39 * k + 0.2 * shift) % 1.0, 0.74 + 0.22 * ((k * 0.62 + shift) % 1.0))
        r = 0.024 + 0.026 * (at[1] - 0.7) / 0.3
        rings.stroke(_curve(at[0] + r * np.cos(t), at[1] + r * 0.34 * np.sin(t)), 0.011, (226, 236, 250))
    rings.finish(shade=0)
    canvas.ambient = saved


def thunder(canvas: Canvas, level: float, x: float) -> None:
    """A jagged bolt out of a dark cloud; the louder, the larger, with more bolts and more light."""
    rng = canvas.rng
    saved, canvas.ambient = canvas.ambient, (1.0, 1.0, 1.0)
    reach = 0.36 + 0.36 * level
    canvas.glow((x, 0.16 + reach * 0.4), 0.20 + 0.22 * level, (150, 140, 255), 0.40 + 0.25 * level)
    size = 0.16 + 0.10 * level
    bolts = [(x, 1.0)]
    apart = 0.16 if canvas.shared else 0.34
    inward = apart if x < 0.5 else -apart
    if level > 0.4:
        bolts.append((x + inward, 0.68))
    if level > 0.75:
        bolts.append((x - inward, 0.56))
    for at, share in bolts:
        _bolt(canvas, float(np.clip(at, 0.08, 0.92)), reach * share, size * share, bool(rng.random() < 0.5))
    canvas.ambient = mix(saved, (0.8, 0.8, 1.0), 0.3)
    _cloud(canvas, 0.17 + 0.06 * level, (74, 78, 104))
    canvas.ambient = saved


def _bolt(canvas: Canvas, x: float, reach: float, size: float, flip: bool) -> None:
    """A zigzag that tapers to its point."""
    bolt = canvas.figure((x, 0.10), 1.0, flip=flip)
    wobble = float(canvas.rng.uniform(-0.15, 0.15))
    outline = [
        (-0.10, 0.0),
        (0.50, 0.0),
        (0.16 + wobble, 0.34),
        (0.52 + wobble, 0.34),
        (0.10 - wobble, 0.64),
        (0.36 - wobble, 0.64),
        (-0.42, 1.06),
        (-0.10 - wobble, 0.72),
        (-0.34 - wobble, 0.72),
        (-0.02 + wobble, 0.42),
        (-0.36 + wobble, 0.42),
    ]
    bolt.poly([(a * size, b * reach) for a, b in outline], (255, 242, 150))
    core = [(a * 0.55 * size, (0.03 + b * 0.92) * reach) for a, b in outline]
    bolt.poly(core, (255, 255, 244))
    bolt.finish(shade=0, outline=0.8, halo=0.7)


def wind(canvas: Canvas, level: float, x: float) -> None:
    """A tree bent to one side, streaming curls of air and flying leaves; the stronger, the more."""
    rng = canvas.rng
    way = 1 if rng.random() < 0.5 else -1
    root = 0.5 - (0.16 + 0.16 * float(rng.random())) * way
    if canvas.shared:
        way = 1 if x > 0.5 else -1
        root = 0.5 + 0.10 * way
    saved, canvas.ambient = canvas.ambient, mix(canvas.ambient, (1.0, 1.0, 1.0), 0.7)
    air = canvas.figure((0.5, 0), 1.0, flip=way < 0)
    for k in range(int(2 + 4.9 * level)):
        y = (0.11, 0.64, 0.78, 0.25, 0.38, 0.52)[k] + float(rng.uniform(-0.025, 0.025))
        x0 = -0.54 + 0.24 * ((2 * k) % 3) + float(rng.uniform(-0.05, 0.05))
        _gust(air, (x0, y), 0.48 + 0.10 * level, 0.017 + 0.007 * level)
    air.finish(shade=0, outline=0.55)
    canvas.ambient = saved
    _bent_tree(canvas, (root, 0.90), 0.14 + 0.46 * level, way)
    canvas.ambient = mix(canvas.ambient, (1.0, 1.0, 1.0), 0.7)
    leaves = canvas.figure((0.5, 0), 1.0, flip=way < 0)
    tones: list[Colour] = [(232, 122, 36), (206, 70, 36), (246, 186, 56)]
    for k in range(int(3 + 7 * level)):
        lx = -0.44 + (0.38 * k + 0.2 * float(rng.random())) % 0.92
        ly = 0.12 + (0.29 * k + 0.1 * float(rng.random())) % 0.76
        r = 0.032
        leaves.blob(
            [(lx - r, ly + r * 0.5), (lx, ly - r * 0.6), (lx + r, ly - r * 0.5), (lx, ly + r * 0.6)],
            tones[k % 3],
        )
    leaves.finish(shade=0.2, outline=0.7)
    canvas.ambient = saved


def _bent_tree(canvas: Canvas, at: Point, bend: float, way: int) -> None:
    tree = canvas.figure(at, 0.66 if canvas.shared else 0.78, flip=way < 0)
    tip = (0.06 + bend * 0.85, -0.78 + 0.40 * bend)
    middle = (0.02 + bend * 0.22, -0.40)
    tree.poly([(-0.09, 0.02), (-0.03, -0.10), (0.05, -0.10), (0.10, 0.02)], (112, 76, 52))
    tree.stroke([(0, 0), middle, tip], 0.085, (112, 76, 52))
    canvas.shadow((at[0], at[1] + 0.01), 0.25, 0.4)
    greens: list[Colour] = [(62, 120, 58), (86, 150, 66), (120, 178, 74)]
    for k, (dx, dy, length) in enumerate(((-0.10, -0.10, 0.44), (-0.12, 0.06, 0.50), (-0.06, -0.02, 0.60))):
        a, b = tip[0] + dx, tip[1] + dy
        long = length * (0.62 + 0.75 * bend)
        high = 0.17 - 0.08 * bend
        tree.blob(
            [
                (a - 0.14, b + 0.02),
                (a - 0.02, b - high),
                (a + long * 0.5, b - high * 0.9),
                (a + long, b + 0.02),
                (a + long * 0.55, b + high * 0.5),
                (a, b + high * 0.8),
            ],
            greens[k],
        )
    tree.stand_out(0.45)


def _gust(air: Figure, at: Point, length: float, width: float) -> None:
    """A line of moving air that ends in a curl."""
    x, y = at
    ex = x + length
    path = [
        (x, y),
        (x + length * 0.35, y - 0.018),
        (x + length * 0.7, y + 0.012),
        (ex, y - 0.005),
        (ex + 0.075, y - 0.045),
        (ex + 0.055, y - 0.105),
        (ex - 0.005, y - 0.10),
        (ex - 0.005, y - 0.06),
    ]
    air.stroke(path, width, (246, 251, 255))


def sea_waves(canvas: Canvas, level: float, x: float) -> None:
    """Rows of crested waves before a breaker that curls over; from ripples to a wall of water."""
    rng = canvas.rng
    sea = canvas.figure((0, 0), 1.0)
    sea.poly([(0, HORIZON - 0.03), (1, HORIZON - 0.03), (1, 1), (0, 1)], (74, 152, 186))
    sea.finish(shade=0)
    way = 1 if rng.random() < 0.5 else -1
    for k in range(3):
        height = (0.018 + 0.075 * level) * (0.5 + 0.25 * k)
        _swell(
            canvas, 0.60 + 0.085 * k, height, 4.2 - 0.9 * k, way, mix((56, 136, 176), (28, 98, 148), k / 2)
        )
    light_path(canvas)
    size = 0.28 + 0.50 * level
    canvas.shore = 0.90
    _breaker(canvas, (canvas.inside(x, 0.52 * size), 0.88), size, way)
    front = canvas.figure((0, 0), 1.0)
    t = np.linspace(-0.05, 1.05, 40)
    edge = 0.885 + 0.014 * np.sin(9 * t + float(rng.uniform(0, 6)))
    front.poly([*_curve(t, edge), (1.05, 1.05), (-0.05, 1.05)], (236, 214, 160))
    front.stroke(_curve(t, edge), 0.030 + 0.012 * level, FOAM, curved=False)
    front.finish(shade=0.1)


def _swell(canvas: Canvas, base: float, height: float, count: float, way: int, tone: Colour) -> None:
    """A row of waves, each steeper on the side it runs to."""
    t = np.linspace(-0.55, 0.55, 120)
    phase = t * count + float(canvas.rng.random())
    crest = np.abs(np.sin(np.pi * (phase % 1.0) ** 1.5)) ** 1.3
    top = _curve(t, -height * crest)
    water = canvas.figure((0.5, base), 1.0, flip=way < 0)
    water.poly([(-0.55, 0.30), *top, (0.55, 0.30)], tone)
    water.stroke(top, 0.011 + 0.12 * height, FOAM, curved=False)
    water.finish(shade=0, outline=0.25)


def _breaker(canvas: Canvas, at: Point, size: float, way: int) -> None:
    """One wave that curls over, its lip white with foam."""
    w = canvas.figure(at, size, flip=way < 0)
    back = smooth_open(
        [(-0.95, 0.06), (-0.62, -0.06), (-0.36, -0.30), (-0.10, -0.56), (0.16, -0.63), (0.36, -0.54)]
    )
    lip = smooth_open([(0.36, -0.54), (0.46, -0.40), (0.44, -0.26)])
    hollow = smooth_open(
        [(0.44, -0.26), (0.32, -0.40), (0.16, -0.42), (0.04, -0.28), (0.10, -0.06), (0.40, 0.06)]
    )
    outline = [(float(a), float(b)) for a, b in np.concatenate([back, lip, hollow])]
    w.poly([*outline, (0.40, 0.16), (-0.95, 0.16)], (30, 112, 166))
    w.blob(
        [(-0.50, 0.06), (-0.28, -0.20), (-0.06, -0.42), (0.02, -0.40), (-0.10, -0.16), (-0.14, 0.06)],
        (84, 176, 210),
    )
    w.blob(
        [(-0.06, 0.06), (-0.06, -0.20), (0.06, -0.42), (0.01, -0.24), (0.06, 0.0), (0.12, 0.08)],
        (150, 216, 232),
    )
    w.stroke([(float(a), float(b)) for a, b in back[8:]], 0.085, FOAM, curved=False)
    for a, b, r in ((0.34, -0.54, 0.11), (0.45, -0.42, 0.10), (0.46, -0.28, 0.085), (0.40, -0.18, 0.055)):
        w.disc((a, b), r, FOAM)
    for a, b, r in ((0.34, 0.02, 0.10), (0.50, 0.05, 0.09), (0.18, 0.06, 0.08), (0.62, 0.08, 0.06)):
        w.disc((a, b), r, FOAM)
    w.finish(shade=0.35, outline=0.7)


def stream(canvas: Canvas, level: float, x: float) -> None:
    """A brook that winds towards us between stones; the louder, the wider and whiter."""
    rng = canvas.rng
    t = np.linspace(0, 1, 48)
    y = HORIZON + 0.03 + (0.99 - HORIZON) * t**1.25
    side = 1 if rng.random() < 0.5 else -1
    sway = side * 0.17 * np.sin(0.4 + 5.6 * t**0.8) * (0.35 + 0.65 * t)
    middle = 0.5 + (x - 0.5) * (0.9 if canvas.shared else 0.5) + sway
    half = 0.022 + (0.085 + 0.26 * level) * t**1.15
    bank = canvas.figure((0, 0), 1.0)
    for grow, colour in ((0.045, (150, 122, 88)), (0.0, (48, 138, 206))):
        left, right = middle - half - grow * (0.3 + t), middle + half + grow * (0.3 + t)
        bank.poly([*_curve(left, y), *_curve(right[::-1], y[::-1])], colour)
    flows = ((-0.45, 0.10, 0.50), (0.42, 0.32, 0.74), (-0.5, 0.66, 1.0), (0.02, 0.5, 0.84), (0.58, 0.84, 1.0))
    for share, low, high in flows[: int(3 + 2.9 * level)]:
        part = (t >= low) & (t <= high)
        path = _curve((middle + share * half)[part], y[part])
        bank.stroke(path, 0.016 + 0.026 * level, (216, 242, 254), curved=False)
    bank.finish(shade=0.15, outline=0.5)
    stones = canvas.figure((0, 0), 1.0)
    for k, at in enumerate((0.22, 0.36, 0.50, 0.64, 0.78, 0.92)):
        cx, cy, w = (float(np.interp(at, t, v)) for v in (middle, y, half))
        r = (0.026 + 0.034 * at) * float(rng.uniform(0.85, 1.15))
        stones.disc((cx + (w + 0.02) * (1 if k % 2 else -1), cy), r, (156, 154, 156), squash=0.66)
    stones.finish(shade=0.5, outline=0.8)


def crackling_fire(canvas: Canvas, level: float, x: float) -> None:
    """A log fire: from a small blaze to a bonfire, lighting what is around it."""
    rng = canvas.rng
    size = canvas.sized(level, 0.30, 0.72)
    foot = 0.86 + 0.04 * level
    at = (canvas.inside(x, 0.46 * size), foot)
    canvas.glow((at[0], foot - size * 0.45), 0.22 + 0.36 * level, (255, 140, 50), 0.40 + 0.35 * level)
    logs = canvas.figure(at, size * 0.92)
    ends: list[tuple[Point, Point]] = [((-0.44, 0.06), (0.34, -0.08)), ((0.44, 0.06), (-0.34, -0.08))]
    for a, b in ends:
        logs.stroke([a, b], 0.14, (122, 76, 46), curved=False)
        logs.disc(a, 0.062, (228, 184, 124))
    logs.finish(shade=0.5, outline=0.85)
    saved, canvas.ambient = canvas.ambient, (1.0, 1.0, 1.0)
    flame = canvas.figure((at[0], foot - 0.03 * size), size, flip=bool(rng.random() < 0.5))
    tips = rng.uniform(-0.07, 0.07, 3)
    for reach, wide, colour in (
        (1.0, 0.38, (232, 62, 22)),
        (0.74, 0.28, (255, 146, 30)),
        (0.48, 0.18, (255, 228, 104)),
    ):
        flame.blob(
            [
                (-wide, -0.12),
                (-wide * 0.95, -0.40 * reach),
                (-wide * 0.62 + tips[0], -0.76 * reach),
                (-wide * 0.30, -0.50 * reach),
                (tips[1], -1.04 * reach),
                (wide * 0.34, -0.54 * reach),
                (wide * 0.68 + tips[2], -0.84 * reach),
                (wide * 0.98, -0.38 * reach),
                (wide, -0.10),
                (0, 0.02),
            ],
            colour,
        )
    flame.finish(shade=0, outline=0.55)
    sparks = canvas.figure(at, 1.0)
    for k in range(int(3 + 5 * level)):
        sx = size * 0.16 * (k % 3 - 1) + size * float(rng.uniform(-0.08, 0.08))
        sparks.disc((sx, -size * (0.92 + 0.055 * k)), 0.013, (255, 214, 104))
    sparks.finish(shade=0)
    canvas.ambient = saved
