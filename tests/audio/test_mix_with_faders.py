"""Faders of a mix: each moves its own sound, and the ear finds it where its pan says."""

from __future__ import annotations

import numpy as np
import pytest

from sonic_ui.audio.loudness import integrated_lufs
from sonic_ui.audio.mixing import Level, mix_in_stereo, mix_with_faders

RATE = 16_000
LOW, HIGH = 300.0, 2000.0


def tone(hz: float, seconds: float = 2.0) -> np.ndarray:
    return (0.1 * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def tone_db(samples: np.ndarray, hz: float) -> float:
    turns = np.exp(-2j * np.pi * hz * np.arange(samples.size) / RATE)
    return float(20 * np.log10(2 * np.abs(np.mean(samples * turns)) + 1e-9))


def test_a_fader_moves_its_own_sound_alone() -> None:
    sounds = [tone(LOW), tone(HIGH)]
    before, after = (
        mix_with_faders(sounds, RATE, [Level(), Level(gain_db=gain_db)]) for gain_db in (0.0, 6.0)
    )
    assert tone_db(after, HIGH) - tone_db(before, HIGH) == pytest.approx(6.0, abs=0.1)
    assert tone_db(after, LOW) == pytest.approx(tone_db(before, LOW), abs=0.1)


def test_one_sound_that_nothing_moves_is_itself_and_shorter_ones_are_repeated() -> None:
    assert np.array_equal(mix_with_faders([tone(LOW)], RATE, [Level()]), tone(LOW))
    mix = mix_with_faders([tone(LOW), tone(HIGH, 0.5)], RATE, [Level(), Level()])
    assert mix.size == 2 * RATE
    assert tone_db(mix[-RATE // 2 :], HIGH) == pytest.approx(tone_db(tone(HIGH), HIGH), abs=2.0)


def test_a_loudness_is_met_before_the_gain() -> None:
    mix = mix_with_faders([tone(LOW)], RATE, [Level(lufs=-30.0, gain_db=4.0)])
    assert integrated_lufs(mix, RATE) == pytest.approx(-26.0, abs=0.1)


def test_pan_is_for_the_ear() -> None:
    sounds = [tone(LOW), tone(HIGH)]
    middle = mix_in_stereo(sounds, RATE, [Level(), Level()])
    assert np.allclose(middle[0], middle[1], atol=1e-6)
    assert np.allclose(middle[0], mix_with_faders(sounds, RATE, [Level(), Level()]), atol=1e-5)
    left, right = mix_in_stereo(sounds, RATE, [Level(pan=-1.0), Level(pan=1.0)])
    assert tone_db(left, LOW) > tone_db(right, LOW) + 60 and tone_db(right, HIGH) > tone_db(left, HIGH) + 60


def test_levels_that_do_not_fit_are_refused() -> None:
    for sounds, levels in (([], []), ([tone(LOW)], [])):
        with pytest.raises(ValueError, match="one level a sound"):
            mix_with_faders(sounds, RATE, levels)
