"""Animals. Every painter takes the level in [0, 1] and the place x: more level, nearer and larger."""

from __future__ import annotations

from sonic_ui.scenes.canvas import Canvas, Colour, Figure, Point, mix, scale

DARK: Colour = (22, 18, 22)
WHITE: Colour = (252, 248, 240)


def _foot(canvas: Canvas, level: float) -> float:
    """Foot line of a thing on the ground: the larger, the nearer."""
    foot = 0.79 + 0.14 * level + float(canvas.rng.uniform(-0.012, 0.012))
    return max(foot, canvas.shore)


def dog(canvas: Canvas, level: float, x: float) -> None:
    """A barking dog seen from its side, from far away to right before us."""
    rng = canvas.rng
    size = canvas.sized(level, 0.32, 0.71)
    foot = _foot(canvas, level)
    x = canvas.inside(x, 0.66 * size)
    coats: list[Colour] = [(184, 112, 54), (150, 92, 54), (232, 184, 112)]
    coat = coats[int(rng.integers(3))]
    canvas.shadow((x, foot), size * 0.9, 0.5)
    d = canvas.figure((x, foot - 0.50 * size), size, flip=bool(rng.random() < 0.5))
    dark = scale(coat, 0.62)
    d.poly([(-0.30, 0.05), (-0.16, 0.05), (-0.15, 0.49), (-0.25, 0.49)], dark)
    d.poly([(0.20, 0.0), (0.32, 0.0), (0.33, 0.49), (0.23, 0.49)], dark)
    d.stroke([(-0.38, -0.06), (-0.52, -0.20), (-0.53, -0.42)], 0.10, coat)
    _dog_body(d, coat)
    _dog_head(d, coat, dark)
    d.stand_out(0.55)


def _dog_body(d: Figure, coat: Colour) -> None:
    trunk: list[Point] = [
        (-0.45, 0.02),
        (-0.38, -0.15),
        (-0.10, -0.16),
        (0.14, -0.22),
        (0.30, -0.12),
        (0.28, 0.14),
        (0.05, 0.14),
        (-0.20, 0.09),
        (-0.36, 0.18),
    ]
    d.blob(trunk, coat)
    d.blob([(-0.46, 0.0), (-0.28, -0.06), (-0.22, 0.12), (-0.34, 0.30), (-0.46, 0.16)], coat)
    d.poly([(-0.44, 0.10), (-0.30, 0.16), (-0.33, 0.50), (-0.43, 0.50)], coat)
    d.poly([(0.08, 0.02), (0.24, 0.02), (0.20, 0.50), (0.10, 0.50)], coat)
    d.disc((-0.36, 0.48), 0.075, WHITE, squash=0.5)
    d.disc((0.17, 0.48), 0.075, WHITE, squash=0.5)
    d.blob([(0.18, -0.06), (0.32, -0.08), (0.30, 0.12), (0.20, 0.14)], WHITE)


def _dog_head(d: Figure, coat: Colour, dark: Colour) -> None:
    d.blob([(0.02, -0.10), (0.12, -0.34), (0.30, -0.42), (0.40, -0.20), (0.32, -0.02), (0.14, 0.0)], coat)
    d.blob([(0.34, -0.26), (0.48, -0.20), (0.58, -0.12), (0.55, -0.07), (0.38, -0.12), (0.28, -0.18)], coat)
    d.blob([(0.42, -0.22), (0.58, -0.24), (0.56, -0.13), (0.44, -0.17)], (214, 70, 84))
    skull: list[Point] = [
        (0.10, -0.34),
        (0.18, -0.50),
        (0.32, -0.53),
        (0.43, -0.46),
        (0.62, -0.42),
        (0.65, -0.33),
        (0.60, -0.27),
        (0.42, -0.24),
        (0.24, -0.20),
        (0.12, -0.24),
    ]
    d.blob(skull, coat)
    d.blob([(0.46, -0.41), (0.62, -0.41), (0.65, -0.33), (0.60, -0.27), (0.48, -0.26)], WHITE)
    d.disc((0.63, -0.40), 0.052, DARK)
    d.disc((0.40, -0.42), 0.035, DARK)
    d.blob([(0.24, -0.52), (0.12, -0.50), (0.02, -0.32), (0.06, -0.18), (0.17, -0.22), (0.24, -0.38)], dark)
    d.stroke([(0.10, -0.14), (0.22, -0.07), (0.35, -0.10)], 0.07, (206, 44, 48))


