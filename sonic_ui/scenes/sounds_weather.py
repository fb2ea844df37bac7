"""Water, air and fire: rain, sea waves, a stream, wind, thunder, a crackling fire.

Octave levels (31 Hz to 24 kHz) were read off recordings of the same names; see `sounds_kit` for the blocks.
Each function: (rng, number of samples, sample rate, level in [0, 1]) -> float32 [T].
"""

from __future__ import annotations

import numpy as np

from sonic_ui.scenes.sounds_kit import (
    Signal,
    band_noise,
    burst_shape,
    chance,
    damped_grains,
    decibels,
    interpolated,
    log_uniform,
    normalised,
    octave_noise,
    poisson_times,
    scatter,
    seconds,
    wander,
)


def rain(rng: np.random.Generator, n: int, sr: int, level: float) -> Signal:
    """Drops over a hiss: from single drops (drizzle, level 0) to a wall of noise (downpour, level 1)."""
    dark = rng.uniform(-5.0, 5.0)  # tarmac and leaves against a roof or a window
    bed_db = np.array([-13, -10, -9, -6, -5, -2, -1, -4, -10, -22.0]) + dark * np.linspace(-1, 1, 10)
    bed = octave_noise(rng, n, sr, list(bed_db), spread_db=3.0)
    bed *= np.exp(0.06 * (0.5 + rng.random()) * wander(rng, n, sr, 1.5))
    rate = 25.0 * 30.0**level * rng.uniform(0.6, 1.6)
    starts = poisson_times(rng, n, min(rate, 350.0), sr)
    count = starts.size
    pitch = np.exp(rng.normal(np.log(log_uniform(rng, 900.0, 5000.0)), 0.7, count)).clip(200, 0.4 * sr)
    decay = np.exp(rng.normal(np.log(0.002), 0.6, count)).clip(0.0003, 0.012)
    loud = np.exp(rng.normal(0.0, 0.7, count))
    drops = scatter(n, starts, damped_grains(rng, sr, pitch, decay, loud, int(0.012 * sr)))
    drops_db = rng.uniform(-4.0, 3.0) - 12.0 * level
    sound = bed + decibels(drops_db) * normalised(drops)
    if chance(rng, 0.35):  # a gust drives it
        sound *= np.exp(0.2 * wander(rng, n, sr, 0.6))
    return sound


def _swell(rng: np.random.Generator, n: int, sr: int, period_s: float) -> Signal:
    """Waves breaking: each rises for a third of its period, then washes out. Largest about 1."""
    t = seconds(n, sr)
    total = np.zeros(n, dtype=np.float32)
    start = -period_s * rng.random() - period_s
    while start < n / sr:
        this_period = period_s * rng.uniform(0.75, 1.25)
        rise, fall = this_period * rng.uniform(0.2, 0.4), this_period * rng.uniform(0.18, 0.4)
        x = t - (start + rise)
        shape = np.where(x < 0, np.exp(-np.square(x / (0.6 * rise))), np.exp(-np.abs(x) / fall))
        total += np.float32(rng.uniform(0.5, 1.0)) * shape.astype(np.float32)
        start += this_period
    return total


def sea_waves(rng: np.random.Generator, n: int, sr: int, level: float) -> Signal:
    """Swelling surf, a wave each 4 to 10 s, its wash brighter than its roar. Level: lapping to breakers."""
    period_s = rng.uniform(5.0, 10.0) * (1.0 - 0.25 * level)
    swell = _swell(rng, n, sr, period_s)
    ragged = np.exp((0.15 + 0.15 * rng.random()) * wander(rng, n, sr, 12.0))
    roar = octave_noise(rng, n, sr, [-19, -11, -5, -1, 0, -3, -7, -12, -17, -32], 2.5)
    wash = octave_noise(rng, n, sr, [-40, -30, -18, -9, -3, -1, -1, -3, -6, -15], 2.5)
    base = decibels(rng.uniform(-22.0, -9.0) + 5.0 * level)
    sound = roar * (swell + base) * ragged + decibels(rng.uniform(-7.0, 4.0)) * wash * (
        swell**1.7 + 0.5 * base
    )
    if chance(rng, 0.4):  # water over pebbles
        starts = poisson_times(rng, n, rng.uniform(20.0, 150.0), sr)
        pitch = np.exp(rng.normal(np.log(1100.0), 0.6, starts.size))
        decay = rng.uniform(0.003, 0.02, starts.size)
        loud = np.exp(rng.normal(0.0, 0.7, starts.size))
        grains = damped_grains(rng, sr, pitch, decay, loud, int(0.04 * sr), rise=0.3)
        sound += decibels(rng.uniform(-16.0, -6.0)) * normalised(scatter(n, starts, grains)) * swell
    return sound


