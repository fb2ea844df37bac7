"""Waits between wrong passwords, so that none is found by trying."""

import time
from collections import OrderedDict
from collections.abc import Callable

FREE_TRIES = 5
"""Wrong passwords of an address before the first wait; from then on each doubles it."""

FREE_TRIES_IN_ALL = 20
"""The same for all addresses together; five more double that wait."""

LONGEST_S = 60.0
FORGET_S = 3600.0
MAX_ADDRESSES = 4096


class LoginThrottle:
    """Counts of failed logins, by address and in all; used from one thread.

    The wait in all holds for those as well who come from many addresses, or write them into a header. It is
    short enough that a stranger who keeps guessing delays others by a minute at most.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._in_all = (0, 0.0)

    def begin(self, address: str) -> float:
        """Seconds until this address may try again; 0 if it may now.

        A try that is let through counts as failed until `succeeded`: many at once are no way around.
        """
        now = self._clock()
        count, last = _recent(self._failures.get(address, (0, now)), now)
        in_all, last_in_all = _recent(self._in_all, now)
        wait_s = max(
            last + _wait_s(count - FREE_TRIES) - now,
            last_in_all + _wait_s((in_all - FREE_TRIES_IN_ALL) // 5) - now,
        )
        if wait_s > 0:
            return wait_s
        self._failures[address] = (count + 1, now)
        self._failures.move_to_end(address)
        if len(self._failures) > MAX_ADDRESSES:
            self._failures.popitem(last=False)
        self._in_all = (in_all + 1, now)
        return 0.0

    def succeeded(self, address: str) -> None:
        """The try that `begin` let through had the right password."""
        self._failures.pop(address, None)
        self._in_all = (max(self._in_all[0] - 1, 0), self._in_all[1])


def _recent(failures: tuple[int, float], now: float) -> tuple[int, float]:
    """(count, time of the last one); forgotten after a while."""
    return failures if now - failures[1] < FORGET_S else (0, now)


def _wait_s(doublings: int) -> float:
    return 0.0 if doublings < 0 else min(2.0 ** min(doublings, 16), LONGEST_S)
