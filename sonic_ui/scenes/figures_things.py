"""Bells, clocks and machines. Every painter takes the level in [0, 1]: more level, larger and nearer."""

from __future__ import annotations

import numpy as np

from sonic_ui.scenes.backdrops import HORIZON
from sonic_ui.scenes.canvas import Canvas, Colour, mix, scale


def clock(canvas: Canvas, level: float, x: float) -> None:
    """A round clock: on a post out of doors, on the wall or as a tall case indoors."""
    rng = canvas.rng
    size = 0.17 + 0.48 * level
    y = 0.46 - 0.04 * level
    c = canvas.figure((x, y), size)
    c.poly([(-0.06, 0.4), (0.06, 0.4), (0.07, (0.94 - y) / size), (-0.07, (0.94 - y) / size)], (58, 60, 70))
    c.disc((0, 0), 0.53, (78, 58, 44))
    c.disc((0, 0), 0.47, (204, 160, 84))
    c.finish(shade=0.6)
    saved, canvas.ambient = canvas.ambient, mix(canvas.ambient, (1, 1, 1), 0.6)
    f = canvas.figure((x, y), size)
    f.disc((0, 0), 0.42, (250, 244, 228))
    for k in range(12):
        a = 2 * np.pi * k / 12
        f.stroke(
            [(0.33 * np.cos(a), 0.33 * np.sin(a)), (0.39 * np.cos(a), 0.39 * np.sin(a))],
            0.035 if k % 3 else 0.055,
            (50, 44, 44),
            curved=False,
        )
    hour, minute = rng.uniform(0, 2 * np.pi, 2)
    f.stroke([(0, 0), (0.21 * np.cos(hour), 0.21 * np.sin(hour))], 0.065, (30, 28, 34), curved=False)
    f.stroke([(0, 0), (0.32 * np.cos(minute), 0.32 * np.sin(minute))], 0.045, (30, 28, 34), curved=False)
    f.disc((0, 0), 0.04, (190, 50, 40))
    f.finish(shade=0.1)
    canvas.ambient = saved


def church_bell(canvas: Canvas, level: float, x: float) -> None:
    """A swinging bronze bell under a timber beam, with the church's spire behind it out of doors."""
    rng = canvas.rng
    size = 0.22 + 0.58 * level
    y = 0.40
    gold: Colour = (208, 152, 56)
    tower = canvas.figure((x, 0.0), 1.0)
    w = 0.13 + 0.24 * level
    top = max(0.06, y - size * 0.62)
    stone: Colour = (176, 164, 150)
    tower.poly([(-w, top + 0.02), (0, top - 0.22), (w, top + 0.02)], (120, 62, 54))
    tower.poly([(-w, top), (-w + 0.05, top), (-w + 0.05, 0.90), (-w, 0.90)], stone)
    tower.poly([(w - 0.05, top), (w, top), (w, 0.90), (w - 0.05, 0.90)], stone)
    tower.poly([(-w, y + size * 0.56), (w, y + size * 0.56), (w, 0.90), (-w, 0.90)], stone)
    tower.poly([(-w, top), (w, top), (w, top + 0.045), (-w, top + 0.045)], (104, 74, 52))
    tower.finish(shade=0.3)
    b = canvas.figure((x, y), size, turn=float(rng.uniform(-0.35, 0.35)))
    b.disc((0, -0.44), 0.07, scale(gold, 0.8))
    b.disc((0, 0.42), 0.09, (92, 66, 40))
    b.blob(
        [
            (-0.12, -0.40),
            (0.12, -0.40),
            (0.21, -0.22),
            (0.24, 0.06),
            (0.32, 0.26),
            (0.40, 0.36),
            (0.0, 0.40),
            (-0.40, 0.36),
            (-0.32, 0.26),
            (-0.24, 0.06),
            (-0.21, -0.22),
        ],
        gold,
    )
    b.stroke([(-0.36, 0.33), (0.0, 0.37), (0.36, 0.33)], 0.05, scale(gold, 0.7))
    b.stroke([(-0.24, 0.08), (0.0, 0.11), (0.24, 0.08)], 0.025, scale(gold, 0.72))
    b.blob([(-0.13, -0.28), (-0.06, -0.30), (-0.10, 0.10), (-0.18, 0.22), (-0.17, 0.0)], (252, 226, 150), 0.8)
    b.finish(shade=0.6)


