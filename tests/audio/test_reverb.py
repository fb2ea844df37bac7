"""Rooms decay as they should and leave a sound as loud as it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy import signal

from sonic_ui.audio.reverb import (
    LONGEST_RESPONSE_S,
    convolve,
    impulse_response,
    read_response,
    response_notice,
    reverberate,
)
from sonic_ui.requests import BadInput

RATE = 48000
RNG = np.random.default_rng(7)


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


# Rooms of one's own


def write(folder: Path, samples: np.ndarray, name: str = "hall.wav") -> Path:
    soundfile.write(folder / name, samples.astype(np.float32), RATE, subtype="FLOAT")
    return folder / name


def test_a_recorded_room_begins_with_its_direct_sound(tmp_path: Path) -> None:
    recorded = np.concatenate([np.zeros(RATE // 10), 0.5 * impulse_response("room", RATE, RNG)])
    response = read_response(write(tmp_path, recorded), RATE)
    assert response[0] == pytest.approx(1.0, abs=0.02) and response.size == recorded.size - RATE // 10
    wet = convolve(RNG.standard_normal(RATE).astype(np.float32), response)
    assert wet.size == RATE and np.sqrt(np.mean(wet**2)) == pytest.approx(1.0, abs=0.05)
    assert response_notice(write(tmp_path, recorded)) == ""


def test_of_a_response_of_a_minute_the_beginning_is_the_room(tmp_path: Path) -> None:
    path = write(tmp_path, np.exp(-np.arange(60 * RATE) / RATE))
    response = read_response(path, RATE)
    assert response.size == LONGEST_RESPONSE_S * RATE and response[-1] == 0.0
    assert "“hall.wav” is 60 s long: its first 12 s are the room" in response_notice(path)


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        (np.ones(1), "lasts 0.021 ms: that is a click and no room"),
        (np.zeros(RATE), "“hall.wav” is silent: a room answers a clap"),
        (np.zeros(0), "The impulse response cannot be used. “hall.wav” is empty"),
    ],
)
def test_what_is_no_room_is_refused(tmp_path: Path, samples: np.ndarray, says: str) -> None:
    with pytest.raises(BadInput, match=says) as caught:
        read_response(write(tmp_path, samples), RATE)
    assert caught.value.field == "impulse_response"
