"""Animals. Every painter takes the level in [0, 1] and the place x: more level, nearer and larger."""

from __future__ import annotations

from sonic_ui.scenes.canvas import Canvas, Colour, mix, scale


def _near(canvas: Canvas, level: float, small: float, large: float) -> tuple[float, float]:
    """Size and foot line of a thing on the ground: the larger, the nearer."""
    size = small + (large - small) * level
    return size, 0.74 + 0.20 * level + float(canvas.rng.uniform(-0.015, 0.015))


def dog(canvas: Canvas, level: float, x: float) -> None:
    """A barking dog, from far away to right before us."""
    rng = canvas.rng
    size, foot = _near(canvas, level, 0.20, 0.78)
    coats: list[Colour] = [(166, 108, 60), (122, 82, 54), (206, 160, 104), (96, 84, 80)]
    coat = coats[int(rng.integers(4))]
    dark = scale(coat, 0.62)
    canvas.shadow((x, foot), size * 0.9)
    d = canvas.figure((x, foot - 0.47 * size), size, flip=bool(rng.random() < 0.5))
    for lx in (-0.27, 0.17):
        d.poly([(lx - 0.05, 0.0), (lx + 0.06, 0.0), (lx + 0.04, 0.47), (lx - 0.04, 0.47)], dark)
    d.stroke([(-0.36, -0.10), (-0.48, -0.26), (-0.50, -0.44)], 0.07, coat)
    d.blob(
        [
            (-0.42, 0.0),
            (-0.36, -0.19),
            (0.0, -0.18),
            (0.24, -0.26),
            (0.34, -0.08),
            (0.22, 0.12),
            (-0.08, 0.07),
            (-0.34, 0.13),
        ],
        coat,
    )
    for lx in (-0.35, 0.25):
        d.poly([(lx - 0.06, 0.0), (lx + 0.07, 0.0), (lx + 0.05, 0.47), (lx - 0.05, 0.47)], coat)
        d.disc((lx + 0.02, 0.46), 0.06, coat, squash=0.5)
    d.blob(
        [
            (0.14, -0.16),
            (0.22, -0.42),
            (0.36, -0.54),
            (0.50, -0.48),
            (0.70, -0.44),
            (0.71, -0.36),
            (0.52, -0.30),
            (0.44, -0.14),
            (0.28, -0.06),
        ],
        coat,
    )
    d.blob([(0.46, -0.32), (0.62, -0.25), (0.64, -0.20), (0.50, -0.19), (0.42, -0.22)], coat)
    d.blob([(0.50, -0.31), (0.64, -0.35), (0.60, -0.26)], (196, 70, 78))
    d.blob([(0.32, -0.52), (0.20, -0.44), (0.18, -0.26), (0.27, -0.24), (0.36, -0.40)], dark)
    d.disc((0.70, -0.42), 0.035, (24, 20, 22))
    d.disc((0.46, -0.44), 0.025, (20, 16, 18))
    d.stroke([(0.22, -0.10), (0.32, -0.02)], 0.05, (190, 50, 50), curved=False)
    d.finish(shade=0.6)


