"""Which way a scene's picture faces."""

from __future__ import annotations

import numpy as np
import pytest

from sonic_ui.scenes.render import WITH_A_FRONT, faces_left, paint
from sonic_ui.scenes.world import SOURCES, sample_scene


@pytest.mark.parametrize("source", WITH_A_FRONT)
def test_what_has_a_front_looks_either_way(source: str) -> None:
    scenes = [sample_scene(np.random.default_rng(n), sources=(source,), levels=(0.8,)) for n in range(24)]
    assert {faces_left(scene) for scene in scenes} == {True, False}


def test_what_has_no_front_looks_nowhere() -> None:
    for source in set(SOURCES) - set(WITH_A_FRONT):
        scene = sample_scene(np.random.default_rng(0), sources=(source,), levels=(0.8,))
        assert faces_left(scene) is None


def test_the_way_is_that_of_the_picture() -> None:
    """Dogs that look to the right have their white muzzle there; the others on the left."""
    sides: dict[bool, list[float]] = {True: [], False: []}
    for number in range(30):
        scene = sample_scene(np.random.default_rng(number), sources=("dog",), levels=(1.0,))
        pixels = np.asarray(paint(scene, 64), np.float32)
        red = np.clip(pixels[..., 0] - pixels[..., 1] - 90, 0, None)  # its collar, beneath the head
        if red.sum():
            brown = np.clip(pixels[..., 0] - pixels[..., 2] - 40, 0, None)
            columns = np.arange(64)
            apart = (red.sum(0) @ columns) / red.sum() - (brown.sum(0) @ columns) / brown.sum()
            sides[bool(faces_left(scene))].append(float(apart))
    assert len(sides[True]) > 3 and len(sides[False]) > 3
    assert np.median(sides[True]) < 0 < np.median(sides[False])
