"""Rooms decay as they should and leave a sound as loud as it was."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from sonic_ui.audio.reverb import impulse_response, reverberate

RATE = 48000


def rt60_s(response: np.ndarray, low_hz: float, high_hz: float) -> float:
    """Schroeder's backward integral, -5 to -25 dB, taken to 60 dB (ISO 3382-1, T20)."""
    band = signal.sosfilt(
        signal.butter(4, (low_hz, high_hz), "bandpass", fs=RATE, output="sos"), response[1:]
    )
    decay_db = 10 * np.log10(np.cumsum(band[::-1] ** 2)[::-1] / np.sum(band**2) + 1e-12)
    first, last = np.argmax(decay_db < -5), np.argmax(decay_db < -25)
    return 3.0 * (last - first) / RATE


@pytest.mark.parametrize(("kind", "seconds"), [("room", 0.4), ("hall", 1.8), ("church", 4.5)])
def test_reverberation_times(kind: str, seconds: float) -> None:
    response = impulse_response(kind, RATE, np.random.default_rng(0))
    assert rt60_s(response, 700, 1400) == pytest.approx(seconds, rel=0.2)
    assert rt60_s(response, 6000, 12000) < 0.75 * rt60_s(response, 100, 250)
    assert response[0] == 1.0


def test_the_open_air_changes_nothing() -> None:
    samples = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    assert np.array_equal(reverberate(samples, RATE, "dry"), samples)


@pytest.mark.parametrize("kind", ["room", "hall", "church"])
def test_a_room_keeps_level_and_length_and_rings_on(kind: str) -> None:
    samples = np.zeros(RATE, np.float32)
    samples[: RATE // 10] = np.random.default_rng(0).standard_normal(RATE // 10)
    heard = reverberate(samples, RATE, kind, seed=3)
    assert heard.shape == samples.shape and heard.dtype == np.float32
    assert np.mean(heard**2) == pytest.approx(np.mean(samples**2), rel=1e-3)
    assert np.mean(heard[RATE // 5 : RATE // 3] ** 2) > 1e-5 * np.mean(heard[: RATE // 10] ** 2)
    assert np.array_equal(heard, reverberate(samples, RATE, kind, seed=3))
    assert not np.array_equal(heard, reverberate(samples, RATE, kind, seed=4))


def test_nothing_and_silence_pass_through() -> None:
    assert reverberate(np.zeros(0, np.float32), RATE, "hall").size == 0
    assert np.array_equal(reverberate(np.zeros(500, np.float32), RATE, "hall"), np.zeros(500, np.float32))


def test_unknown_rooms_are_named() -> None:
    with pytest.raises(ValueError, match=r"cave.*church"):
        impulse_response("cave", RATE, np.random.default_rng(0))
