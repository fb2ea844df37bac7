"""Vary: a few pictures near one that is shown, by new noise blended into its own."""

import random
from typing import Any, TypeVar

import gradio as gr

from sonic_ui.requests import BadInput, EditImageRequest, SoundToImageRequest
from sonic_ui.requests.base import SEED
from sonic_ui.requests.variations import AMOUNT, MAX_VARIATIONS, Variation
from sonic_ui.ui.components.base import event_field
from sonic_ui.ui.settings.reuse import Record, missing_files, request_from_settings

COUNT = 4
"""Pictures of a press, of which the best is varied again."""

GONE = "The settings of this picture are not known any more. Make it again, then vary it."
NO_FILE = "{names} that this picture was made from is no longer here. Add it above, generate, then vary."
TOO_OFTEN = (
    "This picture was varied {most} times already, one after the other; no more are accepted. "
    "Vary an earlier one."
)

VariedT = TypeVar("VariedT", SoundToImageRequest, EditImageRequest)


def varied_request(record: Record | None, event: gr.EventData, kind: type[VariedT]) -> VariedT:
    """The request of `COUNT` variations of picture `index` of a result by `amount`, both of the event.

    Raises `BadInput` where its settings or files are gone.
    """
    if record is None:
        raise BadInput(GONE)
    settings, files = record["settings"], record["files"]
    request = request_from_settings(settings, files, kind)
    if missing := missing_files(settings, files):
        raise BadInput(NO_FILE.format(names=" and ".join(f"“{name[:60]}”" for name in missing.values())))
    number = _number(event, request.outputs)
    behind: tuple[Variation, ...] = request.variations_of(number)
    if len(behind) >= MAX_VARIATIONS:
        raise BadInput(TOO_OFTEN.format(most=MAX_VARIATIONS))
    amount = float(AMOUNT.check(event_field(event, "amount"), "variations"))
    variations = (*behind, (random.randint(0, int(SEED.maximum)), amount))
    return request.changed(seed=request.seed_of(number), variations=variations, **_several(request, number))


def _number(event: gr.EventData, outputs: int) -> int:
    """Which of a result's pictures an event is about; the first where it says nothing that can be."""
    index = event_field(event, "index")
    return index if isinstance(index, int) and 0 <= index < outputs else 0


def _several(request: SoundToImageRequest | EditImageRequest, number: int) -> dict[str, Any]:
    """What asks for `COUNT` pictures like picture `number`; for one, where each layer has its strength."""
    if isinstance(request, SoundToImageRequest):
        return {"count": COUNT}
    strength = request.edits[number]
    if isinstance(strength, tuple):
        return {"strength": strength, "strengths": None}
    return {"strengths": (strength,) * COUNT}
