"""Let a picture sound along a drawn curve."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, model_validator

from sonic_ui.requests.base import GeneratingRequest
from sonic_ui.requests.concepts import ConceptLevels, check_concepts
from sonic_ui.requests.curves import Moments, check_curve, check_moments
from sonic_ui.requests.fields import BadInput, OneOf, PicturePath, Range, is_unicode, shown

ENERGY_STRENGTH = Range("Strength of the curve", 0.0, 2.0, 0.05, 1.0)
TAKES = Range("Number of takes", 1, 4, 1, 1, whole=True)
LOUDNESS = Range("Loudness (LUFS)", -40.0, -10.0, 0.5, -20.0)
CONCEPTS = Range("Number of sources", 1, 4, 1, 2, whole=True)
CANDIDATES = Range("Candidates a take", 1, 8, 1, 1, whole=True)
LENGTH = Range("Length in seconds", 2.0, 30.0, 0.01, None)
SOURCE_LUFS = Range("Loudness of one source (LUFS)", -50.0, -10.0, 0.5, None)

MAX_LIBRARY_CHARACTERS = 500

CurveMode = Annotated[
    Literal["natural", "exact"], OneOf("The way to follow the curve is {given}; it takes {known}.")
]
Control = Annotated[
    Literal["auto", "envelope", "trained", "guided", "none"],
    OneOf("The control is {given}; it takes {known}."),
]
SoundSource = Annotated[
    Literal["generate", "recordings", "both"],
    OneOf("Where the sound comes from is {given}; it takes {known}."),
]


def _check_library(value: object) -> object:
    if value is None or value == "":
        return None
    usable = isinstance(value, str) and len(value) <= MAX_LIBRARY_CHARACTERS and is_unicode(value)
    if not usable or "\0" in str(value):
        raise BadInput(f"The library is {shown(value)}; it takes the name of a folder.", "library")
    return value


class ImageToSoundRequest(GeneratingRequest):
    """Let a picture sound.

    picture          path of a picture file
    curve            how energy rises and falls: numbers in [0, 1] over the whole time
    moments          when something sounds, instead of a curve: pairs of seconds, or a strip of 0 and 1
                     (neither: nothing is held, the sound rises and falls by itself)
    mode             "exact" takes the curve as it is; "natural" lets what is shown bend it to how it sounds
    source           "generate" makes the sound; "recordings" builds it from a library of recordings; "both"
                     gives three sounds a take: one laid over the other, and each by itself
    control          how the curve is followed: "envelope" (made freely, then turned up and down), "trained"
                     (energy ControlNet), "guided" (training-free guidance), "none", or "auto": the envelope
                     for an exact curve, else what the weights have
    energy_strength  how much the curve counts; 0 does not follow it
    takes            number of sounds; take i starts from seed + i
    loudness_lufs    integrated loudness of the result; None leaves it as it comes
    library          recordings: a folder inside the one the app was started with; None takes the examples
    concept_levels   what sounds, instead of what the picture shows: up to 4 names, or pairs of a name and its
                     level in dB (0 to -30), [["rain", 0], ["thunder", -6]]
    concepts         recordings: how many sources of the picture are put together, at most
    quietest_lufs, loudest_lufs   recordings: each source's loudness is drawn from this range
    length_s         seconds of the sound; curve and strip are stretched to it. None takes the engine's own
    candidates       generate: sounds made for every take, of which the one is kept that is most like what the
                     picture shows and agrees best with the curve; its seed stands in the settings
    """

    verb: Literal["image_to_sound"] = "image_to_sound"
    picture: PicturePath
    curve: Annotated[tuple[float, ...] | None, BeforeValidator(check_curve)] = None
    moments: Annotated[Moments | None, BeforeValidator(check_moments)] = None
    mode: CurveMode = "exact"
    source: SoundSource = "generate"
    control: Control = "auto"
    energy_strength: Annotated[float, ENERGY_STRENGTH] = 1.0
    takes: Annotated[int, TAKES] = 1
    loudness_lufs: Annotated[float | None, LOUDNESS] = -20.0
    library: Annotated[str | None, BeforeValidator(_check_library)] = None
    concepts: Annotated[int, CONCEPTS] = 2
    quietest_lufs: Annotated[float, SOURCE_LUFS] = -26.0
    loudest_lufs: Annotated[float, SOURCE_LUFS] = -20.0
    length_s: Annotated[float | None, LENGTH] = None
    candidates: Annotated[int, CANDIDATES] = 1
    concept_levels: Annotated[ConceptLevels | None, BeforeValidator(check_concepts)] = None

    @property
    def outputs(self) -> int:
        parts = len(self.concept_levels or ("the picture",))
        return 0 if self.source == "recordings" else self.takes * self.candidates * parts

    def seed_of(self, number: int) -> int:
        return self.seed + number

    def with_defaults(self, defaults: Mapping[str, Any]) -> Self:
        """Fill open settings from the bundle's defaults for this verb; the others are for painting."""
        own = defaults.get("image_to_sound")
        return super().with_defaults(own if isinstance(own, Mapping) else {})

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
