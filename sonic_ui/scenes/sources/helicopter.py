"""A helicopter."""

import numpy as np

from sonic_ui.scenes.images.canvas import Canvas, Colour, scale
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised, resonances
from sonic_ui.scenes.spec import OUTDOOR_PLACES, SourceSpec

SPEC = SourceSpec(
    class_id=6, label="a helicopter", places=OUTDOOR_PLACES, indoors=False, layer="sky", z_order=30
)


def paint(canvas: Canvas, level: float, x: float) -> None:
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
    h.blob("-.22,-.02 -.1,-.18 .14,-.22 .34,-.12 .42,.04 .3,.15 0,.17 -.18,.1", coat)
    h.blob(".14,-.16 .28,-.12 .37,.01 .2,.04 .13,-.02", (176, 214, 236))
    h.stroke([(-0.14, 0.08), (0.36, 0.08)], 0.03, (244, 236, 220), curved=False)
    h.stroke([(0.06, -0.20), (0.06, -0.32)], 0.05, (50, 52, 60), curved=False)
    h.disc((0.06, -0.33), 0.66, (214, 220, 230), 0.45, 0.075)
    h.stroke([(-0.58, -0.34), (0.70, -0.32)], 0.03, (44, 46, 54), curved=False)
    h.finish(shade=0.5)


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
