"""An input for a picture: upload it, take it with the camera, or choose an example."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from PIL.Image import Image, Resampling

from sonic_ui.media.temporary import writing
from sonic_ui.ui.components import basic
from sonic_ui.ui.components.base import event_field
from sonic_ui.ui.components.picture_files import PictureFile
from sonic_ui.ui.session.context import AppContext, Example

PREVIEW_PX = 1280
"""Longest side of what the page shows of a picture."""


@dataclass(frozen=True)
class PictureInput:
    """The components. `name` begins the names of their elements."""

    name: str
    picture: gr.Image
    message: gr.HTML
    examples: gr.HTML


def picture_input(name: str, context: AppContext, *, label: str = "Picture", first: int = 0) -> PictureInput:
    """Lay out an input that holds the picture of the example number `first` of those that have one."""
    examples = with_pictures(context)
    shown = str(examples[first].picture) if first < len(examples) else None
    picture = picture_file(name, shown, label=label, height=200)
    cards = basic.message(f"{name}-message"), basic.example_cards(examples, name, "su-compact")
    return PictureInput(name, picture, *cards)


def picture_file(
    name: str, shown: str | None = None, *, label: str = "Picture", camera: bool = True, height: int = 180
) -> PictureFile:
    """The component that takes a picture file; `camera`: or a photograph."""
    return PictureFile(
        shown,
        label=label,
        sources=["upload", "webcam"] if camera else ["upload"],
        type="filepath",
        buttons=[],
        height=height,
        elem_id=f"{name}-image",
        elem_classes="su-photo",
        alt_text="The picture that was chosen",
    )


def with_pictures(context: AppContext) -> tuple[Example, ...]:
    """The examples that have a picture, in the order of the cards."""
    return tuple(example for example in context.examples if example.picture is not None)


def chosen_picture(context: AppContext, event: gr.EventData) -> Path:
    """The picture of the example that was clicked. Raises `gr.Error` if there is none."""
    index, examples = event_field(event, "index"), with_pictures(context)
    if not isinstance(index, int) or not 0 <= index < len(examples):
        raise gr.Error("This example is no longer there. Reload the page.")
    return Path(str(examples[index].picture))


def preview_of(image: Image) -> Image:
    """A picture as the page shows it: itself, or a copy whose longer side is `PREVIEW_PX`."""
    if max(image.size) <= PREVIEW_PX:
        return image
    factor = PREVIEW_PX / max(image.size)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Resampling.BICUBIC, reducing_gap=3.0)


def write_preview(context: AppContext, image: Image, name: str = "picture") -> Path:
    """Save a picture for the page to show, `PREVIEW_PX` long at most, in a folder of its own."""
    path = context.pictures.new() / f"{name}.png"
    with writing(path):
        preview_of(image).save(path, "PNG", compress_level=3)
    return path
