"""Mixing: exact at its ends, equal in power between them, free of clicks."""

from __future__ import annotations

import numpy as np
import pytest

from sonic_ui.audio.loudness import integrated_lufs, set_lufs, true_peak_dbfs
from sonic_ui.audio.mixing import crossfade_along, equal_power, loop_to, mix_at, mix_at_levels

RATE = 48000


def noise(seconds: float, seed: int, gain: float = 0.05) -> np.ndarray:
    return (gain * np.random.default_rng(seed).standard_normal(int(seconds * RATE))).astype(np.float32)


def sine(hz: float, seconds: float, gain: float = 0.2) -> np.ndarray:
    return (gain * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def power(samples: np.ndarray) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64)))


def tone_power(samples: np.ndarray, hz: float) -> float:
    """Power of a sine in the samples."""
    turns = np.exp(-2j * np.pi * hz * np.arange(samples.size) / RATE)
    return float(2 * np.abs(np.mean(samples * turns)) ** 2)


# Looping


def test_levels_are_beside_each_other() -> None:
    rng = np.random.default_rng(0)
    hiss = rng.normal(0, 0.3, 3 * 16_000).astype(np.float32)
    hum = (0.01 * np.sin(2 * np.pi * 440 * np.arange(2 * 16_000) / 16_000)).astype(np.float32)
    mix = mix_at_levels([hiss, hum], 16_000, [0.0, -30.0], -23.0)
    assert mix.shape == hiss.shape and abs(integrated_lufs(mix, 16_000) + 23) < 0.5
    assert np.corrcoef(mix, hiss)[0, 1] > 0.99, "the quiet one is 30 dB below, however loud it came"
    even = mix_at_levels([hiss, hum], 16_000, [0.0, 0.0], -23.0)
    assert 0.5 < np.corrcoef(even[: hum.size], hum)[0, 1] < 0.95
    with pytest.raises(ValueError, match="one gain a sound"):
        mix_at_levels([hiss], 16_000, [], -23.0)


def test_a_loop_has_the_length_asked_for_and_begins_as_it_was() -> None:
    samples = noise(0.5, 0)
    looped = loop_to(samples, 2 * RATE + 7, RATE)
    assert looped.shape == (2 * RATE + 7,) and looped.dtype == np.float32
    kept = samples.size - round(0.05 * RATE)
    assert np.array_equal(looped[:kept], samples[:kept])
    assert np.array_equal(looped[kept + 2400 : 2 * kept], samples[2400:kept])  # and again after the seam
    assert np.array_equal(loop_to(samples, 1000, RATE), samples[:1000])
    assert np.array_equal(loop_to(samples, samples.size, RATE), samples)


