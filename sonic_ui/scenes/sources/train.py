"""A train."""

import numpy as np

from sonic_ui.scenes.images.backdrops import HORIZON
from sonic_ui.scenes.images.canvas import Canvas, Colour, Figure, Point, mix
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised, peaked
from sonic_ui.scenes.spec import SourceSpec

SPEC = SourceSpec(
    class_id=15,
    label="a train",
    places=("meadow", "mountains", "town"),
    indoors=False,
    layer="ground",
    z_order=60,
)

SOOT: Colour = (48, 50, 60)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """A steam train on rails, seen from its side, with its plume; the louder, the nearer, the more smoke."""
    rng = canvas.rng
    size = canvas.sized(level, 0.30, 0.64)
    foot = HORIZON + 0.20 + 0.16 * level
    _rails(canvas, foot, 0.5 + 0.5 * level)
    flip = bool(rng.random() < 0.5)
    way = -1 if flip else 1
    ahead = 0.0 if canvas.shared else 0.20 - 0.12 * level
    x = canvas.inside(x + way * ahead, 0.70 * size)
    at = (x, foot - 0.21 * size)
    coats: list[Colour] = [(34, 116, 78), (186, 44, 44), (44, 84, 168)]
    coat = coats[int(rng.integers(3))]
    _plume(canvas, (x + way * 0.34 * size, at[1] - 0.56 * size), way, size, level)
    t = canvas.figure(at, size, flip=flip)
    for k in range(3):
        _coach(t, -0.70 - 0.80 * k, coat)
    _engine(t, coat)
    t.stand_out()
    canvas.glow((x + way * 0.53 * size, at[1] - 0.16 * size), 0.03 + 0.05 * level, (255, 240, 190), 0.8)


def _rails(canvas: Canvas, foot: float, near: float) -> None:
    rails = canvas.figure((0, foot), 1.0)
    rails.rect(0, -0.012, 1, 0.06 * near, (150, 138, 126))
    for k in range(11):
        left = k / 10 - 0.02
        rails.poly(
            [(left, 0.0), (left + 0.04, 0.0), (left + 0.05, 0.045 * near), (left - 0.01, 0.045 * near)],
            (96, 72, 56),
        )
    rails.stroke([(-0.1, 0.0), (1.1, 0.0)], 0.012, (70, 72, 82), curved=False)
    rails.finish(shade=0)


def _plume(canvas: Canvas, at: Point, way: int, size: float, level: float) -> None:
    """White puffs that drift back from the chimney."""
    smoke = canvas.figure(at, size, flip=way < 0)
    for k in range(int(4 + 3.9 * level * canvas.room**2), -1, -1):
        wobble = float(canvas.rng.uniform(-0.02, 0.02))
        middle = (-0.02 - 0.19 * k, -0.06 - 0.085 * k**0.8 + wobble)
        smoke.disc(middle, 0.085 + 0.028 * k, mix((250, 250, 252), (206, 208, 218), k / 8))
    smoke.finish(shade=0.35, outline=0.35, halo=0.25)


def _coach(t: Figure, right: float, coat: Colour) -> None:
    left = right - 0.74
    t.stroke([(right, 0.06), (right + 0.10, 0.06)], 0.04, (44, 44, 52), curved=False)
    t.rect(left, -0.32, right, 0.10, mix(coat, (255, 226, 170), 0.25))
    t.rect(left - 0.02, -0.37, right + 0.02, -0.30, SOOT)
    for k in range(3):
        a = left + 0.07 + 0.22 * k
        t.rect(a, -0.24, a + 0.15, -0.07, (255, 232, 160))
    for wx in (0.17, 0.57):
        t.disc((left + wx, 0.11), 0.10, SOOT)
        t.disc((left + wx, 0.11), 0.05, (190, 190, 198))


def _engine(t: Figure, coat: Colour) -> None:
    t.poly(".3,-.26 .27,-.42 .22,-.52 .48,-.52 .43,-.42 .4,-.26", SOOT)
    t.rect(-0.24, -0.27, 0.50, 0.06, coat)
    t.disc((0.06, -0.27), 0.075, (240, 190, 80))
    t.rect(0.26, -0.30, 0.52, 0.06, SOOT)
    t.rect(-0.06, -0.27, -0.02, 0.06, (240, 190, 80))
    t.disc((0.52, -0.14), 0.07, (255, 244, 200))
    t.rect(-0.62, -0.44, -0.20, 0.08, coat)
    t.rect(-0.68, -0.52, -0.14, -0.43, SOOT)
    t.rect(-0.54, -0.36, -0.29, -0.17, (255, 232, 160))
    t.rect(-0.64, 0.02, 0.54, 0.10, (198, 40, 38))
    t.poly([(0.46, 0.06), (0.54, 0.06), (0.70, 0.20), (0.46, 0.20)], (198, 40, 38))
    for wx, r in ((-0.44, 0.145), (-0.10, 0.145), (0.22, 0.145)):
        t.disc((wx, 0.21 - r), r, SOOT)
        t.disc((wx, 0.21 - r), r * 0.66, (214, 62, 52))
        t.disc((wx, 0.21 - r), r * 0.26, SOOT)
    t.stroke([(-0.44, 0.10), (0.22, 0.10)], 0.04, (226, 228, 234), curved=False)


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
