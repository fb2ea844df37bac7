"""Gallery of the pictures that each open browser tab was shown, so that one can be sent to another tab."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

MAX_RESULTS = 400
"""Results and single positions of all sessions together; the oldest are forgotten."""


class Gallery:
    """Picture files by session and the name of what shows them; safe to share between threads.

    A script names what it shows ("result-7", and which of its pictures), never a path.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shared: dict[str, tuple[Path, ...]] = {}
        self._results: OrderedDict[tuple[str, str], tuple[Path, ...]] = OrderedDict()

    def share(self, name: str, files: Sequence[Path]) -> None:
        """Pictures that everybody is shown, such as those of an example."""
        with self._lock:
            self._shared[name] = tuple(files)

    def add(self, session: str, name: str, files: Sequence[Path]) -> None:
        """Pictures that a session is shown."""
        with self._lock:
            self._results[session, name] = tuple(files)
            while len(self._results) > MAX_RESULTS:
                self._results.popitem(last=False)

    def find(self, session: str, name: object, index: object = 0) -> Path | None:
        """A picture that this session was shown, by what a script calls it; None if it is gone."""
        with self._lock:
            files = self._results.get((session, str(name)), self._shared.get(str(name), ()))
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(files):
            return None
        return files[index] if files[index].is_file() else None

    def release(self, session: str) -> None:
        """The browser tab was closed."""
        with self._lock:
            for key in [key for key in self._results if key[0] == session]:
                del self._results[key]
