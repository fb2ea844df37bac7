"""An engine of a cluster without the cluster: its answers, what stops it, what it counts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sonic_ui.engine.events import CancelToken, Failure, Result
from sonic_ui.engine.serialization import decode
from sonic_ui.requests import EditImageRequest
from sonic_ui.serve import replicas
from sonic_ui.serve.replicas import Engine, EngineBackend
from sonic_ui.serve.uploads import Incoming, Upload
from tests.conftest import WriteSound
from tests.fakes import FakeBackend
from tests.serve.loops import run
from tests.ui.serving import wait_until, wanted


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def engine(backend: FakeBackend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engine:
    """An engine whose files are read where they lie."""
    monkeypatch.setattr(replicas, "EngineBackend", lambda *_: backend)
    engine = Engine("fake")
    monkeypatch.setattr(engine, "_incoming", SimpleNamespace(path_of=lambda upload: upload))
    return engine


def question(request: Any, run: str = "1", page: str = "page") -> dict[str, Any]:
    files = {name: getattr(request, name) for name in (*request.SOUNDS, *request.PICTURES)}
    files = {name: str(path) for name, path in files.items() if path is not None}
    return {
        "ask": "run",
        "run": run,
        "page": page,
        "session": "ann",
        "request": request.to_json(),
        "files": [*files],
        "uploads": [*files.values()],
    }


def answers_of(engine: Engine, asked: dict[str, Any]) -> list[dict[str, Any]]:
    async def read() -> list[dict[str, Any]]:
        return [answer async for answer in engine.answer(asked)]

    return run(read())


def test_a_run_is_answered_and_counted(engine: Engine, write_sound: WriteSound) -> None:
    answers = answers_of(engine, question(wanted(write_sound())))
    assert answers[0] == {"begun": True} and "kept" in answers[-1]
    assert isinstance(decode(answers[-2]["event"]), Result)
    pictures = answers[-2]["event"]["images"]["items"]
    assert all(isinstance(picture["data"], bytes) for picture in pictures), "no text where bytes will do"
    report = engine.report()
    assert report["verbs"]["sound_to_image"]["done"] == 1 and report["running"] == []
    assert report["verbs"]["sound_to_image"]["seconds"] > 0 and report["engine"] == "Fake"


def test_a_picture_that_is_edited_again_is_a_hit(
    engine: Engine, write_sound: WriteSound, tmp_path: Path
) -> None:
    picture = tmp_path / "picture.png"
    Image.effect_noise((40, 30), 90).convert("RGB").save(picture)
    asked = question(EditImageRequest(picture=str(picture), sound=str(write_sound())))
    for _ in range(3):
        answers_of(engine, asked)
    assert (engine.measures.studied, engine.measures.reused) == (1, 2)
    engine._obey({"forget": "page/ann"})
    answers_of(engine, asked)
    assert (engine.measures.studied, engine.measures.reused) == (2, 2)


def test_what_goes_wrong_is_an_answer_and_the_next_request_works(
    engine: Engine, backend: FakeBackend, write_sound: WriteSound
) -> None:
    sound = write_sound()
    refused = answers_of(engine, question(wanted(sound, start_s=50)))
    assert refused[-1]["problem"]["kind"] == "input"
    backend.failure = Failure("This computer ran out of memory.")
    assert "memory" in answers_of(engine, question(wanted(sound)))[-1]["problem"]["words"]
    engine.check_health()
    backend.failure = RuntimeError("CUDA error: device-side assert triggered")
    assert answers_of(engine, question(wanted(sound)))[-1]["problem"]["kind"] == "failure"
    with pytest.raises(RuntimeError, match="CUDA"):
        engine.check_health()
    backend.failure = None
    assert "kept" in answers_of(engine, question(wanted(sound)))[-1]
    counts = engine.report()["verbs"]["sound_to_image"]
    assert (counts["done"], counts["refused"], counts["failed"]) == (1, 1, 2)


@pytest.mark.parametrize("message", [{"cancel": "1"}, {"gone": "page"}])
def test_a_message_stops_a_run_within_a_step(
    engine: Engine, backend: FakeBackend, write_sound: WriteSound, message: dict[str, str]
) -> None:
    backend.gate.clear()
    read: list[dict[str, Any]] = []
    asked = question(wanted(write_sound(), steps=100))
    thread = threading.Thread(target=lambda: read.extend(answers_of(engine, asked)))
    thread.start()
    wait_until(lambda: bool(backend.jobs))
    engine._obey({"cancel": "another"})
    assert not any(token.cancelled for _, token in engine._tokens.values())
    engine._obey(message)
    backend.gate.set()
    thread.join(30)
    assert read[-1]["problem"]["kind"] == "cancelled" and backend.steps_done < 100
    assert engine.report()["verbs"]["sound_to_image"]["stopped"] == 1


def test_whoever_stops_reading_stops_the_work(
    engine: Engine, backend: FakeBackend, write_sound: WriteSound
) -> None:
    backend.gate.clear()

    async def leave() -> None:
        answers = engine.answer(question(wanted(write_sound(), steps=100)))
        async for _ in answers:
            if backend.jobs:
                break
        threading.Timer(0.2, backend.gate.set).start()
        await answers.aclose()  # type: ignore[attr-defined]

    run(leave())
    assert backend.steps_done < 100 and engine._tokens == {}, "it ends when the work has ended"


class Handle:
    """A handle of Ray Serve whose method answers, or fails."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self.calls = 0

    @property
    def embed(self) -> Handle:
        return self

    def remote(self, digest: str, samples: np.ndarray) -> Handle:
        assert len(digest) == 64 and samples.dtype == np.float32
        self.calls += 1
        return self

    def result(self, timeout_s: float) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def test_sounds_are_embedded_by_the_process_for_all_or_else_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas.LocalBackend, "embed_audio", lambda self, samples: "here")
    samples = np.zeros(480, np.float32)
    there = Handle("there")
    assert EngineBackend("fake", there).embed_audio(samples) == "there" and there.calls == 1
    assert EngineBackend("fake", Handle(TimeoutError())).embed_audio(samples) == "here"
    assert EngineBackend("fake").embed_audio(samples) == "here"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Ray's object store as a list of what was put and fetched: references are numbers."""
    put: list[bytes] = []
    fake = SimpleNamespace(
        put=lambda data: put.append(data) or len(put) - 1, get=lambda reference: put[reference]
    )
    monkeypatch.setitem(__import__("sys").modules, "ray", fake)
    yield put


