"""A church bell."""

import numpy as np

from sonic_ui.scenes.images.canvas import Canvas, Colour, scale
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised
from sonic_ui.scenes.spec import SourceSpec

SPEC = SourceSpec(
    class_id=13,
    label="a church bell",
    places=("town", "meadow", "mountains"),
    indoors=True,
    layer="ground",
    z_order=70,
)


def paint(canvas: Canvas, level: float, x: float) -> None:
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
    tower.rect(-w, top, -w + 0.05, 0.90, stone)
    tower.rect(w - 0.05, top, w, 0.90, stone)
    tower.rect(-w, y + size * 0.56, w, 0.90, stone)
    tower.rect(-w, top, w, top + 0.045, (104, 74, 52))
    tower.finish(shade=0.3)
    b = canvas.figure((x, y), size, turn=float(rng.uniform(-0.35, 0.35)))
    b.disc((0, -0.44), 0.07, scale(gold, 0.8))
    b.disc((0, 0.42), 0.09, (92, 66, 40))
    b.blob("-.12,-.4 .12,-.4 .21,-.22 .24,.06 .32,.26 .4,.36 0,.4 -.4,.36 -.32,.26 -.24,.06 -.21,-.22", gold)
    b.stroke([(-0.36, 0.33), (0.0, 0.37), (0.36, 0.33)], 0.05, scale(gold, 0.7))
    b.stroke([(-0.24, 0.08), (0.0, 0.11), (0.24, 0.08)], 0.025, scale(gold, 0.72))
    b.blob("-.13,-.28 -.06,-.3 -.1,.1 -.18,.22 -.17,0", (252, 226, 150), 0.8)
    b.finish(shade=0.6)


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
