"""Sounds and pictures on their way to an engine: as bytes in Ray's object store, called by their SHA-256."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonic_ui.engine.inputs import file_digest
from sonic_ui.media.temporary import make_room, process_folder, writing
from sonic_ui.requests import BadInput

SENT_BYTES = 64 * 2**20
"""Of all files that one page keeps in the object store for what comes next."""

KEPT_BYTES = 2 * 10**9
"""Of all files that one engine keeps on its disk."""

LOST = "The file {name!r} was lost on its way to the engine. Try again."


@dataclass(frozen=True)
class Upload:
    """A file: its SHA-256, its name for people, and the reference of its bytes."""

    digest: str
    name: str
    reference: Any


class Outgoing:
    """Files that a page sends: each content is put into the object store once."""

    def __init__(self, max_bytes: int = SENT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._sent: OrderedDict[str, tuple[Any, int]] = OrderedDict()

    def send(self, path: str) -> Upload:
        """The upload of a file. Raises `BadInput` where it is gone."""
        import ray

        file = Path(path)
        digest = file_digest(path)
        with self._lock:
            if digest in self._sent:
                self._sent.move_to_end(digest)
                return Upload(digest, file.name, self._sent[digest][0])
        try:
            data = file.read_bytes()
        except OSError:
            raise BadInput(f"The file {file.name!r} is no longer there. Add it again.") from None
        reference = ray.put(data)
        with self._lock:
            self._sent[digest] = (reference, len(data))
            while len(self._sent) > 1 and sum(size for _, size in self._sent.values()) > self._max_bytes:
                self._sent.popitem(last=False)  # a question that names it holds it for as long as it needs it
        return Upload(digest, file.name, reference)

    def forget(self, digests: Iterable[str]) -> None:
        """Let go of files whose bytes were lost with a machine: the next time they are put anew."""
        with self._lock:
            for digest in digests:
                self._sent.pop(digest, None)


class Incoming:
    """Files that an engine was sent, on its disk; the oldest give way."""

    def __init__(self, folder: Path | None = None, max_bytes: int = KEPT_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes

    @property
    def folder(self) -> Path:
        """Where they lie."""
        if self._folder is None:
            self._folder = process_folder() / "uploads"
        return self._folder

    def path_of(self, upload: Upload) -> str:
        """The file of an upload; its bytes come over where the content is new. Raises `BadInput`."""
        name = Path(upload.name.replace("\\", "/")).name or "file"
        path = self.folder / upload.digest / name
        if path.is_file():
            return str(path)
        import ray

        make_room(self.folder, self._max_bytes)
        with writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{threading.get_ident()}.part")
            part.write_bytes(ray.get(upload.reference))
            part.replace(path)
        return str(path)