def rooster(canvas: Canvas, level: float, x: float) -> None:
    """A crowing rooster with its beak open to the sky."""
    size, foot = _near(canvas, level, 0.22, 0.82)
    body, gold, red = (150, 62, 34), (226, 158, 60), (214, 36, 40)
    canvas.shadow((x, foot), size * 0.7)
    r = canvas.figure((x, foot - 0.48 * size), size, flip=bool(canvas.rng.random() < 0.5))
    for k, tone in enumerate(((24, 70, 70), (30, 96, 84), (20, 56, 76), (40, 110, 80))):
        lift = 0.10 * k
        r.blob(
            [
                (-0.14, 0.02),
                (-0.34, -0.22 - lift),
                (-0.52 + 0.03 * k, -0.30 - lift),
                (-0.60 + 0.06 * k, -0.10 - lift),
                (-0.46, -0.12 - lift * 0.6),
                (-0.22, 0.12),
            ],
            tone,
        )
    for lx in (0.0, 0.10):
        r.stroke([(lx, 0.18), (lx + 0.01, 0.46)], 0.035, gold, curved=False)
        r.stroke([(lx - 0.05, 0.47), (lx + 0.09, 0.47)], 0.03, gold, curved=False)
    r.blob(
        [
            (-0.28, -0.02),
            (-0.16, -0.12),
            (0.04, -0.10),
            (0.22, -0.18),
            (0.28, 0.02),
            (0.16, 0.22),
            (-0.04, 0.26),
            (-0.22, 0.16),
        ],
        body,
    )
    r.blob(
        [
            (0.02, 0.06),
            (0.08, -0.28),
            (0.18, -0.50),
            (0.32, -0.50),
            (0.34, -0.30),
            (0.30, 0.04),
            (0.16, 0.14),
        ],
        gold,
    )
    r.blob([(-0.20, 0.0), (-0.02, -0.06), (0.10, 0.06), (-0.04, 0.16), (-0.18, 0.12)], (40, 84, 78))
    r.disc((0.27, -0.50), 0.09, gold)
    r.blob(
        [
            (0.16, -0.52),
            (0.14, -0.64),
            (0.21, -0.60),
            (0.24, -0.70),
            (0.29, -0.61),
            (0.35, -0.66),
            (0.34, -0.54),
        ],
        red,
    )
    r.poly([(0.33, -0.56), (0.48, -0.64), (0.36, -0.50)], (240, 190, 70))
    r.poly([(0.34, -0.50), (0.46, -0.50), (0.34, -0.45)], (226, 170, 60))
    r.blob([(0.30, -0.43), (0.36, -0.42), (0.35, -0.30), (0.30, -0.32)], red)
    r.disc((0.30, -0.53), 0.02, (20, 16, 18))
    r.finish(shade=0.6)


def birds(canvas: Canvas, level: float, x: float) -> None:
    """A singing bird on a branch, with a flock behind; the louder, the larger and the more."""
    rng = canvas.rng
    flock = canvas.figure((0, 0), 1.0)
    tone: Colour = (46, 50, 64)
    for fx, fy in rng.random((int(3 + 14 * level), 2)):
        at = (float(0.06 + 0.88 * fx), float(0.06 + 0.36 * fy))
        w = (0.022 + 0.026 * level) * float(rng.uniform(0.8, 1.3))
        flock.stroke(
            [
                (at[0] - w, at[1] - w * 0.55),
                (at[0] - w * 0.4, at[1] - w * 0.45),
                at,
                (at[0] + w * 0.4, at[1] - w * 0.45),
                (at[0] + w, at[1] - w * 0.55),
            ],
            0.010,
            tone,
        )
    flock.finish(shade=0)
    size = 0.16 + 0.46 * level
    coats: list[Colour] = [(60, 120, 204), (216, 84, 62), (236, 184, 56)]
    coat = coats[int(rng.integers(3))]
    at = (x, 0.42)
    left = x > 0.5
    branch = canvas.figure((0, 0), 1.0)
    y = at[1] + size * 0.30
    ends = (
        [(1.05, y + 0.06), (x, y), (x - 0.16, y - 0.03)]
        if left
        else [(-0.05, y + 0.06), (x, y), (x + 0.16, y - 0.03)]
    )
    branch.stroke(ends, 0.018 + 0.02 * level, (92, 66, 48))
    for k in range(3):
        bx = ends[-1][0] + (0.07 * k if left else -0.07 * k)
        branch.blob(
            [(bx, y - 0.02), (bx - 0.03, y - 0.06), (bx, y - 0.09), (bx + 0.03, y - 0.06)], (96, 150, 70)
        )
    branch.finish(shade=0.4)
    b = canvas.figure(at, size, flip=left)
    b.blob([(-0.20, 0.12), (-0.52, 0.34), (-0.56, 0.40), (-0.44, 0.42), (-0.14, 0.24)], scale(coat, 0.6))
    b.blob(
        [
            (-0.26, 0.10),
            (-0.14, -0.12),
            (0.06, -0.26),
            (0.20, -0.34),
            (0.33, -0.24),
            (0.32, -0.06),
            (0.22, 0.20),
            (0.02, 0.30),
            (-0.18, 0.26),
        ],
        coat,
    )
    b.blob(
        [(0.10, -0.04), (0.28, -0.08), (0.24, 0.14), (0.06, 0.26), (0.0, 0.12)],
        mix(coat, (250, 240, 220), 0.75),
    )
    b.blob([(-0.28, 0.16), (-0.10, -0.06), (0.06, 0.02), (-0.02, 0.18), (-0.24, 0.26)], scale(coat, 0.68))
    b.poly([(0.30, -0.27), (0.47, -0.34), (0.33, -0.20)], (246, 190, 70))
    b.poly([(0.32, -0.20), (0.45, -0.18), (0.31, -0.14)], (226, 160, 60))
    b.disc((0.23, -0.24), 0.028, (16, 14, 18))
    b.finish(shade=0.55)


