"""A clock."""

import numpy as np

from sonic_ui.scenes.images.canvas import Canvas, mix
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, peaked
from sonic_ui.scenes.spec import SourceSpec

SPEC = SourceSpec(
    class_id=5, label="a clock", places=("town", "meadow"), indoors=True, layer="ground", z_order=80
)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """A round clock: on a post out of doors, on the wall or as a tall case indoors."""
    rng = canvas.rng
    size = 0.17 + 0.48 * level
    y = 0.46 - 0.04 * level
    c = canvas.figure((x, y), size)
    c.poly([(-0.06, 0.4), (0.06, 0.4), (0.07, (0.94 - y) / size), (-0.07, (0.94 - y) / size)], (58, 60, 70))
    c.disc((0, 0), 0.53, (78, 58, 44))
    c.disc((0, 0), 0.47, (204, 160, 84))
    c.finish(shade=0.6)
    with canvas.lit(mix(canvas.ambient, (1, 1, 1), 0.6)):
        f = canvas.figure((x, y), size)
        f.disc((0, 0), 0.42, (250, 244, 228))
        for k in range(12):
            a = 2 * np.pi * k / 12
            f.stroke(
                [(0.33 * np.cos(a), 0.33 * np.sin(a)), (0.39 * np.cos(a), 0.39 * np.sin(a))],
                0.035 if k % 3 else 0.055,
                (50, 44, 44),
                curved=False,
            )
        hour, minute = rng.uniform(0, 2 * np.pi, 2)
        f.stroke([(0, 0), (0.21 * np.cos(hour), 0.21 * np.sin(hour))], 0.065, (30, 28, 34), curved=False)
        f.stroke([(0, 0), (0.32 * np.cos(minute), 0.32 * np.sin(minute))], 0.045, (30, 28, 34), curved=False)
        f.disc((0, 0), 0.04, (190, 50, 40))
        f.finish(shade=0.1)


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