def rooster(canvas: Canvas, level: float, x: float) -> None:
    """A crowing rooster seen from its side, its comb red, its beak open to the sky."""
    size = canvas.sized(level, 0.32, 0.76)
    foot = _foot(canvas, level)
    x = canvas.inside(x, 0.56 * size)
    canvas.shadow((x, foot), size * 0.7, 0.5)
    r = canvas.figure((x, foot - 0.49 * size), size, flip=bool(canvas.rng.random() < 0.5))
    _tail(r)
    yellow: Colour = (246, 186, 56)
    for lx in (-0.06, 0.10):
        r.stroke([(lx, 0.18), (lx + 0.01, 0.46)], 0.05, yellow, curved=False)
        r.stroke([(lx - 0.07, 0.47), (lx + 0.11, 0.47)], 0.045, yellow, curved=False)
    body: list[Point] = [
        (-0.32, -0.06),
        (-0.16, -0.10),
        (0.04, -0.10),
        (0.24, -0.18),
        (0.33, 0.02),
        (0.20, 0.23),
        (-0.04, 0.29),
        (-0.24, 0.18),
    ]
    r.blob(body, (166, 62, 30))
    r.blob([(-0.24, 0.0), (-0.04, -0.06), (0.10, 0.05), (-0.02, 0.18), (-0.20, 0.14)], (34, 96, 84))
    _rooster_head(r)
    r.stand_out(0.5)


def _tail(r: Figure) -> None:
    """Four sickle feathers, the nearest last."""
    tones: tuple[Colour, ...] = ((20, 84, 92), (34, 132, 104), (24, 84, 120), (48, 148, 108))
    for (tip_x, tip_y), tone in zip(
        ((-0.30, -0.50), (-0.47, -0.44), (-0.56, -0.26), (-0.53, -0.04)), tones, strict=True
    ):
        r.blob(
            [
                (-0.10, 0.06),
                (-0.20 + 0.12 * tip_x, tip_y * 0.75 - 0.08),
                (tip_x, tip_y - 0.06),
                (tip_x - 0.05, tip_y + 0.10),
                (tip_x * 0.72, tip_y * 0.5 + 0.05),
                (-0.22, 0.14),
            ],
            tone,
        )


def _rooster_head(r: Figure) -> None:
    gold: Colour = (244, 176, 60)
    red: Colour = (224, 30, 36)
    comb: list[Point] = [
        (0.14, -0.50),
        (0.11, -0.64),
        (0.19, -0.61),
        (0.24, -0.71),
        (0.30, -0.62),
        (0.38, -0.67),
        (0.36, -0.52),
    ]
    r.blob(comb, red)
    neck: list[Point] = [
        (0.0, 0.06),
        (0.08, -0.28),
        (0.15, -0.50),
        (0.27, -0.58),
        (0.37, -0.50),
        (0.37, -0.28),
        (0.36, 0.0),
        (0.18, 0.12),
    ]
    r.blob(neck, gold)
    r.poly([(0.34, -0.55), (0.54, -0.62), (0.38, -0.47)], (255, 214, 96))
    r.poly([(0.35, -0.47), (0.51, -0.44), (0.35, -0.40)], (236, 160, 50))
    r.blob([(0.31, -0.41), (0.40, -0.40), (0.40, -0.24), (0.32, -0.26)], red)
    r.disc((0.28, -0.50), 0.034, DARK)


