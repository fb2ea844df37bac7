"""Further sounds of cars, helicopters and trains: the steady loops and single events that others record.

The world's own machines pass by, start and stop within five seconds. What games, simulators and libraries
call by the same names is often a short stretch of one running state, cut to repeat: an engine at high revs, a
rotor heard from the cabin, a locomotive that idles, one puff of steam. Signals are mono float32 [T].
"""

from collections.abc import Callable

import numpy as np

from sonic_ui.scenes.sounds.synthesis import (
    Signal,
    Synth,
    decibels,
    normalised,
    resonances,
)


def _drone(synth: Synth, hz: Signal, parts: int, bright_db: float) -> Signal:
    """A motor of `parts` cylinders or blades a turn, firing at `hz` [T]; sub-orders, body resonances."""
    rng = synth.rng
    orders = np.arange(1, 40 * parts) / parts
    peaks = [
        (synth.log_uniform(50, 180), 70.0, rng.uniform(-8.0, 0.0)),
        (synth.log_uniform(180, 600), 160.0, rng.uniform(-14.0, 0.0)),
        (synth.log_uniform(600, 2500), 600.0, rng.uniform(-14.0, -2.0) + bright_db),
    ]
    amplitudes = resonances(float(np.mean(hz)) * orders, peaks, -46.0)
    amplitudes[np.arange(1, 40 * parts) % parts != 0] *= decibels(rng.uniform(-26.0, -5.0))
    return normalised(synth.harmonic_tone(hz / parts, amplitudes))


def engine(synth: Synth) -> Signal:
    """A car's engine at any speed, from idle to a racing car's: firing 18 to 700 times a second.

    Most are dark, with the lowest orders far above the rest; several motors or mounts that are not quite in
    tune beat slowly; revs stay, wander or rise and fall.
    """
    rng, n, sr = synth.rng, synth.n, synth.sr
    hz = synth.log_uniform(18.0, 700.0)
    steady = np.exp(rng.uniform(0.0, 0.02) * synth.wander(rng.uniform(0.3, 8.0)))
    sweep = np.linspace(1.0, rng.uniform(0.6, 1.7), n) if synth.chance(0.2) else 1.0
    curve = np.asarray(hz * steady * sweep, np.float32)
    cylinders, bright = int(rng.choice([2, 3, 4, 4, 6, 8])), rng.uniform(-20.0, 8.0)
    tone = _drone(synth, curve, cylinders, bright)
    if synth.chance(0.5):
        tone = tone + rng.uniform(0.3, 1.0) * _drone(
            synth, curve * np.float32(1.0 + rng.normal(0, 0.004)), cylinders, bright
        )
    if synth.chance(0.6):
        orders = np.arange(1, 30)
        boom = synth.harmonic_tone(curve / rng.choice([1.0, 2.0]), orders ** -rng.uniform(1.0, 2.5))
        tone = normalised(tone) + decibels(rng.uniform(-6.0, 9.0)) * normalised(boom)
    tilt = rng.uniform(0.0, 5.0) * np.maximum(0.0, np.arange(10.0) - 2.0)
    noise = synth.octave_noise(np.array([-10, -5, -2, -1, -3, -6, -9, -13, -19, -34.0]) - tilt, 5.0)
    firing = (np.cumsum(curve, dtype=np.float64) / sr % 1.0).astype(np.float32)
    pulsed = noise * (1.0 + rng.uniform(0.0, 2.0) * np.exp(-3.0 * firing))
    return normalised(tone) + decibels(rng.uniform(-30.0, -2.0)) * normalised(pulsed)


