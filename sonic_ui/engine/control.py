"""Runs side by side: stopping one, waiting for the device, and errors as plain data for other processes."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sonic_ui.requests import BadInput

log = logging.getLogger(__name__)

POLL_S = 0.1


class Cancelled(Exception):
    """The person stopped the run; not an error."""


class Failure(RuntimeError):
    """Something broke that the person did not cause. The message is a sentence for them."""


class CancelToken:
    """A flag that one thread raises and another checks between steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Stop the run at its next step."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` if `cancel` was called."""
        if self.cancelled:
            raise Cancelled


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


def encode_error(error: BaseException) -> dict[str, str]:
    """An error of a run as JSON, with the sentence for the person; one that has none goes to the log."""
    if isinstance(error, BadInput):
        return {"kind": "input", "words": error.message, "field": error.field}
    if isinstance(error, Cancelled):
        return {"kind": "cancelled", "words": "Stopped.", "field": ""}
    if isinstance(error, Failure):
        return {"kind": "failure", "words": str(error), "field": ""}
    log.error("A run failed", exc_info=error)
    words = "The engine stopped on an error of the app; its log has the details."
    return {"kind": "failure", "words": words, "field": ""}


def decode_error(values: Mapping[str, Any]) -> BadInput | Cancelled | Failure:
    """The error that `encode_error` wrote."""
    kind, words = values.get("kind"), str(values.get("words"))
    if kind == "cancelled":
        return Cancelled()
    if kind == "input":
        return BadInput(words, str(values.get("field") or ""))
    return Failure(words)
