"""Figures of films, on frames that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonic_ui.evaluation.film_metrics import EACH_S, MadeTrack, agreement, flicker, made_track
from sonic_ui.scenes.world import SOURCES

FPS = 4


def test_agreement_counts_frames_away_from_changes() -> None:
    track = MadeTrack(Path("x.wav"), ("rain", "dog"))
    rain, dog, other = (SOURCES.index(name) for name in ("rain", "dog", "train"))
    seen = np.array([rain] * 22 + [dog] * 18)  # turns over half a second after 5 s
    assert agreement(seen, track, FPS) == (1.0, [0.5])
    seen[:8] = other
    assert agreement(seen, track, FPS)[0] == pytest.approx(1 - 8 / 31, abs=0.02)
    assert agreement(np.full(40, rain), track, FPS)[1] == [np.inf]


def test_flicker_is_what_steady_stretches_move() -> None:
    still = [Image.new("RGB", (8, 8), "black")] * 20 + [Image.new("RGB", (8, 8), "white")] * 20
    assert flicker(still, [5.0], FPS) == 0.0
    restless = [Image.new("RGB", (8, 8), ("black", "white")[number % 2]) for number in range(40)]
    assert flicker(restless, [5.0], FPS) == pytest.approx(1.0)


def test_a_made_track_is_the_same_every_time(tmp_path: Path) -> None:
    import soundfile

    first = made_track(tmp_path / "a", ("rain", "dog"), 3)
    again = made_track(tmp_path / "b", ("rain", "dog"), 3)
    assert first.changes == [EACH_S] and soundfile.info(first.path).duration == 2 * EACH_S
    assert first.path.read_bytes() == again.path.read_bytes()
