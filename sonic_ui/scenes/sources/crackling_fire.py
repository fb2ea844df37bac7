"""Crackling fire."""

import numpy as np

from sonic_ui.scenes.images.canvas import Canvas, Point
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised
from sonic_ui.scenes.spec import OUTDOOR_PLACES, SourceSpec

SPEC = SourceSpec(
    class_id=2, label="crackling fire", places=OUTDOOR_PLACES, indoors=True, layer="ground", z_order=100
)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """A log fire: from a small blaze to a bonfire, lighting what is around it."""
    rng = canvas.rng
    size = canvas.sized(level, 0.30, 0.72)
    foot = 0.86 + 0.04 * level
    at = (canvas.inside(x, 0.46 * size), foot)
    canvas.glow((at[0], foot - size * 0.45), 0.22 + 0.36 * level, (255, 140, 50), 0.40 + 0.35 * level)
    logs = canvas.figure(at, size * 0.92)
    ends: list[tuple[Point, Point]] = [((-0.44, 0.06), (0.34, -0.08)), ((0.44, 0.06), (-0.34, -0.08))]
    for a, b in ends:
        logs.stroke([a, b], 0.14, (122, 76, 46), curved=False)
        logs.disc(a, 0.062, (228, 184, 124))
    logs.finish(shade=0.5, outline=0.85)
    with canvas.lit():
        flame = canvas.figure((at[0], foot - 0.03 * size), size, flip=bool(rng.random() < 0.5))
        tips = rng.uniform(-0.07, 0.07, 3)
        for reach, wide, colour in (
            (1.0, 0.38, (232, 62, 22)),
            (0.74, 0.28, (255, 146, 30)),
            (0.48, 0.18, (255, 228, 104)),
        ):
            flame.blob(
                [
                    (-wide, -0.12),
                    (-wide * 0.95, -0.40 * reach),
                    (-wide * 0.62 + tips[0], -0.76 * reach),
                    (-wide * 0.30, -0.50 * reach),
                    (tips[1], -1.04 * reach),
                    (wide * 0.34, -0.54 * reach),
                    (wide * 0.68 + tips[2], -0.84 * reach),
                    (wide * 0.98, -0.38 * reach),
                    (wide, -0.10),
                    (0, 0.02),
                ],
                colour,
            )
        flame.finish(shade=0, outline=0.55)
        sparks = canvas.figure(at, 1.0)
        for k in range(int(3 + 5 * level)):
            sx = size * 0.16 * (k % 3 - 1) + size * float(rng.uniform(-0.08, 0.08))
            sparks.disc((sx, -size * (0.92 + 0.055 * k)), 0.013, (255, 214, 104))
        sparks.finish(shade=0)


def synthesise(synth: Synth, level: float) -> Signal:
    """Pops and crackles over a low fluttering roar. Level: a candle's snaps to a bonfire."""
    rng = synth.rng
    roar = synth.octave_noise([-6, -2, -8, -16, -22, -26, -28, -28, -32, -44], 3.5)
    roar *= np.exp(0.35 * synth.wander(9.0))
    hiss = synth.octave_noise([-44, -40, -34, -26, -19, -13, -9, -3, -2, -12], 3.0)
    hiss *= np.exp(0.2 * synth.wander(3.0))
    rate = 7.0 * 7.0**level * rng.uniform(0.5, 1.6)
    busy = np.exp(0.9 * synth.wander(2.0))
    starts = synth.poisson_times(2.0 * rate)
    starts = starts[rng.random(starts.size) < busy[starts] / 3.0]  # crackles come in flurries
    count = starts.size
    pop = synth.lasting(0.02)
    decay = np.exp(rng.normal(np.log(0.0013), 0.7, count)).clip(0.0002, 0.008).astype(np.float32)
    loud = np.minimum(rng.pareto(1.3, count) + 0.15, 14.0).astype(np.float32)
    shape = np.exp(-pop.times[None, :] / decay[:, None]) * loud[:, None]
    noise = rng.standard_normal((count, pop.n), dtype=np.float32)
    body = pop.damped_grains(rng.uniform(600.0, 6000.0, count), 1.5 * decay, 1.5 * loud)
    pops = synth.scatter(starts, np.diff(noise, axis=1, prepend=0) * shape * 0.8 + body)
    sound = normalised(pops) + decibels(rng.uniform(-14.0, 0.0)) * roar
    sound += decibels(rng.uniform(-26.0, -8.0)) * hiss
    for _ in range(rng.poisson(0.6 + level)):  # a log bursts: a snap with a hissing tail
        log = synth.lasting(min(0.4, synth.duration_s))
        tail = np.exp(-log.times / np.float32(rng.uniform(0.02, 0.12)))
        burst = log.band_noise(rng.uniform(200, 1500), 12000.0) * tail * rng.uniform(1.0, 6.0)
        sound += synth.scatter(rng.integers(0, synth.n, 1), burst)
    return sound
