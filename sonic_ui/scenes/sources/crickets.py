"""Crickets."""

import numpy as np

from sonic_ui.scenes.images.canvas import DARK, WHITE, Canvas, Colour, Point, mix, scale
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised
from sonic_ui.scenes.spec import SourceSpec

SPEC = SourceSpec(
    class_id=12,
    label="crickets",
    places=("meadow", "forest"),
    indoors=False,
    layer="ground",
    z_order=140,
    night_share=0.7,
)


def paint(canvas: Canvas, level: float, x: float) -> None:
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
    grass = canvas.figure()
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
    with canvas.lit(mix(canvas.ambient, (1, 1, 1), 0.4)):
        c = canvas.figure(at, size, flip=flip)
        c.stroke([(0.38, -0.14), (0.42, -0.36), (0.60, -0.52)], 0.026, dark)
        c.stroke([(0.40, -0.12), (0.52, -0.28), (0.74, -0.34)], 0.026, dark)
        for lx in (0.28, 0.10):
            c.stroke([(lx, 0.06), (lx + 0.10, 0.14), (lx + 0.08, 0.30)], 0.045, dark)
        c.blob("-.56,.06 -.3,-.12 0,-.16 .22,-.16 .28,.06 .1,.13 -.28,.13", green)
        c.blob("-.6,.02 -.28,-.17 .14,-.17 .02,-.03 -.34,.03", (226, 240, 136))
        c.blob(".18,-.1 .26,-.21 .42,-.18 .48,-.02 .4,.1 .24,.09", green)
        c.disc((0.39, -0.08), 0.055, WHITE)
        c.disc((0.40, -0.08), 0.038, DARK)
        c.stroke([(-0.34, -0.42), (-0.50, 0.30), (-0.38, 0.31)], 0.055, dark, curved=False)
        c.blob(".06,.08 -.12,-.24 -.36,-.46 -.36,-.34 -.16,.02 -.02,.12", dark)
        c.blob(".03,.05 -.13,-.21 -.32,-.4 -.15,-.02 -.02,.08", (190, 234, 90))
        c.stand_out(0.4)


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
