"""A picture of one's own that a strip may be made on: the picture, its mask, and how it is held."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import gradio as gr

from sonic_ui.engine.inputs import load_picture
from sonic_ui.media.masks import empty_canvas
from sonic_ui.requests import BadInput, MakeFilmRequest
from sonic_ui.requests.edit_image import Mode, OwnPictureRequest
from sonic_ui.ui.components import basic
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.settings.table import Row
from sonic_ui.ui.widgets import hold_sliders, mask_canvas
from sonic_ui.ui.widgets.fields import FREQUENT, QUIET, Refresh, Update
from sonic_ui.ui.widgets.picture_input import picture_file, write_preview

MODE_WORDS = {
    "replace": "Replace",
    "add": "Add",
    "style": "Style",
    "paper": "As in the paper",
    "released": "As released",
    "words": "Word for word",
}
NOT_SHOWN = "This picture cannot be shown; the app’s log has the details. Give another one."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OwnPicture:
    """The components. `name` begins the names of their elements."""

    name: str
    picture: gr.Image
    mode: gr.Radio
    tau_attn: gr.Slider
    tau_feature: gr.Slider
    held: gr.Radio
    mask: gr.ImageEditor
    clear_mask: gr.Button
    painted: gr.File
    message: gr.HTML

    def rows(self, context: AppContext) -> list[Row]:
        """The settings that they stand for."""
        return [
            picture_row(self.picture, self.message),
            Row({"mode": self.mode}, self.message),
            hold_sliders.hold_row(self.tau_attn, self.tau_feature, self.held, self.message),
            mask_canvas.mask_row(context, self.mask, self.message),
        ]


def picture_row(picture: gr.Image, message: gr.HTML) -> Row:
    """The setting `picture` of a request that may have none: settings without one empty the input."""

    def picture_of(request: OwnPictureRequest | MakeFilmRequest, files: Mapping[str, str]) -> dict[str, Any]:
        found = files.get("picture")
        return {} if found is None and request.picture is not None else {"picture": found}

    return Row({"picture": picture}, message, from_request=picture_of)


def mode_choice(name: str, info: str) -> gr.Radio:
    """What a sound does to a picture of one's own."""
    return gr.Radio(
        [(MODE_WORDS[mode], mode) for mode in get_args(get_args(Mode)[0])],
        value="replace",
        label="What the sound does to it",
        info=info,
        elem_id=f"{name}-edit-mode",
        elem_classes="su-choice",
    )


def own_picture(name: str) -> OwnPicture:
    """Lay out the input, folded and empty."""
    with basic.accordion("On a picture of your own") as fold, gr.Column(visible=False) as inside:
        picture = picture_file(name)
        mode = mode_choice(name, "As on the tab “Edit”: every picture of the strip is then an edit of yours.")
        with basic.accordion("How hard to hold"):
            sliders = hold_sliders.hold_sliders(name)
        mask, clear = mask_canvas.mask_canvas(name, None)
        painted = gr.File(type="filepath", visible=False)
        message = basic.message(f"{name}-image-message")
    # Most strips are of no picture: what is in the fold is made when it is opened
    fold.unfold(None, js=mask_canvas.SHOW, outputs=[inside], api_visibility="private")
    return OwnPicture(name, picture, mode, *sliders, mask, clear, painted, message)


class OwnPictureHandlers:
    """Its event handlers."""

    def __init__(self, context: AppContext, parts: OwnPicture) -> None:
        self._context = context
        self._parts = parts

    def show(self, picture: str | None) -> Update:
        """Another picture was given, or none: a canvas with nothing painted on it."""
        mask, message = self._parts.mask, self._parts.message
        empty = {mask: None, message: basic.CLEAR}
        if not picture:
            return empty
        try:
            preview = write_preview(self._context, load_picture(picture).image)
        except BadInput as problem:
            return {**empty, message: basic.error(problem.message)}
        except Exception:
            log.exception("A picture was not shown")
            return {**empty, message: basic.error(NOT_SHOWN)}
        return {**empty, mask: empty_canvas(preview)}

    def restore(self, picture: str | None, painted: str | None) -> Update:
        """The form is back after a reload: its picture, and what was painted on it."""
        shown = self.show(picture)
        again = mask_canvas.painted_again(shown.get(self._parts.mask), painted)
        if again is None:
            return shown
        note = basic.note(mask_canvas.PAINTED_AGAIN)
        return {**shown, self._parts.mask: again, self._parts.message: note}

    def keep_mask(self, layers: list[bytes | str] | None) -> Update:
        """Something was painted: its mask as a file, which is kept with the form."""
        return {self._parts.painted: mask_canvas.painted_file(self._context, layers)}

    def connect(self) -> tuple[Refresh, Any]:
        """Connect it; returns what shows it again once a form is back, and the event that keeps its mask."""
        parts = self._parts
        shown = [parts.mask, parts.message]
        hold_sliders.follow_mode(parts.mode, parts.tau_attn, parts.tau_feature, parts.held)
        parts.picture.input(self.show, inputs=[parts.picture], outputs=shown, **FREQUENT)
        parts.clear_mask.click(self.show, inputs=[parts.picture], outputs=shown, **QUIET)
        kept = parts.mask.change(
            self.keep_mask, inputs=[parts.mask], outputs=[parts.painted], trigger_mode="always_last", **QUIET
        )

        def refresh(event: Any) -> Any:
            return event.then(self.restore, inputs=[parts.picture, parts.painted], outputs=shown, **QUIET)

        return refresh, kept
