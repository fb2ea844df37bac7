"""Animals: a dog, a rooster, birds, crickets.

Each function: (rng, number of samples, sample rate, level in [0, 1]) -> float32 [T].
"""

from __future__ import annotations

import numpy as np

from sonic_ui.scenes.sounds_kit import (
    Signal,
    band_noise,
    chance,
    decibels,
    harmonic_tone,
    interpolated,
    log_uniform,
    normalised,
    octave_noise,
    peaked,
    resonances,
    scatter,
    seconds,
    wander,
)


def _bark(rng: np.random.Generator, sr: int, pitch_hz: float, length_s: float, rough: float) -> Signal:
    """One bark: pitch jumps up and falls, the mouth opens and closes (formants), breath noise. Peak 1."""
    n = int(length_s * sr)
    peak_at = rng.uniform(0.15, 0.4)
    sweep = [rng.uniform(0.6, 0.85), 1.0, rng.uniform(0.5, 0.8)]
    hz = pitch_hz * interpolated(n, sr, np.array([0.0, peak_at, 1.0]) * length_s, sweep)
    hz = hz * np.exp(0.02 * rough * wander(rng, n, sr, 90.0))
    harmonics = pitch_hz * np.arange(1, 40)
    mouth = pitch_hz**0.4 * log_uniform(rng, 50.0, 85.0)
    shut = resonances(harmonics, [(0.7 * mouth, 180, 0), (2.0 * mouth, 300, -20)], -54)
    wide = resonances(harmonics, [(mouth, 260, 0), (1.9 * mouth, 380, -9), (3.3 * mouth, 600, -22)], -54)
    open_ = interpolated(n, sr, np.array([0.0, peak_at, 1.0]) * length_s, [0.2, 1.0, 0.0])
    tilt = np.arange(1, 40) ** -0.4
    voiced = harmonic_tone(rng, hz, sr, wide * tilt) * open_ + harmonic_tone(rng, hz, sr, shut * tilt) * (
        1 - open_
    )
    breath = octave_noise(rng, n, sr, [-60, -52, -40, -15, 0, -4, -15, -27, -37, -54], 3.0)
    sound = normalised(voiced) * (1.0 + 0.3 * rough * breath) + decibels(rng.uniform(-20, -4)) * breath
    attack, fall = rng.uniform(0.008, 0.03), rng.uniform(0.35, 0.7)
    envelope = interpolated(n, sr, [0, attack, fall * length_s, length_s], [0, 1, rng.uniform(0.4, 0.9), 0])
    return peaked(sound * envelope**1.5)


def dog(rng: np.random.Generator, n: int, sr: int, level: float) -> Signal:
    """Bursts of barks. Level: a rare small yap to long angry bursts of a big dog."""
    pitch = log_uniform(rng, 330.0, 900.0) * (1.15 - 0.35 * level)
    length_s = rng.uniform(0.12, 0.22) + 0.06 * rng.random() * level
    rough = rng.uniform(0.3, 2.5)
    voices = [
        _bark(rng, sr, pitch * rng.uniform(0.92, 1.08), length_s * rng.uniform(0.8, 1.25), rough)
        for _ in range(3)
    ]
    sound = np.zeros(n, dtype=np.float32)
    when = rng.uniform(0.0, 0.35) * n / sr
    spacing, pause_s = rng.uniform(0.24, 0.5), rng.uniform(0.5, 1.8) * (1.6 - level)
    while when < n / sr - 0.05:
        for _ in range(rng.integers(1, 3 + round(3 * level))):
            bark = voices[rng.integers(3)] * np.float32(rng.uniform(0.5, 1.0))
            sound += scatter(n, np.array([int(when * sr)]), bark[None, :])
            when += spacing * rng.uniform(0.85, 1.25)
        when += pause_s * rng.uniform(0.6, 1.5)
    if chance(rng, 0.3):  # panting or a growl between the barks
        breath = octave_noise(rng, n, sr, [-40, -30, -18, -6, -2, -3, -6, -12, -20, -40], 4.0)
        sound += decibels(rng.uniform(-48, -32)) * breath * np.exp(wander(rng, n, sr, 4.0))
    return sound


