"""Thunder."""

import numpy as np

from sonic_ui.scenes.images.backdrops import cloud_bank
from sonic_ui.scenes.images.canvas import Canvas, mix
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, burst_shape, decibels
from sonic_ui.scenes.sources.rain import synthesise as rain
from sonic_ui.scenes.spec import OUTDOOR_PLACES, SourceSpec

SPEC = SourceSpec(
    class_id=8,
    label="thunder",
    places=OUTDOOR_PLACES,
    indoors=False,
    layer="weather",
    z_order=30,
    storm=(0.70, 0.30),
)


def paint(canvas: Canvas, level: float, x: float) -> None:
    """A jagged bolt out of a dark cloud; the louder, the larger, with more bolts and more light."""
    rng = canvas.rng
    with canvas.lit():
        reach = 0.36 + 0.36 * level
        canvas.glow((x, 0.16 + reach * 0.4), 0.20 + 0.22 * level, (150, 140, 255), 0.40 + 0.25 * level)
        size = 0.16 + 0.10 * level
        bolts = [(x, 1.0)]
        apart = 0.16 if canvas.shared else 0.34
        inward = apart if x < 0.5 else -apart
        if level > 0.4:
            bolts.append((x + inward, 0.68))
        if level > 0.75:
            bolts.append((x - inward, 0.56))
        for at, share in bolts:
            _bolt(
                canvas, float(np.clip(at, 0.08, 0.92)), reach * share, size * share, bool(rng.random() < 0.5)
            )
    with canvas.lit(mix(canvas.ambient, (0.8, 0.8, 1.0), 0.3)):
        cloud_bank(canvas, 0.17 + 0.06 * level, (74, 78, 104))


def _bolt(canvas: Canvas, x: float, reach: float, size: float, flip: bool) -> None:
    """A zigzag that tapers to its point."""
    bolt = canvas.figure((x, 0.10), 1.0, flip=flip)
    wobble = float(canvas.rng.uniform(-0.15, 0.15))
    outline = [
        (-0.10, 0.0),
        (0.50, 0.0),
        (0.16 + wobble, 0.34),
        (0.52 + wobble, 0.34),
        (0.10 - wobble, 0.64),
        (0.36 - wobble, 0.64),
        (-0.42, 1.06),
        (-0.10 - wobble, 0.72),
        (-0.34 - wobble, 0.72),
        (-0.02 + wobble, 0.42),
        (-0.36 + wobble, 0.42),
    ]
    bolt.poly([(a * size, b * reach) for a, b in outline], (255, 242, 150))
    core = [(a * 0.55 * size, (0.03 + b * 0.92) * reach) for a, b in outline]
    bolt.poly(core, (255, 255, 244))
    bolt.finish(shade=0, outline=0.8, halo=0.7)


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
