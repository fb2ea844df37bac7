"""Paint what a sound depicts."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import model_validator

from sonic_ui.requests.aspects import SQUARE, Aspect
from sonic_ui.requests.base import SEEDS, EndS, PaintingRequest, StartS
from sonic_ui.requests.captions import OFF, OPTIMIZE_STEPS, ByCaption
from sonic_ui.requests.faders import FIELD, Fader, FaderList
from sonic_ui.requests.fields import (
    NO_SOUND,
    ROOM_PHRASES,
    ROOMS,
    BadInput,
    FilePath,
    Prompt,
    Range,
    Room,
    RoomName,
    SoundPath,
)
from sonic_ui.requests.quality import DRAFT, FINE, Quality
from sonic_ui.requests.variations import Variation, VariationList, variations_of

COUNT = Range("Number of pictures", 1, 8, 1, 1, whole=True)
GAIN = Range("Gain in dB", -48.0, 24.0, 0.1, 0.0)
GainDb = Annotated[float, GAIN]

MixedSound = Annotated[str | None, FilePath("sound", NO_SOUND)]
ImpulseResponse = Annotated[
    str | None,
    FilePath("impulse response", "There is no impulse response. Give a WAV of one, or choose a room."),
]

OWN_PART = (
    "The part of the first sound stands in start_s and end_s. Leave start_s and end_s of its fader out, and "
    "set those."
)


class SoundToImageRequest(PaintingRequest):
    """Paint what a sound depicts.

    sound            path of a sound file
    start_s, end_s   the part to listen to, in seconds; None listens to the loudest part of a long clip
    gain_db          make the sound, or the whole mix, louder or softer before listening
    count            number of pictures; picture i starts from seed + i
    variations       pairs (seed, amount): the initial noise is blended with that of each seed in turn, along
                     the arc between both (slerp); amount 0 leaves the picture as it is, 1 is that seed's
                     picture. Where there are any, all pictures start from `seed`, and picture i takes the
                     last one's seed + i
    aspect           width to height, one that the engine offers
    quality          "draft" paints in the bundle's few steps without guidance, whatever `steps` and
                     `guidance_scale` say, where it has weights for that
    by_caption       what is heard, in words, as a condition: "off", "with_sound" or "words_alone", which
                     takes the words in place of the sound
    caption          these words; where there are none, the engine writes them
    caption_attention   weigh each word by how surely it is heard and whether it names a thing (In-the-wild
                     Sounds, equations 1 to 5)
    optimize_steps   steps in which the words' weights are tuned until the picture is like the sound (equation
                     6); each costs more than a picture, and the words take part
    sound2 to sound6   paths of more sounds, which are mixed with the first before they are heard (Seeing
                     Sound, figures 4 and 5); shorter ones are repeated to the length of the longest
    faders           one a sound, in their order: a gain in dB ("-inf": off), or an object with lufs (what the
                     sound is brought to first), gain_db, mute, solo, pan (-1 to 1, for the ear alone),
                     start_s and end_s (of the first sound they are settings of their own). Sounds without
                     one stay as they are
    room             where it is heard: dry, room, hall or church
    impulse_response   path of a recording of a room's answer to a clap, which takes the place of `room`
    by_name          what is heard, by name and as loud as it is, follows the prompt: each of several sounds
                     and of things that follow each other, a single sound where it is surely of one thing;
                     and the room, which is `room`, or where that is dry the one that the engine hears
    """

    verb: Literal["sound_to_image"] = "sound_to_image"
    sound: SoundPath
    start_s: StartS = None
    end_s: EndS = None
    gain_db: GainDb = 0.0
    count: Annotated[int, COUNT] = 1
    variations: VariationList = ()
    aspect: Aspect = SQUARE
    quality: Quality = FINE
    by_caption: ByCaption = OFF
    caption: Prompt = ""
    caption_attention: bool = True
    optimize_steps: Annotated[int, OPTIMIZE_STEPS] = 0
    sound2: MixedSound = None
    sound3: MixedSound = None
    sound4: MixedSound = None
    sound5: MixedSound = None
    sound6: MixedSound = None
    faders: FaderList = ()
    room: Room = "dry"
    impulse_response: ImpulseResponse = None
    by_name: bool = True

    @model_validator(mode="after")
    def _check_optimization(self) -> Self:
        if self.optimize_steps and self.by_caption == OFF:
            raise BadInput(
                f"The steps of tuning are {self.optimize_steps}; they tune words of what is heard, and "
                "these take no part. Choose another “Paint by caption”, or 0 steps.",
                "optimize_steps",
            )
        return self

    @model_validator(mode="after")
    def _check_faders(self) -> Self:
        if self.faders and (self.faders[0].start_s, self.faders[0].end_s) != (None, None):
            raise BadInput(OWN_PART, FIELD)
        return self

    @classmethod
    def window_settings(cls, sound: str) -> tuple[str, str]:
        """As of every request; the parts of further sounds stand in their faders."""
        return super().window_settings(sound) if sound == "sound" else (FIELD, FIELD)

    def part_of(self, sound: str) -> tuple[float | None, float | None]:
        """As of every request; the parts of further sounds stand in their faders."""
        if sound == "sound":
            return super().part_of(sound)
        fader = self.fader_of(sound)
        return fader.start_s, fader.end_s

    def fader_of(self, sound: str) -> Fader:
        """The fader of a sound, by its setting; one that changes nothing where none was given."""
        number = self.SOUNDS.index(sound)
        return self.faders[number] if number < len(self.faders) else Fader()

    @property
    def is_mix(self) -> bool:
        """Whether what is heard is mixed: of several sounds, or of one with a fader."""
        return bool(self.faders) or len(self.sound_paths) > 1

    def room_phrase(self, of_sound: RoomName) -> str:
        """The words for the room that is painted, the request's or the heard one; "" in the open air."""
        is_set = self.room != ROOMS[0] and self.impulse_response is None
        return ROOM_PHRASES.get(self.room if is_set else of_sound, "")

    def with_defaults(self, defaults: Mapping[str, Any]) -> Self:
        """As every request; a draft takes the bundle's steps and guidance of drafts."""
        draft = defaults.get(DRAFT)
        if self.quality == DRAFT and isinstance(draft, Mapping):
            return self.changed(steps=draft["steps"], guidance_scale=draft["guidance_scale"])
        return super().with_defaults(defaults)

    @property
    def outputs(self) -> int:
        return self.count

    def seed_of(self, number: int) -> int:
        return self.seed if self.variations else (self.seed + number) % SEEDS

    def variations_of(self, number: int) -> tuple[Variation, ...]:
        return variations_of(self.variations, number)
