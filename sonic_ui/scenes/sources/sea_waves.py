"""Sea waves."""

import numpy as np

from sonic_ui.scenes.images.backdrops import HORIZON, light_path
from sonic_ui.scenes.images.canvas import Canvas, Colour, Point, mix, points_of, smooth_open
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised
from sonic_ui.scenes.spec import SourceSpec

SPEC = SourceSpec(class_id=1, label="sea waves", places=("coast",), indoors=False, layer="water", z_order=10)

FOAM: Colour = (248, 252, 255)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """Rows of crested waves before a breaker that curls over; from ripples to a wall of water."""
    rng = canvas.rng
    sea = canvas.figure()
    sea.rect(0, HORIZON - 0.03, 1, 1, (74, 152, 186))
    sea.finish(shade=0)
    way = 1 if rng.random() < 0.5 else -1
    for k in range(3):
        height = (0.018 + 0.075 * level) * (0.5 + 0.25 * k)
        _paint_swell(
            canvas, 0.60 + 0.085 * k, height, 4.2 - 0.9 * k, way, mix((56, 136, 176), (28, 98, 148), k / 2)
        )
    light_path(canvas)
    size = 0.28 + 0.50 * level
    canvas.shore = 0.90
    _breaker(canvas, (canvas.inside(x, 0.52 * size), 0.88), size, way)
    front = canvas.figure()
    t = np.linspace(-0.05, 1.05, 40)
    edge = 0.885 + 0.014 * np.sin(9 * t + float(rng.uniform(0, 6)))
    front.poly([*points_of(t, edge), (1.05, 1.05), (-0.05, 1.05)], (236, 214, 160))
    front.stroke(points_of(t, edge), 0.030 + 0.012 * level, FOAM, curved=False)
    front.finish(shade=0.1)


def _paint_swell(canvas: Canvas, base: float, height: float, count: float, way: int, tone: Colour) -> None:
    """A row of waves, each steeper on the side it runs to."""
    t = np.linspace(-0.55, 0.55, 120)
    phase = t * count + float(canvas.rng.random())
    crest = np.abs(np.sin(np.pi * (phase % 1.0) ** 1.5)) ** 1.3
    top = points_of(t, -height * crest)
    water = canvas.figure((0.5, base), 1.0, flip=way < 0)
    water.poly([(-0.55, 0.30), *top, (0.55, 0.30)], tone)
    water.stroke(top, 0.011 + 0.12 * height, FOAM, curved=False)
    water.finish(shade=0, outline=0.25)


def _breaker(canvas: Canvas, at: Point, size: float, way: int) -> None:
    """One wave that curls over, its lip white with foam."""
    w = canvas.figure(at, size, flip=way < 0)
    back = smooth_open("-.95,.06 -.62,-.06 -.36,-.3 -.1,-.56 .16,-.63 .36,-.54")
    lip = smooth_open([(0.36, -0.54), (0.46, -0.40), (0.44, -0.26)])
    hollow = smooth_open(".44,-.26 .32,-.4 .16,-.42 .04,-.28 .1,-.06 .4,.06")
    w.poly(np.concatenate([back, lip, hollow, [(0.40, 0.16), (-0.95, 0.16)]]), (30, 112, 166))
    w.blob("-.5,.06 -.28,-.2 -.06,-.42 .02,-.4 -.1,-.16 -.14,.06", (84, 176, 210))
    w.blob("-.06,.06 -.06,-.2 .06,-.42 .01,-.24 .06,0 .12,.08", (150, 216, 232))
    w.stroke(back[8:], 0.085, FOAM, curved=False)
    for a, b, r in ((0.34, -0.54, 0.11), (0.45, -0.42, 0.10), (0.46, -0.28, 0.085), (0.40, -0.18, 0.055)):
        w.disc((a, b), r, FOAM)
    for a, b, r in ((0.34, 0.02, 0.10), (0.50, 0.05, 0.09), (0.18, 0.06, 0.08), (0.62, 0.08, 0.06)):
        w.disc((a, b), r, FOAM)
    w.finish(shade=0.35, outline=0.7)


def synthesise(synth: Synth, level: float) -> Signal:
    """Swelling surf, a wave each 4 to 10 s, its wash brighter than its roar. Level: lapping to breakers."""
    rng = synth.rng
    period_s = rng.uniform(5.0, 10.0) * (1.0 - 0.25 * level)
    swell = _swell(synth, period_s)
    ragged = np.exp((0.15 + 0.15 * rng.random()) * synth.wander(12.0))
    roar = synth.octave_noise([-19, -11, -5, -1, 0, -3, -7, -12, -17, -32], 2.5)
    wash = synth.octave_noise([-40, -30, -18, -9, -3, -1, -1, -3, -6, -15], 2.5)
    base = decibels(rng.uniform(-22.0, -9.0) + 5.0 * level)
    sound = roar * (swell + base) * ragged
    sound = sound + decibels(rng.uniform(-7.0, 4.0)) * wash * (swell**1.7 + 0.5 * base)
    if synth.chance(0.4):  # water over pebbles
        starts = synth.poisson_times(rng.uniform(20.0, 150.0))
        pitch = np.exp(rng.normal(np.log(1100.0), 0.6, starts.size))
        decay = rng.uniform(0.003, 0.02, starts.size)
        loud = np.exp(rng.normal(0.0, 0.7, starts.size))
        grains = synth.lasting(0.04).damped_grains(pitch, decay, loud, rise=0.3)
        sound += decibels(rng.uniform(-16.0, -6.0)) * normalised(synth.scatter(starts, grains)) * swell
    return sound


def _swell(synth: Synth, period_s: float) -> Signal:
    """Waves breaking: each rises for a third of its period, then washes out. Largest about 1."""
    rng = synth.rng
    t = synth.times
    total = synth.silence
    start = -period_s * rng.random() - period_s
    while start < synth.duration_s:
        this_period = period_s * rng.uniform(0.75, 1.25)
        rise, fall = this_period * rng.uniform(0.2, 0.4), this_period * rng.uniform(0.18, 0.4)
        x = t - (start + rise)
        shape = np.where(x < 0, np.exp(-np.square(x / (0.6 * rise))), np.exp(-np.abs(x) / fall))
        total += np.float32(rng.uniform(0.5, 1.0)) * shape.astype(np.float32)
        start += this_period
    return total
