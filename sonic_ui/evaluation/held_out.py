"""Sounds, pictures and curves that no part of the miniature was trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonic_ui.audio.clips import load_clip
from sonic_ui.audio.energy import rms_energy, smooth
from sonic_ui.scenes.render import paint, render_sound
from sonic_ui.scenes.world import SOURCES, Scene, sample_scene
from sonic_ui.training.data.recordings import REPORT, read_recordings
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


def single_source_scenes(per_source: int, *, stream: int = 0) -> list[Scene]:
    """`per_source` single-source scenes of every source at clearly audible levels; the sources in order."""
    rng = np.random.default_rng([SPLITS["held_out"], 1000, stream])
    return [
        sample_scene(rng, sources=(name,), levels=(float(rng.uniform(0.35, 1.0)),))
        for name in SOURCES
        for _ in range(per_source)
    ]


def synthetic_clips(per_source: int, picture_px: int, *, stream: int = 0) -> list[HeldOutClip]:
    """The sounds and pictures of `single_source_scenes`."""
    return [scene_clip(scene, picture_px) for scene in single_source_scenes(per_source, stream=stream)]


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
    return [
        HeldOutClip(
            one.path.name, np.asarray(load_clip(one.path, SAMPLE_RATE).samples, np.float32), (one.source,)
        )
        for one in read_recordings(data, (REPORT,))
        if one.source is not None
    ]


def held_out_renders(count: int, picture_px: int) -> tuple[list[Scene], NDArray[np.uint8]]:
    """Held-out scenes and their pictures [N, H, W, 3]."""
    scenes = scenes_of_shard("held_out", 9000, count)
    return scenes, renders_of(scenes, picture_px)


def renders_of(scenes: Sequence[Scene], picture_px: int) -> NDArray[np.uint8]:
    """Pictures [N, H, W, 3] of scenes."""
    return np.stack([np.asarray(paint(s, picture_px)) for s in scenes])


@dataclass(frozen=True)
class HeldOutScene:
    """A held-out scene of one source: its picture, its true sound [T] and the energy of that [frames]."""

    source: str
    picture: Image.Image
    sound: NDArray[np.float32]
    energy: NDArray[np.float32]


def held_out_sounds(per_source: int, picture_px: int, pipeline: Any) -> list[HeldOutScene]:
    """`per_source` single-source scenes of every source at clearly audible levels, in turn."""
    rng = np.random.default_rng([SPLITS["held_out"], 3000])
    scenes = []
    for _ in range(per_source):
        for name in SOURCES:
            scene = sample_scene(rng, sources=(name,), levels=(float(rng.uniform(0.35, 1.0)),))
            sound = render_sound(scene, pipeline.duration_s, pipeline.sample_rate)
            energy = smooth(rms_energy(sound, pipeline.sample_rate))
            scenes.append(HeldOutScene(name, paint(scene, picture_px), sound, energy))
    return scenes


Curve = NDArray[np.float32]
CURVES = 30


def _presets(t: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Plain shapes over seconds `t` of 5.12."""
    x, beat = t / t[-1], t % 1.0
    gusts = np.sin(2 * np.pi * 0.35 * t) + 0.6 * np.sin(2 * np.pi * 0.9 * t + 1) + 0.3 * np.sin(9 * t)
    knocks = (np.exp(-np.maximum(t - s, 0) / 0.15) * (t >= s) for s in (0.8, 1.6, 2.4))
    return {
        "fade in": x,
        "fade out": 1 - x,
        "swell": np.sin(np.pi * x) ** 2,
        "pulse": (np.sin(2 * np.pi * t * 1.0) > 0).astype(float),
        "heartbeat": np.exp(-(((beat - 0.15) / 0.06) ** 2)) + 0.7 * np.exp(-(((beat - 0.45) / 0.06) ** 2)),
        "three knocks": sum(knocks, 0 * t),
        "storm": 0.25 + 0.75 * x * (gusts - gusts.min()) / np.ptp(gusts),
        "two hills": np.exp(-(((x - 0.25) / 0.1) ** 2)) + 0.6 * np.exp(-(((x - 0.7) / 0.12) ** 2)),
        "sudden stop": np.where(x < 0.55, 0.3 + x, 0.02),
        "late start": np.where(x < 0.45, 0.0, 1 - 0.5 * (x - 0.45)),
    }


def _free_line(rng: np.random.Generator, frames: int) -> NDArray[np.float64]:
    """A line of the hand: from height to height, some of it lifted off to zero, with a little tremor."""
    strokes = int(rng.integers(2, 7))
    at = np.concatenate([[0], np.sort(rng.random(strokes)), [1]])
    heights = np.clip(rng.normal(0.5, 0.4, strokes + 2), 0, 1)
    line = np.interp(np.linspace(0, 1, frames), at, heights) ** rng.uniform(0.7, 1.6)
    for _ in range(int(rng.integers(0, 3))):
        start, length = rng.integers(0, frames - 60), rng.integers(20, 60)
        line[start : start + length] *= rng.uniform(0, 0.2)
    tremor = smooth(rng.normal(0, 0.12, frames), 0.12)
    return np.clip(smooth(line, 0.15) + tremor * line, 0, 1)


def curve_bank(frames: int, count: int = CURVES) -> list[tuple[str, Curve]]:
    """`count` named curves [frames] in [0, 1], the same at every call."""
    t = (np.arange(frames) + 0.5) / 100
    rng = np.random.default_rng(2026)
    shapes = [*_presets(t).items()]
    shapes += [(f"line {i + 1}", _free_line(rng, frames)) for i in range(max(0, count - len(shapes)))]
    return [(name, (shape / max(shape.max(), 1e-9)).astype(np.float32)) for name, shape in shapes[:count]]
