"""What all requests share: ranges, refusals as sentences, JSON, and the settings every painting has."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator, model_validator

NO_SOUND = "There is no sound yet. Record a few seconds, upload a file or click one of the examples."
MAX_PROMPT_CHARACTERS = 1000
MIN_WINDOW_S = 0.1
MAX_STRENGTH_LAYERS = 32
MAX_REQUEST_CHARACTERS = 20_000


class BadInput(ValueError):
    """Something a person gave cannot be used. The message is a sentence for them.

    `field` names the setting that caused it ("sound", "steps", ...), so that a page can place the sentence
    beside its cause; empty when no single setting did.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


@dataclass(frozen=True)
class Range:
    """The values one number may take: `minimum` to `maximum` inclusive, `step` for a slider."""

    label: str
    minimum: float
    maximum: float
    step: float
    default: float | None
    whole: bool = False

    def check(self, value: object, field: str) -> float:
        """Return `value` as a number of this range, or raise `BadInput` naming the range."""
        number = self._number(value)
        if number is None or not self.minimum <= number <= self.maximum:
            kind = "a whole number" if self.whole else "a number"
            raise BadInput(
                f"{self.label} is {shown(value)}; it takes {kind} from {self.minimum:g} to "
                f"{_plain(self.maximum)}. Choose one in that range.",
                field,
            )
        return number

    def check_list(self, value: object, field: str, most: int) -> tuple[float, ...]:
        """Return `value` as one to `most` numbers of this range, or raise `BadInput`."""
        if isinstance(value, str):
            value = value.replace(",", " ").replace(";", " ").split()
        values = value if isinstance(value, (list, tuple)) else [value]
        if not 1 <= len(values) <= most:
            raise BadInput(
                f"{self.label}: {len(values)} values were given; 1 to {most} are accepted. "
                f"Give {'fewer' if values else 'at least one'}.",
                field,
            )
        return tuple(self.check(one, field) for one in values)

    def _number(self, value: object) -> float | None:
        """`value` as an int or float; None for anything that is not a usable number."""
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            return None
        try:
            number = float(value)
        except (ValueError, OverflowError):
            return None
        if not math.isfinite(number) or (self.whole and number != int(number)):
            return None
        return int(number) if self.whole else number


STRENGTH = Range("Strength of the sound", 0.0, 2.0, 0.05, 1.0)
GUIDANCE = Range("Follow the words and the sound", 1.0, 15.0, 0.1, None)
STEPS = Range("Steps", 1, 100, 1, None, whole=True)
SEED = Range("Seed", 0, 2**32 - 1, 1, 0, whole=True)
START = Range("Start in seconds", 0.0, 7 * 24 * 3600.0, 0.1, None)
END = Range("End in seconds", 0.0, 7 * 24 * 3600.0, 0.1, None)

WINDOW: dict[str, Range] = {"start_s": START, "end_s": END}
"""The settings that choose a part of the one sound."""


class Request(BaseModel):
    """What all verbs share: frozen, no unknown settings, refusals as `BadInput`.

    Numbers with an entry in `RANGES` are checked against it; those in `OPTIONAL` may be None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    RANGES: ClassVar[dict[str, Range]] = {}
    OPTIONAL: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _as_bad_input(error, type(self)) from None

    @field_validator("*", mode="before")
    @classmethod
    def _check_number(cls, value: object, info: ValidationInfo) -> object:
        field = str(info.field_name)
        if field not in cls.RANGES or (value is None and field in cls.OPTIONAL):
            return value
        return cls.RANGES[field].check(value, field)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """Build from a mapping. Raises `BadInput`."""
        return cls(**dict(values))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read back what `to_json` wrote. Raises `BadInput`."""
        return cls.from_values(read_object(text))

    def to_json(self) -> str:
        """The request as one line of JSON."""
        return self.model_dump_json()

    def changed(self, **values: Any) -> Self:
        """A copy with some settings replaced, validated again. Raises `BadInput`."""
        return type(self)(**{**self.model_dump(), **values})


