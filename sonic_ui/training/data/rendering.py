"""Render the world once to disk: scenes with their pictures, and single-source clips as log-mels.

Everything is written in shards that are skipped when they exist, so rendering resumes where it stopped
and several processes can share the work. A shard's content depends on its split and number alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonic_ui.scenes.images.render import paint
from sonic_ui.scenes.world import Scene, SourceInstance, caption, sample_scene

SHARD_SCENES = 500
SPLITS = {"train": 1, "held_out": 2, "judge": 3}


def scenes_of_shard(split: str, shard: int, count: int = SHARD_SCENES) -> list[Scene]:
    """The scenes of one shard, the same at every call. `split` is a key of `SPLITS`."""
    rng = np.random.default_rng([SPLITS[split], shard])
    return [sample_scene(rng) for _ in range(count)]


def save_shard(path: Path, array: np.ndarray) -> None:
    """Write an .npy file whole or not at all: one that is there is not rendered again."""
    temporary = path.with_suffix(".part.npy")
    np.save(temporary, array)
    temporary.rename(path)


def scene_to_json(scene: Scene) -> str:
    """One line of JSON that `scene_from_json` reads back."""
    return json.dumps({**asdict(scene), "caption": caption(scene)})


def scene_from_json(line: str) -> Scene:
    """The scene of a line written by `scene_to_json`."""
    data = json.loads(line)
    data.pop("caption", None)
    data["sources"] = tuple(SourceInstance(**s) for s in data["sources"])
    return Scene(**data)


def render_picture_shard(folder: Path, split: str, shard: int, size: int, count: int = SHARD_SCENES) -> Path:
    """Write `<split>-<shard>.npy` (uint8 [N, size, size, 3]) and its scenes as JSON lines."""
    path = folder / f"{split}-{shard:04d}.npy"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    scenes = scenes_of_shard(split, shard, count)
    pictures = np.stack([np.asarray(paint(scene, size)) for scene in scenes])
    path.with_suffix(".jsonl").write_text("\n".join(scene_to_json(s) for s in scenes))
    save_shard(path, pictures)
    return path


def _shard_job(job: tuple[str, str, int, int, int]) -> str:
    folder, split, shard, size, count = job
    return str(render_picture_shard(Path(folder), split, shard, size, count))


def render_pictures(
    folder: Path, size: int, shards: dict[str, int], *, workers: int = 2, count: int = SHARD_SCENES
) -> Iterator[str]:
    """Render all picture shards with `workers` processes; yields each file as it is done."""
    jobs = [(str(folder), split, k, size, count) for split, n in shards.items() for k in range(n)]
    with get_context("spawn").Pool(workers) as pool:
        yield from pool.imap_unordered(_shard_job, jobs)


def load_pictures(folder: Path, split: str) -> tuple[np.ndarray, list[Scene], list[str]]:
    """All rendered pictures of a split: uint8 [N, H, W, 3], their scenes, their captions.

    Raises:
        FileNotFoundError: nothing was rendered for this split.
    """
    paths = sorted(p for p in folder.glob(f"{split}-*.npy") if ".part" not in p.name)
    if not paths:
        raise FileNotFoundError(
            f"no rendered pictures of split {split!r} in {folder}; run the render stage first"
        )
    scenes = [
        scene_from_json(line) for p in paths for line in p.with_suffix(".jsonl").read_text().splitlines()
    ]
    return np.concatenate([np.load(p) for p in paths]), scenes, [caption(s) for s in scenes]


CROWD = (1.0, 3.5, 1.5)
"""How often scenes of one, two and three sources are drawn: what sounds together is the hard part."""


def mixture_shares(scenes: list[Scene]) -> NDArray[np.float64]:
    """Probabilities [N] of drawing each scene, by how many sources it has."""
    share = np.array([CROWD[min(len(scene.sources), len(CROWD)) - 1] for scene in scenes])
    return share / share.sum()
