"""Building blocks of the synthesised sounds: coloured noise, slow curves, grains, tones, a recording chain.

Every block is vectorised and draws all its randomness from the generator it is given, so a sound is a pure
function of (generator state, arguments). Signals are mono float32 arrays [T]. Octave levels (31 Hz to 24 kHz)
of the sources were read off recordings of the same names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft, signal

Signal = NDArray[np.float32]
Points = Sequence[float] | NDArray[np.floating]

OCTAVES_HZ = np.array([44, 88, 177, 354, 707, 1414, 2828, 5657, 11314, 19600], dtype=np.float64)
"""Centres of the octaves in which spectra are described below: 31-63 Hz up to 16-24 kHz."""


def decibels(value_db: float) -> float:
    """Amplitude factor of a level in dB."""
    return float(10.0 ** (value_db / 20.0))


def normalised(samples: NDArray[np.floating]) -> Signal:
    """The signal at unit RMS (silence stays silence)."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if samples.size else 0.0
    return np.asarray(samples / rms if rms > 0 else samples, dtype=np.float32)


def peaked(samples: NDArray[np.floating]) -> Signal:
    """The signal with a largest magnitude of 1 (silence stays silence)."""
    peak = float(np.max(np.abs(samples))) if samples.size else 0.0
    return np.asarray(samples / peak if peak > 0 else samples, dtype=np.float32)


def burst_shape(since_s: Signal, rise_s: float, fall_s: float) -> Signal:
    """Envelope at times `since_s` [n]: exp rise before time 0 and exp fall after it, 1 at its top."""
    return np.exp(np.minimum(since_s / np.float32(rise_s), -since_s / np.float32(fall_s)))


def resonances(
    hz: NDArray[np.floating], peaks: Sequence[tuple[float, float, float]], floor_db: float
) -> Signal:
    """Gain at frequencies `hz` of formants (centre Hz, width Hz, level dB) above a floor in dB."""
    hz = np.asarray(hz, np.float64)
    gain = np.full(hz.shape, decibels(floor_db))
    for centre, width, level_db in peaks:
        gain = gain + decibels(level_db) / (1.0 + ((hz - centre) / width) ** 2)
    return gain.astype(np.float32)


@lru_cache(maxsize=32)
def _octave_grid(size: int, sr: int) -> tuple[NDArray[np.intp], Signal, Signal]:
    """For every bin of a real transform: the octave to its left, the way past it, and a fixed slope in dB.

    The slope turns levels of octaves into densities and removes what lies below hearing.
    """
    octave = np.log2(np.maximum(fft.rfftfreq(size, 1.0 / sr), 5.0))
    position = np.interp(octave, np.log2(OCTAVES_HZ), np.arange(float(OCTAVES_HZ.size)))
    left = np.minimum(position.astype(np.intp), OCTAVES_HZ.size - 2)
    slope_db = -10.0 * np.log10(2.0) * octave - 24.0 * np.maximum(0.0, np.log2(25.0) - octave)
    return left, (position - left).astype(np.float32), slope_db.astype(np.float32)


