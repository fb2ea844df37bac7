"""Pictures of another shape than the denoiser's own: the layout is painted in its own shape, then extended.

A denoiser that was trained on squares alone paints a thing twice, or in pieces, on a wide canvas. The first
steps settle what is where. They are done in its own shape; then the canvas grows by what stands at its edges,
as noisy as the rest, and the remaining steps paint all of it: the thing stays one, what is around it goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from sonic_ui.pipelines import sampling

LAYOUT_SHARE = 0.6
"""Share of the steps that are done in the denoiser's own shape; 0.4 left fewer things whole."""


@dataclass(frozen=True)
class Canvas:
    """A canvas of latents [C, H, W] around the denoiser's own [C, h, w], H >= h and W >= w.

    layout_steps   steps in the own shape
    noise          [B, C, H, W] standard normal, for what is added
    """

    layout_steps: int
    noise: Tensor

    @classmethod
    def plan(
        cls,
        own: tuple[int, int, int],
        shape: tuple[int, int, int],
        scheduler: Any,
        seeds: Sequence[int],
        variations: Sequence[Sequence[tuple[int, float]]],
        latents: Tensor | None = None,
        begin_step: int = 0,
    ) -> "Canvas | None":
        """The canvas for pictures of a shape; None where they are painted in it from the first step: it is
        the denoiser's own or smaller somewhere, or the scheduler cannot begin anywhere.

        latents   of a run that starts from some, `begin_step` steps behind them. At least one step is left to
                  the layout, whose prediction shows how its edges go on; latents that are not of the
                  denoiser's own shape are past it, and get no canvas
        """
        if latents is not None and tuple(latents.shape[1:]) != own:
            return None
        count = len(scheduler.timesteps)
        steps = min(max(round(LAYOUT_SHARE * count), begin_step + 1), count - 1)
        is_larger = shape != own and shape[1] >= own[1] and shape[2] >= own[2]
        if not (is_larger and steps and sampling.begins_anywhere(scheduler)):
            return None
        noise, _ = sampling.seeded_noise(seeds, shape)
        return cls(steps, sampling.vary_noise(noise, variations))

    def extend(self, latents: Tensor, clean: Tensor, scheduler: Any) -> Tensor:
        """Latents [B, C, h, w] after the layout's steps in the middle of the canvas [B, C, H, W]; around
        them `clean`'s edges go on.
        """
        (height, width), (tall, wide) = latents.shape[-2:], self.noise.shape[-2:]
        top, left = (tall - height) // 2, (wide - width) // 2
        sides = (left, wide - width - left, top, tall - height - top)
        timestep = scheduler.timesteps[self.layout_steps : self.layout_steps + 1]
        noise = self.noise.to(latents)
        around = scheduler.add_noise(F.pad(clean, sides, mode="replicate"), noise, timestep)
        around[..., top : top + height, left : left + width] = latents
        return around

    def fresh(self, scheduler: Any) -> Any:
        """A scheduler that goes on after the layout's steps, and remembers nothing of their shape."""
        fresh = type(scheduler).from_config(scheduler.config)
        fresh.set_timesteps(len(scheduler.timesteps))
        if hasattr(fresh, "set_begin_index"):
            fresh.set_begin_index(self.layout_steps)
        return fresh
