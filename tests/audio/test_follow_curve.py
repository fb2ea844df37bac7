"""Sounds whose envelope goes along a drawn curve, and what is put where nothing sounds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sonic_ui.audio.energy import onsets, pearson_r, rms_energy, smooth
from sonic_ui.audio.follow_curve import fill_rests, follow_curve, level_of, rests_of

RATE = 16_000
CURVE = np.sin(np.pi * np.arange(512) / 511).astype(np.float32)


def hiss(seconds: float = 5.12) -> NDArray[np.float32]:
    return (0.1 * np.random.default_rng(0).normal(size=round(seconds * RATE))).astype(np.float32)


def barks(*at_s: float) -> NDArray[np.float32]:
    sound, time = np.zeros_like(hiss()), np.arange(hiss().size) / RATE
    for start in at_s:
        sound += hiss() * np.exp(-np.maximum(time - start, 0) / 0.06) * (time >= start)
    return sound


def energy_of(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    return smooth(rms_energy(sound, RATE))


def test_a_steady_sound_follows_and_keeps_its_spectrum() -> None:
    sound = hiss()
    made = follow_curve(sound, RATE, CURVE)
    assert made.shape == sound.shape and made.dtype == np.float32
    assert pearson_r(energy_of(made), CURVE) > 0.97
    middle = slice(36_000, 46_000)
    assert np.corrcoef(made[middle], sound[middle])[0, 1] > 0.98


def test_barks_stay_barks_and_grow_with_the_curve() -> None:
    sound = barks(0.3, 1.3, 2.3, 3.3, 4.3)
    ramp = np.linspace(0.05, 1, 512)
    made = energy_of(follow_curve(sound, RATE, ramp))
    loud = [made[int(100 * at) : int(100 * at) + 40].max() for at in (0.3, 1.3, 2.3, 3.3, 4.3)]
    assert all(np.diff(loud) > 0) and loud[-1] > 4 * loud[0]
    assert made[455:470].min() < 0.2 * loud[-1], "between two barks it is quiet"


def test_a_dog_barks_more_often_where_the_curve_is_high() -> None:
    sound = barks(0.5, 1.0)
    late = np.where(np.arange(512) > 250, 1.0, 0.1).astype(np.float32)
    made = energy_of(follow_curve(sound, RATE, late))
    assert made[260:].max() > 3 * made[:250].max()
    assert len(onsets(made[250:])) >= 2
    assert np.array_equal(
        fill_rests(sound, RATE, np.r_[np.ones(150), np.zeros(362)])[RATE * 2 :], sound[RATE * 2 :]
    )


@pytest.mark.parametrize("amount", [0.5, 1.0, 2.0])
def test_the_amount_is_how_far_it_goes(amount: float) -> None:
    made = energy_of(follow_curve(hiss(), RATE, np.linspace(0.1, 1, 512), amount=amount))
    assert made[500] / made[10] == pytest.approx(10**amount, rel=0.5)


def test_nothing_is_made_of_nothing() -> None:
    sound = hiss()
    assert np.array_equal(follow_curve(sound, RATE, CURVE, amount=0.0), sound)
    assert np.array_equal(follow_curve(sound, RATE, np.zeros(9)), sound)
    silence = np.zeros(RATE, np.float32)
    assert not follow_curve(silence, RATE, CURVE).any() and not fill_rests(silence, RATE, CURVE).any()
    assert follow_curve(np.zeros(0, np.float32), RATE, CURVE).size == 0
    assert rests_of(np.ones(50), np.ones(50)) == [] and level_of(np.ones(50)).shape == (50,)
    assert np.isfinite(follow_curve(hiss(2), RATE, [0.0, 1.0, 0.0])).all()
