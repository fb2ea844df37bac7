"""What happens on the tab "Volume": events of the studio become values of the page."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import gradio as gr

from sonic_ui.engine import Notice, Result
from sonic_ui.requests import BadInput, VolumeSweepRequest
from sonic_ui.requests.volume_sweep import VOLUME
from sonic_ui.ui.components import film
from sonic_ui.ui.components.hear import heard, not_heard
from sonic_ui.ui.components.live import sent
from sonic_ui.ui.components.loudness_meter import metered
from sonic_ui.ui.components.message import note
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.settings.reuse import request_of, with_record
from sonic_ui.ui.tabs.volume.frame_lists import knob_of, list_words, turned
from sonic_ui.ui.tabs.volume.results import example_strip, slots_of, strip_of
from sonic_ui.ui.widgets import prompt_settings as words
from sonic_ui.ui.widgets.preview_file import write_preview
from sonic_ui.ui.widgets.runs import RunContext, Runs
from sonic_ui.ui.widgets.sound_input import SoundInputHandlers, Update
from sonic_ui.ui.widgets.strips import Filmer, Making

if TYPE_CHECKING:
    from sonic_ui.ui.tabs.volume.layout import Components

TAB = "volume"
METER = f"{TAB}-meter"

PART = ("sound", "start_s", "end_s", "room")
FILM = ("loop", "smoothing", "film_s")
SETTINGS = (*PART, "knob", "frames", *words.SETTINGS, *FILM)

log = logging.getLogger(__name__)


class Handlers:
    """The tab's event handlers."""

    def __init__(
        self,
        context: AppContext,
        parts: Components,
        sound_handlers: SoundInputHandlers,
        runs: Runs,
        filmer: Filmer,
    ) -> None:
        self._context = context
        self._parts = parts
        self._sound_handlers = sound_handlers
        self._runs = runs
        self._filmer = filmer

    # The sound

    def measure(
        self,
        request: gr.Request,
        sound: str | None,
        start_s: float | None,
        end_s: float | None,
        room: str | None,
    ) -> Iterator[Update]:
        """Another sound is drawn: give the meter what it measures at every gain."""
        from sonic_ui.audio.gain_preview import gain_points
        from sonic_ui.audio.limiter import CEILING_DBTP

        session, meter = request.session_hash or "", self._parts.turning.meter
        number = self._context.sessions.look(session, METER)
        try:
            wanted = _part(sound, start_s, end_s, room)
            clip = self._listen(wanted, 0.0)
            value = metered(gain_points(clip.samples, clip.sample_rate, VOLUME.maximum), CEILING_DBTP)
        except BadInput:  # whoever drew the sound has said so
            value = None
        except Exception:
            log.exception("A sound was not measured")
            value = None
        if self._context.sessions.is_newest_analysis(session, METER, number):
            yield {meter: value}

    def choose(self, event: gr.EventData) -> Update:
        """An example was clicked: its sound and its picture."""
        strip = example_strip(self._context, self._sound_handlers.chosen(event))
        return {**self._sound_handlers.choose(event), self._parts.film.view: film.showing(strip)}

    def hear(
        self,
        sound: str | None,
        start_s: float | None,
        end_s: float | None,
        room: str | None,
        event: gr.EventData,
    ) -> Update:
        """Play the sound at the gain of the slider, through the code that the engine hears it through."""
        number, place = sent(event, "number"), sent(event, "at")
        number = number if isinstance(number, int) else 0
        try:
            turns = turned("gain", place["gain_db"] if isinstance(place, dict) else 0.0)
            wanted = _part(sound, start_s, end_s, room).changed(gains_db=turns.gains_db)
            value = heard(number, write_preview(self._context, self._listen(wanted, wanted.gains_db[0])))
        except (BadInput, KeyError) as problem:
            value = not_heard(number, str(problem))
        return {self._parts.turning.hear: value}

    # Painting

    def generate(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Build the request from the page's settings (in the order of `SETTINGS`) and run it."""
        yield from self._runs.generate(request, SETTINGS, values, build_request, self._paint)

    def _paint(self, run_context: RunContext[VolumeSweepRequest]) -> Iterator[Update]:
        view, making = self._parts.film.view, Making(run_context.run, slots_of(run_context.wanted))
        for event in self._context.studio.run(run_context.wanted, run_context.token):
            if isinstance(event, Notice):
                yield {self._parts.words.message: note(event.message)}
            elif isinstance(event, Result):
                strip = strip_of(self._context, run_context.run, event)
                self._context.gallery.keep(
                    run_context.session, strip.id, [frame.path for frame in strip.frames]
                )
                self._filmer.keep(strip.id, event)
                kept = with_record(run_context.records, strip.id, event)
                yield {view: film.done(run_context.run, strip), self._parts.shared.records: kept}
            else:
                yield {view: making.take(event)}

    def _listen(self, wanted: VolumeSweepRequest, gain_db: float) -> Any:
        return self._context.studio.load_sound(
            wanted.sound, wanted.start_s, wanted.end_s, gain_db, wanted.room
        ).clip


def build_request(values: Mapping[str, Any]) -> VolumeSweepRequest:
    """The request that the page's settings stand for; a new seed unless it is kept. Raises `BadInput`."""
    turns = turned(values["knob"], values["frames"] or "")
    own = {name: values[name] for name in (*PART, *FILM)}
    return VolumeSweepRequest.from_values(
        {**own, **words.painting_values(values), "gains_db": turns.gains_db, "scales": turns.scales}
    )


def values_from_settings(settings: dict[str, Any], sounds: Mapping[str, str]) -> dict[str, Any]:
    """Values for the page's settings from those of a picture. Raises `BadInput` for settings of others."""
    request = request_of(settings, sounds, VolumeSweepRequest)
    knob, places = knob_of(request)
    own = {name: getattr(request, name) for name in (*PART[1:], *FILM)}
    return {
        **own,
        "knob": knob,
        "frames": list_words(knob, places),
        **words.painting_updates(request),
        **sounds,
    }


def _part(
    sound: str | None, start_s: float | None, end_s: float | None, room: str | None
) -> VolumeSweepRequest:
    """The part of a sound, and the room it is in, checked."""
    return VolumeSweepRequest.from_values({"sound": sound, "start_s": start_s, "end_s": end_s, "room": room})
