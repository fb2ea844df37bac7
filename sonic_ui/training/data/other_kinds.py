"""Sounds of other kinds, synthesised: music, voices, drums, tones, knocks, hums, calls.

They teach the open-set head what is of no source of the world; free recordings of these are few, and music
has a thousand faces. Signals are mono float32 [T].
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sonic_ui.scenes.sounds.synthesis import (
    Signal,
    Synth,
    burst_shape,
    decibels,
    normalised,
    resonances,
)

Maker = Callable[[Synth], Signal]
SCALES = (
    (0, 2, 4, 5, 7, 9, 11),
    (0, 2, 3, 5, 7, 8, 10),
    (0, 3, 5, 7, 10),
    (0, 2, 4, 7, 9),
    (0, 1, 4, 5, 7, 8, 11),
)


def _hill(t: Signal) -> Signal:
    """A half sine over times t in [0, 1], never below zero."""
    return np.maximum(np.sin(np.pi * t), 0.0).astype(np.float32)


def _note(synth: Synth, hz: float, voice: tuple[float, ...]) -> Signal:
    """One note [n] of a voice: (slope of harmonics, odd ones alone, rise s, fall s, vibrato, breath)."""
    rng, n, sr = synth.rng, synth.n, synth.sr
    slope, odd, rise, fall, vibrato, breath = voice
    t = synth.times
    harmonics = np.arange(1.0, 40.0) ** -slope
    if odd:
        harmonics[1::2] *= 0.1
    curve = np.asarray(hz * (1.0 + vibrato * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * t)), np.float32)
    tone = normalised(synth.harmonic_tone(curve, harmonics))
    if breath:
        tone = tone + breath * synth.band_noise(hz, 5 * hz)
    shape = np.minimum(t / rise, 1.0) * (np.exp(-t / fall) if fall < 9 else 1.0)
    return tone * shape * np.minimum(1.0, (n - np.arange(n)) / (0.03 * sr))


def _voice(synth: Synth) -> tuple[float, ...]:
    rng = synth.rng
    sustained = synth.chance(0.5)
    return (
        rng.uniform(0.5, 2.5),
        float(synth.chance(0.3)),
        synth.log_uniform(0.02, 0.2) if sustained else synth.log_uniform(0.001, 0.01),
        10.0 if sustained else synth.log_uniform(0.08, 2.0),
        rng.uniform(0.0, 0.01) if sustained else 0.0,
        rng.uniform(0.0, 0.3) if sustained and synth.chance(0.4) else 0.0,
    )


def melody(synth: Synth) -> Signal:
    """One to three instruments in a key: tunes, chords, arpeggios."""
    rng, n, sr = synth.rng, synth.n, synth.sr
    scale = SCALES[int(rng.integers(len(SCALES)))]
    beat_s, root = rng.uniform(0.12, 0.7), synth.log_uniform(55.0, 440.0)
    sound = np.zeros(n, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        voice, together = _voice(synth), int(rng.choice([1, 1, 2, 3, 4]))
        octave, degree, at = 2.0 ** rng.integers(0, 3), int(rng.integers(0, 7)), rng.uniform(-beat_s, 0.0)
        loud = decibels(rng.uniform(-12.0, 0.0))
        while at < n / sr:
            length = beat_s * float(rng.choice([0.5, 1.0, 1.0, 2.0, 4.0]))
            degree += int(rng.integers(-2, 3))
            if not synth.chance(0.12):
                for k in range(together):
                    step = degree + 2 * k
                    pitch = scale[step % len(scale)] + 12 * (step // len(scale))
                    hz = float(np.clip(root * octave * 2.0 ** (pitch / 12.0), 40.0, 4000.0))
                    start = max(0, int(at * sr))
                    size = min(int((length + rng.uniform(0.0, 0.3)) * sr), n - start)
                    if size > 400:
                        sound[start : start + size] += loud * _note(replace(synth, n=size), hz, voice)
            at += length
    return sound + (decibels(rng.uniform(-10.0, 3.0)) * drums(synth) if synth.chance(0.25) else 0.0)


def chord(synth: Synth) -> Signal:
    """A chord or a single tone, held or struck once."""
    rng = synth.rng
    root, voice = synth.log_uniform(60.0, 900.0), _voice(synth)
    notes = rng.choice([0, 3, 4, 5, 7, 9, 10, 11, 12, 14, 16], int(rng.integers(1, 5)), replace=False)
    return np.sum([_note(synth, root * 2.0 ** (k / 12.0), voice) for k in notes], axis=0)


def drums(synth: Synth) -> Signal:
    """A pattern of two to four drums, shakers or clappers on a grid."""
    rng, n, sr = synth.rng, synth.n, synth.sr
    grid_s, sound = rng.uniform(0.09, 0.25), np.zeros(n, np.float32)
    steps = int(n / sr / grid_s) + 1
    for _ in range(int(rng.integers(2, 5))):
        part = synth.lasting(rng.uniform(0.05, 0.5))
        t = part.times
        hz, fall = synth.log_uniform(45.0, 900.0), synth.log_uniform(0.015, 0.2)
        skin = np.sin(2 * np.pi * hz * (t + rng.uniform(0.0, 0.3) * np.minimum(t, 0.03)))
        rattle = part.band_noise(rng.uniform(200, 5000), rng.uniform(5000, 14000))
        hit = (rng.random() * skin + rng.random() * 0.6 * rattle) * np.exp(-t / fall)
        pattern = rng.random(int(rng.choice([4, 8, 8, 16]))) < rng.uniform(0.2, 0.7)
        when = np.flatnonzero(np.resize(pattern, steps)) * grid_s + rng.normal(0, 0.004)
        loud = rng.uniform(0.4, 1.0, (when.size, 1))
        sound += synth.scatter(synth.samples(when), hit[None, :] * loud)
    return sound


VOWELS = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (300, 870, 2240),
    (530, 1840, 2480),
    (570, 840, 2410),
    (490, 1350, 1690),
)
"""First three formants in Hz (Peterson and Barney 1952)."""


def speech(synth: Synth) -> Signal:
    """Babble of one speaker: voiced syllables with moving formants and pitch, hisses, pauses."""
    rng, n, sr = synth.rng, synth.n, synth.sr
    pitch, size = synth.log_uniform(85.0, 300.0), rng.uniform(0.9, 1.25)
    sound, at = np.zeros(n, np.float32), 0.0
    while at < n / sr - 0.1:
        length = rng.uniform(0.09, 0.28)
        start, count = int(at * sr), min(int(length * sr), n - int(at * sr))
        if count < 800:
            break
        t = np.linspace(0.0, 1.0, count, dtype=np.float32)
        hz = pitch * (1.0 + rng.normal(0, 0.12) + rng.normal(0, 0.15) * t)
        parts = []
        for vowel in (VOWELS[int(rng.integers(6))], VOWELS[int(rng.integers(6))]):
            peaks = [(size * f, 60.0 + 0.05 * f, -5.0 * k) for k, f in enumerate(vowel)]
            order = np.arange(1, max(2, int(5500 / pitch)))
            parts.append(synth.harmonic_tone(hz, resonances(pitch * order, peaks, -40.0) * order**-0.4))
        syllable = (normalised(parts[0]) * (1 - t) + normalised(parts[1]) * t) * _hill(t) ** 0.6
        sound[start : start + count] += rng.uniform(0.5, 1.0) * syllable
        if synth.chance(0.4):
            fricative = replace(synth, n=count).band_noise(rng.uniform(1500, 4000), rng.uniform(5000, 11000))
            shift = min(start + int(0.7 * count), n - count)
            sound[shift : shift + count] += rng.uniform(0.1, 0.5) * fricative * _hill(t) ** 2
        at += length * rng.uniform(0.8, 1.1) + (rng.uniform(0.15, 0.6) if synth.chance(0.15) else 0.0)
    return sound


def crowd(synth: Synth) -> Signal:
    """Many speakers at once, some of them near; at times they laugh, cheer or clap."""
    rng, n = synth.rng, synth.n
    parts = [decibels(rng.uniform(-14.0, 0.0)) * speech(synth) for _ in range(int(rng.integers(4, 9)))]
    sound = sum(
        (np.roll(p, int(rng.integers(n))) + np.roll(p, int(rng.integers(n))) for p in parts), np.zeros(n)
    )
    if synth.chance(0.3):
        starts = synth.poisson_times(synth.log_uniform(15.0, 200.0))
        part = synth.lasting(0.03)
        clap = part.band_noise(600.0, 5000.0) * np.exp(-part.times / 0.006)
        sound = sound + rng.uniform(0.1, 1.0) * synth.scatter(
            starts, clap[None, :] * rng.uniform(0.2, 1, (starts.size, 1))
        )
    return normalised(sound)


def signal_tone(synth: Synth) -> Signal:
    """Beeps, sirens, sweeps, alarms, car horns, telephone rings."""
    rng, n, sr = synth.rng, synth.n, synth.sr
    t, hz = synth.times, synth.log_uniform(250.0, 3500.0)
    kind = int(rng.integers(4))
    if kind == 0:  # siren
        swing = np.sin(2 * np.pi * synth.log_uniform(0.2, 6.0) * t)
        hz_t = hz * 2.0 ** (rng.uniform(0.2, 1.0) * (np.sign(swing) if synth.chance(0.3) else swing))
    elif kind == 1:  # sweep
        hz_t = hz * 2.0 ** (rng.uniform(-2.0, 2.0) * t / (n / sr))
    else:
        hz_t = np.full(n, hz)
    tone = synth.harmonic_tone(np.asarray(hz_t, np.float32), np.arange(1, 20) ** -rng.uniform(0.5, 3.0))
    if kind == 2:
        tone = tone * (np.sin(2 * np.pi * synth.log_uniform(0.7, 20.0) * t) > rng.uniform(-0.7, 0.7))
    if kind == 3:
        second = synth.harmonic_tone(
            np.full(n, hz * rng.uniform(1.1, 1.4), np.float32), np.arange(1, 20) ** -1.0
        )
        tone = (tone + second) * (np.abs(t - rng.uniform(0.5, 4.0)) < rng.uniform(0.2, 2.0))
    return tone


def knocks(synth: Synth) -> Signal:
    """Hammers, knocks, steps, keys: struck wood or metal, one by one and not as even as a clock."""
    rng, n, sr = synth.rng, synth.n, synth.sr
    rate, part = synth.log_uniform(0.6, 9.0), synth.lasting(0.5)
    gaps = rng.gamma(synth.log_uniform(2.0, 60.0), 1.0, int(rate * n / sr) + 3)
    when = np.cumsum(gaps / gaps.mean()) / rate - rng.random()
    modes, metal = int(rng.integers(3, 9)), synth.chance(0.4)
    hz = rng.uniform(*((500.0, 7000.0) if metal else (60.0, 1200.0)), modes)
    decay = rng.uniform(*((0.05, 0.4) if metal else (0.005, 0.04)), modes)
    hit = part.damped_grains(hz, decay, rng.uniform(0.2, 1.0, modes)).sum(0)
    scrape = part.band_noise(rng.uniform(200, 2000), rng.uniform(2500, 12000))
    hit = hit + rng.uniform(0.1, 1.5) * scrape * np.exp(
        -part.times / np.float32(synth.log_uniform(0.003, 0.12))
    )
    return synth.scatter(synth.samples(when), hit[None, :] * rng.uniform(0.4, 1.0, (when.size, 1)))


def hum(synth: Synth) -> Signal:
    """Fans, transformers, vacuum cleaners, jets, drills: steady or sliding tones in broad noise."""
    rng, n = synth.rng, synth.n
    hz = synth.log_uniform(45.0, 1500.0) * np.exp(0.004 * synth.wander(2.0))
    if synth.chance(0.3):
        hz = hz * np.linspace(1.0, rng.uniform(0.5, 2.0), n)
    tone = normalised(
        synth.harmonic_tone(np.asarray(hz, np.float32), np.arange(1, 30) ** -rng.uniform(0.3, 2.0))
    )
    tilt = rng.uniform(-5.0, 1.5)
    noise = synth.octave_noise(tilt * np.arange(10.0), 5.0)
    return tone + decibels(rng.uniform(-25.0, 8.0)) * noise


def calls(synth: Synth) -> Signal:
    """Cattle, cats, sheep, wolves, owls, babies: a few long calls with formants and a bending pitch."""
    rng, n, sr = synth.rng, synth.n, synth.sr
    pitch, length = synth.log_uniform(70.0, 1100.0), rng.uniform(0.25, 2.2)
    formants = [(synth.log_uniform(300, 900), 150.0, 0.0), (synth.log_uniform(900, 3500), 300.0, -6.0)]
    sound, at = np.zeros(n, np.float32), rng.uniform(0.0, 0.5)
    bend, rough = rng.uniform(-0.5, 0.5, 3), rng.uniform(0.0, 1.0) if synth.chance(0.4) else 0.0
    shake = rng.uniform(0.0, 0.06) if synth.chance(0.4) else 0.0
    while at < n / sr - 0.2:
        start = int(at * sr)
        count = min(int(length * rng.uniform(0.7, 1.2) * sr), n - start)
        t = np.linspace(0.0, 1.0, count, dtype=np.float32)
        wave = np.sin(2 * np.pi * rng.uniform(6, 14) * t * count / sr)
        hz = (
            pitch
            * 2.0 ** np.interp(t, [0, 0.3, 0.7, 1], [bend[0], 0.0, bend[1], bend[2]])
            * (1 + shake * wave)
        )
        order = np.arange(1, max(3, int(7000 / pitch)))
        tone = normalised(synth.harmonic_tone(hz, resonances(pitch * order, formants, -34.0) * order**-0.3))
        growl = 1.0 + np.sin(2 * np.pi * rng.uniform(25, 60) * t * count / sr)
        tone = np.asarray(tone * (1.0 - 0.5 * rough * growl), np.float32)
        breath = rng.uniform(0.0, 0.4) * replace(synth, n=count).band_noise(400.0, 6000.0)
        sound[start : start + count] += (tone + breath) * _hill(t) ** rng.uniform(0.3, 1.5)
        at += length + rng.uniform(0.2, 2.5)
    return sound


def croaks(synth: Synth) -> Signal:
    """Frogs, ducks, geese, snores, bees: trains of pulses through a resonance, in groups."""
    rng = synth.rng
    rate = synth.log_uniform(18.0, 250.0) * np.exp(0.06 * synth.wander(3.0))
    order = np.arange(1, 60)
    peaks = [
        (synth.log_uniform(300, 2500), synth.log_uniform(60, 500), 0.0),
        (synth.log_uniform(1500, 5000), 500.0, -8.0),
    ]
    tone = synth.harmonic_tone(
        np.asarray(rate, np.float32), resonances(float(rate.mean()) * order, peaks, -36.0)
    )
    turns = synth.log_uniform(0.4, 5.0) * synth.times + rng.random()
    gate = np.clip(np.sin(2 * np.pi * turns) * 4 + rng.uniform(-2, 3), 0.0, 1.0)
    return normalised(tone) * gate + decibels(rng.uniform(-40.0, -15.0)) * synth.octave_noise(np.zeros(10))


def bursts(synth: Synth) -> Signal:
    """Sneezes, sprays, explosions, saws, brooms, breaths: noise in a few strokes, sharp or swelling."""
    rng, n, sr = synth.rng, synth.n, synth.sr
    rate, low = synth.log_uniform(0.3, 4.0), synth.log_uniform(80.0, 3000.0)
    rise, fall = synth.log_uniform(0.003, 0.3), synth.log_uniform(0.04, 0.5)
    shape = np.zeros(n, np.float32)
    for k in range(int(n / sr * rate) + 1):
        since = synth.times - np.float32((k + rng.uniform(0.0, 0.5)) / rate)
        shape += rng.uniform(0.5, 1.0) * burst_shape(since, rise, fall)
    return shape * synth.band_noise(low, low * synth.log_uniform(2.0, 12.0))


def silence_with_trouble(synth: Synth) -> Signal:
    """A cable that hums, a microphone that is touched, handling noise: nothing was recorded."""
    rng, n, sr = synth.rng, synth.n, synth.sr
    buzz = synth.harmonic_tone(
        np.full(n, float(rng.choice([50.0, 60.0])), np.float32), np.arange(1, 40) ** -1.0
    )
    thud = synth.lowpass(knocks(synth), synth.log_uniform(80.0, 800.0))
    shape = synth.curve([0, n / sr], [rng.random(), rng.random()])
    return rng.random() * normalised(buzz) * shape + rng.random() * normalised(thud)


RECORDED_SHARE = 0.6
"""The others are left clean."""

KINDS: dict[str, tuple[Maker, float]] = {
    "melody": (melody, 3.0),
    "chord": (chord, 1.5),
    "drums": (drums, 1.5),
    "speech": (speech, 2.0),
    "crowd": (crowd, 1.5),
    "signal_tone": (signal_tone, 1.0),
    "knocks": (knocks, 1.5),
    "hum": (hum, 1.0),
    "calls": (calls, 2.0),
    "croaks": (croaks, 1.0),
    "bursts": (bursts, 1.0),
    "silence_with_trouble": (silence_with_trouble, 0.3),
}
"""Kinds of sounds that are of no source, and how often each is drawn."""


def other_sound(rng: np.random.Generator, duration_s: float, sample_rate: int) -> Signal:
    """A sound of another kind as somebody made or recorded it: mono [T] at unit RMS.

    A third repeats a part of a fifth of a second to 3 s, as loops of libraries do.
    """
    shares = np.array([share for _, share in KINDS.values()])
    make, _ = list(KINDS.values())[int(rng.choice(len(KINDS), p=shares / shares.sum()))]
    n = round(duration_s * sample_rate)
    synth = Synth(rng, n, sample_rate)
    sound = np.asarray(make(synth), np.float32)
    if synth.chance(RECORDED_SHARE):
        sound = synth.recorded(sound)
    if synth.chance(0.33):
        start, length = int(rng.uniform(0.0, 0.3) * n), int(synth.log_uniform(0.2, 3.0) * sample_rate)
        part = sound[start : start + length]
        sound = np.resize(part, n) if np.abs(part).max() > 0.05 * np.abs(sound).max() else sound
    return normalised(sound)
