"""Glides on tiny networks: where frames between start from, and what stays as it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from diffusers import PNDMScheduler
from numpy.typing import NDArray
from PIL import Image

from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline
from sonic_ui.pipelines.embedding_path import linear, perceptual_distances
from sonic_ui.pipelines.interpolation import (
    PIXELS_COUNT,
    LatentInterpolator,
    PerceptualDistance,
    interpolate_evenly,
    slerp_latents,
)
from sonic_ui.testing.tiny_bundle import debug_pipeline

Sound = NDArray[np.float32]
SETTINGS: dict[str, Any] = {"num_inference_steps": 4, "guidance_scale": 3.0}


@pytest.fixture
def ends() -> Sound:
    """Two embeddings [2, D] far apart: networks that have learned nothing hardly tell sounds apart."""
    return np.random.default_rng(0).standard_normal((2, 32)).astype(np.float32)


def glider_of(pipeline: Any, ends: Sound, **values: Any) -> LatentInterpolator:
    return LatentInterpolator(pipeline, lambda place: linear(ends[0], ends[1], place), 7, SETTINGS, **values)


def pixels(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(image, np.float32)


def test_blended_noise_stays_noise_and_the_ends_are_the_ends() -> None:
    a, b = torch.randn(2, 1, 4, 32, 32, generator=torch.Generator().manual_seed(0))
    assert slerp_latents(a, b, 0.0) is a and slerp_latents(a, b, 1.0) is b
    middle = slerp_latents(a, b, 0.5)
    assert middle.std() == pytest.approx(1.0, abs=0.05) and (a / 2 + b / 2).std() < 0.75
    assert torch.allclose(middle.flatten() @ a.flatten(), middle.flatten() @ b.flatten(), rtol=0.05)
    assert torch.allclose(slerp_latents(a, a + 1e-7, 0.3), a, atol=1e-5), "nearly parallel: the line"
    assert torch.allclose(slerp_latents(a, -a, 0.25), a / 2, atol=1e-5), "opposite: the line"
    assert not slerp_latents(0 * a, 0 * b, 0.5).any()


@pytest.mark.parametrize("continuity", [0.0, 0.5, 0.9])
def test_the_ends_are_single_pictures(pipeline: AudioToImagePipeline, ends: Sound, continuity: float) -> None:
    interpolator = glider_of(pipeline, ends, continuity=continuity)
    for place, end in zip((0.0, 1.0), ends, strict=True):
        alone = pipeline(audio_embeds=torch.from_numpy(end[None]), seed=7, **SETTINGS).images[0]
        assert np.array_equal(pixels(interpolator.paint([place])[0]), pixels(alone))
    assert set(interpolator.partial_latents) == ({0.0, 1.0} if continuity else set())


def test_a_frame_is_the_same_whichever_way_it_was_made(pipeline: AudioToImagePipeline, ends: Sound) -> None:
    after_ends = glider_of(pipeline, ends)
    after_ends.paint([0.0, 1.0])
    at_once = glider_of(pipeline, ends)
    known = glider_of(pipeline, ends, partial_latents=dict(after_ends.partial_latents))
    frames = [interpolator.paint([0.37])[0] for interpolator in (after_ends, at_once, known)]
    assert all(np.array_equal(pixels(frames[0]), pixels(frame)) for frame in frames[1:])
    beside = after_ends.paint([0.2, 0.37, 0.8])[1]
    assert np.abs(pixels(beside) - pixels(frames[0])).max() <= 1
    assert all(
        torch.equal(after_ends.partial_latents[end], at_once.partial_latents[end]) for end in (0.0, 1.0)
    )


def test_frames_start_where_the_ends_stand(pipeline: AudioToImagePipeline, ends: Sound) -> None:
    """With one end on both sides nothing is blended: a frame is that end's own picture."""
    same = np.stack([ends[0], ends[0]])
    interpolator = glider_of(pipeline, same)
    (end,), (between,) = interpolator.paint([0.0]), interpolator.paint([0.4])
    assert np.abs(pixels(end) - pixels(between)).max() <= 1


def test_continuity_changes_what_lies_between(pipeline: AudioToImagePipeline, ends: Sound) -> None:
    steps: list[int] = []
    interpolator = glider_of(pipeline, ends, continuity=0.75)
    interpolator.paint([0.0, 1.0])
    (continued,) = interpolator.paint([0.5], lambda report: steps.append(report.step))
    assert steps == [4], "three of four steps are behind it"
    (own,) = glider_of(pipeline, ends, continuity=0.0).paint([0.5])
    alone = pipeline(audio_embeds=torch.from_numpy(linear(*ends, 0.5)[None]), seed=7, **SETTINGS).images[0]
    assert np.array_equal(pixels(own), pixels(alone))
    assert np.abs(pixels(own) - pixels(continued)).mean() > 0.1


def test_carrying_an_end_costs_no_more_than_it_needs(pipeline: AudioToImagePipeline, ends: Sound) -> None:
    steps: list[int] = []
    interpolator = glider_of(pipeline, ends)
    interpolator.partially_denoise(0.0, lambda report: steps.append(report.step))
    interpolator.partially_denoise(0.0, lambda report: steps.append(report.step))
    assert steps == [1, 2] and set(interpolator.partial_latents) == {0.0}


def test_a_scheduler_that_cannot_begin_halfway_starts_from_the_noise(ends: Sound) -> None:
    pipeline = debug_pipeline()
    pipeline.scheduler = PNDMScheduler(skip_prk_steps=True)
    interpolator = glider_of(pipeline, ends)
    assert not interpolator.can_begin and interpolator.begin_step == 0
    (own,) = glider_of(pipeline, ends, continuity=0.0).paint([0.5])
    assert np.array_equal(pixels(interpolator.paint([0.5])[0]), pixels(own))


class Eyes:
    """Sees how red a picture is, as an angle."""

    def __init__(self) -> None:
        self.looks = 0

    def encode_pictures(self, pictures: list[Image.Image]) -> torch.Tensor:
        self.looks += 1
        angle = torch.tensor([float(pixels(picture)[..., 0].mean()) / 255 for picture in pictures])
        return torch.stack([angle.cos(), angle.sin()], -1)


def test_what_is_seen_counts_beside_the_pixels() -> None:
    red, blue = Image.new("RGB", (16, 16), (255, 0, 0)), Image.new("RGB", (16, 16), (0, 0, 255))
    eyes = Eyes()
    apart: Any = PerceptualDistance(eyes)  # type: ignore[arg-type]
    assert apart(red, red) == pytest.approx(0, abs=1e-6)
    assert apart(red, blue) == pytest.approx(
        PIXELS_COUNT * perceptual_distances(red, blue) + 1 - np.cos(1), abs=1e-5
    )
    assert apart(blue, red) == pytest.approx(apart(red, blue)) and eyes.looks == 2
    assert PerceptualDistance()(red, blue) == pytest.approx(perceptual_distances(red, blue))


def test_a_glide_has_its_frames_in_order(pipeline: AudioToImagePipeline, ends: Sound) -> None:
    places, frames = interpolate_evenly(glider_of(pipeline, ends), 5, Eyes())  # type: ignore[arg-type]
    assert len(frames) == len(set(places)) == 5 and places == sorted(places) and 0.5 in places
