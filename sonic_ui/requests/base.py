"""What all requests share: refusals as sentences, JSON, and the settings of everything that is made."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from sonic_ui.requests.fields import (
    LONGEST_SHOWN,
    NO_SOUND,
    BadInput,
    FilePath,
    FilePaths,
    Prompt,
    Range,
    Words,
    shown,
)

MIN_WINDOW_S = 0.1
MAX_STRENGTH_LAYERS = 32
MAX_REQUEST_CHARACTERS = 20_000

STRENGTH = Range("Strength of the sound", 0.0, 2.0, 0.05, 1.0)
GUIDANCE = Range("Follow the words and the sound", 1.0, 15.0, 0.1, None)
STEPS = Range("Steps", 1, 100, 1, None, whole=True)
SEED = Range("Seed", 0, 2**32 - 1, 1, 0, whole=True)
SEEDS = int(SEED.maximum) + 1
START = Range("Start in seconds", 0.0, 7 * 24 * 3600.0, 0.1, None)
END = Range("End in seconds", 0.0, 7 * 24 * 3600.0, 0.1, None)

StartS = Annotated[float | None, START]
EndS = Annotated[float | None, END]


TYPE_WORDS = {"bool": "true or false", "string": "text"}
"""What a setting without a marker takes, by the first word of pydantic's type of error."""


class Request(BaseModel):
    """What all requests share: frozen, no unknown settings, refusals as `BadInput`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    SOUNDS: ClassVar[tuple[str, ...]] = ()
    """The settings that name a sound file."""
    TRACKS: ClassVar[tuple[str, ...]] = ()
    """Those of them whose sound is followed through time: its job reads it, not the reader of clips."""
    PICTURES: ClassVar[tuple[str, ...]] = ()
    """The settings that name a picture file."""
    RESPONSES: ClassVar[tuple[str, ...]] = ()
    """The settings that name an impulse response."""
    FILE_LISTS: ClassVar[tuple[str, ...]] = ()
    """The settings that name several files of sounds or of pictures."""
    WORDS: ClassVar[tuple[str, ...]] = ()
    """The settings that hold words."""

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        markers = [(name, one) for name, field in cls.model_fields.items() for one in field.metadata]
        files = [(name, one.holds) for name, one in markers if isinstance(one, FilePath)]
        cls.SOUNDS = tuple(name for name, holds in files if holds == "sound")
        cls.PICTURES = tuple(name for name, holds in files if holds == "picture")
        cls.RESPONSES = tuple(name for name, holds in files if holds == "impulse response")
        cls.FILE_LISTS = tuple(name for name, one in markers if isinstance(one, FilePaths))
        cls.WORDS = tuple(name for name, one in markers if isinstance(one, Words))

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _as_bad_input(error, type(self)) from None

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """Build from a mapping. Raises `BadInput`."""
        return cls(**dict(values))

    def to_json(self) -> str:
        """The request as one line of JSON."""
        return self.model_dump_json()

    def changed(self, **values: Any) -> Self:
        """A copy with some settings replaced, validated again. Raises `BadInput`."""
        return type(self)(**{**self.model_dump(), **values})


class ChangeEngineRequest(Request):
    """Work with other weights from now on. engine: the name of one that the app lists."""

    engine: str


class MakingRequest(Request):
    """What every request that makes something has."""

    @property
    def outputs(self) -> int:
        """How many pictures or sounds are made."""
        return 1

    @property
    def sound_paths(self) -> dict[str, str]:
        """The path of every sound given, by setting."""
        return self._given(self.SOUNDS)

    @property
    def picture_paths(self) -> dict[str, str]:
        """The path of every picture given, by setting."""
        return self._given(self.PICTURES)

    @property
    def file_paths(self) -> dict[str, str]:
        """The path of every single file given, by setting."""
        return self._given((*self.SOUNDS, *self.PICTURES, *self.RESPONSES))

    def _given(self, names: tuple[str, ...]) -> dict[str, str]:
        paths = {name: getattr(self, name) for name in names}
        return {name: str(path) for name, path in paths.items() if path is not None}

    def with_defaults(self, defaults: Mapping[str, Any]) -> Self:
        """Fill settings left to the bundle (`steps`, `guidance_scale`) from the bundle's defaults."""
        missing = {
            name: defaults[name]
            for name in ("steps", "guidance_scale")
            if name in type(self).model_fields
            and getattr(self, name) is None
            and defaults.get(name) is not None
        }
        return self.changed(**missing) if missing else self


