"""Parts of a sampling loop: noise by seed and its blends, guidance, a scheduler's step, a step's report."""

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.utils.torch_utils import randn_tensor
from PIL import Image
from torch import Generator, Tensor

from sonic_ui.pipelines.embedding_path import PARALLEL

PREVIEW_LATENTS = 32  # previews are decoded from at most this many latents a side
MIN_ALPHA_BAR = 1e-8
ENDS = (0.0, 1.0)
ZERO_SNR_RESCALE = 0.7  # arXiv 2305.08891

BEGINS_ANYWHERE = frozenset(
    {
        "DDIMScheduler",
        "DDPMScheduler",
        "DEISMultistepScheduler",
        "DPMSolverMultistepScheduler",
        "EulerAncestralDiscreteScheduler",
        "EulerDiscreteScheduler",
        "UniPCMultistepScheduler",
    }
)
"""Schedulers that go on rightly from the latents after any step: they remember nothing of the steps before,
or, of several steps, do without (their first step is then of first order). Others count calls (PNDM) or take
two for a step (Heun)."""


@dataclass(frozen=True)
class StepReport:
    """Where a sampling loop stands, after a step."""

    step: int
    """Steps done, from 1 to `total`."""
    total: int
    timestep: int
    """The step's time on the noise schedule: high is noisy."""
    pred_original_sample: Tensor
    """The clean latents that the denoiser expects now [B, C, h, w], float32."""
    decode: Callable[[Tensor], list[Image.Image]] = field(repr=False)
    latents: Tensor | None = field(repr=False, default=None)
    """The noisy latents after the step [B, C, h, w], float32, where a run may start again."""

    def preview(self) -> list[Image.Image]:
        """The expected pictures. Large ones are halved until they decode quickly."""
        latents = self.pred_original_sample
        while max(latents.shape[-2:]) > PREVIEW_LATENTS:
            latents = F.avg_pool2d(latents, 2)
        return self.decode(latents)


def seeded_noise(seeds: Sequence[int], shape: tuple[int, int, int]) -> tuple[Tensor, list[Generator]]:
    """Standard normal noise [B, *shape] on the CPU and the generators it came from, one a picture.

    Picture i depends on seeds[i] alone, so it starts from the same noise whatever stands beside it and
    whatever device it is painted on.
    """
    generators = [Generator("cpu").manual_seed(seed) for seed in seeds]
    return randn_tensor((len(seeds), *shape), generator=generators), generators


def slerp_latents(a: Tensor, b: Tensor, position: float) -> Tensor:
    """Spherical interpolation of latents a and b, each [1, C, h, w] as one vector; keeps noise's length.

    Exactly a at 0 and b at 1; along the line where they are nearly parallel. Source: Shoemake 1985 (slerp);
    for latents arXiv 2307.12560, section 3.
    """
    if position in ENDS:
        return a if position == 0.0 else b
    one, other = (end.flatten().cpu().double() for end in (a, b))
    lengths = one.norm() * other.norm()
    angle = float(torch.acos((one @ other / lengths.clamp(min=1e-12)).clamp(-1, 1)))
    if angle < PARALLEL or math.pi - angle < PARALLEL:
        return (1 - position) * a + position * b
    share_a, share_b = (math.sin(part * angle) / math.sin(angle) for part in (1 - position, position))
    return share_a * a + share_b * b


def vary_noise(
    noise: Tensor, variations: Sequence[Sequence[tuple[int, float]]], deviation: float = 1.0
) -> Tensor:
    """Noise [B, C, h, w] with that of other seeds blended in: pairs (seed, amount), one list a picture.

    They are blended in one after the other, along the arc (slerp). Amount 0 leaves a picture's noise as it
    is, to the bit; 1 is the other seed's.

    deviation   of the noise; that of the other seeds is scaled to it
    """
    rows = list(noise.split(1))
    for i, pairs in enumerate(variations):
        for seed, amount in pairs:
            fresh, _ = seeded_noise([seed], (noise.shape[1], noise.shape[2], noise.shape[3]))
            rows[i] = slerp_latents(rows[i], fresh.to(noise) * deviation, amount)
    return torch.cat(rows)


def begins_anywhere(scheduler: Any) -> bool:
    """Whether a run may start from the latents after any of the scheduler's steps."""
    return type(scheduler).__name__ in BEGINS_ANYWHERE