def birds(canvas: Canvas, level: float, x: float) -> None:
    """A pair of singing birds on a branch, and a flock behind; the louder, the larger and the more."""
    rng = canvas.rng
    flock = canvas.figure((0, 0), 1.0)
    wing = 0.040 + 0.014 * level
    for k in range(int(2 + 4.9 * level)):
        fx = (0.14 + 0.31 * k + float(rng.uniform(-0.05, 0.05))) % 0.92 + 0.04
        fy = 0.08 + 0.05 * (k % 3) + float(rng.uniform(-0.02, 0.02))
        flock.stroke(
            [(fx - wing, fy - wing * 0.5), (fx - wing * 0.45, fy - wing * 0.42), (fx, fy)], 0.014, NAVY
        )
        flock.stroke(
            [(fx, fy), (fx + wing * 0.45, fy - wing * 0.42), (fx + wing, fy - wing * 0.5)], 0.014, NAVY
        )
    flock.finish(shade=0, halo=0.3)
    size = canvas.sized(level, 0.30, 0.60)
    left = x > 0.5
    x = min(max(1 - x if left else x, 0.03 + 0.57 * size), 0.97 - 0.97 * size)
    x = 1 - x if left else x
    way = -1.0 if left else 1.0
    at = (x, (0.22 if canvas.shared else 0.34) + 0.10 * level)
    coats: list[Colour] = [(52, 128, 222), (228, 72, 52), (250, 192, 44)]
    first = int(rng.integers(3))
    _branch(canvas, at[1] + size * 0.33, size, left, x + 1.05 * way * size if canvas.shared else None)
    mate = (x + way * 0.70 * size, at[1] + 0.16 * size)
    _bird(canvas, mate, size * 0.52, coats[(first + 1) % 3], not left)
    _bird(canvas, at, size, coats[first], left)


NAVY: Colour = (40, 44, 66)


def _branch(canvas: Canvas, y: float, size: float, left: bool, end: float | None) -> None:
    """A branch across the picture, or from the side up to `end`."""
    branch = canvas.figure((0, 0), 1.0)
    ends: list[Point] = [(-0.06, y + 0.05), (0.30, y + 0.01), (0.70, y), (1.06, y - 0.03)]
    if end is not None:
        stop = 1 - end if left else end
        ends = [(-0.06, y + 0.05), (stop * 0.5, y + 0.01), (stop, y - 0.01)]
    if left:
        ends = [(1 - a, b) for a, b in ends]
    branch.stroke(ends, 0.026 + 0.05 * size, (112, 76, 50))
    r = 0.05 + 0.06 * size
    leaves = ((0.08, 0.04, -1), (0.93, -0.02, 1), (0.90, -0.02, -1))
    for a, b, up in leaves[: 3 if end is None else 1]:
        at = 1 - a if left else a
        leaf: list[Point] = [(at, y + b), (at - r * 0.7, y + b + up * r), (at, y + b + up * 1.9 * r)]
        branch.blob([*leaf, (at + r * 0.7, y + b + up * r)], (104, 172, 70))
    branch.finish(shade=0.4, outline=0.8)


def _bird(canvas: Canvas, at: Point, size: float, coat: Colour, flip: bool) -> None:
    b = canvas.figure(at, size, flip=flip)
    b.blob([(-0.20, 0.08), (-0.50, 0.30), (-0.58, 0.44), (-0.42, 0.42), (-0.14, 0.24)], scale(coat, 0.66))
    for lx in (-0.02, 0.10):
        b.stroke([(lx, 0.24), (lx + 0.02, 0.35)], 0.045, (90, 62, 46), curved=False)
    body: list[Point] = [
        (-0.30, 0.10),
        (-0.16, -0.10),
        (0.02, -0.24),
        (0.10, -0.38),
        (0.26, -0.42),
        (0.38, -0.30),
        (0.36, -0.08),
        (0.24, 0.18),
        (0.04, 0.30),
        (-0.18, 0.27),
    ]
    b.blob(body, coat)
    b.blob([(0.14, -0.08), (0.33, -0.12), (0.26, 0.12), (0.06, 0.27), (0.02, 0.12)], WHITE)
    b.blob([(-0.34, 0.20), (-0.16, -0.06), (0.06, -0.02), (0.02, 0.16), (-0.18, 0.26)], scale(coat, 0.66))
    b.poly([(0.34, -0.37), (0.56, -0.42), (0.37, -0.27)], (255, 176, 48))
    b.poly([(0.35, -0.28), (0.52, -0.25), (0.33, -0.20)], (232, 140, 40))
    b.disc((0.25, -0.29), 0.055, WHITE)
    b.disc((0.26, -0.29), 0.038, DARK)
    b.stand_out(0.5)


