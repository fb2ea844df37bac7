"""The tab "Volume": one sound, turned from a whisper to a roar."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sonic_ui.requests.interpolate import FILM_S, SMOOTHING
from sonic_ui.ui.components.accordion import accordion
from sonic_ui.ui.components.film import Film, film_view
from sonic_ui.ui.components.hear import hear_button
from sonic_ui.ui.components.loudness_meter import loudness_meter
from sonic_ui.ui.components.message import message
from sonic_ui.ui.session.context import AppContext, Shared
from sonic_ui.ui.tabs.volume import api as volume_api
from sonic_ui.ui.tabs.volume.events import SETTINGS, TAB, Handlers, values_from_settings
from sonic_ui.ui.tabs.volume.frame_lists import FRAMES, KNOB_WORDS, KNOBS, list_words
from sonic_ui.ui.tabs.volume.results import example_strip, files_of, frame_at, request_at
from sonic_ui.ui.widgets.fields import room_choice, slider
from sonic_ui.ui.widgets.prompt_settings import Words, connect_words, words
from sonic_ui.ui.widgets.runs import RunBar, Runs, connect_run, run_bar
from sonic_ui.ui.widgets.settings_drop import PictureDrop, Reuse, connect_reuse, picture_drop
from sonic_ui.ui.widgets.sound_input import (
    MANY,
    QUIET,
    SoundInput,
    SoundInputHandlers,
    connect_sound,
    sound_input,
)
from sonic_ui.ui.widgets.strips import Filmer, Refiner, connect_strip

__all__ = ["TAB", "Components", "build"]

TURN = f"""knob => {{
  document.dispatchEvent(new CustomEvent('su-knob', {{ detail: {{ tab: '{TAB}', knob }} }}));
}}"""
LISTS = json.dumps({name: list_words(name, places) for name, places in FRAMES.items()})
OTHER_FRAMES = f"""(knob, text) => {{
  const places = text.replace(/−/g, '-').split(/[^-+.0-9]+/).filter(Boolean).map(Number);
  const scales = places.every(place => place >= 0 && place <= 2);
  return scales === (knob === 'scale') ? text : {LISTS}[knob];
}}"""
"""Factors and decibels are told by their range: a list for the one is no use to the other."""


@dataclass(frozen=True)
class Turning:
    """What is turned up, and where: the components. The meter's slider asks Python for nothing by itself."""

    knob: gr.Radio
    meter: gr.HTML
    hear: gr.HTML
    frames: gr.Textbox
    message: gr.HTML
    room: gr.Radio


@dataclass(frozen=True)
class FilmSettings:
    """How the film runs: the components."""

    loop: gr.Checkbox
    smoothing: gr.Slider


@dataclass(frozen=True)
class Components:
    """The tab's components."""

    sound: SoundInput
    turning: Turning
    words: Words
    running: FilmSettings
    bar: RunBar
    film: Film
    drop: PictureDrop
    shared: Shared

    @property
    def place(self) -> gr.HTML:
        """What shows the results."""
        return self.film.view

    @property
    def settings(self) -> dict[str, Any]:
        """The components that make up a request, by their names in `SETTINGS`."""
        named = {**vars(self.sound), **vars(self.turning), **vars(self.words), **vars(self.running)}
        return {name: {**named, "film_s": self.words.beside}[name] for name in SETTINGS}

    @property
    def messages(self) -> dict[str, gr.HTML]:
        """Where the sentence about a setting stands."""
        return {
            **dict.fromkeys(("sound", "start_s", "end_s"), self.sound.message),
            **dict.fromkeys(("gains_db", "scales", "knob", "room"), self.turning.message),
            **dict.fromkeys(("prompt", "negative_prompt"), self.words.message),
        }


