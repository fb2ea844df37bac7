"""Made things: a clock, a helicopter, a chainsaw, a church bell, a car, a train.

Each function: (rng, number of samples, sample rate, level in [0, 1]) -> float32 [T].
"""

from __future__ import annotations

import numpy as np

from sonic_ui.scenes.sounds_kit import (
    Signal,
    band_noise,
    chance,
    damped_grains,
    decibels,
    filtered,
    harmonic_tone,
    interpolated,
    log_uniform,
    normalised,
    octave_noise,
    passing,
    peaked,
    poisson_times,
    resonances,
    scatter,
    seconds,
    wander,
)


def _tick(rng: np.random.Generator, sr: int, body_hz: float, dull: float) -> Signal:
    """One beat of an escapement: two to four clicks within 30 ms that ring in the case. Peak 1."""
    length = int(0.22 * sr)
    clicks = rng.integers(1, 5)
    delays = np.sort(rng.uniform(0.0, 0.03, clicks)) * (np.arange(clicks) > 0)
    modes = 7
    hz = body_hz * np.exp(rng.normal(0.3, 0.9, modes))
    hz = np.minimum(hz, 0.4 * sr)
    decay = rng.uniform(0.002, 0.02, modes) * (1500.0 / hz) ** 0.4
    gain = rng.uniform(0.2, 1.0, modes) * (hz / body_hz) ** -dull
    ring = damped_grains(rng, sr, hz, decay, gain, length).sum(axis=0)
    noise = band_noise(rng, length, sr, log_uniform(rng, 300.0, 3000.0), rng.uniform(5000.0, 14000.0))
    fast, slow = log_uniform(rng, 0.0008, 0.004), log_uniform(rng, 0.01, 0.05)
    t = seconds(length, sr)
    noise *= np.exp(-t / np.float32(fast)) + np.float32(rng.uniform(0.0, 0.15)) * np.exp(
        -t / np.float32(slow)
    )
    ring = ring + np.float32(rng.uniform(0.3, 2.0)) * noise
    loud = rng.uniform(0.25, 1.0, clicks)[:, None]
    return peaked(scatter(length, (delays * sr).astype(np.intp), ring[None, :] * loud))


def clock(rng: np.random.Generator, n: int, sr: int, level: float) -> Signal:
    """Tick, tock: regular beats of two alternating colours. Level: a slow far clock to a quick near one."""
    rate = min(6.0, log_uniform(rng, 1.0, 3.2) * (0.8 + 0.6 * level))
    body = log_uniform(rng, 400.0, 3600.0)
    dull = rng.uniform(0.0, 0.9)
    tick = _tick(rng, sr, body, dull)
    same = chance(rng, 0.35)
    tock = (
        tick
        if same
        else _tick(rng, sr, body * rng.uniform(0.7, 1.2), dull) * np.float32(rng.uniform(0.4, 1.0))
    )
    beats = int(n / sr * rate) + 2
    limp = 0.0 if same else rng.uniform(-0.06, 0.06)
    when = (np.arange(beats) - rng.random() + limp * (np.arange(beats) % 2)) / rate
    when = when + rng.normal(0.0, 0.0008, beats)
    grains = np.where((np.arange(beats) % 2)[:, None] == 0, tick[None, :], tock[None, :])
    sound = scatter(n, (when * sr).astype(np.intp), grains * rng.uniform(0.85, 1.0, (beats, 1)))
    hum = octave_noise(rng, n, sr, [-6, -6, -8, -10, -11, -12, -14, -17, -21, -34], 5.0)
    return sound + decibels(rng.uniform(-62.0, -32.0)) * hum


