"""Sounds of scenes: finite, the same for the same scene, as loud as their level, in their room."""

from __future__ import annotations

import numpy as np
import pytest

from sonic_ui.audio.loudness import integrated_lufs, true_peak_dbfs
from sonic_ui.scenes.render import level_to_lufs, render_sound, synthesise
from sonic_ui.scenes.world import SOURCES, Scene, SourceInstance
from tests.scenes.measures import RATE, dynamics_db, sound_of


def scene(*sources: SourceInstance, place: str = "meadow", seed: int = 5) -> Scene:
    return Scene(sources, "day", place, "painting", seed)


@pytest.mark.parametrize("source", SOURCES)
def test_finite_deterministic_and_different_by_seed_and_level(source: str) -> None:
    one, same, other = sound_of(source, 1), sound_of(source, 1), sound_of(source, 2)
    assert one.shape == (5 * RATE,) and one.dtype == np.float32
    assert np.isfinite(one).all()
    assert np.array_equal(one, same)
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.5
    assert np.sqrt(np.mean(one**2)) == pytest.approx(1.0, rel=1e-3)
    for level in (0.0, 1.0):
        assert not np.allclose(one, sound_of(source, 1, level), atol=1e-3)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(("duration_s", "rate"), [(0.1, 48000), (1.0, 16000), (12.0, 8000)])
def test_other_lengths_and_rates(source: str, duration_s: float, rate: int) -> None:
    samples = synthesise(source, np.random.default_rng(0), duration_s, rate, 0.8)
    assert samples.shape == (round(duration_s * rate),)
    assert np.isfinite(samples).all() and samples.std() > 0.1


def test_wrong_arguments_are_named() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"owl.*rain"):
        synthesise("owl", rng)
    with pytest.raises(ValueError, match=r"1\.5"):
        synthesise("rain", rng, level=1.5)
    with pytest.raises(ValueError, match=r"0\.1 s"):
        synthesise("rain", rng, duration_s=0.01)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_loudness_follows_the_level(source: str, level: float) -> None:
    samples = render_sound(scene(SourceInstance(source, level), seed=3))
    assert true_peak_dbfs(samples) <= -1.0
    assert integrated_lufs(samples, RATE) == pytest.approx(level_to_lufs(level), abs=0.5)


def test_a_level_has_a_loudness() -> None:
    assert [level_to_lufs(level) for level in (0.0, 0.5, 1.0)] == [-48.0, -30.0, -12.0]


def test_a_mix_holds_its_sources_and_its_room() -> None:
    rain, birds = SourceInstance("rain", 0.4), SourceInstance("birds", 0.5)
    both = render_sound(scene(rain, birds))
    assert np.array_equal(both, render_sound(scene(rain, birds)))
    alone = render_sound(scene(rain))
    rest = both - alone
    assert integrated_lufs(rest, RATE) == pytest.approx(level_to_lufs(0.5), abs=0.5)
    assert render_sound(scene(), 1.0).shape == (RATE,)
    clock = SourceInstance("clock", 0.5)
    dry, church = (render_sound(scene(clock, place=place)) for place in ("meadow", "church"))
    assert dynamics_db(church) < dynamics_db(dry) - 3
