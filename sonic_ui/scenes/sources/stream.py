"""A stream."""

import numpy as np

from sonic_ui.scenes.images.backdrops import HORIZON
from sonic_ui.scenes.images.canvas import Canvas
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
    t = np.linspace(0, 1, 14)
    y = HORIZON + 0.05 + (0.96 - HORIZON) * t**1.3
    sway = 0.13 * np.sin(2.0 + 6.0 * t + float(rng.uniform(-0.6, 0.6))) * (0.4 + 0.6 * t)
    middle = 0.5 + (x - 0.5) * 0.4 + sway
    half = 0.012 + (0.05 + 0.27 * level) * t**1.2
    left, right = middle - half, middle + half
    bank = canvas.figure()
    for grow, colour in ((0.03, (112, 94, 70)), (0.0, (62, 140, 190))):
        outline = [
            *zip(left - grow * t, y, strict=True),
            *zip((right + grow * t)[::-1], y[::-1], strict=True),
        ]
        bank.poly([(float(a), float(b)) for a, b in outline], colour)
    for _ in range(int(5 + 10 * level)):
        k = int(rng.integers(4, 13))
        cx = float(middle[k] + half[k] * rng.uniform(-0.75, 0.75))
        w = float(half[k] * rng.uniform(0.15, 0.4)) + 0.008
        bank.stroke(
            [(cx - w, float(y[k])), (cx, float(y[k]) + 0.012), (cx + w, float(y[k]))],
            0.008 + 0.006 * level,
            (216, 240, 250),
            0.95,
        )
    bank.finish(shade=0.15)
    stones = canvas.figure()
    for k in range(5, 14, 2):
        for side in (left[k] - 0.02, right[k] + 0.02):
            stones.disc(
                (float(side), float(y[k])),
                float(rng.uniform(0.016, 0.034)) * (0.6 + 0.6 * t[k]),
                (138, 134, 130),
                squash=0.65,
            )
    stones.finish(shade=0.5)


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
