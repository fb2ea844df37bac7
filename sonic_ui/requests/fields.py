"""Kinds of settings that requests share: types that check what is given and refuse it with a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema

from sonic_ui.requests.base import NO_SOUND, BadInput, Range, shown

NO_PICTURE = "There is no picture yet. Upload one, take one with the camera or click one of the examples."


def file_path(missing: str) -> BeforeValidator:
    """The path of a file; `missing` is the sentence for where there is none."""

    def check(value: object, info: ValidationInfo) -> str:
        path = str(value).strip() if value is not None else ""
        if not path or "\0" in path:
            raise BadInput(missing, str(info.field_name))
        return path

    return BeforeValidator(check)


@dataclass(frozen=True)
class OneOf:
    """One of the words of the annotated Literal; `sentence` refuses others, telling {given} and {known}."""

    sentence: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        words = get_args(source)

        def check(value: object, info: ValidationInfo) -> object:
            if value in words:
                return value
            sentence = self.sentence.format(given=shown(value), known=", ".join(words))
            raise BadInput(sentence, str(info.field_name))

        return BeforeValidator(check).__get_pydantic_core_schema__(source, handler)


def numbers(range_: Range, most: int) -> BeforeValidator:
    """One to `most` numbers of a range: a list, or text with commas or spaces."""

    def check(value: object, info: ValidationInfo) -> tuple[float, ...]:
        return range_.check_list(value, str(info.field_name), most)

    return BeforeValidator(check)


def empty_as(meant: str | None) -> BeforeValidator:
    """What is left empty is `meant`."""
    return BeforeValidator(lambda value: meant if value is None or value == "" else value)


SoundPath = Annotated[str, file_path(NO_SOUND)]
PicturePath = Annotated[str, file_path(NO_PICTURE)]

RoomName = Literal["dry", "room", "hall", "church"]
ROOMS: tuple[RoomName, ...] = get_args(RoomName)
"""Where a sound is heard: in the open air, or in a room with its reverberation."""

Room = Annotated[RoomName, OneOf("The room is {given}; it takes one of {known}."), empty_as("dry")]
"""One of `ROOMS`; empty is the open air."""
