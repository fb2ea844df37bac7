"""A picture as the noise that it would be painted from: DDIM inversion, kept so that edits start from it.

Song et al. (arXiv 2010.02502), equation 13 reversed. The step up to a noisier level would need the denoiser's
output at that level, which is not known yet. It is taken from the level below; `refinements` then repeat
the step with the output where it arrived (fixed-point iteration: Pan et al., AIDI, arXiv 2309.04907).

What still differs between a step up and the step down that should undo it is kept as a correction and added
on the way down (Ju et al., "Direct Inversion", arXiv 2310.01506). It costs no pass: the output at the arrived
level is what the next step up starts from. So the path down returns the picture exactly, without refinement,
in N + 1 passes for N steps.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import torch
from torch import Tensor

from sonic_ui.media.images import FittedPicture
from sonic_ui.pipelines.ddim_path import Trajectory
from sonic_ui.pipelines.plug_and_play import Features, HookPoint

KEPT_BYTES = 2**30
"""Features are kept up to this many bytes an inversion unless told otherwise."""

Denoise = Callable[[Tensor, int, bool], Tensor]
"""(latents, level, whether this pass's features are those to keep) -> the denoiser's output."""


class StoredFeatures:
    """A source's decoder features by level, in half precision in the processor's memory.

    limit_bytes   when they outgrow this, the least noisy levels are dropped: edits need them last, if at all
    dtype         what they are stored in; saturated to its range
    """

    def __init__(self, limit_bytes: int = KEPT_BYTES, dtype: torch.dtype = torch.float16) -> None:
        self.limit_bytes = limit_bytes
        self.dtype = dtype
        self._levels: dict[int, dict[HookPoint, Tensor]] = {}

    def add(self, level: int, features: Features) -> None:
        """Keep the features of a level; levels come in rising order."""
        most = torch.finfo(self.dtype).max
        self._levels[level] = {
            place: values.clamp(-most, most).to("cpu", self.dtype, copy=True)
            for place, values in features.items()
        }
        while self._levels and self.nbytes > self.limit_bytes:
            del self._levels[min(self._levels)]

    def at(self, level: int, places: Collection[HookPoint]) -> Features | None:
        """The features of a level at `places`; None when they are not all kept."""
        kept = self._levels.get(level, {})
        return {place: kept[place] for place in places} if all(place in kept for place in places) else None

    @property
    def levels(self) -> tuple[int, ...]:
        """The levels that are kept, rising."""
        return tuple(sorted(self._levels))

    @property
    def nbytes(self) -> int:
        """Memory they take."""
        return sum(t.nbytes for features in self._levels.values() for t in features.values())


@dataclass(frozen=True, repr=False)
class Inversion:
    """A picture's path up to its noise. Holds no weights and no device memory."""

    trajectory: Trajectory
    latents: Tensor
    """[N + 1, C, h, w]: `latents[0]` is the picture, `latents[N]` its noise."""
    corrections: Tensor
    """[N, C, h, w]: `corrections[i - 1]` is added after the step from level i down to level i - 1."""
    text: Tensor
    """[1, L, C]: the source prompt as the denoiser read it."""
    prompt: str
    features: StoredFeatures
    picture: FittedPicture
    sample_passes: int
    """Passes of one sample through the denoiser that the inversion cost."""

    @property
    def steps(self) -> int:
        """N."""
        return self.trajectory.steps

    @property
    def nbytes(self) -> int:
        """Memory that the inversion takes, its picture and features included."""
        tensors = (self.latents, self.corrections, self.text)
        return sum(t.nbytes for t in tensors) + self.features.nbytes + self.picture.nbytes


@torch.no_grad()
def invert_latents(
    latents: Tensor,
    trajectory: Trajectory,
    denoise: Denoise,
    *,
    refinements: int = 0,
    dtype: torch.dtype = torch.float32,
    on_level: Callable[[int, Tensor], None] | None = None,
) -> tuple[Tensor, Tensor]:
    """Clean latents [1, C, h, w] -> their path up to the noise and its corrections, as `Inversion` has them.

    refinements   fixed-point iterations a step, one pass each; 0 leaves all to the corrections
    dtype         what the path is stored in. Rounding happens before the denoiser reads the latents, so that
                  half precision costs no exactness
    on_level      called with each level reached and the clean latents that the denoiser expects there; what
                  it raises ends the run
    """

    def stored(values: Tensor) -> Tensor:
        return values.to(dtype).float()

    current = stored(latents)
    path, corrections = [current], []
    output = denoise(current, 1, False)  # at the picture itself: read with the least noisy time
    for level in range(1, trajectory.steps + 1):
        above = trajectory.move(level - 1, level, current, output)
        for _ in range(refinements):
            above = trajectory.undo(level, level - 1, current, denoise(above, level, False))
        above = stored(above)
        output = denoise(above, level, True)
        corrections.append(current - trajectory.move(level, level - 1, above, output))
        path.append(above)
        current = above
        if on_level is not None:
            on_level(level, trajectory.clean(level, above, output))
    return torch.cat(path).to("cpu", dtype), torch.cat(corrections).to("cpu", dtype)
