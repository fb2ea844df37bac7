"""Samples of sounds of the world at 16 kHz, for networks that need more than a log-mel: the vocoder, and the
classifier of sounds that the evaluation goes by.

The scenes are drawn as those of image-to-sound are; those of the split "classifier" are sounds that nothing
else is trained on.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonic_ui.models.mel import SAMPLE_RATE
from sonic_ui.scenes.render import render_sound
from sonic_ui.scenes.world import Scene
from sonic_ui.training.data import rendering
from sonic_ui.training.data.image_to_sound import DURATION_S, image_to_sound_scenes, levelled
from sonic_ui.training.run import Run, stage

FULL_SCALE = 32767.0


@dataclass(frozen=True)
class SoundSamples:
    """Scenes [N] and their sounds, int16 [N, T] at 16 kHz, all at one level (`levelled`)."""

    scenes: list[Scene]
    samples: NDArray[np.int16]

    def float32(self, index: NDArray[np.integer]) -> NDArray[np.float32]:
        """Samples [B, T] in [-1, 1] of some of them."""
        return self.samples[index].astype(np.float32) / np.float32(FULL_SCALE)


def _samples_shard(split: str, shard: int, count: int) -> rendering.Shard:
    """The sounds of the scenes of a shard."""
    scenes = image_to_sound_scenes(split, shard, count)
    sounds = np.stack([levelled(render_sound(scene, DURATION_S, SAMPLE_RATE)) for scene in scenes])
    samples = np.round(np.clip(sounds, -1, 1) * FULL_SCALE).astype(np.int16)
    return samples, [rendering.scene_to_json(scene) for scene in scenes]


@stage("sound_samples")
def render_sound_samples(run: Run) -> None:
    """Render the sounds of scenes of image-to-sound."""
    r = run.recipe["sound_samples"]
    counts = {split: r[f"{split}_shards"] for split in ("classifier", "held_out", "train")}
    shards = rendering.shards_of(run.folder / "sound_samples", counts, r["scenes"])
    rendering.render_shards(run, partial(_samples_shard), shards)


def load_sound_samples(folder: Path, split: str) -> SoundSamples:
    """All shards of a split.

    Raises:
        FileNotFoundError: nothing was rendered for this split.
    """
    paths = rendering.shard_paths(folder, split)
    if not paths:
        raise FileNotFoundError(f"no sounds of split {split!r} in {folder}; run the stage sound_samples")
    scenes = [rendering.scene_from_json(line) for line in rendering.shard_lines(paths)]
    return SoundSamples(scenes, np.concatenate([np.load(path) for path in paths]))