def crickets(canvas: Canvas, level: float, x: float) -> None:
    """Green crickets among broad blades of grass; the louder, the larger and the more."""
    rng = canvas.rng
    size = canvas.sized(level, 0.40, 0.74)
    x = canvas.inside(x, 0.68 * size)
    flip = bool(rng.random() < 0.5)
    foot = 0.84 + 0.06 * level
    _blades(canvas, foot, 0.26 + 0.06 * level, (44, 96, 50))
    mate = min(0.6 * size, 1.6 * (0.63 - size))
    if mate > 0.1 and not canvas.shared:
        side = x + 0.9 * size if x < 0.5 else x - 0.9 * size
        _cricket(canvas, (side, foot - 0.14 - 0.27 * mate), mate, not flip)
    _cricket(canvas, (x, foot - 0.30 * size), size, flip)
    _blades(canvas, 1.04, 0.13, (96, 158, 62))


def _blades(canvas: Canvas, foot: float, height: float, colour: Colour) -> None:
    """A row of broad blades of grass."""
    grass = canvas.figure((0, 0), 1.0)
    for k in range(9):
        x = 0.03 + 0.118 * k + float(canvas.rng.uniform(-0.02, 0.02))
        h = height * float(canvas.rng.uniform(0.75, 1.15))
        lean = 0.05 * (1 if k % 2 else -1)
        grass.blob(
            [
                (x - 0.035, foot + 0.05),
                (x - 0.02 + lean * 0.3, foot - h * 0.55),
                (x + lean, foot - h),
                (x + 0.022 + lean * 0.3, foot - h * 0.5),
                (x + 0.035, foot + 0.05),
            ],
            scale(colour, 1.0 if k % 2 else 1.14),
        )
    grass.finish(shade=0.15)


def _cricket(canvas: Canvas, at: Point, size: float, flip: bool) -> None:
    green: Colour = (166, 222, 62)
    dark: Colour = (70, 124, 36)
    saved, canvas.ambient = canvas.ambient, mix(canvas.ambient, (1, 1, 1), 0.4)
    c = canvas.figure(at, size, flip=flip)
    c.stroke([(0.38, -0.14), (0.42, -0.36), (0.60, -0.52)], 0.026, dark)
    c.stroke([(0.40, -0.12), (0.52, -0.28), (0.74, -0.34)], 0.026, dark)
    for lx in (0.28, 0.10):
        c.stroke([(lx, 0.06), (lx + 0.10, 0.14), (lx + 0.08, 0.30)], 0.045, dark)
    body: list[Point] = [
        (-0.56, 0.06),
        (-0.30, -0.12),
        (0.0, -0.16),
        (0.22, -0.16),
        (0.28, 0.06),
        (0.10, 0.13),
        (-0.28, 0.13),
    ]
    c.blob(body, green)
    c.blob([(-0.60, 0.02), (-0.28, -0.17), (0.14, -0.17), (0.02, -0.03), (-0.34, 0.03)], (226, 240, 136))
    c.blob([(0.18, -0.10), (0.26, -0.21), (0.42, -0.18), (0.48, -0.02), (0.40, 0.10), (0.24, 0.09)], green)
    c.disc((0.39, -0.08), 0.055, WHITE)
    c.disc((0.40, -0.08), 0.038, DARK)
    c.stroke([(-0.34, -0.42), (-0.50, 0.30), (-0.38, 0.31)], 0.055, dark, curved=False)
    c.blob([(0.06, 0.08), (-0.12, -0.24), (-0.36, -0.46), (-0.36, -0.34), (-0.16, 0.02), (-0.02, 0.12)], dark)
    c.blob([(0.03, 0.05), (-0.13, -0.21), (-0.32, -0.40), (-0.15, -0.02), (-0.02, 0.08)], (190, 234, 90))
    c.stand_out(0.4)
    canvas.ambient = saved