def stream(rng: np.random.Generator, n: int, sr: int, level: float) -> Signal:
    """Running water: bubbles whose pitch rises as they close, a rushing bed. Level: trickle to torrent."""
    bed = octave_noise(rng, n, sr, [-19, -13, -11, -3, -3, -5, -8, -11, -14, -28], 3.5)
    bed *= np.exp(0.25 * wander(rng, n, sr, 5.0))
    rate = 60.0 * 5.0**level * rng.uniform(0.7, 1.4)
    starts = poisson_times(rng, n, min(rate, 220.0), sr)
    count = starts.size
    pitch = np.exp(rng.normal(np.log(log_uniform(rng, 380.0, 1100.0)), 0.55, count)).clip(150, 6000)
    decay = (rng.uniform(4.0, 14.0, count) / pitch).clip(0.002, 0.03)
    loud = np.exp(rng.normal(0.0, 0.8, count))
    bubbles = scatter(n, starts, damped_grains(rng, sr, pitch, decay, loud, int(0.035 * sr), rise=0.25))
    sound = normalised(bubbles) * np.exp(0.3 * wander(rng, n, sr, 4.0))
    sound += decibels(rng.uniform(-14.0, 2.0) + 4.0 * level) * bed
    if chance(rng, 0.55):  # splashes
        splash = np.zeros(n, dtype=np.float32)
        t = seconds(n, sr)
        for when in rng.uniform(0.0, n / sr, rng.integers(1, 4)):
            x = t - np.float32(when)
            splash += burst_shape(x, 0.04, rng.uniform(0.1, 0.5))
        sound *= 0.35 + splash
        sound += (
            decibels(rng.uniform(-14.0, -4.0))
            * splash
            * octave_noise(rng, n, sr, [-30, -22, -14, -7, -4, -4, -5, -6, -7, -18], 3.0)
        )
    return sound


def wind(rng: np.random.Generator, n: int, sr: int, level: float) -> Signal:
    """Gusts: a low roar, and narrow bands that whistle higher as the gust grows. Level: breeze to storm."""
    gust = wander(rng, n, sr, rng.uniform(0.3, 0.9)) + 0.35 * wander(rng, n, sr, 3.0)
    depth = rng.uniform(0.2, 0.6) + 0.15 * level
    swing = np.exp(depth * gust)
    low = octave_noise(rng, n, sr, [-5, -5, -5, -5, -11, -19, -26, -32, -38, -52], 4.0)
    air = octave_noise(rng, n, sr, [-40, -30, -16, -5, -2, -6, -12, -18, -26, -40], 3.0)
    sound = low * swing * np.exp(0.15 * wander(rng, n, sr, 10.0))
    sound += decibels(rng.uniform(-16.0, -3.0)) * air * swing**1.6
    whistles = rng.integers(1, 4) if chance(rng, 0.45 + 0.3 * level) else 0
    for _ in range(whistles):
        centre = log_uniform(rng, 220.0, 900.0) * np.exp(0.16 * gust + 0.05 * wander(rng, n, sr, 2.0))
        phase = (2 * np.pi / sr) * np.cumsum(centre, dtype=np.float64)
        breath = octave_noise(rng, n, sr, [0, -14, -30, -50, -70, -90, -90, -90, -90, -90], 0.0)
        sound += (
            decibels(rng.uniform(-18.0, -5.0) + 5.0 * level)
            * breath
            * np.cos(phase).astype(np.float32)
            * swing**2
        )
    return sound


