"""A helicopter."""

import numpy as np

from sonic_ui.scenes.images.canvas import GLASS, Canvas, Colour, Figure, scale
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised, resonances
from sonic_ui.scenes.spec import OUTDOOR_PLACES, SourceSpec

SPEC = SourceSpec(
    class_id=6, label="a helicopter", places=OUTDOOR_PLACES, indoors=False, layer="sky", z_order=150
)


def paint(canvas: Canvas, level: float, x: float) -> None:
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
    h.blob("-.26,-.02 -.14,-.21 .12,-.26 .36,-.14 .48,.06 .36,.18 0,.21 -.2,.14", coat)
    h.blob(".14,-.2 .28,-.15 .42,.03 .38,.06 .14,.06 .12,-.08", GLASS)
    h.poly([(-0.12, -0.15), (0.06, -0.19), (0.06, 0.04), (-0.12, 0.04)], GLASS)
    h.poly([(0.16, -0.16), (0.22, -0.16), (0.28, 0.03), (0.18, 0.03)], (236, 248, 255))
    h.stroke([(-0.20, 0.11), (0.42, 0.11)], 0.045, (250, 244, 232), curved=False)


def synthesise(synth: Synth, level: float) -> Signal:
    """Blade slaps 9 to 26 times a second over a broad roar, a turbine. Level: far hover to overhead."""
    rng = synth.rng
    near, doppler = synth.passing()
    steady = rng.uniform(0.0, 0.9)
    gain = steady + (1.0 - steady) * near
    rate = synth.log_uniform(9.0, 26.0) * (1.0 + 0.3 * (doppler - 1.0))
    turn = np.cumsum(rate, dtype=np.float64) / synth.sr + rng.random()
    cycle = (turn % 1.0).astype(np.float32)
    sharp = rng.uniform(0.05, 0.22)
    slap = np.exp(-0.5 * ((cycle - 0.5) / sharp) ** 2)
    uneven = 1.0 + 0.25 * rng.random() * np.cos(np.pi * np.floor(turn)).astype(np.float32)
    depth = rng.uniform(0.25, 0.85)
    swing = (1.0 - depth) + depth * slap * uneven * 1.6
    far = rng.uniform(0.0, 16.0) * (1.3 - level)
    slope = -far * np.maximum(0.0, np.arange(10.0) - 4.0) / 4.0
    roar = synth.octave_noise(np.array([-14, -8, -2, 0, -3, -7, -9, -12, -19, -36.0]) + slope, 2.5)
    slow = synth.wander(1.5)
    hiss = synth.octave_noise(np.array([-50, -40, -28, -16, -8, -5, -5, -6, -10, -24.0]) + slope, 3.0)
    sound = (roar * swing + decibels(rng.uniform(-20.0, -7.0)) * hiss) * np.exp(
        rng.uniform(0.08, 0.25) * slow
    )
    harmonics = np.arange(1, 60)
    thump = resonances(
        float(np.mean(rate)) * harmonics,
        [(synth.log_uniform(60, 200), 60.0, 0.0), (300.0, 150.0, -9.0)],
        -40.0,
    )
    sound += decibels(rng.uniform(-9.0, 3.0)) * normalised(synth.harmonic_tone(rate, thump))
    if synth.chance(0.5):
        whine_hz = synth.log_uniform(500.0, 4500.0) * doppler
        whine = synth.harmonic_tone(whine_hz, np.array([1.0, 0.3, 0.1]))
        sound += decibels(rng.uniform(-30.0, -14.0)) * whine
    return sound * gain
