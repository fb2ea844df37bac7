"""Sounds for the audio encoder, as log-mels on disk: single-source clips of the world and real recordings.

A clip is stored as decibels per mel bin, float16 [T, 64], so that a gain is an addition, a mix is a sum of
powers, and no sound needs to be synthesised twice. Clips of the world are stored as loud as their level asks,
limited as a scene's are: a loud clock is not a quiet one turned up. Recordings are stored at -24 LUFS.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.loudness import integrated_lufs
from sonic_ui.scenes.sounds.render import level_to_lufs, render_sound, sound_source
from sonic_ui.scenes.world import SOURCES, Scene, SourceInstance
from sonic_ui.training.data.rendering import SPLITS, save_shard, scenes_of_shard

REFERENCE_LUFS = -24.0
CLIP_S = 5.0
SAMPLE_RATE = 48000
HOP, WINDOW, MELS = 480, 1024, 64
FRAME_STEP = 2
"""The encoder reads every second frame of the stored clips: 20 ms."""
FLOOR_DB = -100.0
ROOM_SHARES = {"dry": 0.55, "room": 0.15, "hall": 0.15, "church": 0.15}

REAL_LABELS = {
    "rain": "rain",
    "sea_waves": "sea_waves",
    "crackling_fire": "crackling_fire",
    "dog_bark": "dog",
    "rooster": "rooster",
    "clock_tick": "clock",
    "helicopter": "helicopter",
    "chainsaw": "chainsaw",
    "thunderstorm": "thunder",
    "wind": "wind",
    "water": "stream",
    "chirping_birds": "birds",
    "crickets": "crickets",
    "church_bells": "church_bell",
    "car_engine": "car",
    "train": "train",
}
"""Folder of real recordings -> source of the world."""
HELD_OUT_FOLD = "4"


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log-mel [T, 64] in dB of mono samples at 48 kHz, as `ClapFeatureExtractor` computes it."""
    import torch

    x = torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32))
    spectrum = torch.stft(
        x, WINDOW, HOP, window=torch.hann_window(WINDOW), center=True, pad_mode="reflect", return_complex=True
    )
    mel = torch.from_numpy(_filters()) @ spectrum.abs().square()  # [64, T]
    return (10 * mel.clamp(min=1e-10).log10()).T.numpy()


@cache
def _filters() -> NDArray[np.float32]:
    from librosa.filters import mel

    return mel(sr=SAMPLE_RATE, n_fft=WINDOW, n_mels=MELS, fmin=50.0, fmax=14000.0, norm="slaney")


def stored(samples: NDArray[np.float32], lufs: float = REFERENCE_LUFS) -> NDArray[np.float16]:
    """Log-mel of a clip shifted to `lufs`, float16 [T, 64]."""
    shift = lufs - integrated_lufs(samples, SAMPLE_RATE)
    return np.maximum(log_mel(samples) + shift, FLOOR_DB).astype(np.float16)


@dataclass(frozen=True)
class Heard:
    """What is known of a stored clip. `level` is the character it was synthesised with, -1 for recordings."""

    source: str
    room: str
    level: float
    real: bool

    @property
    def lufs(self) -> float:
        """How loud it is stored."""
        return REFERENCE_LUFS if self.real else level_to_lufs(self.level)


VOCODED_SHARE = 0.2
"""Of the synthesised clips: as a 16 kHz vocoder gives them back, so that our own sounds are known, too."""


