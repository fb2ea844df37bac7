"""The parts of the sampling loop, each against its equation or the library's own answer."""

from __future__ import annotations

import pytest
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler
from PIL import Image

from sonic_ui.pipelines.audio_conditioned import truncated_text
from sonic_ui.pipelines.sampling import (
    StepReport,
    apply_cfg,
    guidance_rescale,
    pred_original_sample,
    scheduler_step,
    seeded_noise,
)
from sonic_ui.testing.tiny_models import debug_scheduler, debug_tokenizer

GENERATORS = [torch.Generator().manual_seed(0)]


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction", "sample"])
def test_predicted_clean_is_the_schedulers(prediction_type: str) -> None:
    scheduler = debug_scheduler(prediction_type)
    scheduler.set_timesteps(10)
    latents, prediction = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8)
    timestep = scheduler.timesteps[4]
    expected = scheduler.step(prediction, timestep, latents).pred_original_sample
    clean = pred_original_sample(prediction, latents, scheduler.alphas_cumprod[timestep], prediction_type)
    assert torch.allclose(clean, expected, atol=1e-4)


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction"])
def test_predicted_clean_inverts_the_forward_process(prediction_type: str) -> None:
    scheduler = DDIMScheduler(prediction_type=prediction_type)
    clean, noise, time = torch.randn(1, 4, 8, 8), torch.randn(1, 4, 8, 8), torch.tensor([300])
    noisy = scheduler.add_noise(clean, noise, time)
    target = noise if prediction_type == "epsilon" else scheduler.get_velocity(clean, noise, time)
    assert torch.allclose(
        pred_original_sample(target, noisy, scheduler.alphas_cumprod[300], prediction_type), clean, atol=1e-4
    )


def test_predicted_clean_at_pure_noise_is_finite_and_other_types_are_refused() -> None:
    ones = torch.ones(1, 1, 2, 2)
    assert torch.isfinite(pred_original_sample(ones, ones, 0.0, "epsilon")).all()
    assert torch.equal(pred_original_sample(2 * ones, ones, 1e-20, "v_prediction").round(), -2 * ones)
    with pytest.raises(ValueError, match="flow"):
        pred_original_sample(ones, ones, 0.5, "flow")


@pytest.mark.parametrize("kind", [DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler])
def test_any_scheduler_reports_the_clean_latents(kind: type) -> None:
    """A denoiser that knows the answer: every scheduler's predicted clean latents are that answer."""
    scheduler = kind(clip_sample=False) if kind is DDIMScheduler else kind()
    scheduler.set_timesteps(5)
    clean, noise = torch.randn(1, 4, 8, 8), torch.randn(1, 4, 8, 8)
    timestep = scheduler.timesteps[2]
    latents = scheduler.add_noise(clean, noise, timestep[None])
    if hasattr(scheduler, "_init_step_index"):
        scheduler._init_step_index(timestep)
    previous, predicted = scheduler_step(scheduler, noise, timestep, latents, GENERATORS)
    assert torch.allclose(predicted, clean, atol=1e-3)
    assert (previous - clean).abs().mean() < (latents - clean).abs().mean()


def test_guidance() -> None:
    prediction = torch.tensor([[1.0], [2.0], [5.0], [6.0]])
    assert apply_cfg(prediction, 1.0).tolist() == [[5.0], [6.0]]
    assert apply_cfg(prediction, 2.0).tolist() == [[9.0], [10.0]]


def test_noise_depends_on_each_seed_alone() -> None:
    noise, generators = seeded_noise([7, 8, 7], (4, 2, 2))
    assert noise.shape == (3, 4, 2, 2) and len(generators) == 3
    assert torch.equal(noise[0], noise[2]) and not torch.equal(noise[0], noise[1])
    assert torch.equal(seeded_noise([8], (4, 2, 2))[0][0], noise[1])


def test_previews_of_large_latents_are_halved() -> None:
    sizes: list[torch.Size] = []

    def decode(latents: torch.Tensor) -> list:
        sizes.append(latents.shape)
        return [Image.new("RGB", (4, 4))]

    for side in (16, 32, 64, 128):
        StepReport(1, 2, 900, torch.zeros(1, 4, side, side // 2), decode).preview()
    assert [tuple(size[-2:]) for size in sizes] == [(16, 8), (32, 16), (32, 16), (32, 16)]


def test_truncated_text_is_what_does_not_fit() -> None:
    tokenizer = debug_tokenizer()  # 24 tokens, of them 22 for letters
    assert truncated_text(tokenizer, "") == ""
    assert truncated_text(tokenizer, "abcd efgh ijkl mnop qrst uv") == ""
    assert truncated_text(tokenizer, "abcd efgh ijkl mnop qrst uv Wide  Sky, at Dusk") == "Wide  Sky, at Dusk"
    assert truncated_text(tokenizer, "abcd efgh ijkl mnop qrst uvwxyz sky") == "uvwxyz sky", "a word is whole"


def test_rescaled_guidance_has_the_deviation_of_the_conditional_prediction() -> None:
    both = torch.randn(6, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    conditional = both[3:]
    wild, tame = apply_cfg(both, 7.0), apply_cfg(both, 7.0, 1.0)
    assert torch.allclose(tame.std((1, 2, 3)), conditional.std((1, 2, 3)), rtol=1e-4)
    assert wild.std() > 2 * tame.std()
    assert torch.allclose(apply_cfg(both, 7.0, 0.5), (wild + tame) / 2, atol=1e-5)
    assert torch.equal(apply_cfg(both, 1.0, 0.0), apply_cfg(both, 1.0))


def test_guidance_is_rescaled_where_the_schedule_ends_in_pure_noise() -> None:
    assert guidance_rescale(DDIMScheduler(rescale_betas_zero_snr=True)) > 0
    assert guidance_rescale(DDIMScheduler()) == 0
    assert guidance_rescale(EulerDiscreteScheduler()) == 0
