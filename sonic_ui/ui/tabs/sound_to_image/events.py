"""What happens on the tab "Sound → Image": events of the studio become values of the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import gradio as gr

from sonic_ui.engine import Notice, Result
from sonic_ui.media.metadata import read_settings
from sonic_ui.requests import BadInput, SoundToImageRequest
from sonic_ui.ui.components.message import note
from sonic_ui.ui.components.stage import Card, done, show
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.settings.reuse import Record, request_of, with_record
from sonic_ui.ui.widgets import prompt_settings as words
from sonic_ui.ui.widgets.painting import Painting
from sonic_ui.ui.widgets.result_text import card_of_example, card_of_result
from sonic_ui.ui.widgets.runs import RunContext, Runs
from sonic_ui.ui.widgets.sound_input import SoundInputHandlers, Update

if TYPE_CHECKING:
    from sonic_ui.ui.tabs.sound_to_image.layout import Components

PART = ("start_s", "end_s", "gain_db")
SETTINGS = ("sound", *PART, *words.SETTINGS, "count")


class Handlers:
    """The tab's event handlers."""

    def __init__(
        self, context: AppContext, parts: Components, sound_handlers: SoundInputHandlers, runs: Runs
    ) -> None:
        self._context = context
        self._parts = parts
        self._sound_handlers = sound_handlers
        self._runs = runs

    @staticmethod
    def first_card(context: AppContext) -> Card | None:
        """The picture that is there when the page opens."""
        return _example_card(context, 0)

    def choose(self, event: gr.EventData) -> Update:
        """An example was clicked: its sound and its picture."""
        card = _example_card(self._context, self._sound_handlers.chosen(event))
        return {**self._sound_handlers.choose(event), self._parts.stage: show(card)}

    def generate(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Build the request from the page's settings (in the order of `SETTINGS`) and run it."""
        yield from self._runs.generate(request, SETTINGS, values, build_request, self._paint)

    def _paint(self, run_context: RunContext[SoundToImageRequest]) -> Iterator[Update]:
        place, painting = self._parts.stage, Painting(run_context.run, run_context.wanted.count)
        for event in self._context.studio.run(run_context.wanted, run_context.token):
            if isinstance(event, Notice):
                yield {self._parts.words.message: note(event.message)}
            elif isinstance(event, Result):
                files = self._context.pictures.write(event.images, event.settings)
                card = card_of_result(run_context.run, event, files)
                self._context.gallery.keep(run_context.session, card.id, files)
                kept = with_record(run_context.records, card.id, event)
                yield {place: done(run_context.run, card), self._parts.shared.records: kept}
            elif (value := painting.take(event)) is not None:
                yield {place: value}

    def example_record(self, name: str) -> Record | None:
        """What the picture of an example was made with, by its card's name."""
        number = name.removeprefix("example-")
        if number == name or not number.isdecimal() or int(number) >= len(self._context.examples):
            return None
        settings = _example_settings(self._context, int(number))
        sound = str(self._context.examples[int(number)].sound)
        return {"settings": settings, "files": {"sound": sound}} if settings else None


def build_request(values: Mapping[str, Any]) -> SoundToImageRequest:
    """The request that the page's settings stand for; a new seed unless it is kept. Raises `BadInput`."""
    own = {name: values[name] for name in ("sound", *PART, "count")}
    return SoundToImageRequest.from_values({**own, **words.painting_values(values)})


def values_from_settings(settings: dict[str, Any], sounds: Mapping[str, str]) -> dict[str, Any]:
    """Values for the page's settings from those of a picture. Raises `BadInput` for settings of others.

    Without the sound itself the part chosen in it is kept all the same, for when it is added again.
    """
    request = request_of(settings, sounds, SoundToImageRequest)
    own = {name: getattr(request, name) for name in (*PART, "count")}
    return {**own, **words.painting_updates(request), **sounds}


def _example_card(context: AppContext, index: int) -> Card | None:
    if index >= len(context.examples):
        return None
    return card_of_example(index, context.examples[index], _example_settings(context, index))


def _example_settings(context: AppContext, index: int) -> dict[str, Any] | None:
    """What an example's picture was made with: as it tells itself, or the engine's own with its seed."""
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
