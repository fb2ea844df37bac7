"""Paint what is heard right now."""

from typing import Annotated, Literal

from sonic_ui.requests.base import PaintingRequest
from sonic_ui.requests.fields import Range

SENSITIVITY = Range("Sensitivity in dB", -24.0, 36.0, 1.0, 0.0)
SMOOTHING = Range("Smoothing in seconds", 0.0, 5.0, 0.1, 0.8)


class LiveRequest(PaintingRequest):
    """Paint what is heard right now, frame by frame, from one noise: a steady sound gives a steady picture.

    gain_db       sensitivity: makes the sound louder or softer before listening
    smoothing_s   time constant with which the picture follows a change of the sound; 0 follows at once

    Without `steps` and `guidance_scale` the engine takes those of its few-step denoiser.
    """

    verb: Literal["live"] = "live"
    gain_db: Annotated[float, SENSITIVITY] = 0.0
    smoothing_s: Annotated[float, SMOOTHING] = 0.8
