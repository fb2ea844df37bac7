"""Sounds for the audio encoder, as log-mels on disk: clips of single sources, real recordings, whole scenes,
and mixtures of few stems (what sounds together is the hard part, and more of it helps).

A clip is stored as decibels per mel bin, float16 [T, 64], so that a gain is an addition, a mix is a sum of
powers, and no sound needs to be synthesised twice. Clips of the world are stored as loud as their level asks,
limited as a scene's are: a loud clock is not a quiet one turned up. Recordings are stored at -24 LUFS.
"""

import json
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from sonic_ui.audio.limiter import limit_true_peak
from sonic_ui.audio.loudness import integrated_lufs
from sonic_ui.models import mel as mel_at_16_khz
from sonic_ui.scenes.render import level_to_lufs, paint, render_sound, sound_source
from sonic_ui.scenes.world import SOURCES, Scene, SourceInstance, sample_scene
from sonic_ui.training.data import rendering
from sonic_ui.training.data.recordings import REPORT, TRAIN, read_recordings
from sonic_ui.training.run import Run, stage

REFERENCE_LUFS = -24.0
CLIP_S = 5.0
SAMPLE_RATE = 48000
HOP, WINDOW, MELS = 480, 1024, 64
FRAME_STEP = 2
"""The encoder reads every second frame of the stored clips: 20 ms."""
FLOOR_DB = -100.0
ROOM_SHARES = {"dry": 0.55, "room": 0.15, "hall": 0.15, "church": 0.15}


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log-mel [T, 64] in dB of mono samples at 48 kHz, as `ClapFeatureExtractor` computes it."""
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


def stored_mel(samples: NDArray[np.float32], lufs: float = REFERENCE_LUFS) -> NDArray[np.float16]:
    """Log-mel of a clip shifted to `lufs`, float16 [T, 64]."""
    shift = lufs - integrated_lufs(samples, SAMPLE_RATE)
    return np.maximum(log_mel(samples) + shift, FLOOR_DB).astype(np.float16)


@dataclass(frozen=True)
class ClipInfo:
    """Origin of a stored clip. `level` is the character it was synthesised with, -1 for recordings."""

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
    from scipy.signal import resample_poly

    low = resample_poly(samples, 1, 3).astype(np.float32)
    output = mel_at_16_khz.GriffinLimVocoder()(mel_at_16_khz.log_mel(torch.from_numpy(low)[None]))[0].numpy()
    return np.resize(resample_poly(output, 3, 1).astype(np.float32), samples.size)


def _clip_shard(split: str, shard: int, per_source: int) -> rendering.Shard:
    """Single-source clips, `per_source` of each source."""
    rng = np.random.default_rng([rendering.SPLITS[split], 77, shard])
    clips: list[tuple[NDArray[np.float16], ClipInfo]] = []
    for source in SOURCES:
        for _ in range(per_source):
            room = str(rng.choice(list(ROOM_SHARES), p=list(ROOM_SHARES.values())))
            level, seed = float(rng.random()), int(rng.integers(2**31))
            rng_of_clip = np.random.default_rng(seed)
            clip = sound_source(SourceInstance(source, level), rng_of_clip, room, seed, CLIP_S, SAMPLE_RATE)
            clip = vocoded(clip) if seed % 100 < 100 * VOCODED_SHARE else clip
            clips.append((stored_mel(clip, level_to_lufs(level)), ClipInfo(source, room, level, False)))
    return _clips_as_shard(clips)


def _clips_as_shard(clips: list[tuple[NDArray[np.float16], ClipInfo]]) -> rendering.Shard:
    return np.stack([mel for mel, _ in clips]), [json.dumps(asdict(info)) for _, info in clips]


@dataclass(frozen=True)
class SceneSounds:
    """Sounds of whole scenes: dB [M, T, 64], and the index of each one's scene [M]."""

    mels: NDArray[np.float16]
    scene_of: NDArray[np.int64]


def takes_of(scenes: list[Scene], take: int) -> dict[int, Scene]:
    """The scenes of a take by index: all of them in the first one, in others those of several sources, each
    from another seed."""
    chosen = {i: scene for i, scene in enumerate(scenes) if take == 0 or len(scene.sources) > 1}
    return {i: replace(scene, seed=scene.seed + take) for i, scene in chosen.items()}


def _scene_shard(split: str, shard: int, count: int, take: int) -> rendering.Shard:
    """Sounds of the scenes that are painted too, in one take: all sources in one room, each limited at its
    loudness, and all of them together. No sum of stored clips has that."""
    scenes = takes_of(rendering.scenes_of_shard(split, shard, count), take)
    mels = [log_mel(render_sound(scene, CLIP_S))[::FRAME_STEP] for scene in scenes.values()]
    return np.maximum(np.stack(mels), FLOOR_DB).astype(np.float16), []


@stage("sounds")
def render_sounds(run: Run) -> None:
    """Synthesise the world's clips and the sounds of its scenes; store the real recordings beside them."""
    world, folder = run.recipe["world"], run.folder / "clips"
    counts = {"held_out": world["held_out_clip_shards"], "train": world["clip_shards"]}
    clips = rendering.shards_of(folder, counts, world["clips_per_source"])
    painted = {"held_out": world["held_out_picture_shards"], "train": world["picture_shards"]}
    scenes: dict[Path, tuple[Any, ...]] = {}
    for take in range(world["mixture_takes"]):
        count, suffix = world["shard_scenes"], f"-{take}.npy"
        scenes |= rendering.shards_of(folder, painted, count, take, prefix="scenes_", suffix=suffix)
    rendering.render_shards(run, _clip_shard, clips)
    rendering.render_shards(run, _scene_shard, scenes)
    store_recordings(folder, Path(world["recordings"]))