class MakingRequest(Request):
    """The settings of every request that makes something.

    prompt           words for style or subject; negative_prompt: words to stay away from
    guidance_scale   how literally what is given is followed; None takes the bundle's own
    steps            denoising steps; None takes the bundle's own
    seed             the same request gives the same result
    """

    prompt: str = ""
    negative_prompt: str = ""
    guidance_scale: float | None = None
    steps: int | None = None
    seed: int = 0

    RANGES: ClassVar[dict[str, Range]] = {"guidance_scale": GUIDANCE, "steps": STEPS, "seed": SEED}
    OPTIONAL: ClassVar[frozenset[str]] = frozenset({"guidance_scale", "steps"})
    SOUNDS: ClassVar[tuple[str, ...]] = ()
    """The settings that name a sound file."""
    PICTURES: ClassVar[tuple[str, ...]] = ()
    """The settings that name a picture file."""
    WORDS: ClassVar[tuple[str, ...]] = ("prompt", "negative_prompt")
    """The settings that hold words."""

    @property
    def sound_paths(self) -> dict[str, str]:
        """The path of every sound, by setting."""
        return {name: str(getattr(self, name)) for name in self.SOUNDS}

    @property
    def picture_paths(self) -> dict[str, str]:
        """The path of every picture given, by setting."""
        given = {name: getattr(self, name) for name in self.PICTURES}
        return {name: str(path) for name, path in given.items() if path is not None}

    @field_validator("*", mode="before")
    @classmethod
    def _check_words(cls, value: object, info: ValidationInfo) -> object:
        if info.field_name not in cls.WORDS:
            return value
        text = " ".join(str(value if value is not None else "").split())
        if len(text) > MAX_PROMPT_CHARACTERS:
            raise BadInput(
                f"The words are {len(text)} characters long; at most {MAX_PROMPT_CHARACTERS} are accepted. "
                "Shorten them: the first dozen words count most.",
                str(info.field_name),
            )
        return text

    def with_defaults(self, defaults: Mapping[str, Any]) -> Self:
        """Fill settings left to the bundle (`steps`, `guidance_scale`) from the bundle's defaults."""
        missing = {
            name: defaults[name]
            for name in ("steps", "guidance_scale")
            if getattr(self, name) is None and defaults.get(name) is not None
        }
        return self.changed(**missing) if missing else self


class PaintingRequest(MakingRequest):
    """The settings of every request that paints.

    strength   how much the sound shapes the picture (beta): one number, or one a decoder attention layer
    """

    strength: float | tuple[float, ...] = 1.0

    SOUNDS: ClassVar[tuple[str, ...]] = ("sound",)
    WINDOWS: ClassVar[tuple[tuple[str, str], ...]] = (("start_s", "end_s"),)
    """The settings that say where the part of each sound to listen to starts and ends."""

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
        for start, end in self.WINDOWS:
            start_s, end_s = getattr(self, start) or 0.0, getattr(self, end)
            if end_s is not None and end_s - start_s < MIN_WINDOW_S:
                raise BadInput(
                    f"The part chosen runs from {start_s:g} s to {end_s:g} s; it must be at least "
                    f"{MIN_WINDOW_S:g} s long. Move the end after the start, or leave both empty.",
                    start,
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
    if problem["type"] == "extra_forbidden":
        known = ", ".join(request.model_fields)
        return BadInput(f"There is no setting called {shown(field)}; the settings are {known}.", field)
    if problem["type"] == "missing" and field.startswith("sound"):
        return BadInput(NO_SOUND, field)
    return BadInput(f"The setting {field} is {shown(problem.get('input'))}: {problem['msg'].lower()}.", field)


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:g}"


def shown(value: object) -> str:
    """A value as it may stand in a sentence: short, and quoted when it is text."""
    if value is None:
        return "empty"
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
