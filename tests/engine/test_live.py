"""Frames of a sound that goes on, and whose turn it is."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from sonic_ui.audio.rolling import RATE_HZ
from sonic_ui.engine.components import Components
from sonic_ui.engine.events import Cancelled, CancelToken, FairLock
from sonic_ui.engine.live import STEPS, LivePainter, LiveTurns
from sonic_ui.engine.local import LocalBackend
from sonic_ui.requests.live import LiveRequest


@pytest.fixture(scope="module")
def components(tmp_path_factory: pytest.TempPathFactory) -> Components:
    from sonic_ui.testing.tiny_bundle import debug_bundle

    return LocalBackend(str(debug_bundle(tmp_path_factory.mktemp("bundle")))).components


def tone(hz: float, seconds: float = 3.0, gain: float = 0.3) -> np.ndarray:
    times = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return (gain * np.sin(2 * np.pi * hz * times)).astype(np.float32)


def nobody_waits(ahead: int) -> None:
    raise AssertionError(ahead)


def test_a_steady_sound_gives_a_steady_picture_and_a_change_is_followed_smoothly(
    components: Components,
) -> None:
    painter, request = LivePainter(components, FairLock()), LiveRequest(seed=3, smoothing_s=1.0)
    first = painter.paint(request, tone(300), 3.0, CancelToken(), nobody_waits)
    again = painter.paint(request, tone(300), 3.5, CancelToken(), nobody_waits)
    assert first is not None and again is not None
    assert first.image.tobytes() == again.image.tobytes()
    draft = components.bundle.info.defaults.draft
    assert first.is_draft == (draft is not None)
    assert first.request.steps == (STEPS if draft is None else draft.steps)
    assert first.window.size == 2 * RATE_HZ
    assert first.labels and first.position_s == 3.0

    other = tone(3000)
    at_once = LivePainter(components, FairLock()).paint(request, other, 3.0, CancelToken(), nobody_waits)
    soon = painter.paint(request, other, 3.75, CancelToken(), nobody_waits)
    late = painter.paint(request, other, 20.0, CancelToken(), nobody_waits)
    assert at_once is not None and soon is not None and late is not None
    goal = np.asarray(at_once.image, float)
    distances = [np.abs(np.asarray(one.image, float) - goal).mean() for one in (again, soon, late)]
    assert distances[0] > distances[1] > distances[2]
    assert distances[2] < 0.05 * distances[0]


def test_what_is_too_quiet_shows_nothing_until_it_is_made_louder(components: Components) -> None:
    painter, whisper = LivePainter(components, FairLock()), tone(300, gain=0.0005)
    assert painter.paint(LiveRequest(), whisper, 3.0, CancelToken(), nobody_waits) is None
    assert painter.paint(LiveRequest(gain_db=30), whisper, 3.0, CancelToken(), nobody_waits) is not None
    silence = np.zeros(RATE_HZ, np.float32)
    assert painter.paint(LiveRequest(gain_db=36), silence, 3.0, CancelToken(), nobody_waits) is None


def test_a_frame_waits_for_a_job_that_has_the_device_and_stops_when_it_is_ended(
    components: Components,
) -> None:
    device, cancel, ahead = FairLock(), CancelToken(), []
    painter = LivePainter(components, device)

    def waiting(count: int) -> None:
        ahead.append(count)
        cancel.cancel()

    with (
        device.turn(CancelToken(), nobody_waits),
        pytest.raises(Cancelled),
    ):
        painter.paint(LiveRequest(), tone(300), 3.0, cancel, waiting)
    assert ahead == [1]


def test_turns_are_taken_in_order_and_given_away_while_others_wait() -> None:
    now = [0.0]
    turns = LiveTurns(turn_s=120, clock=lambda: now[0])
    assert turns.ahead("ann") == 0
    now[0] = 1000.0
    assert turns.ahead("ann") == 0  # nobody waits
    assert (turns.ahead("ben"), turns.ahead("cem"), turns.waiting) == (1, 2, 2)
    assert turns.ahead("ann") == 2  # her turn was over long ago
    assert turns.ahead("ben") == 0
    now[0] += 119
    assert turns.ahead("cem") == 1
    turns.leave("ben")
    assert turns.ahead("cem") == 0
    turns.leave("nobody")
    now[0] += 119
    assert turns.ahead("ann") == 1
    now[0] += 2
    assert turns.ahead("cem") == 1 and turns.ahead("ann") == 0


def test_live_turns_run_on_a_clock_of_their_own(tmp_path: Path) -> None:
    turns = LiveTurns(turn_s=0.01)
    assert turns.ahead("ann") == 0 and turns.ahead("ben") == 1
    time.sleep(0.02)
    assert turns.ahead("ann") == 1
