"""Chips of what sounds in a picture: shown with their shares, corrected by clicks, each with a fader.

The value of the chips is {"chosen": pairs of name and dB, or None for what the picture shows; "most": how
many of the labels then sound; "unsure": whether nothing fits the picture}. What the picture shows comes
through a component of its own, so that it never gets in the way of what a person chooses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sonic_ui.engine.events import ImageAnalysis
from sonic_ui.requests import BadInput, ImageToSoundRequest
from sonic_ui.requests.concepts import CONCEPT_GAIN, MAX_CONCEPT_CHARACTERS, MAX_CONCEPTS
from sonic_ui.requests.image_to_sound import CONCEPTS
from sonic_ui.ui.components.base import Value, html_component

FIELD = "concept_levels"
NONE_FITS = (
    "Nothing that this engine knows fits the picture well. Add what should sound, with the chips below the "
    "picture."
)
NONE_CHOSEN = "No sound is chosen. Add one below the picture, or go back to what the picture shows."

OF_THE_PICTURE: Value = {"chosen": None, "most": int(CONCEPTS.default or 1), "unsure": False}
NO_HINTS: Value = {
    "waiting": "",
    "picture": "",
    "labels": [],
    "caption": "",
    "unsure": False,
    "vocabulary": [],
    "closed": False,
}


@dataclass(frozen=True)
class ConceptChips:
    """The components: the chips, and what tells them what the picture shows."""

    chips: gr.HTML
    hints: gr.HTML


def concept_chips(tab: str, audible: float) -> ConceptChips:
    """The chips of a tab, for a picture that was not looked at yet; labels sound from a share on."""
    chips = html_component(
        "concept_chips",
        OF_THE_PICTURE,
        elem_id=f"{tab}-concepts",
        elem_classes="su-concepts-slot",
        tab=tab,
        audible=audible,
        most=MAX_CONCEPTS,
        longest=MAX_CONCEPT_CHARACTERS,
        quietest=CONCEPT_GAIN.minimum,
        step=CONCEPT_GAIN.step,
    )
    hints = html_component(
        "concept_hints", NO_HINTS, elem_id=f"{tab}-concept-hints", elem_classes="su-unseen", tab=tab
    )
    return ConceptChips(chips, hints)


def hints_pending(text: str) -> Value:
    """A line instead of what the picture shows, while that is not known."""
    return {**NO_HINTS, "waiting": text}


def hints_value(analysis: ImageAnalysis, picture: str, vocabulary: Sequence[str], closed: bool) -> Value:
    """What a picture shows. vocabulary: names to choose from; closed: the engine knows no others."""
    return {
        "waiting": "",
        "picture": picture,
        "labels": [{"name": one.name, "share": one.probability} for one in analysis.labels],
        "caption": analysis.caption,
        "unsure": analysis.is_unsure,
        "vocabulary": [*vocabulary],
        "closed": closed,
    }


def concept_settings(value: Any) -> dict[str, Any]:
    """`concept_levels` and `concepts` of a request from the value of the chips. Raises `BadInput`."""
    given: Mapping[str, Any] = value if isinstance(value, dict) else {}
    chosen = given.get("chosen")
    if chosen is None and given.get("unsure"):
        raise BadInput(NONE_FITS, FIELD)
    if chosen == []:
        raise BadInput(NONE_CHOSEN, FIELD)
    return {"concept_levels": chosen, "concepts": given.get("most", OF_THE_PICTURE["most"])}


def chips_value(request: ImageToSoundRequest) -> Value:
    """The value of the chips for the concepts of a request."""
    chosen = None if request.concept_levels is None else [[*pair] for pair in request.concept_levels]
    return {"chosen": chosen, "most": request.concepts, "unsure": False}
