"""The people who wait at one page: who came before whom, in each lane of work."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sonic_ui.engine.events import Progress
from sonic_ui.serve.work import LANES

WAITING = "All engines are busy: you are number {number} in the queue"
FULL = (
    "All engines are busy, and {waiting} requests wait already: the queue is full, and you would be number "
    "{number} in it. Try again in a moment."
)


class Ticket:
    """One request's place in a lane, until an engine begins with it."""

    def __init__(self, lane: str) -> None:
        self.lane = lane


class Lanes:
    """Requests that wait, by lane. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, list[Ticket]] = {lane: [] for lane in LANES}

    @contextmanager
    def ticket(self, lane: str) -> Iterator[Ticket]:
        """Stand in a lane inside the `with`, or until `begin`."""
        ticket = Ticket(lane)
        with self._lock:
            self._waiting[lane].append(ticket)
        try:
            yield ticket
        finally:
            self.begin(ticket)

    def begin(self, ticket: Ticket) -> None:
        """An engine begins with it: it waits no longer."""
        with self._lock:
            if ticket in self._waiting[ticket.lane]:
                self._waiting[ticket.lane].remove(ticket)

    def number(self, ticket: Ticket) -> int:
        """Its place, from 1; 0 once it does not wait."""
        with self._lock:
            waiting = self._waiting[ticket.lane]
            return waiting.index(ticket) + 1 if ticket in waiting else 0

    def counts(self) -> dict[str, int]:
        """How many wait in each lane."""
        with self._lock:
            return {lane: len(waiting) for lane, waiting in self._waiting.items()}


def waiting(number: int) -> Progress:
    """What a person sees who waits."""
    return Progress(0, 0, WAITING.format(number=number))


def full(counted: int) -> str:
    """The sentence for a queue that is full, with `counted` requests in it."""
    return FULL.format(waiting=counted, number=counted + 1)
