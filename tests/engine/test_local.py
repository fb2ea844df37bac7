"""This machine as a backend, on the debug bundle."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sonic_ui.bundles import Vocabulary
from sonic_ui.bundles.manifest import MANIFEST
from sonic_ui.engine.events import (
    Cancelled,
    CancelToken,
    Failure,
    FramesDone,
    JobEvent,
    Notice,
    Preview,
    Progress,
    Result,
)
from sonic_ui.engine.jobs.sound_to_image import PaintJob
from sonic_ui.engine.local import LocalBackend
from sonic_ui.requests import BadInput, SoundToImageRequest
from tests.conftest import WriteSound

TONE = (0.3 * np.sin(2 * np.pi * 300 * np.arange(48_000) / 48_000)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sonic_ui.testing.tiny_bundle import debug_bundle

    return debug_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def backend(folder: Path) -> LocalBackend:
    made = LocalBackend(str(folder))
    made.load()
    return made


def paint(backend: LocalBackend, token: CancelToken | None = None, **values: object) -> Iterator[JobEvent]:
    settings = {"sound": "tone.wav", "steps": 3, "guidance_scale": 3.0, **values}
    return backend.run(job(backend, SoundToImageRequest.from_values(settings)), token or CancelToken())


def job(backend: LocalBackend, request: SoundToImageRequest, **values: Any) -> PaintJob:
    count = request.count
    made = PaintJob(
        request,
        np.repeat(backend.embed_audio(TONE).embedding[None], count, 0),
        tuple(range(request.seed, request.seed + count)),
        (1.0,) * count,
        (tuple(range(count)),),
    )
    return replace(made, **values)


def pixels(events: list[JobEvent]) -> list[np.ndarray]:
    assert isinstance(events[-1], FramesDone)
    return [np.asarray(image) for image in events[-1].images]


def test_hears_and_names(backend: LocalBackend) -> None:
    heard = backend.embed_audio(TONE)
    assert np.linalg.norm(heard.embedding) == pytest.approx(1.0, abs=1e-4)
    assert sum(label.probability for label in heard.labels) == pytest.approx(1.0, abs=1e-3)
    assert {label.name for label in heard.labels} == {source.label for source in backend.bundle.sources}
    chances = [label.probability for label in heard.labels]
    assert chances == sorted(chances, reverse=True)
    assert heard.known_probability is None and not heard.is_unknown, "the bundle has no open-set head"
    assert backend.location == "this computer, CPU" or "GPU" in backend.place


def test_a_beep_is_unknown_to_the_miniature() -> None:
    times = np.arange(5 * 48_000) / 48_000
    beeps = 0.1 * np.sin(2 * np.pi * 1000 * times) * (np.sin(4 * np.pi * times) > 0)
    analysis = LocalBackend("assets/miniature").embed_audio(beeps.astype(np.float32))
    assert analysis.is_unknown and analysis.known_probability is not None
    assert analysis.known_probability < 0.1


def test_paints_with_progress_and_previews(backend: LocalBackend) -> None:
    events = list(paint(backend, count=2))
    progress = [event for event in events if isinstance(event, Progress)]
    assert progress[-1].step == progress[-1].total == 3
    assert all(len(event.images) == 2 for event in events if isinstance(event, Preview))
    first, second = pixels(events)
    assert first.shape == (64, 64, 3)
    assert not np.array_equal(first, second)


def test_a_job_is_painted_group_by_group(backend: LocalBackend) -> None:
    request = SoundToImageRequest(sound="tone.wav", steps=2, guidance_scale=3.0, count=3)
    events = list(backend.run(job(backend, request, groups=((2,), (0, 1))), CancelToken()))
    done = [event for event in events if isinstance(event, FramesDone)]
    assert [event.indices for event in done] == [(2,), (0, 1)]
    progress = [event for event in events if isinstance(event, Progress)]
    assert (progress[-1].step, progress[-1].total) == (4, 4)
    alone = SoundToImageRequest(sound="tone.wav", steps=2, guidance_scale=3.0, seed=2)
    assert np.array_equal(
        np.asarray(done[0].images[0]), pixels(list(backend.run(job(backend, alone), CancelToken())))[0]
    )


def test_a_picture_may_weigh_the_sound_less(backend: LocalBackend) -> None:
    request = SoundToImageRequest(sound="tone.wav", steps=2, guidance_scale=3.0, count=2, strength=0.8)
    with _gates_open(backend):
        same = {"seeds": (5, 5)}
        half, whole = pixels(
            list(backend.run(job(backend, request, scales=(0.5, 1.0), **same), CancelToken()))
        )
        lower = job(backend, request.changed(strength=0.4), **same)
        (expected, _) = pixels(list(backend.run(lower, CancelToken())))
    assert not np.array_equal(half, whole)
    assert np.abs(half.astype(int) - expected.astype(int)).max() <= 1


@contextlib.contextmanager
def _gates_open(backend: LocalBackend) -> Iterator[None]:
    """The debug networks' gates, which start shut."""
    attention = backend.components.pipeline.audio_attention
    gates = [attention.block(path).gate_adapter for path in attention.paths]
    before = [gate.detach().clone() for gate in gates]
    for gate in gates:
        gate.data.fill_(1.0)
    try:
        yield
    finally:
        for gate, value in zip(gates, before, strict=True):
            gate.data.copy_(value)


