"""Pictures of scenes: the same scene is the same picture; more level is more of the thing."""

from __future__ import annotations

import numpy as np
import pytest

from sonic_ui.scenes.images.canvas import STYLE_FILTERS
from sonic_ui.scenes.render import paint
from sonic_ui.scenes.world import INDOOR_PLACES, OUTDOOR_PLACES, SOURCES, STYLES, TIMES, Scene, SourceInstance

SIZE = 64


def picture(
    source: str,
    level: float,
    *,
    place: str = "meadow",
    time: str = "day",
    style: str = "painting",
    seed: int = 5,
) -> np.ndarray:
    scene = Scene((SourceInstance(source, level),), time, place, style, seed)
    return np.asarray(paint(scene, SIZE), np.float32)


def test_every_style_has_a_filter() -> None:
    assert set(STYLE_FILTERS) == set(STYLES)


def test_the_same_scene_is_the_same_picture() -> None:
    assert np.array_equal(picture("dog", 0.6), picture("dog", 0.6))
    assert not np.array_equal(picture("dog", 0.6), picture("dog", 0.6, seed=6))


@pytest.mark.parametrize("source", SOURCES)
def test_a_louder_thing_covers_more_of_the_picture(source: str) -> None:
    """Against the scene with the source at its smallest, more of the picture changes the louder it is."""
    quiet, middle, loud = (picture(source, level) for level in (0.0, 0.45, 1.0))
    changed_middle = (np.abs(middle - quiet).max(-1) > 24).mean()
    changed_loud = (np.abs(loud - quiet).max(-1) > 24).mean()
    assert changed_loud > changed_middle > 0.01


def test_louder_rain_draws_more_streaks() -> None:
    def sharpness(level: float) -> float:
        return float(np.abs(np.diff(picture("rain", level), axis=1)).mean())

    assert sharpness(0.1) < sharpness(0.5) < sharpness(0.95)


def test_night_is_darker_than_day() -> None:
    assert picture("car", 0.5, time="night").mean() < 0.7 * picture("car", 0.5, time="day").mean()


@pytest.mark.parametrize("place", [*OUTDOOR_PLACES, *INDOOR_PLACES])
@pytest.mark.parametrize("time", TIMES)
def test_every_place_at_every_time_can_be_painted(place: str, time: str) -> None:
    source = "dog"
    out = picture(source, 0.5, place=place, time=time)
    assert out.shape == (SIZE, SIZE, 3) and out.std() > 8


@pytest.mark.parametrize("style", STYLES)
def test_styles_differ(style: str) -> None:
    others = [picture("clock", 0.6, style=s) for s in STYLES if s != style]
    own = picture("clock", 0.6, style=style)
    assert min(float(np.abs(own - other).mean()) for other in others) > 4