def helicopter(canvas: Canvas, level: float, x: float) -> None:
    """A helicopter in the sky with its rotor a blur."""
    rng = canvas.rng
    size = 0.24 + 0.62 * level
    coats: list[Colour] = [(206, 58, 48), (44, 92, 160), (70, 110, 76)]
    coat = coats[int(rng.integers(3))]
    h = canvas.figure((x, 0.30), size, flip=bool(rng.random() < 0.5), turn=float(rng.uniform(-0.12, 0.12)))
    h.blob([(-0.02, -0.12), (-0.55, -0.16), (-0.60, -0.10), (-0.10, 0.06)], coat)
    h.blob([(-0.62, -0.32), (-0.54, -0.30), (-0.50, -0.08), (-0.60, -0.08)], scale(coat, 0.7))
    h.disc((-0.58, -0.18), 0.11, (225, 230, 236), 0.5)
    h.stroke([(-0.14, 0.26), (0.34, 0.26), (0.42, 0.22)], 0.035, (40, 42, 50))
    h.stroke([(0.0, 0.26), (0.04, 0.12)], 0.03, (40, 42, 50), curved=False)
    h.stroke([(0.22, 0.26), (0.18, 0.12)], 0.03, (40, 42, 50), curved=False)
    h.blob(
        [
            (-0.22, -0.02),
            (-0.10, -0.18),
            (0.14, -0.22),
            (0.34, -0.12),
            (0.42, 0.04),
            (0.30, 0.15),
            (0.0, 0.17),
            (-0.18, 0.10),
        ],
        coat,
    )
    h.blob([(0.14, -0.16), (0.28, -0.12), (0.37, 0.01), (0.20, 0.04), (0.13, -0.02)], (176, 214, 236))
    h.stroke([(-0.14, 0.08), (0.36, 0.08)], 0.03, (244, 236, 220), curved=False)
    h.stroke([(0.06, -0.20), (0.06, -0.32)], 0.05, (50, 52, 60), curved=False)
    h.disc((0.06, -0.33), 0.66, (214, 220, 230), 0.45, 0.075)
    h.stroke([(-0.58, -0.34), (0.70, -0.32)], 0.03, (44, 46, 54), curved=False)
    h.finish(shade=0.5)


def chainsaw(canvas: Canvas, level: float, x: float) -> None:
    """An orange chainsaw biting into a log, chips flying."""
    rng = canvas.rng
    size = 0.26 + 0.52 * level
    foot = 0.74 + 0.18 * level
    canvas.shadow((x, foot), size * 1.1)
    log = canvas.figure((x, foot - 0.14 * size), size, flip=(flip := bool(rng.random() < 0.5)))
    log.poly([(0.18, -0.16), (0.70, -0.16), (0.70, 0.16), (0.18, 0.16)], (118, 82, 54))
    log.disc((0.18, 0.0), 0.10, (222, 184, 130), squash=1.6)
    log.disc((0.18, 0.0), 0.05, (190, 146, 96), squash=1.6)
    log.finish(shade=0.5)
    s = canvas.figure((x, foot - 0.38 * size), size, flip=flip, turn=0.14 if not flip else -0.14)
    s.blob([(0.02, -0.06), (0.62, -0.05), (0.70, 0.01), (0.62, 0.07), (0.02, 0.07)], (204, 210, 218))
    s.stroke([(0.04, -0.07), (0.62, -0.06), (0.71, 0.01), (0.62, 0.08), (0.04, 0.08)], 0.03, (52, 54, 60))
    s.blob(
        [
            (-0.44, -0.08),
            (-0.34, -0.17),
            (-0.04, -0.18),
            (0.08, -0.10),
            (0.08, 0.12),
            (-0.06, 0.17),
            (-0.36, 0.16),
            (-0.46, 0.06),
        ],
        (240, 112, 28),
    )
    s.blob([(-0.32, -0.02), (-0.10, -0.04), (-0.06, 0.08), (-0.30, 0.10)], (62, 60, 66))
    s.stroke([(-0.40, -0.08), (-0.62, -0.12), (-0.64, 0.08), (-0.42, 0.10)], 0.06, (50, 48, 54))
    s.stroke([(-0.22, -0.16), (-0.16, -0.34), (0.06, -0.30), (0.06, -0.10)], 0.055, (50, 48, 54))
    s.finish(shade=0.5)
    chips = canvas.figure((x, foot - 0.22 * size), size, flip=flip)
    for _ in range(int(8 + 34 * level)):
        a, r = float(rng.uniform(-2.9, -1.2)), float(rng.uniform(0.08, 0.55))
        chips.disc((0.16 + r * np.cos(a), r * np.sin(a) * 0.8), 0.018, (240, 208, 150))
    chips.finish(shade=0)


def car(canvas: Canvas, level: float, x: float) -> None:
    """A car with its lamps on, on a road; the louder, the nearer."""
    rng = canvas.rng
    size = 0.22 + 0.62 * level
    foot = 0.72 + 0.18 * level
    road = canvas.figure((0, 0), 1.0)
    y, half = foot, 0.035 + 0.06 * level
    road.poly([(0, y - half), (1, y - half), (1, y + half), (0, y + half)], (86, 86, 94))
    for k in range(6):
        road.poly(
            [
                (0.18 * k, y + half * 0.4),
                (0.18 * k + 0.09, y + half * 0.4),
                (0.18 * k + 0.09, y + half * 0.55),
                (0.18 * k, y + half * 0.55),
            ],
            (236, 226, 190),
        )
    road.finish(shade=0)
    coats: list[Colour] = [(214, 46, 50), (40, 104, 190), (240, 196, 60), (70, 150, 130)]
    coat = coats[int(rng.integers(4))]
    canvas.shadow((x, foot), size)
    flip = bool(rng.random() < 0.5)
    c = canvas.figure((x, foot - 0.18 * size), size, flip=flip)
    c.blob(
        [
            (-0.52, 0.08),
            (-0.50, -0.06),
            (-0.34, -0.10),
            (-0.22, -0.28),
            (0.12, -0.29),
            (0.28, -0.10),
            (0.48, -0.05),
            (0.54, 0.04),
            (0.52, 0.12),
            (-0.50, 0.12),
        ],
        coat,
    )
    c.poly([(-0.24, -0.10), (-0.17, -0.24), (-0.03, -0.24), (-0.03, -0.10)], (180, 214, 232))
    c.poly([(0.0, -0.10), (0.0, -0.24), (0.11, -0.24), (0.22, -0.10)], (180, 214, 232))
    for wx in (-0.30, 0.30):
        c.disc((wx, 0.11), 0.115, (34, 34, 40))
        c.disc((wx, 0.11), 0.055, (190, 194, 202))
    c.finish(shade=0.55)
    lamp = (x + (-0.52 if flip else 0.52) * size, foot - 0.18 * size)
    canvas.glow(lamp, 0.05 + 0.09 * level, (255, 240, 190), 0.8)


