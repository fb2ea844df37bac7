"""Paint what a sound depicts."""

from __future__ import annotations

from typing import ClassVar, Literal

from sonic_ui.requests.base import WINDOW, PaintingRequest, Range
from sonic_ui.requests.fields import SoundPath

COUNT = Range("Number of pictures", 1, 8, 1, 1, whole=True)
GAIN = Range("Gain in dB", -48.0, 24.0, 0.5, 0.0)


class SoundToImageRequest(PaintingRequest):
    """Paint what a sound depicts.

    sound            path of a sound file
    start_s, end_s   the part to listen to, in seconds; None listens to the loudest part of a long clip
    gain_db          make the sound louder or softer before listening
    count            number of pictures; picture i starts from seed + i
    """

    verb: Literal["sound_to_image"] = "sound_to_image"
    sound: SoundPath
    start_s: float | None = None
    end_s: float | None = None
    gain_db: float = 0.0
    count: int = 1

    RANGES: ClassVar[dict[str, Range]] = {
        **PaintingRequest.RANGES,
        "count": COUNT,
        "gain_db": GAIN,
        **WINDOW,
    }
    OPTIONAL: ClassVar[frozenset[str]] = PaintingRequest.OPTIONAL.union(WINDOW)
