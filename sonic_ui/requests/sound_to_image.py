"""Paint what a sound depicts."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import field_validator, model_validator

from sonic_ui.requests.base import (
    END,
    START,
    PaintingRequest,
    Range,
    check_path,
    check_window,
)

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
    sound: str
    start_s: float | None = None
    end_s: float | None = None
    gain_db: float = 0.0
    count: int = 1

    RANGES: ClassVar[dict[str, Range]] = {
        **PaintingRequest.RANGES,
        "count": COUNT,
        "gain_db": GAIN,
        "start_s": START,
        "end_s": END,
    }
    OPTIONAL: ClassVar[frozenset[str]] = PaintingRequest.OPTIONAL | {"start_s", "end_s"}

    @field_validator("sound", mode="before")
    @classmethod
    def _check_sound(cls, value: object) -> str:
        return check_path(value, "sound")

    @model_validator(mode="after")
    def _check_window(self) -> Self:
        check_window(self.start_s, self.end_s, "start_s")
        return self
