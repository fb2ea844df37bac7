"""Captions of what is heard: order, levels, rooms, what follows, and how they are read back."""

from __future__ import annotations

import numpy as np

from sonic_ui.scenes.sound_captions import (
    audible_sources,
    room_in,
    sound_caption,
    sound_caption_words,
    sources_in,
)
from sonic_ui.scenes.world import SourceInstance, sample_scene


def test_the_loudest_comes_first_and_what_is_far_quieter_is_not_named() -> None:
    sources = [SourceInstance("rain", 0.3), SourceInstance("dog", 0.8), SourceInstance("wind", 0.1)]
    assert sound_caption([sources], "dry") == "a loud dog and quiet rain"
    assert [one.name for one in audible_sources(sources)] == ["dog", "rain"]


def test_rooms_and_what_follows() -> None:
    first, then = (
        [SourceInstance("church_bell", 0.5)],
        [SourceInstance("train", 0.5), SourceInstance("rain", 0.4)],
    )
    caption = sound_caption([first, then], "church")
    assert caption == "a church bell then a train and rain in a church"
    assert sources_in(caption) == ["church_bell", "train", "rain"] and room_in(caption) == "church"
    assert room_in("a church bell") == "dry" and sources_in("a train") == ["train"]


def test_captions_are_read_back_and_made_of_their_words() -> None:
    rng = np.random.default_rng(0)
    words = set(sound_caption_words())
    for _ in range(200):
        scene = sample_scene(rng, indoor_share=0.6)
        caption = sound_caption([scene.sources], scene.room)
        assert sources_in(caption) == [one.name for one in audible_sources(scene.sources)]
        assert room_in(caption) == scene.room and set(caption.split()) <= words
