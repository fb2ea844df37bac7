"""The deterministic path between a picture and its noise, walked in both directions: DDIM.

Song et al., "Denoising Diffusion Implicit Models" (arXiv 2010.02502), equation 12 with sigma = 0 on the way
down to the picture, equation 13 reversed on the way up to the noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

from diffusers import DDIMScheduler
from torch import Tensor

from sonic_ui.pipelines.check_inputs import positive
from sonic_ui.pipelines.sampling import MIN_ALPHA_BAR, pred_original_sample
from sonic_ui.requests import BadInput

MIN_STEPS = 2
MIN_EPSILON_ALPHA_BAR = 1e-4
PREDICTION_TYPES = ("epsilon", "v_prediction")


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

    def undo(self, start: int, end: int, latents: Tensor, output: Tensor) -> Tensor:
        """The latents at level `start` which `output` there moves to `latents` at level `end`."""
        scale, share = self._factors(start, end)
        return (latents - share * output) / scale

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