def rotor(synth: Synth) -> Signal:
    """A rotor near or in the cabin: blades 7 to 30 times a second, alone or under a turbine's whine."""
    rng, n, sr = synth.rng, synth.n, synth.sr
    rate = np.full(n, synth.log_uniform(7.0, 30.0))
    if synth.chance(0.2):  # starting up
        rate = np.linspace(rng.uniform(0.1, 0.8), 1.0, n) * rate
    turn = np.cumsum(rate, dtype=np.float64) / sr + rng.random()
    cycle = (turn % 1.0).astype(np.float32)
    slap = np.exp(-0.5 * ((cycle - 0.5) / rng.uniform(0.03, 0.22)) ** 2)
    depth = rng.uniform(0.2, 1.0)
    dull = rng.uniform(0.0, 7.0) * np.maximum(0.0, np.arange(10.0) - rng.integers(2, 6))
    wash = synth.octave_noise(np.array([-10, -4, 0, -1, -4, -8, -11, -14, -20, -36.0]) - dull, 4.0)
    sound = wash * ((1.0 - depth) + 1.7 * depth * slap)
    thump = resonances(
        float(np.mean(rate)) * np.arange(1, 50), [(synth.log_uniform(30, 160), 60.0, 0.0)], -44.0
    )
    hz = np.asarray(rate, np.float32)
    sound = sound + decibels(rng.uniform(-16.0, 6.0)) * normalised(synth.harmonic_tone(hz, thump))
    if synth.chance(0.6):
        whine_hz = synth.log_uniform(400.0, 6000.0) * np.exp(0.003 * synth.wander(3.0))
        whine = synth.harmonic_tone(whine_hz, np.arange(1, 6) ** -rng.uniform(0.8, 2.0))
        gears = synth.octave_noise([-50, -40, -28, -16, -8, -4, -3, -4, -9, -24], 4.0)
        sound = sound + decibels(rng.uniform(-26.0, 2.0)) * normalised(
            normalised(whine) + rng.uniform(0.0, 2.0) * gears
        )
    return sound


def diesel(synth: Synth) -> Signal:
    """A diesel locomotive that idles or pulls: slow, heavy firing, a blower's whine, air let off."""
    rng, n, sr = synth.rng, synth.n, synth.sr
    notch = rng.random()
    hz = synth.log_uniform(9.0, 30.0) * (1.0 + 2.0 * notch)
    curve = np.asarray(hz * np.exp(0.01 * synth.wander(5.0)), np.float32)
    tone = _drone(synth, curve, int(rng.choice([4, 6, 8])), rng.uniform(-20.0, -4.0))
    noise = synth.octave_noise([-8, -3, 0, -2, -5, -8, -11, -15, -21, -36], 4.0)
    beat = (np.cumsum(curve / 2, dtype=np.float64) / sr % 1.0).astype(np.float32)
    sound = tone + decibels(rng.uniform(-8.0, 6.0)) * noise * (0.5 + rng.random() * np.exp(-4.0 * beat))
    if synth.chance(0.6):
        whine = synth.harmonic_tone(
            np.full(n, synth.log_uniform(300.0, 3000.0), np.float32), np.arange(1, 5) ** -1.5
        )
        sound = sound + decibels(rng.uniform(-24.0, -6.0)) * normalised(whine)
    if synth.chance(0.2):
        hiss = synth.band_noise(1500.0, 9000.0) * np.clip(synth.wander(0.7), 0.0, None)
        sound = sound + decibels(rng.uniform(-14.0, 0.0)) * hiss
    return sound


def steam(synth: Synth) -> Signal:
    """A steam locomotive: puffs at 0.8 to 9 a second, four to a turn, or its fire and valves at rest."""
    rng, n, sr = synth.rng, synth.n, synth.sr
    hiss = synth.octave_noise([-26, -18, -10, -5, -2, 0, -2, -5, -10, -24], 4.0)
    if synth.chance(0.2):
        simmer = np.exp(0.3 * synth.wander(6.0))
        rumble = synth.octave_noise([-12, -4, 0, -2, -6, -12, -18, -24, -30, -44], 3.0)
        return hiss * simmer + decibels(rng.uniform(-12.0, 6.0)) * rumble
    rate = synth.log_uniform(0.8, 9.0) * np.linspace(1.0, rng.uniform(0.8, 1.4), n)
    turn = np.cumsum(rate, dtype=np.float64) / sr + rng.random()
    cycle = (turn % 1.0).astype(np.float32)
    accent = np.array(rng.uniform(0.6, 1.0, 4), np.float32)[np.floor(turn).astype(int) % 4]
    rise, fall = rng.uniform(0.03, 0.15), rng.uniform(0.08, 0.35)
    puff = np.minimum(cycle / rise, 1.0) * np.exp(-np.maximum(cycle - rise, 0.0) / fall) * accent
    blast = synth.octave_noise([-18, -7, -2, 0, -1, -4, -8, -13, -20, -34], 4.0)
    return blast * puff + decibels(rng.uniform(-34.0, -12.0)) * hiss


