"""A car."""

import numpy as np

from sonic_ui.scenes.images.canvas import GLASS, Canvas, Colour, Figure, scale
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised, resonances
from sonic_ui.scenes.spec import SourceSpec

SPEC = SourceSpec(
    class_id=14, label="a car", places=("town", "meadow", "coast"), indoors=False, layer="ground", z_order=70
)

CREAM: Colour = (244, 236, 206)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """A car with its lamps on, seen from its side, on a road; the louder, the nearer."""
    rng = canvas.rng
    size = canvas.sized(level, 0.34, 0.84)
    foot = max(0.74 + 0.15 * level, canvas.shore)
    half = 0.05 + 0.05 * level
    road = canvas.figure((0, foot), 1.0)
    road.rect(0, -half, 1, half, (92, 92, 102))
    low = half * 0.62
    for k in range(4):
        left = 0.06 + 0.26 * k
        road.rect(left, low, left + 0.13, low + 0.016, CREAM)
    road.finish(shade=0)
    coats: list[Colour] = [(220, 44, 46), (44, 112, 204), (246, 196, 48)]
    coat = coats[int(rng.integers(3))]
    x = canvas.inside(x, 0.57 * size)
    canvas.shadow((x, foot), size, 0.55)
    flip = bool(rng.random() < 0.5)
    way = -1 if flip else 1
    canvas.glow((x + way * 0.68 * size, foot - 0.14 * size), 0.08 + 0.10 * level, (255, 236, 170), 0.6)
    c = canvas.figure((x, foot - 0.235 * size), size, flip=flip)
    _car_body(c, coat)
    for wx in (-0.32, 0.32):
        c.disc((wx, 0.10), 0.135, (30, 30, 36))
        c.disc((wx, 0.10), 0.07, (216, 218, 226))
        c.disc((wx, 0.10), 0.025, (60, 60, 70))
    c.stand_out()
    canvas.glow((x + way * 0.54 * size, foot - 0.24 * size), 0.03 + 0.05 * level, (255, 244, 200), 0.9)


def _car_body(c: Figure, coat: Colour) -> None:
    c.blob("-.42,-.04 -.32,-.24 -.22,-.34 .02,-.36 .14,-.31 .3,-.08", coat)
    c.blob("-.56,.06 -.55,-.06 -.44,-.12 0,-.13 .3,-.12 .5,-.06 .57,.04 .52,.13 0,.14 -.5,.13", coat)
    c.poly("-.33,-.12 -.25,-.24 -.18,-.29 -.07,-.3 -.07,-.12", GLASS)
    c.poly([(-0.02, -0.12), (-0.02, -0.30), (0.07, -0.28), (0.20, -0.12)], GLASS)
    c.stroke([(-0.045, -0.12), (-0.045, 0.10)], 0.014, scale(coat, 0.6), curved=False)
    c.stroke([(-0.50, 0.03), (0.50, 0.03)], 0.02, scale(coat, 0.68), curved=False)
    for wx in (-0.32, 0.32):
        c.disc((wx, 0.09), 0.165, scale(coat, 0.5))
    c.disc((0.51, -0.03), 0.045, (255, 246, 196))
    c.poly([(-0.56, -0.06), (-0.50, -0.07), (-0.50, 0.01), (-0.56, 0.01)], (255, 90, 70))


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
