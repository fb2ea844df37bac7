"""Settings of requests: types that check what is given, and refuse it with a sentence.

A marker in `Annotated` says what a setting is: `Annotated[int, SEED]`. Where the annotated type
allows None, so does the marker.
"""

import math
import os
import reprlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema

NO_SOUND = "There is no sound yet. Record a few seconds, upload a file or click one of the examples."
NO_PICTURE = "There is no picture yet. Upload one, take one with the camera or click one of the examples."
MAX_PROMPT_CHARACTERS = 1000
LONGEST_SHOWN = 40
"""Characters of a value in a sentence."""


class BadInput(ValueError):
    """Something a person gave cannot be used. The message is a sentence for them.

    `field` names the setting that caused it ("sound", "steps", ...), so that a page can place the sentence
    beside its cause; empty when no single setting did.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Marker:
    """A check of one setting, as metadata of its annotation."""

    def check(self, value: Any, field: str, kind: Any) -> Any:
        """The value to keep for `field`, annotated as `kind`. Raises `BadInput`."""
        raise NotImplementedError

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        optional = NoneType in get_args(source)

        def check(value: object, info: ValidationInfo) -> object:
            if value is None and optional:
                return None
            return self.check(value, str(info.field_name), source)

        return BeforeValidator(check).__get_pydantic_core_schema__(source, handler)


@dataclass(frozen=True)
class Range(Marker):
    """The values one number may take: `minimum` to `maximum` inclusive, `step` for a slider."""

    label: str
    minimum: float
    maximum: float
    step: float
    default: float | None
    whole: bool = False

    def check(self, value: object, field: str, kind: Any = None) -> float:
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
        number = as_float(value)
        if number is None or not math.isfinite(number) or (self.whole and number != int(number)):
            return None
        return int(number) if self.whole else number


@dataclass(frozen=True)
class Numbers(Marker):
    """One to `most` numbers of a range: a list, or text with commas or spaces."""

    range: Range
    most: int

    def check(self, value: object, field: str, kind: Any) -> tuple[float, ...]:
        return self.range.check_list(value, field, self.most)


@dataclass(frozen=True)
class Words(Marker):
    """Text for the networks: tidied, not too long."""

    def check(self, value: object, field: str, kind: Any) -> str:
        if not isinstance(value, str | None):
            raise BadInput(f"The words are {shown(value)}; they take text. Write it in quotes.", field)
        text = tidy_text(value or "")
        if len(text) > MAX_PROMPT_CHARACTERS:
            raise BadInput(
                f"The words are {len(text)} characters long; at most {MAX_PROMPT_CHARACTERS} are accepted. "
                "Shorten them: the first dozen words count most.",
                field,
            )
        return text


@dataclass(frozen=True)
class FilePath(Marker):
    """The path of a file; `missing` is the sentence for where there is none."""

    holds: Literal["sound", "picture", "word", "impulse response"]
    missing: str

    def check(self, value: object, field: str, kind: Any) -> str | None:
        if isinstance(value, os.PathLike):
            value = os.fspath(value)
        if value == "" and NoneType in get_args(kind):
            return None
        if not isinstance(value, str | None):
            raise BadInput(f"The {self.holds} is {shown(value)}; it takes a file. Upload one.", field)
        path = (value or "").strip()
        if not path or "\0" in path:
            raise BadInput(self.missing, field)
        if not is_unicode(path):
            raise BadInput(f"The {self.holds}'s file has a name that is no text. Rename the file.", field)
        return path


@dataclass(frozen=True)
class FilePaths(Marker):
    """The paths of one to `most` files of sounds or of pictures: a list, or one path."""

    holds: Literal["sound", "picture"]
    most: int
    missing: str

    def check(self, value: object, field: str, kind: Any) -> tuple[str, ...]:
        values = value if isinstance(value, (list, tuple)) else [] if value in (None, "") else [value]
        if not values:
            raise BadInput(self.missing, field)
        if len(values) > self.most:
            raise BadInput(
                f"{len(values)} {self.holds}s were given; 1 to {self.most} are accepted. Give fewer.", field
            )
        one = FilePath(self.holds, self.missing)
        return tuple(str(one.check(path, field, str)) for path in values)


@dataclass(frozen=True)
class OneOf(Marker):
    """One of the words of the annotated Literal; `sentence` refuses others, naming {given} and {known}.

    empty   what is meant where nothing is given
    """

    sentence: str
    empty: str | None = None

    def check(self, value: object, field: str, kind: Any) -> object:
        optional, words = NoneType in get_args(kind), _words(kind)
        if (value is None or value == "") and (optional or self.empty is not None):
            return self.empty
        if value in words:
            return value
        raise BadInput(self.sentence.format(given=shown(value), known=", ".join(words)), field)


def _words(kind: Any) -> tuple[str, ...]:
    """The words of a Literal, or of the one in an optional type."""
    inner = [one for one in get_args(kind) if get_args(one)]
    return get_args(inner[0]) if inner else get_args(kind)


Prompt = Annotated[str, Words()]
SoundPath = Annotated[str, FilePath("sound", NO_SOUND)]
PicturePath = Annotated[str, FilePath("picture", NO_PICTURE)]

RoomName = Literal["dry", "room", "hall", "church"]
ROOMS: tuple[RoomName, ...] = get_args(RoomName)
"""Where a sound is heard: in the open air, or in a room with its reverberation."""

Room = Annotated[RoomName, OneOf("The room is {given}; it takes one of {known}.", empty="dry")]
"""One of `ROOMS`; empty is the open air."""

ROOM_PHRASES: Mapping[str, str] = {"room": "in a room", "hall": "in a hall", "church": "in a church"}
"""Rooms in the words of a prompt; the open air has none."""


def shown(value: object) -> str:
    """A value as it may stand in a sentence: short, and quoted when it is text."""
    if value is None:
        return "empty"
    if isinstance(value, int) and abs(value) >= 10**LONGEST_SHOWN:
        return f"a number of {math.ceil(value.bit_length() * math.log10(2))} digits"
    try:
        text = repr(value[: LONGEST_SHOWN + 1]) if isinstance(value, str) else reprlib.repr(value)
    except (ValueError, RecursionError):  # an endless number somewhere inside, or too many lists in lists
        return f"a {type(value).__name__} that cannot be shown"
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 3] + "..."


def as_float(value: object) -> float | None:
    """A number, or text that holds one, as a float (NaN and infinity too); None for anything else.

    Booleans are no numbers, and neither are integers beyond every float.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def is_unicode(text: str) -> bool:
    """Whether text can be written as UTF-8: it holds no lone surrogate."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def tidy_text(text: str) -> str:
    """Text with single spaces and without what cannot be written: lone surrogates, control characters.

    Two surrogates that make a character of UTF-16 (Unicode 16, section 3.9, D91) become that character.
    """
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    kept = (one for one in whole if one.isspace() or unicodedata.category(one) != "Cc")
    return " ".join("".join(kept).split())


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:g}"
