"""Crickets."""

import numpy as np

from sonic_ui.scenes.images.canvas import Canvas, Colour, mix
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised
from sonic_ui.scenes.spec import SourceSpec

SPEC = SourceSpec(
    class_id=12,
    label="crickets",
    places=("meadow", "forest"),
    indoors=False,
    layer="ground",
    z_order=130,
    night_share=0.7,
)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """Green crickets in tall grass; the louder, the larger and the more."""
    rng = canvas.rng
    grass = canvas.figure()
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
    with canvas.lit(mix(canvas.ambient, (1, 1, 1), 0.5)):
        c = canvas.figure(at, size, flip=flip)
        c.stroke([(0.32, -0.10), (0.44, -0.34), (0.62, -0.42)], 0.018, dark)
        c.stroke([(0.34, -0.08), (0.52, -0.22), (0.70, -0.24)], 0.018, dark)
        for lx in (0.22, 0.06):
            c.stroke([(lx, 0.06), (lx + 0.08, 0.16), (lx + 0.06, 0.28)], 0.032, dark)
        c.blob("-.5,.02 -.3,-.12 0,-.16 .24,-.16 .38,-.1 .4,0 .3,.1 0,.12 -.3,.1", green)
        c.blob("-.54,-.02 -.26,-.17 .06,-.16 -.08,-.02 -.34,.02", mix(green, (240, 250, 180), 0.4))
        c.stroke([(-0.02, 0.06), (-0.26, -0.34), (-0.44, 0.28)], 0.055, dark, curved=False)
        c.stroke([(-0.02, 0.06), (-0.25, -0.32)], 0.09, green, curved=False)
        c.disc((0.34, -0.05), 0.025, (24, 30, 16))
        c.finish(shade=0.5)


def synthesise(synth: Synth, level: float) -> Signal:
    """Pulsed carriers between 3 and 8 kHz. Level: one cricket to a summer night full of them."""
    rng = synth.rng
    sound = _chirper(synth, level)
    for _ in range(rng.integers(0, 2 + round(2 * level))):
        sound += decibels(rng.uniform(-18, -4)) * _chirper(synth, level)
    if synth.chance(0.3 + 0.4 * level):  # the far chorus
        centre = synth.log_uniform(3800.0, 6500.0)
        sound += decibels(rng.uniform(-24, -8)) * synth.band_noise(0.9 * centre, 1.15 * centre)
    return sound


def _chirper(synth: Synth, busy: float) -> Signal:
    """One insect: a carrier (tone or narrow noise) gated in pulses, pulses grouped in chirps. Unit RMS."""
    rng = synth.rng
    carrier_hz = synth.log_uniform(3200.0, 8000.0)
    t = synth.times
    if synth.chance(0.55):
        hz = carrier_hz * (1.0 + 0.006 * synth.wander(20.0))
        carrier = synth.harmonic_tone(hz, np.array([1.0, rng.uniform(0.02, 0.3), 0.05]))
    else:  # a cicada's broad band
        carrier = synth.band_noise(carrier_hz * rng.uniform(0.7, 0.95), carrier_hz * rng.uniform(1.1, 2.0))
    pulse = np.sin(np.pi * t * np.float32(synth.log_uniform(18.0, 70.0)) + rng.uniform(0, 3)) ** 2
    gate = pulse ** rng.uniform(0.5, 2.0) * np.float32(rng.uniform(0.4, 1.0)) + np.float32(0.02)
    if synth.chance(0.7):  # chirps with pauses; else one unbroken trill
        rate = synth.log_uniform(0.8, 7.0) * (0.7 + 0.6 * busy)
        duty = rng.uniform(0.3, 0.75)
        cycle = (t * np.float32(rate) + rng.random() + 0.03 * synth.wander(1.0)) % 1.0
        window = np.clip(np.minimum(cycle, duty - cycle) * 12.0, 0.0, 1.0)
        gate = gate * (window + decibels(rng.uniform(-50, -24)))
    return normalised(carrier * gate)
