"""The path of a film: where what is heard changes, and which pictures are painted for it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from sonic_ui.pipelines.film_path import (
    KEY_GAP_S,
    RANGE_DB,
    SETTLED_DB,
    FilmCourse,
    FilmPath,
    Loudness,
    Segment,
    Swell,
    change_points,
    choose_pictures,
    loudness_scales,
    refined_cut,
    settled_loudness,
    window_weights,
)

RNG = np.random.default_rng(0)


def noisy(kinds: list[int], each: int = 10, spread: float = 0.1) -> np.ndarray:
    """Embeddings near the axes `kinds`, `each` of every one."""
    rows = np.repeat(np.eye(4)[kinds], each, 0) + spread * RNG.standard_normal((len(kinds) * each, 4))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def course(kinds: list[int], change_s: float = 1.0, smooth_s: float = 2.0) -> FilmCourse:
    """A course through kinds of 5 s each, at full strength."""
    segments = tuple(Segment(5.0 * k, 5.0 * (k + 1)) for k in range(len(kinds)))
    times = np.arange(10 * len(kinds)) * 0.5 + 0.25
    path = FilmPath(
        segments, times, noisy(kinds, spread=0.02), window_weights(segments, times, 1.0), change_s, smooth_s
    )
    return FilmCourse(path, 0.0, 5.0 * len(kinds), np.ones(50 * len(kinds)), 0.1)


def test_changes_are_found_where_they_are_and_nowhere_else() -> None:
    assert change_points(noisy([0, 1, 0, 2])) == [10, 20, 30]
    assert change_points(noisy([0, 0, 0])) == []
    assert change_points(noisy([0], each=4)) == []


def test_a_cut_moves_to_where_the_bands_change() -> None:
    bands = np.concatenate([np.zeros((37, 8)), np.full((43, 8), 9.0)]).astype(np.float32)
    bands += 0.1 * RNG.standard_normal(bands.shape).astype(np.float32)
    assert refined_cut(bands, 42, 10) == 37


def test_the_path_turns_over_within_the_change() -> None:
    path = course([0, 1]).path
    kinds = [int(path.embedding(at_s).argmax()) for at_s in (2.0, 4.4, 4.9, 5.1, 5.6, 8.0)]
    assert kinds == [0, 0, 0, 1, 1, 1]
    steps = [path.embedding(at_s) for at_s in np.arange(4.5, 5.5, 0.05)]
    assert max(np.linalg.norm(b - a) for a, b in pairwise(steps)) < 0.25
    assert np.linalg.norm(path.embedding(5.0)) == pytest.approx(1.0, abs=1e-5)


def test_pictures_are_dense_at_changes_and_rare_in_steady_sounds() -> None:
    pictures = choose_pictures(course([0, 1, 2]))
    times = [picture.at_s for picture in pictures]
    assert times == sorted(times) and times[0] == 0.0 and times[-1] == 15.0
    between = [picture for picture in pictures if picture.begin is not None]
    assert len(between) == 6 and len(pictures) - len(between) <= 12
    for picture in between:
        left, right, position = picture.begin or (0, 0, 0.0)
        assert pictures[left].begin is None and pictures[right].begin is None and 0 < position < 1
        assert pictures[left].at_s < picture.at_s < pictures[right].at_s
    assert max(np.diff(times)) <= KEY_GAP_S + 0.7


def test_a_held_picture_is_one_picture() -> None:
    held = choose_pictures(course([0, 1], smooth_s=np.inf))
    first = [picture for picture in held if picture.at_s <= 4.5]
    assert len({picture.embedding.tobytes() for picture in first}) == 1


def test_the_strength_follows_the_loudness() -> None:
    loud = np.concatenate([np.full(80, -20.0), np.full(80, -44.0), np.full(80, -120.0)])
    scales = loudness_scales(settled_loudness(loud, 0.1), 1.0)
    assert scales[40] == 1.0 and scales[120] == pytest.approx(0.6, abs=0.02)
    assert scales[-1] == pytest.approx(SETTLED_DB / RANGE_DB)  # next to nothing in silence
    assert loudness_scales(settled_loudness(loud, 0.1), 0.0).tolist() == [1.0] * 240


def test_strokes_of_a_steady_sound_move_nothing_and_a_swell_is_followed() -> None:
    strokes = -30.0 + 6.0 * (np.arange(300) % 10 < 3)
    assert np.ptp(loudness_scales(settled_loudness(strokes, 0.1), 1.0)) < 0.01
    swell = loudness_scales(settled_loudness(np.linspace(-50.0, -20.0, 300), 0.1), 1.0)
    assert swell[-1] - swell[0] > 0.45 and (np.diff(swell) >= 0).all()


def test_the_embedding_of_a_swell_follows_its_loudness() -> None:
    """Windows turn from one axis to another as they grow louder; the average over them hardly does."""
    times, level_db = np.arange(24) * 0.5 + 0.25, np.linspace(-40.0, -14.0, 120)
    segments = (Segment(0.0, 12.0),)
    louder = np.linspace(0.0, 1.2, 24)
    windows = np.stack([np.cos(louder), np.sin(louder), 0 * louder, 0 * louder], 1).astype(np.float32)
    swell = Swell(np.linspace(-40.0, -14.0, 24), windows)
    path = FilmPath(segments, times, windows, window_weights(segments, times, 1.0), 1.0)

    def turned(path: FilmPath) -> float:
        begin, end = (path.embedding(at_s) for at_s in (0.5, 11.5))
        return float(np.arctan2(end[1], end[0]) - np.arctan2(begin[1], begin[0]))

    rising, steady = Loudness(level_db, 0.0, 0.1), Loudness(np.full(120, -20.0), 0.0, 0.1)
    assert turned(path) < 0.7 < 1.0 < turned(replace(path, loudness=rising, swells=(swell,))) < 1.3
    assert turned(replace(path, loudness=steady, swells=(swell,))) == pytest.approx(turned(path))
    assert turned(replace(path, loudness=rising, swells=(None,))) == pytest.approx(turned(path))


def test_names_follow_the_loudness_and_turn_over_at_a_change() -> None:
    level_db = np.concatenate([np.linspace(-40.0, -16.0, 50), np.full(50, -28.0)])
    path = replace(course([0, 1]).path, names=("rain", "a dog"), loudness=Loudness(level_db, 0.0, 0.1))

    def loud(at_s: float, name: str = "loud rain") -> float:
        return dict(path.words(at_s)).get(name, 0.0)

    assert loud(0.2) < 0.1 < loud(1.5) < loud(3.0) < loud(4.4)
    assert dict(path.words(8.0)) == pytest.approx({"a quiet dog": 0.5, "a loud dog": 0.5}, abs=0.01)
    crossing = dict(path.words(5.0))
    assert sum(share for text, share in crossing.items() if "rain" in text) == pytest.approx(0.5, abs=0.01)
    assert sum(crossing.values()) == pytest.approx(1.0, abs=0.01)
    unnamed = replace(path, names=("rain", ""))
    assert dict(unnamed.words(8.0)) == {"": 1.0} and path.segments == unnamed.segments
    assert course([0]).path.words(1.0) == (), "nothing is said where nobody asked for it"


def test_a_held_picture_keeps_its_words() -> None:
    level_db = np.linspace(-40.0, -16.0, 50)
    path = replace(course([0], smooth_s=np.inf).path, names=("rain",), loudness=Loudness(level_db, 0.0, 0.1))
    assert path.words(0.5) == path.words(2.0) == path.words(4.5) != ()
