"""A canvas to paint over what may change of a picture, folded until somebody paints."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.engine.inputs import load_picture
from sonic_ui.media.masks import PAINT, PAINT_OPACITY, empty_canvas, painted_canvas, write_mask
from sonic_ui.requests import BadInput, MakingRequest
from sonic_ui.ui.components import basic
from sonic_ui.ui.components.picture_files import PaintedLayers
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.settings.table import Row
from sonic_ui.ui.widgets.picture_input import write_preview

PAINTED_AGAIN = "What you painted is here again: only there the picture changes."
SHOW = "() => ({ __type__: 'update', visible: true })"


def mask_canvas(name: str, first: Path | None) -> tuple[gr.ImageEditor, gr.Button]:
    """The canvas, with a picture to begin with, and the button that empties it."""
    with basic.accordion("Edit only where you paint") as fold:
        basic.status_text(
            f"{name}-mask-line", "Paint over what may change. Everything else stays exactly as it is."
        )
        colour = f"rgba({', '.join(map(str, PAINT))}, {PAINT_OPACITY})"
        mask = PaintedLayers(
            empty_canvas(first) if first else None,
            label="What may change",
            show_label=False,
            type="filepath",
            image_mode="RGBA",
            sources=(),
            transforms=(),
            layers=False,
            brush=gr.Brush(colors=[colour], default_color=colour, color_mode="fixed"),
            buttons=[],
            canvas_size=(400, 400),
            height=360,
            elem_id=f"{name}-mask",
            elem_classes="su-mask",
            visible=False,
        )
        clear = gr.Button("Clear what is painted", size="sm", elem_id=f"{name}-clear-mask")
    # A canvas that is drawn by the graphics card: nobody pays for it who does not paint
    fold.unfold(None, js=SHOW, outputs=[mask], api_visibility="private")
    return mask, clear


def mask_row(context: AppContext, mask: gr.ImageEditor, message: gr.HTML) -> Row:
    """The setting `mask` of a request, from the canvas and back to it."""

    def mask_of(values: Mapping[str, Any]) -> dict[str, Any]:
        path = write_mask(values["mask"] or (), context.pictures.new())
        return {"mask": None if path is None else str(path)}

    def canvas_of(request: MakingRequest, files: Mapping[str, str]) -> dict[str, Any]:
        """What was painted, on the picture that was found."""
        if "picture" not in files:
            return {}
        preview = write_preview(context, load_picture(files["picture"]).image)
        painted = files.get("mask")
        return {"mask": painted_canvas(preview, Path(painted)) if painted else empty_canvas(preview)}

    return Row({"mask": mask}, message, mask_of, canvas_of)


def painted_file(context: AppContext, layers: Sequence[bytes | str] | None) -> str | None:
    """What is painted as a file, to be kept with the form; None if nothing is, or it cannot be read."""
    try:
        path = write_mask(layers or (), context.pictures.new())
    except BadInput:  # a run that uses it says so
        return None
    return None if path is None else str(path)


def painted_again(canvas: Any, painted: str | None) -> dict[str, Any] | None:
    """An empty canvas with what was painted before; None if there is nothing, or it is of another picture."""
    if not painted or not isinstance(canvas, dict):
        return None
    try:
        return painted_canvas(Path(canvas["background"]), Path(painted))
    except BadInput:
        return None
