"""Stems of a recording: together they are it, and each holds its own thing."""

from __future__ import annotations

import numpy as np
import pytest

from sonic_ui.audio.separation import separate

RATE = 16_000


def hum_and_clicks() -> tuple[np.ndarray, np.ndarray]:
    times = np.arange(3 * RATE) / RATE
    hum = (0.2 * np.sin(2 * np.pi * 400 * times)).astype(np.float32)
    clicks = np.zeros_like(hum)
    burst = 0.5 * np.random.default_rng(0).standard_normal(200) * np.exp(-np.arange(200) / 40)
    for start in range(0, hum.size, RATE // 2):
        clicks[start : start + 200] += burst
    return hum, clicks


def test_what_is_sustained_and_what_is_struck() -> None:
    hum, clicks = hum_and_clicks()
    sustained, struck = separate(hum + clicks, RATE, "harmonic")
    assert (sustained.name, struck.name) == ("sustained", "struck"), "the loudest first"
    assert np.corrcoef(sustained.samples, hum)[0, 1] > 0.95
    assert np.corrcoef(struck.samples, clicks)[0, 1] > 0.9
    assert np.allclose(sustained.samples + struck.samples, hum + clicks, atol=1e-4)


def test_parts_sum_to_the_recording() -> None:
    hum, clicks = hum_and_clicks()
    stems = separate(hum + clicks, RATE, "3")
    assert 2 <= len(stems) <= 3
    assert np.allclose(sum(stem.samples for stem in stems), hum + clicks, atol=2e-3)
    assert np.corrcoef(stems[0].samples, hum)[0, 1] > 0.9


def test_a_part_with_nothing_in_it_is_left_out() -> None:
    hum, _ = hum_and_clicks()
    hum *= np.hanning(hum.size)  # an end that is cut off is a click
    assert [stem.name for stem in separate(hum, RATE, "harmonic")] == ["sustained"]


def test_another_way_is_refused() -> None:
    with pytest.raises(ValueError, match="it is one of harmonic, 2, 3, 4"):
        separate(np.zeros(RATE, np.float32), RATE, "9")
