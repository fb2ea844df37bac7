"""Change a picture by a sound."""

from typing import Annotated, Any, Literal, Self

from pydantic import model_validator

from sonic_ui.requests import fields
from sonic_ui.requests.base import SEEDS, STRENGTH, EndS, PaintingRequest, StartS
from sonic_ui.requests.edit_modes import (
    EDIT_MODES,
    EVERYWHERE,
    FEATURE_LAYERS,
    HOLD_HARDER,
    RELEASED_LAYERS,
)
from sonic_ui.requests.fields import BadInput
from sonic_ui.requests.sound_to_image import GainDb
from sonic_ui.requests.variations import Variation, VariationList, variations_of
from sonic_ui.requests.word_weights import WeightList

TAU_ATTN = fields.Range("Keep the layout", 0.0, 1.0, 0.05, None)
TAU_FEATURE = fields.Range("Keep the detail", 0.0, 1.0, 0.05, None)
EDIT_STEPS = fields.Range("Steps", 2, 100, 1, None, whole=True)
"""Steps of an edit: the way from a picture to its noise and back needs two (`pipelines/inversion.py`)."""

VARIATION = fields.Range("Variation", 0.0, 1.0, 0.05, 0.0)
MAX_STRENGTHS = 6

LAYERS: dict[str, tuple[int, ...]] = {
    "paper": FEATURE_LAYERS,
    "released": RELEASED_LAYERS,
    "harder": HOLD_HARDER,
}

Mode = Annotated[
    Literal["replace", "add", "style", "paper", "released"],
    fields.OneOf("The way to edit is {given}; it takes {known}."),
]
EditMode = Annotated[
    Literal["replace", "add", "style", "paper", "released", "words"],
    fields.OneOf("The way to edit is {given}; it takes {known}."),
]
"""Strips and films have no words of their own for what a picture shows."""

NEEDS_WORDS = (
    "To edit word for word, write what the picture shows, such as “a dog in a meadow”, and what it shall "
    "show, such as “a rooster in a meadow”."
)

Layers = Annotated[
    Literal["paper", "released", "harder"] | None,
    fields.OneOf("The layers are {given}; it takes {known}."),
]


class EditImageRequest(PaintingRequest):
    """Keep a picture's layout and let it take on what a sound depicts.

    picture          path of a picture file
    sound            path of a sound file; start_s, end_s, gain_db, room: how it is listened to
    mode             "replace", "add", "style", "paper", "released" or "words" (`EDIT_MODES`). It weighs the
                     one strength by layer; strengths for each layer count as they are. "words" needs
                     `source_prompt` and `prompt`: the words that stand in both keep their places
    tau_attn, tau_feature   for which first part of the steps, 0..1, the source's self-attention and hidden
                     states are taken over; None takes the mode's own
    layers           whose hidden states: "paper" (layer 4), "released" (4 and 5), "harder" (4 to 6); None
                     takes the mode's own
    mask             path of a picture, white where it may change; None for all of it
    source_prompt    what the picture shows, in words; empty works for any
    strengths        several edits at once, one a strength, instead of the one `strength`
    variation        0 starts from the picture's own noise; up to 1 mixes in noise of the seed
    variations       pairs (seed, amount), as for `SoundToImageRequest`, after `variation`
    steps            denoising steps; at least two
    word_weights     pairs (word, weight), 0 to 2: how much words of the prompt count with the mode "words"
    """

    verb: Literal["edit_image"] = "edit_image"
    steps: Annotated[int | None, EDIT_STEPS] = None
    picture: fields.PicturePath
    sound: fields.SoundPath
    start_s: StartS = None
    end_s: EndS = None
    gain_db: GainDb = 0.0
    room: fields.Room = "dry"
    mode: EditMode = "replace"
    tau_attn: Annotated[float | None, TAU_ATTN] = None
    tau_feature: Annotated[float | None, TAU_FEATURE] = None
    layers: Layers = None
    mask: Annotated[str | None, fields.FilePath("picture", fields.NO_PICTURE)] = None
    source_prompt: fields.Prompt = ""
    strengths: Annotated[tuple[float, ...], fields.Numbers(STRENGTH, MAX_STRENGTHS)] | None = None
    variation: Annotated[float, VARIATION] = 0.0
    variations: VariationList = ()
    word_weights: WeightList = ()

    @model_validator(mode="after")
    def _check_words(self) -> Self:
        if self.mode == "words" and not (self.source_prompt and self.prompt):
            raise BadInput(NEEDS_WORDS, "source_prompt" if not self.source_prompt else "prompt")
        return self

    @property
    def outputs(self) -> int:
        return len(self.edits)

    def seed_of(self, number: int) -> int:
        return self.seed if self.variations else (self.seed + number) % SEEDS

    def variations_of(self, number: int) -> tuple[Variation, ...]:
        return variations_of(self.variations, number)

    @property
    def edits(self) -> tuple[float | tuple[float, ...], ...]:
        """The strength of every edit asked for."""
        return self.strengths if self.strengths is not None else (self.strength,)

    @property
    def hold(self) -> dict[str, Any]:
        """How the edit holds on to its source, as arguments of `AudioEditPipeline.__call__`."""
        by_layer = isinstance(self.strength, tuple) and self.strengths is None
        return hold_settings(self.mode, self.tau_attn, self.tau_feature, self.layers, by_layer)


class OwnPictureRequest(PaintingRequest):
    """The settings of strips that may be made on a picture of one's own: each frame is then an edit of it.

    picture     path of a picture file; None paints every frame from the noise of the seed. With one, frames
                have its shape, and start from its own noise whatever the seed
    mask, mode, tau_attn, tau_feature, layers, source_prompt   as for `EditImageRequest`
    """

    picture: Annotated[str | None, fields.FilePath("picture", fields.NO_PICTURE)] = None
    mask: Annotated[str | None, fields.FilePath("picture", fields.NO_PICTURE)] = None
    mode: Mode = "replace"
    tau_attn: Annotated[float | None, TAU_ATTN] = None
    tau_feature: Annotated[float | None, TAU_FEATURE] = None
    layers: Layers = None
    source_prompt: fields.Prompt = ""

    @property
    def hold(self) -> dict[str, Any]:
        """How frames hold on to the picture, as arguments of `AudioEditPipeline.__call__`."""
        by_layer = isinstance(self.strength, tuple)
        return hold_settings(self.mode, self.tau_attn, self.tau_feature, self.layers, by_layer)

    @model_validator(mode="after")
    def _check_picture(self) -> Self:
        if self.mask is not None and self.picture is None:
            raise BadInput(
                "There is a mask and no picture that it belongs to. Give the picture, too.", "picture"
            )
        if self.picture is not None and self.steps is not None:
            EDIT_STEPS.check(self.steps, "steps")
        return self


def hold_settings(
    mode: str, tau_attn: float | None, tau_feature: float | None, layers: str | None, by_layer: bool
) -> dict[str, Any]:
    """A mode's arguments of `AudioEditPipeline.__call__`, with what is set apart from it.

    by_layer   there is a strength for each layer: these count as they are
    """
    own: dict[str, Any] = {"tau_attn": tau_attn, "tau_feature": tau_feature}
    if layers is not None:
        own["feature_layers"] = LAYERS[layers]
    if by_layer:
        own["sound_layers"] = EVERYWHERE
    settings = EDIT_MODES[mode].settings()
    return {**settings, **{name: value for name, value in own.items() if value is not None}}