def load_scene_sounds(folder: Path, split: str, scenes: list[Scene], count: int, takes: range) -> SceneSounds:
    """Stored sounds of some takes of a split's `scenes`, `count` of them in a shard.

    Raises:
        FileNotFoundError: nothing was rendered of these.
    """
    paths = [
        p for p in rendering.shard_paths(folder, f"scenes_{split}") if int(p.stem.split("-")[2]) in takes
    ]
    if not paths:
        raise FileNotFoundError(
            f"no sounds of scenes of split {split!r}, takes {takes.start} to {takes.stop - 1}, in {folder}; "
            "run the stage sounds"
        )
    index: list[int] = []
    for path in paths:
        shard, take = map(int, path.stem.split("-")[1:])
        first = shard * count
        index += [first + i for i in takes_of(scenes[first : first + count], take)]
    return SceneSounds(np.concatenate([np.load(p) for p in paths]), np.array(index))


def first_sounds(*sounds: SceneSounds) -> list[NDArray[np.float16]]:
    """The first sound [T, 64] of every scene, looked for in `sounds` in order."""
    found: dict[int, NDArray[np.float16]] = {}
    for some in sounds:
        for mel, scene in zip(some.mels, some.scene_of.tolist(), strict=True):
            found.setdefault(scene, mel)
    return [found[scene] for scene in range(len(found))]


def store_recordings(folder: Path, data: Path, *, windows: int = 4) -> None:
    """Store real recordings, up to `windows` clips of 5 s each, as splits "real" and "real_held_out"."""
    from sonic_ui.audio.clips import is_silent, load_clip

    for split, use in (("real", TRAIN), ("real_held_out", REPORT)):
        path = folder / f"{split}-0000.npy"
        if path.exists():
            continue
        clips: list[tuple[NDArray[np.float16], ClipInfo]] = []
        for recording in read_recordings(data, (use,)):
            if recording.source is None:
                continue
            limit_s = CLIP_S * windows
            clip = load_clip(recording.path, SAMPLE_RATE, start_s=0.0, end_s=limit_s, max_duration_s=limit_s)
            samples = np.asarray(clip.samples, np.float32)
            count = max(1, int(len(samples) / (CLIP_S * SAMPLE_RATE)))
            for part in np.array_split(samples, count):
                piece = np.resize(part, int(CLIP_S * SAMPLE_RATE)).astype(np.float32)
                if not is_silent(piece):
                    clips.append((stored_mel(piece), ClipInfo(recording.source, "dry", -1.0, True)))
        if clips:
            rendering.save_shard(path, *_clips_as_shard(clips))


def load_clips(folder: Path, split: str) -> tuple[NDArray[np.float16], list[ClipInfo]]:
    """All stored clips of a split: dB [N, T, 64] and their origins; empty when there are none."""
    paths = rendering.shard_paths(folder, split)
    if not paths:
        return np.zeros((0, 501, MELS), np.float16), []
    infos = [ClipInfo(**json.loads(line)) for line in rendering.shard_lines(paths)]
    return np.concatenate([np.load(p) for p in paths]), infos


STEMS = 4
"""Of every source of a shard of mixtures, one in each quarter of the levels."""
QUIETEST = 0.05


def mixture_scene(rng: np.random.Generator) -> Scene:
    """A scene of several sources."""
    while len((scene := sample_scene(rng)).sources) < 2:
        pass
    return scene


class StemBank:
    """Stems of one shard of mixtures, each synthesised when it is first needed.

    A rendered scene takes a tenth of a second, nearly all of it for its sources. Here each source has stems
    at a few levels in one room; a scene is the sum of its stems, limited as `render_sound` does it.
    """

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
    rendering.render_shards(run, _mixture_shard, shards)


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


CELL = 128  # pixels of a picture on the contact sheet


def spectrogram_picture(samples: np.ndarray) -> Image.Image:
    """Log-mel of samples at 48 kHz as a picture, low frequencies below."""
    mel = np.clip((log_mel(samples.astype(np.float32)) + 60) / 100, 0, 1).T[::-1]
    return Image.fromarray((mel * 255).astype(np.uint8)).resize((CELL, CELL)).convert("RGB")


def write_contact_sheet(
    path: Path, *, levels: tuple[float, ...] = (0.1, 0.4, 0.7, 1.0), seed: int = 0
) -> Path:
    """Write the sheet: a row a source, pictures at `levels`, then the sound of the loudest."""
    rng = np.random.default_rng(seed)
    columns = len(levels) + 1
    sheet = Image.new("RGB", (columns * (CELL + 4), len(SOURCES) * (CELL + 4)))
    for row, name in enumerate(SOURCES):
        scene = None
        for column, level in enumerate(levels):
            scene = sample_scene(rng, sources=(name,), levels=(level,))
            sheet.paste(paint(scene, CELL), (column * (CELL + 4), row * (CELL + 4)))
        if scene is not None:
            sheet.paste(
                spectrogram_picture(render_sound(scene)), (len(levels) * (CELL + 4), row * (CELL + 4))
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
    return path
