"""Sounds and pictures that no part of the miniature was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonic_ui.scenes.images.render import paint
from sonic_ui.scenes.sounds.render import render_sound
from sonic_ui.scenes.world import SOURCES, Scene, sample_scene
from sonic_ui.training.data.rendering import SPLITS, scenes_of_shard

SAMPLE_RATE = 48_000


@dataclass(frozen=True)
class HeldOutClip:
    """A sound, the sources in it, and the picture of the same scene where there is one."""

    name: str
    samples: NDArray[np.float32]
    sources: tuple[str, ...]
    picture: NDArray[np.uint8] | None = None


def scene_clip(scene: Scene, picture_px: int) -> HeldOutClip:
    """The sound and the picture of a scene."""
    sources = tuple(s.name for s in scene.sources)
    return HeldOutClip("+".join(sources), render_sound(scene), sources, np.asarray(paint(scene, picture_px)))


def synthetic_clips(per_source: int, picture_px: int, *, stream: int = 0) -> list[HeldOutClip]:
    """`per_source` single-source scenes of every source at clearly audible levels."""
    rng = np.random.default_rng([SPLITS["held_out"], 1000, stream])
    return [
        scene_clip(sample_scene(rng, sources=(name,), levels=(float(rng.uniform(0.35, 1.0)),)), picture_px)
        for name in SOURCES
        for _ in range(per_source)
    ]


def mixed_clips(count: int, picture_px: int) -> list[HeldOutClip]:
    """Scenes of two sources, both clearly audible."""
    rng = np.random.default_rng([SPLITS["held_out"], 2000])
    clips: list[HeldOutClip] = []
    while len(clips) < count:
        scene = sample_scene(rng)
        if len(scene.sources) == 2 and min(s.level for s in scene.sources) > 0.4:
            clips.append(scene_clip(scene, picture_px))
    return clips


def real_clips(data: Path) -> list[HeldOutClip]:
    """Fold 4 of the real recordings, as the app would read them; empty without the folder."""
    from sonic_ui.audio.clips import load_clip
    from sonic_ui.training.data.sounds import real_files

    return [
        HeldOutClip(path.name, np.asarray(load_clip(path, SAMPLE_RATE).samples, np.float32), (source,))
        for path, source in real_files(data, held_out=True)
    ]


def held_out_renders(count: int, picture_px: int) -> tuple[list[Scene], NDArray[np.uint8]]:
    """Held-out scenes and their pictures [N, H, W, 3]."""
    scenes = scenes_of_shard("held_out", 9000, count)
    return scenes, np.stack([np.asarray(paint(s, picture_px)) for s in scenes])