def helicopter(rng: np.random.Generator, n: int, sr: int, level: float) -> Signal:
    """Blade slaps 9 to 26 times a second over a broad roar, a turbine. Level: far hover to overhead."""
    near, doppler = passing(rng, n, sr)
    steady = rng.uniform(0.0, 0.9)
    gain = steady + (1.0 - steady) * near
    rate = log_uniform(rng, 9.0, 26.0) * (1.0 + 0.3 * (doppler - 1.0))
    turn = np.cumsum(rate, dtype=np.float64) / sr + rng.random()
    cycle = (turn % 1.0).astype(np.float32)
    sharp = rng.uniform(0.05, 0.22)
    slap = np.exp(-0.5 * ((cycle - 0.5) / sharp) ** 2)
    uneven = 1.0 + 0.25 * rng.random() * np.cos(np.pi * np.floor(turn)).astype(np.float32)
    depth = rng.uniform(0.25, 0.85)
    swing = (1.0 - depth) + depth * slap * uneven * 1.6
    far = rng.uniform(0.0, 16.0) * (1.3 - level)
    slope = -far * np.maximum(0.0, np.arange(10.0) - 4.0) / 4.0
    roar = octave_noise(
        rng, n, sr, list(np.array([-14, -8, -2, 0, -3, -7, -9, -12, -19, -36.0]) + slope), 2.5
    )
    slow = wander(rng, n, sr, 1.5)
    hiss = octave_noise(
        rng, n, sr, list(np.array([-50, -40, -28, -16, -8, -5, -5, -6, -10, -24.0]) + slope), 3.0
    )
    sound = (roar * swing + decibels(rng.uniform(-20.0, -7.0)) * hiss) * np.exp(
        rng.uniform(0.08, 0.25) * slow
    )
    harmonics = np.arange(1, 60)
    thump_hz = rate * harmonics[:, None] if np.ndim(rate) == 0 else float(np.mean(rate)) * harmonics
    thump = resonances(thump_hz, [(log_uniform(rng, 60, 200), 60.0, 0.0), (300.0, 150.0, -9.0)], -40.0)
    sound += decibels(rng.uniform(-9.0, 3.0)) * normalised(harmonic_tone(rng, rate, sr, thump))
    if chance(rng, 0.5):
        whine_hz = log_uniform(rng, 500.0, 4500.0) * doppler
        whine = harmonic_tone(rng, whine_hz, sr, np.array([1.0, 0.3, 0.1]))
        sound += decibels(rng.uniform(-30.0, -14.0)) * whine
    return sound * gain


def _revs(rng: np.random.Generator, n: int, sr: int, idle: float, full: float, hurry: float) -> Signal:
    """A hand on the throttle: stretches at full speed and at idle, ramps between; values in [idle, full]."""
    times, values = [-1.0], [idle if chance(rng, 0.4) else full]
    while times[-1] < n / sr:
        stay = rng.uniform(0.3, 2.6) / hurry
        target = idle + (full - idle) * (
            rng.uniform(0.0, 0.15) if chance(rng, 0.35) else rng.uniform(0.65, 1.0)
        )
        times += [times[-1] + stay, times[-1] + stay + rng.uniform(0.12, 0.5)]
        values += [values[-1], target]
    return interpolated(n, sr, times, values)


