"""The studio: events in order, caches, cancelling, and what happens when things go wrong."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from sonic_ui.engine.events import Cancelled, CancelToken, Event, Failure, Notice, Preview, Progress, Result
from sonic_ui.engine.studio import Studio
from sonic_ui.requests import BadInput, SoundToImageRequest
from tests.conftest import WriteSound
from tests.fakes import FakeBackend


def wanted(sound: Path, **values: object) -> SoundToImageRequest:
    return SoundToImageRequest.from_values({"sound": str(sound), "seed": 5, **values})


def result_of(events: list[Event]) -> Result:
    assert isinstance(events[-1], Result)
    return events[-1]


def test_events_come_in_order_and_end_with_the_result(write_sound: WriteSound) -> None:
    events = list(Studio(FakeBackend()).run(wanted(write_sound(), count=2)))
    kinds = [type(event) for event in events]
    assert kinds[0] is Progress
    assert kinds[-7:] == [Progress, Preview, Progress, Preview, Progress, Preview, Result]
    steps = [event.step for event in events if isinstance(event, Progress) and event.total]
    assert steps == [1, 2, 3]
    assert all(len(event.images) == 2 for event in events if isinstance(event, Preview))
    assert len(result_of(events).images) == 2


def test_the_result_tells_everything_but_the_path(write_sound: WriteSound) -> None:
    sound = write_sound("my rain.wav")
    result = result_of(list(Studio(FakeBackend()).run(wanted(sound))))
    assert (result.request.steps, result.request.guidance_scale) == (3, 2.5)
    assert result.request.sound == str(sound)
    assert result.settings["request"]["sound"] == "my rain.wav"
    assert str(sound.parent) not in str(result.settings)
    assert result.settings["sound_heard"][0] == ["rain", 0.9]
    assert result.settings["sound_listened_s"] == [0.0, 1.0]
    assert len(result.settings["sound_sha256"]) == 64 and "sound_known" not in result.settings
    assert result.labels[0].name == "rain"
    assert result.settings["pictures"] == [{"seed": 5, "batch": [0]}]
    several = result_of(list(Studio(FakeBackend()).run(wanted(sound, seed=2**32 - 2, count=3))))
    assert [one["seed"] for one in several.settings["pictures"]] == [2**32 - 2, 2**32 - 1, 0]
    assert all(one["batch"] == [0, 1, 2] for one in several.settings["pictures"])


def test_a_sound_is_embedded_once(write_sound: WriteSound, tmp_path: Path) -> None:
    backend = FakeBackend()
    studio = Studio(backend)
    sound = write_sound()
    copy = tmp_path / "copy.wav"
    copy.write_bytes(sound.read_bytes())
    for path in (sound, sound, copy):
        list(studio.run(wanted(path)))
    assert len(backend.heard) == 1
    list(studio.run(wanted(sound, end_s=0.5)))
    list(studio.run(wanted(sound, gain_db=-12)))
    assert len(backend.heard) == 3
    assert np.abs(backend.heard[2]).max() < 0.3 * np.abs(backend.heard[0]).max()


def test_cancelling_stops_the_work_at_its_next_step(write_sound: WriteSound) -> None:
    backend = FakeBackend()
    token = CancelToken()
    seen = []
    with pytest.raises(Cancelled):
        for event in Studio(backend).run(wanted(write_sound(), steps=50), token):
            seen.append(event)
            if isinstance(event, Progress) and event.step == 4:
                token.cancel()
    assert backend.steps_done == 4
    assert not any(isinstance(event, Result) for event in seen)


def test_the_page_may_ask_before_the_models_are_there(write_sound: WriteSound) -> None:
    backend = FakeBackend()
    studio = Studio(backend)
    assert (studio.status.state, studio.status.title, studio.status.location) == (
        "waiting",
        "Fake",
        "nowhere",
    )
    events = list(studio.run(wanted(write_sound())))
    assert studio.status.state == "ready"
    assert isinstance(events[-1], Result)
    assert studio.start() is None
    assert backend.loads == 1


def test_a_request_waits_for_loading_and_can_be_cancelled_there(write_sound: WriteSound) -> None:
    backend = FakeBackend()
    release = threading.Event()
    backend.load = lambda: release.wait(20)  # type: ignore[method-assign, assignment, return-value]
    token = CancelToken()
    studio = Studio(backend)
    with pytest.raises(Cancelled):
        for event in studio.run(wanted(write_sound()), token):
            if isinstance(event, Progress) and "Waking" in event.message:
                token.cancel()
    assert studio.status.state == "loading"
    release.set()


def test_missing_weights_are_told_and_tried_again(write_sound: WriteSound) -> None:
    backend = FakeBackend(problem="The weights are not complete: unet/config.json is missing.")
    studio = Studio(backend)
    thread = studio.start()
    assert thread is not None
    thread.join()
    assert studio.status.state == "failed"
    assert "unet/config.json" in studio.status.problem
    sound = write_sound()
    with pytest.raises(BadInput, match=r"unet/config\.json"):
        list(studio.run(wanted(sound)))
    assert studio.load_sound(str(sound)).clip.duration_s == pytest.approx(1.0)
    backend.problem = ""
    assert isinstance(list(studio.run(wanted(sound)))[-1], Result)


def test_a_crash_while_loading_is_a_sentence(write_sound: WriteSound) -> None:
    backend = FakeBackend()

    def crash() -> None:
        raise ZeroDivisionError

    backend.load = crash  # type: ignore[method-assign]
    with pytest.raises(BadInput, match=r"did not start \(ZeroDivisionError\)"):
        list(Studio(backend).run(wanted(write_sound())))


def test_notices_are_passed_on_and_kept(write_sound: WriteSound) -> None:
    events = list(Studio(FakeBackend(notice="Left out: the end.")).run(wanted(write_sound())))
    assert Notice("Left out: the end.") in events
    assert result_of(events).notices == ("Left out: the end.",)


def test_bad_sounds_are_refused_and_the_next_request_works(write_sound: WriteSound, tmp_path: Path) -> None:
    studio = Studio(FakeBackend())
    text = tmp_path / "letter.wav"
    text.write_text("Dear sound, ...")
    empty = tmp_path / "empty.wav"
    empty.write_bytes(b"")
    silent = write_sound("silent.wav", gain=0.0)
    for path, field in (
        (text, "sound"),
        (empty, "sound"),
        (silent, "sound"),
        (tmp_path / "gone.wav", "sound"),
    ):
        with pytest.raises(BadInput) as caught:
            list(studio.run(wanted(path)))
        assert caught.value.field == field
        assert path.name in str(caught.value)
        assert str(path.parent) not in str(caught.value)
    with pytest.raises(BadInput) as caught:
        list(studio.run(wanted(write_sound(), start_s=30)))
    assert caught.value.field == "start_s"
    assert isinstance(list(studio.run(wanted(write_sound())))[-1], Result)


def test_a_failure_passes_and_the_next_request_works(write_sound: WriteSound) -> None:
    backend = FakeBackend(failure=Failure("This computer ran out of memory."))
    studio = Studio(backend)
    sound = write_sound()
    with pytest.raises(Failure, match="out of memory"):
        list(studio.run(wanted(sound)))
    backend.failure = None
    assert isinstance(list(studio.run(wanted(sound)))[-1], Result)


def test_studio_is_shared_between_threads(write_sound: WriteSound) -> None:
    studio = Studio(FakeBackend())
    sound = write_sound()
    results: list[Result] = []
    threads = [
        threading.Thread(
            target=lambda seed=seed: results.append(result_of(list(studio.run(wanted(sound, seed=seed)))))
        )
        for seed in range(6)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 20
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    assert sorted(result.request.seed for result in results) == list(range(6))
