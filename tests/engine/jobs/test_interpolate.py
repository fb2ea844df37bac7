"""Glides on this machine, on the debug bundle: what is painted, told, kept and cancelled."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diffusers import PNDMScheduler

from sonic_ui.engine.cost import sample_passes
from sonic_ui.engine.events import (
    Cancelled,
    CancelToken,
    FramesAdded,
    FramesDone,
    JobEvent,
    Notice,
    Preview,
    Progress,
)
from sonic_ui.engine.jobs.interpolate import CANNOT_BEGIN, PIXELS_ALONE, InterpolateJob
from sonic_ui.engine.local import LocalBackend
from sonic_ui.pipelines.embedding_path import AudioMix, EmbeddingPath, linear
from sonic_ui.requests import InterpolateRequest

TIMES = np.arange(48_000) / 48_000
A = (0.3 * np.sin(2 * np.pi * 300 * TIMES)).astype(np.float32)
B = (0.1 * np.random.default_rng(0).standard_normal(60_000)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sonic_ui.testing.tiny_bundle import debug_bundle

    return debug_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def backend(folder: Path) -> LocalBackend:
    made = LocalBackend(str(folder))
    made.load()
    return made


def job(backend: LocalBackend, mix: AudioMix | None = None, **values: Any) -> InterpolateJob:
    settings = {
        "sound_a": "a.wav",
        "sound_b": "b.wav",
        "steps": 4,
        "guidance_scale": 3.0,
        "seed": 3,
        **values,
    }
    request = InterpolateRequest.from_values(settings)
    ends = [backend.embed_audio(sound).embedding for sound in (A, B)]
    return InterpolateJob(request, EmbeddingPath(*ends, request.method, mix))


def run(backend: LocalBackend, wanted: InterpolateJob) -> list[JobEvent]:
    return list(backend.run(wanted, CancelToken()))


def painted(events: list[JobEvent]) -> dict[int, np.ndarray]:
    """Pixels by the pictures' numbers."""
    return {
        index: np.asarray(image, np.float32)
        for event in events
        if isinstance(event, FramesDone)
        for index, image in zip(event.indices, event.images, strict=True)
    }


class Passes:
    """Counts how many samples go through a backend's denoiser."""

    def __init__(self, backend: LocalBackend) -> None:
        self.count = 0
        backend.components.pipeline.unet.register_forward_pre_hook(self._count)

    def _count(self, module: Any, given: Any) -> None:
        self.count += len(given[0])


@pytest.mark.parametrize(
    "values",
    [
        {"frames": 7},
        {"frames": 7, "continuity": 0.0},
        {"frames": 7, "spacing": "heard", "continuity": 0.75},
        {"frames": 2},
        {"positions": (0.37,)},
        {"positions": (0.0, 0.2, 0.9)},
        {"positions": (1.0, 0.5, 0.5, 0.0, 1.0)},
    ],
)
def test_it_costs_what_the_cost_model_says(backend: LocalBackend, values: dict[str, Any]) -> None:
    wanted, passes = job(backend, **values), Passes(backend)
    events = run(backend, wanted)
    assert passes.count == sample_passes(wanted.request)
    assert set(painted(events)) == set(range(wanted.request.outputs))
    progress = [event for event in events if isinstance(event, Progress)]
    shares = [event.step / event.total for event in progress]
    assert shares == sorted(shares) and shares[-1] == 1.0 and shares[0] == 0.0


def test_places_are_found_one_by_one(backend: LocalBackend) -> None:
    events = run(backend, job(backend, frames=7))
    order = [event for event in events if isinstance(event, (FramesAdded, FramesDone))]
    assert [event.indices for event in order if isinstance(event, FramesDone)] == [
        *((0,), (2,), (1,)),
        *((number,) for number in range(3, 7)),
    ]
    assert [type(event) for event in order[3:]] == [FramesAdded, FramesDone] * 4
    found = [
        place
        for event in order
        if isinstance(event, FramesAdded)
        for place in (info.position for info in event.infos)
    ]
    assert len(set(found) | {0.0, 0.5, 1.0}) == 7
    again = run(backend, job(backend, frames=7))
    assert [event for event in again if isinstance(event, FramesAdded)] == [
        event for event in order if isinstance(event, FramesAdded)
    ]


def test_known_places_are_painted_side_by_side_after_the_ends(backend: LocalBackend) -> None:
    events = run(backend, job(backend, frames=7, spacing="heard"))
    groups = [event.indices for event in events if isinstance(event, FramesDone)]
    assert groups == [(0,), (6,), (1, 2, 3, 4), (5,)]
    assert not any(isinstance(event, FramesAdded) for event in events)
    alone = painted(run(backend, job(backend, positions=(0.5,))))[0]
    assert np.abs(painted(events)[3] - alone).max() <= 1


