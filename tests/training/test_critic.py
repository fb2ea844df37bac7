"""The loss of a network and its critic."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from sonic_ui.training.critic import CriticLoss
from sonic_ui.training.stages.picture_autoencoder import PatchCritic


def gradients(losses: CriticLoss, output: Tensor, target: Tensor, share: float) -> tuple[Tensor, PatchCritic]:
    """Gradient at an output, and the critic with its own."""
    torch.manual_seed(0)
    critic, shown = PatchCritic((4, 8)), output.clone().requires_grad_()
    loss, _ = losses(lambda one: F.l1_loss(one, target), critic, shown, target, share)
    loss.backward()
    assert shown.grad is not None
    return shown.grad, critic


def test_the_critic_pulls_beside_the_reconstruction() -> None:
    losses = CriticLoss(opinion=0.5, matching=1.0)
    target = torch.rand(2, 3, 16, 16) * 2 - 1
    output = torch.zeros_like(target)
    alone, critic = gradients(losses, output, target, 0)
    assert all(p.grad is None for p in critic.parameters())
    both, critic = gradients(losses, output, target, 1)
    assert not torch.allclose(alone, both)
    assert (both - alone).norm() <= 1.5001 * alone.norm(), (
        "weights are shares of the reconstruction's gradient"
    )
    assert all(p.grad is not None for p in critic.parameters())


def test_a_step_against_the_gradient_comes_nearer_to_the_target() -> None:
    target, output = torch.rand(1, 3, 16, 16), torch.zeros(1, 3, 16, 16)
    gradient, _ = gradients(CriticLoss(opinion=0.0, matching=0.0), output, target, 0)
    assert F.l1_loss(output - 100 * gradient, target) < F.l1_loss(output, target)
