"""Shards of data on disk, and the first of them: scenes of the world with their pictures.

Everything is written in shards that are skipped when they exist, so rendering resumes where it stopped
and several processes can share the work. A shard's content depends on its split and number alone.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonic_ui.scenes.images.render import paint
from sonic_ui.scenes.world import Scene, SourceInstance, caption, sample_scene
from sonic_ui.training.run import Run, artifact, stage

SHARD_SCENES = 500
SPLITS = {"train": 1, "held_out": 2}
"""Splits of the world's scenes, with the first number of their seeds."""

Shard = tuple[np.ndarray | dict[str, np.ndarray], Sequence[str]]
"""Array (.npy) or named arrays (.npz) of a shard, and a line of JSON for each of its rows, or no lines."""


def save_shard(path: Path, arrays: np.ndarray | dict[str, np.ndarray], lines: Sequence[str] = ()) -> None:
    """Write a shard whole or not at all: one that is there is not rendered again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if lines:
        path.with_suffix(".jsonl").write_text("\n".join(lines))
    temporary = path.with_suffix(f".part{path.suffix}")
    if isinstance(arrays, dict):
        np.savez(temporary, **arrays)  # type: ignore[arg-type]
    else:
        np.save(temporary, arrays)
    temporary.rename(path)


def render_shards(
    run: Run, render: Callable[..., Shard], shards: Mapping[Path, tuple[Any, ...]], *, workers: int = 2
) -> None:
    """Save `render(*arguments)` at every path of `shards` that is not there, and report each.

    With `workers` 0 in this process, else `render` must be a function of a module.
    """
    save = partial(_render_shard, render)
    missing = [shard for shard in shards.items() if not shard[0].exists()]
    if not workers or not missing:
        for shard in missing:
            run.report(save(shard))
        return
    with get_context("spawn").Pool(workers) as pool:
        for path in pool.imap_unordered(save, missing):
            run.report(path)


def _render_shard(render: Callable[..., Shard], shard: tuple[Path, tuple[Any, ...]]) -> str:
    path, arguments = shard
    if not path.exists():
        save_shard(path, *render(*arguments))
    return str(path)


def shards_of(
    folder: Path, counts: Mapping[str, int], *arguments: Any, prefix: str = "", suffix: str = ".npy"
) -> dict[Path, tuple[Any, ...]]:
    """Paths of so many shards of each split, and what renders them: split, number and `arguments`."""
    return {
        folder / f"{prefix}{split}-{number:04d}{suffix}": (split, number, *arguments)
        for split, count in counts.items()
        for number in range(count)
    }


def shard_paths(folder: Path, prefix: str) -> list[Path]:
    """The finished shards `<prefix>-<number>.npy` or `.npz` in order."""
    return sorted(p for p in folder.glob(f"{prefix}-[0-9]*.np[yz]") if ".part" not in p.name)


def shard_lines(paths: Sequence[Path]) -> list[str]:
    """The lines of JSON of all shards."""
    return [line for path in paths for line in path.with_suffix(".jsonl").read_text().splitlines()]


def scene_to_json(scene: Scene) -> str:
    """One line of JSON that `scene_from_json` reads back."""
    return json.dumps({**asdict(scene), "caption": caption(scene)})


def scene_from_json(line: str) -> Scene:
    """The scene of a line written by `scene_to_json`."""
    data = json.loads(line)
    data.pop("caption", None)
    data["sources"] = tuple(SourceInstance(**s) for s in data["sources"])
    return Scene(**data)


def scenes_of_shard(split: str, shard: int, count: int = SHARD_SCENES) -> list[Scene]:
    """The scenes of one shard, the same at every call. `split` is a key of `SPLITS`."""
    rng = np.random.default_rng([SPLITS[split], shard])
    return [sample_scene(rng) for _ in range(count)]


def _picture_shard(split: str, shard: int, size: int, count: int) -> Shard:
    """Pictures uint8 [N, size, size, 3] of the scenes of a shard."""
    scenes = scenes_of_shard(split, shard, count)
    return np.stack([np.asarray(paint(scene, size)) for scene in scenes]), [scene_to_json(s) for s in scenes]


@stage("pictures")
def render_pictures(run: Run) -> None:
    """Render the world's pictures."""
    world = run.recipe["world"]
    counts = {"held_out": world["held_out_picture_shards"], "train": world["picture_shards"]}
    shards = shards_of(run.folder / "pictures", counts, world["picture_px"], world["shard_scenes"])
    render_shards(run, _picture_shard, shards)


def load_pictures(folder: Path, split: str) -> tuple[np.ndarray, list[Scene]]:
    """All rendered pictures of a split: uint8 [N, H, W, 3], and their scenes.

    Raises:
        FileNotFoundError: nothing was rendered for this split.
    """
    paths = shard_paths(folder, split)
    if not paths:
        raise FileNotFoundError(
            f"no rendered pictures of split {split!r} in {folder}; run the stage pictures first"
        )
    return np.concatenate([np.load(p) for p in paths]), [scene_from_json(line) for line in shard_lines(paths)]


@artifact
def training_pictures(run: Run) -> tuple[np.ndarray, list[Scene]]:
    """Rendered training pictures [N, H, W, 3] and their scenes."""
    return load_pictures(run.folder / "pictures", "train")


MIXTURE_WEIGHTS = (1.0, 3.5, 1.5)
"""How often scenes of one, two and three sources are drawn: what sounds together is the hard part."""


def mixture_shares(scenes: list[Scene]) -> NDArray[np.float64]:
    """Probabilities [N] of drawing each scene, by how many sources it has."""
    most = len(MIXTURE_WEIGHTS)
    share = np.array([MIXTURE_WEIGHTS[min(len(scene.sources), most) - 1] for scene in scenes])
    return share / share.sum()
