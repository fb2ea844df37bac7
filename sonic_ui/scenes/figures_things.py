"""Bells, clocks and machines. Every painter takes the level in [0, 1]: more level, larger and nearer."""

from __future__ import annotations

import numpy as np

from sonic_ui.scenes.backdrops import HORIZON
from sonic_ui.scenes.canvas import Canvas, Colour, Figure, Point, mix, scale

GLASS: Colour = (178, 220, 242)
CREAM: Colour = (244, 236, 206)
BARK: Colour = (120, 80, 50)
SOOT: Colour = (48, 50, 60)


def clock(canvas: Canvas, level: float, x: float) -> None:
    """A round clock with two bold hands: on a post out of doors, on a case with a pendulum indoors."""
    rng = canvas.rng
    size = canvas.sized(level, 0.30, 0.72)
    x = canvas.inside(x, 0.54 * size)
    y = 0.43 - 0.02 * level
    foot = (0.93 - y) / size
    wood: Colour = (142, 88, 52)
    c = canvas.figure((x, y), size)
    if canvas.indoors:
        c.poly([(-0.30, 0.3), (0.30, 0.3), (0.30, foot), (-0.30, foot)], wood)
        c.poly([(-0.20, 0.3), (0.20, 0.3), (0.20, foot - 0.08), (-0.20, foot - 0.08)], (64, 42, 34))
        swing = float(rng.uniform(-0.06, 0.06))
        low = min(foot - 0.22, 1.1)
        c.stroke([(0, 0.4), (swing, low)], 0.05, (240, 200, 110), curved=False)
        c.disc((swing, low), 0.11, (240, 200, 110))
    else:
        c.poly([(-0.07, 0.4), (0.07, 0.4), (0.07, foot), (-0.07, foot)], (62, 66, 80))
        c.poly([(-0.20, foot - 0.07), (0.20, foot - 0.07), (0.24, foot), (-0.24, foot)], (62, 66, 80))
    c.disc((0, 0), 0.54, (112, 62, 40))
    c.disc((0, 0), 0.49, (226, 176, 84))
    c.stand_out()
    saved, canvas.ambient = canvas.ambient, mix(canvas.ambient, (1, 1, 1), 0.6)
    f = canvas.figure((x, y), size)
    f.disc((0, 0), 0.42, (252, 247, 234))
    for k in range(12):
        a = 2 * np.pi * k / 12
        inner, wide = (0.32, 0.05) if k % 3 else (0.28, 0.08)
        f.stroke([_around(inner, a), _around(0.365, a)], wide, (60, 52, 52), curved=False)
    hour = float(rng.choice([1.75, 3.0, 4.0, 7.0, 8.25, 9.0, 10.25, 11.5, 1.5, 2.75]))
    minute = 2 * np.pi * (hour % 1.0) - np.pi / 2
    f.stroke([(0, 0), _around(0.20, 2 * np.pi * hour / 12 - np.pi / 2)], 0.095, (28, 26, 34), curved=False)
    f.stroke([(0, 0), _around(0.33, minute)], 0.07, (28, 26, 34), curved=False)
    f.disc((0, 0), 0.06, (206, 48, 40))
    f.finish(shade=0)
    canvas.ambient = saved


def _around(radius: float, angle: float) -> Point:
    return (radius * float(np.cos(angle)), radius * float(np.sin(angle)))


def church_bell(canvas: Canvas, level: float, x: float) -> None:
    """A swinging golden bell: in the dark arch of its tower with a red roof, or in a timber frame indoors."""
    rng = canvas.rng
    size = canvas.sized(level, 0.24, 0.60)
    w, y = 0.62 * size, 0.30 + 0.32 * size
    x = canvas.inside(x, w + 0.02)
    swing = float(rng.choice([-1, 1])) * float(rng.uniform(0.08, 0.30))
    if canvas.indoors:
        _bell_frame(canvas, (x, y), size)
    else:
        _bell_tower(canvas, (x, y), size)
    _bell(canvas, (x, y), size, swing)


