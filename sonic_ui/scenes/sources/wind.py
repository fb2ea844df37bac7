"""Wind."""

import numpy as np

from sonic_ui.scenes.images.canvas import Canvas, Colour, mix, scale
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels
from sonic_ui.scenes.spec import OUTDOOR_PLACES, SourceSpec

SPEC = SourceSpec(
    class_id=9,
    label="wind",
    places=OUTDOOR_PLACES,
    indoors=False,
    layer="weather",
    z_order=140,
    storm=(0.15, 0.30),
)


def paint(canvas: Canvas, level: float, x: float) -> None:
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
    with canvas.lit() as outside:
        air = canvas.figure()
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
            curl = [
                (ex + 0.055, ey - 0.03),
                (ex + 0.045, ey - 0.075),
                (ex, ey - 0.07),
                (ex + 0.005, ey - 0.04),
            ]
            path = [*line, *curl]
            if way < 0:
                path = [(1 - a, b) for a, b in path]
            air.stroke(path, 0.010 + 0.007 * level, (246, 250, 255), 0.85)
        leaves: list[Colour] = [(214, 128, 48), (190, 84, 44), (226, 178, 70), (128, 160, 60)]
        for lx, ly in rng.random((int(3 + 22 * level), 2)):
            c = scale(leaves[int(rng.integers(4))], outside)
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
