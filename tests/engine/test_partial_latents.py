"""On real (tiny) networks: the ends of a glide are the single pictures, to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sonic_ui.engine.events import Result
from sonic_ui.engine.jobs import sound_condition
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.studio import Studio
from sonic_ui.requests import InterpolateRequest, PaintingRequest, SoundToImageRequest


def pictures(studio: Studio, request: PaintingRequest) -> list[np.ndarray]:
    *_, result = studio.run(request)
    assert isinstance(result, Result)
    return [np.asarray(image) for image in result.images]


@pytest.mark.parametrize("named", [False, True])
def test_the_ends_of_a_glide_are_the_single_pictures(
    tmp_path: Path, write_sound: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    from sonic_ui.testing.tiny_bundle import debug_bundle

    monkeypatch.setattr(sound_condition, "ALONE", 1.1 if named else 0.0)  # random weights are never sure
    studio = Studio(LocalBackend(str(debug_bundle(tmp_path / "bundle"))))
    a, b = (str(write_sound(f"{hz}.wav", hz=hz)) for hz in (200, 1500))
    shared = {"seed": 5, "steps": 4, "guidance_scale": 3.0}
    for method in ("linear", "spherical", "mix"):
        strip = pictures(studio, InterpolateRequest(sound_a=a, sound_b=b, frames=4, method=method, **shared))
        for end, sound in ((strip[0], a), (strip[-1], b)):
            assert np.array_equal(end, pictures(studio, SoundToImageRequest(sound=sound, **shared))[0])
        assert len(strip) == 4
