"""ZeroGPU as a backend. Off a Space its decorator returns the function itself; values are pickled."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sonic_ui.engine import zero_gpu as zero
from sonic_ui.engine.events import Cancelled, CancelToken, Failure, FramesAdded, FramesDone, Preview
from sonic_ui.engine.jobs.edit_image import EditJob
from sonic_ui.engine.jobs.editing import EditSource
from sonic_ui.engine.jobs.interpolate import InterpolateJob
from sonic_ui.engine.jobs.sound_to_image import PaintJob
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.zero_gpu import FileCancelToken, ZeroBackend
from sonic_ui.pipelines.embedding_path import AudioMix, EmbeddingPath
from sonic_ui.requests import BadInput, EditImageRequest, InterpolateRequest, SoundToImageRequest

TONE = (0.3 * np.sin(2 * np.pi * 300 * np.arange(48_000) / 48_000)).astype(np.float32)


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> ZeroBackend:
    from sonic_ui.testing.tiny_bundle import debug_bundle

    made = ZeroBackend(str(debug_bundle(tmp_path_factory.mktemp("bundle"))))
    made.load()
    return made


@pytest.fixture(autouse=True)
def by_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes to a worker or comes back is pickled, as on a Space."""

    def mailed(task: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            return task(*pickle.loads(pickle.dumps(given)))

        return call

    events, answer = zero._events, zero._answer

    def streamed(*given: Any) -> Iterator[Any]:
        for event in mailed(events)(*given):
            yield pickle.loads(pickle.dumps(event))

    monkeypatch.setattr(zero, "_events", streamed)
    monkeypatch.setattr(zero, "_answer", lambda *given: pickle.loads(pickle.dumps(mailed(answer)(*given))))


def job(backend: LocalBackend, **values: Any) -> PaintJob:
    request = SoundToImageRequest.from_values({"sound": "a.wav", "steps": 3, "guidance_scale": 3.0, **values})
    embedding = np.repeat(backend.embed_audio(TONE).embedding[None], request.count, 0)
    seeds = tuple(range(request.count))
    return PaintJob(request, embedding, seeds, (1.0,) * request.count, (seeds,))


def test_it_paints_and_hears_what_this_computer_would(backend: ZeroBackend) -> None:
    wanted = job(backend, count=2)
    here = list(LocalBackend.run(backend, wanted, CancelToken()))
    there = list(backend.run(wanted, CancelToken()))
    assert any(isinstance(event, Preview) for event in there)
    assert isinstance(here[-1], FramesDone) and isinstance(there[-1], FramesDone)
    for one, other in zip(here[-1].images, there[-1].images, strict=True):
        assert np.array_equal(np.asarray(one), np.asarray(other))
    heard = LocalBackend.embed_audio(backend, TONE)
    assert np.array_equal(backend.embed_audio(TONE).embedding, heard.embedding)
    assert backend.embed_audio(TONE).labels == heard.labels
    assert backend.predict_intensities([Image.new("RGB", (64, 64))]) is None
    assert backend.location == "ZeroGPU"


def test_a_glide_is_one_call_and_finds_its_places_there(backend: ZeroBackend) -> None:
    request = InterpolateRequest(
        sound_a="a.wav", sound_b="b.wav", steps=3, guidance_scale=3.0, frames=5, method="mix"
    )
    noise = (0.1 * np.random.default_rng(0).standard_normal(48_000)).astype(np.float32)
    ends = [LocalBackend.embed_audio(backend, sound).embedding for sound in (TONE, noise)]
    wanted = InterpolateJob(request, EmbeddingPath(*ends, "mix", AudioMix(TONE, noise, -20.0, None)))
    here = list(LocalBackend.run(backend, wanted, CancelToken()))
    there = list(backend.run(wanted, CancelToken()))
    assert [one for one in there if isinstance(one, FramesAdded)] == [
        one for one in here if isinstance(one, FramesAdded)
    ]
    ours, theirs = ([one for one in events if isinstance(one, FramesDone)] for events in (here, there))
    assert [one.indices for one in ours] == [one.indices for one in theirs] and len(ours) == 5
    for one, other in zip(ours, theirs, strict=True):
        assert np.array_equal(np.asarray(one.images[0]), np.asarray(other.images[0]))


def test_an_edit_brings_its_inversion_back_and_takes_it_again(backend: ZeroBackend) -> None:
    request = EditImageRequest(picture="p.png", sound="a.wav", steps=3, guidance_scale=3.0)
    picture = Image.effect_noise((64, 64), 90).convert("RGB")
    source = EditSource(picture, None, "", 3)
    edit = EditJob(request, source, backend.embed_audio(TONE).embedding[None], (1.0,), ((0,),))
    first = list(backend.run(edit, CancelToken()))
    (cache_usage,) = [event.inversion for event in first if type(event).__name__ == "InversionDone"]
    again = replace(edit, source=replace(source, inversion=cache_usage))
    second = list(backend.run(again, CancelToken()))
    assert not any(type(event).__name__ == "InversionDone" for event in second)
    assert np.array_equal(np.asarray(first[-1].images[0]), np.asarray(second[-1].images[0]))  # type: ignore[union-attr]


def test_cancelling_and_leaving_stop_the_work(backend: ZeroBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    token, passes = CancelToken(), []
    unet = type(backend.components.pipeline.unet)
    forward = unet.forward

    def counted(self: Any, *given: Any, **named: Any) -> Any:
        passes.append(1)
        return forward(self, *given, **named)

    monkeypatch.setattr(unet, "forward", counted)
    wanted = job(backend, steps=100)
    with pytest.raises(Cancelled):
        for _ in backend.run(wanted, token):
            token.cancel()
    assert len(passes) < 100
    events = backend.run(wanted, CancelToken())
    next(events)
    events.close()  # type: ignore[attr-defined]
    assert isinstance(list(backend.run(job(backend), CancelToken()))[-1], FramesDone)


def test_errors_of_a_worker_keep_their_sentences(
    backend: ZeroBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="4 numbers") as caught:
        list(backend.run(job(backend, strength=[1, 1, 1, 1]), CancelToken()))
    assert caught.value.field == "strength"

    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(type(backend.components.pipeline), "__call__", crash)
    with pytest.raises(Failure, match="out of memory"):
        list(backend.run(job(backend), CancelToken()))


def test_a_cancel_token_is_seen_by_other_processes(tmp_path: Path) -> None:
    token = FileCancelToken(str(tmp_path / "stop"))
    token.check()
    other = multiprocessing.get_context("fork").Process(target=FileCancelToken(str(tmp_path / "stop")).cancel)
    other.start()
    other.join(30)
    with pytest.raises(Cancelled):
        token.check()


def test_seconds_are_asked_for_from_the_request(backend: ZeroBackend) -> None:
    from sonic_ui.engine.cost import gpu_seconds

    wanted = job(backend, steps=100, count=4)
    assert zero._job_seconds(str(id(backend)), wanted, "", {}) == gpu_seconds(wanted.request, 64)
