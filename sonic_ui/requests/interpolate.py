"""Glide from one sound to another."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import ValidationInfo, field_validator, model_validator

from sonic_ui.requests.base import (
    END,
    START,
    BadInput,
    PaintingRequest,
    Range,
    Room,
    check_path,
    check_room,
    check_window,
    shown,
)

Method = Literal["linear", "spherical", "mix"]
METHODS: tuple[Method, ...] = ("linear", "spherical", "mix")

MAX_FRAMES = 48
FRAMES = Range("Number of frames", 2, MAX_FRAMES, 1, 8, whole=True)
POSITION = Range("Position between the sounds", 0.0, 1.0, 0.01, 0.5)
MIX_LUFS = Range("Loudness in the mix (LUFS)", -60.0, -6.0, 0.5, None)
SMOOTHING = Range("Frames blended in between", 0, 12, 1, 5, whole=True)
FILM_S = Range("Length of the film in seconds", 1.0, 60.0, 0.5, 6.0)

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
    frames              frames, evenly spaced; or `positions` x in 0..1, one a frame, instead
    loop                the film goes there and back
    smoothing           frames cross-faded between neighbours in the film
    film_s              length of the film one way, in seconds
    """

    verb: Literal["interpolate"] = "interpolate"
    sound_a: str
    sound_b: str
    start_a_s: float | None = None
    end_a_s: float | None = None
    start_b_s: float | None = None
    end_b_s: float | None = None
    method: Method = "linear"
    lufs_a: float | None = None
    lufs_b: float | None = None
    room: Room = "dry"
    frames: int = 8
    positions: tuple[float, ...] | None = None
    loop: bool = True
    smoothing: int = 5
    film_s: float = 6.0

    SOUNDS: ClassVar[tuple[str, ...]] = ("sound_a", "sound_b")
    RANGES: ClassVar[dict[str, Range]] = {
        **PaintingRequest.RANGES,
        **{f"start_{side}_s": START for side in "ab"},
        **{f"end_{side}_s": END for side in "ab"},
        **{f"lufs_{side}": MIX_LUFS for side in "ab"},
        "frames": FRAMES,
        "smoothing": SMOOTHING,
        "film_s": FILM_S,
    }
    OPTIONAL: ClassVar[frozenset[str]] = PaintingRequest.OPTIONAL | {
        f"{name}_{side}{unit}"
        for side in "ab"
        for name, unit in (("start", "_s"), ("end", "_s"), ("lufs", ""))
    }

    @property
    def places(self) -> tuple[float, ...]:
        """The position of every frame, 0 at the first sound, 1 at the second."""
        if self.positions is not None:
            return self.positions
        return tuple(i / (self.frames - 1) for i in range(self.frames))

    @field_validator("sound_a", "sound_b", mode="before")
    @classmethod
    def _check_sound(cls, value: object, info: ValidationInfo) -> str:
        field = str(info.field_name)
        which = "first" if field == "sound_a" else "second"
        return check_path(value, field, NO_SECOND_SOUND.format(which=which))

    @field_validator("method", mode="before")
    @classmethod
    def _check_method(cls, value: object) -> object:
        if value not in METHODS:
            raise BadInput(f"The method is {shown(value)}; it takes one of {', '.join(METHODS)}.", "method")
        return value

    @field_validator("room", mode="before")
    @classmethod
    def _check_room(cls, value: object) -> str:
        return check_room(value)

    @field_validator("positions", mode="before")
    @classmethod
    def _check_positions(cls, value: object) -> tuple[float, ...] | None:
        return None if value is None else POSITION.check_list(value, "positions", MAX_FRAMES)

    @model_validator(mode="after")
    def _check_windows(self) -> Self:
        check_window(self.start_a_s, self.end_a_s, "start_a_s")
        check_window(self.start_b_s, self.end_b_s, "start_b_s")
        return self
