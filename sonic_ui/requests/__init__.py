"""What a person can ask for: one frozen model a verb, with every range in one place.

A request is plain data. The page builds it, the API takes it, a picture's metadata carries it and a backend
receives it; it round-trips through JSON. Validation lives here alone, and every refusal is a `BadInput` whose
message says what was given, what is accepted and what to do.
"""

# ruff: noqa: F401
from sonic_ui.requests.base import (
    END,
    GUIDANCE,
    MAX_REQUEST_CHARACTERS,
    SEED,
    START,
    STEPS,
    STRENGTH,
    ChangeEngineRequest,
    MakingRequest,
    PaintingRequest,
    Request,
)
from sonic_ui.requests.edit_image import MAX_STRENGTHS, TAU_ATTN, TAU_FEATURE, VARIATION, EditImageRequest
from sonic_ui.requests.edit_modes import EDIT_MODES, EditMode
from sonic_ui.requests.fields import MAX_PROMPT_CHARACTERS, ROOMS, BadInput, Range, Room, shown
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
from sonic_ui.requests.verbs import VERBS, Verb, read_request
from sonic_ui.requests.volume_sweep import GAINS_DB, MAX_GAINS, SCALE, VOLUME, VolumeSweepRequest
