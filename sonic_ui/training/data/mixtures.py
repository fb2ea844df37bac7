"""Sounds of scenes that are not painted: many mixtures of few stems.

What sounds together is the hard part for the audio encoder, and more of it helps. A rendered scene takes a
tenth of a second, nearly all of it for its sources. Here each source of a shard has stems at a few levels in
one room; scenes are drawn, and each is the sum of its stems, limited as `render_sound` does it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.limiter import limit_true_peak
from sonic_ui.scenes.sounding import sound_source
from sonic_ui.scenes.world import SOURCES, Scene, SourceInstance, sample_scene
from sonic_ui.training.data import rendering
from sonic_ui.training.data.sounds import CLIP_S, FLOOR_DB, FRAME_STEP, MELS, SAMPLE_RATE, log_mel
from sonic_ui.training.run import Run, stage

STEMS = 4
"""Of every source of a shard, one in each quarter of the levels."""
QUIETEST = 0.05


def mixture_scene(rng: np.random.Generator) -> Scene:
    """A scene of several sources."""
    while len((scene := sample_scene(rng)).sources) < 2:
        pass
    return scene


class StemBank:
    """Stems of one shard, each synthesised when it is first needed."""

    def __init__(self, room: str, seed: int) -> None:
        self.room, self.seed = room, seed
        self._stems: dict[SourceInstance, NDArray[np.float32]] = {}

    def source(self, name: str, number: int) -> SourceInstance:
        """The source with the level of its stem `number`."""
        rng = np.random.default_rng([self.seed, SOURCES.index(name), number])
        return SourceInstance(name, QUIETEST + (1 - QUIETEST) * (number + rng.random()) / STEMS)

    def stem(self, source: SourceInstance) -> NDArray[np.float32]:
        """The source in the room, at its loudness: [T] at 48 kHz."""
        if source not in self._stems:
            rng = np.random.default_rng([self.seed, SOURCES.index(source.name), round(1e6 * source.level)])
            self._stems[source] = sound_source(source, rng, self.room, self.seed, CLIP_S, SAMPLE_RATE)
        return self._stems[source]

    def scene(self, rng: np.random.Generator) -> Scene:
        """A scene of several sources in this room, each with one of its stems."""
        while (scene := mixture_scene(rng)).room != self.room:
            pass
        numbers = rng.integers(STEMS, size=len(scene.sources)).tolist()
        sources = (self.source(one.name, number) for one, number in zip(scene.sources, numbers, strict=True))
        return replace(scene, sources=tuple(sources), seed=self.seed)

    def mix(self, scene: Scene) -> NDArray[np.float32]:
        """The log-mel [T, 64] of a scene of this bank."""
        mix = np.stack([self.stem(source) for source in scene.sources]).sum(0)
        return np.maximum(log_mel(limit_true_peak(mix, SAMPLE_RATE))[::FRAME_STEP], FLOOR_DB)


def _mixture_shard(split: str, shard: int, count: int) -> rendering.Shard:
    """Log-mels float16 [count, T, 64] of scenes of several sources."""
    rng = np.random.default_rng([rendering.SPLITS[split], 99, shard])
    bank = StemBank(mixture_scene(rng).room, int(rng.integers(2**31)))
    scenes = [bank.scene(rng) for _ in range(count)]
    mels = np.stack([bank.mix(scene) for scene in scenes]).astype(np.float16)
    return mels, [rendering.scene_to_json(s) for s in scenes]


@stage("mixtures")
def render_mixtures(run: Run) -> None:
    """Store scenes of several sources as log-mels."""
    world = run.recipe["world"]
    counts = {"train": world["mixture_shards"]}
    shards = rendering.shards_of(run.folder / "clips", counts, world["mixtures"], prefix="mixtures_")
    for path in rendering.render_shards(_mixture_shard, shards):
        run.report(path)


def load_mixtures(folder: Path, split: str) -> tuple[NDArray[np.float16], list[Scene]]:
    """All stored mixtures of a split: dB [N, T, 64] and their scenes; empty when there are none."""
    paths = rendering.shard_paths(folder, f"mixtures_{split}")
    if not paths:
        return np.zeros((0, 251, MELS), np.float16), []
    return np.concatenate([np.load(path) for path in paths]), mixture_scenes(folder, split)


def mixture_scenes(folder: Path, split: str) -> list[Scene]:
    """The scenes of all stored mixtures of a split, without their"""
    return [
        rendering.scene_from_json(line)
        for line in rendering.shard_lines(rendering.shard_paths(folder, f"mixtures_{split}"))
    ]
