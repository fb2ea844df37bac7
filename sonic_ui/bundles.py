"""Which weights there are, where they lie and which pipelines they serve.

A bundle is one folder: `bundle.json` (name, defaults), `vocabulary.json` (the sources the audio encoder
names) and one diffusers pipeline folder a verb. Reading a bundle and checking its files needs no torch: a
missing or cut file is found in milliseconds and named in a sentence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sonic_ui.requests import BadInput

ROOT = Path(__file__).resolve().parent.parent

PIPELINE_FOLDERS: dict[str, str] = {
    "sound_to_image": "audio_to_image",
    "interpolate": "audio_to_image",
    "volume_sweep": "audio_to_image",
    "edit_image": "audio_to_image",
}
"""Verb -> pipeline folder inside a bundle."""


@dataclass(frozen=True)
class BundleSpec:
    """One entry of the registry."""

    name: str
    folder: Path
    serves: tuple[str, ...]


BUNDLES: dict[str, BundleSpec] = {
    "miniature": BundleSpec("miniature", ROOT / "assets" / "miniature", tuple(PIPELINE_FOLDERS)),
}
DEFAULT_BUNDLE = "miniature"

FETCH_AGAIN = "Fetch it again (git checkout, or copy the bundle's folder once more), then try again."


class Source(BaseModel):
    """A kind of sound that the audio encoder can name."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    label: str


class Defaults(BaseModel):
    """Settings that suit these weights; a request that leaves one open takes it from here."""

    model_config = ConfigDict(frozen=True, extra="allow")

    steps: int = Field(default=25, ge=1, le=100)
    guidance_scale: float = Field(default=4.0, ge=1, le=15)
    strength: float = Field(default=1.0, ge=0, le=2)


class BundleInfo(BaseModel):
    """What `bundle.json` holds."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str
    title: str
    description: str = ""
    licence: str = ""
    picture_px: int = Field(default=128, ge=8, le=4096)
    defaults: Defaults = Defaults()


@dataclass(frozen=True)
class Bundle:
    """A bundle whose descriptions have been read."""

    info: BundleInfo
    sources: tuple[Source, ...]
    folder: Path

    def pipeline_folder(self, verb: str) -> Path:
        """The folder of the pipeline that serves `verb`. Raises `BadInput` if there is none."""
        folder = self.folder / PIPELINE_FOLDERS.get(verb, verb)
        if not folder.is_dir():
            raise _missing(folder)
        return folder


def find_bundle(name_or_folder: str | Path) -> BundleSpec:
    """A registered bundle by name, or the folder given. Raises `BadInput` for neither."""
    if str(name_or_folder) in BUNDLES:
        return BUNDLES[str(name_or_folder)]
    folder = Path(name_or_folder).expanduser()
    if not folder.is_dir():
        known = ", ".join(BUNDLES)
        raise BadInput(
            f"There is no bundle called {str(name_or_folder)!r} and no such folder. Known: {known}."
        )
    serves = tuple(verb for verb, name in PIPELINE_FOLDERS.items() if (folder / name).is_dir())
    return BundleSpec(folder.name, folder, serves)


def read_bundle(name_or_folder: str | Path = DEFAULT_BUNDLE) -> Bundle:
    """Read a bundle's descriptions. Raises `BadInput` naming the file that is missing or damaged."""
    spec = find_bundle(name_or_folder)
    if not spec.folder.is_dir():
        raise _missing(spec.folder)
    info_file, words_file = spec.folder / "bundle.json", spec.folder / "vocabulary.json"
    values, words = _read_json(info_file), _read_json(words_file)
    try:
        info = BundleInfo.model_validate(values)
    except ValidationError as error:
        raise _damaged(info_file, _first_problem(error)) from None
    try:
        sources = tuple(Source.model_validate(item) for item in words["sources"])
    except (ValidationError, KeyError, TypeError):
        raise _damaged(words_file, 'it should hold {"sources": [{"id", "label"}, ...]}') from None
    return Bundle(info, sources, spec.folder)


def check_pipeline(folder: Path) -> None:
    """Check that every component of a diffusers pipeline folder is whole, without reading the weights.

    Looks at `model_index.json`, each component's configuration, and each safetensors file's header and
    length. Raises `BadInput` naming the first file that is missing or damaged.
    """
    if not folder.is_dir():
        raise _missing(folder)
    index = _read_json(folder / "model_index.json")
    for name, kind in index.items():
        if name.startswith("_") or not isinstance(kind, list) or kind[:1] in ([], [None]):
            continue
        _check_component(folder / name)


def _check_component(folder: Path) -> None:
    if not folder.is_dir():
        raise _missing(folder)
    configurations = [path for path in folder.glob("*.json") if not path.name.endswith(".index.json")]
    if not configurations:
        raise _missing(folder / "*config.json")
    for path in configurations:
        _read_json(path)
    weights = list(_weights(folder))
    if (folder / "config.json").is_file() and not weights:
        raise _missing(folder / "*.safetensors")
    for path in weights:
        _check_safetensors(path)


def _weights(folder: Path) -> Iterator[Path]:
    """Every weights file that lies here or that a shard index promises."""
    for index in sorted(folder.glob("*.safetensors.index.json")):
        shards = _read_json(index).get("weight_map")
        if not isinstance(shards, dict):
            raise _damaged(index, "it has no weight_map")
        for name in sorted(set(shards.values())):
            if not (folder / name).is_file():
                raise _missing(folder / name)
    yield from sorted(folder.glob("*.safetensors"))


def _check_safetensors(path: Path) -> None:
    """The header must parse and the file be as long as the header says (safetensors format, version 1)."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        if start.startswith(b"version "):
            raise _damaged(path, "it is a Git LFS pointer: run `git lfs pull`")
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > size - 8:
            raise _damaged(path, f"it ends after {size:,} bytes")
        try:
            header = json.loads(file.read(length))
            tensors = [value for name, value in header.items() if name != "__metadata__"]
            end = max((int(value["data_offsets"][1]) for value in tensors), default=0)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            raise _damaged(path, "its header cannot be read") from None
    if size != 8 + length + end:
        raise _damaged(path, f"it has {size:,} bytes and should have {8 + length + end:,}")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise _missing(path) from None
    except OSError as error:
        raise _damaged(path, error.strerror or "it cannot be read") from None
    except ValueError:
        raise _damaged(path, "it is not JSON") from None
    if not isinstance(values, dict):
        raise _damaged(path, "it should hold a JSON object")
    return values


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg'].lower()}"


def _missing(path: Path) -> BadInput:
    return BadInput(
        f"The weights are not complete: {shown_path(path)} is missing. {FETCH_AGAIN}",
        "bundle",
    )


def _damaged(path: Path, reason: str) -> BadInput:
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
