"""Make a film in which the picture follows a sound through time."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from sonic_ui.requests import fields
from sonic_ui.requests.aspects import SQUARE, Aspect
from sonic_ui.requests.base import START, EndS, PaintingRequest, StartS
from sonic_ui.requests.edit_image import Mode
from sonic_ui.requests.quality import DRAFT, Quality

SHORTEST_FILM_S, LONGEST_FILM_S = 1.0, 600.0
"""Length of the part of a track that becomes a film."""

LONGEST_GIF_S = 60.0
"""A GIF is as large as a film of ten times its length."""

FPS = fields.Range("Frames a second", 6, 30, 1, 12, whole=True)
CHANGE_S = fields.Range("Seconds that a change takes", 0.2, 5.0, 0.1, 1.0)
LOUDNESS = fields.Range("How far the strength follows the loudness", 0.0, 1.0, 0.05, 0.5)
KICK_AMOUNT = fields.Range("Size of a kick", 0.0, 1.0, 0.05, 0.5)
HOLD_BEATS = fields.Range("Beats for which a picture is held", 0, 16, 1, 0, whole=True)
SIZE = fields.Range("Shortest side of the film in pixels", 128, 1080, 2, 512, whole=True)

DRAFT_STEPS = 12

Kick = Literal["none", "zoom", "noise"]
KickBy = Literal["onsets", "beats"]
Output = Literal["mp4", "gif", "frames"]


class MakeFilmRequest(PaintingRequest):
    """Make a film in which the picture follows a sound through time.

    sound            path of the track; start_s, end_s: the part of it that is filmed, from 1 s to 10 min
    picture          a picture that is edited along the track; None paints from the noise of the seed
    mode             how that picture is edited, as for `EditImageRequest`
    fps              frames a second
    change_s         how fast the film may change: seconds from one thing to the next
    content          whether what is shown follows what is heard from moment to moment; else it is what is
                     heard in all of the part
    loudness         how far the strength of the sound follows its loudness: 0 not at all, 1 down to next to
                     nothing in silence
    kick             what answers onsets or beats: "zoom" pushes the picture, "noise" repaints it a little
    kick_by          "onsets" or "beats"
    kick_amount      size of a kick
    hold_beats       a picture is held for so many beats, then changes; 0 lets it change where the sound does
    quality          "draft" paints in few steps, "fine" in as many as a single picture. Weights that have
                     none for few steps, and edits of a picture, take DRAFT_STEPS of their own for a draft
    aspect           width to height, one that the engine offers
    size_px          shortest side of the film; pictures smaller than it are enlarged
    output           "mp4", "gif", or "frames": numbered PNG files in a ZIP
    at_s             the second of the track whose picture alone is painted, as the film would have it; None
                     makes the film
    by_name          what is heard, by name and as loud as it is, follows the prompt; not on a picture
    """

    TRACKS = ("sound",)

    verb: Literal["make_film"] = "make_film"
    sound: fields.SoundPath
    start_s: StartS = None
    end_s: EndS = None
    picture: Annotated[str | None, fields.FilePath("picture", fields.NO_PICTURE)] = None
    mode: Mode = "replace"
    fps: Annotated[int, FPS] = 12
    change_s: Annotated[float, CHANGE_S] = 1.0
    content: bool = True
    loudness: Annotated[float, LOUDNESS] = 0.5
    kick: Annotated[Kick, fields.OneOf("The kick is {given}; it takes one of {known}.")] = "none"
    kick_by: Annotated[KickBy, fields.OneOf("What kicks is {given}; it takes one of {known}.")] = "onsets"
    kick_amount: Annotated[float, KICK_AMOUNT] = 0.5
    hold_beats: Annotated[int, HOLD_BEATS] = 0
    quality: Quality = DRAFT
    aspect: Aspect = SQUARE
    size_px: Annotated[int, SIZE] = 512
    output: Annotated[Output, fields.OneOf("The output is {given}; it takes one of {known}.")] = "mp4"
    at_s: Annotated[float | None, START] = None
    by_name: bool = True

    def with_defaults(self, defaults: Mapping[str, Any]) -> Self:
        """As every request; a draft takes the bundle's steps and guidance of drafts, or few of its own."""
        filled, draft = super().with_defaults(defaults), defaults.get(DRAFT)
        if self.quality != DRAFT:
            return filled
        if isinstance(draft, Mapping) and self.picture is None:
            return self.changed(steps=draft["steps"], guidance_scale=draft["guidance_scale"])
        return filled.changed(steps=min(DRAFT_STEPS, filled.steps or DRAFT_STEPS))

    @property
    def outputs(self) -> int:
        """Pictures that are painted; how many a film needs is known only once its track is read."""
        return 1