def vocoded(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mono samples at 48 kHz through log-mels at 16 kHz and Griffin-Lim, as pictures sound."""
    import torch
    from scipy.signal import resample_poly

    from sonic_ui.models.mel import GriffinLimVocoder
    from sonic_ui.models.mel import log_mel as mel_at_16_khz

    low = resample_poly(samples, 1, 3).astype(np.float32)
    heard = GriffinLimVocoder()(mel_at_16_khz(torch.from_numpy(low)[None]))[0].numpy()
    return np.resize(resample_poly(heard, 3, 1).astype(np.float32), samples.size)


def _render_clip_shard(job: tuple[str, str, int, int]) -> str:
    folder, split, shard, per_source = job
    path = Path(folder) / f"{split}-{shard:04d}.npy"
    if path.exists():
        return str(path)
    rng = np.random.default_rng([SPLITS[split], 77, shard])
    mels, heard = [], []
    for source in SOURCES:
        for _ in range(per_source):
            room = str(rng.choice(list(ROOM_SHARES), p=list(ROOM_SHARES.values())))
            level, seed = float(rng.random()), int(rng.integers(2**31))
            rng_of_clip = np.random.default_rng(seed)
            clip = sound_source(SourceInstance(source, level), rng_of_clip, room, seed, CLIP_S, SAMPLE_RATE)
            clip = vocoded(clip) if seed % 100 < 100 * VOCODED_SHARE else clip
            mels.append(stored(clip, level_to_lufs(level)))
            heard.append({"source": source, "room": room, "level": level, "real": False})
    _write(path, mels, heard)
    return str(path)


def render_clips(
    folder: Path, shards: dict[str, int], *, workers: int = 2, per_source: int = 10
) -> Iterator[str]:
    """Synthesise and store single-source clips; resumes by shard."""
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(str(folder), split, k, per_source) for split, n in shards.items() for k in range(n)]
    with get_context("spawn").Pool(workers) as pool:
        yield from pool.imap_unordered(_render_clip_shard, jobs)


@dataclass(frozen=True)
class SceneSounds:
    """Sounds of scenes as they are heard: dB [M, T, 64], and the place of each one's scene [M]."""

    mels: NDArray[np.float16]
    scene_of: NDArray[np.int64]


def takes_of(scenes: list[Scene], take: int) -> dict[int, Scene]:
    """The scenes that sound in a take, by their places: all of them in the first one, in others those of
    several sources, each from another seed."""
    crowded = {i: scene for i, scene in enumerate(scenes) if take == 0 or len(scene.sources) > 1}
    return {i: replace(scene, seed=scene.seed + take) for i, scene in crowded.items()}


def _render_scene_shard(job: tuple[str, str, int, int, int]) -> str:
    folder, split, shard, count, take = job
    path = Path(folder) / f"scenes_{split}-{shard:04d}-{take}.npy"
    if not path.exists():
        scenes = takes_of(scenes_of_shard(split, shard, count), take)
        mels = [log_mel(render_sound(scene, CLIP_S))[::FRAME_STEP] for scene in scenes.values()]
        save_shard(path, np.maximum(np.stack(mels), FLOOR_DB).astype(np.float16))
    return str(path)


def render_scene_sounds(
    folder: Path, shards: dict[str, int], count: int, takes: int, *, workers: int = 2
) -> Iterator[str]:
    """Store the sounds of the scenes that are painted too, as they are heard: all sources in one room, each
    limited at its loudness, and all of them together. No sum of stored clips has that; resumes by shard."""
    folder.mkdir(parents=True, exist_ok=True)
    every = [(split, shard) for split, number in shards.items() for shard in range(number)]
    jobs = [(str(folder), *one, count, take) for take in range(takes) for one in every]
    with get_context("spawn").Pool(workers) as pool:
        yield from pool.imap_unordered(_render_scene_shard, jobs)


def load_scene_sounds(folder: Path, split: str, scenes: list[Scene], count: int, takes: range) -> SceneSounds:
    """What `render_scene_sounds` stored of some takes of a split's `scenes`, `count` of them in a shard.

    Raises:
        FileNotFoundError: nothing was rendered of these.
    """
    named = (p for p in folder.glob(f"scenes_{split}-*.npy") if ".part" not in p.name)
    paths = sorted(p for p in named if int(p.stem.split("-")[2]) in takes)
    if not paths:
        raise FileNotFoundError(
            f"no sounds of scenes of split {split!r}, takes {takes.start} to {takes.stop - 1}, in {folder}; "
            "run the stage sounds"
        )
    places = []
    for path in paths:
        shard, take = map(int, path.stem.split("-")[1:])
        first = shard * count
        places += [first + place for place in takes_of(scenes[first : first + count], take)]
    return SceneSounds(np.concatenate([np.load(p) for p in paths]), np.array(places))


def first_sounds(*sounds: SceneSounds) -> list[NDArray[np.float16]]:
    """The first sound [T, 64] of every scene; those that stand further in front go before."""
    found: dict[int, NDArray[np.float16]] = {}
    for some in sounds:
        for mel, scene in zip(some.mels, some.scene_of.tolist(), strict=True):
            found.setdefault(scene, mel)
    return [found[scene] for scene in range(len(found))]


def real_files(data: Path, *, held_out: bool) -> list[tuple[Path, str]]:
    """Real recordings and their sources: fold 4 when `held_out`, else all others. None without the folder."""
    table = data / "sounds.csv"
    if not table.exists():
        return []
    with table.open() as file:
        rows = [r for r in csv.DictReader(file) if r["label"] in REAL_LABELS]
    return [
        (data / r["file"], REAL_LABELS[r["label"]]) for r in rows if (r["fold"] == HELD_OUT_FOLD) == held_out
    ]


def store_recordings(folder: Path, data: Path, *, windows: int = 4) -> None:
    """Store real recordings, up to `windows` clips of 5 s each, as splits "real" and "real_held_out"."""
    from sonic_ui.audio.clips import load_clip

    folder.mkdir(parents=True, exist_ok=True)
    for split, held_out in (("real", False), ("real_held_out", True)):
        path = folder / f"{split}-0000.npy"
        if path.exists():
            continue
        mels, heard = [], []
        for file, source in real_files(data, held_out=held_out):
            clip = load_clip(
                file, SAMPLE_RATE, start_s=0.0, end_s=CLIP_S * windows, max_duration_s=CLIP_S * windows
            )
            samples = np.asarray(clip.samples, np.float32)
            count = max(1, int(len(samples) / (CLIP_S * SAMPLE_RATE)))
            for part in np.array_split(samples, count):
                piece = np.resize(part, int(CLIP_S * SAMPLE_RATE)).astype(np.float32)
                if np.abs(piece).max() < 1e-4:
                    continue
                mels.append(stored(piece))
                heard.append({"source": source, "room": "dry", "level": -1.0, "real": True})
        if mels:
            _write(path, mels, heard)


def _write(path: Path, mels: list[NDArray[np.float16]], heard: list[dict[str, object]]) -> None:
    path.with_suffix(".jsonl").write_text("\n".join(json.dumps(h) for h in heard))
    save_shard(path, np.stack(mels))


def load_clips(folder: Path, split: str) -> tuple[NDArray[np.float16], list[Heard]]:
    """All stored clips of a split: dB [N, T, 64] and what they are; empty when there are none."""
    paths = sorted(p for p in folder.glob(f"{split}-[0-9]*.npy") if ".part" not in p.name)
    if not paths:
        return np.zeros((0, 501, MELS), np.float16), []
    heard = [
        Heard(**json.loads(line)) for p in paths for line in p.with_suffix(".jsonl").read_text().splitlines()
    ]
    return np.concatenate([np.load(p) for p in paths]), heard
