"""Sounds of scenes that are not painted: many scenes of several sources out of few voices.

What sounds together is the hard part of hearing, and the more of it is heard the better. A rendered scene
takes a tenth of a second, nearly all of it for its sources. Here each source of a shard speaks at a few
levels in one room; scenes are drawn, and each is the sum of its voices, limited as `render_sound` does it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.limiter import limit_true_peak
from sonic_ui.scenes.sounds.render import sound_source
from sonic_ui.scenes.world import SOURCES, Scene, SourceInstance, sample_scene
from sonic_ui.training.data.rendering import SPLITS, save_shard, scene_from_json, scene_to_json
from sonic_ui.training.data.sounds import CLIP_S, FLOOR_DB, FRAME_STEP, MELS, SAMPLE_RATE, log_mel

VOICES = 4
"""Of every source of a shard, one in each quarter of the levels."""
QUIETEST = 0.05


def mixture_scene(rng: np.random.Generator) -> Scene:
    """A scene of several sources."""
    while len((scene := sample_scene(rng)).sources) < 2:
        pass
    return scene


class StemBank:
    """The voices of one shard, each synthesised when it is first needed."""

    def __init__(self, room: str, seed: int) -> None:
        self.room, self.seed = room, seed
        self._voices: dict[SourceInstance, NDArray[np.float32]] = {}

    def source(self, name: str, voice: int) -> SourceInstance:
        """The source with the level of its voice."""
        rng = np.random.default_rng([self.seed, SOURCES.index(name), voice])
        return SourceInstance(name, QUIETEST + (1 - QUIETEST) * (voice + rng.random()) / VOICES)

    def voice(self, source: SourceInstance) -> NDArray[np.float32]:
        """The source in the room, at its loudness: [T] at 48 kHz."""
        if source not in self._voices:
            rng = np.random.default_rng([self.seed, SOURCES.index(source.name), round(1e6 * source.level)])
            self._voices[source] = sound_source(source, rng, self.room, self.seed, CLIP_S, SAMPLE_RATE)
        return self._voices[source]

    def scene(self, rng: np.random.Generator) -> Scene:
        """A scene of several sources in this room, each with one of its voices."""
        while (scene := mixture_scene(rng)).room != self.room:
            pass
        voices = rng.integers(VOICES, size=len(scene.sources)).tolist()
        sources = (self.source(one.name, voice) for one, voice in zip(scene.sources, voices, strict=True))
        return replace(scene, sources=tuple(sources), seed=self.seed)

    def mix(self, scene: Scene) -> NDArray[np.float32]:
        """The log-mel [T, 64] of a scene of this choir."""
        mix = np.stack([self.voice(source) for source in scene.sources]).sum(0)
        return np.maximum(log_mel(limit_true_peak(mix, SAMPLE_RATE))[::FRAME_STEP], FLOOR_DB)


def _render_shard(job: tuple[str, str, int, int]) -> str:
    folder, split, shard, count = job
    path = Path(folder) / f"ensembles_{split}-{shard:04d}.npy"
    if not path.exists():
        rng = np.random.default_rng([SPLITS[split], 99, shard])
        choir = StemBank(mixture_scene(rng).room, int(rng.integers(2**31)))
        scenes = [choir.scene(rng) for _ in range(count)]
        mels = np.stack([choir.mix(scene) for scene in scenes]).astype(np.float16)
        path.with_suffix(".jsonl").write_text("\n".join(scene_to_json(s) for s in scenes))
        save_shard(path, mels)
    return str(path)


def render_mixtures(folder: Path, shards: dict[str, int], count: int, *, workers: int = 2) -> Iterator[str]:
    """Store `count` scenes of several sources in each shard; resumes by shard."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(str(folder), split, shard, count) for split, number in shards.items() for shard in range(number)]
    with get_context("spawn").Pool(workers) as pool:
        yield from pool.imap_unordered(_render_shard, jobs)


def load_mixtures(folder: Path, split: str) -> tuple[NDArray[np.float16], list[Scene]]:
    """All stored ensembles of a split: dB [N, T, 64] and their scenes; empty when there are none."""
    paths = _shards(folder, split)
    if not paths:
        return np.zeros((0, 251, MELS), np.float16), []
    return np.concatenate([np.load(path) for path in paths]), mixture_scenes(folder, split)


def mixture_scenes(folder: Path, split: str) -> list[Scene]:
    """The scenes of all stored ensembles of a split, without their sounds."""
    texts = [path.with_suffix(".jsonl").read_text() for path in _shards(folder, split)]
    return [scene_from_json(line) for text in texts for line in text.splitlines()]


def _shards(folder: Path, split: str) -> list[Path]:
    return sorted(p for p in folder.glob(f"ensembles_{split}-*.npy") if ".part" not in p.name)