def _bell_frame(canvas: Canvas, at: Point, size: float) -> None:
    """Two posts and a beam of timber."""
    foot = (0.92 - at[1]) / size
    wood: Colour = (134, 86, 54)
    canvas.shadow((at[0], 0.92), 1.3 * size, 0.45)
    frame = canvas.figure(at, size)
    for side in (-0.54, 0.54):
        frame.poly([(side - 0.06, -0.5), (side + 0.06, -0.5), (side + 0.06, foot), (side - 0.06, foot)], wood)
        frame.poly(
            [
                (side - 0.14, foot - 0.07),
                (side + 0.14, foot - 0.07),
                (side + 0.14, foot),
                (side - 0.14, foot),
            ],
            wood,
        )
    frame.poly([(-0.66, -0.58), (0.66, -0.58), (0.66, -0.42), (-0.66, -0.42)], scale(wood, 0.85))
    frame.stand_out(0.3)


def _bell_tower(canvas: Canvas, at: Point, size: float) -> None:
    """A tower of pale stone with a dark arch around the bell."""
    x, y = at
    w = 0.62 * size
    stone: Colour = (206, 192, 172)
    top = y - 0.62 * size
    tower = canvas.figure((x, 0.0), 1.0)
    tower.stroke([(0, top - 0.16), (0, top - 0.28)], 0.018, (70, 56, 50), curved=False)
    tower.stroke([(-0.035, top - 0.235), (0.035, top - 0.235)], 0.018, (70, 56, 50), curved=False)
    tower.poly([(-w - 0.03, top + 0.01), (0, top - 0.18), (w + 0.03, top + 0.01)], (176, 72, 58))
    tower.poly([(-w, top), (w, top), (w, 0.93), (-w, 0.93)], stone)
    half = w * 0.80
    t = np.linspace(np.pi, 2 * np.pi, 20)
    spring = y - 0.12 * size
    arch = [(half * float(np.cos(a)), spring + 0.42 * size * float(np.sin(a))) for a in t]
    tower.poly([(-half, y + 0.56 * size), *arch, (half, y + 0.56 * size)], (58, 52, 66))
    tower.stand_out(0.3)


def _bell(canvas: Canvas, at: Point, size: float, swing: float) -> None:
    gold: Colour = (238, 176, 58)
    b = canvas.figure(at, size, turn=swing)
    b.stroke([(-0.16, -0.42), (0.16, -0.42)], 0.09, (120, 80, 52), curved=False)
    b.disc((-0.05 if swing > 0 else 0.05, 0.42), 0.10, (110, 74, 44))
    outline: list[Point] = [
        (-0.12, -0.38),
        (0.12, -0.38),
        (0.22, -0.22),
        (0.25, 0.06),
        (0.32, 0.24),
        (0.43, 0.37),
        (0.0, 0.40),
        (-0.43, 0.37),
        (-0.32, 0.24),
        (-0.25, 0.06),
        (-0.22, -0.22),
    ]
    b.blob(outline, gold)
    b.stroke([(-0.36, 0.32), (0.0, 0.355), (0.36, 0.32)], 0.05, scale(gold, 0.66))
    b.stroke([(-0.22, 0.02), (0.0, 0.05), (0.22, 0.02)], 0.03, scale(gold, 0.7))
    b.blob([(-0.14, -0.26), (-0.07, -0.28), (-0.09, -0.08), (-0.16, -0.04)], (255, 240, 180))
    b.finish(shade=0.6, outline=0.9)


