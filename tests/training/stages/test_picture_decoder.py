"""The decoder's losses: reconstruction, and a critic of patches."""

from __future__ import annotations

import torch

from sonic_ui.training.stages.picture_decoder import CriticLoss, PatchCritic


def test_the_critic_pulls_beside_the_reconstruction() -> None:
    torch.manual_seed(0)
    critic, losses = PatchCritic((4, 8)), CriticLoss(1.0, opinion=0.5, matching=1.0)
    target = torch.rand(2, 3, 16, 16) * 2 - 1
    output = torch.zeros_like(target)
    alone, own, figures = losses(critic, output, target, 0)
    assert own == 0 and set(figures) == {"reconstruction"}
    both, own, figures = losses(critic, output, target, 1)
    assert own > 0 and not torch.allclose(alone, both)
    length = alone.norm()
    assert (both - alone).norm() <= 1.5001 * length, "weights are shares of the reconstruction's gradient"
    own.backward()
    assert all(p.grad is not None for p in critic.parameters())


def test_a_step_against_the_gradient_comes_nearer_to_the_target() -> None:
    losses = CriticLoss(1.0, opinion=0.0, matching=0.0)
    target, output = torch.rand(1, 3, 16, 16), torch.zeros(1, 3, 16, 16)
    gradient, _, before = losses(PatchCritic((4, 8)), output, target, 0)
    _, _, after = losses(PatchCritic((4, 8)), output - 100 * gradient, target, 0)
    assert after["reconstruction"] < before["reconstruction"]
