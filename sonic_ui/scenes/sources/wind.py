"""Wind."""

import numpy as np

from sonic_ui.scenes.images.canvas import Canvas, Colour, Figure, Point, mix
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels
from sonic_ui.scenes.spec import OUTDOOR_PLACES, SourceSpec

SPEC = SourceSpec(
    class_id=9,
    label="wind",
    places=OUTDOOR_PLACES,
    indoors=False,
    layer="weather",
    z_order=40,
    storm=(0.15, 0.30),
)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """A tree bent to one side, streaming curls of air and flying leaves; the stronger, the more."""
    rng = canvas.rng
    way = 1 if rng.random() < 0.5 else -1
    root = 0.5 - (0.16 + 0.16 * float(rng.random())) * way
    if canvas.shared:
        way = 1 if x > 0.5 else -1
        root = 0.5 + 0.10 * way
    with canvas.lit(mix(canvas.ambient, (1.0, 1.0, 1.0), 0.7)):
        air = canvas.figure((0.5, 0), 1.0, flip=way < 0)
        for k in range(int(2 + 4.9 * level)):
            y = (0.11, 0.64, 0.78, 0.25, 0.38, 0.52)[k] + float(rng.uniform(-0.025, 0.025))
            x0 = -0.54 + 0.24 * ((2 * k) % 3) + float(rng.uniform(-0.05, 0.05))
            _gust(air, (x0, y), 0.48 + 0.10 * level, 0.017 + 0.007 * level)
        air.finish(shade=0, outline=0.55)
    _bent_tree(canvas, (root, 0.90), 0.14 + 0.46 * level, way)
    with canvas.lit(mix(canvas.ambient, (1.0, 1.0, 1.0), 0.7)):
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


def synthesise(synth: Synth, level: float) -> Signal:
    """Gusts: a low roar, and narrow bands that whistle higher as the gust grows. Level: breeze to storm."""
    rng = synth.rng
    gust = synth.wander(rng.uniform(0.3, 0.9)) + 0.35 * synth.wander(3.0)
    depth = rng.uniform(0.2, 0.6) + 0.15 * level
    swing = np.exp(depth * gust)
    low = synth.octave_noise([-5, -5, -5, -5, -11, -19, -26, -32, -38, -52], 4.0)
    air = synth.octave_noise([-40, -30, -16, -5, -2, -6, -12, -18, -26, -40], 3.0)
    sound = low * swing * np.exp(0.15 * synth.wander(10.0))
    sound += decibels(rng.uniform(-16.0, -3.0)) * air * swing**1.6
    whistles = rng.integers(1, 4) if synth.chance(0.45 + 0.3 * level) else 0
    for _ in range(whistles):
        centre = synth.log_uniform(220.0, 900.0) * np.exp(0.16 * gust + 0.05 * synth.wander(2.0))
        phase = (2 * np.pi / synth.sr) * np.cumsum(centre, dtype=np.float64)
        breath = synth.octave_noise([0, -14, -30, -50, -70, -90, -90, -90, -90, -90], 0.0)
        sound += (
            decibels(rng.uniform(-18.0, -5.0) + 5.0 * level)
            * breath
            * np.cos(phase).astype(np.float32)
            * swing**2
        )
    return sound
