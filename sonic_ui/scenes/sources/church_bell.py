"""A church bell."""

import numpy as np

from sonic_ui.scenes.images.canvas import Canvas, Colour, Point, scale
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised
from sonic_ui.scenes.spec import SourceSpec

SPEC = SourceSpec(
    class_id=13,
    label="a church bell",
    places=("town", "meadow", "mountains"),
    indoors=True,
    layer="ground",
    z_order=80,
)


def paint(canvas: Canvas, level: float, x: float) -> None:
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
    _paint_bell(canvas, (x, y), size, swing)


def _bell_frame(canvas: Canvas, at: Point, size: float) -> None:
    """Two posts and a beam of timber."""
    foot = (0.92 - at[1]) / size
    wood: Colour = (134, 86, 54)
    canvas.shadow((at[0], 0.92), 1.3 * size, 0.45)
    frame = canvas.figure(at, size)
    for side in (-0.54, 0.54):
        frame.rect(side - 0.06, -0.5, side + 0.06, foot, wood)
        frame.rect(side - 0.14, foot - 0.07, side + 0.14, foot, wood)
    frame.rect(-0.66, -0.58, 0.66, -0.42, scale(wood, 0.85))
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
    tower.rect(-w, top, w, 0.93, stone)
    half = w * 0.80
    t = np.linspace(np.pi, 2 * np.pi, 20)
    spring = y - 0.12 * size
    arch = [(half * float(np.cos(a)), spring + 0.42 * size * float(np.sin(a))) for a in t]
    tower.poly([(-half, y + 0.56 * size), *arch, (half, y + 0.56 * size)], (58, 52, 66))
    tower.stand_out(0.3)


def _paint_bell(canvas: Canvas, at: Point, size: float, swing: float) -> None:
    gold: Colour = (238, 176, 58)
    b = canvas.figure(at, size, turn=swing)
    b.stroke([(-0.16, -0.42), (0.16, -0.42)], 0.09, (120, 80, 52), curved=False)
    b.disc((-0.05 if swing > 0 else 0.05, 0.42), 0.10, (110, 74, 44))
    b.blob(
        "-.12,-.38 .12,-.38 .22,-.22 .25,.06 .32,.24 .43,.37 0,.4 -.43,.37 -.32,.24 -.25,.06 -.22,-.22", gold
    )
    b.stroke([(-0.36, 0.32), (0.0, 0.355), (0.36, 0.32)], 0.05, scale(gold, 0.66))
    b.stroke([(-0.22, 0.02), (0.0, 0.05), (0.22, 0.02)], 0.03, scale(gold, 0.7))
    b.blob([(-0.14, -0.26), (-0.07, -0.28), (-0.09, -0.08), (-0.16, -0.04)], (255, 240, 180))
    b.finish(shade=0.6, outline=0.9)


BELL_PARTIALS = np.array([0.5, 1.0, 1.19, 1.5, 2.0, 2.51, 2.66, 3.01, 4.1, 5.43, 6.8, 8.2, 10.9, 14.0])
"""Hum, prime, tierce, quint, nominal and above, over the prime (Rossing, Percussion Instruments)."""

BELL_LEVELS = np.array([0.5, 0.8, 1.0, 0.4, 1.0, 0.5, 0.45, 0.6, 0.4, 0.35, 0.3, 0.25, 0.2, 0.15])
"""How loud each partial is struck."""


def synthesise(synth: Synth, level: float) -> Signal:
    """One bell tolling or several pealing: inharmonic, long partials. Level: a far toll to a peal."""
    rng = synth.rng
    sound = synth.silence
    base = synth.log_uniform(220.0, 700.0)
    bells = 1 + round(rng.uniform(0.0, 1.0) + 1.3 * level)
    soft = rng.uniform(-0.5, 0.5)
    for bell in range(bells):
        gap = rng.uniform(0.55, 2.4) * (1.25 - 0.5 * level)
        pitch = base * 2.0 ** (rng.choice([0, 2, 4, 5, 7, 9, 12]) / 12.0 if bell else 0.0)
        stroke = _bell(synth, pitch, soft) * np.float32(rng.uniform(0.5, 1.0))
        when = (
            np.arange(-1.5, synth.duration_s + gap, gap) + rng.random() * gap
        )  # some before the recording began
        for start in ((when + rng.normal(0.0, 0.02, when.size)) * synth.sr).astype(np.intp):
            rest = stroke[max(0, -start) : max(0, synth.n - start)]
            sound[max(0, start) : max(0, start) + rest.size] += np.float32(rng.uniform(0.7, 1.0)) * rest
    air = synth.octave_noise([-8, -6, -5, -6, -8, -11, -14, -17, -22, -34], 4.0)
    return normalised(sound) + decibels(rng.uniform(-55.0, -22.0)) * air


def _bell(synth: Synth, prime_hz: float, soft: float) -> Signal:
    """One stroke of a bell [n]: damped partials, the high ones softer (by `soft`) and shorter."""
    rng = synth.rng
    t = synth.times
    partials = BELL_PARTIALS * np.exp(rng.normal(0.0, 0.008, BELL_PARTIALS.size))
    loud = BELL_LEVELS * np.exp(rng.normal(0.0, 0.35, partials.size)) * partials**-soft
    ring_s = rng.uniform(0.7, 2.6) * partials ** -rng.uniform(0.5, 0.9)
    phases = rng.uniform(0.0, 2 * np.pi, partials.size)
    sound = synth.silence
    for f, amplitude, decay, phase in zip(prime_hz * partials, loud, ring_s, phases, strict=True):
        if f < 0.45 * synth.sr:
            ringing = t[: int(7.0 * decay * synth.sr)]
            tone = np.sin(np.float32(2 * np.pi * f) * ringing + np.float32(phase))
            sound[: ringing.size] += np.float32(amplitude) * tone * np.exp(ringing * np.float32(-1.0 / decay))
    return sound
