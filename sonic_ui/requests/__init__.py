"""What a person can ask for: one frozen model a verb, with every range in one place.

A request is plain data. The page builds it, the API takes it, a picture's metadata carries it and a backend
receives it; it round-trips through JSON. Validation lives here alone, and every refusal is a `BadInput` whose
message says what was given, what is accepted and what to do.
"""

from __future__ import annotations

from sonic_ui.requests.base import (
    END,
    GUIDANCE,
    MAX_PROMPT_CHARACTERS,
    MAX_REQUEST_CHARACTERS,
    SEED,
    START,
    STEPS,
    STRENGTH,
    BadInput,
    MakingRequest,
    PaintingRequest,
    Range,
    Request,
    read_object,
    shown,
)
from sonic_ui.requests.change_engine import ChangeEngineRequest
from sonic_ui.requests.edit_image import (
    MAX_STRENGTHS,
    TAU_ATTN,
    TAU_FEATURE,
    VARIATION,
    EditImageRequest,
)
from sonic_ui.requests.edit_modes import EDIT_MODES, EditMode
from sonic_ui.requests.fields import ROOMS, Room
from sonic_ui.requests.image_to_sound import (
    CONCEPTS,
    ENERGY_STRENGTH,
    LOUDNESS,
    SOURCE_LUFS,
    TAKES,
    ImageToSoundRequest,
)
from sonic_ui.requests.interpolate import (
    CONTINUITY,
    FILM_S,
    FRAMES,
    METHODS,
    MIX_LUFS,
    POSITION,
    SMOOTHING,
    InterpolateRequest,
)
from sonic_ui.requests.sound_to_image import COUNT, GAIN, SoundToImageRequest
from sonic_ui.requests.volume_sweep import GAINS_DB, MAX_GAINS, SCALE, VOLUME, VolumeSweepRequest

__all__ = [
    "CONCEPTS",
    "CONTINUITY",
    "COUNT",
    "EDIT_MODES",
    "END",
    "ENERGY_STRENGTH",
    "FILM_S",
    "FRAMES",
    "GAIN",
    "GAINS_DB",
    "GUIDANCE",
    "LOUDNESS",
    "MAX_GAINS",
    "MAX_PROMPT_CHARACTERS",
    "MAX_REQUEST_CHARACTERS",
    "MAX_STRENGTHS",
    "METHODS",
    "MIX_LUFS",
    "POSITION",
    "ROOMS",
    "SCALE",
    "SEED",
    "SMOOTHING",
    "SOURCE_LUFS",
    "START",
    "STEPS",
    "STRENGTH",
    "TAKES",
    "TAU_ATTN",
    "TAU_FEATURE",
    "VARIATION",
    "VERBS",
    "VOLUME",
    "BadInput",
    "ChangeEngineRequest",
    "EditImageRequest",
    "EditMode",
    "ImageToSoundRequest",
    "InterpolateRequest",
    "MakingRequest",
    "PaintingRequest",
    "Range",
    "Request",
    "Room",
    "SoundToImageRequest",
    "VolumeSweepRequest",
    "read_request",
]

VERBS: dict[str, type[MakingRequest]] = {
    "sound_to_image": SoundToImageRequest,
    "interpolate": InterpolateRequest,
    "volume_sweep": VolumeSweepRequest,
    "edit_image": EditImageRequest,
    "image_to_sound": ImageToSoundRequest,
}


def read_request(text: str) -> MakingRequest:
    """The request that a piece of JSON holds, of whichever verb it names. Raises `BadInput`."""
    values = read_object(text)
    verb = values.get("verb")
    if not isinstance(verb, str) or verb not in VERBS:
        raise BadInput(f"These settings are for {shown(verb)}; this app knows {', '.join(sorted(VERBS))}.")
    return VERBS[verb].from_values(values)
