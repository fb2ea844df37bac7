"""Glides and sweeps on a picture of one's own, on the debug bundle: real edits, one inversion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sonic_ui.engine.cost import sample_passes
from sonic_ui.engine.events import CancelToken, Notice, Progress, Result
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.studio import Studio
from sonic_ui.requests import BadInput, EditImageRequest, InterpolateRequest, VolumeSweepRequest
from tests.conftest import WriteSound


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> LocalBackend:
    from sonic_ui.testing.tiny_bundle import debug_bundle

    made = LocalBackend(str(debug_bundle(tmp_path_factory.mktemp("bundle"))))
    made.load()
    return made


@pytest.fixture
def studio(backend: LocalBackend) -> Studio:
    return Studio(backend)


@pytest.fixture
def files(tmp_path: Path, write_sound: WriteSound) -> dict[str, str]:
    picture = tmp_path / "sea.png"
    Image.effect_noise((60, 40), 90).convert("RGB").save(picture)
    return {
        "picture": str(picture),
        "sound_a": str(write_sound("a.wav", seconds=1.0, hz=300)),
        "sound_b": str(write_sound("b.wav", seconds=1.5, hz=900)),
    }


def made(studio: Studio, request: Any) -> tuple[Result, list[str]]:
    """The result of a request, and the messages on the way."""
    events = list(studio.run(request, CancelToken(), "me"))
    assert isinstance(events[-1], Result)
    return events[-1], [event.message for event in events if isinstance(event, Progress)]


def pixels(result: Result) -> list[np.ndarray]:
    return [np.asarray(image.convert("RGB"), np.int16) for image in result.images]


def test_a_glide_on_a_picture_is_edits_of_it(studio: Studio, files: dict[str, str]) -> None:
    settings = {"steps": 4, "guidance_scale": 3.0, "mode": "style"}
    request = InterpolateRequest.from_values({**files, **settings, "frames": 4})
    strip, told = made(studio, request)
    assert "Studying the picture" in told and len(strip.images) == 4
    assert all(image.size == (60, 40) for image in strip.images)
    assert strip.settings["picture_px"] == [60, 40] and strip.settings["request"]["picture"] == "sea.png"
    positions = [frame.position for frame in strip.frames]
    assert positions[0] == 0 and positions[-1] == 1 and positions == sorted(positions)
    edit = EditImageRequest.from_values({"picture": files["picture"], "sound": files["sound_b"], **settings})
    (alone,), told = pixels(made(studio, edit)[0]), made(studio, edit)[1]
    assert "Studying the picture" not in told, "the glide's inversion serves the edit"
    assert np.abs(alone - pixels(strip)[-1]).max() <= 1, "the last frame is the edit by the second sound"
    assert np.abs(pixels(strip)[0] - pixels(strip)[-1]).max() > 1


def test_what_does_not_fit_of_a_pictures_own_words_is_said(studio: Studio, files: dict[str, str]) -> None:
    for words, notices in (("a dog", 0), ("a dog " * 60, 1)):
        request = InterpolateRequest.from_values({**files, "steps": 2, "frames": 3, "source_prompt": words})
        events = [*studio.run(request, CancelToken(), "me")]
        assert sum(isinstance(event, Notice) for event in events) == notices


def test_a_sweep_on_a_picture_weighs_its_edits(studio: Studio, files: dict[str, str], tmp_path: Path) -> None:
    mask = Image.new("L", (60, 40), 0)
    mask.paste(255, (30, 0, 60, 40))
    mask.save(tmp_path / "mask.png")
    request = VolumeSweepRequest(
        picture=files["picture"], mask=str(tmp_path / "mask.png"), sound=files["sound_a"],
        gains_db=(0.0,), scales=(0.0, 1.0, 2.0), steps=3, guidance_scale=3.0,
    )  # fmt: skip
    strip, _ = made(studio, request)
    none, once, twice = pixels(strip)
    source = np.asarray(Image.open(files["picture"]), np.int16)
    for frame in (none, once, twice):
        assert np.array_equal(frame[:, :28], source[:, :28]), "outside of the mask nothing changes"
    assert np.abs(once - none).max() > 1 and np.abs(twice - once).max() > 1
    assert [frame.scale for frame in strip.frames] == [0.0, 1.0, 2.0]


def test_they_cost_one_inversion_and_whole_edits(files: dict[str, str]) -> None:
    glide = InterpolateRequest.from_values({**files, "steps": 4, "guidance_scale": 3.0, "frames": 5})
    assert sample_passes(glide) == 4 + 5 * 4 * 2
    assert sample_passes(glide.changed(picture=None)) < sample_passes(glide)
    sweep = VolumeSweepRequest(
        picture=files["picture"], sound=files["sound_a"], gains_db=(0.0, 6.0), steps=4, guidance_scale=1.0
    )
    assert sample_passes(sweep) == 4 + 2 * 4


def test_a_mask_needs_its_picture(files: dict[str, str]) -> None:
    with pytest.raises(BadInput, match="no picture that it belongs to"):
        InterpolateRequest.from_values({**files, "picture": None, "mask": files["picture"]})
    with pytest.raises(BadInput, match="Steps"):
        InterpolateRequest.from_values({**files, "steps": 1})
