"""Glide from one sound to another."""

from typing import Annotated, Literal, get_args

from sonic_ui.requests.aspects import SQUARE, Aspect
from sonic_ui.requests.base import EndS, StartS
from sonic_ui.requests.edit_image import OwnPictureRequest
from sonic_ui.requests.fields import FilePath, Numbers, OneOf, Range, Room

Method = Literal["linear", "spherical", "mix"]
ENDS = (0.0, 1.0)
"""Positions of the two sounds."""

METHODS: tuple[Method, ...] = get_args(Method)
Spacing = Literal["seen", "heard"]

MAX_FRAMES = 48
FRAMES = Range("Number of frames", 2, MAX_FRAMES, 1, 8, whole=True)
POSITION = Range("Position between the sounds", 0.0, 1.0, 0.01, 0.5)
MIX_LUFS = Range("Loudness in the mix (LUFS)", -60.0, -6.0, 0.5, None)
SMOOTHING = Range("Frames blended in between", 0, 12, 1, 5, whole=True)
FILM_S = Range("Length of the film in seconds", 1.0, 60.0, 0.5, 6.0)
CONTINUITY = Range("Continuity", 0.0, 0.9, 0.05, 0.5)

MixLufs = Annotated[float | None, MIX_LUFS]
Smoothing = Annotated[int, SMOOTHING]
FilmS = Annotated[float, FILM_S]

NO_SECOND_SOUND = (
    "There is no {which} sound yet. A glide needs two: record, upload or click an example on each side."
)


class InterpolateRequest(OwnPictureRequest):
    """Glide from one sound to another: one seed and one initial noise for all frames.

    sound_a, sound_b    paths of the sounds; start_a_s, ... the part of each to listen to
    method              "linear": a = (1 - x) a1 + x a2 in the audio embedding (SonicDiffusion);
                        "spherical": along the arc between the embeddings; "mix": the sounds themselves are
                        mixed with equal power before they are heard
    lufs_a, lufs_b      loudness of each sound in the mix; None leaves it as it is
    room                where both are heard
    frames              number of frames
    spacing             where they are: "seen" places them where the picture changes, so that every step looks
                        about as large as the others; "heard" evenly between the sounds
    positions           x in 0..1, one a frame, instead of `frames` and `spacing`
    loop                the film goes there and back
    smoothing           frames cross-faded between neighbours in the film
    film_s              length of the film one way, in seconds
    continuity          share of the steps after which the frames between start, from a blend of both ends as
                        they stand then; 0 starts each from the one noise. More glides evenly, and blends
                        rather than turns; see `pipelines/interpolation.py`. On a picture it counts
                        nothing: all frames start from that
    aspect              width to height of the frames, one that the engine offers; a picture keeps its own
    by_name             what both ends are heard as, by name, follows the prompt; not on a picture
    """

    verb: Literal["interpolate"] = "interpolate"
    sound_a: Annotated[str, FilePath("sound", NO_SECOND_SOUND.format(which="first"))]
    sound_b: Annotated[str, FilePath("sound", NO_SECOND_SOUND.format(which="second"))]
    start_a_s: StartS = None
    end_a_s: EndS = None
    start_b_s: StartS = None
    end_b_s: EndS = None
    method: Annotated[Method, OneOf("The method is {given}; it takes one of {known}.")] = "linear"
    lufs_a: MixLufs = None
    lufs_b: MixLufs = None
    room: Room = "dry"
    frames: Annotated[int, FRAMES] = 8
    spacing: Annotated[Spacing, OneOf("The spacing is {given}; it takes one of {known}.")] = "seen"
    positions: Annotated[tuple[float, ...], Numbers(POSITION, MAX_FRAMES)] | None = None
    loop: bool = True
    smoothing: Smoothing = 5
    film_s: FilmS = 6.0
    continuity: Annotated[float, CONTINUITY] = 0.5
    aspect: Aspect = SQUARE
    by_name: bool = True

    @property
    def outputs(self) -> int:
        return self.frames if self.positions is None else len(self.positions)

    @property
    def known_positions(self) -> tuple[float, ...]:
        """The positions that are known before anything is painted, 0 at the first sound, 1 at the second.

        All of them, unless the others depend on how these look: then the ends and the middle.
        """
        if self.positions is not None:
            return self.positions
        return _evenly(min(self.frames, 3) if self.spacing == "seen" else self.frames)


def shared_steps(continuity: float, steps: int) -> int:
    """After how many of `steps` the frames between a glide's ends start: at least one is left to them."""
    return min(round(continuity * steps), steps - 1)


def _evenly(count: int) -> tuple[float, ...]:
    return tuple(i / (count - 1) for i in range(count))
