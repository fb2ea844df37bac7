"""Rooms as synthesised impulse responses: early reflections, then noise that decays, treble first; and
impulse responses that were recorded.

After Moorer, "About This Reverberation Business", 1979: noise that decays exponentially convinces.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from sonic_ui.audio.decode import decode, probe
from sonic_ui.requests import BadInput

Room = Literal["dry", "room", "hall", "church"]


@dataclass(frozen=True)
class RoomSpec:
    """Acoustics of a room. `rt60_s`: time to fall by 60 dB at low, middle and high frequencies."""

    rt60_s: tuple[float, float, float]
    first_reflection_s: tuple[float, float]
    early_count: int
    wet_db: float


ROOMS: dict[str, RoomSpec] = {
    "room": RoomSpec((0.5, 0.4, 0.25), (0.003, 0.03), 10, -3.0),
    "hall": RoomSpec((2.2, 1.8, 0.9), (0.012, 0.08), 14, 0.0),
    "church": RoomSpec((5.0, 4.5, 1.6), (0.02, 0.14), 16, 2.0),
}
"""Every room but "dry", which is the open air. `wet_db`: energy of the reflections over the direct sound."""

_BANDS_HZ = (300.0, 3000.0)

LONGEST_RESPONSE_S, SHORTEST_RESPONSE_S = 12.0, 0.005
"""Of a recorded impulse response: of a longer one the beginning is taken; what is shorter is no room."""

ONSET_DB = -30.0
"""The direct sound begins where a recorded response first comes so near to its peak."""

FADE_SHARE = 0.1
"""Of a response that is cut: its end, which fades out."""


def _tail(spec: RoomSpec, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Decaying noise [T] in three bands that cross over at 300 Hz and 3 kHz, each with its own RT60."""
    n = int(max(spec.rt60_s) * 0.9 * sample_rate)
    size = fft.next_fast_len(n, real=True)
    spectrum = fft.rfft(rng.standard_normal(size, dtype=np.float32))
    octave = np.log2(np.maximum(fft.rfftfreq(size, 1.0 / sample_rate), 1.0))
    low = 1.0 / (1.0 + np.exp(3.0 * (octave - np.log2(_BANDS_HZ[0]))))
    high = 1.0 / (1.0 + np.exp(-3.0 * (octave - np.log2(_BANDS_HZ[1]))))
    t = np.arange(n, dtype=np.float32) / sample_rate
    tail = np.zeros(n, dtype=np.float32)
    for share, rt60 in zip((low, 1.0 - low - high, high), spec.rt60_s, strict=True):
        band = fft.irfft(spectrum * share.astype(np.float32), size)[:n]
        tail += band * np.exp(np.float32(-6.908 / rt60) * t)
    build_up = np.clip(t / spec.first_reflection_s[1], 0.0, 1.0)
    return (tail * build_up).astype(np.float32)


def impulse_response(kind: str, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Impulse response [T] of a room; its first sample is the direct sound at 1.

    RT60 at mid frequencies is about 0.4 s (room), 1.8 s (hall), 4.5 s (church). "dry" is a single 1.
    Raises ValueError for an unknown room.
    """
    if kind == "dry":
        return np.ones(1, dtype=np.float32)
    if kind not in ROOMS:
        raise ValueError(f"unknown room {kind!r}; known are dry, {', '.join(ROOMS)}")
    spec = ROOMS[kind]
    response = _tail(spec, sample_rate, rng)
    response *= np.float32(0.8 / np.sqrt(np.sum(response**2)))
    delays_s = rng.uniform(*spec.first_reflection_s, spec.early_count)
    gains = spec.first_reflection_s[0] / delays_s * rng.choice([-1.0, 1.0], spec.early_count)
    early = np.zeros_like(response)
    np.add.at(early, (delays_s * sample_rate).astype(np.intp), gains.astype(np.float32))
    response += early * np.float32(0.6 / np.sqrt(np.sum(early**2)))
    response[0] = 0.0
    response *= np.float32(10.0 ** (spec.wet_db / 20.0) / np.sqrt(np.sum(response**2)))
    response[0] = 1.0
    return response


@lru_cache(maxsize=24)
def _seeded_response(kind: str, sample_rate: int, seed: int) -> NDArray[np.float32]:
    return impulse_response(kind, sample_rate, np.random.default_rng(seed))


def reverberate(
    samples: NDArray[np.floating], sample_rate: int, kind: str, seed: int = 0
) -> NDArray[np.float32]:
    """The sound [T] with a room's reverberation [T] and the RMS it had. The tail past the end is cut.

    There are eight responses of each kind, chosen by `seed` and cached: rendering many sounds stays cheap.
    """
    samples = np.asarray(samples, dtype=np.float32)
    if kind == "dry":
        return samples
    return convolve(samples, _seeded_response(kind, sample_rate, seed % 8))


def convolve(samples: NDArray[np.floating], response: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sound [T] through an impulse response [R], with the RMS it had: [T], its tail cut."""
    samples = np.asarray(samples, dtype=np.float32)
    if samples.size == 0:
        return samples
    size = fft.next_fast_len(samples.size + response.size - 1, real=True)
    wet = fft.irfft(fft.rfft(samples, size) * fft.rfft(response, size), size)[: samples.size]
    before, after = float(np.mean(samples**2)), float(np.mean(wet**2))
    return (wet * np.sqrt(before / after) if after > 0 else wet).astype(np.float32)


def read_response(path: str | Path, sample_rate: int) -> NDArray[np.float32]:
    """A recorded impulse response [R], mono, from its direct sound on, at most LONGEST_RESPONSE_S of it.

    Raises BadInput for what is no sound, for silence, and for what is too short to be a room's answer.
    """
    name = Path(path).name
    try:
        response = decode(path, sample_rate, duration_s=LONGEST_RESPONSE_S)
    except BadInput as problem:
        raise BadInput(
            f"The impulse response cannot be used. {problem.message}", "impulse_response"
        ) from None
    magnitude = np.abs(response)
    peak = float(magnitude.max(initial=0.0))
    if peak < 1e-4:
        raise BadInput(
            f"The impulse response “{name}” is silent: a room answers a clap. Choose another recording.",
            "impulse_response",
        )
    heard = response[int(np.argmax(magnitude >= peak * 10.0 ** (ONSET_DB / 20.0))) :]
    if heard.size < SHORTEST_RESPONSE_S * sample_rate:
        raise BadInput(
            f"The impulse response “{name}” lasts {1000 * heard.size / sample_rate:.2g} ms: that is a click "
            f"and no room. It takes at least {1000 * SHORTEST_RESPONSE_S:g} ms. Choose another recording.",
            "impulse_response",
        )
    if response.size >= round(LONGEST_RESPONSE_S * sample_rate):
        end = round(FADE_SHARE * heard.size)
        heard[heard.size - end :] *= np.linspace(1.0, 0.0, end, dtype=np.float32)
    return heard / np.float32(peak)


def response_notice(path: str | Path) -> str:
    """A sentence about a recorded impulse response of which only the beginning is used; else empty."""
    total_s = probe(path).duration_s
    if total_s <= LONGEST_RESPONSE_S:
        return ""
    return (
        f"The impulse response “{Path(path).name}” is {total_s:.0f} s long: its first "
        f"{LONGEST_RESPONSE_S:g} s are the room."
    )
