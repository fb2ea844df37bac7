"""Glide from one sound to another."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, get_args

from sonic_ui.requests.base import END, START, PaintingRequest, Range
from sonic_ui.requests.fields import OneOf, Room, file_path, numbers

Method = Literal["linear", "spherical", "mix"]
METHODS: tuple[Method, ...] = get_args(Method)
Spacing = Literal["seen", "heard"]

MAX_FRAMES = 48
FRAMES = Range("Number of frames", 2, MAX_FRAMES, 1, 8, whole=True)
POSITION = Range("Position between the sounds", 0.0, 1.0, 0.01, 0.5)
MIX_LUFS = Range("Loudness in the mix (LUFS)", -60.0, -6.0, 0.5, None)
SMOOTHING = Range("Frames blended in between", 0, 12, 1, 5, whole=True)
FILM_S = Range("Length of the film in seconds", 1.0, 60.0, 0.5, 6.0)
CONTINUITY = Range("Continuity", 0.0, 0.9, 0.05, 0.5)

NO_SECOND_SOUND = (
    "There is no {which} sound yet. A glide needs two: record, upload or click an example on each side."
)


class InterpolateRequest(PaintingRequest):
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
                        rather than turns; see `pipelines/gliding.py`
    """

    verb: Literal["interpolate"] = "interpolate"
    sound_a: Annotated[str, file_path(NO_SECOND_SOUND.format(which="first"))]
    sound_b: Annotated[str, file_path(NO_SECOND_SOUND.format(which="second"))]
    start_a_s: float | None = None
    end_a_s: float | None = None
    start_b_s: float | None = None
    end_b_s: float | None = None
    method: Annotated[Method, OneOf("The method is {given}; it takes one of {known}.")] = "linear"
    lufs_a: float | None = None
    lufs_b: float | None = None
    room: Room = "dry"
    frames: int = 8
    spacing: Annotated[Spacing, OneOf("The spacing is {given}; it takes one of {known}.")] = "seen"
    positions: Annotated[tuple[float, ...], numbers(POSITION, MAX_FRAMES)] | None = None
    loop: bool = True
    smoothing: int = 5
    film_s: float = 6.0
    continuity: float = 0.5

    SOUNDS: ClassVar[tuple[str, ...]] = ("sound_a", "sound_b")
    WINDOWS: ClassVar[tuple[tuple[str, str], ...]] = (("start_a_s", "end_a_s"), ("start_b_s", "end_b_s"))
    RANGES: ClassVar[dict[str, Range]] = {
        **PaintingRequest.RANGES,
        **{f"start_{side}_s": START for side in "ab"},
        **{f"end_{side}_s": END for side in "ab"},
        **{f"lufs_{side}": MIX_LUFS for side in "ab"},
        "frames": FRAMES,
        "smoothing": SMOOTHING,
        "film_s": FILM_S,
        "continuity": CONTINUITY,
    }
    OPTIONAL: ClassVar[frozenset[str]] = PaintingRequest.OPTIONAL | {
        f"{name}_{side}{unit}"
        for side in "ab"
        for name, unit in (("start", "_s"), ("end", "_s"), ("lufs", ""))
    }

    @property
    def count(self) -> int:
        """How many frames there will be."""
        return self.frames if self.positions is None else len(self.positions)

    @property
    def places(self) -> tuple[float, ...]:
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
