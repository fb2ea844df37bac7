"""Running work and newest analyses of each open browser tab."""

import itertools
import threading

from sonic_ui.engine.events import CancelToken

Key = tuple[str, str]


class Tasks:
    """Cancel tokens and the newest sounds, by session and task; safe to share between threads.

    A task is what only one of may go on at a time: the run of a tab, the analysis of one of its sounds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[Key, CancelToken] = {}
        self._analyses: dict[Key, int] = {}
        self._numbers = itertools.count(1)

    def begin(self, session: str, task: str) -> tuple[int, CancelToken]:
        """Start a run: its number and its token. An earlier run of this task that goes on is cancelled."""
        token = CancelToken()
        with self._lock:
            earlier = self._tokens.get((session, task))
            self._tokens[session, task] = token
            number = next(self._numbers)
        if earlier is not None:
            earlier.cancel()
        return number, token

    def finish(self, session: str, task: str, token: CancelToken) -> None:
        """Forget a run that is over."""
        with self._lock:
            if self._tokens.get((session, task)) is token:
                del self._tokens[session, task]

    def cancel(self, session: str, task: str) -> None:
        """Stop what this session runs of a task, if anything."""
        with self._lock:
            token = self._tokens.get((session, task))
        if token is not None:
            token.cancel()

    def begin_analysis(self, session: str, view: str) -> int:
        """Note that an input of this session holds another sound; returns the number of its analysis."""
        with self._lock:
            number = next(self._numbers)
            self._analyses[session, view] = number
        return number

    def is_newest_analysis(self, session: str, view: str, number: int) -> bool:
        """Whether the input still holds the sound it had at `begin_analysis`."""
        with self._lock:
            return self._analyses.get((session, view)) == number

    def release(self, session: str) -> None:
        """The browser tab was closed: stop its work and forget it."""
        with self._lock:
            keys = [key for key in self._tokens if key[0] == session]
            tokens = [self._tokens.pop(key) for key in keys]
            for key in [key for key in self._analyses if key[0] == session]:
                del self._analyses[key]
        for token in tokens:
            token.cancel()
