"""Scenes: plain data that say what they mean."""

from __future__ import annotations

import numpy as np
import pytest

from sonic_ui.scenes.world import INDOOR_PLACES, SOURCES, SPECS, Scene, SourceInstance, caption, sample_scene


def scenes(count: int, seed: int = 0) -> list[Scene]:
    rng = np.random.default_rng(seed)
    return [sample_scene(rng) for _ in range(count)]


def test_the_same_seed_gives_the_same_scenes() -> None:
    assert scenes(20) == scenes(20)
    assert scenes(20) != scenes(20, seed=1)


def test_every_source_comes_up_and_only_where_it_may() -> None:
    seen = set()
    for scene in scenes(800):
        assert 1 <= len(scene.sources) <= 3
        for source in scene.sources:
            seen.add(source.name)
            spec = SPECS[source.name]
            assert spec.indoors if scene.place in INDOOR_PLACES else scene.place in spec.places
    assert seen == set(SOURCES)


def test_indoors_is_where_rooms_sound() -> None:
    rooms = {scene.room for scene in scenes(300)}
    assert rooms == {"dry", "room", "hall", "church"}


def test_levels_and_presence_name_the_same_sources() -> None:
    for scene in scenes(50):
        assert np.array_equal(scene.levels > 0, scene.presence > 0)
        assert scene.presence.sum() == len(scene.sources)


@pytest.mark.parametrize(
    "level, words", [(0.1, ("quiet", "small", "faint")), (0.95, ("loud", "big", "strong"))]
)
def test_captions_say_how_strong_a_source_is(level: float, words: tuple[str, ...]) -> None:
    scene = Scene((SourceInstance("rain", level),), "night", "town", "watercolour", 3)
    text = caption(scene, full=True)
    assert any(word in text for word in words)
    assert text.startswith("a watercolour of") and text.endswith("in a town at night")


def test_bad_sources_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown source 'unicorn'"):
        SourceInstance("unicorn", 0.5)
    with pytest.raises(ValueError, match="must lie in"):
        SourceInstance("rain", 1.5)
