"""Birds."""

import numpy as np

from sonic_ui.scenes.images.canvas import Canvas, Colour, mix, scale
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised, peaked
from sonic_ui.scenes.spec import OUTDOOR_PLACES, SourceSpec

SPEC = SourceSpec(class_id=11, label="birds", places=OUTDOOR_PLACES, indoors=False, layer="sky", z_order=40)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """A singing bird on a branch, with a flock behind; the louder, the larger and the more."""
    rng = canvas.rng
    flock = canvas.figure()
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
    branch = canvas.figure()
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
    b.blob("-.2,.12 -.52,.34 -.56,.4 -.44,.42 -.14,.24", scale(coat, 0.6))
    b.blob("-.26,.1 -.14,-.12 .06,-.26 .2,-.34 .33,-.24 .32,-.06 .22,.2 .02,.3 -.18,.26", coat)
    b.blob(".1,-.04 .28,-.08 .24,.14 .06,.26 0,.12", mix(coat, (250, 240, 220), 0.75))
    b.blob("-.28,.16 -.1,-.06 .06,.02 -.02,.18 -.24,.26", scale(coat, 0.68))
    b.poly([(0.30, -0.27), (0.47, -0.34), (0.33, -0.20)], (246, 190, 70))
    b.poly([(0.32, -0.20), (0.45, -0.18), (0.31, -0.14)], (226, 160, 60))
    b.disc((0.23, -0.24), 0.028, (16, 14, 18))
    b.finish(shade=0.55)


def synthesise(synth: Synth, level: float) -> Signal:
    """Chirps, trills and whistles of one to several birds. Level: a lone bird to a dawn chorus."""
    rng = synth.rng
    sound = _song(synth, level)
    for _ in range(round(rng.uniform(0.0, 1.0) + 2.5 * level)):
        sound += decibels(rng.uniform(-22, -3)) * _song(synth, level)
    if synth.chance(0.12):  # a dove
        t = synth.lasting(0.9).times
        hz = synth.log_uniform(380.0, 560.0) * (1.0 + 0.04 * np.sin(np.pi * t / 0.9)).astype(np.float32)
        coo = (
            synth.harmonic_tone(hz, np.array([1.0, 0.12, 0.04]))
            * np.maximum(np.sin(np.pi * t / 0.9), 0) ** 0.7
        )
        sound += synth.scatter(rng.integers(0, synth.n, 2), np.stack([coo, coo]) * 0.3)
    leaves = synth.octave_noise([-8, -6, -5, -5, -5, -5, -5, -6, -9, -18], 4.0)
    return normalised(sound) + decibels(rng.uniform(-55, -10)) * leaves


def _song(synth: Synth, activity: float) -> Signal:
    """One bird's song [n]: a motif of swept notes that comes again and again. Peak 1."""
    rng, sr = synth.rng, synth.sr
    pitch = synth.log_uniform(2000.0, 6200.0)
    kinds = rng.integers(1, 5)
    length = int(rng.choice([0.06, 0.12, 0.22]) * sr)
    t = np.linspace(0.0, 1.0, length, dtype=np.float32)[None, :]
    start = pitch * np.exp(rng.normal(0.0, 0.16, (kinds, 1)))
    sweep, bend = rng.normal(0.0, 0.3, (kinds, 1)), rng.normal(0.0, 0.35, (kinds, 1))
    warble = rng.uniform(0.0, 0.06, (kinds, 1)) * np.sin(2 * np.pi * rng.uniform(2, 7) * t)
    hz = np.clip(start * np.exp(sweep * (t - 0.5) + bend * (t - 0.5) ** 2 * 2 + warble), 1200, 0.42 * sr)
    shape = np.maximum(np.sin(np.pi * t), 0) ** rng.uniform(0.6, 2.0)
    phase = 2 * np.pi * np.cumsum(hz, axis=1) / sr
    overtone = decibels(rng.uniform(-40, -14))
    notes = (np.sin(phase) + overtone * np.sin(2 * phase)) * shape
    starts, which, gains = [], [], []
    when = rng.uniform(0.0, min(0.6, 0.3 * synth.duration_s))
    gap, rest = length / sr * rng.uniform(1.05, 1.9), rng.uniform(0.25, 1.6) * (1.7 - activity)
    while when < synth.duration_s:
        loud = rng.uniform(0.4, 1.0)
        for i in range(rng.integers(1, 9)):
            starts.append(when)
            which.append(i % kinds)
            gains.append(loud * rng.uniform(0.8, 1.0))
            when += gap
        when += rest * rng.uniform(0.6, 1.5)
    grains = notes[np.array(which, dtype=np.intp)] * np.array(gains)[:, None]
    return peaked(synth.scatter(synth.samples(np.array(starts)), grains))
