"""The deterministic path beside diffusers' own DDIM schedulers, in both directions."""

from __future__ import annotations

import pytest
import torch
from diffusers import DDIMInverseScheduler, DDIMScheduler, FlowMatchEulerDiscreteScheduler, PNDMScheduler

from sonic_ui.pipelines.inversion import Trajectory
from sonic_ui.requests import BadInput
from sonic_ui.testing.tiny_models import debug_scheduler

STABLE_DIFFUSION = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "set_alpha_to_one": False,
    "steps_offset": 1,
}


def schedulers() -> list[DDIMScheduler]:
    """The miniature's, and that of Stable Diffusion 1.x."""
    return [debug_scheduler("v_prediction"), DDIMScheduler(clip_sample=False, **STABLE_DIFFUSION)]


@pytest.mark.parametrize("scheduler", schedulers(), ids=["v_prediction", "epsilon"])
def test_steps_down_are_those_of_ddim(scheduler: DDIMScheduler) -> None:
    path = Trajectory.of(scheduler, 10)
    scheduler.set_timesteps(10)
    assert list(path.timesteps[::-1]) == scheduler.timesteps.tolist()
    for level in range(path.steps, 0, -1):
        latents, output = torch.randn(2, 1, 4, 8, 8)
        expected = scheduler.step(output, path.timesteps[level - 1], latents)
        assert torch.allclose(path.move(level, level - 1, latents, output), expected.prev_sample, atol=2e-3)
        clean = path.clean(level, latents, output)
        assert torch.allclose(clean, expected.pred_original_sample, atol=2e-3)


@pytest.mark.parametrize("scheduler", schedulers(), ids=["v_prediction", "epsilon"])
def test_steps_up_are_those_of_inverse_ddim(scheduler: DDIMScheduler) -> None:
    path = Trajectory.of(scheduler, 10)
    inverse = DDIMInverseScheduler.from_config(scheduler.config, clip_sample=False)
    inverse.set_timesteps(10)
    for level in range(2, path.steps + 1):
        latents, output = torch.randn(2, 1, 4, 8, 8)
        expected = inverse.step(output, path.timesteps[level - 1], latents).prev_sample
        assert torch.allclose(path.move(level - 1, level, latents, output), expected, atol=2e-3)


def test_the_scheduler_that_stable_diffusion_ships_serves() -> None:
    shipped = PNDMScheduler(skip_prk_steps=True, **STABLE_DIFFUSION)
    assert Trajectory.of(shipped, 50) == Trajectory.of(schedulers()[1], 50)


def test_epsilon_prediction_stops_below_pure_noise() -> None:
    """There the picture cannot be read from the noise: a step down would divide by nothing."""
    pure = DDIMScheduler(rescale_betas_zero_snr=True, timestep_spacing="trailing", prediction_type="epsilon")
    path = Trajectory.of(pure, 10)
    assert path.steps == 9 and path.timesteps[-1] == 899
    assert Trajectory.of(debug_scheduler("v_prediction"), 10).timesteps[-1] == 999


def test_what_cannot_be_walked_says_why() -> None:
    with pytest.raises(BadInput, match="of 1 steps was asked for; it takes 2 to 1000"):
        Trajectory.of(schedulers()[0], 1)
    with pytest.raises(BadInput, match="of 1001 steps") as caught:
        Trajectory.of(schedulers()[0], 1001)
    assert caught.value.field == "steps"
    with pytest.raises(ValueError, match="FlowMatchEulerDiscreteScheduler"):
        Trajectory.of(FlowMatchEulerDiscreteScheduler(), 10)
    with pytest.raises(ValueError, match="'sample'"):
        Trajectory.of(DDIMScheduler(prediction_type="sample"), 10)
    with pytest.raises(ValueError, match="must fall"):
        Trajectory((1, 2), (0.5, 0.9, 0.1), "epsilon")
