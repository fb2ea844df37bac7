"""Data of image-to-sound: scenes of the world with their log-mel, energy and embeddings.

Every sound is brought to one level (the largest of its smoothed energy is PEAK_RMS), since the person sets
the loudness of what is made; its embedding is that of the sound at the scene's own loudness. Written in
shards that are skipped when they exist.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
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
from sonic_ui.training.data import rendering
from sonic_ui.training.run import Run, artifact

FRAMES = 512
DURATION_S = FRAMES * HOP / SAMPLE_RATE
PEAK_RMS = 0.15
PAIR_SHARE = 0.15
EMBEDDED_S = 5.0  # one window of the audio encoder

EmbedSounds = Callable[[list[NDArray[np.float32]]], Tensor]
"""Clips [T] at 16 kHz -> audio embeddings [B, D]."""
EmbedPictures = Callable[[np.ndarray], Tensor]
"""Pictures uint8 [N, H, W, 3] -> image embeddings [N, D]."""


@dataclass(frozen=True)
class ImageToSoundData:
    """Scenes [N] with log-mels [N, 512, 64], energies [N, 512] (linear RMS) and embeddings [N, D].

    `image_embeds` are the CLIP embeddings of their pictures; they may be of the first scenes only.
    """

    scenes: list[Scene]
    mels: NDArray[np.float16]
    energies: NDArray[np.float32]
    embeds: Tensor
    image_embeds: Tensor


def image_to_sound_scenes(split: str, shard: int, count: int) -> list[Scene]:
    """The scenes of one shard: single sources in turn, and some of two."""
    rng = np.random.default_rng([rendering.SPLITS[split], 555, shard])
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
    """Embeddings [B, D] of clips at 16 kHz, as the audio encoder reads them."""
    from scipy.signal import resample_poly

    length = round(EMBEDDED_S * SAMPLE_RATE)
    up = [resample_poly(clip[:length], 3, 1).astype(np.float32) for clip in clips]
    return encode_sound(clap, feature_extractor, up)


def _sound_shard(embed: EmbedSounds, split: str, shard: int, count: int) -> rendering.Shard:
    """Log-mels, energies and embeddings of a shard's scenes."""
    scenes = image_to_sound_scenes(split, shard, count)
    mels, energies, embeds = [], [], []
    for scene in scenes:
        sound = render_sound(scene, DURATION_S, SAMPLE_RATE)
        embeds.append(embed([sound])[0].numpy())
        sound = levelled(sound)
        mels.append(log_mel(torch.from_numpy(sound)[None])[0].numpy().astype(np.float16))
        energies.append(rms_energy(sound, SAMPLE_RATE))
    arrays = {"mels": np.stack(mels), "energies": np.stack(energies), "embeds": np.stack(embeds)}
    return arrays, [rendering.scene_to_json(s) for s in scenes]


def _image_shard(embed: EmbedPictures, split: str, shard: int, folder: Path, size: int) -> rendering.Shard:
    """Embeddings [N, D] of the pictures of the scenes of a shard of sounds."""
    lines = rendering.shard_lines([folder / f"{split}-{shard:04d}.npz"])
    scenes = [rendering.scene_from_json(line) for line in lines]
    return embed(np.stack([np.asarray(paint(scene, size)) for scene in scenes])).numpy(), []


def render_image_to_sound(run: Run, embed_sounds: EmbedSounds, embed_pictures: EmbedPictures) -> None:
    """Render scenes as log-mel, energy and embedding; of the first shards the image embeddings, too."""
    r, folder = run.recipe["image_to_sound"], run.folder / "image_to_sound"
    size = run.recipe["world"]["picture_px"]
    held_out = {"held_out": r["held_out_shards"]}
    sounds = rendering.shards_of(folder, held_out | {"train": r["shards"]}, r["scenes"], suffix=".npz")
    counts = held_out | {"train": r["image_shards"]}
    images = rendering.shards_of(folder, counts, folder, size, prefix="image_embeds_")
    rendering.render_shards(run, partial(_sound_shard, embed_sounds), sounds, workers=0)
    rendering.render_shards(run, partial(_image_shard, embed_pictures), images, workers=0)


def load_image_to_sound(folder: Path, split: str) -> ImageToSoundData:
    """All shards of a split.

    Raises:
        FileNotFoundError: nothing was rendered for this split.
    """
    paths = rendering.shard_paths(folder, split)
    if not paths:
        raise FileNotFoundError(f"no sounds of split {split!r} in {folder}; run the stage image_to_sound")
    parts = [np.load(p) for p in paths]
    images = [np.load(p) for p in rendering.shard_paths(folder, f"image_embeds_{split}")]
    return ImageToSoundData(
        [rendering.scene_from_json(line) for line in rendering.shard_lines(paths)],
        np.concatenate([p["mels"] for p in parts]),
        np.concatenate([p["energies"] for p in parts]),
        torch.from_numpy(np.concatenate([p["embeds"] for p in parts])).float(),
        torch.from_numpy(np.concatenate(images)) if images else torch.zeros(0, 0),
    )


@artifact
def training_sounds(run: Run) -> ImageToSoundData:
    """Rendered training scenes."""
    return load_image_to_sound(run.folder / "image_to_sound", "train")
