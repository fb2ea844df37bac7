"""Let a picture sound along a drawn curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import field_validator, model_validator

from sonic_ui.requests.base import BadInput, MakingRequest, Range, check_path, shown
from sonic_ui.requests.curves import Moments, check_curve, check_moments
from sonic_ui.requests.edit_image import NO_PICTURE

ENERGY_STRENGTH = Range("Strength of the curve", 0.0, 2.0, 0.05, 1.0)
TAKES = Range("Number of takes", 1, 4, 1, 1, whole=True)
LOUDNESS = Range("Loudness (LUFS)", -40.0, -10.0, 0.5, -20.0)
CONCEPTS = Range("Number of sources", 1, 4, 1, 2, whole=True)
SOURCE_LUFS = Range("Loudness of one source (LUFS)", -50.0, -10.0, 0.5, None)

CurveMode = Literal["natural", "exact"]
Control = Literal["trained", "guided", "none"]
SoundSource = Literal["generate", "recordings"]

_WAYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "mode": ("The way to follow the curve", ("natural", "exact")),
    "control": ("The control", ("trained", "guided", "none")),
    "source": ("Where the sound comes from", ("generate", "recordings")),
}


class ImageToSoundRequest(MakingRequest):
    """Let a picture sound.

    picture          path of a picture file
    curve            how energy rises and falls: numbers in [0, 1] over the whole time
    moments          when something sounds, instead of a curve: pairs of seconds, or a strip of 0 and 1
                     (neither: the picture's own curve is used)
    mode             "exact" takes the curve as it is; "natural" lets what is shown bend it to how it sounds
    source           "generate" makes the sound; "recordings" builds it from a library of recordings
    control          "trained" (energy ControlNet), "guided" (training-free guidance) or "none"
    energy_strength  how much the curve counts; 0 does not follow it
    takes            number of sounds; take i starts from seed + i
    loudness_lufs    integrated loudness of the result; None leaves it as it comes
    library          recordings: a folder inside the one the app was started with; None takes the examples
    concepts         recordings: how many sources of the picture are put together, at most
    quietest_lufs, loudest_lufs   recordings: each source's loudness is drawn from this range
    """

    verb: Literal["image_to_sound"] = "image_to_sound"
    picture: str
    curve: tuple[float, ...] | None = None
    moments: Moments | None = None
    mode: CurveMode = "exact"
    source: SoundSource = "generate"
    control: Control = "trained"
    energy_strength: float = 1.0
    takes: int = 1
    loudness_lufs: float | None = -20.0
    library: str | None = None
    concepts: int = 2
    quietest_lufs: float = -26.0
    loudest_lufs: float = -20.0

    RANGES: ClassVar[dict[str, Range]] = {
        **MakingRequest.RANGES,
        "energy_strength": ENERGY_STRENGTH,
        "takes": TAKES,
        "loudness_lufs": LOUDNESS,
        "concepts": CONCEPTS,
        "quietest_lufs": SOURCE_LUFS,
        "loudest_lufs": SOURCE_LUFS,
    }
    OPTIONAL: ClassVar[frozenset[str]] = MakingRequest.OPTIONAL | {"loudness_lufs"}
    PICTURES: ClassVar[tuple[str, ...]] = ("picture",)

    def with_defaults(self, defaults: Mapping[str, Any]) -> Self:
        """Fill open settings from the bundle's defaults for this verb; the others are for painting."""
        own = defaults.get("image_to_sound")
        return super().with_defaults(own if isinstance(own, Mapping) else {})

    @field_validator("picture", mode="before")
    @classmethod
    def _check_picture(cls, value: object) -> str:
        return check_path(value, "picture", NO_PICTURE)

    @field_validator("curve", mode="before")
    @classmethod
    def _check_curve(cls, value: object) -> object:
        return check_curve(value)

    @field_validator("moments", mode="before")
    @classmethod
    def _check_moments(cls, value: object) -> object:
        return check_moments(value)

    @field_validator("mode", "control", "source", mode="before")
    @classmethod
    def _check_way(cls, value: object, info: Any) -> object:
        what, known = _WAYS[info.field_name]
        if value not in known:
            raise BadInput(f"{what} is {shown(value)}; it takes {', '.join(known)}.", info.field_name)
        return value

    @field_validator("library", mode="before")
    @classmethod
    def _check_library(cls, value: object) -> object:
        if value is None or value == "":
            return None
        if not isinstance(value, str) or len(value) > 500 or "\0" in value:
            raise BadInput(f"The library is {shown(value)}; it takes the name of a folder.", "library")
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.curve is not None and self.moments is not None:
            raise BadInput(
                "A curve and moments were given; they say the same thing twice. Give one of them.", "curve"
            )
        if self.quietest_lufs > self.loudest_lufs:
            raise BadInput(
                f"The quietest source has {self.quietest_lufs:g} LUFS and the loudest "
                f"{self.loudest_lufs:g}. Swap them.",
                "quietest_lufs",
            )
        return self