def thunder(rng: np.random.Generator, n: int, sr: int, level: float) -> Signal:
    """A crack, then claps that roll away into a long low rumble. Level: far (rumble) to near (crack)."""
    duration = n / sr
    first_s = rng.uniform(-0.5, 0.45 * duration)
    t = seconds(n, sr)
    since = t - np.float32(first_s)
    hold = rng.uniform(1.2, 5.0)
    low_env = interpolated(n, sr, [first_s - 0.15, first_s + rng.uniform(0.02, 0.7)], [0.0, 1.0])
    low_env = low_env * np.exp(-np.maximum(since, 0) / np.float32(hold))
    roll = np.exp(rng.uniform(0.35, 0.7) * wander(rng, n, sr, rng.uniform(3.0, 8.0)))
    roll *= np.exp(0.35 * wander(rng, n, sr, 18.0))
    base = decibels(rng.uniform(-28.0, -9.0))
    near = 18.0 * (level - 0.6) * np.linspace(0.0, 1.0, 10)  # air swallows the treble of a far stroke
    rumble_db = np.array([-5, -2, 0, -3, -12, -22, -32, -38, -44, -60]) + near
    rumble = octave_noise(rng, n, sr, rumble_db, 3.0) * roll
    sound = rumble * (low_env + base)
    middle = octave_noise(rng, n, sr, [-40, -22, -8, -2, -2, -6, -11, -16, -22, -40], 3.0)
    claps = np.zeros(n, dtype=np.float32)
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
        sharp = band_noise(rng, n, sr, 900.0, 12000.0)
        sound += decibels(rng.uniform(-24.0, -12.0) + 14.0 * (level - 0.5)) * sharp * claps**2
    if chance(rng, 0.6):
        sound += decibels(rng.uniform(-40.0, -24.0)) * rain(rng, n, sr, rng.random())
    return sound


def crackling_fire(rng: np.random.Generator, n: int, sr: int, level: float) -> Signal:
    """Pops and crackles over a low fluttering roar. Level: a candle's snaps to a bonfire."""
    roar = octave_noise(rng, n, sr, [-6, -2, -8, -16, -22, -26, -28, -28, -32, -44], 3.5)
    roar *= np.exp(0.35 * wander(rng, n, sr, 9.0))
    hiss = octave_noise(rng, n, sr, [-44, -40, -34, -26, -19, -13, -9, -3, -2, -12], 3.0)
    hiss *= np.exp(0.2 * wander(rng, n, sr, 3.0))
    rate = 7.0 * 7.0**level * rng.uniform(0.5, 1.6)
    busy = np.exp(0.9 * wander(rng, n, sr, 2.0))
    starts = poisson_times(rng, n, 2.0 * rate, sr)
    starts = starts[rng.random(starts.size) < busy[starts] / 3.0]  # crackles come in flurries
    count = starts.size
    length = int(0.02 * sr)
    decay = np.exp(rng.normal(np.log(0.0013), 0.7, count)).clip(0.0002, 0.008).astype(np.float32)
    loud = np.minimum(rng.pareto(1.3, count) + 0.15, 14.0).astype(np.float32)
    shape = np.exp(-seconds(length, sr)[None, :] / decay[:, None]) * loud[:, None]
    noise = rng.standard_normal((count, length), dtype=np.float32)
    body = damped_grains(rng, sr, rng.uniform(600.0, 6000.0, count), 1.5 * decay, 1.5 * loud, length)
    pops = scatter(n, starts, np.diff(noise, axis=1, prepend=0) * shape * 0.8 + body)
    sound = normalised(pops) + decibels(rng.uniform(-14.0, 0.0)) * roar
    sound += decibels(rng.uniform(-26.0, -8.0)) * hiss
    for _ in range(rng.poisson(0.6 + level)):  # a log bursts: a snap with a hissing tail
        length = int(min(0.4, n / sr) * sr)
        tail = np.exp(-seconds(length, sr) / np.float32(rng.uniform(0.02, 0.12)))
        burst = band_noise(rng, length, sr, rng.uniform(200, 1500), 12000.0) * tail * rng.uniform(1.0, 6.0)
        sound += scatter(n, rng.integers(0, n, 1), burst[None, :])
    return sound
