"""A train."""

import numpy as np

from sonic_ui.scenes.images.backdrops import HORIZON
from sonic_ui.scenes.images.canvas import Canvas, Colour, mix, scale
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised, peaked
from sonic_ui.scenes.spec import SourceSpec

SPEC = SourceSpec(
    class_id=15,
    label="a train",
    places=("meadow", "mountains", "town"),
    indoors=False,
    layer="ground",
    z_order=50,
)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """A steam train on rails with its plume; the louder, the nearer and the more smoke."""
    rng = canvas.rng
    size = 0.24 + 0.58 * level
    foot = HORIZON + 0.16 + 0.18 * level
    rails = canvas.figure()
    gauge = 0.012 + 0.014 * level
    for k in range(16):
        rails.poly(
            [
                (k / 15 - 0.015, foot - gauge),
                (k / 15 + 0.015, foot - gauge),
                (k / 15 + 0.02, foot + gauge * 2.2),
                (k / 15 - 0.02, foot + gauge * 2.2),
            ],
            (96, 72, 54),
        )
    rails.stroke([(0, foot), (1, foot)], 0.012, (176, 180, 188), curved=False)
    rails.finish(shade=0.2)
    flip = bool(rng.random() < 0.5)
    t = canvas.figure((x, foot - 0.12 * size), size, flip=flip)
    coats: list[Colour] = [(36, 84, 62), (150, 42, 44), (44, 62, 112)]
    coat = coats[int(rng.integers(3))]
    for k in range(3):
        left = -0.72 - 0.52 * k
        t.rect(left - 0.44, -0.26, left, 0.06, mix(coat, (230, 200, 150), 0.25))
        for w in range(3):
            t.rect(left - 0.40 + 0.14 * w, -0.20, left - 0.31 + 0.14 * w, -0.09, (252, 226, 150))
        for wx in (-0.36, -0.08):
            t.disc((left + wx, 0.08), 0.06, (40, 40, 46))
    t.rect(-0.68, -0.42, -0.30, 0.06, coat)
    t.rect(-0.72, -0.46, -0.26, -0.41, scale(coat, 0.6))
    t.rect(-0.60, -0.36, -0.38, -0.20, (250, 222, 150))
    t.blob("-.32,-.24 -.1,-.27 .4,-.26 .5,-.16 .48,.04 .1,.05 -.32,.05", (44, 46, 54))
    t.poly([(0.24, -0.26), (0.21, -0.46), (0.39, -0.46), (0.36, -0.26)], (34, 36, 44))
    t.poly([(-0.32, -0.02), (0.56, -0.02), (0.60, 0.08), (-0.32, 0.08)], (176, 40, 40))
    for wx, r in ((-0.54, 0.12), (-0.18, 0.12), (0.10, 0.12), (0.40, 0.08)):
        t.disc((wx, 0.12 - r * 0.3), r, (30, 30, 36))
        t.disc((wx, 0.12 - r * 0.3), r * 0.55, (186, 60, 52))
    t.finish(shade=0.5)
    way = -1 if flip else 1
    canvas.glow((x + way * 0.50 * size, foot - 0.22 * size), 0.03 + 0.05 * level, (255, 240, 190), 0.8)
    for k in range(9):
        u = k / 8
        puff = canvas.figure(
            (
                x + way * (0.30 * size - (0.10 + 0.5 * level) * u * 0.9),
                foot - 0.62 * size - 0.10 * u - 0.05 * level * u,
            ),
            1.0,
        )
        puff.disc(
            (float(rng.uniform(-0.01, 0.01)), float(rng.uniform(-0.012, 0.012))),
            (0.018 + 0.055 * level) * (0.7 + 1.1 * u),
            mix((238, 238, 242), (190, 192, 200), float(rng.random())),
            0.85 - 0.5 * u,
        )
        puff.finish(shade=0.25)


def synthesise(synth: Synth, level: float) -> Signal:
    """Wheels over rail joints (clack-clack) in a rumble, at times a horn. Level: slow to express."""
    rng = synth.rng
    near, _ = synth.passing()
    steady = rng.uniform(0.2, 1.0)
    gain = steady + (1.0 - steady) * near
    rumble = synth.octave_noise([-22, -8, 0, -1, -5, -7, -10, -15, -24, -42], 2.5)
    sound = rumble * np.exp(0.15 * synth.wander(6.0) + 0.1 * synth.wander(1.0))
    rate = synth.log_uniform(0.6, 1.5) * (0.7 + 0.9 * level)  # cars a second
    joints = np.arange(-1, int(synth.duration_s * rate) + 2) / rate + rng.random() / rate
    axle = rng.uniform(0.1, 0.17) / rate
    bogie = rng.uniform(0.36, 0.5) / rate
    when = (joints[:, None] + np.array([0.0, axle, bogie, bogie + axle])[None, :]).ravel()
    when = when + rng.normal(0.0, 0.006, when.size)
    hit = synth.lasting(0.16)
    fall = np.exp(-hit.times / np.float32(rng.uniform(0.012, 0.045)))
    clack = hit.band_noise(rng.uniform(60, 350), rng.uniform(900, 4000)) * fall
    modes = rng.uniform(120.0, 1500.0, 5)
    clack = clack + hit.damped_grains(modes, np.full(5, 0.02), np.full(5, 0.5)).sum(axis=0)
    loud = rng.uniform(0.5, 1.0, (when.size, 1))
    clacks = synth.scatter(synth.samples(when), clack[None, :] * loud)
    sound += decibels(rng.uniform(-11.0, 3.0)) * normalised(clacks)
    sound *= gain
    if synth.chance(0.25):
        sound += decibels(rng.uniform(0.0, 12.0)) * _horn(synth)
    if synth.chance(0.25):  # flanges squeal
        squeal_hz = synth.log_uniform(1800.0, 5200.0) * np.exp(0.01 * synth.wander(6.0))
        squeal = synth.harmonic_tone(squeal_hz, np.array([1.0, 0.3, 0.2]))
        sound += decibels(rng.uniform(-26.0, -10.0)) * squeal * np.exp(0.8 * synth.wander(1.5)) * gain
    if synth.chance(0.3):  # ballast and couplings
        starts = synth.poisson_times(12.0)
        hz, decay = rng.uniform(800, 5000, starts.size), np.full(starts.size, 0.008)
        rattle = synth.lasting(0.04).damped_grains(hz, decay, np.exp(rng.normal(0, 0.7, starts.size)))
        rattle = synth.highpass(synth.scatter(starts, rattle), 300.0)
        sound += decibels(rng.uniform(-20.0, -8.0)) * normalised(rattle)
    return sound


def _horn(synth: Synth) -> Signal:
    """A locomotive's horn [n]: a chord held for a second or two. Unit peak."""
    rng = synth.rng
    root = synth.log_uniform(260.0, 420.0)
    sound = synth.silence
    bend = np.exp(0.003 * synth.wander(3.0))
    for ratio in rng.choice([1.0, 1.19, 1.26, 1.5, 1.68, 2.0], rng.integers(2, 5), replace=False):
        sound += synth.harmonic_tone(root * ratio * bend, np.arange(1, 16) ** -rng.uniform(0.7, 1.3))
    start, hold = rng.uniform(-0.5, 0.6 * synth.duration_s), rng.uniform(0.7, 2.2)
    return peaked(sound * synth.curve([start, start + 0.12, start + hold, start + hold + 0.3], [0, 1, 1, 0]))
