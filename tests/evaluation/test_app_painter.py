"""Pictures as the app makes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sonic_ui.audio.mixing import Level
from sonic_ui.engine.studio import Studio
from sonic_ui.evaluation.app_painter import AppPainter
from sonic_ui.evaluation.held_out import SAMPLE_RATE
from sonic_ui.requests import InterpolateRequest, SoundToImageRequest, VolumeSweepRequest
from tests.fakes import FakeBackend


def test_recordings_and_mixes_are_painted_by_requests(tmp_path: Path) -> None:
    backend = FakeBackend()
    painter = AppPainter(Studio(backend), tmp_path, seed=7)
    noise = (0.1 * np.random.default_rng(0).standard_normal((3, SAMPLE_RATE))).astype(np.float32)
    pictures = painter.paint([[noise[0]], [noise[1]]], room="hall")
    requests = [job.request for job in backend.jobs]
    assert len(pictures) == 2 and [request.seed for request in requests] == [7, 8]
    assert {request.room for request in requests if isinstance(request, SoundToImageRequest)} == {"hall"}
    levels = [Level(lufs=-24.0, gain_db=-6.0), Level(lufs=-24.0), Level(lufs=-24.0)]
    painter.paint([[*noise]], [levels], seeds=[3])
    request = backend.jobs[-1].request
    assert isinstance(request, SoundToImageRequest) and request.seed == 3 and len(request.sound_paths) == 3
    assert [(one.lufs, one.gain_db) for one in request.faders] == [(-24.0, -6.0), (-24.0, 0.0), (-24.0, 0.0)]


def test_takes_sweeps_and_glides_are_painted_by_requests(tmp_path: Path) -> None:
    backend = FakeBackend()
    painter = AppPainter(Studio(backend), tmp_path, seed=7)
    noise = (0.1 * np.random.default_rng(0).standard_normal(SAMPLE_RATE)).astype(np.float32)
    assert len(painter.takes(noise, 40, 10)) == 10
    requests = [job.request for job in backend.jobs]
    assert [(one.seed, one.outputs) for one in requests] == [(40, 8), (48, 2)]
    assert len(painter.sweep(noise, gains_db=(-6.0, 0.0, 6.0))) == 3
    request = backend.jobs[-1].request
    assert isinstance(request, VolumeSweepRequest) and request.seed == 7
    assert request.turns == ((-6.0, 1.0), (0.0, 1.0), (6.0, 1.0))
    assert len(painter.glide(noise, noise[::-1].copy(), 5, "spherical")) == 5
    glide = backend.glides[-1].request
    assert isinstance(glide, InterpolateRequest) and glide.method == "spherical" and glide.seed == 7
