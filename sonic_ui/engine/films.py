"""Films and the pictures painted for them, on the disk: a film of ten minutes takes no more memory than a
short one, and one that is made again with other kicks or frames a second is not painted anew."""

import contextlib
import hashlib
import os
import secrets
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from sonic_ui.engine.events import Failure
from sonic_ui.media.temporary import make_room, new_folder, writing

FILMS_BYTES = 2 * 10**9
PICTURES_BYTES = 10**9
MOST_PICTURES = 20_000
"""All films, and all pictures painted for films, together; the oldest give way."""


NO_FILM = "The film did not come over from the other engine. Try again."


class FilmStore:
    """Folders for films, and pictures by the key of everything they depend on; gone when the app ends.

    Raises `BadInput` for a disk that is full or read-only. It makes its folder when it is first needed.
    """

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._making = threading.Lock()

    @property
    def path(self) -> Path:
        """Its folder."""
        with self._making:  # a second folder would take the first one along when it goes
            if self._folder is None:
                self._folder = new_folder("films-")
            return Path(self._folder.name)

    def new(self) -> Path:
        """A new folder for one film."""
        films = self.path / "films"
        make_room(films, FILMS_BYTES)
        with writing():
            films.mkdir(parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(dir=films))

    def picture_file(self, key: str) -> Path:
        """Where the picture of a key lies, if it is there."""
        return self.path / "pictures" / f"{key}.png"

    def has(self, key: str) -> bool:
        """Whether the picture of a key is there; if so, it stays for a while."""
        try:
            os.utime(self.picture_file(key))
        except OSError:
            return False
        return True

    def put(self, key: str, picture: Image.Image) -> Path:
        """Keep a picture."""
        path = self.picture_file(key)
        with writing():
            path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{secrets.token_hex(8)}.part")  # two films may paint it at once
        with writing(unfinished):
            picture.save(unfinished, "PNG", compress_level=1)
            unfinished.replace(path)
        return path

    def tidy(self) -> None:
        """Let the oldest pictures go where all take too much."""
        with contextlib.suppress(OSError):
            make_room(self.path / "pictures", PICTURES_BYTES, MOST_PICTURES)


FILM_SUFFIXES = (".mp4", ".webm", ".gif", ".zip", ".png")


class FilmDownload:
    """The file of a film that was made on another machine, whose bytes come in parts before its result."""

    def __init__(self, store: FilmStore) -> None:
        self._store = store
        self._path: Path | None = None
        self._size = 0

    def add(self, part: np.ndarray) -> None:
        """Take a part, uint8 [N]. Raises `Failure` for what is none, `BadInput` for a full disk."""
        self._size += part.size
        if part.dtype != np.uint8 or part.ndim != 1 or self._size > FILMS_BYTES:
            raise Failure(NO_FILM)
        if self._path is None:
            self._path = self._store.new() / "film.part"
        with writing(), self._path.open("ab") as file:
            file.write(part.tobytes())

    def finish(self, name: str) -> Path:
        """The file, under its name. Raises `Failure` where nothing came, or none that is a film's."""
        if self._path is None or Path(name).suffix not in FILM_SUFFIXES:
            raise Failure(NO_FILM)
        with writing():
            return self._path.rename(self._path.with_name(name))


def picture_key(parts: Iterable[object]) -> str:
    """A name for everything that a picture depends on: texts, numbers and bytes."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else repr(part).encode()
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()[:40]
