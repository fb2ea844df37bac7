"""How long a request may hold a GPU that is lent by the second.

Seconds are what is asked for in advance, not what is used: work that needs more is ended, so they are
generous.
"""

from __future__ import annotations

from sonic_ui.requests import (
    EditImageRequest,
    ImageToSoundRequest,
    InterpolateRequest,
    MakingRequest,
    SoundToImageRequest,
    VolumeSweepRequest,
)
from sonic_ui.requests.interpolate import shared_steps

START_S = 8.0
"""To start a worker, and to decode what was made."""

PASS_S = 0.05
"""Allowed for one sample through the denoiser of a 512 px model; smaller ones get no less."""

LISTEN_S = 10
"""To hear a sound, to look at a picture, to judge pictures."""

SHORTEST_S, LONGEST_S = 10, 120
"""What may be asked for: the longest is what visitors of a Space get at once."""

USUAL_STEPS = 50
"""Where neither the request nor the bundle says."""


def sample_passes(request: MakingRequest) -> int:
    """How often one sample goes through the denoiser: steps, guidance, pictures, and an edit's inversion."""
    steps = request.steps or USUAL_STEPS
    guided = 1 if request.guidance_scale is not None and request.guidance_scale <= 1 else 2
    if isinstance(request, InterpolateRequest):
        return guided * _interpolation_steps(request, steps)
    inverting = steps if isinstance(request, EditImageRequest) else 0
    return inverting + steps * guided * _made(request)


def gpu_seconds(request: MakingRequest, picture_px: int = 512) -> int:
    """Whole seconds to ask for, from the request alone and the size of the model's pictures."""
    area = max(1.0, (picture_px / 512) ** 2)
    wanted = START_S + sample_passes(request) * PASS_S * area
    return round(min(LONGEST_S, max(SHORTEST_S, wanted)))


def interpolation_steps(request: InterpolateRequest, steps: int, begin: int, carried: int) -> int:
    """Steps of single pictures in a glide: whole ends, those between from step `begin` on, and `carried` ends
    that are painted as far as that and not shown."""
    ends = sum(place in (0.0, 1.0) for place in request.places)
    return ends * steps + (request.count - ends) * (steps - begin) + carried * begin


def _interpolation_steps(request: InterpolateRequest, steps: int) -> int:
    """`interpolation_steps` where no end is known from before."""
    shown = {0.0, 1.0} & set(request.places)
    unshown = 2 - len(shown) if set(request.places) - shown else 0
    return interpolation_steps(request, steps, shared_steps(request.continuity, steps), unshown)


def _made(request: MakingRequest) -> int:
    """How many pictures or sounds are made."""
    if isinstance(request, SoundToImageRequest):
        return request.count
    if isinstance(request, VolumeSweepRequest):
        return len(request.turns)
    if isinstance(request, EditImageRequest):
        return len(request.edits)
    if isinstance(request, ImageToSoundRequest):
        return request.takes if request.source == "generate" else 0
    return 1