def helicopter(canvas: Canvas, level: float, x: float) -> None:
    """A helicopter in the sky, seen from its side, under the long blades of its rotor."""
    rng = canvas.rng
    size = canvas.sized(level, 0.29, 0.62)
    coats: list[Colour] = [(222, 52, 44), (246, 176, 40), (48, 122, 200)]
    coat = coats[int(rng.integers(3))]
    y = 0.08 + 0.46 * size + float(rng.uniform(0.0, 0.12))
    flip = bool(rng.random() < 0.5)
    tilt = float(rng.uniform(0.0, 0.12)) * (-1 if flip else 1)
    h = canvas.figure((canvas.inside(x, 0.74 * size), y), size, flip=flip, turn=tilt)
    steel: Colour = (52, 54, 64)
    h.disc((0.06, -0.37), 0.68, (226, 232, 240), 0.55, 0.10)
    h.poly([(-0.16, -0.13), (-0.72, -0.15), (-0.72, -0.07), (-0.16, 0.10)], coat)
    h.poly([(-0.60, -0.10), (-0.76, -0.35), (-0.64, -0.35), (-0.48, -0.10)], scale(coat, 0.72))
    for a, b in (((-0.79, -0.32), (-0.61, -0.06)), ((-0.59, -0.30), (-0.81, -0.08))):
        h.stroke([a, b], 0.04, steel, curved=False)
    h.stroke([(-0.20, 0.34), (0.38, 0.34), (0.47, 0.28)], 0.05, steel)
    for a, b in (((-0.08, 0.14), (-0.12, 0.33)), ((0.22, 0.14), (0.26, 0.33))):
        h.stroke([a, b], 0.04, steel, curved=False)
    h.stroke([(0.06, -0.18), (0.06, -0.38)], 0.07, steel, curved=False)
    _cabin(h, coat)
    h.stroke([(-0.62, -0.34), (-0.2, -0.385), (0.06, -0.395)], 0.05, steel)
    h.stroke([(0.06, -0.395), (0.32, -0.385), (0.74, -0.34)], 0.05, steel)
    h.disc((0.06, -0.39), 0.06, steel)
    h.stand_out()


def _cabin(h: Figure, coat: Colour) -> None:
    body: list[Point] = [
        (-0.26, -0.02),
        (-0.14, -0.21),
        (0.12, -0.26),
        (0.36, -0.14),
        (0.48, 0.06),
        (0.36, 0.18),
        (0.0, 0.21),
        (-0.20, 0.14),
    ]
    h.blob(body, coat)
    h.blob([(0.14, -0.20), (0.28, -0.15), (0.42, 0.03), (0.38, 0.06), (0.14, 0.06), (0.12, -0.08)], GLASS)
    h.poly([(-0.12, -0.15), (0.06, -0.19), (0.06, 0.04), (-0.12, 0.04)], GLASS)
    h.poly([(0.16, -0.16), (0.22, -0.16), (0.28, 0.03), (0.18, 0.03)], (236, 248, 255))
    h.stroke([(-0.20, 0.11), (0.42, 0.11)], 0.045, (250, 244, 232), curved=False)


