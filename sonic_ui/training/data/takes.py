"""Takes: recordings as other equipment would have them.

Crops, speed, microphone and bandwidth, room and distance, noise, clipping, lossy codecs: whatever tells one
recording from another and not one source from another.
"""

import io
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy import fft

from sonic_ui.audio.reverb import impulse_response
from sonic_ui.scenes.sounds.synthesis import Signal, Synth, decibels, normalised
from sonic_ui.training.data.recordings import Recording

SHORTEST_LOOP_S = 0.25


def take_of(samples: Signal, synth: Synth) -> Signal:
    """Another take [n] of a recording [T], unit RMS."""
    rng = synth.rng
    take = at_speed(cropped(samples, synth), rng.uniform(0.9, 1.1))
    take = through_room_and_microphone(laid_out(take, synth), synth)
    if synth.chance(0.55):  # noise of any colour, from hiss to rumble
        noise = synth.octave_noise(rng.uniform(-6.0, 3.0) * np.arange(10.0), spread_db=4.0)
        take = take + decibels(rng.uniform(-45.0, -6.0)) * noise
    if synth.chance(0.2):
        take = clipped(take, synth)
    if synth.chance(0.25):
        take = coded(take, synth)
    return normalised(take)


def cropped(samples: Signal, synth: Synth) -> Signal:
    """A part of little more than n samples; at times a short one, as libraries cut theirs."""
    rng, n = synth.rng, round(1.12 * synth.n)
    if synth.chance(0.3):
        n = min(n, int(synth.log_uniform(SHORTEST_LOOP_S, 4.0) * synth.sr))
    if samples.size <= n:
        return samples
    best = max(
        (int(rng.integers(0, samples.size - n + 1)) for _ in range(3)),
        key=lambda start: float(np.mean(np.square(samples[start : start + n : 16]))),
    )
    return samples[best : best + n]


def at_speed(samples: Signal, factor: float) -> Signal:
    """The samples played `factor` times as fast, pitch with it; read between samples, not filtered."""
    count = max(2, int(samples.size / factor))
    return np.interp(np.linspace(0, samples.size - 1, count), np.arange(samples.size), samples).astype(
        np.float32
    )


def laid_out(samples: Signal, synth: Synth) -> Signal:
    """The samples in a window [n]: cut, repeated as the encoder does it, or now and then in silence."""
    rng, n = synth.rng, synth.n
    if samples.size >= n:
        return samples[:n]
    if samples.size < 0.8 * n and synth.chance(0.35):
        out = np.zeros(n, np.float32)
        gap = samples.size + int(rng.uniform(0.05, 2.0) * synth.sr)
        for start in range(int(rng.integers(0, max(1, min(gap, n - samples.size)))), n, gap):
            part = samples[: n - start]
            out[start : start + part.size] = part
        return out
    return np.resize(np.roll(samples, int(rng.integers(samples.size))) if synth.chance(0.3) else samples, n)


def through_room_and_microphone(samples: Signal, synth: Synth) -> Signal:
    """The samples [T] through a random room, at times, and `through_microphone`."""
    rng, response = synth.rng, None
    if synth.chance(0.35):
        response = impulse_response(str(rng.choice(["room", "room", "hall", "church"])), synth.sr, rng)
        response = response * np.float32(rng.uniform(0.2, 1.2))
        response[0] = 1.0
    return through_microphone(samples, synth, response)


def through_microphone(samples: Signal, synth: Synth, response: Signal | None = None) -> Signal:
    """The samples [T] through a random frequency response: points of 4 dB, tilt, band limits; unit RMS.

    response   of a room [R], if any: its first sample is the direct sound
    """
    rng, sample_rate = synth.rng, synth.sr
    tail = 0 if response is None else response.size
    size = fft.next_fast_len(samples.size + tail, real=True)
    hz = np.maximum(fft.rfftfreq(size, 1.0 / sample_rate), 5.0)
    octave = np.log2(hz / 1000.0)
    gain_db = (
        np.interp(octave, np.linspace(-5.0, 4.5, 8), rng.normal(0.0, 4.0, 8)) + rng.normal(0.0, 1.2) * octave
    )
    if synth.chance(0.5):
        gain_db -= 12.0 * np.maximum(0.0, np.log2(synth.log_uniform(20.0, 400.0) / hz))
    if synth.chance(0.5):
        gain_db -= rng.uniform(12.0, 70.0) * np.maximum(0.0, np.log2(hz / synth.log_uniform(2500.0, 18000.0)))
    spectrum = fft.rfft(samples, size) * (10.0 ** (gain_db / 20.0)).astype(np.float32)
    if response is not None:
        spectrum = spectrum * fft.rfft(response, size)
    return normalised(fft.irfft(spectrum, size)[: samples.size])


def clipped(samples: Signal, synth: Synth) -> Signal:
    """The samples turned up into a limit: hard, or soft as a tape's."""
    loud = samples * np.float32(decibels(synth.rng.uniform(0.0, 20.0)) / 3.0)
    return np.clip(loud, -1.0, 1.0) if synth.chance(0.5) else np.tanh(loud)


def coded(samples: Signal, synth: Synth) -> Signal:
    """The samples through MP3 or Vorbis at a low rate, 8 bits, or a telephone's 8 kHz mu-law."""
    kind, sample_rate = synth.rng.random(), synth.sr
    peak = float(np.abs(samples).max()) + 1e-9
    if kind < 0.2:
        return np.round(samples / peak * 127.0).astype(np.float32) / np.float32(127.0)
    if kind < 0.35:
        unit = samples / peak
        mu = np.sign(unit) * np.log1p(255.0 * np.abs(unit)) / np.log(256.0)
        mu = np.round(mu * 127.0) / 127.0
        return np.asarray(np.sign(mu) * (256.0 ** np.abs(mu) - 1.0) / 255.0, np.float32)
    file, level = io.BytesIO(), float(synth.rng.uniform(0.5, 1.0))
    container, subtype = ("MP3", "MPEG_LAYER_III") if kind < 0.7 else ("OGG", "VORBIS")
    soundfile.write(
        file, 0.9 * samples / peak, sample_rate, format=container, subtype=subtype, compression_level=level
    )
    file.seek(0)
    decoded: NDArray[np.float32] = soundfile.read(file, dtype="float32")[0]
    return np.resize(decoded, samples.size)


def draw_other_kind(recordings: Sequence[Recording], rng: np.random.Generator) -> Recording:
    """A recording of another kind: labels by the square root of their number."""
    by_label: dict[str, list[Recording]] = defaultdict(list)
    for recording in recordings:
        if recording.is_other_kind:
            by_label[recording.label].append(recording)
    labels = sorted(by_label)
    share = np.sqrt([len(by_label[label]) for label in labels])
    some = by_label[labels[int(rng.choice(len(labels), p=share / share.sum()))]]
    return some[int(rng.integers(len(some)))]
