"""A car."""

import numpy as np

from sonic_ui.scenes.images.canvas import Canvas, Colour
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised, resonances
from sonic_ui.scenes.spec import SourceSpec

SPEC = SourceSpec(
    class_id=14, label="a car", places=("town", "meadow", "coast"), indoors=False, layer="ground", z_order=60
)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """A car with its lamps on, on a road; the louder, the nearer."""
    rng = canvas.rng
    size = 0.22 + 0.62 * level
    foot = 0.72 + 0.18 * level
    road = canvas.figure()
    y, half = foot, 0.035 + 0.06 * level
    road.rect(0, y - half, 1, y + half, (86, 86, 94))
    for k in range(6):
        road.rect(0.18 * k, y + half * 0.4, 0.18 * k + 0.09, y + half * 0.55, (236, 226, 190))
    road.finish(shade=0)
    coats: list[Colour] = [(214, 46, 50), (40, 104, 190), (240, 196, 60), (70, 150, 130)]
    coat = coats[int(rng.integers(4))]
    canvas.shadow((x, foot), size)
    flip = bool(rng.random() < 0.5)
    c = canvas.figure((x, foot - 0.18 * size), size, flip=flip)
    c.blob("-.52,.08 -.5,-.06 -.34,-.1 -.22,-.28 .12,-.29 .28,-.1 .48,-.05 .54,.04 .52,.12 -.5,.12", coat)
    c.poly([(-0.24, -0.10), (-0.17, -0.24), (-0.03, -0.24), (-0.03, -0.10)], (180, 214, 232))
    c.poly([(0.0, -0.10), (0.0, -0.24), (0.11, -0.24), (0.22, -0.10)], (180, 214, 232))
    for wx in (-0.30, 0.30):
        c.disc((wx, 0.11), 0.115, (34, 34, 40))
        c.disc((wx, 0.11), 0.055, (190, 194, 202))
    c.finish(shade=0.55)
    lamp = (x + (-0.52 if flip else 0.52) * size, foot - 0.18 * size)
    canvas.glow(lamp, 0.05 + 0.09 * level, (255, 240, 190), 0.8)


def synthesise(synth: Synth, level: float) -> Signal:
    """An engine: idling, being started, or driving past on loud tyres. Level: idle to speeding."""
    rng = synth.rng
    kind = rng.random()
    jitter = np.exp(0.015 * synth.wander(8.0) + 0.01 * synth.wander(40.0))
    if kind < 0.45:  # passing
        near, doppler = synth.passing()
        hz = synth.log_uniform(45.0, 110.0) * (0.8 + 0.5 * level) * doppler * jitter
        tyres = synth.octave_noise([-14, -9, -6, -3, -2, -2, -8, -16, -26, -42], 3.0)
        sound = _engine(synth, hz) * near + decibels(rng.uniform(-6.0, 6.0)) * tyres * near**1.5
        return sound + 0.03 * tyres
    idle = synth.log_uniform(16.0, 36.0) * (1.0 + 0.35 * level)
    if kind < 0.6:  # starting: the starter cranks, the motor catches
        start_s = rng.uniform(0.4, 0.4 * synth.duration_s + 0.4)
        crank = rng.uniform(5.0, 9.0)
        t = synth.times
        flare = idle * (1.0 + 1.6 * np.exp(-np.maximum(t - start_s, 0) / 0.5)).astype(np.float32)
        motor = _engine(synth, flare * jitter) * synth.curve([start_s - 0.1, start_s + 0.1], [0.0, 1.0])
        whirr_hz = crank * 36.0 * (1.0 + 0.15 * np.sin(2 * np.pi * crank * t))
        whirr = normalised(synth.harmonic_tone(whirr_hz, np.arange(1, 14) ** -0.8))
        whirr *= (1.0 + 0.8 * np.sin(2 * np.pi * crank * t)) * (t < start_s)
        return motor + decibels(rng.uniform(-8.0, 2.0)) * whirr
    full = idle * rng.uniform(2.0, 4.5)
    revving = synth.chance(0.3 + 0.5 * level)
    revs = synth.throttle(idle, idle + (full - idle) * level, 0.8) if revving else idle
    hz = np.asarray(revs * jitter, dtype=np.float32)
    return _engine(synth, hz) * (hz / idle) ** 0.6


def _engine(synth: Synth, hz: Signal) -> Signal:
    """A four-stroke motor whose cylinders fire at `hz` [T]: half orders, exhaust, valve noise. Unit RMS."""
    rng = synth.rng
    orders = 0.25 * np.arange(1, 120)
    mean_hz = float(np.mean(hz))
    exhaust = [
        (synth.log_uniform(50, 140), 60.0, 0.0),
        (synth.log_uniform(200, 450), 120.0, -6.0),
        (synth.log_uniform(700, 1500), 500.0, rng.uniform(-30.0, -16.0)),
    ]
    amplitudes = resonances(mean_hz * orders, exhaust, -44.0)
    amplitudes[np.arange(1, 120) % 4 != 0] *= decibels(rng.uniform(-18.0, -6.0))
    tone = normalised(synth.harmonic_tone(0.25 * hz, amplitudes))
    firing = (np.cumsum(hz, dtype=np.float64) / synth.sr % 1.0).astype(np.float32)
    noise = synth.octave_noise([-12, -8, -5, -3, -6, -11, -19, -24, -31, -44], 4.0)
    return normalised(tone + decibels(rng.uniform(-10.0, 2.0)) * noise * (0.4 + np.exp(-3.0 * firing)))
