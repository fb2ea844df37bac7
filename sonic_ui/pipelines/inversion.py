"""DDIM inversion: a picture as the noise that it would be painted from, where edits start.

Song et al., "Denoising Diffusion Implicit Models" (arXiv 2010.02502), equation 12 with sigma = 0 on the way
down to the picture, equation 13 reversed on the way up to the noise. The step up to a noisier level would
need the denoiser's output at that level, which is not known yet: it is taken from the level below.

What still differs between a step up and the step down that should undo it is stored as a correction and added
on the way down (Ju et al., "Direct Inversion", arXiv 2310.01506). It costs no pass: the output at the arrived
level is what the next step up starts from. So the path down returns the picture exactly, in N + 1 passes for
N steps.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

import torch
from diffusers import DDIMScheduler
from PIL.Image import Image
from torch import Tensor

from sonic_ui.media.images import FittedPicture
from sonic_ui.pipelines.check_inputs import positive
from sonic_ui.pipelines.plug_and_play import Features, HookPoint
from sonic_ui.pipelines.sampling import MIN_ALPHA_BAR, pred_original_sample
from sonic_ui.requests import BadInput

MIN_STEPS = 2
MIN_EPSILON_ALPHA_BAR = 1e-4
PREDICTION_TYPES = ("epsilon", "v_prediction")
FEATURE_BYTES = 2**30
"""Limit of the features of one inversion unless another is given."""

Denoise = Callable[[Tensor, int, bool], Tensor]
"""(latents, level, whether this pass's features are those to keep) -> the denoiser's output."""


@dataclass(frozen=True)
class Trajectory:
    """The levels of noise that a path stops at: level 0 is the picture, level N the noise.

    Every step between two levels is linear in the latents and in the denoiser's output, and the factors here
    serve both directions, so a step down with the same output undoes a step up.
    """

    timesteps: tuple[int, ...]
    """N times, rising: `timesteps[i - 1]` is that of level i."""
    alpha_bars: tuple[float, ...]
    """N + 1 shares of signal power, falling: latents = sqrt(a) clean + sqrt(1 - a) noise."""
    prediction_type: str

    @classmethod
    def of(cls, scheduler: Any, steps: int) -> Self:
        """The path of `steps` steps over a scheduler's noise schedule, at the times where it would stop.

        Any scheduler with betas serves, since all of them train the same denoiser. A schedule that ends in
        pure noise (zero terminal SNR, arXiv 2305.08891) is walked to its end with v-prediction, where a step
        is a rotation and nothing divides by the signal. With epsilon-prediction the picture cannot be read
        from pure noise, so levels of alpha_bar < MIN_EPSILON_ALPHA_BAR are left out.

        Raises BadInput for a number of steps out of range, ValueError for a scheduler of another kind.
        """
        config = scheduler.config
        kind = config.get("prediction_type")
        if "beta_start" not in config or kind not in PREDICTION_TYPES:
            raise ValueError(
                f"{type(scheduler).__name__} with prediction_type {kind!r} cannot be inverted here; a noise "
                f"schedule with betas and a denoiser of {' or '.join(PREDICTION_TYPES)} is needed."
            )
        most = int(config["num_train_timesteps"])
        if not MIN_STEPS <= positive("num_inference_steps", steps) <= most:
            raise BadInput(
                f"An edit of {steps} steps was asked for; it takes {MIN_STEPS} to {most}.", "steps"
            )
        ddim = DDIMScheduler.from_config(config)
        ddim.set_timesteps(steps)
        least = MIN_EPSILON_ALPHA_BAR if kind == "epsilon" else 0.0
        times = [int(t) for t in ddim.timesteps.flip(0) if float(ddim.alphas_cumprod[t]) >= least]
        alpha_bars = [float(ddim.final_alpha_cumprod), *(float(ddim.alphas_cumprod[t]) for t in times)]
        return cls(tuple(times), tuple(max(a, MIN_ALPHA_BAR) for a in alpha_bars), kind)

    def __post_init__(self) -> None:
        if any(above > below for below, above in pairwise(self.alpha_bars)):
            raise ValueError(f"alpha_bars must fall from the picture to the noise; given {self.alpha_bars}.")

    @property
    def steps(self) -> int:
        """N."""
        return len(self.timesteps)

    def clean(self, level: int, latents: Tensor, output: Tensor) -> Tensor:
        """The clean latents that the denoiser's output at `level` implies."""
        return pred_original_sample(output, latents, self.alpha_bars[level], self.prediction_type)

    def move(self, start: int, end: int, latents: Tensor, output: Tensor) -> Tensor:
        """Latents at level `start` -> at level `end`, by the denoiser's output at `start`: equation 12."""
        scale, share = self._factors(start, end)
        return scale * latents + share * output

    def _factors(self, start: int, end: int) -> tuple[float, float]:
        """(a, b) of the step: latents at `end` = a * latents at `start` + b * output at `start`."""
        signal, noise = _amplitudes(self.alpha_bars[start])
        signal_end, noise_end = _amplitudes(self.alpha_bars[end])
        if self.prediction_type == "epsilon":
            scale = signal_end / signal
            return scale, noise_end - scale * noise
        # v-prediction: a rotation by the angle between the levels (arXiv 2202.00512, appendix D).
        return signal_end * signal + noise_end * noise, noise_end * signal - signal_end * noise


def _amplitudes(alpha_bar: float) -> tuple[float, float]:
    """(sqrt(a), sqrt(1 - a))."""
    return alpha_bar**0.5, (1.0 - alpha_bar) ** 0.5


class StoredFeatures:
    """Store of a source's decoder features by level, in half precision in the processor's memory.

    limit_bytes   when they outgrow this, the least noisy levels are dropped: edits need them last, if at all
    dtype         what they are stored in; saturated to its range
    """

    def __init__(self, limit_bytes: int = FEATURE_BYTES, dtype: torch.dtype = torch.float16) -> None:
        self.limit_bytes = limit_bytes
        self.dtype = dtype
        self._levels: dict[int, dict[HookPoint, Tensor]] = {}

    def add(self, level: int, features: Features) -> None:
        """Keep the features of a level; levels come in rising order."""
        most = torch.finfo(self.dtype).max
        self._levels[level] = {
            point: values.clamp(-most, most).to("cpu", self.dtype, copy=True)
            for point, values in features.items()
        }
        while self._levels and self.nbytes > self.limit_bytes:
            del self._levels[min(self._levels)]

    def at(self, level: int, hook_points: Collection[HookPoint]) -> Features | None:
        """The features of a level at `hook_points`; None when they are not all kept."""
        stored = self._levels.get(level, {})
        return (
            {point: stored[point] for point in hook_points} if all(p in stored for p in hook_points) else None
        )

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

    def without_source(self) -> Self:
        """The same as it is cached: its square stands in for the picture at full size, which is read again
        for the next edit and comes back by `with_source`."""
        return replace(self, picture=replace(self.picture, source=self.picture.square))

    def with_source(self, source: Image) -> Self:
        """The same with its picture at full size, RGB."""
        return replace(self, picture=replace(self.picture, source=source))


@torch.no_grad()
def invert_latents(
    latents: Tensor,
    trajectory: Trajectory,
    denoise: Denoise,
    *,
    dtype: torch.dtype = torch.float32,
    on_level: Callable[[int, Tensor], None] | None = None,
) -> tuple[Tensor, Tensor]:
    """Clean latents [1, C, h, w] -> their path up to the noise and its corrections, as `Inversion` has them.

    dtype      what the path is stored in. Rounding happens before the denoiser reads the latents, so that
               half precision costs no exactness
    on_level   called with each level reached and the clean latents that the denoiser expects there; what it
               raises ends the run
    """

    def stored(values: Tensor) -> Tensor:
        return values.to(dtype).float()

    current = stored(latents)
    path, corrections = [current], []
    output = denoise(current, 1, False)  # at the picture itself: read with the least noisy time
    for level in range(1, trajectory.steps + 1):
        above = stored(trajectory.move(level - 1, level, current, output))
        output = denoise(above, level, True)
        corrections.append(current - trajectory.move(level, level - 1, above, output))
        path.append(above)
        current = above
        if on_level is not None:
            on_level(level, trajectory.clean(level, above, output))
    return torch.cat(path).to("cpu", dtype), torch.cat(corrections).to("cpu", dtype)
