"""One device, served in the order of arrival."""

from __future__ import annotations

import threading
import time

import pytest

from sonic_ui.engine.events import Cancelled, CancelToken, FairLock


def wait_until(done: object) -> None:
    deadline = time.monotonic() + 10
    while not done():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_served_one_by_one_in_order() -> None:
    line, order, inside, most = FairLock(), [], [0], [0]
    hold = threading.Event()
    waiting: list[int] = []

    def work(name: int) -> None:
        with line.turn(CancelToken(), waiting.append):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            hold.wait(10)
            order.append(name)
            inside[0] -= 1

    threads = []
    for name in range(4):
        threads.append(threading.Thread(target=work, args=(name,)))
        threads[-1].start()
        wait_until(lambda count=name + 1: len(line._waiting) == count)
    wait_until(lambda: len(waiting) == 3)
    assert sorted(waiting) == [1, 2, 3]
    hold.set()
    for thread in threads:
        thread.join(10)
    assert order == [0, 1, 2, 3]
    assert most == [1]


def test_who_cancels_while_waiting_leaves_the_line() -> None:
    line, token = FairLock(), CancelToken()
    with line.turn(CancelToken(), lambda _: None):
        with pytest.raises(Cancelled), line.turn(token, lambda _: token.cancel()):
            raise AssertionError("a cancelled turn began")
        assert len(line._waiting) == 1
    with line.turn(CancelToken(), lambda _: None):
        pass


def test_an_error_inside_frees_the_line() -> None:
    line = FairLock()
    with pytest.raises(KeyError), line.turn(CancelToken(), lambda _: None):
        raise KeyError
    assert not line._waiting
