"""What the app can do: the one table of verbs. Tabs, endpoints, bundles, links and jobs follow from it."""

from dataclasses import dataclass

from sonic_ui.requests.base import BadInput, MakingRequest, read_object, shown
from sonic_ui.requests.edit_image import EditImageRequest
from sonic_ui.requests.image_to_sound import ImageToSoundRequest
from sonic_ui.requests.interpolate import InterpolateRequest
from sonic_ui.requests.learn_word import LearnWordRequest
from sonic_ui.requests.make_film import MakeFilmRequest
from sonic_ui.requests.sound_to_image import SoundToImageRequest
from sonic_ui.requests.teach_sound import TeachSoundRequest
from sonic_ui.requests.upscale_image import UpscaleImageRequest
from sonic_ui.requests.volume_sweep import VolumeSweepRequest


@dataclass(frozen=True)
class Verb:
    """One thing that the app does.

    request    model of its requests
    title      title of its tab; tab: the tab's id on the page. The gallery has no folder in `ui/tabs`
    pipeline   folder of its pipeline inside a bundle
    """

    request: type[MakingRequest]
    title: str
    tab: str
    pipeline: str


VERBS: dict[str, Verb] = {
    "sound_to_image": Verb(SoundToImageRequest, "Sound → Image", "sound-to-image", "audio_to_image"),
    "edit_image": Verb(EditImageRequest, "Edit", "edit", "audio_to_image"),
    "interpolate": Verb(InterpolateRequest, "Interpolate", "interpolate", "audio_to_image"),
    "volume_sweep": Verb(VolumeSweepRequest, "Volume", "volume", "audio_to_image"),
    "make_film": Verb(MakeFilmRequest, "Film", "film", "audio_to_image"),
    "image_to_sound": Verb(ImageToSoundRequest, "Image → Sound", "image-to-sound", "image_to_audio"),
    "learn_word": Verb(LearnWordRequest, "Word", "word", "audio_to_image"),
    "teach_sound": Verb(TeachSoundRequest, "Teach", "teach", "audio_to_image"),
    "upscale_image": Verb(UpscaleImageRequest, "Upscale", "gallery", "upscaler"),
}
"""Verb -> what belongs to it, in the order of the tabs. Its job is `engine/jobs/<verb>.py`."""


def read_request(text: str) -> MakingRequest:
    """The request that a piece of JSON holds, of whichever verb it names. Raises `BadInput`."""
    values = read_object(text)
    verb = values.get("verb")
    if not isinstance(verb, str) or verb not in VERBS:
        raise BadInput(f"These settings are for {shown(verb)}; this app knows {', '.join(sorted(VERBS))}.")
    return VERBS[verb].request.from_values(values)
