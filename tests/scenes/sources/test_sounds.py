"""Every source sounds like itself: its spectrum and its envelope are measured."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from sonic_ui.scenes.world import SOURCES
from tests.scenes.measures import RATE, centre_hz, dynamics_db, envelope, pulse_hz, share, sound_of

SEEDS = range(3)


@pytest.mark.parametrize("seed", SEEDS)
def test_clock_ticks_regularly(seed: int) -> None:
    rate_hz, strength = pulse_hz(sound_of("clock", seed), 0.7, 6.5)
    assert strength > 0.3
    assert 0.7 <= rate_hz <= 6.5
    assert dynamics_db(sound_of("clock", seed)) > 8


@pytest.mark.parametrize("seed", SEEDS)
def test_helicopter_blades_slap(seed: int) -> None:
    rate_hz, strength = pulse_hz(sound_of("helicopter", seed), 8.0, 28.0, 0.005)
    assert strength > 0.12
    assert 8.0 <= rate_hz <= 28.0
    assert share(sound_of("helicopter", seed), 30, 1000) > 0.6


def test_waves_swell_slowly_and_rain_does_not() -> None:
    def swelling(source: str) -> float:
        """How much the level moves over seconds."""
        curves = [envelope(sound_of(source, seed, duration_s=12.0), 0.5) for seed in SEEDS]
        return float(np.median([curve.std() / curve.mean() for curve in curves]))

    assert swelling("sea_waves") > 2 * swelling("rain")
    waves = sound_of("sea_waves", 1, duration_s=30.0)
    rate_hz, _ = pulse_hz(waves, 0.07, 0.4, 0.1)
    assert 3.0 < 1 / rate_hz < 14.0
    assert envelope(waves, 0.1).max() > 2 * envelope(waves, 0.1).min()


@pytest.mark.parametrize("seed", SEEDS)
def test_barks_and_crows_are_bursts_of_harmonics(seed: int) -> None:
    for source, low_hz, high_hz in (("dog", 250, 2500), ("rooster", 400, 6000)):
        samples = sound_of(source, seed)
        assert dynamics_db(samples) > 12
        assert share(samples, low_hz, high_hz) > 0.6


def test_a_crow_sweeps_and_holds_its_pitch() -> None:
    hz, _, power = signal.spectrogram(sound_of("rooster", 4, 0.0), RATE, nperseg=4096, noverlap=3072)
    band = (hz > 300) & (hz < 6000)
    loud = power[band].sum(axis=0) > 0.1 * power[band].sum(axis=0).max()
    flatness = np.exp(np.mean(np.log(power[band][:, loud] + 1e-12), axis=0)) / power[band][:, loud].mean(
        axis=0
    )
    assert np.median(flatness) < 0.2  # lines, not noise
    assert 0.05 < loud.mean() < 0.9


@pytest.mark.parametrize("seed", [0, 1])
def test_spectra_lie_where_they_belong(seed: int) -> None:
    centre = {source: centre_hz(sound_of(source, seed)) for source in SOURCES}
    assert centre["thunder"] < 400 and centre["wind"] < 900
    assert centre["birds"] > 1500 and centre["crickets"] > 2500
    assert 400 < centre["rain"] < 9000 and 300 < centre["sea_waves"] < 3000
    assert 80 < centre["car"] < 900 and 80 < centre["chainsaw"] < 1600
    assert 150 < centre["church_bell"] < 2500


def test_bell_partials_are_few_and_long() -> None:
    samples = sound_of("church_bell", 2, 0.0)
    _, power = signal.welch(samples, RATE, nperseg=16384)
    strongest = np.sort(power)[::-1]
    assert strongest[:60].sum() / power.sum() > 0.75
    assert dynamics_db(samples) < 20


def test_chainsaw_and_car_buzz_with_harmonics() -> None:
    """The autocorrelation of the samples has a peak at the firing period."""
    for source, low_hz, high_hz in (("chainsaw", 20, 250), ("car", 4, 160)):
        found = []
        for seed in range(5):
            part = signal.decimate(sound_of(source, seed)[: 2 * RATE], 8)[: RATE // 8]
            again = signal.correlate(part, part, "full")[part.size - 1 :] / np.sum(part**2)
            found.append(np.max(again[int(6000 / high_hz) : int(6000 / low_hz)]))
        assert np.median(found) > 0.3


def test_level_changes_the_character() -> None:
    def peaks(source: str, level: float) -> float:
        """Events a second: how often the envelope jumps well over its median."""
        counts = []
        for seed in range(4):
            curve = envelope(sound_of(source, seed, level), 0.005)
            counts.append(len(signal.find_peaks(curve, height=2.0 * np.median(curve), distance=2)[0]))
        return float(np.mean(counts))

    assert peaks("crackling_fire", 1.0) > peaks("crackling_fire", 0.0)

    def crest(source: str, level: float) -> float:
        return float(np.median([np.abs(sound_of(source, seed, level)).max() for seed in range(4)]))

    assert crest("rain", 0.0) > 1.5 * crest("rain", 1.0)  # drops stand out of a drizzle
    sharp = [
        np.mean([share(sound_of("thunder", s, level), 800, 12000) for s in range(4)]) for level in (0.0, 1.0)
    ]
    assert sharp[1] > 2 * sharp[0]  # a near stroke tears, a far one rumbles
    chorus = [
        np.mean([envelope(sound_of("birds", s, level)).std() for s in range(4)]) for level in (0.0, 1.0)
    ]
    assert chorus[1] < chorus[0]  # a chorus leaves fewer gaps


def test_stream_bubbles_and_fire_crackles() -> None:
    for seed in SEEDS:
        assert share(sound_of("stream", seed), 150, 4000) > 0.5
        high = signal.sosfilt(
            signal.butter(2, 1500, "highpass", fs=RATE, output="sos"), sound_of("crackling_fire", seed)
        )
        assert np.abs(high).max() / np.sqrt(np.mean(high**2)) > 8  # pops, not hiss


@pytest.mark.parametrize("seed", SEEDS)
def test_crickets_pulse(seed: int) -> None:
    assert share(sound_of("crickets", seed, 0.0), 2500, 18000) > 0.6
    hop_s = 0.002
    assert pulse_hz(sound_of("crickets", seed, 0.0), 10, 80, hop_s)[1] > 0.2


def test_train_clacks() -> None:
    sharp = []
    for seed in range(4):
        curve = envelope(sound_of("train", seed, 0.3), 0.01)
        sharp.append(np.percentile(curve, 99) / np.median(curve))
    assert np.median(sharp) > 1.5
