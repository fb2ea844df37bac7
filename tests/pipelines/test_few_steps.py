"""A pipeline of few steps beside the one that it was made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import LCMScheduler, UNet2DConditionModel
from numpy.typing import NDArray

from sonic_ui.models.low_rank import save_low_rank
from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline
from sonic_ui.pipelines.few_steps import few_step_pipeline
from sonic_ui.testing.tiny_bundle import debug_pipeline, debug_updates

Sound = NDArray[np.float32]


def picture(pipeline: AudioToImagePipeline, sound: Sound) -> NDArray[np.float32]:
    output = pipeline(sound, num_inference_steps=2, guidance_scale=1.0, output_type="np")
    return np.asarray(output.images)


@pytest.fixture(scope="module")
def updates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_low_rank(debug_updates(debug_pipeline().unet), tmp_path_factory.mktemp("few_steps"))


def test_it_paints_otherwise_and_leaves_the_first_as_it_was(
    pipeline: AudioToImagePipeline, tone: Sound, updates: Path
) -> None:
    before = picture(pipeline, tone)
    draft = few_step_pipeline(pipeline, updates=updates)
    assert not np.allclose(picture(draft, tone), before, atol=0.01)
    assert np.array_equal(picture(pipeline, tone), before)
    assert draft.vae is pipeline.vae and draft.text_encoder is pipeline.text_encoder


def test_the_sound_is_heard_by_its_own_attention(
    pipeline: AudioToImagePipeline, tone: Sound, hiss: Sound, updates: Path
) -> None:
    draft = few_step_pipeline(pipeline, updates=updates)
    assert draft.audio_attention is not pipeline.audio_attention
    assert draft.audio_attention.is_attached_to(draft.unet)
    assert not np.array_equal(picture(draft, tone), picture(draft, hiss))


def test_another_denoiser_may_take_its_place(
    pipeline: AudioToImagePipeline, tone: Sound, tmp_path: Path
) -> None:
    other = debug_pipeline(seed=5).unet
    other.save_pretrained(tmp_path / "unet")
    draft = few_step_pipeline(pipeline, denoiser=tmp_path / "unet", scheduler="LCMScheduler")
    assert isinstance(draft.unet, UNet2DConditionModel) and isinstance(draft.scheduler, LCMScheduler)
    assert torch.equal(draft.unet.conv_in.weight, other.conv_in.weight)
    assert np.isfinite(picture(draft, tone)).all()


def test_a_scheduler_that_there_is_not_is_named(pipeline: AudioToImagePipeline, updates: Path) -> None:
    with pytest.raises(ValueError, match="no scheduler Hurry"):
        few_step_pipeline(pipeline, updates=updates, scheduler="Hurry")
