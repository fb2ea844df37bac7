"""Checks of a bundle's files, without reading the weights or importing torch."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from sonic_ui.requests import BadInput

ROOT = Path(__file__).resolve().parent.parent.parent

SHARED = "shared.json"
"""File of a component that says which of its weights lie in another's folder: {"text_model": path}."""

FETCH_AGAIN = "Fetch it again (git checkout, or copy the bundle's folder once more), then try again."


def check_pipeline(folder: Path) -> None:
    """Check that every component of a diffusers pipeline folder is whole, without reading the weights.

    Looks at `model_index.json`, each component's configuration, and each safetensors file's header and
    length. Raises `BadInput` naming the first file that is missing or damaged.
    """
    if not folder.is_dir():
        raise missing(folder)
    index = read_json(folder / "model_index.json")
    for name, kind in index.items():
        if name.startswith("_") or not isinstance(kind, list) or kind[:1] in ([], [None]):
            continue
        check_component(folder / name, str(kind[-1]))


def check_component(folder: Path, kind: str = "") -> None:
    """Check one component's folder, as `check_pipeline` does; `kind` is the name of its class."""
    if not folder.is_dir():
        raise missing(folder)
    configurations = [path for path in folder.glob("*.json") if not path.name.endswith(".index.json")]
    if not configurations:
        raise missing(folder / _configuration_of(kind))
    for path in configurations:
        read_json(path)
    if (folder / "tokenizer_config.json").is_file() or "Tokenizer" in kind:
        _check_tokenizer(folder)
    weights = list(_weights(folder))
    if (folder / "config.json").is_file() and not weights:
        diffusers = "_diffusers_version" in read_json(folder / "config.json")
        raise missing(folder / f"{'diffusion_pytorch_model' if diffusers else 'model'}.safetensors")
    for path in weights:
        _check_safetensors(path)


CONFIGURATIONS = {
    "Scheduler": "scheduler_config.json",
    "Tokenizer": "tokenizer_config.json",
    "Processor": "preprocessor_config.json",
    "FeatureExtractor": "preprocessor_config.json",
}
"""What the configuration of a component is called, by a part of the name of its class."""

VOCABULARIES = ("tokenizer.json", "vocab.txt", "spiece.model", "tokenizer.model")


def _configuration_of(kind: str) -> str:
    return next((name for part, name in CONFIGURATIONS.items() if part in kind), "config.json")


def _check_tokenizer(folder: Path) -> None:
    """A tokenizer has its vocabulary in one file, or that of byte pairs in two."""
    if any((folder / name).is_file() for name in VOCABULARIES):
        return
    pair = [folder / "vocab.json", folder / "merges.txt"]
    absent = [path for path in pair if not path.is_file()]
    if absent:
        raise missing(folder / "tokenizer.json" if len(absent) == 2 else absent[0])


def _weights(folder: Path) -> Iterator[Path]:
    """Every weights file that lies here, that a shard index promises or that is shared with another
    folder.
    """
    if (folder / SHARED).is_file():
        for name in read_json(folder / SHARED).values():
            if not (folder / str(name)).is_file():
                raise missing((folder / str(name)).resolve())
            yield folder / str(name)
    for index in sorted(folder.glob("*.safetensors.index.json")):
        shards = read_json(index).get("weight_map")
        if not isinstance(shards, dict):
            raise damaged(index, "it has no weight_map")
        for name in sorted(set(shards.values())):
            if not (folder / name).is_file():
                raise missing(folder / name)
    yield from sorted(folder.glob("*.safetensors"))


def _check_safetensors(path: Path) -> None:
    """The header must parse and the file be as long as the header says."""
    with path.open("rb") as file:
        if file.read(8).startswith(b"version "):
            raise damaged(path, "it is a Git LFS pointer: run `git lfs pull`")
    try:
        with safe_open(path, framework="np"):
            pass
    except (SafetensorError, OSError):
        raise damaged(path, f"its {path.stat().st_size:,} bytes are no whole safetensors file") from None


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file. Raises `BadInput` naming the file."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise missing(path) from None
    except OSError as error:
        raise damaged(path, error.strerror or "it cannot be read") from None
    except ValueError:
        raise damaged(path, "it is not JSON") from None
    if not isinstance(values, dict):
        raise damaged(path, "it should hold a JSON object")
    return values


def missing(path: Path) -> BadInput:
    """What to raise for a file or folder that is not there."""
    return BadInput(
        f"The weights are not complete: {shown_path(path)} is missing. {FETCH_AGAIN}",
        "bundle",
    )


def damaged(path: Path, reason: str) -> BadInput:
    """What to raise for a file that cannot be used."""
    return BadInput(
        f"The weights are damaged: {shown_path(path)} cannot be used ({reason}). {FETCH_AGAIN}",
        "bundle",
    )


def shown_path(path: Path) -> str:
    """A path as it may stand in a sentence: from the app's folder where it lies inside it."""
    try:
        return str(path.resolve().relative_to(ROOT))
    except ValueError:
        return str(Path(*path.parts[-3:])) if len(path.parts) > 3 else str(path)
