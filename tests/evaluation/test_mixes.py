"""Figures of mixes and rooms, on painters and judges whose answers are known."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from sonic_ui.audio.loudness import integrated_lufs
from sonic_ui.evaluation import mixes
from sonic_ui.evaluation.held_out import SAMPLE_RATE, HeldOutClip
from sonic_ui.evaluation.mixes import MOVED_DB, RoomProbe, Trio
from sonic_ui.requests.fields import ROOMS
from sonic_ui.scenes.world import SOURCES

RNG = np.random.default_rng(0)


def clip(source: str) -> HeldOutClip:
    return HeldOutClip(source, (0.1 * RNG.standard_normal(SAMPLE_RATE)).astype(np.float32), (source,))


def painter() -> Any:
    """Paints the gain of the first sound as grey."""

    def paint(
        sounds: Sequence[Sequence[np.ndarray]],
        levels: Sequence[Sequence[mixes.Level]],
        seeds: Sequence[int] | None = None,
    ) -> list[Image.Image]:
        assert len(sounds) == len(levels) and {one.lufs for some in levels for one in some} == {
            mixes.BASE_LUFS
        }
        return [Image.new("RGB", (4, 4), (round(100 + 3 * some[0].gain_db),) * 3) for some in levels]

    return SimpleNamespace(paint=paint, seed=1)


class Judge:
    """Reads grey as the level of the first source; all are there, at 0.5 but for that."""

    def predict(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        level = torch.full((len(pictures), len(SOURCES)), 0.5)
        level[:, 0] = (pictures[:, 0, 0, 0] + 1) / 2
        return torch.ones_like(level), level


def test_a_fader_that_moves_its_own_alone_gets_full_marks() -> None:
    clips = (clip(SOURCES[0]), clip(SOURCES[1]), clip(SOURCES[2]))
    metrics, images = mixes.fader_metrics(Judge(), painter(), [Trio(clips, 0)])  # type: ignore[arg-type]
    assert [metric.value for metric in metrics] == [1.0, pytest.approx(1.0), 0.0]
    moved, _ = mixes.fader_metrics(Judge(), painter(), [Trio(clips, 1)])  # type: ignore[arg-type]
    assert moved[1].value == 0.0 and len(images) == len(MOVED_DB)


def test_trios_are_of_things_that_stand_in_one_place() -> None:
    trios = mixes.trios_of([clip(name) for name in SOURCES], 6)
    for trio in trios:
        names = [one.sources[0] for one in trio.clips]
        assert len({*names}) == 3
        assert set.intersection(*({*mixes.SPECS[name].places} for name in names))
    assert {trio.moved for trio in trios} == {0, 1, 2}


def test_pairs_of_recordings_are_as_loud_as_each_other() -> None:
    pair = mixes.as_one((clip("rain"), clip("dog")))
    assert {*pair.sources} == {"rain", "dog"}
    assert integrated_lufs(pair.samples, SAMPLE_RATE) == pytest.approx(mixes.BASE_LUFS + 3, abs=0.3)


def test_both_of_a_pair_must_be_seen() -> None:
    pairs = mixes.fitting_pairs([clip(name) for name in SOURCES], 3)
    metric, images = mixes.pair_metric(Judge(), painter(), pairs, "sounds", 0.75)  # type: ignore[arg-type]
    assert metric.value == 1.0 and len(images) == 3 and metric.note == "3 pairs"

    class Blind(Judge):
        def predict(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
            presence, level = super().predict(pictures)
            presence[:, SOURCES.index(pairs[1][1].sources[0])] = 0.0
            return presence, level

    metric, _ = mixes.pair_metric(Blind(), painter(), pairs, "sounds", 0.75)  # type: ignore[arg-type]
    assert metric.value < 1.0


def test_recordings_that_follow_each_other_are_of_two_sources() -> None:
    joined = mixes.joined_recordings([clip("rain"), clip("rain"), clip("dog")], 3)
    assert all({*one.sources} == {"rain", "dog"} and one.samples.size == 2 * SAMPLE_RATE for one in joined)
    halves = np.split(joined[0].samples, 2)
    assert [integrated_lufs(half, SAMPLE_RATE) for half in halves] == pytest.approx(
        [mixes.BASE_LUFS] * 2, abs=0.3
    )


def test_pictures_of_rooms_are_named_beside_their_sources() -> None:
    sounds = mixes.RoomSounds([clip("rain").samples], mixes.room_scenes(1, 2, rooms=("dry",)))
    assert sounds.rooms == [*ROOMS]

    class Probe:
        def predict(self, pictures: Tensor) -> list[str]:
            return ["dry", "hall", "hall", "dry"]

    class Named:
        def predict(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
            presence = torch.zeros(len(pictures), len(SOURCES))
            presence[:, SOURCES.index(sounds.scenes[0].sources[0].name)] = 1.0
            return presence, presence

    pictures = [Image.new("RGB", (4, 4))] * 4
    metrics, named = mixes.room_metrics(Probe(), Named(), sounds, pictures, "by ear")  # type: ignore[arg-type]
    assert [metric.value for metric in metrics] == [0.5, 0.75, 1.0]
    assert metrics[0].name.startswith("rooms, by ear: ") and named["room"] == ["hall"]


def test_the_probe_names_rooms_by_features() -> None:
    def features(pictures: Tensor) -> Tensor:
        return pictures.mean((2, 3))

    colours = torch.eye(4)[:, :3]
    places = [place for place in ROOMS for _ in range(8)]
    pictures = torch.stack([colours[ROOMS.index(place)] for place in places])[:, :, None, None]
    pictures = pictures.expand(-1, -1, 4, 4) + 0.05 * torch.randn(32, 3, 4, 4, generator=torch.manual_seed(0))
    probe = RoomProbe(features, pictures, places)
    assert probe.predict(pictures) == places


def test_scenes_of_rooms_are_of_every_place() -> None:
    assert [scene.room for scene in mixes.room_scenes(2, 0)] == [place for place in ROOMS for _ in range(2)]
    assert {scene.room for scene in mixes.room_scenes(3, 2, rooms=("dry",))} == {"dry"}


def test_the_ratio_of_signal_to_distortion() -> None:
    sound, noise = RNG.standard_normal((2, 4000)).astype(np.float32)
    assert mixes.si_sdr(3 * sound, sound) > 100
    assert mixes.si_sdr(sound + 0.1 * noise, sound) == pytest.approx(20, abs=1)
    assert mixes.best_order([noise, sound], [sound, noise])[0] is sound
