"""Direct sound optimisation: gradients, learning rates, views, where it ends."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from transformers import CLIPImageProcessorPil

from sonic_ui.models.encoders import ImageEncoder
from sonic_ui.pipelines.direct_optimization import (
    DirectOptimizer,
    OptimizationSettings,
    Painting,
    augmented_views,
)
from sonic_ui.requests import BadInput
from sonic_ui.testing import tiny_models as tiny
from sonic_ui.testing.tiny_bundle import debug_pipeline

SETTINGS = OptimizationSettings(steps=2, through=1, crops=2)


@pytest.fixture(scope="module")
def encoder() -> ImageEncoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        clip = tiny.debug_clip().eval()
    side = {"height": 32, "width": 32}
    return ImageEncoder(clip, CLIPImageProcessorPil(size=side, crop_size=side), tiny.debug_tokenizer())


def painting(**changes: object) -> Painting:
    weights, nouns = torch.ones(24), torch.zeros(24, dtype=torch.bool)
    weights[2], nouns[2] = 1.2, True
    embeds = torch.nn.functional.normalize(torch.arange(1.0, 33.0)[None], dim=-1)
    one = Painting("a dog", embeds, weights, nouns, (4, 5), guidance_scale=3.0, num_inference_steps=2)
    return replace(one, **changes)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_nouns_move_ten_times_as_fast_and_the_picture_changes(
    encoder: ImageEncoder, checkpointing: bool
) -> None:
    pipeline, reports = debug_pipeline(), []
    settings = replace(SETTINGS, checkpointing=checkpointing)
    with torch.inference_mode():  # as the engine runs jobs
        optimizer = DirectOptimizer(pipeline, encoder, painting(), settings)
        weights = optimizer.optimize(reports.append)
    moved = (weights - painting().weights[None, :, None]).abs()
    assert weights.shape[:2] == (2, 24) and [report.step for report in reports] == [1, 2]
    assert 0.01 < moved[:, 2].max() <= 0.0201 and 0 < moved[:, 1].max() <= 0.00201
    assert not torch.equal(weights[0], weights[1]), "each picture has weights of its own"
    assert torch.isfinite(reports[0].losses).all()
    shown = optimizer.decode_pil(reports[0].images)
    assert len(shown) == 2 and shown[0].size == (64, 64)
    kwargs = {"prompt": ["a dog"] * 2, "seed": [4, 5], "num_inference_steps": 2, "guidance_scale": 3.0}
    start = painting().weights
    before = pipeline(
        audio_embeds=painting().embeds.repeat(2, 1), token_weights=start, **kwargs, output_type="pt"
    )
    assert torch.allclose(before.images, (reports[0].images / 2 + 0.5).clamp(0, 1), atol=1e-4)


def test_it_ends_within_a_step(encoder: ImageEncoder) -> None:
    class Stop(Exception):
        pass

    def check() -> None:
        raise Stop

    with pytest.raises(Stop):
        DirectOptimizer(debug_pipeline(), encoder, painting(), SETTINGS).optimize(lambda report: None, check)


def test_an_engine_without_a_shared_space_is_refused(encoder: ImageEncoder) -> None:
    with pytest.raises(BadInput, match="cannot compare sounds with pictures") as refusal:
        DirectOptimizer(debug_pipeline(), encoder, painting(embeds=torch.ones(1, 12)), SETTINGS)
    assert refusal.value.field == "optimize_steps"


def test_the_first_view_is_whole_and_the_others_are_crops() -> None:
    images = torch.rand(2, 3, 16, 24)
    views = augmented_views(images, OptimizationSettings(crops=4), torch.Generator().manual_seed(1))
    assert views.shape == (8, 3, 16, 16)
    assert any(torch.equal(views[:2], images[..., left : left + 16]) for left in range(9))
    assert not torch.equal(views[:2], views[2:4])


def test_by_words_alone_the_sound_is_no_condition(encoder: ImageEncoder) -> None:
    pipeline, reports = debug_pipeline(), []
    for strength in (0.0, 2.0):
        one = painting(with_sound=False, strength=strength, seeds=(4,), guidance_scale=1.0)
        DirectOptimizer(pipeline, encoder, one, replace(SETTINGS, steps=1)).optimize(reports.append)
    assert torch.equal(reports[0].images, reports[1].images)