def track(synth: Synth) -> Signal:
    """Wheels on rails from close by: joints in pairs over a rumble, or the rumble and ring alone."""
    rng, n, sr = synth.rng, synth.n, synth.sr
    rumble = synth.octave_noise([-14, -5, 0, 0, -2, -4, -7, -11, -18, -34], 4.0)
    sound = rumble * np.exp(0.2 * synth.wander(5.0))
    if synth.chance(0.8):
        rate, gap = synth.log_uniform(0.5, 3.0), rng.uniform(0.06, 0.3)
        first = (np.arange(-1, int(n / sr * rate) + 2) + rng.random()) / rate
        when = np.sort(np.concatenate([first, first + gap / rate ** rng.uniform(0.0, 1.0)]))
        part = synth.lasting(rng.uniform(0.08, 0.3))
        fall = np.exp(-part.times / np.float32(rng.uniform(0.01, 0.06)))
        clack = part.band_noise(rng.uniform(60, 500), rng.uniform(900, 7000)) * fall
        loud = rng.uniform(0.5, 1.0, (when.size, 1))
        clacks = normalised(synth.scatter(synth.samples(when), clack[None, :] * loud))
        sound = decibels(rng.uniform(-30.0, 3.0)) * sound + clacks
    return sound


def whistle(synth: Synth) -> Signal:
    """A steam whistle or an air horn: a breathy chord, held once or blown two or three times."""
    rng, n = synth.rng, synth.n
    root = synth.log_uniform(220.0, 700.0)
    bend = np.exp(0.004 * synth.wander(4.0)).astype(np.float32)
    chord = np.zeros(n, np.float32)
    for ratio in rng.choice([1.0, 1.19, 1.26, 1.33, 1.5, 1.68, 2.0], int(rng.integers(2, 5)), replace=False):
        chord += synth.harmonic_tone(root * ratio * bend, np.arange(1, 14) ** -rng.uniform(0.8, 2.0))
    breath = synth.band_noise(root, 6 * root)
    at = rng.uniform(0.0, 0.3) + np.arange(3) * rng.uniform(0.9, 1.6)
    gate = np.zeros(n, np.float32)
    for start in at[: int(rng.integers(1, 4))]:
        since = synth.times - np.float32(start)
        length_s = rng.uniform(0.3, 1.6)
        gate += np.clip(since / 0.08, 0, 1) * np.clip((length_s - since) / 0.15, 0, 1) * (since > 0)
    sound = (normalised(chord) + decibels(rng.uniform(-20.0, -4.0)) * breath) * np.minimum(gate, 1.0)
    return sound + decibels(rng.uniform(-40.0, -18.0)) * steam(synth)


RECORDED_SHARE = 0.6
"""The others are left clean, as games have them: no noise and no room may tell what a sound is of."""

LOOPS: dict[str, tuple[Callable[[Synth], Signal], ...]] = {
    "car": (engine,),
    "helicopter": (rotor,),
    "train": (diesel, steam, track, diesel, steam, track, whistle),
}


def machine_loop(source: str, rng: np.random.Generator, duration_s: float, sample_rate: int) -> Signal:
    """One further sound of a source of LOOPS, as somebody made or recorded it: mono [T] at unit RMS.

    Half of them are 0.25 to 3 s that repeat. Raises KeyError for a source without loops.
    """
    kinds = LOOPS[source]
    n = round(duration_s * sample_rate)
    synth = Synth(rng, n, sample_rate)
    make = kinds[int(rng.integers(len(kinds)))]
    sound = np.asarray(make(synth), np.float32)
    if synth.chance(RECORDED_SHARE):
        sound = synth.recorded(sound)
    if synth.chance(0.5):
        sound = np.resize(sound[: int(synth.log_uniform(0.25, 3.0) * sample_rate)], n)
    if synth.chance(0.3):  # many such files come at 11 or 22 kHz
        sound = synth.lowpass(sound, float(rng.choice([3500.0, 5000.0, 10000.0])))
    return normalised(sound)
