"""What happens on the tab "Interpolate": events of the studio become values of the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr

from sonic_ui.engine import Notice, Result
from sonic_ui.engine.jobs.interpolate import SAME_SOUND
from sonic_ui.requests import InterpolateRequest
from sonic_ui.requests.interpolate import FRAMES
from sonic_ui.ui.components.film import done
from sonic_ui.ui.components.message import note
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.settings.reuse import request_of, with_record
from sonic_ui.ui.tabs.interpolate.results import slot_of, slots_of, strip_of
from sonic_ui.ui.widgets import prompt_settings as words
from sonic_ui.ui.widgets.runs import RunContext, Runs
from sonic_ui.ui.widgets.sound_input import Update
from sonic_ui.ui.widgets.strips import Filmer, Making

if TYPE_CHECKING:
    from sonic_ui.ui.tabs.interpolate.layout import Components

TAB = "interpolate"
SOUNDS = ("sound_a", "start_a_s", "end_a_s", "sound_b", "start_b_s", "end_b_s")
LOUDNESS = ("own_a", "lufs_a", "own_b", "lufs_b")
OWN = ("method", "room", "frames", "spacing", "continuity", "loop", "smoothing", "film_s")
SETTINGS = (*SOUNDS, *OWN, "positions", *LOUDNESS, *words.SETTINGS)


class Handlers:
    """The tab's event handlers."""

    def __init__(self, context: AppContext, parts: Components, runs: Runs, filmer: Filmer) -> None:
        self._context = context
        self._parts = parts
        self._runs = runs
        self._filmer = filmer

    def generate(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Build the request from the page's settings (in the order of `SETTINGS`) and run it."""
        yield from self._runs.generate(request, SETTINGS, values, build_request, self._paint)

    def _paint(self, run_context: RunContext[InterpolateRequest]) -> Iterator[Update]:
        view = self._parts.film.view
        making = Making(run_context.run, slots_of(run_context.wanted), slot_of)
        for event in self._context.studio.run(run_context.wanted, run_context.token):
            if isinstance(event, Notice):
                place = self._parts.b if event.message == SAME_SOUND else self._parts.words
                yield {place.message: note(event.message)}
            elif isinstance(event, Result):
                files = self._context.pictures.write(event.images, event.settings)
                strip = strip_of(run_context.run, event, files)
                self._context.gallery.keep(run_context.session, strip.id, files)
                self._filmer.keep(strip.id, event)
                kept = with_record(run_context.records, strip.id, event)
                yield {view: done(run_context.run, strip), self._parts.shared.records: kept}
            elif (value := making.take(event)) is not None:
                yield {view: value}


def build_request(values: Mapping[str, Any]) -> InterpolateRequest:
    """The request that the page's settings stand for; a new seed unless it is kept. Raises `BadInput`."""
    own = {name: values[name] for name in (*SOUNDS, *OWN)}
    mixed = values["method"] == "mix"
    lufs = {f"lufs_{side}": values[f"lufs_{side}"] for side in "ab" if mixed and values[f"own_{side}"]}
    own["positions"] = (values["positions"] or "").strip() or None
    return InterpolateRequest.from_values({**own, **lufs, **words.painting_values(values)})


def values_from_settings(settings: dict[str, Any], sounds: Mapping[str, str]) -> dict[str, Any]:
    """Values for the page's settings from those of a picture. Raises `BadInput` for settings of others.

    Without a sound the part chosen in it is kept all the same, for when it is added again.
    """
    request = request_of(settings, sounds, InterpolateRequest)
    updates = {name: getattr(request, name) for name in (*SOUNDS, *OWN) if not name.startswith("sound")}
    if request.positions is None:
        updates["positions"] = ""
    else:
        updates["positions"] = position_list(request.positions)
        updates["frames"] = max(len(request.positions), int(FRAMES.minimum))
    for side in "ab":
        lufs = getattr(request, f"lufs_{side}")
        updates[f"own_{side}"] = lufs is not None
        if lufs is not None:
            updates[f"lufs_{side}"] = lufs
    return {**updates, **words.painting_updates(request), **sounds}


def position_list(positions: Sequence[float]) -> str:
    """Positions as a person writes them, each exactly itself when it is read again."""
    return ", ".join(f"{at:g}" if float(f"{at:g}") == at else repr(at) for at in positions)
