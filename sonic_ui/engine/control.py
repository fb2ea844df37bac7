"""Stopping a run, and what can go wrong in one, as exceptions and as plain data for other processes."""

import logging
import threading
from collections.abc import Mapping
from typing import Any

from sonic_ui.requests import BadInput

log = logging.getLogger(__name__)


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
