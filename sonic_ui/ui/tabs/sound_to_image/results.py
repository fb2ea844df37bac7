"""Pictures of a sound as cards: those of a run, and those that the examples have."""

from typing import Any

from sonic_ui.engine.events import Result
from sonic_ui.media.metadata import read_settings
from sonic_ui.requests import BadInput, SoundToImageRequest
from sonic_ui.ui.components.result_view import Card
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.widgets.fields import detail_line, label_sentence, title_of


def result_card(number: int, result: Result, files: tuple[Any, ...]) -> Card:
    """The card of a finished request; each of several pictures tells its own seed."""
    labels = label_sentence(result.labels, result.is_unknown)
    prompt, total = result.request.prompt, len(files)
    words = f", with the words “{prompt}”" if prompt else ""
    names = [f"Picture {index + 1} of {total}" for index in range(total)] if total > 1 else ["Picture"]
    return Card(
        id=f"result-{number}",
        title=title_of(result),
        detail=detail_line(result),
        files=files,
        aspect=result.images[0].width / result.images[0].height,
        captions=tuple(picture_caption(result, index) for index in range(total)) if total > 1 else (),
        descriptions=tuple(f"{name} painted from a sound heard as {labels}{words}." for name in names),
    )


def picture_caption(result: Result, index: int) -> str:
    """What tells a picture from the others of its result."""
    varied = result.request.variations_of(index)
    return f"variation {index + 1}" if varied else f"seed {result.request.seed_of(index)}"


def example_card(context: AppContext, index: int) -> Card | None:
    """The card of an example that has a picture."""
    example = context.examples[index] if index < len(context.examples) else None
    if example is None or example.picture is None:
        return None
    settings = example_settings(context, index)
    seed = settings["request"].get("seed") if settings else None
    detail = "An example, painted by the engine that runs here" + ("" if seed is None else f" · seed {seed}")
    return Card(
        id=f"example-{index}",
        title=example.title,
        detail=detail,
        files=(example.picture,),
        descriptions=(f"Picture painted from the example sound “{example.title}”.",),
        reusable=settings is not None,
    )


def example_settings(context: AppContext, index: int) -> dict[str, Any] | None:
    """What an example's picture was made with: its own metadata, or the engine's settings with its seed."""
    example = context.examples[index]
    if example.picture is None:
        return None
    try:
        return read_settings(example.picture)
    except BadInput:
        if example.seed is None:
            return None
    defaults = context.studio.info.defaults.model_dump()
    request = SoundToImageRequest(sound=example.sound.name, seed=example.seed, strength=defaults["strength"])
    return {"request": request.with_defaults(defaults).model_dump(mode="json")}
