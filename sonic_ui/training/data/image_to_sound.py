"""Data of image-to-sound: scenes of the world with their log-mel, energy and embeddings; and curves as a
person might draw them, with sounds bent to follow them.

Every sound is brought to one level (the largest of its smoothed energy is PEAK_RMS), since the person sets
the loudness of what is made; its embedding is that of the sound at the scene's own loudness. Written in
shards that are skipped when they exist.

An envelope multiplies a sound; in a log-mel it is added, so no sound needs to be rendered twice.
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

from sonic_ui.audio.energy import resample_curve, rms_energy, smooth
from sonic_ui.models.encoders import encode_sound
from sonic_ui.models.mel import HOP, LOG_FLOOR, SAMPLE_RATE, log_mel
from sonic_ui.scenes.render import paint, render_sound
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
    rendering.render_shards(run, partial(_sound_shard, embed_sounds), sounds, alone=True)
    rendering.render_shards(run, partial(_image_shard, embed_pictures), images, alone=True)


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


Curve = NDArray[np.float32]


def _fade(rng: np.random.Generator, n: int) -> Curve:
    """A ramp up, down, or up and down, straight or bent, between two moments."""
    t = np.linspace(0, 1, n)
    begin, end = sorted(rng.uniform(-0.1, 1.1, 2))
    ramp = np.clip((t - begin) / max(end - begin, 0.08), 0, 1) ** np.exp(rng.normal(0, 0.5))
    kind = rng.integers(3)
    return (ramp if kind == 0 else 1 - ramp if kind == 1 else 1 - np.abs(2 * ramp - 1)).astype(np.float32)


def _spline(rng: np.random.Generator, n: int) -> Curve:
    """A smooth line through a few random heights."""
    knots = int(rng.integers(3, 14))
    heights = rng.random(knots) ** rng.uniform(0.6, 2.0)
    line = np.interp(np.linspace(0, knots - 1, n), np.arange(knots), heights)
    return smooth(line, rng.uniform(0.05, 0.4))


def _polygon(rng: np.random.Generator, n: int) -> Curve:
    """Straight lines between points at random moments."""
    count = int(rng.integers(2, 9))
    at = np.concatenate([[0.0], np.sort(rng.random(count)), [1.0]])
    heights = rng.random(count + 2) * (rng.random(count + 2) < 0.8)
    return np.interp(np.linspace(0, 1, n), at, heights).astype(np.float32)


def _blocks(rng: np.random.Generator, n: int) -> Curve:
    """Sound, silence, sound: the strip of timestamps, at one height or at several, edges a little soft."""
    edges = np.sort(rng.random(2 * int(rng.integers(1, 5))))
    t, out = np.linspace(0, 1, n), np.zeros(n)
    for a, b in edges.reshape(-1, 2):
        out[(t >= a) & (t < max(b, a + 0.04))] = 1.0 if rng.random() < 0.6 else rng.uniform(0.3, 1.0)
    return smooth(out, rng.uniform(0.0, 0.12))


def _strokes(rng: np.random.Generator, n: int) -> Curve:
    """Knocks, pulses or heartbeats: each rises quickly and dies away, evenly or at any moment."""
    count = int(rng.integers(1, 12))
    if rng.random() < 0.5:
        starts = (np.arange(count) + rng.random()) / count
    else:
        starts = np.sort(rng.random(count))
    t = np.arange(n) / n * 5.12
    rise, decay = rng.uniform(0.01, 0.12), np.exp(rng.uniform(np.log(0.05), np.log(0.9)))
    out = np.zeros(n)
    for start in starts * 5.12:
        x = t - start
        shape = np.where(x < 0, np.exp(x / rise), np.exp(-np.maximum(x, 0) / decay))
        out = np.maximum(out, shape * (1.0 if rng.random() < 0.5 else rng.uniform(0.3, 1.0)))
    return out.astype(np.float32)


def _waves(rng: np.random.Generator, n: int) -> Curve:
    """A regular swelling, perhaps growing or fading as a whole."""
    t = np.linspace(0, 1, n)
    wave = 0.5 - 0.5 * np.cos(2 * np.pi * (t * rng.uniform(0.7, 9.0) + rng.random()))
    slope = rng.uniform(-1, 1) if rng.random() < 0.5 else 0.0
    return (wave ** rng.uniform(0.5, 3.0) * np.clip(0.5 + slope * (t - 0.5), 0.02, 1)).astype(np.float32)


def _staircase(rng: np.random.Generator, n: int) -> Curve:
    """Steps of random heights."""
    steps = rng.random(int(rng.integers(2, 9)))
    return smooth(steps[(np.arange(n) * len(steps) // n)], rng.uniform(0.02, 0.1))


KINDS: tuple[Callable[[np.random.Generator, int], Curve], ...] = (
    _fade,
    _spline,
    _spline,
    _polygon,
    _blocks,
    _strokes,
    _strokes,
    _waves,
    _staircase,
)


def drawn_curve(rng: np.random.Generator, frames: int) -> Curve:
    """A random curve [frames] in [0, 1] whose largest value is 1."""
    for _ in range(8):
        curve = np.clip(KINDS[int(rng.integers(len(KINDS)))](rng, frames), 0, None)
        if curve.max() > 0.05 and np.ptp(curve) > 0.2 * curve.max():
            return (curve / curve.max()).astype(np.float32)
    return np.linspace(0, 1, frames, dtype=np.float32)


def bend(
    mel: NDArray[np.floating],
    energy: NDArray[np.floating],
    curve: NDArray[np.floating],
    *,
    flatten: float,
    most_gain_db: float = 30.0,
) -> tuple[NDArray[np.float32], Curve]:
    """A log-mel [T, M] and its energy [T] with `curve` [T] imposed: (log-mel, energy), peak as before.

    flatten   0 multiplies by the curve; 1 evens out the sound's own rise and fall first, by at most
              `most_gain_db`, so that the energy becomes the curve
    """
    own = smooth(energy).astype(np.float64)
    peak = max(float(own.max(initial=0.0)), 1e-6)
    least = peak * 10 ** (-most_gain_db / 20)
    gain = np.maximum(curve, 1e-4) * (peak / np.maximum(own, least)) ** flatten
    gain *= peak / max(float(smooth(energy * gain).max(initial=0.0)), 1e-9)
    bent = np.maximum(mel + np.log(gain)[:, None], LOG_FLOOR)
    return bent.astype(np.float32), (energy * gain).astype(np.float32)


def augment_clip(
    mel: NDArray[np.floating], energy: NDArray[np.floating], rng: np.random.Generator
) -> tuple[NDArray[np.float32], Curve]:
    """Another take of a clip: its log-mel [T, M] and energy [T] under a random drawn curve."""
    shift = int(rng.integers(len(mel)))
    mel, energy = np.roll(mel, shift, 0).astype(np.float32), np.roll(energy, shift)
    curve = resample_curve(drawn_curve(rng, len(mel)), len(mel))
    floor = 10 ** rng.uniform(-3.0, -0.7)
    flatten = float(rng.choice([0.0, 1.0, rng.random()], p=[0.3, 0.5, 0.2]))
    return bend(mel, energy, floor + (1 - floor) * curve, flatten=flatten)
