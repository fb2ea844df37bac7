"""Library of pictures, and those in it that go with a sound (Align, Adapt and Inject, section 3.2: the
reference pictures of a word are retrieved by its sound from a library).

The twin of the library of recordings: every picture of a folder is embedded once, and cached by its content.
"""

import hashlib
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonic_ui.media.images import load_picture
from sonic_ui.requests import BadInput
from sonic_ui.retrieval.library import OnFile, Vector, data_file, read_store, write_store

log = logging.getLogger(__name__)

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"))
MAX_PICTURES = 5000
BATCH = 16

Embed = Callable[[list[Image.Image]], Vector]
"""Pictures -> embeddings [B, D], unit length."""

NO_FOLDER = "There is no folder “{name}” of pictures. Choose another."
TOO_MANY = "“{name}” holds more than {most} pictures. Choose a smaller folder."
NO_PICTURES = "There is no picture in “{name}” that can be read. Put PNG, JPEG or WebP files there."


@dataclass(frozen=True)
class PictureLibrary:
    """Pictures [N] and their embeddings [N, D], unit length; `skipped`: files that are no pictures."""

    paths: tuple[Path, ...]
    embeddings: Vector = field(repr=False)
    skipped: int = 0

    def nearest(self, embedding: Vector, count: int) -> list[tuple[Path, float]]:
        """The `count` pictures that are nearest to a sound's embedding [D], with their cosines."""
        cosines = self.embeddings @ embedding
        return [(self.paths[int(i)], float(cosines[i])) for i in np.argsort(-cosines, kind="stable")[:count]]


class PictureIndexer:
    """Indexer of pictures: embeds files with `embed` and caches that by SHA-256, also on disk in `store`."""

    def __init__(self, embed: Embed, store: Path | None = None) -> None:
        self._embed = embed
        self._store = store
        self._known = {digest: embedded for digest, (_, embedded) in read_store(store).items()}

    @classmethod
    def of(cls, image_encoder: Any) -> Self:
        """The indexer of an `ImageEncoder`, with its store in the user's cache folder."""

        def embed(pictures: list[Image.Image]) -> Vector:
            rows: Vector = image_encoder.encode_pictures(pictures).cpu().numpy()
            return rows

        return cls(embed, store_for(fingerprint(embed)))

    def index(self, folder: Path, on_file: OnFile = lambda done, total: None) -> PictureLibrary:
        """Every picture in a folder and the folders in it. Raises BadInput where there is none."""
        files, before = picture_files(folder), len(self._known)
        paths: list[Path] = []
        rows: list[NDArray[np.float32]] = []
        try:
            for start in range(0, len(files), BATCH):
                on_file(start, len(files))
                found = self._embed_files(files[start : start + BATCH])
                paths += [path for path, _ in found]
                rows += [row for _, row in found]
        finally:
            if len(self._known) > before:
                none = np.zeros(1, np.float32)
                write_store(self._store, {digest: (none, row) for digest, row in self._known.items()})
        on_file(len(files), len(files))
        if not rows:
            raise BadInput(NO_PICTURES.format(name=folder.name), "library")
        return PictureLibrary(tuple(paths), np.concatenate(rows), len(files) - len(rows))

    def _embed_files(self, files: list[Path]) -> list[tuple[Path, NDArray[np.float32]]]:
        """The files that are pictures, with their embeddings [1, D]."""
        digests: dict[Path, str] = {}
        new: dict[str, Image.Image] = {}
        for path in files:
            try:
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                if digest not in self._known and digest not in new:
                    new[digest] = load_picture(path)
            except (BadInput, OSError) as problem:
                log.info("%s is not in the library: %s", path.name, problem)
                continue
            digests[path] = digest
        if new:
            rows = self._embed([*new.values()])
            self._known |= {digest: row[None] for digest, row in zip(new, rows, strict=True)}
        return [(path, self._known[digest]) for path, digest in digests.items()]


def picture_files(folder: Path) -> list[Path]:
    """Picture files by their names, sorted, without links that lead out of the folder. Raises BadInput."""
    if not folder.is_dir():
        raise BadInput(NO_FOLDER.format(name=folder.name), "library")
    root, found = folder.resolve(), []
    for parent, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = [Path(parent, name) for name in sorted(names) if Path(name).suffix.lower() in SUFFIXES]
        found += [path for path in paths if path.is_file() and path.resolve().is_relative_to(root)]
        if len(found) > MAX_PICTURES:
            raise BadInput(TOO_MANY.format(name=folder.name, most=MAX_PICTURES), "library")
    if not found:
        raise BadInput(NO_PICTURES.format(name=folder.name), "library")
    return found


def fingerprint(embed: Embed) -> str:
    """Name of an image encoder: hash of its embedding of a picture of noise."""
    noise = np.random.default_rng(7).integers(0, 256, (64, 64, 3), np.uint8)
    values = np.round(embed([Image.fromarray(noise)]).astype(np.float64), 2)
    return hashlib.sha256(values.tobytes()).hexdigest()[:16]


def store_for(name: str) -> Path:
    """File of an encoder's index between runs of the app, in the user's cache folder."""
    return data_file(f"seen-{name}.npz")  # saved format: the file's name
