"""Where the frames of a glide go."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from sonic_ui.pipelines.embedding_path import (
    FINEST,
    evenly_spaced_by_perception,
    next_position,
    perceptual_distances,
)


def grey(shade: float) -> Image.Image:
    return Image.new("RGB", (64, 48), (round(255 * shade),) * 3)


def turning(at: float, width: float) -> Image.Image:
    """A picture that turns over around 0.6."""
    return grey(float(np.clip((at - 0.6) / width + 0.5, 0, 1)))


def test_how_far_pictures_are_apart() -> None:
    assert perceptual_distances(grey(0.2), grey(0.2)) == 0
    assert perceptual_distances(grey(0), grey(1)) == pytest.approx(1)
    assert perceptual_distances(grey(0.25), grey(0.5)) == pytest.approx(0.25, abs=0.01)
    noisy = Image.fromarray(np.random.default_rng(0).integers(118, 138, (512, 512, 3), np.uint8))
    assert perceptual_distances(noisy, grey(0.5)) < 0.01, "grain is no difference"


def largest_step(frames: list[Image.Image]) -> float:
    steps = [perceptual_distances(a, b) for a, b in pairwise(frames)]
    return max(steps) / float(np.mean(steps))


@pytest.mark.parametrize("count", [8, 16])
def test_a_picture_that_turns_over_is_made_to_glide(count: int) -> None:
    asked: list[float] = []

    def paint(place: float) -> Image.Image:
        asked.append(place)
        return turning(place, 0.2)

    places, frames = evenly_spaced_by_perception(count, paint)
    even = [turning(place, 0.2) for place in np.linspace(0, 1, count)]
    assert len(places) == count and sorted(asked) == places
    assert asked[:4] == [0.0, 1.0, 0.5, 0.75], "the ends, the middle, then where it turns"
    assert largest_step(frames) < 0.7 * largest_step(even)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 48])
def test_there_are_as_many_frames_as_were_asked_for(count: int) -> None:
    places, _ = evenly_spaced_by_perception(count, lambda place: turning(place, 0.01))
    assert len(places) == len(set(places)) == count and (places[0], places[-1]) == (0, 1)


def test_pictures_that_are_all_alike_are_spread_evenly() -> None:
    places, _ = evenly_spaced_by_perception(9, lambda place: grey(0.5))
    assert np.diff(places) == pytest.approx([1 / 8] * 8)


def test_no_place_is_finer_than_a_two_hundredth() -> None:
    shown = {0.0: grey(0), 0.5: grey(0), 0.505: grey(1), 1.0: grey(1)}
    place = next_position(shown, 8)
    assert place in (0.25, 0.755)
    place = next_position({0.0: grey(0), 0.5: grey(0), 0.52: grey(1), 1.0: grey(1)}, 8)
    assert place == pytest.approx(0.51) and place * FINEST == pytest.approx(round(place * FINEST))


def test_the_measure_decides_where_it_is_looked_closer() -> None:
    shown = {place: grey(place) for place in (0.0, 0.5, 1.0)}
    dark = grey(0.0)
    assert (
        next_position(shown, 8, lambda a, b: 1.0 if a.getpixel((0, 0)) == dark.getpixel((0, 0)) else 0.0)
        == 0.25
    )


def test_nothing_more_is_placed_once_there_are_enough() -> None:
    assert next_position({0.0: grey(0), 1.0: grey(1)}, 2) is None
    everywhere = {k / FINEST: grey(0) for k in range(FINEST + 1)}
    assert next_position(everywhere, 1000) is None
