"""A clock."""

import numpy as np

from sonic_ui.scenes.images.canvas import Canvas, Colour, Point, mix
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, peaked
from sonic_ui.scenes.spec import SourceSpec

SPEC = SourceSpec(
    class_id=5, label="a clock", places=("town", "meadow"), indoors=True, layer="ground", z_order=90
)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """A round clock with two bold hands: on a post out of doors, on a case with a pendulum indoors."""
    rng = canvas.rng
    size = canvas.sized(level, 0.30, 0.72)
    x = canvas.inside(x, 0.54 * size)
    y = 0.43 - 0.02 * level
    foot = (0.93 - y) / size
    wood: Colour = (142, 88, 52)
    c = canvas.figure((x, y), size)
    if canvas.indoors:
        c.rect(-0.30, 0.3, 0.30, foot, wood)
        c.rect(-0.20, 0.3, 0.20, foot - 0.08, (64, 42, 34))
        swing = float(rng.uniform(-0.06, 0.06))
        low = min(foot - 0.22, 1.1)
        c.stroke([(0, 0.4), (swing, low)], 0.05, (240, 200, 110), curved=False)
        c.disc((swing, low), 0.11, (240, 200, 110))
    else:
        c.rect(-0.07, 0.4, 0.07, foot, (62, 66, 80))
        c.poly([(-0.20, foot - 0.07), (0.20, foot - 0.07), (0.24, foot), (-0.24, foot)], (62, 66, 80))
    c.disc((0, 0), 0.54, (112, 62, 40))
    c.disc((0, 0), 0.49, (226, 176, 84))
    c.stand_out()
    with canvas.lit(mix(canvas.ambient, (1, 1, 1), 0.6)):
        f = canvas.figure((x, y), size)
        f.disc((0, 0), 0.42, (252, 247, 234))
        for k in range(12):
            a = 2 * np.pi * k / 12
            inner, wide = (0.32, 0.05) if k % 3 else (0.28, 0.08)
            f.stroke([_around(inner, a), _around(0.365, a)], wide, (60, 52, 52), curved=False)
        hour = float(rng.choice([1.75, 3.0, 4.0, 7.0, 8.25, 9.0, 10.25, 11.5, 1.5, 2.75]))
        minute = 2 * np.pi * (hour % 1.0) - np.pi / 2
        f.stroke(
            [(0, 0), _around(0.20, 2 * np.pi * hour / 12 - np.pi / 2)], 0.095, (28, 26, 34), curved=False
        )
        f.stroke([(0, 0), _around(0.33, minute)], 0.07, (28, 26, 34), curved=False)
        f.disc((0, 0), 0.06, (206, 48, 40))
        f.finish(shade=0)


def _around(radius: float, angle: float) -> Point:
    return (radius * float(np.cos(angle)), radius * float(np.sin(angle)))


def synthesise(synth: Synth, level: float) -> Signal:
    """Tick, tock: regular beats of two alternating colours. Level: a slow far clock to a quick near one."""
    rng = synth.rng
    rate = min(6.0, synth.log_uniform(1.0, 3.2) * (0.8 + 0.6 * level))
    body = synth.log_uniform(400.0, 3600.0)
    dull = rng.uniform(0.0, 0.9)
    tick = _tick(synth, body, dull)
    same = synth.chance(0.35)
    tock = tick
    if not same:
        tock = _tick(synth, body * rng.uniform(0.7, 1.2), dull) * np.float32(rng.uniform(0.4, 1.0))
    beats = int(synth.duration_s * rate) + 2
    limp = 0.0 if same else rng.uniform(-0.06, 0.06)
    when = (np.arange(beats) - rng.random() + limp * (np.arange(beats) % 2)) / rate
    when = when + rng.normal(0.0, 0.0008, beats)
    grains = np.where((np.arange(beats) % 2)[:, None] == 0, tick[None, :], tock[None, :])
    sound = synth.scatter(synth.samples(when), grains * rng.uniform(0.85, 1.0, (beats, 1)))
    hum = synth.octave_noise([-6, -6, -8, -10, -11, -12, -14, -17, -21, -34], 5.0)
    return sound + decibels(rng.uniform(-62.0, -32.0)) * hum


def _tick(synth: Synth, body_hz: float, dull: float) -> Signal:
    """One beat of an escapement: two to four clicks within 30 ms that ring in the case. Peak 1."""
    synth, rng = synth.lasting(0.22), synth.rng
    clicks = rng.integers(1, 5)
    delays = np.sort(rng.uniform(0.0, 0.03, clicks)) * (np.arange(clicks) > 0)
    modes = 7
    hz = body_hz * np.exp(rng.normal(0.3, 0.9, modes))
    hz = np.minimum(hz, 0.4 * synth.sr)
    decay = rng.uniform(0.002, 0.02, modes) * (1500.0 / hz) ** 0.4
    gain = rng.uniform(0.2, 1.0, modes) * (hz / body_hz) ** -dull
    ring = synth.damped_grains(hz, decay, gain).sum(axis=0)
    noise = synth.band_noise(synth.log_uniform(300.0, 3000.0), rng.uniform(5000.0, 14000.0))
    fast, slow = synth.log_uniform(0.0008, 0.004), synth.log_uniform(0.01, 0.05)
    t = synth.times
    noise *= np.exp(-t / np.float32(fast)) + np.float32(rng.uniform(0.0, 0.15)) * np.exp(
        -t / np.float32(slow)
    )
    ring = ring + np.float32(rng.uniform(0.3, 2.0)) * noise
    loud = rng.uniform(0.25, 1.0, clicks)[:, None]
    return peaked(synth.scatter(synth.samples(delays), ring[None, :] * loud))
