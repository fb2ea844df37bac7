"""Thunder."""

import numpy as np

from sonic_ui.scenes.images.canvas import Canvas
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, burst_shape, decibels
from sonic_ui.scenes.sources.rain import synthesise as rain
from sonic_ui.scenes.spec import OUTDOOR_PLACES, SourceSpec

SPEC = SourceSpec(
    class_id=8,
    label="thunder",
    places=OUTDOOR_PLACES,
    indoors=False,
    layer="weather",
    z_order=150,
    storm=(0.70, 0.30),
)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """Forked lightning out of dark clouds; the louder, the larger, with more bolts and more light."""
    rng = canvas.rng
    with canvas.lit():
        bolts = 1 + int(level > 0.4) + int(level > 0.75)
        for k in range(bolts):
            at = float(np.clip(x + (k - (bolts - 1) / 2) * 0.3 + rng.uniform(-0.05, 0.05), 0.1, 0.9))
            reach = 0.26 + 0.42 * level
            canvas.glow((at, 0.08 + reach * 0.4), 0.14 + 0.24 * level, (190, 190, 255), 0.45 + 0.45 * level)
            steps = 8
            ys = np.linspace(0.03, 0.03 + reach, steps)
            xs = at + np.cumsum(rng.uniform(-0.055, 0.055, steps))
            bolt = canvas.figure()
            path = list(zip(xs, ys, strict=True))
            width = 0.012 + 0.022 * level
            bolt.stroke(path, width * 2.0, (170, 160, 255), 0.5, curved=False)
            bolt.stroke(path, width, (255, 252, 224), curved=False)
            for j in (2, 4):
                side = float(rng.choice([-1, 1])) * (0.08 + 0.1 * level)
                fork = [
                    path[j],
                    (path[j][0] + side * 0.5, path[j][1] + 0.07),
                    (path[j][0] + side, path[j][1] + 0.10),
                ]
                bolt.stroke(fork, width * 0.6, (246, 240, 255), curved=False)
            bolt.finish(shade=0)


def synthesise(synth: Synth, level: float) -> Signal:
    """A crack, then claps that roll away into a long low rumble. Level: far (rumble) to near (crack)."""
    rng = synth.rng
    duration = synth.duration_s
    first_s = rng.uniform(-0.5, 0.45 * duration)
    t = synth.times
    since = t - np.float32(first_s)
    hold = rng.uniform(1.2, 5.0)
    low_env = synth.curve([first_s - 0.15, first_s + rng.uniform(0.02, 0.7)], [0.0, 1.0])
    low_env = low_env * np.exp(-np.maximum(since, 0) / np.float32(hold))
    roll = np.exp(rng.uniform(0.35, 0.7) * synth.wander(rng.uniform(3.0, 8.0)))
    roll *= np.exp(0.35 * synth.wander(18.0))
    base = decibels(rng.uniform(-28.0, -9.0))
    near = 18.0 * (level - 0.6) * np.linspace(0.0, 1.0, 10)  # air swallows the treble of a far stroke
    rumble_db = np.array([-5, -2, 0, -3, -12, -22, -32, -38, -44, -60]) + near
    rumble = synth.octave_noise(rumble_db, 3.0) * roll
    sound = rumble * (low_env + base)
    middle = synth.octave_noise([-40, -22, -8, -2, -2, -6, -11, -16, -22, -40], 3.0)
    claps = synth.silence
    for _ in range(rng.integers(2, 7)):
        when = first_s + abs(rng.normal(0.0, 0.7))
        x = t - np.float32(when)
        claps += np.float32(rng.uniform(0.2, 1.0)) * burst_shape(x, 0.012, rng.uniform(0.04, 0.3))
    sound += (
        decibels(rng.uniform(-13.0, -5.0) + 16.0 * (level - 0.5))
        * middle
        * roll
        * (claps + 0.25 * low_env**2)
    )
    if level > 0.3:  # the tearing of a near stroke
        sharp = synth.band_noise(900.0, 12000.0)
        sound += decibels(rng.uniform(-24.0, -12.0) + 14.0 * (level - 0.5)) * sharp * claps**2
    if synth.chance(0.6):
        sound += decibels(rng.uniform(-40.0, -24.0)) * rain(synth, rng.random())
    return sound
