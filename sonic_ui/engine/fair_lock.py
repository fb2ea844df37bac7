"""Fair lock: one device for many threads, in the order of arrival."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sonic_ui.engine.control import CancelToken

POLL_S = 0.1


class FairLock:
    """Lock of one device. Threads enter in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, cancel: CancelToken, on_wait: Callable[[int], None]) -> Iterator[None]:
        """Hold the device inside the `with`; `on_wait(ahead)` is called whenever the number ahead changes.

        Raises `Cancelled` if the token is set while waiting.
        """
        ticket, reported = object(), 0
        with self._changed:
            self._waiting.append(ticket)
        try:
            while (ahead := self._ahead(ticket)) > 0:
                if ahead != reported:
                    on_wait(ahead)
                    reported = ahead
                cancel.check()
                with self._changed:
                    self._changed.wait(POLL_S)
            cancel.check()
            yield
        finally:
            with self._changed:
                self._waiting.remove(ticket)
                self._changed.notify_all()

    def _ahead(self, ticket: object) -> int:
        with self._changed:
            return self._waiting.index(ticket)
