"""An edit in words and files: its card, what stands beside it, and what is cached of its picture."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.engine.caches import CacheUsage
from sonic_ui.engine.events import Result
from sonic_ui.engine.inputs import file_digest, load_picture
from sonic_ui.requests import BadInput, EditImageRequest
from sonic_ui.ui.api import FILES, Answer
from sonic_ui.ui.components.result_view import Card
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.settings.reuse import Record
from sonic_ui.ui.widgets.fields import detail_line, label_sentence, title_of
from sonic_ui.ui.widgets.own_picture import MODE_WORDS
from sonic_ui.ui.widgets.picture_input import PREVIEW_PX, with_pictures, write_preview

SAME_AGAIN = (
    "Nothing was changed since this edit: it would come out the same. Vary it with the buttons below it, or "
    "change the picture, the sound, the words or a slider."
)

REUSED = "the picture was not studied again"
STUDIED = "the picture was studied first"


def edit_request(result: Result) -> EditImageRequest:
    """The request of an edit's result."""
    if not isinstance(result.request, EditImageRequest):
        raise TypeError(f"an edit is shown here, not a {type(result.request).__name__}")
    return result.request


def example_card(context: AppContext, number: int) -> Card | None:
    """The picture that is there when the page opens."""
    examples = with_pictures(context)
    picture = examples[number].picture if number < len(examples) else None
    if picture is None:
        return None
    return picture_card(examples[number].title, picture, load_picture(picture).image.size)


def picture_card(name: str, preview: Path, size: tuple[int, int]) -> Card:
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


def edit_card(run: int, result: Result, files: Sequence[Path]) -> Card:
    """The card of a finished edit; its pictures stand beside the one before."""
    request, labels = edit_request(result), label_sentence(result.labels, result.is_unknown)
    name = Path(request.picture).name
    captions = tuple(strength_sentence(result, index) for index in range(len(files)))
    details = (
        name,
        detail_line(result),
        MODE_WORDS[request.mode],
        "only where painted" if request.mask else "",
        REUSED if result.reused else STUDIED,
    )
    width, height = result.images[0].size
    return Card(
        id=f"result-{run}",
        title=title_of(result),
        detail=" · ".join(part for part in details if part),
        files=tuple(files),
        descriptions=tuple(
            f"{name}, edited by a sound heard as {labels}" + (f", {caption}." if caption else ".")
            for caption in captions
        ),
        captions=captions if len(files) > 1 else (),
        aspect=width / height,
        pair=True,
    )


def is_repeated(request: EditImageRequest, records: Mapping[str, Record], bundle: str) -> bool:
    """Whether a request is that of the session's newest edit, which would come out the same again."""
    record = next((one for one in reversed([*records.values()]) if _verb(one) == request.verb), None)
    if record is None or record["settings"].get("bundle") != bundle:
        return False
    before = EditImageRequest.from_values({**record["settings"]["request"], **record["files"]})
    try:
        masks = [file_digest(one.mask) if one.mask else None for one in (before, request)]
    except BadInput:
        return False
    is_seeded = bool(request.variation or request.variations)
    ignored = {"mask"} if is_seeded else {"mask", "seed"}
    return masks[0] == masks[1] and before.model_dump(exclude=ignored) == request.model_dump(exclude=ignored)


def _verb(record: Record) -> str:
    return str(record["settings"]["request"].get("verb"))


def strength_sentence(result: Result, index: int) -> str:
    """The strength of one of the edits, and its seed where that counts, in words; a strength for each layer
    is passed over."""
    strength, request = result.frames[index].strength, edit_request(result)
    if request.variations:
        return f"variation {index + 1}"
    words = "" if strength is None else f"strength {strength:g}"
    return f"{words}, seed {request.seed_of(index)}" if words and request.variation and index else words


def preview_files(context: AppContext, result: Result, files: Sequence[Path]) -> list[Path]:
    """What the page shows of the finished pictures: themselves, or smaller copies of large ones."""
    if max(result.images[0].size) <= PREVIEW_PX:
        return [*files]
    return [write_preview(context, image, "after") for image in result.images]


def cache_sentence(usage: CacheUsage) -> str:
    """What is cached of a picture, for the line below it."""
    if not usage.count:
        return "The first edit of this picture studies it first; later ones are faster."
    return (
        "This picture is known: its next edit takes about a third less time, with as many steps and the same "
        f"words for it. ({_size(usage.nbytes)} kept)"
    )


def _size(nbytes: int) -> str:
    return f"{nbytes / 1e6:.0f} MB" if nbytes >= 1e6 else f"{max(1, round(nbytes / 1e3))} KB"


def write_answer(context: AppContext, result: Result, session: str) -> tuple[Any, ...]:
    """What the endpoint returns: the edits as files, and the settings."""
    files = context.pictures.write(result.images, result.settings)
    usage = context.studio.cache_usage(session, result.request.picture_paths["picture"])
    settings = {
        **result.settings,
        "edits": [asdict(info) for info in result.frames],
        "notices": [*result.notices],
        "reused": result.reused,
        "kept_bytes": usage.nbytes,
    }
    return [str(path) for path in files], settings


ANSWER = Answer(
    {"pictures": FILES, "settings": gr.JSON},
    write_answer,
    """`mask` has the shape of `picture`. Returns the edits as PNG files of the picture's size, each carrying
its settings, and the settings as JSON; `reused` is true if the picture's inversion was cached from an earlier
call of the same client, and `kept_bytes` is the size of what is cached of it now.""",
)