def chainsaw(rng: np.random.Generator, n: int, sr: int, level: float) -> Signal:
    """A two-stroke buzz that revs between idle and full, and the chain. Level: idling to cutting hard."""
    full = log_uniform(rng, 85.0, 190.0)
    idle = full * rng.uniform(0.3, 0.55)
    throttle = _revs(rng, n, sr, idle, idle + (full - idle) * (0.55 + 0.45 * level), 1.0)
    hz = throttle * np.exp(0.006 * wander(rng, n, sr, 30.0) + 0.02 * wander(rng, n, sr, 3.0))
    harmonics = 0.5 * np.arange(1, 140)  # the half order: strokes are not alike
    muffler = [
        (log_uniform(rng, 90, 260), 110.0, 0.0),
        (log_uniform(rng, 450, 1000), 350.0, -4.0),
        (log_uniform(rng, 1500, 3500), 1100.0, -13.0),
    ]
    amplitudes = resonances(full * harmonics, muffler, -38.0)
    amplitudes[::2] *= decibels(rng.uniform(-16.0, -3.0))
    buzz = normalised(harmonic_tone(rng, 0.5 * hz, sr, amplitudes))
    firing = np.cumsum(hz, dtype=np.float64) / sr % 1.0
    puff = np.exp(-3.0 * firing).astype(np.float32)
    noise = octave_noise(rng, n, sr, [-24, -12, -5, -4, -4, -3, -4, -7, -15, -36], 3.0)
    load = (throttle / full) ** rng.uniform(0.8, 2.8)
    buzz *= np.exp(0.12 * wander(rng, n, sr, 25.0) + 0.25 * rng.random() * wander(rng, n, sr, 4.0))
    sound = (buzz + decibels(rng.uniform(-15.0, 0.0)) * noise * (0.35 + 1.3 * puff)) * load
    chain = octave_noise(rng, n, sr, [-60, -50, -38, -26, -14, -7, -3, -2, -6, -20], 3.0)
    return sound + decibels(rng.uniform(-24.0, -10.0) + 5.0 * level) * chain * load**3


BELL_PARTIALS = np.array([0.5, 1.0, 1.19, 1.5, 2.0, 2.51, 2.66, 3.01, 4.1, 5.43, 6.8, 8.2, 10.9, 14.0])
"""Hum, prime, tierce, quint, nominal and above, over the prime (Rossing, Percussion Instruments)."""

BELL_LEVELS = np.array([0.5, 0.8, 1.0, 0.4, 1.0, 0.5, 0.45, 0.6, 0.4, 0.35, 0.3, 0.25, 0.2, 0.15])
"""How loud each partial is struck."""


def _bell(rng: np.random.Generator, n: int, sr: int, prime_hz: float, soft: float) -> Signal:
    """One stroke of a bell [n]: damped partials, the high ones softer (by `soft`) and shorter."""
    t = seconds(n, sr)
    partials = BELL_PARTIALS * np.exp(rng.normal(0.0, 0.008, BELL_PARTIALS.size))
    loud = BELL_LEVELS * np.exp(rng.normal(0.0, 0.35, partials.size)) * partials**-soft
    ring_s = rng.uniform(0.7, 2.6) * partials ** -rng.uniform(0.5, 0.9)
    phases = rng.uniform(0.0, 2 * np.pi, partials.size)
    sound = np.zeros(n, dtype=np.float32)
    for f, amplitude, decay, phase in zip(prime_hz * partials, loud, ring_s, phases, strict=True):
        if f < 0.45 * sr:
            heard = t[: int(7.0 * decay * sr)]
            tone = np.sin(np.float32(2 * np.pi * f) * heard + np.float32(phase))
            sound[: heard.size] += np.float32(amplitude) * tone * np.exp(heard * np.float32(-1.0 / decay))
    return sound


def church_bell(rng: np.random.Generator, n: int, sr: int, level: float) -> Signal:
    """One bell tolling or several pealing: inharmonic, long partials. Level: a far toll to a peal."""
    sound = np.zeros(n, dtype=np.float32)
    base = log_uniform(rng, 220.0, 700.0)
    bells = 1 + round(rng.uniform(0.0, 1.0) + 1.3 * level)
    soft = rng.uniform(-0.5, 0.5)
    for bell in range(bells):
        gap = rng.uniform(0.55, 2.4) * (1.25 - 0.5 * level)
        pitch = base * 2.0 ** (rng.choice([0, 2, 4, 5, 7, 9, 12]) / 12.0 if bell else 0.0)
        stroke = _bell(rng, n, sr, pitch, soft) * np.float32(rng.uniform(0.5, 1.0))
        when = np.arange(-1.5, n / sr + gap, gap) + rng.random() * gap  # some before the recording began
        for start in ((when + rng.normal(0.0, 0.02, when.size)) * sr).astype(np.intp):
            kept = stroke[max(0, -start) : max(0, n - start)]
            sound[max(0, start) : max(0, start) + kept.size] += np.float32(rng.uniform(0.7, 1.0)) * kept
    air = octave_noise(rng, n, sr, [-8, -6, -5, -6, -8, -11, -14, -17, -22, -34], 4.0)
    return normalised(sound) + decibels(rng.uniform(-55.0, -22.0)) * air


