"""The newest seconds of a sound that goes on."""

from __future__ import annotations

import numpy as np
import pytest

from sonic_ui.audio.rolling import RATE_HZ, RollingSound, pcm_samples, rms_dbfs, there_and_back


def test_only_the_newest_seconds_are_held_and_the_position_counts_all() -> None:
    sound = RollingSound(0.5)
    assert sound.newest()[0].size == 0
    ramp = np.arange(RATE_HZ, dtype=np.float32) / RATE_HZ
    for part in np.array_split(ramp, 7):
        sound.append(part)
    newest, position_s = sound.newest()
    assert position_s == 1.0
    np.testing.assert_array_equal(newest, ramp[RATE_HZ // 2 :])


def test_pcm_of_any_rate_becomes_samples_at_48_khz() -> None:
    times = np.arange(16_000) / 16_000
    pcm = np.rint(16_384 * np.sin(2 * np.pi * 440 * times)).astype("<i2").tobytes()
    samples = pcm_samples(pcm, 16_000)
    assert samples.dtype == np.float32 and samples.size == RATE_HZ
    assert rms_dbfs(samples) == pytest.approx(-9.03, abs=0.1)
    odd = pcm_samples(b"\x00\x40\x01", RATE_HZ)  # half a sample is left out
    np.testing.assert_array_equal(odd, np.float32([0.5]))


def test_there_and_back_meets_itself_at_both_ends() -> None:
    clip = np.float32([1, 2, 3])
    np.testing.assert_array_equal(there_and_back(clip), [1, 2, 3, 3, 2, 1])


def test_a_constant_and_nothing_are_silent() -> None:
    assert rms_dbfs(np.zeros(0, np.float32)) == rms_dbfs(np.full(100, 0.5, np.float32)) == -120.0