def chainsaw(canvas: Canvas, level: float, x: float) -> None:
    """An orange chainsaw, seen from its side, its toothed bar sinking into the end of a log."""
    rng = canvas.rng
    size = canvas.sized(level, 0.28, 0.53)
    foot = 0.80 + 0.13 * level
    x = canvas.inside(x, 0.86 * size)
    flip = bool(rng.random() < 0.5)
    way = -1 if flip else 1
    at = (x - way * 0.09 * size, foot - 0.55 * size)
    canvas.shadow((x + way * 0.36 * size, foot), size * 0.9, 0.5)
    log = canvas.figure(at, size, flip=flip)
    log.poly([(0.40, 0.05), (0.62, -0.03), (0.96, 0.10), (0.96, 0.40), (0.62, 0.55), (0.40, 0.55)], BARK)
    log.disc((0.48, 0.28), 0.29, BARK)
    log.disc((0.48, 0.28), 0.235, (240, 206, 150))
    log.disc((0.48, 0.28), 0.155, (206, 156, 98))
    log.disc((0.48, 0.28), 0.115, (240, 206, 150))
    log.disc((0.48, 0.28), 0.045, (206, 156, 98))
    log.stand_out(0.4)
    saw = canvas.figure(at, size, flip=flip, turn=0.10 * way)
    _saw_bar(saw)
    _saw_body(saw)
    saw.stand_out(0.45)
    chips = canvas.figure(at, size, flip=flip)
    for k in range(int(5 + 9 * level)):
        a = 1.9 + 0.36 * (k % 5) + float(rng.uniform(-0.1, 0.1))
        r = 0.16 + 0.11 * (k // 5 + 1) + float(rng.uniform(0, 0.05))
        chips.disc((0.34 + r * np.cos(a) * 1.1, 0.16 + r * np.sin(a)), 0.028, (252, 222, 160))
    chips.finish(shade=0, outline=0.6)


def _saw_bar(saw: Figure) -> None:
    """The bar with its chain: a long rounded blade with teeth all around."""
    chain: Colour = (44, 46, 54)
    saw.poly([(0.0, -0.115), (0.78, -0.115), (0.78, 0.115), (0.0, 0.115)], chain)
    saw.disc((0.78, 0.0), 0.115, chain)
    for k in range(7):
        left = 0.12 + 0.105 * k
        for side in (-1, 1):
            saw.poly([(left, 0.10 * side), (left + 0.07, 0.165 * side), (left + 0.07, 0.10 * side)], chain)
    for a in (-0.9, 0.0, 0.9):
        tip = (0.78 + 0.175 * float(np.cos(a)), 0.175 * float(np.sin(a)))
        root = [(0.78 + 0.10 * float(np.cos(a + d)), 0.10 * float(np.sin(a + d))) for d in (-0.4, 0.4)]
        saw.poly([root[0], tip, root[1]], chain)
    saw.poly([(0.0, -0.07), (0.77, -0.07), (0.77, 0.07), (0.0, 0.07)], (222, 228, 236))
    saw.disc((0.77, 0.0), 0.07, (222, 228, 236))


def _saw_body(saw: Figure) -> None:
    """The motor in its orange case, with a loop to hold behind and a bow to hold above."""
    grip: Colour = (46, 46, 54)
    saw.stroke([(-0.40, -0.10), (-0.66, -0.12), (-0.74, 0.03), (-0.64, 0.17), (-0.40, 0.15)], 0.085, grip)
    saw.stroke([(-0.30, -0.14), (-0.30, -0.36), (-0.06, -0.40), (0.0, -0.14)], 0.075, grip)
    saw.poly([(0.04, -0.10), (0.12, -0.36), (0.20, -0.34), (0.14, -0.10)], grip)
    case: list[Point] = [
        (-0.46, -0.10),
        (-0.38, -0.19),
        (-0.04, -0.20),
        (0.14, -0.14),
        (0.16, 0.14),
        (0.02, 0.21),
        (-0.36, 0.21),
        (-0.46, 0.12),
    ]
    saw.blob(case, (248, 116, 24))
    saw.disc((-0.20, 0.02), 0.135, (60, 58, 66))
    saw.disc((-0.20, 0.02), 0.075, (226, 226, 230))
    saw.poly([(-0.01, -0.10), (0.11, -0.08), (0.11, 0.08), (-0.01, 0.10)], (255, 240, 220))


def car(canvas: Canvas, level: float, x: float) -> None:
    """A car with its lamps on, seen from its side, on a road; the louder, the nearer."""
    rng = canvas.rng
    size = canvas.sized(level, 0.34, 0.84)
    foot = max(0.74 + 0.15 * level, canvas.shore)
    half = 0.05 + 0.05 * level
    road = canvas.figure((0, foot), 1.0)
    road.poly([(0, -half), (1, -half), (1, half), (0, half)], (92, 92, 102))
    low = half * 0.62
    for k in range(4):
        left = 0.06 + 0.26 * k
        road.poly([(left, low), (left + 0.13, low), (left + 0.13, low + 0.016), (left, low + 0.016)], CREAM)
    road.finish(shade=0)
    coats: list[Colour] = [(220, 44, 46), (44, 112, 204), (246, 196, 48)]
    coat = coats[int(rng.integers(3))]
    x = canvas.inside(x, 0.57 * size)
    canvas.shadow((x, foot), size, 0.55)
    flip = bool(rng.random() < 0.5)
    way = -1 if flip else 1
    canvas.glow((x + way * 0.68 * size, foot - 0.14 * size), 0.08 + 0.10 * level, (255, 236, 170), 0.6)
    c = canvas.figure((x, foot - 0.235 * size), size, flip=flip)
    _car_body(c, coat)
    for wx in (-0.32, 0.32):
        c.disc((wx, 0.10), 0.135, (30, 30, 36))
        c.disc((wx, 0.10), 0.07, (216, 218, 226))
        c.disc((wx, 0.10), 0.025, (60, 60, 70))
    c.stand_out()
    canvas.glow((x + way * 0.54 * size, foot - 0.24 * size), 0.03 + 0.05 * level, (255, 244, 200), 0.9)


def _car_body(c: Figure, coat: Colour) -> None:
    roof: list[Point] = [
        (-0.42, -0.04),
        (-0.32, -0.24),
        (-0.22, -0.34),
        (0.02, -0.36),
        (0.14, -0.31),
        (0.30, -0.08),
    ]
    c.blob(roof, coat)
    body: list[Point] = [
        (-0.56, 0.06),
        (-0.55, -0.06),
        (-0.44, -0.12),
        (0.0, -0.13),
        (0.30, -0.12),
        (0.50, -0.06),
        (0.57, 0.04),
        (0.52, 0.13),
        (0.0, 0.14),
        (-0.50, 0.13),
    ]
    c.blob(body, coat)
    c.poly([(-0.33, -0.12), (-0.25, -0.24), (-0.18, -0.29), (-0.07, -0.30), (-0.07, -0.12)], GLASS)
    c.poly([(-0.02, -0.12), (-0.02, -0.30), (0.07, -0.28), (0.20, -0.12)], GLASS)
    c.stroke([(-0.045, -0.12), (-0.045, 0.10)], 0.014, scale(coat, 0.6), curved=False)
    c.stroke([(-0.50, 0.03), (0.50, 0.03)], 0.02, scale(coat, 0.68), curved=False)
    for wx in (-0.32, 0.32):
        c.disc((wx, 0.09), 0.165, scale(coat, 0.5))
    c.disc((0.51, -0.03), 0.045, (255, 246, 196))
    c.poly([(-0.56, -0.06), (-0.50, -0.07), (-0.50, 0.01), (-0.56, 0.01)], (255, 90, 70))


def train(canvas: Canvas, level: float, x: float) -> None:
    """A steam train on rails, seen from its side, with its plume; the louder, the nearer, the more smoke."""
    rng = canvas.rng
    size = canvas.sized(level, 0.30, 0.64)
    foot = HORIZON + 0.20 + 0.16 * level
    _rails(canvas, foot, 0.5 + 0.5 * level)
    flip = bool(rng.random() < 0.5)
    way = -1 if flip else 1
    ahead = 0.0 if canvas.shared else 0.20 - 0.12 * level
    x = canvas.inside(x + way * ahead, 0.70 * size)
    at = (x, foot - 0.21 * size)
    coats: list[Colour] = [(34, 116, 78), (186, 44, 44), (44, 84, 168)]
    coat = coats[int(rng.integers(3))]
    _plume(canvas, (x + way * 0.34 * size, at[1] - 0.56 * size), way, size, level)
    t = canvas.figure(at, size, flip=flip)
    for k in range(3):
        _coach(t, -0.70 - 0.80 * k, coat)
    _engine(t, coat)
    t.stand_out()
    canvas.glow((x + way * 0.53 * size, at[1] - 0.16 * size), 0.03 + 0.05 * level, (255, 240, 190), 0.8)


def _rails(canvas: Canvas, foot: float, near: float) -> None:
    rails = canvas.figure((0, foot), 1.0)
    rails.poly([(0, -0.012), (1, -0.012), (1, 0.06 * near), (0, 0.06 * near)], (150, 138, 126))
    for k in range(11):
        left = k / 10 - 0.02
        rails.poly(
            [(left, 0.0), (left + 0.04, 0.0), (left + 0.05, 0.045 * near), (left - 0.01, 0.045 * near)],
            (96, 72, 56),
        )
    rails.stroke([(-0.1, 0.0), (1.1, 0.0)], 0.012, (70, 72, 82), curved=False)
    rails.finish(shade=0)


def _plume(canvas: Canvas, at: Point, way: int, size: float, level: float) -> None:
    """White puffs that drift back from the chimney."""
    smoke = canvas.figure(at, size, flip=way < 0)
    for k in range(int(4 + 3.9 * level * canvas.room**2), -1, -1):
        wobble = float(canvas.rng.uniform(-0.02, 0.02))
        middle = (-0.02 - 0.19 * k, -0.06 - 0.085 * k**0.8 + wobble)
        smoke.disc(middle, 0.085 + 0.028 * k, mix((250, 250, 252), (206, 208, 218), k / 8))
    smoke.finish(shade=0.35, outline=0.35, halo=0.25)


def _coach(t: Figure, right: float, coat: Colour) -> None:
    left = right - 0.74
    t.stroke([(right, 0.06), (right + 0.10, 0.06)], 0.04, (44, 44, 52), curved=False)
    t.poly([(left, -0.32), (right, -0.32), (right, 0.10), (left, 0.10)], mix(coat, (255, 226, 170), 0.25))
    t.poly([(left - 0.02, -0.37), (right + 0.02, -0.37), (right + 0.02, -0.30), (left - 0.02, -0.30)], SOOT)
    for k in range(3):
        a = left + 0.07 + 0.22 * k
        t.poly([(a, -0.24), (a + 0.15, -0.24), (a + 0.15, -0.07), (a, -0.07)], (255, 232, 160))
    for wx in (0.17, 0.57):
        t.disc((left + wx, 0.11), 0.10, SOOT)
        t.disc((left + wx, 0.11), 0.05, (190, 190, 198))


def _engine(t: Figure, coat: Colour) -> None:
    t.poly([(0.30, -0.26), (0.27, -0.42), (0.22, -0.52), (0.48, -0.52), (0.43, -0.42), (0.40, -0.26)], SOOT)
    t.poly([(-0.24, -0.27), (0.50, -0.27), (0.50, 0.06), (-0.24, 0.06)], coat)
    t.disc((0.06, -0.27), 0.075, (240, 190, 80))
    t.poly([(0.26, -0.30), (0.52, -0.30), (0.52, 0.06), (0.26, 0.06)], SOOT)
    t.poly([(-0.06, -0.27), (-0.02, -0.27), (-0.02, 0.06), (-0.06, 0.06)], (240, 190, 80))
    t.disc((0.52, -0.14), 0.07, (255, 244, 200))
    t.poly([(-0.62, -0.44), (-0.20, -0.44), (-0.20, 0.08), (-0.62, 0.08)], coat)
    t.poly([(-0.68, -0.52), (-0.14, -0.52), (-0.14, -0.43), (-0.68, -0.43)], SOOT)
    t.poly([(-0.54, -0.36), (-0.29, -0.36), (-0.29, -0.17), (-0.54, -0.17)], (255, 232, 160))
    t.poly([(-0.64, 0.02), (0.54, 0.02), (0.54, 0.10), (-0.64, 0.10)], (198, 40, 38))
    t.poly([(0.46, 0.06), (0.54, 0.06), (0.70, 0.20), (0.46, 0.20)], (198, 40, 38))
    for wx, r in ((-0.44, 0.145), (-0.10, 0.145), (0.22, 0.145)):
        t.disc((wx, 0.21 - r), r, SOOT)
        t.disc((wx, 0.21 - r), r * 0.66, (214, 62, 52))
        t.disc((wx, 0.21 - r), r * 0.26, SOOT)
    t.stroke([(-0.44, 0.10), (0.22, 0.10)], 0.04, (226, 228, 234), curved=False)