@dataclass(frozen=True)
class Synth:
    """Synthesiser of `n` samples at the rate `sr`, with the generator of everything random in them."""

    rng: np.random.Generator
    n: int
    sr: int

    def lasting(self, seconds: float) -> Synth:
        """The synthesiser, with the same generator, of a sound of another length."""
        return replace(self, n=int(seconds * self.sr))

    @property
    def duration_s(self) -> float:
        """Length of the sound."""
        return self.n / self.sr

    @property
    def times(self) -> Signal:
        """Times of the samples [n], in seconds."""
        return np.arange(self.n, dtype=np.float32) / np.float32(self.sr)

    @property
    def silence(self) -> Signal:
        """Zeros [n], to add to."""
        return np.zeros(self.n, dtype=np.float32)

    def log_uniform(self, low: float, high: float) -> float:
        """One draw, uniform on a logarithmic axis: right for frequencies, rates and decay times."""
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return bool(self.rng.random() < probability)

    def octave_noise(
        self, octave_db: Sequence[float] | NDArray[np.float64], spread_db: float = 3.0
    ) -> Signal:
        """Gaussian noise at unit RMS whose power in each octave of OCTAVES_HZ is `octave_db`.

        `spread_db` is the standard deviation of a random offset of every octave: no two sound alike.
        """
        size = fft.next_fast_len(max(self.n, 256), real=True)
        left, weight, slope_db = _octave_grid(size, self.sr)
        offsets = self.rng.normal(0.0, spread_db, OCTAVES_HZ.size) + np.asarray(octave_db)
        offsets = offsets.astype(np.float32)
        power_db = offsets[left] + np.diff(offsets)[left] * weight + slope_db
        spectrum = self.rng.standard_normal(2 * left.size, dtype=np.float32).view(np.complex64)
        spectrum *= np.exp(power_db * np.float32(np.log(10.0) / 20.0))
        return normalised(fft.irfft(spectrum, size)[: self.n])

    def band_noise(self, low_hz: float, high_hz: float) -> Signal:
        """White noise between two frequencies at unit RMS, with soft edges of 12 dB an octave."""
        octave_db = [
            3.0 * np.log2(c / 1000.0)
            - 12.0 * max(0.0, np.log2(low_hz / c))
            - 12.0 * max(0.0, np.log2(c / high_hz))
            for c in OCTAVES_HZ
        ]
        return self.octave_noise(octave_db, spread_db=0.5)

    def wander(self, rate_hz: float) -> Signal:
        """A smooth random curve [n] of zero mean and unit deviation that turns `rate_hz` times a second."""
        knots = int(np.ceil(self.duration_s * rate_hz)) + 3
        values = 1.3 * self.rng.standard_normal(knots)
        first = self.rng.random()
        position = first + np.arange(int((self.duration_s * rate_hz + 1.0) * 16.0)) / 16.0
        left = np.minimum(position.astype(np.intp), knots - 2)
        weight = position - left
        weight = weight * weight * (3.0 - 2.0 * weight)
        curve = values[left] * (1.0 - weight) + values[left + 1] * weight
        return np.interp(first + np.arange(self.n) * (rate_hz / self.sr), position, curve).astype(np.float32)

    def curve(self, times_s: Points, values: Points) -> Signal:
        """A curve [n] through the given points, straight between them."""
        return np.interp(np.arange(self.n) / self.sr, times_s, values).astype(np.float32)

    def poisson_times(self, rate_hz: float) -> NDArray[np.intp]:
        """Sample positions [E] of events that come independently at a mean rate."""
        return np.sort(self.rng.integers(0, max(self.n, 1), self.rng.poisson(rate_hz * self.n / self.sr)))

    def samples(self, times_s: float | NDArray[np.floating]) -> NDArray[np.intp]:
        """Sample positions [E] of times in seconds."""
        return np.atleast_1d(np.asarray(times_s) * self.sr).astype(np.intp)

    def scatter(self, starts: NDArray[np.integer], grains: NDArray[np.floating]) -> Signal:
        """Sum [n] of grains [E, L], or one [L], that begin at `starts` [E] (samples; may lie outside)."""
        if starts.size == 0:
            return self.silence
        grains = np.atleast_2d(grains)
        length = grains.shape[1]
        index = starts[:, None] + np.arange(length)[None, :] + length
        index = np.clip(index, 0, self.n + 2 * length - 1)
        summed = np.bincount(index.ravel(), weights=grains.ravel(), minlength=self.n + 2 * length)
        return summed[length : length + self.n].astype(np.float32)

    def damped_grains(
        self,
        hz: NDArray[np.floating],
        decay_s: NDArray[np.floating],
        gain: NDArray[np.floating],
        rise: float = 0.0,
    ) -> NDArray[np.float32]:
        """Damped sinusoids [E, n]; `rise` lifts the pitch by that share over one decay time (bubbles)."""
        t = self.times[None, :]
        hz, decay_s = np.asarray(hz, np.float32)[:, None], np.asarray(decay_s, np.float32)[:, None]
        start = self.rng.uniform(0, 2 * np.pi, hz.shape).astype(np.float32)
        phase = (2 * np.pi * hz) * (t + (0.5 * rise) * t * t / decay_s) + start
        fade = np.minimum(1.0, (self.n - np.arange(self.n)) / (0.2 * self.n)).astype(np.float32)
        gain = np.asarray(gain, np.float32)[:, None]
        return np.sin(phase) * np.exp(-t / decay_s) * (gain * fade[None, :])

    def harmonic_tone(self, hz: NDArray[np.floating], amplitudes: Points) -> Signal:
        """A periodic tone [T] at the pitch curve `hz` [T] with harmonics of amplitudes [H] and random phases.

        Read from one cycle in a table, so the cost does not grow with the number of harmonics. Those that
        would pass the Nyquist frequency are left out.
        """
        highest = max(float(np.max(hz)), 1.0)
        audible = np.asarray(amplitudes, np.float64)[: max(1, int(0.45 * self.sr / highest))]
        size = 4096
        spectrum = np.zeros(size // 2 + 1, dtype=np.complex128)
        phases = np.exp(2j * np.pi * self.rng.random(audible.size))
        spectrum[1 : audible.size + 1] = audible * phases
        cycle = fft.irfft(spectrum, size) * size
        cycle = np.append(cycle, cycle[0]).astype(np.float32)
        position = np.cumsum(np.asarray(hz, np.float64)) * (size / self.sr) + size * self.rng.random()
        whole = position.astype(np.int64)
        left = whole & (size - 1)
        return cycle[left] + np.diff(cycle)[left] * (position - whole).astype(np.float32)

    def highpass(self, samples: Signal, edge_hz: float) -> Signal:
        """Second-order Butterworth: what lies above `edge_hz`."""
        sos = signal.butter(2, edge_hz, "highpass", fs=self.sr, output="sos").astype(np.float32)
        return signal.sosfilt(sos, samples).astype(np.float32)

    def lowpass(self, samples: Signal, edge_hz: float) -> Signal:
        """Second-order Butterworth: what lies below `edge_hz`."""
        sos = signal.butter(2, edge_hz, "lowpass", fs=self.sr, output="sos").astype(np.float32)
        return signal.sosfilt(sos, samples).astype(np.float32)

    def passing(self) -> tuple[Signal, Signal]:
        """Something moves past: its gain [n] (largest 1) and its pitch factor [n] (Doppler, 343 m/s)."""
        closest_s = self.rng.uniform(0.1, 0.9) * self.duration_s
        speed = self.rng.uniform(8.0, 30.0)
        nearest_m = self.rng.uniform(8.0, 40.0)
        along = speed * (self.times - closest_s)
        distance = np.sqrt(along * along + nearest_m * nearest_m)
        toward = -speed * along / distance
        return (nearest_m / distance).astype(np.float32), (1.0 / (1.0 - toward / 343.0)).astype(np.float32)

    def throttle(self, idle: float, full: float, hurry: float) -> Signal:
        """Revolutions [n] in [idle, full]: stretches at full speed and at idle, ramps between."""
        rng = self.rng
        times, values = [-1.0], [idle if self.chance(0.4) else full]
        while times[-1] < self.duration_s:
            stay = rng.uniform(0.3, 2.6) / hurry
            share = rng.uniform(0.0, 0.15) if self.chance(0.35) else rng.uniform(0.65, 1.0)
            times += [times[-1] + stay, times[-1] + stay + rng.uniform(0.12, 0.5)]
            values += [values[-1], idle + (full - idle) * share]
        return self.curve(times, values)

    def recorded(self, samples: Signal) -> Signal:
        """What a recording does to a sound: tone colour, bandwidth, a little space, a noise floor. Unit RMS.

        Drawn widely on purpose, so that a network trained on these sounds does not listen for one microphone.
        """
        rng, n, sr = self.rng, samples.size, self.sr
        tail_s = self.log_uniform(0.02, 0.35) if self.chance(0.6) else 0.0
        size = fft.next_fast_len(n + int(tail_s * sr) + 256, real=True)
        hz = np.maximum(fft.rfftfreq(size, 1.0 / sr), 5.0)
        octave = np.log2(hz / 1000.0)
        points = np.linspace(-5.0, 4.5, 7)
        gain_db = np.interp(octave, points, rng.normal(0.0, 2.5, 7)) + rng.normal(0.0, 1.0) * octave
        gain_db -= 12.0 * np.maximum(0.0, np.log2(self.log_uniform(12.0, 90.0) / hz))
        if self.chance(0.6):
            steepness = rng.uniform(18.0, 60.0)
            gain_db -= steepness * np.maximum(0.0, np.log2(hz / self.log_uniform(5000.0, 20000.0)))
        spectrum = fft.rfft(samples, size) * (10.0 ** (gain_db / 20.0)).astype(np.float32)
        if tail_s:
            response = rng.standard_normal(int(tail_s * sr), dtype=np.float32)
            response *= np.exp(-6.9 * np.arange(response.size, dtype=np.float32) / response.size)
            response *= decibels(rng.uniform(-26.0, -6.0)) / np.sqrt(np.sum(response**2) + 1e-12)
            spectrum *= 1.0 + fft.rfft(response, size)
        coloured = normalised(fft.irfft(spectrum, size)[:n])
        floor_db = -100.0 if self.chance(0.3) else rng.uniform(-65.0, -18.0)
        slope = rng.uniform(-5.0, 2.0)
        return normalised(coloured + decibels(floor_db) * self.octave_noise(slope * np.arange(10.0)))