def test_a_place_after_a_strip_costs_only_the_rest(backend: LocalBackend) -> None:
    place = job(backend, positions=(0.37,))
    passes = Passes(backend)
    fresh = painted(run(backend, place))[0]
    assert passes.count == 2 * 3 * 2
    passes.count = 0
    assert np.array_equal(painted(run(backend, place))[0], fresh) and passes.count == 2 * 2
    run(backend, job(backend, frames=3, seed=8))
    passes.count = 0
    run(backend, job(backend, positions=(0.6,), seed=8))
    assert passes.count == 2 * 2
    for other in ({"seed": 9}, {"prompt": "ink"}, {"strength": 0.5}, {"continuity": 0.75}, {"steps": 5}):
        passes.count = 0
        run(backend, job(backend, positions=(0.37,), **other))
        assert passes.count == sample_passes(job(backend, positions=(0.37,), **other).request), other
    backend.components.partial_latents.remove()
    passes.count = 0
    assert np.array_equal(painted(run(backend, place))[0], fresh) and passes.count == 2 * 3 * 2


def test_no_preview_is_of_an_end_that_is_only_carried(backend: LocalBackend) -> None:
    events = run(backend, job(backend, positions=(0.37,), steps=8))
    previews = [number for number, event in enumerate(events) if isinstance(event, Preview)]
    progress = [number for number, event in enumerate(events) if isinstance(event, Progress)]
    behind = [number for number in progress if events[number].step <= 2 * 4]  # type: ignore[union-attr]
    assert not previews or min(previews) > max(behind)
    assert all(event.indices == (0,) for event in events if isinstance(event, Preview))


def test_a_mix_is_heard_where_it_is_painted(backend: LocalBackend) -> None:
    mix = AudioMix(A, B, None, None)
    wanted = job(backend, mix, method="mix", positions=(0.5,), continuity=0.0)
    heard = backend.embed_audio(mix.at(0.5)).embedding
    between = wanted.path
    assert np.array_equal(between.embedding(0.5, backend.components.embed), heard)
    assert between.lufs(0.5) is not None and job(backend).path.lufs(0.5) is None
    assert not np.allclose(heard, linear(between.a, between.b, 0.5))
    assert len(painted(run(backend, job(backend, mix, method="mix", frames=5)))) == 5


def test_cancelling_stops_at_any_step(backend: LocalBackend) -> None:
    for values, last in (({"frames": 6}, 3), ({"positions": (0.4,), "steps": 60}, 0)):
        token, done = CancelToken(), 0
        with pytest.raises(Cancelled):
            for event in backend.run(job(backend, **values), token):
                done += isinstance(event, FramesDone)
                if done >= last and isinstance(event, Progress):
                    token.cancel()
        assert done <= last + 1


def test_short_memory_paints_fewer_at_once(backend: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = job(backend, frames=6, spacing="heard")
    expected = painted(run(backend, wanted))
    forward = type(backend.components.pipeline.unet).forward

    def small(self: Any, latents: Any, *args: Any, **kwargs: Any) -> Any:
        if len(latents) > 4:
            raise RuntimeError("CUDA out of memory. Tried to allocate")
        return forward(self, latents, *args, **kwargs)

    monkeypatch.setattr(type(backend.components.pipeline.unet), "forward", small)
    pictures = painted(run(backend, wanted))
    assert all(np.abs(pictures[number] - expected[number]).max() <= 1 for number in range(6))


def test_a_scheduler_that_cannot_begin_halfway_is_told(backend: LocalBackend) -> None:
    backend.components.pipeline.scheduler = PNDMScheduler(skip_prk_steps=True)
    told = [event.message for event in run(backend, job(backend, frames=3)) if isinstance(event, Notice)]
    assert told == [CANNOT_BEGIN]
    silent = run(backend, job(backend, frames=3, continuity=0.0))
    assert not any(isinstance(event, Notice) for event in silent)


def test_eyes_that_cannot_be_read_do_not_stop_a_glide(folder: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(folder, damaged)
    (damaged / "clip" / "model.safetensors").write_bytes(b"no weights")
    made = LocalBackend(str(damaged))
    events = run(made, job(made, frames=4))
    (told,) = [event.message for event in events if isinstance(event, Notice)]
    assert "clip/model.safetensors cannot be used" in told and PIXELS_ALONE in told
    assert len(painted(events)) == 4


def test_closing_lets_go_of_what_was_kept(folder: Path) -> None:
    made = LocalBackend(str(folder))
    run(made, job(made, frames=2))
    latents = made.components.partial_latents
    assert latents.sizes()
    made.close()
    assert not latents.sizes()
