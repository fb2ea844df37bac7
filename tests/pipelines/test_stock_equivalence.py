"""Beside diffusers' own StableDiffusionPipeline: without a sound the same weights paint the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, StableDiffusionPipeline

from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline
from sonic_ui.pipelines.sampling import seeded_noise
from sonic_ui.testing.tiny_models import debug_components


@pytest.fixture(scope="module")
def stable_diffusion() -> StableDiffusionPipeline:
    parts = debug_components(prediction_type="epsilon")
    torch.manual_seed(0)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(4, 4, 8, 8),
        norm_num_groups=2,
        latent_channels=4,
    )
    pipeline = StableDiffusionPipeline(
        vae=vae.eval(),
        text_encoder=parts["text_encoder"],
        tokenizer=parts["tokenizer"],
        unet=parts["unet"],
        scheduler=parts["scheduler"],
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def test_words_alone_paint_what_stable_diffusion_paints(stable_diffusion: StableDiffusionPipeline) -> None:
    noise, _ = seeded_noise([3], (4, 8, 8))
    settings = {"prompt": "a dog", "negative_prompt": "fog", "guidance_scale": 5.0, "num_inference_steps": 4}
    expected = stable_diffusion(latents=noise, output_type="np", **settings).images

    parts = debug_components(prediction_type="epsilon")
    own = {name: parts[name] for name in parts if name.startswith("audio") or name == "feature_extractor"}
    base = ("vae", "text_encoder", "tokenizer", "unet", "scheduler")
    shared = {name: getattr(stable_diffusion, name) for name in base}
    pipeline = AudioToImagePipeline(**shared, **own)
    images = pipeline(seed=3, output_type="np", **settings).images
    assert np.abs(images - expected).max() < 1e-4

    tone = np.sin(np.arange(48_000) / 10).astype(np.float32)
    heard = pipeline(tone, seed=3, output_type="np", **settings).images
    assert np.abs(heard - expected).max() > 1e-2
    # The shared denoiser stays stock for its other user.
    again = stable_diffusion(latents=noise, output_type="np", **settings).images
    assert np.array_equal(again, expected)
