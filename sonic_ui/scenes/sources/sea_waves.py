"""Sea waves."""

import numpy as np

from sonic_ui.scenes.images.backdrops import HORIZON
from sonic_ui.scenes.images.canvas import Canvas, mix
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised
from sonic_ui.scenes.spec import SourceSpec

SPEC = SourceSpec(class_id=1, label="sea waves", places=("coast",), indoors=False, layer="water", z_order=10)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """Rows of breakers, from ripples to a curling wall of water with spray."""
    rng = canvas.rng
    sea = canvas.figure()
    sea.rect(0, HORIZON - 0.01, 1, 0.86, (40, 108, 146))
    sea.finish(shade=0)
    rows = 5
    for k in range(rows):
        depth = k / (rows - 1)
        base = HORIZON + 0.03 + 0.27 * depth
        height = (0.010 + 0.20 * level**1.3) * (0.35 + 0.65 * depth)
        n = 4 - 2 * depth + 1.5 * (1 - level)
        t = np.linspace(-0.05, 1.05, 60)
        phase = float(rng.uniform(0, 6.28))
        crest = np.abs(np.sin(np.pi * n * t + phase)) ** 0.7
        top = base - height * crest
        water = canvas.figure()
        tone = mix((52, 128, 160), (30, 96, 128), depth)
        water.poly([(-0.05, base + 0.1), *zip(t, top, strict=True), (1.05, base + 0.1)], tone)
        foam = 0.008 + 0.022 * level * (0.4 + 0.6 * depth)
        water.stroke(list(zip(t, top, strict=True)), foam, (240, 248, 250), 0.95, curved=False)
        water.stroke(
            list(zip(t, top + height * 0.45, strict=True)), foam * 0.4, (150, 204, 216), 0.7, curved=False
        )
        water.finish(shade=0)
        if level > 0.45 and depth > 0.4:
            spray = canvas.figure()
            peaks = t[(crest > 0.96)]
            for sx in rng.choice(peaks, int(10 * level) + 1) if len(peaks) else []:
                spray.disc(
                    (float(sx + rng.normal(0, 0.03)), float(base - height - abs(rng.normal(0, 0.03)))),
                    float(rng.uniform(0.005, 0.014)),
                    (246, 250, 252),
                )
            spray.finish(shade=0)
    beach = canvas.figure()
    t = np.linspace(-0.05, 1.05, 12)
    edge = 0.87 + 0.02 * np.sin(5 * t + float(rng.uniform(0, 6)))
    shore = [(float(a), float(b)) for a, b in zip(t, edge, strict=True)]
    beach.poly([*shore, (1.05, 1.05), (-0.05, 1.05)], (214, 192, 144))
    beach.stroke(shore, 0.014 + 0.02 * level, (244, 248, 248), 0.95)
    beach.finish(shade=0.1)


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
