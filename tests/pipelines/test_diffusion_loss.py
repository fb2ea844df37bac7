"""The loss of denoisers: its weights, and the targets of both predictions."""

from __future__ import annotations

import pytest
import torch
from diffusers import DDIMScheduler

from sonic_ui.pipelines.diffusion_loss import DiffusionLoss, min_snr_weight


def scheduler(prediction: str) -> DDIMScheduler:
    return DDIMScheduler(prediction_type=prediction, rescale_betas_zero_snr=prediction == "v_prediction")


def test_min_snr_weights_are_bounded() -> None:
    times = torch.tensor([0, 300, 600, 999])
    weights = min_snr_weight(scheduler("v_prediction"), times, 5.0)
    assert torch.all(weights >= 0) and torch.all(weights <= 1) and weights[-1] == 0
    noise = min_snr_weight(scheduler("epsilon"), times, 5.0)
    assert torch.all(noise > 0) and torch.all(noise <= 1) and noise[-1] == 1


@pytest.mark.parametrize("prediction", ["v_prediction", "epsilon"])
def test_the_target_is_what_the_scheduler_predicts(prediction: str) -> None:
    loss, latents = DiffusionLoss(scheduler(prediction)), torch.randn(6, 4, 8, 8)
    noisy, times, target = loss.noised(latents, torch.Generator().manual_seed(3))
    alpha = loss.scheduler.alphas_cumprod[times].view(-1, 1, 1, 1)
    noise = target if prediction == "epsilon" else alpha.sqrt() * target + (1 - alpha).sqrt() * noisy
    assert torch.allclose(noisy, alpha.sqrt() * latents + (1 - alpha).sqrt() * noise, atol=1e-4)
    assert float(loss(target, target, times)) == 0 < float(loss(target + 1, target, times))
