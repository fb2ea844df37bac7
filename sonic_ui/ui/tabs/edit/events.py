"""What happens on the tab "Edit": events of the studio become values of the page."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from sonic_ui.engine import Notice, Result
from sonic_ui.media.masks import empty_canvas, painted_canvas, write_mask
from sonic_ui.requests import EDIT_MODES, BadInput, EditImageRequest
from sonic_ui.requests.edit_modes import HOLD_HARDER
from sonic_ui.ui.components.live import sent
from sonic_ui.ui.components.message import CLEAR, error, note
from sonic_ui.ui.components.stage import Card, done, show
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.settings.reuse import request_of, with_record
from sonic_ui.ui.tabs.edit.results import cache_sentence, card_of_edit, card_of_picture, shown_files
from sonic_ui.ui.widgets import prompt_settings as words
from sonic_ui.ui.widgets.painting import Painting
from sonic_ui.ui.widgets.picture_input import read_upright, with_pictures, write_preview
from sonic_ui.ui.widgets.runs import RunContext, Runs
from sonic_ui.ui.widgets.sound_input import Update

if TYPE_CHECKING:
    from sonic_ui.ui.tabs.edit.layout import Components

TAB = "edit"
PAIRS = "{} and before"
"""What the gallery calls the pictures of a result for before and after: before, then each after."""

PART = ("sound", "start_s", "end_s", "gain_db", "room")
HOLD = ("mode", "tau_attn", "tau_feature", "held", "source_prompt")
OWN = ("variation", "several", "strengths")
SETTINGS = ("picture", "mask", *PART, *HOLD, *words.SETTINGS, *OWN)

log = logging.getLogger(__name__)


class Handlers:
    """The tab's event handlers."""

    def __init__(self, context: AppContext, parts: Components, runs: Runs) -> None:
        self._context = context
        self._parts = parts
        self._runs = runs

    @staticmethod
    def first_card(context: AppContext, number: int) -> Card | None:
        """The picture that is there when the page opens."""
        examples = with_pictures(context)
        if number >= len(examples) or examples[number].picture is None:
            return None
        picture = Path(str(examples[number].picture))
        return card_of_picture(examples[number].title, picture, read_upright(picture).size)

    # The picture

    def look(self, request: gr.Request, picture: str | None) -> Update:
        """Say what is kept of the picture that stands there, or why it cannot be used."""
        place = self._parts.picture
        if not picture:
            return {self._parts.kept: "", place.message: CLEAR}
        try:
            read_upright(picture)
            words_for_it = cache_sentence(
                self._context.studio.cache_usage(request.session_hash or "", picture)
            )
        except BadInput as problem:
            return {self._parts.kept: "", place.message: error(problem.message)}
        return {self._parts.kept: words_for_it, place.message: CLEAR}

    def take(self, picture: str | None) -> Update:
        """Another picture was given: show it, with nothing painted on it."""
        parts = self._parts
        if not picture:
            return {parts.mask: None, parts.mask_message: CLEAR}
        try:
            image = read_upright(picture)
        except BadInput:  # `look` says why
            return {parts.mask: None, parts.mask_message: CLEAR}
        except Exception:
            log.exception("A picture was not shown")
            return {parts.mask: None, parts.mask_message: CLEAR}
        preview = write_preview(self._context, image)
        card = card_of_picture(Path(picture).name, preview, image.size)
        return {parts.mask: empty_canvas(preview), parts.mask_message: CLEAR, parts.stage: show(card)}

    def choose(self, event: gr.EventData) -> Update:
        """An example was clicked. Raises `gr.Error` if there is none."""
        index, examples = sent(event, "index"), with_pictures(self._context)
        if not isinstance(index, int) or not 0 <= index < len(examples):
            raise gr.Error("This example is no longer there. Reload the page.")
        return self.receive(Path(str(examples[index].picture)))

    def receive(self, picture: Path) -> Update:
        """A picture of ours was chosen or sent here."""
        return {self._parts.picture.picture: str(picture), **self.take(str(picture))}

    def clear_mask(self, picture: str | None) -> Update:
        """Take away what was painted."""
        shown = self.take(picture)
        return {place: shown[place] for place in (self._parts.mask, self._parts.mask_message)}

    def compare(self, request: gr.Request, event: gr.EventData) -> Update:
        """Another picture of the session is shown: before and after of it."""
        name, index = PAIRS.format(sent(event, "id")), sent(event, "index")
        gallery, session = self._context.gallery, request.session_hash or ""
        before = gallery.find(session, name, 0)
        after = gallery.find(session, name, index + 1 if isinstance(index, int) else None)
        pair = None if before is None or after is None else (str(before), str(after))
        return {self._parts.compare: pair}

    # Editing

    def generate(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Build the request from the page's settings (in the order of `SETTINGS`) and run it."""

        def make(run_context: RunContext[EditImageRequest]) -> Iterator[Update]:
            yield from self._paint(run_context)
            yield self.look(request, run_context.wanted.picture)

        yield from self._runs.generate(request, SETTINGS, values, self._request, make)

    def _request(self, values: dict[str, Any]) -> EditImageRequest:
        mask = write_mask(values.pop("mask") or (), self._context.pictures.new())
        return build_request({**values, "mask": None if mask is None else str(mask)})

    def _paint(self, run_context: RunContext[EditImageRequest]) -> Iterator[Update]:
        painting = Painting(run_context.run, len(run_context.wanted.edits))
        for event in self._context.studio.run(run_context.wanted, run_context.token, run_context.session):
            if isinstance(event, Notice):
                yield {self._parts.words.message: note(event.message)}
            elif isinstance(event, Result):
                yield self._finished(run_context, event)
            elif (value := painting.take(event)) is not None:
                yield {self._parts.stage: value}

    def _finished(self, run_context: RunContext[EditImageRequest], result: Result) -> Update:
        context = self._context
        files = context.pictures.write(result.images, result.settings)
        card = card_of_edit(run_context.run, result, files)
        before = write_preview(context, read_upright(result.request.picture_paths["picture"]), "before")
        pairs = [before, *shown_files(context, result, files)]
        context.gallery.keep(run_context.session, card.id, files)
        context.gallery.keep(run_context.session, PAIRS.format(card.id), pairs)
        return {
            self._parts.compare: (str(pairs[0]), str(pairs[1])),
            self._parts.stage: done(run_context.run, card),
            self._parts.shared.records: with_record(run_context.records, card.id, result),
        }

    # Settings that come back

    def updates(self, settings: dict[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
        """Values for the page's settings from those of a picture, what was painted too. Raises `BadInput`."""
        updates = values_from_settings(settings, files)
        if "picture" in files:
            preview = write_preview(self._context, read_upright(files["picture"]))
            mask = files.get("mask")
            updates["mask"] = painted_canvas(preview, Path(mask)) if mask else empty_canvas(preview)
        return updates


def build_request(values: Mapping[str, Any]) -> EditImageRequest:
    """The request that the page's settings stand for; a new seed unless it is kept. Raises `BadInput`."""
    names = ("picture", "mask", *PART, "mode", "tau_attn", "tau_feature", "source_prompt", "variation")
    own = {name: values[name] for name in names}
    if values["several"] and (values["layers"] or "").strip():
        raise BadInput(
            "There are several strengths and one for each layer as well; only one of them can be meant. "
            "Empty “Strength for each layer”, or try one strength at a time.",
            "strengths",
        )
    strengths = (values["strengths"] or "") if values["several"] else None
    return EditImageRequest.from_values(
        {**own, "layers": values["held"], "strengths": strengths, **words.painting_values(values)}
    )


def values_from_settings(settings: dict[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """Values for the page's settings from those of a picture. Raises `BadInput` for settings of others."""
    request = request_of(settings, files, EditImageRequest)
    own = {name: getattr(request, name) for name in (*PART[1:], "mode", "source_prompt", "variation")}
    several = request.strengths is not None
    return {
        **own,
        **{name: request.hold[name] for name in ("tau_attn", "tau_feature")},
        "held": "harder" if request.hold["feature_layers"] == HOLD_HARDER else "paper",
        "several": several,
        **({"strengths": strength_list(request.strengths or ())} if several else {}),
        **words.painting_updates(request),
        **{name: path for name, path in files.items() if name in ("picture", "sound")},
    }


def strength_list(strengths: Sequence[float]) -> str:
    """Strengths as a person writes them."""
    return ", ".join(f"{one:g}" for one in strengths)


def mode_settings() -> dict[str, list[float | str]]:
    """What the sliders and the layers turn to when a mode is chosen: tau, tau, layers, by mode."""
    return {
        name: [mode.tau_attn, mode.tau_feature, "harder" if mode.feature_layers == HOLD_HARDER else "paper"]
        for name, mode in EDIT_MODES.items()
    }