def _engine(rng: np.random.Generator, hz: Signal, sr: int) -> Signal:
    """A four-stroke motor whose cylinders fire at `hz` [T]: half orders, exhaust, valve noise. Unit RMS."""
    n = hz.size
    orders = 0.25 * np.arange(1, 120)
    mean_hz = float(np.mean(hz))
    exhaust = [
        (log_uniform(rng, 50, 140), 60.0, 0.0),
        (log_uniform(rng, 200, 450), 120.0, -6.0),
        (log_uniform(rng, 700, 1500), 500.0, rng.uniform(-30.0, -16.0)),
    ]
    amplitudes = resonances(mean_hz * orders, exhaust, -44.0)
    amplitudes[np.arange(1, 120) % 4 != 0] *= decibels(rng.uniform(-18.0, -6.0))
    tone = normalised(harmonic_tone(rng, 0.25 * hz, sr, amplitudes))
    firing = (np.cumsum(hz, dtype=np.float64) / sr % 1.0).astype(np.float32)
    noise = octave_noise(rng, n, sr, [-12, -8, -5, -3, -6, -11, -19, -24, -31, -44], 4.0)
    return normalised(tone + decibels(rng.uniform(-10.0, 2.0)) * noise * (0.4 + np.exp(-3.0 * firing)))


def car(rng: np.random.Generator, n: int, sr: int, level: float) -> Signal:
    """An engine: idling, being started, or driving past on loud tyres. Level: idle to speeding."""
    kind = rng.random()
    jitter = np.exp(0.015 * wander(rng, n, sr, 8.0) + 0.01 * wander(rng, n, sr, 40.0))
    if kind < 0.45:  # passing
        near, doppler = passing(rng, n, sr)
        hz = log_uniform(rng, 45.0, 110.0) * (0.8 + 0.5 * level) * doppler * jitter
        tyres = octave_noise(rng, n, sr, [-14, -9, -6, -3, -2, -2, -8, -16, -26, -42], 3.0)
        sound = _engine(rng, hz, sr) * near + decibels(rng.uniform(-6.0, 6.0)) * tyres * near**1.5
        return sound + 0.03 * tyres
    idle = log_uniform(rng, 16.0, 36.0) * (1.0 + 0.35 * level)
    if kind < 0.6:  # starting: the starter cranks, the motor catches
        start_s = rng.uniform(0.4, 0.4 * n / sr + 0.4)
        crank = rng.uniform(5.0, 9.0)
        t = seconds(n, sr)
        flare = idle * (1.0 + 1.6 * np.exp(-np.maximum(t - start_s, 0) / 0.5)).astype(np.float32)
        motor = _engine(rng, flare * jitter, sr) * interpolated(
            n, sr, [start_s - 0.1, start_s + 0.1], [0.0, 1.0]
        )
        whirr_hz = crank * 36.0 * (1.0 + 0.15 * np.sin(2 * np.pi * crank * t))
        whirr = normalised(harmonic_tone(rng, whirr_hz, sr, np.arange(1, 14) ** -0.8))
        whirr *= (1.0 + 0.8 * np.sin(2 * np.pi * crank * t)) * (t < start_s)
        return motor + decibels(rng.uniform(-8.0, 2.0)) * whirr
    full = idle * rng.uniform(2.0, 4.5)
    revs = (
        _revs(rng, n, sr, idle, idle + (full - idle) * level, 0.8) if chance(rng, 0.3 + 0.5 * level) else idle
    )
    hz = np.asarray(revs * jitter, dtype=np.float32)
    return _engine(rng, hz, sr) * (hz / idle) ** 0.6


