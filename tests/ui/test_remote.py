"""One app on the engine of another, on loopback: the same events, results, sentences and cancelling."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sonic_ui.engine.events import (
    Cancelled,
    CancelToken,
    Event,
    Failure,
    FramesDone,
    Notice,
    Preview,
    Result,
    SoundResult,
)
from sonic_ui.engine.remote import Connection, RemoteEngine, RemoteStudio, _checked
from sonic_ui.engine.remote_address import Address
from sonic_ui.engine.serialization import PROTOCOL, encode
from sonic_ui.engine.studio import Studio
from sonic_ui.requests import (
    BadInput,
    EditImageRequest,
    ImageToSoundRequest,
    InterpolateRequest,
    VolumeSweepRequest,
)
from sonic_ui.ui.session.context import Tasks
from tests.conftest import WriteSound
from tests.fakes import FakeBackend
from tests.ui.serving import PATIENCE_S, serving, wait_until, wanted


@pytest.fixture(scope="module")
def client(address: str) -> RemoteStudio:
    return RemoteStudio(Address(address))


@pytest.fixture(autouse=True)
def as_it_was(backend: FakeBackend) -> Iterator[None]:
    yield
    backend.gate.set()
    backend.problem, backend.notice, backend.failure = "", "", None


def result_of(events: list[Event]) -> Result:
    assert isinstance(events[-1], Result)
    return events[-1]


def test_the_same_events_come_back(
    client: RemoteStudio, backend: FakeBackend, write_sound: WriteSound
) -> None:
    backend.notice = "Left out: “boat”."
    sound = write_sound("my rain.wav")
    request = wanted(sound, count=2, prompt="ink", start_s=0.25, strength=[1, 0.5])
    there = list(client.run(request))
    here = list(Studio(FakeBackend(notice=backend.notice)).run(request))
    after = [type(event) for event in there[[type(e) for e in there].index(Notice) :]]
    assert after == [type(event) for event in here[[type(e) for e in here].index(Notice) :]]
    mine, theirs = result_of(here), result_of(there)
    assert theirs.request == mine.request and theirs.settings == mine.settings
    assert theirs.labels == mine.labels and theirs.notices == mine.notices
    for one, other in zip(theirs.images, mine.images, strict=True):
        assert np.array_equal(np.asarray(one), np.asarray(other))
    assert client.status.state == "ready" and client.status.location.endswith(", nowhere")
    assert (client.info.title, client.info.defaults.steps) == ("Fake", 3)


def test_every_verb_runs_there(
    client: RemoteStudio, backend: FakeBackend, write_sound: WriteSound, tmp_path: Path
) -> None:
    a, b = write_sound("a.wav"), write_sound("b.wav", hz=900)
    picture = tmp_path / "picture.png"
    Image.effect_noise((40, 30), 90).convert("RGB").save(picture)
    glide = list(client.run(InterpolateRequest(sound_a=str(a), sound_b=str(b), frames=3)))
    assert sum(isinstance(event, FramesDone) for event in glide) == 3
    assert [info.position for info in result_of(glide).frames] == [0.0, 0.5, 1.0]
    sweep = result_of(list(client.run(VolumeSweepRequest(sound=str(a), gains_db=(-6, 0)))))
    assert [info.level for info in sweep.frames] == [0.75, 0.75]
    edit = EditImageRequest(picture=str(picture), sound=str(a))
    assert result_of(list(client.run(edit, session="ann"))).images[0].size == (40, 30)
    assert client.cache_usage("ann").count == client.cache_usage("ann", str(picture)).count == 1
    assert client.cache_usage("bob").count == 0
    assert not backend.edits[-1].source.inversion
    list(client.run(edit, session="ann"))
    assert backend.edits[-1].source.inversion, "the second edit starts from what is kept"
    list(client.run(edit, session="bob"))
    assert not backend.edits[-1].source.inversion, "what is kept for one is not another's"
    client.release("ann")
    assert client.cache_usage("ann").count == 0
    sounded = list(client.run(ImageToSoundRequest(picture=str(picture), curve=(0.0, 1.0, 0.0))))[-1]
    assert isinstance(sounded, SoundResult) and sounded.takes[0].samples.dtype == np.float32
    built = list(client.run(ImageToSoundRequest(picture=str(picture), source="recordings", takes=2)))[-1]
    assert isinstance(built, SoundResult) and len(built.takes) == 2
    assert built.takes[1].picks[0].excerpt.path == Path("rain.wav"), "its name, and no folder of there"
    with pytest.raises(BadInput, match="stays on this computer"):
        list(client.run(ImageToSoundRequest(picture=str(picture), source="recordings", library="mine")))


def test_sounds_and_pictures_are_named_there(
    client: RemoteStudio, backend: FakeBackend, write_sound: WriteSound, tmp_path: Path
) -> None:
    sound = client.load_sound(str(write_sound("quiet.wav", gain=0.07)))
    assert client.embed_audio(sound).labels[0].name == "rain"
    assert np.array_equal(backend.heard[-1], sound.clip.samples), "it is heard to the last bit"
    picture = tmp_path / "picture.png"
    Image.effect_noise((40, 30), 90).convert("RGB").save(picture)
    here = Studio(FakeBackend()).analyze_image(str(picture))
    there = client.analyze_image(str(picture))
    assert there.labels == here.labels and there.duration_s == here.duration_s
    assert client.supports("image_to_sound") == FakeBackend().supports("image_to_sound")


def test_cancelling_stops_the_work_there(
    client: RemoteStudio, backend: FakeBackend, write_sound: WriteSound, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, sound = CancelToken(), write_sound()
    stopped: list[str] = []
    stop = Tasks.cancel

    def noted(self: Tasks, session: str, task: str) -> None:
        stop(self, session, task)
        stopped.append(task)

    monkeypatch.setattr(Tasks, "cancel", noted)
    list(client.run(wanted(sound)))
    backend.gate.clear()
    seen: list[Event] = []
    ended = threading.Event()

    def run() -> None:
        try:
            seen.extend(client.run(wanted(sound, steps=100), token))
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
    assert isinstance(list(client.run(wanted(sound)))[-1], Result)


def test_a_strip_that_is_cancelled_brings_what_is_done(
    client: RemoteStudio, backend: FakeBackend, write_sound: WriteSound
) -> None:
    token = CancelToken()
    request = VolumeSweepRequest(sound=str(write_sound()), gains_db=tuple(range(-16, 0)), steps=20)
    events = []
    for event in client.run(request, token):
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
    client: RemoteStudio, backend: FakeBackend, write_sound: WriteSound, tmp_path: Path
) -> None:
    sound = write_sound()
    with pytest.raises(BadInput, match="earlier start") as caught:
        list(client.run(wanted(sound, start_s=50)))
    assert caught.value.field == "start_s"
    text = tmp_path / "letter.wav"
    text.write_text("Dear sound, ...")
    with pytest.raises(BadInput, match=r"letter\.wav"):
        list(client.run(wanted(text)))
    with pytest.raises(BadInput, match="no longer there"):
        list(client.run(wanted(tmp_path / "gone.wav")))
    backend.failure = Failure("This computer ran out of memory.")
    with pytest.raises(Failure, match="out of memory"):
        list(client.run(wanted(sound)))
    backend.failure = ZeroDivisionError("secret")
    with pytest.raises(Failure, match="its log has the details") as failed:
        list(client.run(wanted(sound)))
    assert "secret" not in str(failed.value)
    backend.failure = None
    assert isinstance(list(client.run(wanted(sound)))[-1], Result)


def test_real_networks_paint_the_same_there(tmp_path: Path, write_sound: WriteSound) -> None:
    from sonic_ui.engine.local import LocalBackend
    from sonic_ui.testing.tiny_bundle import debug_bundle

    engine = LocalBackend(str(debug_bundle(tmp_path / "bundle")))
    request = wanted(write_sound(), steps=4)
    mine = result_of(list(Studio(engine).run(request)))
    with serving(Studio(engine), tmp_path / "none") as address:
        events = list(RemoteStudio(Address(address)).run(request))
    assert np.array_equal(np.asarray(result_of(events).images[0]), np.asarray(mine.images[0]))
    assert result_of(events).settings == mine.settings
    assert any(isinstance(event, Preview) for event in events)


PROGRESS = {"_": "Progress", "step": 1, "total": 2, "message": "Painting"}


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [{}],
        ["text"],
        [None],
        [{"event": PROGRESS}],
        [{"event": None}],
        [{"event": "text"}],
        [{"event": {**PROGRESS, "step": "many"}}],
        [{"event": {"_": "Label", "name": "rain", "probability": 1.0}}],
        [{"event": {"_": "CacheUsage", "count": 1, "nbytes": 1}}],
        [{"event": {"_": "InversionDone", "inversion": 1, "nbytes": 1}}],
        [{"event": {"_": []}}],
        [{"event": [[[[]]]]}],
        [{"kept": None}],
        [{"kept": PROGRESS}],
        [{"kept": {"_": "CacheUsage", "count": "many", "nbytes": 0}}],
        [{"problem": "text"}],
        [{"problem": []}],
        [{"problem": {}}],
        [{"problem": {"kind": "input", "words": ["a"] * 10_000, "field": {}}}],
        [{"problem": {"kind": [], "words": None}}],
    ],
)
def test_hostile_answers_are_sentences(
    client: RemoteStudio, write_sound: WriteSound, monkeypatch: pytest.MonkeyPatch, answers: list[Any]
) -> None:
    request = wanted(write_sound())
    list(client.run(request))  # it is connected
    monkeypatch.setattr(Connection, "ask", lambda *_: map(_checked, answers))
    with pytest.raises((BadInput, Failure)) as problem:
        list(client.run(request))
    assert 0 < len(str(problem.value)) <= 1000


def test_the_result_of_another_request_is_refused(
    client: RemoteStudio, write_sound: WriteSound, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = write_sound()
    sweep = result_of(list(client.run(VolumeSweepRequest(sound=str(sound), gains_db=(-6, 0)))))
    monkeypatch.setattr(Connection, "ask", lambda *_: iter([{"event": encode(sweep)}]))
    with pytest.raises(Failure, match="does not understand"):
        list(client.run(wanted(sound)))


@pytest.mark.parametrize(
    "change",
    [
        {"info": None},
        {"info": {"name": 3}},
        {"sources": "rain"},
        {"sources": [{"id": "x" * 300_000, "label": "rain"}]},
        {"serves": 3},
        {"place": ["here"]},
        {"protocol": "x" * 10_000},
    ],
)
def test_hostile_greetings_are_sentences(change: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    hello = {"protocol": PROTOCOL, "version": "1", "sources": [], "serves": ["edit_image"], "place": "there"}
    hello["info"] = {"name": "fake", "title": "Fake"}
    engine = RemoteEngine(Connection(Address("http://127.0.0.1:9")))
    monkeypatch.setattr(Connection, "ask", lambda *_: iter([hello]))
    engine.load()
    assert engine.supports("edit_image") and engine.bundle.info.title == "Fake"
    monkeypatch.setattr(Connection, "ask", lambda *_: iter([{**hello, **change}]))
    with pytest.raises(BadInput) as problem:
        engine.load()
    assert len(problem.value.message) < 500


def test_hostile_analyses_are_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = RemoteEngine(Connection(Address("http://127.0.0.1:9")))
    for value in (None, "text", PROGRESS, {"_": "AudioAnalysis", "embedding": 3, "labels": []}):
        monkeypatch.setattr(Connection, "ask", lambda *_, value=value: iter([{"value": value}]))
        with pytest.raises(Failure, match="does not understand"):
            engine.embed_audio(np.zeros(4800, np.float32))