def build(context: AppContext, shared: Shared) -> Components:
    """Lay out the tab inside the current tab context and connect it."""
    with gr.Row(elem_classes="su-desk", equal_height=False):
        with gr.Column(elem_classes="su-inputs", scale=5, min_width=340):
            with gr.Column(elem_classes="su-panel"):
                sound = sound_input(TAB, context, compact=True)
            with gr.Column(elem_classes="su-panel"):
                turning = _turning()
            with gr.Column(elem_classes="su-panel"):
                said, running = _words(context)
            bar = run_bar(TAB, "Paint the sweep")
        with gr.Column(elem_classes="su-result", scale=8, min_width=340):
            film = film_view(TAB, "The sound turned up", slider=None, first=example_strip(context, 0))
            drop = picture_drop(TAB)
    parts = Components(sound, turning, said, running, bar, film, drop, shared)
    _connect(context, parts)
    volume_api.build(context)
    return parts


def _turning() -> Turning:
    return Turning(
        knob=gr.Radio(
            [(said, name) for name, said in KNOB_WORDS.items()],
            value="gain",
            label="What to turn up",
            elem_id=f"{TAB}-turn",
            elem_classes="su-choice",
        ),
        meter=loudness_meter(TAB, f"{TAB}-meter", {str(name): knob for name, knob in KNOBS.items()}),
        hear=hear_button(TAB, f"{TAB}-hear"),
        frames=gr.Textbox(
            list_words("gain", FRAMES["gain"]),
            label="Pictures of the sweep",
            info="Where on the slider above, from quiet to loud: up to 16.",
            lines=1,
            elem_id=f"{TAB}-frames",
        ),
        message=message(f"{TAB}-turn-message"),
        room=room_choice(TAB),
    )


def _words(context: AppContext) -> tuple[Words, FilmSettings]:
    said = words(
        TAB,
        context.studio.info.defaults,
        lambda: slider(FILM_S, "Film (seconds)", "From quiet to loud, one way."),
        "One seed for all pictures: only the loudness changes.",
    )
    with accordion("The film"):
        loop = gr.Checkbox(True, label="There and back", container=False)
        smoothing = slider(SMOOTHING, "Pictures blended in between", "More glides, none steps.")
    return said, FilmSettings(loop, smoothing)


def _connect(context: AppContext, parts: Components) -> None:
    settings, records = [*parts.settings.values()], parts.shared.records
    turning, sound = parts.turning, parts.sound
    sound_handlers = SoundInputHandlers(context, sound, room=True)
    runs = Runs(context, parts.shared, TAB, parts.film.view, parts.bar, parts.messages, parts.words.seed)
    filmer = Filmer(context, TAB, parts.film, lambda result, token: files_of(context, result, token))
    handle = Handlers(context, parts, sound_handlers, runs, filmer)
    reuse = Reuse(context, parts.drop, parts.settings, values_from_settings)

    refresh_after = connect_sound(
        sound, sound_handlers, room=turning.room, choose=handle.choose, chosen=[parts.film.view]
    )
    connect_words(parts.words)
    connect_run(
        TAB,
        parts.bar,
        runs,
        [parts.words.prompt.submit, turning.frames.submit],
        handle.generate,
        inputs=[*settings, records],
        outputs=[parts.words.seed, records],
    )
    connect_strip(parts.film, filmer, Refiner(context, TAB, parts.film, request_at, frame_at), parts.shared)
    connect_reuse(parts.drop, reuse, parts.film.view, parts.shared, settings, [refresh_after])

    heard = [sound.sound, sound.start_s, sound.end_s, turning.room]
    often: dict[str, Any] = {"trigger_mode": "multiple", "concurrency_limit": MANY, **QUIET}
    sound.drawing.change(handle.measure, inputs=heard, outputs=[turning.meter], **often)
    turning.hear.hear(handle.hear, inputs=heard, outputs=[turning.hear], **often)
    turning.knob.change(None, js=TURN, inputs=[turning.knob], api_visibility="private")
    turning.knob.input(
        None,
        js=OTHER_FRAMES,
        inputs=[turning.knob, turning.frames],
        outputs=[turning.frames],
        api_visibility="private",
    )
