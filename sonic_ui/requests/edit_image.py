"""Change a picture by a sound."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import field_validator, model_validator

from sonic_ui.requests.base import (
    END,
    START,
    STRENGTH,
    BadInput,
    PaintingRequest,
    Range,
    Room,
    check_path,
    check_room,
    check_window,
    shown,
)
from sonic_ui.requests.edit_modes import EDIT_MODES, FEATURE_LAYERS, HOLD_HARDER
from sonic_ui.requests.sound_to_image import GAIN

Mode = Literal["replace", "add", "style"]
Layers = Literal["paper", "harder"]

TAU_ATTN = Range("Keep the layout (tau of self-attention)", 0.0, 1.0, 0.05, None)
TAU_FEATURE = Range("Keep the detail (tau of hidden states)", 0.0, 1.0, 0.05, None)
VARIATION = Range("Variation", 0.0, 1.0, 0.05, 0.0)
MAX_STRENGTHS = 6

NO_PICTURE = "There is no picture yet. Upload one, take one with the camera or click one of the examples."
LAYERS: dict[str, tuple[int, ...]] = {"paper": FEATURE_LAYERS, "harder": HOLD_HARDER}


class EditImageRequest(PaintingRequest):
    """Keep a picture's layout and let it take on what a sound depicts.

    picture          path of a picture file
    sound            path of a sound file; start_s, end_s, gain_db, room: how it is listened to
    mode             "replace", "add" or "style" (`EDIT_MODES`)
    tau_attn, tau_feature   for which first part of the steps, 0..1, the source's self-attention and hidden
                     states are taken over; None takes the mode's own
    layers           whose hidden states: "paper" (layer 4), "harder" (4 to 6); None takes the mode's own
    mask             path of a picture, white where it may change; None for all of it
    source_prompt    what the picture shows, in words; empty works for any
    strengths        several edits at once, one a strength, instead of the one `strength`
    variation        0 starts from the picture's own noise; up to 1 mixes in noise of the seed
    """

    verb: Literal["edit_image"] = "edit_image"
    picture: str
    sound: str
    start_s: float | None = None
    end_s: float | None = None
    gain_db: float = 0.0
    room: Room = "dry"
    mode: Mode = "replace"
    tau_attn: float | None = None
    tau_feature: float | None = None
    layers: Layers | None = None
    mask: str | None = None
    source_prompt: str = ""
    strengths: tuple[float, ...] | None = None
    variation: float = 0.0

    RANGES: ClassVar[dict[str, Range]] = {
        **PaintingRequest.RANGES,
        "start_s": START,
        "end_s": END,
        "gain_db": GAIN,
        "tau_attn": TAU_ATTN,
        "tau_feature": TAU_FEATURE,
        "variation": VARIATION,
    }
    OPTIONAL: ClassVar[frozenset[str]] = PaintingRequest.OPTIONAL | {
        "start_s",
        "end_s",
        "tau_attn",
        "tau_feature",
    }
    WORDS: ClassVar[tuple[str, ...]] = (*PaintingRequest.WORDS, "source_prompt")
    PICTURES: ClassVar[tuple[str, ...]] = ("picture", "mask")

    @property
    def edits(self) -> tuple[float | tuple[float, ...], ...]:
        """The strength of every edit asked for."""
        return self.strengths if self.strengths is not None else (self.strength,)

    @property
    def hold(self) -> dict[str, Any]:
        """How the edit holds on to its source, as arguments of `AudioEditPipeline.__call__`."""
        settings = EDIT_MODES[self.mode].settings()
        own: dict[str, Any] = {"tau_attn": self.tau_attn, "tau_feature": self.tau_feature}
        if self.layers is not None:
            own["feature_layers"] = LAYERS[self.layers]
        return {**settings, **{name: value for name, value in own.items() if value is not None}}

    @field_validator("picture", mode="before")
    @classmethod
    def _check_picture(cls, value: object) -> str:
        return check_path(value, "picture", NO_PICTURE)

    @field_validator("mask", mode="before")
    @classmethod
    def _check_mask(cls, value: object) -> str | None:
        return None if value is None or value == "" else check_path(value, "mask")

    @field_validator("sound", mode="before")
    @classmethod
    def _check_sound(cls, value: object) -> str:
        return check_path(value, "sound")

    @field_validator("room", mode="before")
    @classmethod
    def _check_room(cls, value: object) -> str:
        return check_room(value)

    @field_validator("mode", mode="before")
    @classmethod
    def _check_mode(cls, value: object) -> object:
        if value not in EDIT_MODES:
            raise BadInput(f"The way to edit is {shown(value)}; it takes {', '.join(EDIT_MODES)}.", "mode")
        return value

    @field_validator("layers", mode="before")
    @classmethod
    def _check_layers(cls, value: object) -> object:
        if value is not None and value not in LAYERS:
            raise BadInput(f"The layers are {shown(value)}; it takes {', '.join(LAYERS)}.", "layers")
        return value

    @field_validator("strengths", mode="before")
    @classmethod
    def _check_strengths(cls, value: object) -> tuple[float, ...] | None:
        return None if value is None else STRENGTH.check_list(value, "strengths", MAX_STRENGTHS)

    @model_validator(mode="after")
    def _check_window(self) -> Self:
        check_window(self.start_s, self.end_s, "start_s")
        return self
