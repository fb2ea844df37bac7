"""Live over HTTP: sound goes up, frames come down, one person at a time, and nothing stays."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from PIL import Image

from sonic_ui.engine.events import CancelToken, Label
from sonic_ui.engine.live import LiveFrame
from sonic_ui.engine.studio import Studio
from sonic_ui.evaluation.live_client import RATE_HZ, LiveClient, read_records
from sonic_ui.media.metadata import read_settings
from sonic_ui.requests import BadInput
from sonic_ui.requests.live import LiveRequest
from sonic_ui.ui.session import live
from sonic_ui.ui.session.live import LiveSessions
from tests.fakes import FakeBackend
from tests.ui.serving import serving, wait_until


class LiveBackend(FakeBackend):
    """Paints squares as red as the sound is loud, while `gate` is open; names them rain."""

    live_refusal = ""

    def live_painter(self) -> LiveBackend:
        return self

    def paint(  # type: ignore[override]
        self,
        request: LiveRequest,
        memory: np.ndarray,
        position_s: float,
        cancel: CancelToken,
        on_wait: Callable[[int], None],
    ) -> LiveFrame | None:
        while not self.gate.wait(0.02):
            cancel.check()
        loudest = float(np.abs(memory).max())
        if loudest < 0.001:
            return None
        image = Image.new("RGB", (32, 32), (round(255 * loudest), 0, request.seed))
        request = request.with_defaults({"steps": 4, "guidance_scale": 1.0})
        return LiveFrame(image, request, memory, (Label("rain", 0.9),), False, 0.8, position_s)


@pytest.fixture(scope="module")
def backend() -> LiveBackend:
    return LiveBackend()


@pytest.fixture(scope="module")
def address(backend: LiveBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(Studio(backend), tmp_path_factory.mktemp("no-examples")) as address:
        yield address


@pytest.fixture
def new_client(address: str) -> Iterator[Callable[..., LiveClient]]:
    clients: list[LiveClient] = []

    def made(**settings: object) -> LiveClient:
        clients.append(LiveClient(address, **settings))
        return clients[-1]

    yield made
    for client in clients:
        client.leave()


def hiss(seconds: float, peak: float = 0.5) -> np.ndarray:
    samples = np.random.default_rng(0).uniform(-peak, peak, round(seconds * RATE_HZ))
    return samples.astype(np.float32)


def states(client: LiveClient) -> list[str]:
    return [one.header["state"] for one in [*client.records] if one.header["kind"] == "state"]


def play_until(client: LiveClient, done: Callable[[], bool]) -> None:
    """Play on until something is the case."""
    deadline = time.monotonic() + 60
    while not done():
        client.play(hiss(0.3))
        assert time.monotonic() < deadline


def test_sound_goes_up_and_frames_come_down(new_client: Callable[..., LiveClient]) -> None:
    client = new_client(seed=7)
    client.play(np.zeros(RATE_HZ // 2, np.float32))
    wait_until(lambda: any(one.header["kind"] == "quiet" for one in client.records))
    assert not client.frames
    play_until(client, lambda: client.shown >= 3)
    frame = client.frames[-1]
    assert frame.header["heard"] == "rain" and frame.header["labels"] == [["rain", 0.9]]
    red, _, blue = Image.open(BytesIO(frame.parts[0])).getpixel((9, 9))
    assert abs(red - 127) < 8 and abs(blue - 7) < 8
    assert frame.header["chunk"] in client.sent
    numbers = [one.header["number"] for one in client.frames]
    assert numbers == [*range(1, len(numbers) + 1)]


def test_what_is_stale_is_dropped_and_frames_wait_for_a_slow_page(
    new_client: Callable[..., LiveClient], backend: LiveBackend
) -> None:
    client = new_client()
    backend.gate.clear()
    try:
        client.play(hiss(1.5))  # ten chunks, all while the first frame is painted
    finally:
        backend.gate.set()
    play_until(client, lambda: client.shown >= 2)
    first, second = (one.header["chunk"] for one in client.frames[:2])
    assert first == 0 and second >= 9  # one frame of the newest, none of those between

    pcm, base = b"\0\x40" * 4800, client.base
    for number in range(40):  # a page that shows nothing of it
        client.http.post(f"{base}/sound?chunk={100 + number}&rate=48000&shown=0", content=pcm)
        time.sleep(0.02)
    number = client.shown
    time.sleep(0.5)
    assert client.shown == number <= client.frames[1].header["number"] + live.UNSHOWN + 1


def test_one_is_live_at_a_time_and_who_drops_out_frees_the_engine(
    new_client: Callable[..., LiveClient],
) -> None:
    first, second = new_client(), new_client()
    play_until(first, lambda: first.shown >= 1)
    playing = threading.Event()

    def play_on() -> None:
        while not playing.is_set():
            first.play(hiss(0.3))

    thread = threading.Thread(target=play_on)
    thread.start()
    try:
        play_until(second, lambda: "waiting" in states(second))
        assert not second.frames
    finally:
        playing.set()  # no chunk comes any longer, and nobody says goodbye
        thread.join()
    began = time.monotonic()
    play_until(second, lambda: bool(second.frames))
    assert "silent" in states(first)
    assert time.monotonic() - began < live.GONE_S + 8  # a crowded machine

    third = new_client()
    play_until(second, lambda: second.shown >= 2)
    third.play(hiss(0.2))
    second.leave()
    play_until(third, lambda: bool(third.frames))
    first.leave()


def test_frozen_it_paints_nothing_and_the_newest_frames_can_be_kept(
    new_client: Callable[..., LiveClient], tmp_path: Path
) -> None:
    client = new_client(seed=9, prompt="ink", gain_db=30)
    play_until(client, lambda: client.shown >= 2)
    assert client.post("hold", kind="frozen").status_code == 204
    wait_until(lambda: "frozen" in states(client))
    number = client.shown
    client.play(hiss(0.6))
    assert client.shown == number

    (record,) = read_records(iter([client.post("keep", number=number).content]))
    picture, sound = (tmp_path / name for name in record.header["names"])
    picture.write_bytes(record.parts[0])
    sound.write_bytes(record.parts[1])
    settings = read_settings(picture)
    assert settings == read_settings(sound) == record.header["settings"]
    request = settings["request"]
    assert (request["verb"], request["seed"], request["prompt"]) == ("sound_to_image", 9, "ink")
    assert (request["steps"], request["gain_db"], request["sound"]) == (4, 24.0, sound.name)
    assert soundfile.info(sound).samplerate == RATE_HZ
    assert "Freeze first" in client.post("keep", number=number + 99).json()["error"]

    client.post("hold", kind="")
    play_until(client, lambda: client.shown > number)


def test_a_recording_becomes_a_film_even_if_the_connection_broke(
    new_client: Callable[..., LiveClient],
) -> None:
    client = new_client()
    play_until(client, lambda: client.shown >= 1)
    assert client.post("film").status_code == 400
    client.post("record")
    play_until(client, lambda: client.shown >= 4)
    base = client.base
    client.leave()
    answer = httpx.post(f"{base}/film", timeout=60)
    (record,) = read_records(iter([answer.content]))
    assert record.header["names"][0].endswith((".mp4", ".webm"))
    assert record.header["settings"]["request"]["verb"] == "live"
    assert record.header["settings"]["length_s"] >= 0.3 and len(record.parts[0]) > 1000
    assert httpx.post(f"{base}/film").json()["error"].startswith("This session is over")


def test_bad_sound_and_strangers_are_told_so(new_client: Callable[..., LiveClient], address: str) -> None:
    client = new_client()
    assert "whole number" in client.post("sound", chunk="x").json()["error"]
    assert "from 8000" in client.post("sound", chunk=0, rate=7).json()["error"]
    assert client.http.post(f"{client.base}/sound", content=b"0" * (live_bytes() + 1)).status_code == 413
    assert "frozen" in client.post("hold", kind="asleep").json()["error"]
    assert httpx.get(f"{client.base}/frames").status_code == 400
    for path in ("frames", "sound"):
        method = "GET" if path == "frames" else "POST"
        assert "over" in httpx.request(method, f"{address}live/nobody/{path}").json()["error"]
    foreign = {"Origin": "http://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert httpx.post(f"{client.base}/stop", headers=foreign).status_code == 403
    client.play(hiss(0.2))
    wait_until(lambda: client.shown >= 1)  # none of it did any harm


def live_bytes() -> int:
    from sonic_ui.ui.live_api import MOST_BYTES

    return MOST_BYTES


def test_a_page_with_a_password_asks_for_it_here_too(tmp_path: Path) -> None:
    with serving(Studio(LiveBackend()), tmp_path, auth=("ann", "secret")) as address:
        assert httpx.get(f"{address}live/any/frames").status_code == 401
        with httpx.Client() as http:
            http.post(f"{address}login", data={"username": "ann", "password": "secret"})
            answer = http.get(f"{address}live/any/frames")
            assert answer.status_code == 400 and "over" in answer.json()["error"]


def test_sessions_end_with_their_page_and_are_so_many_at_most() -> None:
    now = [0.0]
    sessions, studio = LiveSessions(lambda: now[0]), Studio(LiveBackend())
    one = sessions.start(studio, LiveRequest(), "ann")
    two = sessions.start(studio, LiveRequest(), "ann")  # of the same page
    assert one.is_over and sessions.of_page("ann") is two
    sessions.release("ann")
    assert two.is_over and sessions.count == 0
    for _ in range(live.MOST_SESSIONS):
        sessions.start(studio, LiveRequest(), "")
    with pytest.raises(BadInput, match="live on this engine already"):
        sessions.start(studio, LiveRequest(), "")
    now[0] += live.CONNECT_S + 1  # nobody fetched their frames
    assert sessions.start(studio, LiveRequest(), "") and sessions.count == 1


def test_an_engine_that_is_elsewhere_or_borrowed_says_why_it_cannot_be_live() -> None:
    with pytest.raises(BadInput, match="needs an engine in this app itself, and this one is at nowhere"):
        LiveSessions(time.monotonic).start(Studio(FakeBackend()), LiveRequest(), "")
    borrowed = LiveBackend()
    borrowed.live_refusal = "Live needs a GPU that stays."  # type: ignore[misc]
    with pytest.raises(BadInput, match="GPU that stays"):
        LiveSessions(time.monotonic).start(Studio(borrowed), LiveRequest(), "")