def crickets(canvas: Canvas, level: float, x: float) -> None:
    """Green crickets in tall grass; the louder, the larger and the more."""
    rng = canvas.rng
    grass = canvas.figure((0, 0), 1.0)
    for gx, gy in rng.random((46, 2)):
        h = float(rng.uniform(0.10, 0.26))
        lean = float(rng.uniform(-0.05, 0.05))
        px = float(gx)
        grass.poly(
            [
                (px - 0.012, 1.02),
                (px + lean * 0.5, 1.0 - h * 0.6),
                (px + lean, 1.0 - h),
                (px + 0.014 + lean * 0.3, 1.0 - h * 0.5),
                (px + 0.012, 1.02),
            ],
            mix((64, 128, 56), (132, 178, 70), float(gy)),
        )
    grass.finish(shade=0.1)
    size = 0.24 + 0.52 * level
    _cricket(canvas, (x, 0.86 - 0.16 * size), size, bool(rng.random() < 0.5))
    for k in range(int(level * 3.2)):
        side = (x + 0.34 * (k + 1) + float(rng.uniform(-0.05, 0.05))) % 1.0
        _cricket(canvas, (side, 0.72 - 0.02 * k), 0.2 + 0.08 * level, bool(rng.random() < 0.5))


def _cricket(canvas: Canvas, at: tuple[float, float], size: float, flip: bool) -> None:
    green: Colour = (126, 200, 62)
    dark: Colour = (58, 116, 40)
    saved, canvas.ambient = canvas.ambient, mix(canvas.ambient, (1, 1, 1), 0.5)
    c = canvas.figure(at, size, flip=flip)
    c.stroke([(0.32, -0.10), (0.44, -0.34), (0.62, -0.42)], 0.018, dark)
    c.stroke([(0.34, -0.08), (0.52, -0.22), (0.70, -0.24)], 0.018, dark)
    for lx in (0.22, 0.06):
        c.stroke([(lx, 0.06), (lx + 0.08, 0.16), (lx + 0.06, 0.28)], 0.032, dark)
    c.blob(
        [
            (-0.50, 0.02),
            (-0.30, -0.12),
            (0.0, -0.16),
            (0.24, -0.16),
            (0.38, -0.10),
            (0.40, 0.0),
            (0.30, 0.10),
            (0.0, 0.12),
            (-0.30, 0.10),
        ],
        green,
    )
    c.blob(
        [(-0.54, -0.02), (-0.26, -0.17), (0.06, -0.16), (-0.08, -0.02), (-0.34, 0.02)],
        mix(green, (240, 250, 180), 0.4),
    )
    c.stroke([(-0.02, 0.06), (-0.26, -0.34), (-0.44, 0.28)], 0.055, dark, curved=False)
    c.stroke([(-0.02, 0.06), (-0.25, -0.32)], 0.09, green, curved=False)
    c.disc((0.34, -0.05), 0.025, (24, 30, 16))
    c.finish(shade=0.5)
    canvas.ambient = saved