def test_levels_are_judged_if_there_is_a_judge(backend: LocalBackend, folder: Path) -> None:
    from PIL import Image

    from sonic_ui.models.presence_classifier import PresenceClassifier

    pictures = [Image.new("RGB", (90, 60), colour) for colour in ("red", "black")]
    assert backend.predict_intensities(pictures) is None
    PresenceClassifier(sources=len(backend.bundle.sources)).save_pretrained(folder / "judge")
    predict_intensities = backend.predict_intensities(pictures)
    assert predict_intensities is not None
    assert predict_intensities.shape == (2, len(backend.bundle.sources))
    assert 0 <= predict_intensities.min() <= predict_intensities.max() <= 1


def test_the_same_request_gives_the_same_bytes(backend: LocalBackend) -> None:
    first, again, other = (pixels(list(paint(backend, seed=seed)))[0] for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_cancelling_stops_the_pipeline(backend: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    token, passes = CancelToken(), []
    forward = type(backend.components.pipeline.unet).forward

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        passes.append(1)
        if len(passes) == 3:
            token.cancel()
        return forward(self, *args, **kwargs)

    monkeypatch.setattr(type(backend.components.pipeline.unet), "forward", counted)
    with pytest.raises(Cancelled):
        list(paint(backend, token, steps=100))
    assert len(passes) == 3


def test_who_stops_listening_stops_the_work(backend: LocalBackend) -> None:
    token = CancelToken()
    events = paint(backend, token, steps=100)
    next(events)
    events.close()  # type: ignore[attr-defined]
    assert token.cancelled
    assert isinstance(list(paint(backend))[-1], FramesDone)


def test_two_people_are_served_one_after_the_other(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, most = [0], [0]
    call = type(backend.components.pipeline).__call__

    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        try:
            return call(self, *args, **kwargs)
        finally:
            inside[0] -= 1

    monkeypatch.setattr(type(backend.components.pipeline), "__call__", counted)
    seen: list[list[JobEvent]] = []
    threads = [threading.Thread(target=lambda: seen.append(list(paint(backend, steps=5)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == [1]
    assert len(seen) == 3
    assert any(isinstance(e, Progress) and e.message.startswith("Waiting") for events in seen for e in events)


def test_words_that_do_not_fit_are_told(backend: LocalBackend) -> None:
    notices = [
        event for event in paint(backend, prompt="a very " * 30 + "long end") if isinstance(event, Notice)
    ]
    assert len(notices) == 1
    assert notices[0].message.endswith("long end”.")


def test_words_that_the_engine_does_not_know_are_named(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def notices(prompt: str) -> list[str]:
        events = paint(backend, prompt=prompt, steps=1)
        return [event.message for event in events if isinstance(event, Notice)]

    (sentence,) = notices("ink 夜 🦄")
    assert sentence.startswith("Debug hardly knows “夜” and “🦄”") and notices("ink") == []
    vocabulary = Vocabulary(styles=("ink",), words=("ink",))
    bundle = replace(backend.bundle, info=backend.bundle.info.model_copy(update={"vocabulary": vocabulary}))
    monkeypatch.setattr(backend.components, "bundle", bundle)
    assert notices("ink unicorn") == [
        "Debug does not know “unicorn”: it changes little or nothing. It knows: ink."
    ]
    assert notices("ink") == []


def test_strengths_for_layers(backend: LocalBackend) -> None:
    layers = pixels(list(paint(backend, strength=[1] * 9)))[0]
    assert np.array_equal(layers, pixels(list(paint(backend, strength=1.0)))[0])
    assert not np.array_equal(layers, pixels(list(paint(backend, strength=[0] * 9)))[0])
    with pytest.raises(BadInput, match="4 numbers") as caught:
        list(paint(backend, strength=[1, 1, 1, 1]))
    assert caught.value.field == "strength"


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            RuntimeError("CUDA out of memory. Tried to allocate"),
            "out of memory. Close other programs, or choose a smaller engine, and",
        ),
        (TypeError("secret detail"), "error of the app (TypeError)"),
    ],
)
def test_crashes_become_sentences(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    def crash(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(type(backend.components.pipeline), "__call__", crash)
    with pytest.raises(Failure) as caught:
        list(paint(backend, count=2))
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)
    monkeypatch.undo()
    assert isinstance(list(paint(backend))[-1], FramesDone)


def test_short_memory_paints_fewer_at_once(backend: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same pictures, each from its own seed."""
    expected = pixels(list(paint(backend, count=3)))
    forward, batches = type(backend.components.pipeline.unet).forward, []

    def small(self: Any, latents: Any, *args: Any, **kwargs: Any) -> Any:
        batches.append(len(latents))
        if len(latents) > 2:
            raise RuntimeError("CUDA out of memory. Tried to allocate")
        return forward(self, latents, *args, **kwargs)

    monkeypatch.setattr(type(backend.components.pipeline.unet), "forward", small)
    events = list(paint(backend, count=3))
    assert batches[:3] == [6, 4, 2], "three, two, one at once; each guided"
    assert set(batches[2:]) == {2}
    done = [event for event in events if isinstance(event, FramesDone)]
    assert [event.indices for event in done] == [(0,), (1,), (2,)], "what was painted at once"
    painted = [np.asarray(event.images[0]) for event in done]
    assert all(np.abs(a.astype(int) - b).max() <= 1 for a, b in zip(painted, expected, strict=True))
    monkeypatch.undo()
    alone = pixels(list(paint(backend, seed=2)))[0]
    assert np.array_equal(painted[2], alone), "the same batch, here of one, gives the same bytes"


def test_a_closed_backend_lets_go(folder: Path) -> None:
    made = LocalBackend(str(folder))
    made.load()
    made.close()
    assert made._components is None
    with pytest.raises(Cancelled):
        made.load()


def test_weights_of_another_shape_are_told(folder: Path, tmp_path: Path) -> None:
    import json
    import shutil

    copy = tmp_path / "bundle"
    shutil.copytree(folder, copy)
    config = copy / "audio_to_image" / "audio_projector" / "config.json"
    values = json.loads(config.read_text())
    config.write_text(json.dumps({**values, "num_tokens": values["num_tokens"] + 1}))
    (copy / MANIFEST).unlink()  # an older bundle, whose files are not checked before
    with pytest.raises(BadInput, match="did not load"):
        LocalBackend(str(copy)).load()


def test_an_inversion_is_cached_without_the_picture_at_full_size(
    backend: LocalBackend, tmp_path: Path, write_sound: WriteSound
) -> None:
    from PIL import Image

    from sonic_ui.engine.studio import Studio
    from sonic_ui.requests import EditImageRequest

    picture, mask = tmp_path / "large.png", tmp_path / "mask.png"
    Image.linear_gradient("L").resize((900, 600)).convert("RGB").save(picture)
    left = Image.new("L", (900, 600))
    left.paste(255, (0, 0, 450, 600))
    left.save(mask)
    request = EditImageRequest(
        picture=str(picture), sound=str(write_sound()), mask=str(mask), steps=2, guidance_scale=1.0
    )
    studio = Studio(backend)
    first = [*studio.run(request, session="me")][-1]
    cached = studio.cache_usage("me", str(picture))
    assert cached.count == 1 and cached.nbytes < 900 * 600
    again = [*studio.run(request, session="me")][-1]
    assert isinstance(first, Result) and isinstance(again, Result) and again.reused
    assert first.images[0].size == (900, 600)
    assert np.array_equal(np.asarray(first.images[0]), np.asarray(again.images[0]))


def test_a_draft_is_painted_in_few_steps_by_other_weights(backend: LocalBackend) -> None:
    def picture(**values: object) -> np.ndarray:
        events = list(paint(backend, guidance_scale=1.0, steps=2, **values))
        return np.asarray(next(event for event in events if isinstance(event, FramesDone)).images[0], float)

    fine = picture()
    assert np.abs(picture(quality="draft") - fine).max() > 0
    assert np.array_equal(picture(), fine)


def test_an_engine_without_drafts_says_so(folder: Path, tmp_path: Path) -> None:
    without = LocalBackend(str(folder))
    without.load()
    bundle = without.bundle
    without.components.bundle = replace(bundle, info=bundle.info.model_copy(update={"parts": ()}))
    with pytest.raises(BadInput, match="has no weights for drafts"):
        list(paint(without, quality="draft"))