def _crow(rng: np.random.Generator, sr: int, effort: float) -> Signal:
    """One cock-a-doodle-doo: two short notes, a rise, a long held cry that sinks. Peak about 1."""
    top = log_uniform(rng, 480.0, 1000.0)
    pace = rng.uniform(0.75, 1.3)
    points: list[tuple[float, float, float]] = []  # seconds, pitch over the top pitch, loudness
    clock = 0.0
    for _ in range(rng.integers(1, 4)):
        long = rng.uniform(0.1, 0.2) * pace
        low = rng.uniform(0.55, 0.8)
        points += [
            (clock, low, 0.0),
            (clock + 0.02, low, 0.7),
            (clock + 0.6 * long, low * 1.12, rng.uniform(0.5, 0.9)),
            (clock + long, low * 0.9, 0.0),
        ]
        clock += long + rng.uniform(0.02, 0.12) * pace
    rise, hold, sink = (
        rng.uniform(0.1, 0.3) * pace,
        rng.uniform(0.3, 0.9) * pace,
        rng.uniform(0.12, 0.5) * pace,
    )
    sag = rng.uniform(0.9, 1.02)
    points += [
        (clock, 0.7, 0.0),
        (clock + 0.03, 0.75, 0.8),
        (clock + rise, 1.0, 1.0),
        (clock + rise + hold, sag, rng.uniform(0.6, 1.0)),
        (clock + rise + hold + 0.75 * sink, sag * rng.uniform(0.6, 0.85), 0.45),
        (clock + rise + hold + sink, sag * 0.55, 0.0),
    ]
    times, ratio, loud = (np.array(column) for column in zip(*points, strict=True))
    n = int(times[-1] * sr)
    hz = (
        top
        * interpolated(n, sr, times, ratio)
        * np.exp(0.008 * wander(rng, n, sr, 40.0) + 0.03 * wander(rng, n, sr, 6.0))
    )
    hz *= 1.0 + np.float32(rng.uniform(0.0, 0.02)) * np.sin(2 * np.pi * rng.uniform(5, 9) * seconds(n, sr))
    throat = rng.uniform(1000.0, 2000.0)
    peaks = [
        (throat, rng.uniform(220.0, 420.0), 0.0),
        (1.9 * throat, 700.0, -9.0),
        (3.6 * throat, 1400.0, -17.0),
    ]
    amplitudes = resonances(top * np.arange(1, 36), peaks, rng.uniform(-62.0, -46.0) + 8.0 * effort)
    amplitudes *= np.exp(rng.normal(0.0, 0.6, amplitudes.size))
    rasp = 1.0 + np.float32(rng.uniform(0.05, 0.5)) * wander(rng, n, sr, rng.uniform(40.0, 120.0))
    voice = normalised(harmonic_tone(rng, hz, sr, amplitudes)) * rasp
    voice += decibels(rng.uniform(-34, -18)) * band_noise(rng, n, sr, 800.0, 7000.0)
    return peaked(voice * interpolated(n, sr, times, loud))


def rooster(rng: np.random.Generator, n: int, sr: int, level: float) -> Signal:
    """A crow, perhaps answered by a far one. Level: far and single to near and repeated."""
    cry = _crow(rng, sr, level)
    start = rng.uniform(0.0, max(0.1, n / sr - 0.8 * cry.size / sr) * 0.7)
    sound = scatter(n, np.array([int(start * sr)]), cry[None, :])
    if chance(rng, 0.25 + 0.4 * level):
        again = int((start + cry.size / sr + rng.uniform(0.3, 1.5)) * sr)
        sound += scatter(n, np.array([again]), cry[None, :] * np.float32(rng.uniform(0.6, 1.0)))
    if chance(rng, 0.25):
        answer = _crow(rng, sr, level) * np.float32(decibels(rng.uniform(-28, -14)))
        sound += scatter(n, rng.integers(0, n, 1), answer[None, :])
    return sound


def _song(rng: np.random.Generator, n: int, sr: int, activity: float) -> Signal:
    """One bird's song [n]: a motif of swept notes that comes again and again. Peak 1."""
    pitch = log_uniform(rng, 2000.0, 6200.0)
    kinds = rng.integers(1, 5)
    length = int(rng.choice([0.06, 0.12, 0.22]) * sr)
    t = np.linspace(0.0, 1.0, length, dtype=np.float32)[None, :]
    start = pitch * np.exp(rng.normal(0.0, 0.16, (kinds, 1)))
    sweep, bend = rng.normal(0.0, 0.3, (kinds, 1)), rng.normal(0.0, 0.35, (kinds, 1))
    warble = rng.uniform(0.0, 0.06, (kinds, 1)) * np.sin(2 * np.pi * rng.uniform(2, 7) * t)
    hz = np.clip(start * np.exp(sweep * (t - 0.5) + bend * (t - 0.5) ** 2 * 2 + warble), 1200, 0.42 * sr)
    shape = np.maximum(np.sin(np.pi * t), 0) ** rng.uniform(0.6, 2.0)
    phase = 2 * np.pi * np.cumsum(hz, axis=1) / sr
    overtone = decibels(rng.uniform(-40, -14))
    notes = (np.sin(phase) + overtone * np.sin(2 * phase)) * shape
    starts, which, gains = [], [], []
    when = rng.uniform(0.0, min(0.6, 0.3 * n / sr))
    gap, rest = length / sr * rng.uniform(1.05, 1.9), rng.uniform(0.25, 1.6) * (1.7 - activity)
    while when < n / sr:
        loud = rng.uniform(0.4, 1.0)
        for i in range(rng.integers(1, 9)):
            starts.append(int(when * sr))
            which.append(i % kinds)
            gains.append(loud * rng.uniform(0.8, 1.0))
            when += gap
        when += rest * rng.uniform(0.6, 1.5)
    grains = notes[np.array(which, dtype=np.intp)] * np.array(gains)[:, None]
    return peaked(scatter(n, np.array(starts, dtype=np.intp), grains))


