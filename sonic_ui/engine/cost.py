"""How long a request may hold a GPU that is lent by the second.

Seconds are requested in advance, not measured: work that needs more is ended, so they are generous.
"""

from sonic_ui.pipelines.latent_windows import window_count
from sonic_ui.requests import (
    EditImageRequest,
    GeneratingRequest,
    ImageToSoundRequest,
    InterpolateRequest,
    MakingRequest,
    UpscaleImageRequest,
)
from sonic_ui.requests.interpolate import ENDS, shared_steps

START_S = 8.0
"""To start a worker, and to decode its pictures."""

PASS_S = 0.05
"""Allowed for one sample through the denoiser of a 512 px model; smaller ones get no less."""

ANALYSIS_S = 10
"""To embed a sound, to analyze a picture, to classify pictures."""

SHORTEST_S, LONGEST_S = 10, 120
"""What may be requested: the longest is what visitors of a Space get at once."""

WINDOW_S = 5.12
"""The shortest window of a denoiser of sounds: longer sounds are made of several."""

UPSCALE_PASSES = 10
"""Allowed for making a picture as large again; a network for 512 px pictures has some 17 M weights."""

USUAL_STEPS = 50
"""Where neither the request nor the bundle says."""


def sample_passes(request: MakingRequest) -> int:
    """How often one sample goes through the denoiser: steps, guidance, pictures, and an edit's inversion.

    For a picture that is made larger, about as much work.
    """
    if isinstance(request, UpscaleImageRequest):
        return UPSCALE_PASSES * request.factor**2
    if not isinstance(request, GeneratingRequest):
        raise TypeError(f"the cost of {type(request).__name__} is not known")
    steps = request.steps or USUAL_STEPS
    guided = 1 if request.guidance_scale is not None and request.guidance_scale <= 1 else 2
    if isinstance(request, InterpolateRequest):
        return guided * _interpolation_steps(request, steps)
    if isinstance(request, ImageToSoundRequest):
        return steps * guided * request.outputs * window_count(request.length_s or 0.0, WINDOW_S)
    inverting = steps if isinstance(request, EditImageRequest) else 0
    return inverting + steps * guided * request.outputs


def gpu_seconds(request: MakingRequest, picture_px: int = 512, passes: int | None = None) -> int:
    """Whole seconds to request, from the request and the size of the model's pictures.

    passes   of one sample through the denoiser, where the job knows them; else what the request alone tells
    """
    area = max(1.0, (picture_px / 512) ** 2)
    passes = sample_passes(request) if passes is None else passes
    seconds = START_S + passes * PASS_S * area
    return round(min(LONGEST_S, max(SHORTEST_S, seconds)))


def interpolation_steps(request: InterpolateRequest, steps: int, begin: int, partial: int) -> int:
    """Steps of single pictures in an interpolation: whole ends, those between from step `begin` on, and
    `partial` ends that are denoised as far as that and not shown."""
    ends = sum(position in ENDS for position in request.known_positions)
    return ends * steps + (request.outputs - ends) * (steps - begin) + partial * begin


def _interpolation_steps(request: InterpolateRequest, steps: int) -> int:
    """`interpolation_steps` where no end is known from before."""
    shown = {*ENDS} & {*request.known_positions}
    unshown = 2 - len(shown) if {*request.known_positions} - shown else 0
    return interpolation_steps(request, steps, shared_steps(request.continuity, steps), unshown)