def train(canvas: Canvas, level: float, x: float) -> None:
    """A steam train on rails with its plume; the louder, the nearer and the more smoke."""
    rng = canvas.rng
    size = 0.24 + 0.58 * level
    foot = HORIZON + 0.16 + 0.18 * level
    rails = canvas.figure((0, 0), 1.0)
    gauge = 0.012 + 0.014 * level
    for k in range(16):
        rails.poly(
            [
                (k / 15 - 0.015, foot - gauge),
                (k / 15 + 0.015, foot - gauge),
                (k / 15 + 0.02, foot + gauge * 2.2),
                (k / 15 - 0.02, foot + gauge * 2.2),
            ],
            (96, 72, 54),
        )
    rails.stroke([(0, foot), (1, foot)], 0.012, (176, 180, 188), curved=False)
    rails.finish(shade=0.2)
    flip = bool(rng.random() < 0.5)
    t = canvas.figure((x, foot - 0.12 * size), size, flip=flip)
    coats: list[Colour] = [(36, 84, 62), (150, 42, 44), (44, 62, 112)]
    coat = coats[int(rng.integers(3))]
    for k in range(3):
        left = -0.72 - 0.52 * k
        t.poly(
            [(left - 0.44, -0.26), (left, -0.26), (left, 0.06), (left - 0.44, 0.06)],
            mix(coat, (230, 200, 150), 0.25),
        )
        for w in range(3):
            t.poly(
                [
                    (left - 0.40 + 0.14 * w, -0.20),
                    (left - 0.31 + 0.14 * w, -0.20),
                    (left - 0.31 + 0.14 * w, -0.09),
                    (left - 0.40 + 0.14 * w, -0.09),
                ],
                (252, 226, 150),
            )
        for wx in (-0.36, -0.08):
            t.disc((left + wx, 0.08), 0.06, (40, 40, 46))
    t.poly([(-0.68, -0.42), (-0.30, -0.42), (-0.30, 0.06), (-0.68, 0.06)], coat)
    t.poly([(-0.72, -0.46), (-0.26, -0.46), (-0.26, -0.41), (-0.72, -0.41)], scale(coat, 0.6))
    t.poly([(-0.60, -0.36), (-0.38, -0.36), (-0.38, -0.20), (-0.60, -0.20)], (250, 222, 150))
    t.blob(
        [
            (-0.32, -0.24),
            (-0.10, -0.27),
            (0.40, -0.26),
            (0.50, -0.16),
            (0.48, 0.04),
            (0.10, 0.05),
            (-0.32, 0.05),
        ],
        (44, 46, 54),
    )
    t.poly([(0.24, -0.26), (0.21, -0.46), (0.39, -0.46), (0.36, -0.26)], (34, 36, 44))
    t.poly([(-0.32, -0.02), (0.56, -0.02), (0.60, 0.08), (-0.32, 0.08)], (176, 40, 40))
    for wx, r in ((-0.54, 0.12), (-0.18, 0.12), (0.10, 0.12), (0.40, 0.08)):
        t.disc((wx, 0.12 - r * 0.3), r, (30, 30, 36))
        t.disc((wx, 0.12 - r * 0.3), r * 0.55, (186, 60, 52))
    t.finish(shade=0.5)
    way = -1 if flip else 1
    canvas.glow((x + way * 0.50 * size, foot - 0.22 * size), 0.03 + 0.05 * level, (255, 240, 190), 0.8)
    for k in range(9):
        u = k / 8
        puff = canvas.figure(
            (
                x + way * (0.30 * size - (0.10 + 0.5 * level) * u * 0.9),
                foot - 0.62 * size - 0.10 * u - 0.05 * level * u,
            ),
            1.0,
        )
        puff.disc(
            (float(rng.uniform(-0.01, 0.01)), float(rng.uniform(-0.012, 0.012))),
            (0.018 + 0.055 * level) * (0.7 + 1.1 * u),
            mix((238, 238, 242), (190, 192, 200), float(rng.random())),
            0.85 - 0.5 * u,
        )
        puff.finish(shade=0.25)
