"""What is heard, in words: a caption that the engine writes of a sound, and pictures painted by one."""

from typing import Annotated, Literal

from sonic_ui.requests.base import SEED, EndS, Request, StartS
from sonic_ui.requests.fields import Range, SoundPath

ByCaption = Literal["off", "with_sound", "words_alone"]
"""How a caption takes part in a picture: not at all, beside the sound, or in its place."""

OFF: ByCaption = "off"
TOP_K = Range("Words to draw from", 1, 10, 1, 1, whole=True)
OPTIMIZE_STEPS = Range("Steps of tuning to the sound", 0, 20, 1, 0, whole=True)


class CaptionSoundRequest(Request):
    """Write what is heard in a sound.

    sound            path of a sound file
    start_s, end_s   the part to listen to, in seconds; None listens to the loudest part of a long clip
    gain_db          make the sound louder or softer before listening
    top_k            1 takes the most probable word each time; more draw it from so many
    seed             of what is drawn
    """

    sound: SoundPath
    start_s: StartS = None
    end_s: EndS = None
    gain_db: Annotated[float, Range("Gain in dB", -48.0, 24.0, 0.1, 0.0)] = 0.0
    top_k: Annotated[int, TOP_K] = 1
    seed: Annotated[int, SEED] = 0