def test_a_seam_neither_clicks_nor_dips() -> None:
    ramp = np.linspace(-0.8, 0.8, RATE // 2, dtype=np.float32)  # the worst loop there is
    assert np.abs(np.diff(loop_to(ramp, 3 * RATE, RATE))).max() < 0.002
    looped = loop_to(noise(1, 1), 5 * RATE, RATE)
    levels = [power(part) for part in np.split(looped, 100)]
    assert max(levels) < 1.3 * min(levels)


@pytest.mark.parametrize("size", [1, 2, 3, 10])
def test_very_short_sounds_can_be_looped(size: int) -> None:
    looped = loop_to(np.full(size, 0.5, np.float32), 100, RATE)
    assert looped.shape == (100,) and np.all(np.abs(looped - 0.5) < 0.22)


def test_nothing_loops_to_silence() -> None:
    assert np.array_equal(loop_to(np.zeros(0, np.float32), 10, RATE), np.zeros(10, np.float32))
    assert loop_to(noise(0.1, 0), 0, RATE).size == 0
    with pytest.raises(ValueError, match="-3"):
        loop_to(noise(0.1, 0), -3, RATE)


# Standing still


def test_the_ends_are_the_sounds_themselves() -> None:
    a, b = noise(1, 0, gain=0.4), noise(2.5, 1)  # the first has peaks over full scale
    assert np.array_equal(mix_at(a, b, RATE, 0.0), a)
    assert np.array_equal(mix_at(a, b, RATE, 1.0), b)
    quiet = mix_at(a, b, RATE, 0.0, lufs_a=-30.0, lufs_b=-10.0)
    assert np.array_equal(quiet, set_lufs(a, RATE, -30.0))
    assert integrated_lufs(mix_at(a, b, RATE, 1.0, -10.0, -30.0), RATE) == pytest.approx(-30, abs=0.1)


@pytest.mark.parametrize("position", [0.1, 0.5, 0.8])
def test_between_them_the_power_is_shared(position: float) -> None:
    a, b = sine(440, 2), sine(1000, 2)
    mixed = mix_at(a, b, RATE, position)
    assert tone_power(mixed, 440) == pytest.approx(0.02 * np.cos(position * np.pi / 2) ** 2, rel=1e-3)
    assert tone_power(mixed, 1000) == pytest.approx(0.02 * np.sin(position * np.pi / 2) ** 2, rel=1e-3)
    assert power(mixed) == pytest.approx(0.02, rel=1e-3)


def test_each_sound_has_its_own_loudness() -> None:
    a, b = sine(440, 2, 0.9), sine(1000, 2, 0.001)
    half = mix_at(a, b, RATE, 0.5, lufs_a=-40.0, lufs_b=-20.0)
    first, second = set_lufs(a, RATE, -40.0), set_lufs(b, RATE, -20.0)
    assert tone_power(half, 440) == pytest.approx(power(first) / 2, rel=1e-2)
    assert tone_power(half, 1000) == pytest.approx(power(second) / 2, rel=1e-2)


def test_the_shorter_sound_is_looped_and_loud_mixes_are_limited() -> None:
    mixed = mix_at(sine(440, 0.5, 1.0), noise(3, 2, 0.5), RATE, 0.4)
    assert mixed.shape == (3 * RATE,)
    assert true_peak_dbfs(mixed) <= -1.0
    assert tone_power(mixed[-RATE:], 440) > 0.01
    assert true_peak_dbfs(mix_at(noise(1, 0), noise(1, 1), RATE, 0.0, lufs_a=-6.0)) <= -1.0


def test_silence_may_be_mixed() -> None:
    silence = np.zeros(RATE, np.float32)
    assert np.array_equal(mix_at(silence, silence, RATE, 0.5, -20.0, -20.0), silence)
    assert power(mix_at(silence, sine(440, 1), RATE, 0.5)) == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize("position", [-0.1, 1.01, float("nan")])
def test_positions_outside_are_refused(position: float) -> None:
    with pytest.raises(ValueError, match="position is"):
        mix_at(noise(0.1, 0), noise(0.1, 1), RATE, position)
    with pytest.raises(ValueError, match="positions are"):
        crossfade_along(noise(0.1, 0), noise(0.1, 1), RATE, [0.5, position], 1.0)


def test_equal_power() -> None:
    first, second = equal_power(np.linspace(0, 1, 11))
    assert np.allclose(first**2 + second**2, 1.0)
    assert first[0] == second[-1] == 1.0


# Moving


def test_a_film_moves_from_the_first_sound_to_the_second() -> None:
    film = crossfade_along(sine(440, 1), sine(1000, 0.7), RATE, np.linspace(0, 1, 9), 4.0)
    assert film.shape == (4 * RATE,) and film.dtype == np.float32
    first = [tone_power(part, 440) for part in np.split(film, 8)]
    second = [tone_power(part, 1000) for part in np.split(film, 8)]
    assert np.all(np.diff(first[1:]) < 0) and np.all(np.diff(second[:-1]) > 0)
    assert first[0] > 50 * second[0] and second[-1] > 50 * first[-1]
    assert power(film) == pytest.approx(0.02, rel=0.05)


def test_a_position_is_reached_in_the_middle_of_its_frame() -> None:
    film = crossfade_along(np.ones(RATE, np.float32) * 0.5, np.zeros(RATE), RATE, [0.0, 1.0, 0.5], 3.0)
    middles = film[[RATE // 2, 3 * RATE // 2, 5 * RATE // 2]]
    assert middles == pytest.approx([0.5, 0.0, 0.5 * np.sqrt(0.5)], abs=1e-3)
    assert film[RATE] == pytest.approx(0.5 * np.cos(np.pi / 4), abs=1e-3)


def test_sudden_turns_do_not_click() -> None:
    a, b = np.full(RATE, 0.4, np.float32), np.full(RATE, -0.4, np.float32)
    film = crossfade_along(a, b, RATE, [0.0, 1.0] * 48, 4.0)
    assert np.abs(np.diff(film)).max() < 0.002
    assert abs(film[0]) < 0.002 and abs(film[-1]) < 0.002


def test_films_of_one_frame_loud_sounds_and_no_frames() -> None:
    still = crossfade_along(sine(440, 1), sine(1000, 1), RATE, [0.0], 1.5)
    assert np.array_equal(still[480:-480], loop_to(sine(440, 1), 72000, RATE)[480:-480])
    loud = crossfade_along(noise(1, 0, 2.0), noise(1, 1, 2.0), RATE, [0, 1], 2.0)
    assert true_peak_dbfs(loud) <= -1.0
    quiet = crossfade_along(sine(440, 1, 0.9), sine(440, 1), RATE, [0.0], 2.0, lufs_a=-40.0)
    assert integrated_lufs(quiet, RATE) == pytest.approx(-40, abs=0.3)
    with pytest.raises(ValueError, match="at least one"):
        crossfade_along(noise(0.1, 0), noise(0.1, 1), RATE, [], 1.0)
