"""Calls of programs that are cancelled, or whose connection is gone: the engine is free at the next step."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import handle_file
from gradio_client.utils import Status

from sonic_ui.engine.events import Cancelled, CancelToken, JobEvent
from sonic_ui.engine.jobs.base import Job
from sonic_ui.engine.studio import Studio
from sonic_ui.engine.switching import Engines
from tests.conftest import WriteSound
from tests.fakes import FakeBackend
from tests.ui.serving import PATIENCE_S, wait_until

FILES = {
    "sound_to_image": ("sound",),
    "edit_image": ("picture", "sound"),
    "interpolate": ("sound_a", "sound_b"),
    "volume_sweep": ("sound",),
    "image_to_sound": ("picture",),
    "make_film": ("sound",),
}


class WatchedBackend(FakeBackend):
    """Notes which jobs began and which were stopped."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = 0
        self.stopped = 0
        self.token = CancelToken()

    def run(self, job: Job, cancel: CancelToken) -> Iterator[JobEvent]:
        self.token = cancel
        self.begun += 1
        try:
            yield from super().run(job, cancel)
        except Cancelled:
            self.stopped += 1
            raise


class SlowBackend(FakeBackend):
    """An engine that takes its time to load."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = threading.Event()

    def load(self) -> None:
        self.closed.wait(PATIENCE_S)

    def close(self) -> None:
        self.closed.set()


@pytest.fixture(scope="module")
def backend() -> WatchedBackend:
    return WatchedBackend()


@pytest.fixture(scope="module")
def other() -> SlowBackend:
    return SlowBackend()


@pytest.fixture(scope="module")
def studio(backend: WatchedBackend, other: SlowBackend) -> Studio:
    return Studio(backend, engines=Engines(lambda name: other, "miniature"))


@pytest.fixture
def files(write_sound: WriteSound, meadow: Path) -> dict[str, Path]:
    """A file for every setting that takes one."""
    sound, other = write_sound("rain.wav"), write_sound("dog.wav", hz=900)
    return {"sound": sound, "sound_a": sound, "sound_b": other, "picture": meadow}


@pytest.mark.parametrize("verb", FILES)  # an upscaling has tiles in place of steps
def test_a_cancelled_job_stops_at_its_next_step(
    client: Any, backend: WatchedBackend, files: dict[str, Path], verb: str
) -> None:
    given = {name: handle_file(str(files[name])) for name in FILES[verb]}
    begun, stopped = backend.begun, backend.stopped
    backend.gate.clear()
    job = client.submit(**given, steps=90, seed=7, api_name=f"/{verb}")
    wait_until(lambda: backend.begun > begun)
    job.cancel()
    wait_until(lambda: backend.token.cancelled)
    backend.gate.set()
    wait_until(lambda: backend.stopped > stopped)
    assert client.predict(handle_file(str(files["sound"])), steps=2, api_name="/sound_to_image")
    assert (backend.begun, backend.stopped) == (begun + 2, stopped + 1)


def uploaded(address: str, path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        answer = httpx.post(f"{address}gradio_api/upload", files={"files": (path.name, file)})
    return {"path": answer.json()[0], "meta": {"_type": "gradio.FileData"}}


def leave_a_stream(address: str, sound: dict[str, Any], backend: WatchedBackend, begun: int) -> None:
    """Call through the queue, and close the stream of events while the work goes on."""
    url = f"{address}gradio_api/call/sound_to_image"
    values = [sound, "", "", None, None, 90, 7, 1, None, None, 0]
    event = httpx.post(url, json={"data": values}, timeout=PATIENCE_S).json()["event_id"]
    with httpx.stream("GET", f"{url}/{event}", timeout=PATIENCE_S) as stream:
        lines = stream.iter_lines()
        wait_until(lambda: backend.begun > begun)
        del lines


def leave_an_answer(address: str, sound: dict[str, Any], backend: WatchedBackend, begun: int) -> None:
    """Call directly, and give up before the answer."""
    values = [sound, "", "", None, None, 90, 7, 1, None, None, 0]
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{address}gradio_api/run/sound_to_image", json={"data": values}, timeout=2)
    assert backend.begun > begun


@pytest.mark.parametrize("leave", [leave_a_stream, leave_an_answer])
def test_a_dropped_connection_stops_the_work(
    address: str, backend: WatchedBackend, files: dict[str, Path], leave: Any
) -> None:
    sound, begun, stopped = uploaded(address, files["sound"]), backend.begun, backend.stopped
    backend.gate.clear()
    leave(address, sound, backend, begun)
    wait_until(lambda: backend.token.cancelled)
    backend.gate.set()
    wait_until(lambda: backend.stopped > stopped)
    assert backend.begun == begun + 1 and backend.steps_done < 90


def test_a_cancelled_change_of_engines_stops(client: Any, studio: Studio, other: SlowBackend) -> None:
    job = client.submit("sd14-landscape", api_name="/change_engine")
    wait_until(lambda: job.status().code == Status.PROCESSING)
    job.cancel()
    wait_until(other.closed.is_set)
    assert studio.backend is not other
