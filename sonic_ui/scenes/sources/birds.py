"""Birds."""

import numpy as np

from sonic_ui.scenes.images.canvas import DARK, WHITE, Canvas, Colour, Point, scale
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised, peaked
from sonic_ui.scenes.spec import OUTDOOR_PLACES, SourceSpec

SPEC = SourceSpec(class_id=11, label="birds", places=OUTDOOR_PLACES, indoors=False, layer="sky", z_order=160)

NAVY: Colour = (40, 44, 66)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """A pair of singing birds on a branch, and a flock behind; the louder, the larger and the more."""
    rng = canvas.rng
    flock = canvas.figure()
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


def _branch(canvas: Canvas, y: float, size: float, left: bool, end: float | None) -> None:
    """A branch across the picture, or from the side up to `end`."""
    branch = canvas.figure()
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
    b.blob("-.2,.08 -.5,.3 -.58,.44 -.42,.42 -.14,.24", scale(coat, 0.66))
    for lx in (-0.02, 0.10):
        b.stroke([(lx, 0.24), (lx + 0.02, 0.35)], 0.045, (90, 62, 46), curved=False)
    b.blob("-.3,.1 -.16,-.1 .02,-.24 .1,-.38 .26,-.42 .38,-.3 .36,-.08 .24,.18 .04,.3 -.18,.27", coat)
    b.blob(".14,-.08 .33,-.12 .26,.12 .06,.27 .02,.12", WHITE)
    b.blob("-.34,.2 -.16,-.06 .06,-.02 .02,.16 -.18,.26", scale(coat, 0.66))
    b.poly([(0.34, -0.37), (0.56, -0.42), (0.37, -0.27)], (255, 176, 48))
    b.poly([(0.35, -0.28), (0.52, -0.25), (0.33, -0.20)], (232, 140, 40))
    b.disc((0.25, -0.29), 0.055, WHITE)
    b.disc((0.26, -0.29), 0.038, DARK)
    b.stand_out(0.5)


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
