"""Data of image-to-sound: scenes of the world with their log-mel, energy and embeddings.

Every sound is brought to one level (the largest of its smoothed energy is PEAK_RMS), since the person sets
the loudness of what is made; its embedding is that of the sound at the scene's own loudness. Written in
shards that are skipped when they exist.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonic_ui.audio.energy import rms_energy, smooth
from sonic_ui.models.audio_encoder import encode_sound
from sonic_ui.models.mel import HOP, SAMPLE_RATE, log_mel
from sonic_ui.scenes.images.render import paint
from sonic_ui.scenes.sounds.render import render_sound
from sonic_ui.scenes.world import SOURCES, Scene, sample_scene
from sonic_ui.training.data.rendering import SPLITS, scene_from_json, scene_to_json

FRAMES = 512
DURATION_S = FRAMES * HOP / SAMPLE_RATE
PEAK_RMS = 0.15
PAIR_SHARE = 0.15
EMBEDDED_S = 5.0  # one window of the audio encoder


@dataclass(frozen=True)
class ImageToSoundData:
    """Scenes [N] with log-mels [N, 512, 64], energies [N, 512] (linear RMS) and embeddings [N, D].

    `pictured` are the CLIP embeddings of their pictures; they may be of the first scenes only.
    """

    scenes: list[Scene]
    mels: NDArray[np.float16]
    energies: NDArray[np.float32]
    embeds: Tensor
    pictured: Tensor


def image_to_sound_scenes(split: str, shard: int, count: int) -> list[Scene]:
    """The scenes of one shard: single sources in turn, and some of two."""
    rng = np.random.default_rng([SPLITS[split], 555, shard])
    scenes: list[Scene] = []
    while len(scenes) < count:
        if rng.random() < PAIR_SHARE:
            scene = sample_scene(rng)
            if len(scene.sources) == 2:
                scenes.append(scene)
        else:
            scenes.append(sample_scene(rng, sources=(SOURCES[len(scenes) % len(SOURCES)],)))
    return scenes


def levelled(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The samples [T] at 16 kHz with the largest of their smoothed energy at PEAK_RMS."""
    peak = float(smooth(rms_energy(samples, SAMPLE_RATE)).max(initial=0.0))
    return samples * np.float32(PEAK_RMS / max(peak, 1e-6))


def embed_at_16_khz(clap: Any, feature_extractor: Any, clips: list[NDArray[np.float32]]) -> Tensor:
    """Embeddings [B, D] of clips at 16 kHz, as the audio encoder hears them."""
    from scipy.signal import resample_poly

    length = round(EMBEDDED_S * SAMPLE_RATE)
    up = [resample_poly(clip[:length], 3, 1).astype(np.float32) for clip in clips]
    return encode_sound(clap, feature_extractor, up)


def render_image_to_sound_shard(
    folder: Path, split: str, shard: int, count: int, clap: Any, feature_extractor: Any
) -> Path:
    """Write `<split>-<shard>.npz` (mels, energies, embeds) and its scenes as JSON lines."""
    path = folder / f"{split}-{shard:04d}.npz"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    scenes = image_to_sound_scenes(split, shard, count)
    mels, energies, embeds = [], [], []
    for scene in scenes:
        sound = render_sound(scene, DURATION_S, SAMPLE_RATE)
        embeds.append(embed_at_16_khz(clap, feature_extractor, [sound])[0].numpy())
        sound = levelled(sound)
        mels.append(log_mel(torch.from_numpy(sound)[None])[0].numpy().astype(np.float16))
        energies.append(rms_energy(sound, SAMPLE_RATE))
    path.with_suffix(".jsonl").write_text("\n".join(scene_to_json(s) for s in scenes))
    temporary = path.with_suffix(".part.npz")
    np.savez(temporary, mels=np.stack(mels), energies=np.stack(energies), embeds=np.stack(embeds))
    temporary.rename(path)
    return path


def render_image_to_sound(
    folder: Path, shards: dict[str, int], count: int, clap: Any, feature_extractor: Any
) -> Iterator[str]:
    """Render all shards; yields each file as it is done."""
    for split, number in shards.items():
        for shard in range(number):
            yield str(render_image_to_sound_shard(folder, split, shard, count, clap, feature_extractor))


@torch.no_grad()
def picture_shard(folder: Path, split: str, shard: int, size: int, clip: Any) -> Path:
    """Write `<split>-<shard>.pictured.npy`: CLIP embeddings [N, D] of the pictures of a shard's scenes."""
    from sonic_ui.training.run import image_embeddings

    path = folder / f"{split}-{shard:04d}.pictured.npy"
    if not path.exists():
        lines = (folder / f"{split}-{shard:04d}.jsonl").read_text().splitlines()
        pictures = np.stack([np.asarray(paint(scene_from_json(line), size)) for line in lines])
        np.save(path, image_embeddings(clip, pictures).numpy())
    return path


def load_image_to_sound(folder: Path, split: str) -> ImageToSoundData:
    """All shards of a split.

    Raises:
        FileNotFoundError: nothing was rendered for this split.
    """
    paths = sorted(p for p in folder.glob(f"{split}-*.npz") if ".part" not in p.name)
    if not paths:
        raise FileNotFoundError(f"no sounds of split {split!r} in {folder}; run the stage sounded first")
    scenes = [
        scene_from_json(line) for p in paths for line in p.with_suffix(".jsonl").read_text().splitlines()
    ]
    parts = [np.load(p) for p in paths]
    pictured = [np.load(p) for p in sorted(folder.glob(f"{split}-*.pictured.npy"))]
    return ImageToSoundData(
        scenes,
        np.concatenate([p["mels"] for p in parts]),
        np.concatenate([p["energies"] for p in parts]),
        torch.from_numpy(np.concatenate([p["embeds"] for p in parts])).float(),
        torch.from_numpy(np.concatenate(pictured)) if pictured else torch.zeros(0, 0),
    )
