"""Processes that paint and do nothing else."""

from __future__ import annotations

import queue
import threading
from pathlib import Path

import pytest

from sonic_ui.evaluation import plain_processes


def test_a_process_says_how_long_its_pictures_take(tmp_path: Path) -> None:
    from sonic_ui.testing.tiny_bundle import debug_bundle

    bundle, seconds = debug_bundle(tmp_path / "bundle"), queue.Queue[float]()
    plain_processes._paint_without_a_cluster(str(bundle), threading.Barrier(1), seconds)
    assert 0 < seconds.get_nowait() < 60 and seconds.empty()


def test_two_that_take_as_long_as_one_give_twice_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = {1: 10.0, 2: 12.5}
    monkeypatch.setattr(plain_processes, "seconds_without_a_cluster", lambda _, number: taken[number])
    assert plain_processes.scale_without_a_cluster("miniature").value == 1.6
