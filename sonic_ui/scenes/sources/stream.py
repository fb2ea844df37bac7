"""A stream."""

import numpy as np

from sonic_ui.scenes.images.backdrops import HORIZON
from sonic_ui.scenes.images.canvas import Canvas, points_of
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, burst_shape, decibels, normalised
from sonic_ui.scenes.spec import SourceSpec

SPEC = SourceSpec(
    class_id=10,
    label="a stream",
    places=("meadow", "mountains", "forest"),
    indoors=False,
    layer="water",
    z_order=20,
)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """A brook that winds towards us between stones; the louder, the wider and whiter."""
    rng = canvas.rng
    t = np.linspace(0, 1, 48)
    y = HORIZON + 0.03 + (0.99 - HORIZON) * t**1.25
    side = 1 if rng.random() < 0.5 else -1
    sway = side * 0.17 * np.sin(0.4 + 5.6 * t**0.8) * (0.35 + 0.65 * t)
    middle = 0.5 + (x - 0.5) * (0.9 if canvas.shared else 0.5) + sway
    half = 0.022 + (0.085 + 0.26 * level) * t**1.15
    bank = canvas.figure()
    for grow, colour in ((0.045, (150, 122, 88)), (0.0, (48, 138, 206))):
        left, right = middle - half - grow * (0.3 + t), middle + half + grow * (0.3 + t)
        bank.poly([*points_of(left, y), *points_of(right[::-1], y[::-1])], colour)
    flows = ((-0.45, 0.10, 0.50), (0.42, 0.32, 0.74), (-0.5, 0.66, 1.0), (0.02, 0.5, 0.84), (0.58, 0.84, 1.0))
    for share, low, high in flows[: int(3 + 2.9 * level)]:
        part = (t >= low) & (t <= high)
        path = points_of((middle + share * half)[part], y[part])
        bank.stroke(path, 0.016 + 0.026 * level, (216, 242, 254), curved=False)
    bank.finish(shade=0.15, outline=0.5)
    stones = canvas.figure()
    for k, at in enumerate((0.22, 0.36, 0.50, 0.64, 0.78, 0.92)):
        cx, cy, w = (float(np.interp(at, t, v)) for v in (middle, y, half))
        r = (0.026 + 0.034 * at) * float(rng.uniform(0.85, 1.15))
        stones.disc((cx + (w + 0.02) * (1 if k % 2 else -1), cy), r, (156, 154, 156), squash=0.66)
    stones.finish(shade=0.5, outline=0.8)


def synthesise(synth: Synth, level: float) -> Signal:
    """Running water: bubbles whose pitch rises as they close, a rushing bed. Level: trickle to torrent."""
    rng = synth.rng
    bed = synth.octave_noise([-19, -13, -11, -3, -3, -5, -8, -11, -14, -28], 3.5)
    bed *= np.exp(0.25 * synth.wander(5.0))
    rate = 60.0 * 5.0**level * rng.uniform(0.7, 1.4)
    starts = synth.poisson_times(min(rate, 220.0))
    count = starts.size
    pitch = np.exp(rng.normal(np.log(synth.log_uniform(380.0, 1100.0)), 0.55, count)).clip(150, 6000)
    decay = (rng.uniform(4.0, 14.0, count) / pitch).clip(0.002, 0.03)
    loud = np.exp(rng.normal(0.0, 0.8, count))
    bubbles = synth.scatter(starts, synth.lasting(0.035).damped_grains(pitch, decay, loud, rise=0.25))
    sound = normalised(bubbles) * np.exp(0.3 * synth.wander(4.0))
    sound += decibels(rng.uniform(-14.0, 2.0) + 4.0 * level) * bed
    if synth.chance(0.55):  # splashes
        splash = synth.silence
        t = synth.times
        for when in rng.uniform(0.0, synth.duration_s, rng.integers(1, 4)):
            x = t - np.float32(when)
            splash += burst_shape(x, 0.04, rng.uniform(0.1, 0.5))
        sound *= 0.35 + splash
        sound += (
            decibels(rng.uniform(-14.0, -4.0))
            * splash
            * synth.octave_noise([-30, -22, -14, -7, -4, -4, -5, -6, -7, -18], 3.0)
        )
    return sound
