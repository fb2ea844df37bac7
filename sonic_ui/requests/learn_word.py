"""Make a word of a sound."""

from typing import Annotated, Literal, Self

from pydantic import model_validator

from sonic_ui.requests.base import MIN_WINDOW_S, SEED, EndS, MakingRequest, StartS
from sonic_ui.requests.fields import NO_PICTURE, BadInput, FilePath, Range, SoundPath
from sonic_ui.requests.sound_to_image import GainDb
from sonic_ui.requests.word_names import Word

REFERENCES = Range("Pictures to learn from", 1, 5, 1, 4, whole=True)
LEARNING_STEPS = Range("Steps of learning", 10, 1000, 10, 100, whole=True)

Picture = Annotated[str | None, FilePath("picture", NO_PICTURE)]

SHORT_PART = (
    "The part chosen runs from {start:g} s to {end:g} s; it must be at least {least:g} s long. Move the end "
    "after the start, or leave both empty."
)


class LearnWordRequest(MakingRequest):
    """Make a word of a sound, which prompts may then hold: "a boat under <storm>".

    word             its name, with or without < and >
    sound            path of a sound file; start_s, end_s, gain_db: how it is listened to
    picture1 to picture5   paths of pictures of what the sound depicts; without any, the sound itself finds
                     `references` of them in the library
    library          a folder of pictures, by its name in the folder that the app may read; None takes the
                     pictures that come with the app
    references       how many pictures the sound finds
    learning_steps   of the word's optimisation
    seed             the same request gives the same word
    """

    verb: Literal["learn_word"] = "learn_word"
    word: Word
    sound: SoundPath
    picture1: Picture = None
    picture2: Picture = None
    picture3: Picture = None
    picture4: Picture = None
    picture5: Picture = None
    start_s: StartS = None
    end_s: EndS = None
    gain_db: GainDb = 0.0
    library: str | None = None
    references: Annotated[int, REFERENCES] = 4
    learning_steps: Annotated[int, LEARNING_STEPS] = 100
    seed: Annotated[int, SEED] = 0

    @model_validator(mode="after")
    def _check_part(self) -> Self:
        start_s = self.start_s or 0.0
        if self.end_s is not None and self.end_s - start_s < MIN_WINDOW_S:
            part = {"start": start_s, "end": self.end_s, "least": MIN_WINDOW_S}
            raise BadInput(SHORT_PART.format(**part), "start_s")
        return self
