"""Crackling fire."""

import numpy as np

from sonic_ui.scenes.images.canvas import Canvas
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised
from sonic_ui.scenes.spec import OUTDOOR_PLACES, SourceSpec

SPEC = SourceSpec(
    class_id=2, label="crackling fire", places=OUTDOOR_PLACES, indoors=True, layer="ground", z_order=90
)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """A log fire: from embers to a bonfire, lighting what is around it."""
    rng = canvas.rng
    size = 0.16 + 0.42 * level
    at = (x, 0.88)
    canvas.glow((x, 0.86 - size * 0.4), 0.16 + 0.5 * level, (255, 150, 60), 0.35 + 0.45 * level)
    logs = canvas.figure(at, 0.20 + 0.12 * level)
    for a, b in (((-0.5, 0.06), (0.42, -0.10)), ((0.5, 0.06), (-0.42, -0.10)), ((-0.38, 0.12), (0.38, 0.12))):
        logs.stroke([a, b], 0.15, (104, 68, 44), curved=False)
    logs.finish(shade=0.5)
    with canvas.lit():
        flame = canvas.figure(at, size)
        for reach, wide, colour in (
            (1.0, 0.36, (226, 74, 28)),
            (0.76, 0.26, (250, 144, 36)),
            (0.5, 0.16, (255, 220, 96)),
        ):
            tips = rng.uniform(-0.08, 0.08, 3)
            flame.blob(
                [
                    (-wide, -0.12),
                    (-wide * 0.9, -0.42 * reach),
                    (-wide * 0.55 + tips[0], -0.72 * reach),
                    (-wide * 0.28, -0.48 * reach),
                    (tips[1], -1.02 * reach),
                    (wide * 0.3, -0.52 * reach),
                    (wide * 0.62 + tips[2], -0.80 * reach),
                    (wide * 0.95, -0.38 * reach),
                    (wide, -0.10),
                    (0, 0.02),
                ],
                colour,
            )
        flame.finish(shade=0)
        sparks = canvas.figure()
        for sx, sy in rng.normal(0, 1, (int(3 + 16 * level), 2)):
            sparks.disc((float(x + sx * 0.08), float(0.86 - size - abs(sy) * 0.12)), 0.007, (255, 206, 96))
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
