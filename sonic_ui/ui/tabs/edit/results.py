"""An edit in words and files: its card, what stands beside it, and what is kept of its picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sonic_ui.engine import CacheUsage, Result
from sonic_ui.requests import EditImageRequest
from sonic_ui.ui.components.stage import Card
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.widgets.picture_input import PREVIEW_PX, write_preview
from sonic_ui.ui.widgets.result_text import label_sentence, made_from

MODE_WORDS = {"replace": "Replace", "add": "Add", "style": "Style"}

REUSED = "the picture was not studied again"
STUDIED = "the picture was studied first"


def request_of_edit(result: Result) -> EditImageRequest:
    """The request of an edit's result."""
    if not isinstance(result.request, EditImageRequest):
        raise TypeError(f"an edit is shown here, not a {type(result.request).__name__}")
    return result.request


def card_of_picture(name: str, preview: Path, size: tuple[int, int]) -> Card:
    """The picture that is to be edited, before anything was done to it."""
    return Card(
        id="chosen",
        title="The picture to edit",
        detail=f"{name} · {size[0]} × {size[1]} px",
        files=(preview,),
        descriptions=(f"The picture to edit, {name}.",),
        reusable=False,
        ours=False,
        aspect=size[0] / size[1],
    )


def card_of_edit(run: int, result: Result, files: Sequence[Path]) -> Card:
    """The card of a finished edit; its pictures stand beside the one before."""
    request, heard = request_of_edit(result), label_sentence(result.labels)
    name = Path(request.picture).name
    captions = tuple(strength_sentence(result, index) for index in range(len(files)))
    details = (
        name,
        made_from(result),
        MODE_WORDS[request.mode],
        "only where painted" if request.mask else "",
        REUSED if result.reused else STUDIED,
    )
    width, height = result.images[0].size
    return Card(
        id=f"result-{run}",
        title=f"Heard {heard}",
        detail=" · ".join(part for part in details if part),
        files=tuple(files),
        descriptions=tuple(
            f"{name}, edited by a sound heard as {heard}" + (f", {caption}." if caption else ".")
            for caption in captions
        ),
        captions=captions if len(files) > 1 else (),
        aspect=width / height,
        pair=True,
    )


def strength_sentence(result: Result, index: int) -> str:
    """The strength of one of the edits, in words; empty where there is one for each layer."""
    strength = result.frames[index].strength
    return "" if strength is None else f"strength {strength:g}"


def shown_files(context: AppContext, result: Result, files: Sequence[Path]) -> list[Path]:
    """What the page shows of the finished pictures: themselves, or smaller copies of large ones."""
    if max(result.images[0].size) <= PREVIEW_PX:
        return [*files]
    return [write_preview(context, image, "after") for image in result.images]


def cache_sentence(kept: CacheUsage) -> str:
    """What is kept of a picture, for the line below it."""
    if not kept.count:
        return "Nothing is kept of this picture yet: its first edit studies it, later ones are faster."
    return (
        f"Kept of this picture: {_size(kept.nbytes)}. The next edit of it takes about a third less time, "
        "with as many steps and the same words for it."
    )


def _size(nbytes: int) -> str:
    return f"{nbytes / 1e6:.0f} MB" if nbytes >= 1e6 else f"{max(1, round(nbytes / 1e3))} KB"
