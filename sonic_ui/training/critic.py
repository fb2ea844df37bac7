"""Loss of a network that makes pictures or sounds beside a critic that learns to tell them from true ones."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class CriticLoss:
    """Gradient of all losses at the output, so that the network is passed backwards once.

    The critic's opinion and the distance of its features are scaled to the length of the reconstruction's
    gradient, times `opinion` and `matching` (as arXiv 2012.09841 weighs its critic, here at the output).
    The critic gives scores and the maps on the way; its own loss is the hinge.
    """

    def __init__(self, opinion: float, matching: float) -> None:
        self.opinion, self.matching = opinion, matching

    def __call__(
        self,
        reconstruction: Callable[[Tensor], Tensor],
        critic: nn.Module,
        output: Tensor,
        target: Tensor,
        share: float,
    ) -> tuple[Tensor, dict[str, float]]:
        """Scalar whose gradient is that of all losses at `output`, and the critic's own; and figures.

        reconstruction   loss of an output
        share            in [0, 1] of the critic's weight; at 0 it is left out
        """
        shown = output.detach().float().requires_grad_()
        loss = reconstruction(shown)
        (gradient,) = torch.autograd.grad(loss, shown)
        figures = {"reconstruction": loss.item()}
        if share == 0:
            return (output.float() * gradient).sum(), figures
        dtype = next(critic.parameters()).dtype
        score_true, maps_true = critic(target.to(dtype))
        own = F.relu(1 - score_true).mean() + F.relu(1 + critic(shown.detach().to(dtype))[0]).mean()
        score, maps = critic(shown.to(dtype))
        apart = torch.stack([F.l1_loss(a, b.detach()) for a, b in zip(maps, maps_true, strict=True)]).sum()
        length = gradient.norm()
        for weight, part in ((self.opinion, -score.mean()), (self.matching, apart)):
            (other,) = torch.autograd.grad(part, shown, retain_graph=True)
            gradient = gradient + share * weight * length / other.norm().clamp_min(1e-12) * other
        total = (output.float() * gradient).sum() + own
        return total, figures | {"critic": own.item(), "matching": apart.item()}
