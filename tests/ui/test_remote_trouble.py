"""One app on the engine of another, on loopback: all that can break, and all that must stay out of reach."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sonic_ui.engine import remote
from sonic_ui.engine.events import CancelToken, Failure, Preview, Progress, Result
from sonic_ui.engine.remote import RemoteStudio
from sonic_ui.engine.remote_address import Address, read_address
from sonic_ui.engine.serialization import PROTOCOL
from sonic_ui.engine.studio import Studio
from sonic_ui.requests import BadInput
from tests.conftest import WriteSound
from tests.fakes import FakeBackend
from tests.ui.serving import PATIENCE_S, serving, wait_until, wanted

ROOT = Path(__file__).resolve().parent.parent.parent


def test_answers_that_come_while_one_is_read_are_not_lost() -> None:
    answers: list[Any] = [{"number": 0}]  # a client's list, which another thread appends to
    job = SimpleNamespace(outputs=lambda: answers, done=lambda: len(answers) == 3, exception=lambda: None)
    read = []
    for answer in remote.Connection(Address("127.0.0.1:9"))._answers(None, job, "1", CancelToken()):
        read.append(answer["number"])
        if len(answers) == 1:
            answers += [{"number": 1}, {"number": 2}]
    assert read == [0, 1, 2]


def test_files_of_the_other_machine_are_out_of_reach(address: str) -> None:
    from gradio_client import Client

    client = Client(address, verbose=False, analytics_enabled=False, httpx_kwargs={"timeout": 60})
    run_context = {
        "ask": "run",
        "run": "1",
        "files": [],
        "request": '{"verb": "sound_to_image", "sound": "/etc/passwd"}',
    }
    assert "no sound yet" in client.submit(run_context, [], api_name="/engine").result(60)["problem"]["words"]
    named = {**run_context, "files": ["prompt"]}
    assert "not understood" in client.submit(named, [], api_name="/engine").result(60)["problem"]["words"]
    for question in ({}, [], None, {"ask": "hear"}, {"ask": "run", "request": "[" * 9000}):
        assert client.submit(question, [], api_name="/engine").result(60)["problem"]["kind"] == "input"
    sent = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    said = raw_call(address, [{**run_context, "files": ["sound"]}, [sent]])
    assert "event: error" in said and "root:" not in said


def raw_call(address: str, data: list[Any]) -> str:
    """What the server says to a call as anyone could write it: a client of ours would upload its own file."""
    import httpx

    base = f"{address.rstrip('/')}/gradio_api/call/engine"
    event = httpx.post(base, json={"data": data}, timeout=PATIENCE_S).json()["event_id"]
    return httpx.get(f"{base}/{event}", timeout=PATIENCE_S).text


def test_another_version_is_told(
    address: str, monkeypatch: pytest.MonkeyPatch, write_sound: WriteSound
) -> None:
    monkeypatch.setattr(remote, "PROTOCOL", 99)
    newer, sound = RemoteStudio(Address(address)), write_sound()
    with pytest.raises(BadInput, match=rf"protocol {PROTOCOL}\), this is .* \(protocol 99\).*same version"):
        list(newer.run(wanted(sound)))
    monkeypatch.undo()
    assert isinstance(list(newer.run(wanted(sound)))[-1], Result)


def test_an_app_that_lends_nothing_and_an_address_without_app(write_sound: WriteSound) -> None:
    import gradio as gr

    with gr.Blocks(analytics_enabled=False) as other:
        gr.Textbox()
    _, address, _ = other.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False)
    try:
        with pytest.raises(BadInput, match="lends no engine"):
            list(RemoteStudio(Address(address)).run(wanted(write_sound())))
    finally:
        other.close()
    with pytest.raises(
        BadInput, match=r"connection to the engine at 127\.0\.0\.1:9 is lost or was never there"
    ):
        list(RemoteStudio(Address("http://127.0.0.1:9/")).run(wanted(write_sound())))


def test_a_password_is_asked_for(tmp_path: Path, write_sound: WriteSound) -> None:
    sound = write_sound()
    with serving(Studio(FakeBackend()), tmp_path / "none", auth=("ann", "secret")) as address:
        with pytest.raises(BadInput, match="asks for a name and password: set SONIC_UI_LOGIN"):
            list(RemoteStudio(Address(address)).run(wanted(sound)))
        with pytest.raises(BadInput, match="did not accept the name and password"):
            list(RemoteStudio(Address(address, login=("ann", "wrong"))).run(wanted(sound)))
        let_in = RemoteStudio(Address(address, login=("ann", "secret")))
        assert isinstance(list(let_in.run(wanted(sound)))[-1], Result)


def test_a_login_opens_an_engine_that_asks_for_none(address: str, write_sound: WriteSound) -> None:
    client = RemoteStudio(Address(address, login=("ann", "secret")))
    assert isinstance(list(client.run(wanted(write_sound())))[-1], Result)


def test_a_full_queue_is_told_and_the_next_request_works(tmp_path: Path, write_sound: WriteSound) -> None:
    backend, sound = FakeBackend(), write_sound()
    with serving(Studio(backend), tmp_path / "none", queue=1) as address:
        client = RemoteStudio(Address(address))
        list(client.run(wanted(sound)))
        backend.gate.clear()
        problems: list[str] = []

        def run() -> None:
            try:
                list(client.run(wanted(sound)))
            except Failure as problem:
                problems.append(str(problem))

        threads = [threading.Thread(target=run) for _ in range(12)]
        for thread in threads:
            thread.start()
        wait_until(lambda: bool(problems))
        backend.gate.set()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert set(problems) == {
            f"The engine at {address.split('/')[2]} is busy: its queue is full. Try again in a moment."
        }
        assert isinstance(list(client.run(wanted(sound)))[-1], Result)


SERVE = """
import sys
from pathlib import Path
from sonic_ui.engine.studio import Studio
from sonic_ui.ui.page import build_page, launch_options
from tests.fakes import FakeBackend
backend = FakeBackend()
backend.gate.clear()
build_page(Studio(backend), Path("none")).launch(server_port=int(sys.argv[1]), **launch_options())
"""


@contextmanager
def hanging(port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("w") as file:
        app = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(port)], cwd=ROOT, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + 180
        while True:
            assert app.poll() is None and time.monotonic() < deadline, log.read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield app
    finally:
        app.kill()
        app.wait(20)


def test_an_engine_that_is_killed_in_the_middle(tmp_path: Path, write_sound: WriteSound) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client, sound = RemoteStudio(Address(f"http://127.0.0.1:{port}")), write_sound()
    with hanging(port, tmp_path / "log.txt") as app, pytest.raises(Failure, match="is lost"):
        for event in client.run(wanted(sound)):
            if isinstance(event, Progress) and event.message == "Listening to the sound":
                app.kill()
    with pytest.raises((BadInput, Failure), match="is lost or was never there"):
        list(client.run(wanted(sound)))
    with serving(Studio(FakeBackend()), tmp_path / "none", server_port=port):
        events = list(client.run(wanted(sound)))
    assert isinstance(events[-1], Result) and any(isinstance(event, Preview) for event in events)


def test_addresses() -> None:
    assert read_address("space:ann/studio", {}) == Address("ann/studio")
    assert read_address("space:ann/studio", {"SONIC_UI_TOKEN": "hf_x"}).token == "hf_x"
    there = read_address("https://ann:pass@studio.example/app", {"SONIC_UI_LOGIN": "ann:se:cret"})
    assert there.login == ("ann", "se:cret") and there.shown == "studio.example"
    for wrong in ("space:ann", "space:", "ann/studio", "ftp://x", "http://", "space:a/b/c", "http://["):
        with pytest.raises(BadInput, match="space:owner/name"):
            read_address(wrong, {})


def test_a_token_saved_on_this_machine_stays_with_the_hub(
    address: str, monkeypatch: pytest.MonkeyPatch, write_sound: WriteSound
) -> None:
    import httpx
    import huggingface_hub.utils._headers as headers

    monkeypatch.setattr(headers, "get_token", lambda: "hf_saved_secret")
    seen: list[str] = []
    send = httpx.Client.send

    def watched(self: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
        seen.append(str(request.headers))
        return send(self, request, **options)

    monkeypatch.setattr(httpx.Client, "send", watched)
    list(RemoteStudio(Address(address)).run(wanted(write_sound())))
    assert seen and not any("hf_saved_secret" in one for one in seen)
