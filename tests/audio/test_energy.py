"""Energy curves: what they mean, and that nothing is ever NaN."""

from __future__ import annotations

import numpy as np
import pytest

from sonic_ui.audio import energy as e

RATE = 16_000
RNG = np.random.default_rng(0)


def swelling(frames: int = 500) -> np.ndarray:
    return (0.5 + 0.4 * np.sin(np.arange(frames) / 60)).astype(np.float32)


def test_rms_is_the_amplitude_of_the_envelope_on_the_mel_grid() -> None:
    curve = swelling()
    noise = RNG.choice([-1.0, 1.0], 500 * 160) * np.repeat(curve, 160)
    found = e.rms_energy(noise, RATE)
    assert found.shape == (500,) and found.dtype == np.float32
    assert np.abs(found - curve).max() < 0.02
    assert e.rms_energy(np.ones(81_920), RATE).shape == (512,)
    assert np.allclose(e.rms_energy(np.ones(48_000), 48_000), 1.0)


def test_nothing_is_ever_nan() -> None:
    for curve in (np.zeros(50), np.ones(50), np.full(50, 1e-30), np.full(50, np.nan), np.zeros(0)):
        curve = curve.astype(np.float32)
        for made in (e.smooth(curve), e.z_norm(curve), e.unit(curve), e.resample_curve(curve, 20)):
            assert np.isfinite(made).all()
        assert not e.z_norm(curve).any() and not e.unit(curve).any()
        assert e.energy_l1(curve, curve) == 0.0 and e.pearson_r(curve, curve) == 0.0
        assert e.onset_agreement(curve, curve) == 1.0
    assert e.rms_energy(np.zeros(0), RATE).shape == (0,)


def test_z_norm_and_unit_do_not_depend_on_level() -> None:
    curve = swelling()
    for gain in (1e-12, 1.0, 1e6):
        assert e.z_norm(gain * curve) == pytest.approx(e.z_norm(curve), abs=1e-4)
        assert e.unit(gain * curve) == pytest.approx(e.unit(curve), abs=1e-4)
    assert e.z_norm(curve).mean() == pytest.approx(0, abs=1e-5)
    assert e.z_norm(curve).std() == pytest.approx(1, abs=1e-5)


def test_a_steady_curve_is_not_blown_up_when_asked() -> None:
    steady = 1 + 0.001 * swelling()
    assert e.z_norm(steady).std() == pytest.approx(1, abs=1e-3)
    assert e.z_norm(steady, least=0.1).std() < 0.01
    assert e.z_norm(swelling(), least=0.1) == pytest.approx(e.z_norm(swelling()))


def test_smoothing_moves_nothing() -> None:
    pulse = np.zeros(101)
    pulse[50] = 1.0
    soft = e.smooth(pulse)
    assert soft.argmax() == 50 and soft == pytest.approx(soft[::-1])
    assert soft.sum() == pytest.approx(1.0, abs=1e-5)
    assert np.count_nonzero(soft > soft.max() / 2) == pytest.approx(5, abs=1)  # 50 ms


@pytest.mark.parametrize("points", [1, 2, 7, 511, 512, 513, 100_000])
def test_a_curve_of_any_length_keeps_its_shape(points: int) -> None:
    at = (np.arange(points) + 0.5) / points
    found = e.resample_curve(at, 512)
    assert found.shape == (512,)
    if points > 50:
        assert np.abs(found - (np.arange(512) + 0.5) / 512).max() < 0.01


def test_e_l1_and_r_say_how_alike_two_curves_are() -> None:
    curve = swelling()
    assert e.energy_l1(curve, 7 * curve + 1) == pytest.approx(0, abs=1e-5)
    assert e.pearson_r(curve, 7 * curve + 1) == pytest.approx(1, abs=1e-5)
    assert e.pearson_r(curve, -curve) == pytest.approx(-1, abs=1e-5)
    assert e.energy_l1(np.arange(100.0), np.arange(100.0)[::-1]) == pytest.approx(0.505, abs=0.01)
    with pytest.raises(ValueError, match=r"\(500,\) and \(3,\)"):
        e.energy_l1(curve, np.zeros(3))


def test_timestamps_are_one_where_something_sounds() -> None:
    strip = e.timestamps(np.array([0.0, 0.1, 0.9, 1.0, 0.0]))
    assert strip.tolist() == [0, 0, 1, 1, 0]
    assert e.timestamps(np.full(4, 1e-3)).all() and not e.timestamps(np.zeros(4)).any()


def test_onsets_are_where_the_curve_rises() -> None:
    knocks = np.zeros(400)
    for start in (50, 150, 300):
        knocks[start : start + 40] = np.exp(-np.arange(40) / 10)
    assert e.onsets(knocks) == pytest.approx([0.5, 1.5, 3.0], abs=0.07)
    late = np.roll(knocks, 5)
    assert e.onset_agreement(knocks, late) == 1.0
    assert e.onset_agreement(knocks, np.roll(knocks, 40)) == 0.0
    one = np.where(np.arange(400) < 100, knocks, 0.0)
    assert e.onset_agreement(knocks, one) == pytest.approx(0.5)
    assert e.log_mel_energy(np.ones((5, 64))).tolist() == [1.0] * 5


def test_only_zeros_and_ones_are_a_strip() -> None:
    assert e.is_strip([0, 1, 1, 0]) and e.is_strip(np.ones(3))
    assert not e.is_strip([0, 0.5, 1])
