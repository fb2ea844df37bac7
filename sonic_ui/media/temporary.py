"""Temporary files: one private folder a process, its end, and what is done about a disk that is full.

Everything temporary lies in the folder, uploads and results among it. Its owner alone may read it (0700). It
goes when the process ends; what a killed process left goes when the next one starts. A folder is in use as
long as a process holds the lock on the file `LOCK` in it (flock(2)), which ends with the process, however it
ends.
"""

import atexit
import contextlib
import logging
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from sonic_ui.requests import BadInput

try:
    import fcntl
except ImportError:  # Windows: there, a file that is open cannot be removed
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)

PREFIX = "sonic-ui-app-"
LOCK = "in-use"
SCRATCH = "scratch"
BASE = "GRADIO_TEMP_DIR"
"""Environment variable of Gradio's temporary files: where the folder is made, and then the folder itself."""

STARTING_S = 3600.0
"""A folder without a lock belongs to a process that is just starting, if it is younger."""

DAY_S = 86_400.0
MAX_ENTRIES = 2000
"""Results, or uploads, that are on the disk at once."""

NOT_SAVED = (
    "It could not be saved: the disk is full or cannot be written to ({reason}). Free some space on the "
    "app’s computer, then try again."
)
NO_FOLDER = (
    "The folder for temporary files, {base}, cannot be written to ({reason}). Free some space there, or set "
    f"TMPDIR (or {BASE}) to another folder, then start again."
)


class PrivateFolder:
    """A folder of this process inside `base`, removed at the end.

    Raises `BadInput` where it cannot be made.
    """

    def __init__(self, base: Path) -> None:
        self._owner = os.getpid()
        try:
            base.mkdir(parents=True, exist_ok=True)
            remove_leftovers(base)
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base)).resolve()
            self._lock = (self.path / "starting").open("w")
        except OSError as error:
            raise BadInput(NO_FOLDER.format(base=base, reason=_reason(error)), "disk") from error
        _take(self._lock.fileno())
        (self.path / "starting").rename(self.path / LOCK)  # nobody sees it before it is taken
        atexit.register(self.remove)

    @property
    def is_ours(self) -> bool:
        """Whether it is there, and belongs to this process, not to one that this is a forked copy of."""
        return os.getpid() == self._owner and self.path.is_dir()

    def remove(self) -> None:
        """Remove it with everything in it; copies of this process that were forked leave it alone."""
        if self.is_ours:
            self._lock.close()
            shutil.rmtree(self.path, ignore_errors=True)


def remove_leftovers(base: Path) -> None:
    """Remove the folders of processes that ended without doing so. Those of other users stay."""
    with contextlib.suppress(OSError):
        for folder in base.glob(f"{PREFIX}*"):
            if _is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    try:
        about, lock = folder.lstat(), folder / LOCK
        if folder.is_symlink() or about.st_uid != getattr(os, "geteuid", lambda: about.st_uid)():
            return False
        if not lock.exists():
            return time.time() - about.st_mtime > STARTING_S
        if fcntl is None:
            lock.unlink()
            return True
        with lock.open() as file:
            return _take(file.fileno())
    except OSError:
        return False


def _take(file: int) -> bool:
    """Take the lock on a file; False where another process has it, or where there are no locks."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


_making = threading.Lock()
_folder: PrivateFolder | None = None


def process_folder() -> Path:
    """The private folder of this process, made now if there is none; Gradio puts its files there as well.

    Raises `BadInput` where no file can be written.
    """
    global _folder
    with _making:
        if _folder is None or not _folder.is_ours:
            _folder = PrivateFolder(_base())
            os.environ[BASE] = str(_folder.path)
        return _folder.path


def _base() -> Path:
    """Where private folders are made: the same for a process and for those that it starts."""
    try:
        base = Path(os.environ.get(BASE) or tempfile.gettempdir())
    except OSError as error:
        raise BadInput(NO_FOLDER.format(base="TMPDIR", reason=_reason(error)), "disk") from error
    while any(part.startswith(PREFIX) for part in base.parts):
        base = base.parent
    return base


def use_for_all() -> None:
    """Let every library put its temporary files into the private folder. Raises `BadInput`."""
    scratch = process_folder() / SCRATCH
    scratch.mkdir(exist_ok=True)
    tempfile.tempdir = str(scratch)


def remove_process_folder() -> None:
    """Remove the private folder now."""
    with _making:
        if _folder is not None:
            _folder.remove()


def end_on_signals() -> None:
    """Let the signals that stop a program end it as Ctrl-C does, so that its temporary files go with it."""

    def end(number: int, frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), end)


def new_folder(prefix: str = "") -> "tempfile.TemporaryDirectory[str]":
    """A new folder inside the private one, gone with the object or the block. Raises `BadInput`."""
    with writing():
        return tempfile.TemporaryDirectory(prefix=prefix, dir=process_folder(), ignore_cleanup_errors=True)


# A disk that is full


@contextlib.contextmanager
def writing(*paths: Path) -> Iterator[None]:
    """Within the block files are written; if it fails, none of `paths` stays half-written.

    Raises `BadInput` for a disk that is full or read-only, and for a folder that is gone.
    """
    try:
        yield
    except BaseException as error:
        for path in paths:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            log.warning("A file was not saved: %s", error)
            raise BadInput(not_saved(error), "disk") from error
        raise


def not_saved(error: OSError) -> str:
    """The sentence for a file that could not be written."""
    return NOT_SAVED.format(reason=_reason(error))


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


# Quotas


def make_room(
    folder: Path,
    max_bytes: int,
    max_entries: int = MAX_ENTRIES,
    max_age_s: float = DAY_S,
    which: Callable[[str], bool] = lambda name: True,
) -> None:
    """Remove the oldest entries of a folder until the rest is within all limits.

    which   whether an entry of this name counts, and may go
    """
    entries = [_Entry(path) for path in _children(folder) if which(path.name)]
    entries.sort(key=lambda entry: entry.changed)
    total, yesterday = sum(entry.nbytes for entry in entries), time.time() - max_age_s
    while entries and (total > max_bytes or len(entries) > max_entries or entries[0].changed < yesterday):
        oldest = entries.pop(0)
        total -= oldest.nbytes
        oldest.remove()


class _Entry:
    """A file, or a folder with the files in it: bytes, and when it was changed last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.nbytes, self.changed = 0, 0.0
        for one in (path, *(_children(path) if path.is_dir() else ())):
            with contextlib.suppress(OSError):
                about = one.lstat()
                self.nbytes += about.st_size
                self.changed = max(self.changed, about.st_mtime if one is path else 0.0)

    def remove(self) -> None:
        if self.path.is_dir():
            shutil.rmtree(self.path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                self.path.unlink()


def _children(folder: Path) -> list[Path]:
    try:
        return [*folder.iterdir()]
    except OSError:
        return []