def birds(rng: np.random.Generator, n: int, sr: int, level: float) -> Signal:
    """Chirps, trills and whistles of one to several birds. Level: a lone bird to a dawn chorus."""
    sound = _song(rng, n, sr, level)
    for _ in range(round(rng.uniform(0.0, 1.0) + 2.5 * level)):
        sound += decibels(rng.uniform(-22, -3)) * _song(rng, n, sr, level)
    if chance(rng, 0.12):  # a dove
        t = seconds(int(0.9 * sr), sr)
        hz = log_uniform(rng, 380.0, 560.0) * (1.0 + 0.04 * np.sin(np.pi * t / 0.9)).astype(np.float32)
        coo = (
            harmonic_tone(rng, hz, sr, np.array([1.0, 0.12, 0.04]))
            * np.maximum(np.sin(np.pi * t / 0.9), 0) ** 0.7
        )
        sound += scatter(n, rng.integers(0, n, 2), np.stack([coo, coo]) * 0.3)
    leaves = octave_noise(rng, n, sr, [-8, -6, -5, -5, -5, -5, -5, -6, -9, -18], 4.0)
    return normalised(sound) + decibels(rng.uniform(-55, -10)) * leaves


def _chirper(rng: np.random.Generator, n: int, sr: int, busy: float) -> Signal:
    """One insect: a carrier (tone or narrow noise) gated in pulses, pulses grouped in chirps. Unit RMS."""
    carrier_hz = log_uniform(rng, 3200.0, 8000.0)
    t = seconds(n, sr)
    if chance(rng, 0.55):
        hz = carrier_hz * (1.0 + 0.006 * wander(rng, n, sr, 20.0))
        carrier = harmonic_tone(rng, hz, sr, np.array([1.0, rng.uniform(0.02, 0.3), 0.05]))
    else:  # a cicada's broad band
        carrier = band_noise(
            rng, n, sr, carrier_hz * rng.uniform(0.7, 0.95), carrier_hz * rng.uniform(1.1, 2.0)
        )
    pulse = np.sin(np.pi * t * np.float32(log_uniform(rng, 18.0, 70.0)) + rng.uniform(0, 3)) ** 2
    gate = pulse ** rng.uniform(0.5, 2.0) * np.float32(rng.uniform(0.4, 1.0)) + np.float32(0.02)
    if chance(rng, 0.7):  # chirps with pauses; else one unbroken trill
        rate = log_uniform(rng, 0.8, 7.0) * (0.7 + 0.6 * busy)
        duty = rng.uniform(0.3, 0.75)
        cycle = (t * np.float32(rate) + rng.random() + 0.03 * wander(rng, n, sr, 1.0)) % 1.0
        window = np.clip(np.minimum(cycle, duty - cycle) * 12.0, 0.0, 1.0)
        gate = gate * (window + decibels(rng.uniform(-50, -24)))
    return normalised(carrier * gate)


def crickets(rng: np.random.Generator, n: int, sr: int, level: float) -> Signal:
    """Pulsed carriers between 3 and 8 kHz. Level: one cricket to a summer night full of them."""
    sound = _chirper(rng, n, sr, level)
    for _ in range(rng.integers(0, 2 + round(2 * level))):
        sound += decibels(rng.uniform(-18, -4)) * _chirper(rng, n, sr, level)
    if chance(rng, 0.3 + 0.4 * level):  # the far chorus
        centre = log_uniform(rng, 3800.0, 6500.0)
        sound += decibels(rng.uniform(-24, -8)) * band_noise(rng, n, sr, 0.9 * centre, 1.15 * centre)
    return sound