def _horn(rng: np.random.Generator, n: int, sr: int) -> Signal:
    """A locomotive's horn [n]: a chord held for a second or two. Unit peak."""
    root = log_uniform(rng, 260.0, 420.0)
    sound = np.zeros(n, dtype=np.float32)
    bend = np.exp(0.003 * wander(rng, n, sr, 3.0))
    for ratio in rng.choice([1.0, 1.19, 1.26, 1.5, 1.68, 2.0], rng.integers(2, 5), replace=False):
        sound += harmonic_tone(rng, root * ratio * bend, sr, np.arange(1, 16) ** -rng.uniform(0.7, 1.3))
    start, hold = rng.uniform(-0.5, 0.6 * n / sr), rng.uniform(0.7, 2.2)
    return peaked(
        sound * interpolated(n, sr, [start, start + 0.12, start + hold, start + hold + 0.3], [0, 1, 1, 0])
    )


def train(rng: np.random.Generator, n: int, sr: int, level: float) -> Signal:
    """Wheels over rail joints (clack-clack) in a rumble, at times a horn. Level: slow to express."""
    near, _ = passing(rng, n, sr)
    steady = rng.uniform(0.2, 1.0)
    gain = steady + (1.0 - steady) * near
    rumble = octave_noise(rng, n, sr, [-22, -8, 0, -1, -5, -7, -10, -15, -24, -42], 2.5)
    sound = rumble * np.exp(0.15 * wander(rng, n, sr, 6.0) + 0.1 * wander(rng, n, sr, 1.0))
    rate = log_uniform(rng, 0.6, 1.5) * (0.7 + 0.9 * level)  # cars a second
    joints = np.arange(-1, int(n / sr * rate) + 2) / rate + rng.random() / rate
    axle = rng.uniform(0.1, 0.17) / rate
    bogie = rng.uniform(0.36, 0.5) / rate
    when = (joints[:, None] + np.array([0.0, axle, bogie, bogie + axle])[None, :]).ravel()
    when = when + rng.normal(0.0, 0.006, when.size)
    length = int(0.16 * sr)
    fall = np.exp(-seconds(length, sr) / np.float32(rng.uniform(0.012, 0.045)))
    clack = band_noise(rng, length, sr, rng.uniform(60, 350), rng.uniform(900, 4000)) * fall
    modes = rng.uniform(120.0, 1500.0, 5)
    clack = clack + damped_grains(rng, sr, modes, np.full(5, 0.02), np.full(5, 0.5), length).sum(axis=0)
    loud = rng.uniform(0.5, 1.0, (when.size, 1))
    clacks = scatter(n, (when * sr).astype(np.intp), clack[None, :] * loud)
    sound += decibels(rng.uniform(-11.0, 3.0)) * normalised(clacks)
    sound *= gain
    if chance(rng, 0.25):
        sound += decibels(rng.uniform(0.0, 12.0)) * _horn(rng, n, sr)
    if chance(rng, 0.25):  # flanges squeal
        squeal_hz = log_uniform(rng, 1800.0, 5200.0) * np.exp(0.01 * wander(rng, n, sr, 6.0))
        squeal = harmonic_tone(rng, squeal_hz, sr, np.array([1.0, 0.3, 0.2]))
        sound += decibels(rng.uniform(-26.0, -10.0)) * squeal * np.exp(0.8 * wander(rng, n, sr, 1.5)) * gain
    if chance(rng, 0.3):  # ballast and couplings
        starts = poisson_times(rng, n, 12.0, sr)
        rattle = damped_grains(
            rng,
            sr,
            rng.uniform(800, 5000, starts.size),
            np.full(starts.size, 0.008),
            np.exp(rng.normal(0, 0.7, starts.size)),
            int(0.04 * sr),
        )
        sound += decibels(rng.uniform(-20.0, -8.0)) * normalised(
            filtered(scatter(n, starts, rattle), sr, 300.0)
        )
    return sound