def skip_steps(
    scheduler: Any, steps: int, generators: list[Generator], shape: tuple[int, int, int]
) -> Tensor:
    """The times that are left after `steps` of them; the scheduler and the generators go on from there.

    Each step of a scheduler that adds noise draws [*shape] from a picture's generator. Needs a scheduler
    that `begins_anywhere`, and times that are set.
    """
    if steps and hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(steps)
    for generator in generators:
        for _ in range(steps):
            torch.randn(shape, generator=generator)
    times: Tensor = scheduler.timesteps[steps:]
    return times


def apply_cfg(prediction: Tensor, guidance_scale: float, rescale: float = 0.0) -> Tensor:
    """Classifier-free guidance: [2B, ...] of unconditional, then conditional -> [B, ...].

    rescale   phi in 0..1: how far the result is brought back to the deviation of the conditional
              prediction; without it a schedule that ends in pure noise gives glaring pictures. As
              diffusers' `rescale_noise_cfg`, which rounds otherwise in the last bit

    Source: arXiv 2207.12598; SonicDiffusion, supplement, equation 3; rescale: arXiv 2305.08891, section 3.4.
    """
    unconditional, conditional = prediction.chunk(2)
    guided = unconditional + guidance_scale * (conditional - unconditional)
    if rescale == 0:
        return guided
    axes = tuple(range(1, guided.ndim))
    ratio = conditional.std(axes, keepdim=True) / guided.std(axes, keepdim=True).clamp(min=1e-8)
    return guided * (rescale * ratio + 1 - rescale)


def guidance_rescale(scheduler: Any) -> float:
    """The `rescale` of `apply_cfg` for a schedule: ZERO_SNR_RESCALE where it ends in pure noise, else 0."""
    return ZERO_SNR_RESCALE if scheduler.config.get("rescale_betas_zero_snr") else 0.0


def pred_original_sample(
    prediction: Tensor, latents: Tensor, alpha_bar: float | Tensor, prediction_type: str
) -> Tensor:
    """The clean latents that a prediction at noisy `latents` implies.

    alpha_bar         share of signal power at this time: latents = sqrt(a) clean + sqrt(1 - a) noise
    prediction_type   "epsilon" (DDPM, arXiv 2006.11239), "v_prediction" (arXiv 2202.00512) or "sample"

    Raises ValueError for another type.
    """
    alpha_bar = torch.as_tensor(alpha_bar, dtype=torch.float32).clamp(min=MIN_ALPHA_BAR)
    signal, noise = float(alpha_bar.sqrt()), float((1 - alpha_bar).sqrt())
    if prediction_type == "epsilon":
        return (latents - noise * prediction) / signal
    if prediction_type == "v_prediction":
        return signal * latents - noise * prediction
    if prediction_type == "sample":
        return prediction
    raise ValueError(f"prediction_type is {prediction_type!r}; epsilon, v_prediction or sample is needed.")


def to_model_output(
    clean: Tensor, latents: Tensor, alpha_bar: float | Tensor, prediction_type: str
) -> Tensor:
    """The prediction at noisy `latents` that implies the clean ones: inverse of `pred_original_sample`."""
    share = torch.as_tensor(alpha_bar, dtype=torch.float32).clamp(1e-8, 1 - 1e-8)
    signal, noise = float(share.sqrt()), float((1 - share).sqrt())
    if prediction_type == "sample":
        return clean
    if prediction_type == "epsilon":
        return (latents - signal * clean) / noise
    return (signal * latents - clean) / noise


def scheduler_step(
    scheduler: Any, prediction: Tensor, timestep: Tensor, latents: Tensor, generators: list[Generator]
) -> tuple[Tensor, Tensor]:
    """One step of `scheduler`: (latents at the next time, predicted clean latents), [B, C, h, w] each."""
    takes_generator = "generator" in inspect.signature(scheduler.step).parameters
    noise_source = {"generator": generators} if takes_generator else {}
    output = scheduler.step(prediction, timestep, latents, **noise_source)
    clean = getattr(output, "pred_original_sample", None)
    if clean is None:
        alpha_bar = scheduler.alphas_cumprod[int(timestep)]
        clean = pred_original_sample(prediction, latents, alpha_bar, scheduler.config.prediction_type)
    return output.prev_sample, clean
