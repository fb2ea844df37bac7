"""The student of few steps: the algebra of its steps, and that it learns a path."""

from __future__ import annotations

from copy import deepcopy

import torch

from sonic_ui.models.low_rank import merge_low_rank
from sonic_ui.training.run import Run
from sonic_ui.training.stages.few_steps import (
    FewStepsStage,
    Paths,
    arc,
    few_step_scheduler,
    step_to,
    step_velocity,
    student_updates,
)
from sonic_ui.training.stages.latent_diffusion import trained_unet


def test_a_step_is_ddims_and_its_velocity_leads_back() -> None:
    scheduler, generator = few_step_scheduler(4), torch.Generator().manual_seed(0)
    x, velocity = torch.randn(2, 5, 3, 2, 2, generator=generator)
    for number, timestep in enumerate(scheduler.timesteps):
        at = torch.full((5,), number)
        after = step_to(scheduler, x, velocity, at)
        assert torch.allclose(after, scheduler.step(velocity, timestep, x).prev_sample, atol=1e-5)
        assert torch.allclose(step_velocity(scheduler, x, after, at), velocity, atol=1e-3)


def test_an_arc_of_unit_vectors_begins_and_ends_where_it_should() -> None:
    a, b = torch.eye(4)[:2].unsqueeze(1)
    middle = arc(a, b, torch.tensor([[0.5]]))
    assert torch.allclose(arc(a, b, torch.zeros(1, 1)), a) and torch.allclose(arc(a, b, torch.ones(1, 1)), b)
    assert torch.allclose(middle.norm(), torch.tensor(1.0)) and torch.allclose(middle @ a.T, middle @ b.T)


def test_it_learns_the_paths_of_its_teacher(run: Run) -> None:
    stored = Paths.load(sorted((run.folder / "teacher_paths").glob("train-*.pt")))
    assert stored.latents.shape[:2] == (8, 3)
    stage = FewStepsStage(run)
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam([p for p in stage.module.parameters() if p.requires_grad], 1e-2)
    losses = []
    for _ in range(24):
        optimizer.zero_grad()
        loss, _ = stage.loss(generator, 8)
        loss.backward()
        if torch.isfinite(torch.nn.utils.clip_grad_norm_(stage.module.parameters(), 1.0)):
            optimizer.step()  # as the training loop: in bfloat16 a map of one place can spoil a gradient
        losses.append(float(loss.detach()))
    stage.finish()
    assert sum(losses[-4:]) < 0.9 * sum(losses[:4])


def test_its_updates_fit_the_denoiser(run: Run) -> None:
    state = student_updates(run)
    unet = deepcopy(trained_unet(run))
    assert (
        merge_low_rank(unet, state, "unet") == len([name for name in state if name.startswith("unet.")]) / 2
    )
