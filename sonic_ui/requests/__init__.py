"""What a person can ask for: one frozen model a verb, with every range in one place.

A request is plain data. The page builds it, the API takes it, a picture's metadata carries it and a backend
receives it; it round-trips through JSON. Validation lives here alone, and every refusal is a `BadInput` whose
message says what was given, what is accepted and what to do.
"""

# ruff: noqa: F401
from sonic_ui.requests.base import (
    ChangeEngineRequest,
    GeneratingRequest,
    MakingRequest,
    PaintingRequest,
    Request,
)
from sonic_ui.requests.edit_image import EditImageRequest
from sonic_ui.requests.edit_modes import EDIT_MODES
from sonic_ui.requests.fields import BadInput, Range
from sonic_ui.requests.image_to_sound import ImageToSoundRequest
from sonic_ui.requests.interpolate import InterpolateRequest
from sonic_ui.requests.learn_word import LearnWordRequest
from sonic_ui.requests.make_film import MakeFilmRequest
from sonic_ui.requests.sound_to_image import SoundToImageRequest
from sonic_ui.requests.teach_sound import TeachSoundRequest
from sonic_ui.requests.upscale_image import UpscaleImageRequest
from sonic_ui.requests.verbs import VERBS, Verb, read_request
from sonic_ui.requests.volume_sweep import VolumeSweepRequest
