"""One app on the engine of another, on loopback: the same events, cancelling, and all that can break."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sonic_ui.backends.remote import Address, read_address
from sonic_ui.requests import (
    BadInput,
    EditImageRequest,
    ImageToSoundRequest,
    InterpolateRequest,
    SoundToImageRequest,
    VolumeSweepRequest,
)
from sonic_ui.studio import (
    Cancelled,
    CancelToken,
    Event,
    Failure,
    FramesDone,
    Notice,
    Preview,
    Progress,
    Result,
    SoundResult,
    Studio,
    remote,
)
from sonic_ui.studio.remote import RemoteStudio
from sonic_ui.ui.page import build_page, launch_options
from sonic_ui.ui.sessions import Sessions
from tests.conftest import WriteSound
from tests.fakes import FakeBackend

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 60


def wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def lent(backend: Any, nowhere: Path, queue: int | None = None, **options: Any) -> Iterator[str]:
    """The address of an app on a backend."""
    page = build_page(Studio(backend), nowhere)
    if queue is not None:
        page.queue(max_size=queue)
    _, address, _ = page.launch(prevent_thread_lock=True, **launch_options(), **options)
    try:
        yield address
    finally:
        page.close()


@pytest.fixture(scope="module")
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture(scope="module")
def address(backend: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with lent(backend, tmp_path_factory.mktemp("none")) as address:
        yield address


@pytest.fixture(scope="module")
def studio(address: str) -> RemoteStudio:
    return RemoteStudio(Address(address))


@pytest.fixture(autouse=True)
def as_it_was(backend: FakeBackend) -> Iterator[None]:
    yield
    backend.gate.set()
    backend.problem, backend.notice, backend.failure = "", "", None


def wanted(sound: Path, **values: Any) -> SoundToImageRequest:
    return SoundToImageRequest.from_values({"sound": str(sound), "seed": 5, **values})


def result_of(events: list[Event]) -> Result:
    assert isinstance(events[-1], Result)
    return events[-1]


def test_the_same_events_come_back(
    studio: RemoteStudio, backend: FakeBackend, write_sound: WriteSound
) -> None:
    backend.notice = "Left out: “boat”."
    sound = write_sound("my rain.wav")
    request = wanted(sound, count=2, prompt="ink", start_s=0.25, strength=[1, 0.5])
    there = list(studio.run(request))
    here = list(Studio(FakeBackend(notice=backend.notice)).run(request))
    after = [type(event) for event in there[[type(e) for e in there].index(Notice) :]]
    assert after == [type(event) for event in here[[type(e) for e in here].index(Notice) :]]
    mine, theirs = result_of(here), result_of(there)
    assert theirs.request == mine.request and theirs.settings == mine.settings
    assert theirs.labels == mine.labels and theirs.notices == mine.notices
    for one, other in zip(theirs.images, mine.images, strict=True):
        assert np.array_equal(np.asarray(one), np.asarray(other))
    assert studio.status.state == "ready" and studio.status.place.endswith(", nowhere")
    assert (studio.info.title, studio.info.defaults.steps) == ("Fake", 3)


def test_every_verb_runs_there(
    studio: RemoteStudio, backend: FakeBackend, write_sound: WriteSound, tmp_path: Path
) -> None:
    a, b = write_sound("a.wav"), write_sound("b.wav", hz=900)
    picture = tmp_path / "picture.png"
    Image.effect_noise((40, 30), 90).convert("RGB").save(picture)
    glide = list(studio.run(InterpolateRequest(sound_a=str(a), sound_b=str(b), frames=3)))
    assert sum(isinstance(event, FramesDone) for event in glide) == 3
    assert [info.position for info in result_of(glide).frames] == [0.0, 0.5, 1.0]
    sweep = result_of(list(studio.run(VolumeSweepRequest(sound=str(a), gains_db=(-6, 0)))))
    assert [info.level for info in sweep.frames] == [0.75, 0.75]
    edit = EditImageRequest(picture=str(picture), sound=str(a))
    assert result_of(list(studio.run(edit, session="ann"))).images[0].size == (40, 30)
    assert studio.kept("ann").count == studio.kept("ann", str(picture)).count == 1
    assert studio.kept("bob").count == 0
    assert not backend.edits[-1].inversion
    list(studio.run(edit, session="ann"))
    assert backend.edits[-1].inversion, "the second edit starts from what is kept"
    list(studio.run(edit, session="bob"))
    assert not backend.edits[-1].inversion, "what is kept for one is not another's"
    studio.forget("ann")
    assert studio.kept("ann").count == 0
    sounded = list(studio.run(ImageToSoundRequest(picture=str(picture), curve=(0.0, 1.0, 0.0))))[-1]
    assert isinstance(sounded, SoundResult) and sounded.takes[0].samples.dtype == np.float32
    with pytest.raises(BadInput, match="stays on this computer"):
        list(studio.run(ImageToSoundRequest(picture=str(picture), source="recordings", library="mine")))


def test_sounds_and_pictures_are_named_there(
    studio: RemoteStudio, backend: FakeBackend, write_sound: WriteSound, tmp_path: Path
) -> None:
    sound = studio.listen(str(write_sound("quiet.wav", gain=0.07)))
    assert studio.hear(sound).labels[0].name == "rain"
    assert np.array_equal(backend.heard[-1], sound.clip.samples), "it is heard to the last bit"
    picture = tmp_path / "picture.png"
    Image.effect_noise((40, 30), 90).convert("RGB").save(picture)
    here = Studio(FakeBackend()).see(str(picture)).seen
    there = studio.see(str(picture)).seen
    assert there.labels == here.labels and there.duration_s == here.duration_s
    assert studio.serves("image_to_sound") == FakeBackend().serves("image_to_sound")


def test_cancelling_stops_the_work_there(
    studio: RemoteStudio, backend: FakeBackend, write_sound: WriteSound, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, sound = CancelToken(), write_sound()
    stopped: list[str] = []
    stop = Sessions.cancel

    def noted(self: Sessions, session: str, task: str) -> None:
        stop(self, session, task)
        stopped.append(task)

    monkeypatch.setattr(Sessions, "cancel", noted)
    list(studio.run(wanted(sound)))
    backend.gate.clear()
    seen: list[Event] = []
    ended = threading.Event()

    def run() -> None:
        try:
            seen.extend(studio.run(wanted(sound, steps=100), token))
        except Cancelled:
            ended.set()

    jobs = len(backend.jobs)
    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: len(backend.jobs) > jobs)
    token.cancel()
    wait_until(lambda: bool(stopped))
    backend.gate.set()
    thread.join(PATIENCE_S)
    assert ended.is_set() and backend.steps_done < 100
    assert isinstance(list(studio.run(wanted(sound)))[-1], Result)


def test_a_strip_that_is_cancelled_brings_what_is_done(
    studio: RemoteStudio, backend: FakeBackend, write_sound: WriteSound
) -> None:
    token = CancelToken()
    request = VolumeSweepRequest(sound=str(write_sound()), gains_db=tuple(range(-16, 0)), steps=20)
    events = []
    for event in studio.run(request, token):
        events.append(event)
        if isinstance(event, FramesDone) and not token.cancelled:
            backend.gate.clear()
            token.cancel()
            threading.Timer(0.5, backend.gate.set).start()
    result = result_of(events)
    if result.stopped:
        assert 1 <= len(result.images) < 16
    else:
        assert len(result.images) == 16, "it was done before the word came"


def test_refusals_and_failures_are_the_same_sentences(
    studio: RemoteStudio, backend: FakeBackend, write_sound: WriteSound, tmp_path: Path
) -> None:
    sound = write_sound()
    with pytest.raises(BadInput, match="earlier start") as caught:
        list(studio.run(wanted(sound, start_s=50)))
    assert caught.value.field == "start_s"
    text = tmp_path / "letter.wav"
    text.write_text("Dear sound, ...")
    with pytest.raises(BadInput, match=r"letter\.wav"):
        list(studio.run(wanted(text)))
    with pytest.raises(BadInput, match="no longer there"):
        list(studio.run(wanted(tmp_path / "gone.wav")))
    backend.failure = Failure("This computer ran out of memory.")
    with pytest.raises(Failure, match="out of memory"):
        list(studio.run(wanted(sound)))
    backend.failure = ZeroDivisionError("secret")
    with pytest.raises(Failure, match="its log has the details") as failed:
        list(studio.run(wanted(sound)))
    assert "secret" not in str(failed.value)
    backend.failure = None
    assert isinstance(list(studio.run(wanted(sound)))[-1], Result)


def test_files_of_the_other_machine_are_out_of_reach(studio: RemoteStudio, address: str) -> None:
    from gradio_client import Client

    client = Client(address, verbose=False, analytics_enabled=False, httpx_kwargs={"timeout": 60})
    asked = {
        "ask": "run",
        "run": "1",
        "files": [],
        "request": '{"verb": "sound_to_image", "sound": "/etc/passwd"}',
    }
    assert "no sound yet" in client.submit(asked, [], api_name="/engine").result(60)["problem"]["words"]
    named = {**asked, "files": ["prompt"]}
    assert "not understood" in client.submit(named, [], api_name="/engine").result(60)["problem"]["words"]
    for question in ({}, [], None, {"ask": "hear"}, {"ask": "run", "request": "[" * 9000}):
        assert client.submit(question, [], api_name="/engine").result(60)["problem"]["kind"] == "input"
    sent = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    said = raw_call(address, [{**asked, "files": ["sound"]}, [sent]])
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
    with pytest.raises(BadInput, match=r"protocol 1\), this is .* \(protocol 99\).*same version"):
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
    with lent(FakeBackend(), tmp_path / "none", auth=("ann", "secret")) as address:
        with pytest.raises(BadInput, match="asks for a name and password: set SONIC_UI_LOGIN"):
            list(RemoteStudio(Address(address)).run(wanted(sound)))
        with pytest.raises(BadInput, match="did not accept the name and password"):
            list(RemoteStudio(Address(address, login=("ann", "wrong"))).run(wanted(sound)))
        let_in = RemoteStudio(Address(address, login=("ann", "secret")))
        assert isinstance(list(let_in.run(wanted(sound)))[-1], Result)


def test_a_full_queue_is_told_and_the_next_request_works(tmp_path: Path, write_sound: WriteSound) -> None:
    backend, sound = FakeBackend(), write_sound()
    with lent(backend, tmp_path / "none", queue=1) as address:
        guest = RemoteStudio(Address(address))
        list(guest.run(wanted(sound)))
        backend.gate.clear()
        problems: list[str] = []

        def run() -> None:
            try:
                list(guest.run(wanted(sound)))
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
        assert isinstance(list(guest.run(wanted(sound)))[-1], Result)


SERVE = """
import sys
from pathlib import Path
from sonic_ui.studio import Studio
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
    guest, sound = RemoteStudio(Address(f"http://127.0.0.1:{port}")), write_sound()
    with hanging(port, tmp_path / "log.txt") as app, pytest.raises(Failure, match="is lost"):
        for event in guest.run(wanted(sound)):
            if isinstance(event, Progress) and event.message == "Listening to the sound":
                app.kill()
    with pytest.raises((BadInput, Failure), match="is lost or was never there"):
        list(guest.run(wanted(sound)))
    with lent(FakeBackend(), tmp_path / "none", server_port=port):
        events = list(guest.run(wanted(sound)))
    assert isinstance(events[-1], Result) and any(isinstance(event, Preview) for event in events)


def test_real_networks_paint_the_same_there(tmp_path: Path, write_sound: WriteSound) -> None:
    from sonic_ui.backends.local import LocalBackend
    from sonic_ui.pipelines.debug import debug_bundle

    engine = LocalBackend(str(debug_bundle(tmp_path / "bundle")))
    request = wanted(write_sound(), steps=4)
    mine = result_of(list(Studio(engine).run(request)))
    with lent(engine, tmp_path / "none") as address:
        events = list(RemoteStudio(Address(address)).run(request))
    assert np.array_equal(np.asarray(result_of(events).images[0]), np.asarray(mine.images[0]))
    assert result_of(events).settings == mine.settings
    assert any(isinstance(event, Preview) for event in events)


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
