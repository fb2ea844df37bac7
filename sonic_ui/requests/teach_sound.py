"""Teach the engine a new sound from recordings and pictures of it."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from sonic_ui.requests.base import SEED, MakingRequest
from sonic_ui.requests.fields import BadInput, FilePaths, Marker, Range, Words, shown

MOST_FILES = 20
TEACHING_STEPS = Range("Steps of training", 20, 1000, 10, 240, whole=True)

NO_RECORDINGS = "There is no recording yet. Give 1 to 20 of the new sound; eight make it surer."
NO_PICTURES = "There is no picture yet. Give 1 to 20 of what makes the sound; eight make it surer."

LONGEST_NAME = 32
NAME = re.compile(r"[^\W_](?:[\w-]*[^\W_])?")
NO_NAME = "The new sound has no name yet. Give it one word, such as “foghorn”."
BAD_NAME = (
    "The name is {given}; it takes one word of letters, digits and hyphens, at most {most} characters, such "
    "as “night-train”. Choose another."
)


@dataclass(frozen=True)
class TaughtName(Marker):
    """One word that names what is taught: it is a folder's name as well."""

    def check(self, value: object, field: str, kind: Any) -> str:
        if not isinstance(value, str | None):
            raise BadInput(BAD_NAME.format(given=shown(value), most=LONGEST_NAME), field)
        name = unicodedata.normalize("NFC", (value or "").strip())
        if not name:
            raise BadInput(NO_NAME, field)
        if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
            raise BadInput(BAD_NAME.format(given=shown(name), most=LONGEST_NAME), field)
        return name.lower()


class TeachSoundRequest(MakingRequest):
    """Teach the engine a new sound: it is trained on from recordings and pictures of it, and becomes an
    engine of its own beside the one it went on from.

    name         one word for it
    recordings   paths of 1 to 20 sound files of it
    pictures     paths of 1 to 20 pictures of what makes it
    caption      words about the pictures, if the engine knows them; may be left out
    training_steps  of training, at most; it ends before where what is held back gains nothing more
    """

    verb: Literal["teach_sound"] = "teach_sound"
    recordings: Annotated[tuple[str, ...], FilePaths("sound", MOST_FILES, NO_RECORDINGS)]
    pictures: Annotated[tuple[str, ...], FilePaths("picture", MOST_FILES, NO_PICTURES)]
    name: Annotated[str, TaughtName()]
    caption: Annotated[str, Words()] = ""
    training_steps: Annotated[int, TEACHING_STEPS] = 240
    seed: Annotated[int, SEED] = 0
