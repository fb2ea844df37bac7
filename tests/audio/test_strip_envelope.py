"""The natural course of a sound at the moments of a strip."""

from __future__ import annotations

import numpy as np

from sonic_ui.audio.energy import energy_l1, timestamps
from sonic_ui.audio.strip_envelope import envelope_of_strip, placed_on_strip, runs_of


def bumps(*at: int) -> np.ndarray:
    time = np.arange(512)
    rise = [np.where(time < a, 0.0, np.exp(-np.maximum(time - a, 0) / 12)) for a in at]
    return np.max(rise, axis=0)


def test_a_remembered_bark_is_heard_at_every_moment() -> None:
    truth = bumps(50, 200, 390)
    strip = timestamps(truth)
    steady = 0.8 + 0.2 * np.random.default_rng(0).random(512)
    made = envelope_of_strip(strip, np.stack([steady, bumps(90, 300, 420)]))
    assert made.shape == (512,) and made.min() >= 0 and made.max() <= 1
    assert energy_l1(made, truth) < 0.5 * energy_l1(strip, truth)
    assert np.array_equal(timestamps(made) > 0, strip > 0) or np.mean(timestamps(made) != strip) < 0.03


def test_a_sound_without_rests_goes_as_one_that_has_none() -> None:
    steady = 0.8 + 0.2 * np.sin(np.arange(512) / 9)
    made = envelope_of_strip(np.ones(512), np.stack([bumps(100), steady]))
    assert made.min() > 0.5


def test_rests_and_sounds_that_are_not_remembered_are_plain() -> None:
    on = np.zeros(100, bool)
    on[20:60] = True
    rests = placed_on_strip(on, np.ones(100))
    assert rests[5] < 0.05 and rests[40] == 1
    assert placed_on_strip(~on, np.zeros(100))[5] == 1
    assert runs_of(on) == [(0, 20, False), (20, 60, True), (60, 100, False)]
    assert runs_of(np.ones(3, bool)) == [(0, 3, True)]