class GeneratingRequest(MakingRequest):
    """The settings of every request that a denoiser works on.

    prompt           words for style or subject; negative_prompt: words to stay away from
    guidance_scale   how literally what is given is followed; None takes the bundle's own
    steps            denoising steps; None takes the bundle's own
    seed             the same request gives the same result
    """

    prompt: Prompt = ""
    negative_prompt: Prompt = ""
    guidance_scale: Annotated[float | None, GUIDANCE] = None
    steps: Annotated[int | None, STEPS] = None
    seed: Annotated[int, SEED] = 0

    def seed_of(self, number: int) -> int:
        """The seed that output `number` starts from; those of a strip share one."""
        return self.seed

    def variations_of(self, number: int) -> tuple[tuple[int, float], ...]:
        """The variations (seed, amount) that output `number` starts from; none where a verb has none."""
        return ()


class PaintingRequest(GeneratingRequest):
    """The settings of every request that paints from sounds.

    A setting `soundX` that names a sound has `startX_s` and `endX_s` beside it: the part to listen to.

    strength   how much the sound shapes the picture (beta): one number, or one a decoder attention layer
    """

    strength: float | tuple[float, ...] = 1.0

    @classmethod
    def window_settings(cls, sound: str) -> tuple[str, str]:
        """The settings that say where the part of a sound to listen to starts and ends."""
        side = sound.removeprefix("sound")
        return f"start{side}_s", f"end{side}_s"

    def part_of(self, sound: str) -> tuple[float | None, float | None]:
        """Start and end of the part of a sound that is listened to, in seconds, by the sound's setting."""
        start, end = self.window_settings(sound)
        return getattr(self, start), getattr(self, end)

    @field_validator("strength", mode="before")
    @classmethod
    def _check_strength(cls, value: object) -> float | tuple[float, ...]:
        if not isinstance(value, (list, tuple)):
            return STRENGTH.check(value, "strength")
        if not 1 <= len(value) <= MAX_STRENGTH_LAYERS:
            raise BadInput(
                f"Strength of the sound has {len(value)} numbers; give one number, or one for each decoder "
                f"attention layer (1 to {MAX_STRENGTH_LAYERS}).",
                "strength",
            )
        return tuple(STRENGTH.check(number, "strength") for number in value)

    @model_validator(mode="after")
    def _check_windows(self) -> Self:
        for sound in self.SOUNDS:
            start_s, end_s = self.part_of(sound)
            start_s = start_s or 0.0
            if end_s is not None and end_s - start_s < MIN_WINDOW_S:
                raise BadInput(
                    f"The part chosen runs from {start_s:g} s to {end_s:g} s; it must be at least "
                    f"{MIN_WINDOW_S:g} s long. Move the end after the start, or leave both empty.",
                    self.window_settings(sound)[0],
                )
        return self


def read_object(text: str) -> dict[str, Any]:
    """A JSON object. Raises `BadInput`."""
    if len(text) > MAX_REQUEST_CHARACTERS:
        raise BadInput(
            f"The settings are {len(text)} characters long; at most {MAX_REQUEST_CHARACTERS} are read."
        )
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise BadInput("The settings are not readable: they should be the JSON object that this app writes.")
    return values


def _as_bad_input(error: ValidationError, request: type[Request]) -> BadInput:
    """The first problem of a pydantic error as one sentence."""
    problem = error.errors()[0]
    cause = problem.get("ctx", {}).get("error")
    if isinstance(cause, BadInput):
        return cause
    field = str(problem["loc"][0]) if problem["loc"] else ""
    if problem["type"] == "extra_forbidden" or not field:  # the name itself is no text
        known, field = ", ".join(request.model_fields), field or str(problem.get("input"))
        named = field if field.isidentifier() and len(field) <= LONGEST_SHOWN else ""
        return BadInput(f"There is no setting called {shown(field)}; the settings are {known}.", named)
    if problem["type"] == "missing" and field.startswith("sound"):
        return BadInput(NO_SOUND, field)
    given, kind = shown(problem.get("input")), problem["type"].partition("_")[0]
    if kind in TYPE_WORDS:
        return BadInput(f"The setting {field} is {given}; it takes {TYPE_WORDS[kind]}.", field)
    return BadInput(f"The setting {field} is {given}: {problem['msg'].lower()}.", field)