def test_files_go_by_their_content_once(store: list[bytes], write_sound: WriteSound, tmp_path: Path) -> None:
    from sonic_ui.serve.uploads import Outgoing

    sound = write_sound("my rain.wav")
    twin = tmp_path / "other name.wav"
    twin.write_bytes(sound.read_bytes())
    outgoing, incoming = Outgoing(), Incoming(tmp_path / "there")
    first, second = outgoing.send(str(sound)), outgoing.send(str(twin))
    assert first.digest == second.digest and len(store) == 1
    paths = [Path(incoming.path_of(upload)) for upload in (first, second, first)]
    assert [path.name for path in paths] == ["my rain.wav", "other name.wav", "my rain.wav"]
    assert all(path.read_bytes() == sound.read_bytes() for path in paths)
    outgoing.forget([first.digest])
    outgoing.send(str(sound))
    assert len(store) == 2, "what was lost is put anew"
    outside = incoming.path_of(Upload(first.digest, "../../etc/passwd", 0))
    assert Path(outside).is_relative_to(tmp_path / "there")
    small = Outgoing(max_bytes=10)
    small.send(str(sound))
    small.send(str(write_sound("b.wav", hz=900)))
    small.send(str(sound))
    assert len(store) == 5, "the oldest gave way"


def test_tokens_are_plain(engine: Engine) -> None:
    token = CancelToken()
    engine._tokens["1"] = ("page", token)
    engine.stop()
    assert not token.cancelled, "nothing named, nothing stopped"
    engine.stop(run="1")
    assert token.cancelled and time.monotonic() > 0
