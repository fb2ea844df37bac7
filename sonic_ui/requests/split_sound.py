"""Split a recording into stems."""

from typing import Annotated, Literal

from sonic_ui.requests.base import EndS, MakingRequest, StartS
from sonic_ui.requests.fields import OneOf, SoundPath

Way = Literal["harmonic", "2", "3", "4"]

LONGEST_SPLIT_S = 60.0
"""Of a longer recording the loudest part of this length is split."""


class SplitSoundRequest(MakingRequest):
    """Split a recording into stems, which sum to it: files for the sounds of `sound_to_image`.

    sound            path of a sound file
    start_s, end_s   the part to split, in seconds, one minute at most; None takes the loudest minute of a
                     longer one
    way              "harmonic": what is sustained and what is struck; "2", "3" or "4": so many parts
                     that rise and fall on their own
    """

    sound: SoundPath
    start_s: StartS = None
    end_s: EndS = None
    way: Annotated[Way, OneOf("The way to split is {given}; it takes one of {known}.")] = "harmonic"
