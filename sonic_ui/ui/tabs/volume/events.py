"""The tab "Volume": one sound, turned from a whisper to a roar."""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sonic_ui.engine.events import Result
from sonic_ui.requests import VERBS, BadInput, VolumeSweepRequest
from sonic_ui.requests.interpolate import FILM_S, SMOOTHING
from sonic_ui.requests.volume_sweep import VOLUME
from sonic_ui.ui.components import base, basic, loudness_meter, preview_player, strip_player
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.settings.table import Row, SettingsTable
from sonic_ui.ui.tabs import BuiltTab
from sonic_ui.ui.tabs.volume import knobs, results
from sonic_ui.ui.tabs.volume.knobs import FRAMES, KNOB_WORDS, KNOBS, number_list
from sonic_ui.ui.widgets import (
    kept_form,
    own_picture,
    prompt_settings,
    runs,
    settings_drop,
    sound_input,
    strips,
)
from sonic_ui.ui.widgets.fields import FREQUENT, Update, name_choice, room_choice, slider

TAB = VERBS["volume_sweep"].tab
METER = f"{TAB}-meter"
TURN = f"""knob => {{
  document.dispatchEvent(new CustomEvent('su-knob', {{ detail: {{ tab: '{TAB}', knob }} }}));
}}"""
LISTS = json.dumps({name: knobs.number_list(name, values) for name, values in knobs.FRAMES.items()})
OTHER_FRAMES = f"""(knob, text) => {{
  const positions = text.replace(/−/g, '-').split(/[^-+.0-9]+/).filter(Boolean).map(Number);
  const scales = positions.every(position => position >= 0 && position <= 2);
  return scales === (knob === 'scale') ? text : {LISTS}[knob];
}}"""
"""Factors and decibels are distinguished by their range: a list for the one is no use to the other."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SweepSettings:
    """What is turned up, and where: the components. The meter's slider calls no Python by itself."""

    knob: gr.Radio
    meter: gr.HTML
    preview: gr.HTML
    frames: gr.Textbox
    message: gr.HTML
    room: gr.Radio
    by_name: gr.Checkbox


@dataclass(frozen=True)
class FilmSettings:
    """How the film runs: the components."""

    loop: gr.Checkbox
    smoothing: gr.Slider


@dataclass(frozen=True)
class Components:
    """The tab's components."""

    sound: sound_input.SoundInput
    sweep: SweepSettings
    own: own_picture.OwnPicture
    prompts: prompt_settings.PromptSettings
    film: FilmSettings
    bar: runs.RunBar
    player: strip_player.StripPlayer
    drop: settings_drop.SettingsDrop
    shared: SharedComponents


def settings_table(context: AppContext, parts: Components) -> SettingsTable[VolumeSweepRequest]:
    """The settings of the tab."""
    sweep, film = parts.sweep, parts.film
    frames = {"knob": sweep.knob, "frames": sweep.frames}
    rows = [
        Row(frames, sweep.message, _frames, _frame_values, fields=["gains_db", "scales"]),
        parts.sound.row(),
        Row({"room": sweep.room, "by_name": sweep.by_name}, sweep.message),
        *parts.own.rows(context),
        *parts.prompts.rows(),
        Row({"loop": film.loop, "smoothing": film.smoothing, "film_s": parts.prompts.beside_seed}),
        parts.prompts.aspect_row(lambda: context.studio.info.aspects),
    ]
    return SettingsTable(VolumeSweepRequest, rows)


def _frames(values: Mapping[str, Any]) -> dict[str, Any]:
    lists = knobs.frame_lists(values["knob"], values["frames"] or "")
    return {"gains_db": lists.gains_db, "scales": lists.scales}


def _frame_values(request: VolumeSweepRequest, files: Mapping[str, str]) -> dict[str, Any]:
    knob, positions = knobs.knob_of(request)
    return {"knob": knob, "frames": knobs.number_list(knob, positions)}


class Handlers:
    """The tab's event handlers."""

    def __init__(self, context: AppContext, parts: Components) -> None:
        self._context = context
        self._parts = parts
        self.table = settings_table(context, parts)
        self.own = own_picture.OwnPictureHandlers(context, parts.own)
        self.sound = sound_input.SoundInputHandlers(context, parts.sound, parts.sweep.room)
        self.runs = runs.Runs(
            context, parts.shared, TAB, parts.player.view, parts.bar, self.table, parts.prompts.seed.seed
        )
        self.strip = strips.StripHandlers(
            context, TAB, parts.player, results.write_files, results.request_at, results.frame_at
        )
        self.reuse = settings_drop.Reuse(
            context, parts.drop, self.table, stage=lambda *_: {parts.player.view: strip_player.show(None)}
        )

    # The sound; its values are the path, the part's start and end in seconds, and the room

    def measure(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Another sound is drawn: give the meter its measures at every gain."""
        from sonic_ui.audio.gain_preview import gain_points
        from sonic_ui.audio.limiter import CEILING_DBTP

        session, meter = request.session_hash or "", self._parts.sweep.meter
        number = self._context.tasks.begin_analysis(session, METER)
        value = None
        try:
            clip = self._clip(_sound_request(values), 0.0)
            value = loudness_meter.meter_value(
                gain_points(clip.samples, clip.sample_rate, VOLUME.maximum), CEILING_DBTP
            )
        except BadInput:  # the sound's own input says so
            pass
        except Exception:
            log.exception("A sound was not measured")
        if self._context.tasks.is_newest_analysis(session, METER, number):
            yield {meter: value}

    def choose(self, event: gr.EventData) -> Update:
        """An example was clicked: its sound and its picture."""
        strip = results.example_strip(self._context, self.sound.chosen(event))
        return {**self.sound.choose(event), self._parts.player.view: strip_player.show(strip)}

    def preview(
        self,
        sound: str | None,
        start_s: float | None,
        end_s: float | None,
        room: str | None,
        event: gr.EventData,
    ) -> Update:
        """Play the sound at the gain of the slider, through the same code as the engine."""
        number, slider = base.event_field(event, "number"), base.event_field(event, "at")
        number = number if isinstance(number, int) else 0
        try:
            lists = knobs.frame_lists("gain", slider["gain_db"] if isinstance(slider, dict) else 0.0)
            request = _sound_request((sound, start_s, end_s, room)).changed(gains_db=lists.gains_db)
            path = sound_input.write_sound_preview(self._context, self._clip(request, request.gains_db[0]))
            value = preview_player.preview_ready(number, path)
        except (BadInput, KeyError) as problem:
            value = preview_player.no_preview(number, str(problem))
        return {self._parts.sweep.preview: value}

    # Painting

    def generate(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Build the request from the page's settings (in the order of the table) and run it."""
        yield from self.runs.generate(request, values, self._paint)

    def _paint(self, run: runs.RunContext[VolumeSweepRequest]) -> Iterator[Update]:
        yield from self.runs.follow(
            run,
            strip_player.StripProgress(run.run, results.slots_of(run.request)),
            Result,
            self._finished,
            lambda notice: {self._parts.prompts.message: basic.note(notice.message)},
        )

    def _finished(self, run: runs.RunContext[VolumeSweepRequest], result: Result) -> Update:
        strip = results.strip_of(self._context, run.run, result)
        self.strip.add(strip.id, result)
        files = [frame.path for frame in strip.frames]
        return self.runs.finished(run, strip.id, files, result, strip_player.done(run.run, strip))

    def _clip(self, request: VolumeSweepRequest, gain_db: float) -> Any:
        part = (request.sound, request.start_s, request.end_s)
        return self._context.studio.load_sound(*part, gain_db, request.room).clip

    def connect(self) -> None:
        """Connect the tab."""
        parts, sweep, sound = self._parts, self._parts.sweep, self._parts.sound
        refresh_after = self.sound.connect(self.choose, [parts.player.view])
        show_own, kept = self.own.connect()
        parts.prompts.seed.connect()
        self.runs.connect(self.generate, [parts.prompts.prompt.submit, sweep.frames.submit])
        self.strip.connect(parts.shared)
        self.reuse.connect(parts.player.view, parts.shared, [refresh_after])
        kept_form.connect_form(
            *(TAB, self.table, [refresh_after, show_own]),
            changed=[sound.drawing],
            files={"painted": parts.own.painted},
            after=[kept],
        )
        inputs = [sound.sound, sound.start_s, sound.end_s, sweep.room]
        sound.drawing.change(self.measure, inputs=inputs, outputs=[sweep.meter], **FREQUENT)
        sweep.preview.preview(self.preview, inputs=inputs, outputs=[sweep.preview], **FREQUENT)
        sweep.knob.change(None, js=TURN, inputs=[sweep.knob], api_visibility="private")
        sweep.knob.input(
            None,
            js=OTHER_FRAMES,
            inputs=[sweep.knob, sweep.frames],
            outputs=[sweep.frames],
            api_visibility="private",
        )


def _sound_request(values: tuple[Any, ...]) -> VolumeSweepRequest:
    """The part of a sound, and the room it is in, checked."""
    names = ("sound", "start_s", "end_s", "room")
    return VolumeSweepRequest.from_values(dict(zip(names, values, strict=True)))


def build(context: AppContext, shared: SharedComponents) -> BuiltTab:
    """Lay out the tab inside the current tab context and connect it."""
    with gr.Row(elem_classes="su-desk", equal_height=False):
        with gr.Column(elem_classes="su-inputs su-halves", scale=5, min_width=340):
            with gr.Column(elem_classes="su-half"):
                with gr.Column(elem_classes="su-panel"):
                    sound = sound_input.sound_input(TAB, context, compact=True)
                with gr.Column(elem_classes="su-panel"):
                    sweep = _sweep()
            with gr.Column(elem_classes="su-half"):
                with gr.Column(elem_classes="su-panel"):
                    sweep.frames.render()
                    with basic.accordion("Where it is heard"):
                        sweep.room.render()
                        sweep.by_name.render()
                with gr.Column(elem_classes="su-panel"):
                    own = own_picture.own_picture(TAB)
                with gr.Column(elem_classes="su-panel"):
                    prompts, film = _prompts(context)
            bar = runs.run_bar(TAB)
        with gr.Column(elem_classes="su-result", scale=8, min_width=340):
            player = strip_player.strip_player(
                TAB, "The sound turned up", slider=None, first=results.example_strip(context, 0)
            )
            drop = settings_drop.settings_drop(TAB)
    Handlers(context, Components(sound, sweep, own, prompts, film, bar, player, drop, shared)).connect()
    return BuiltTab(player.view, bar.message, drop.share, (prompts,))


def _sweep() -> SweepSettings:
    """What is turned; its pictures and the room are rendered elsewhere."""
    return SweepSettings(
        knob=gr.Radio(
            [(words, name) for name, words in KNOB_WORDS.items()],
            value="gain",
            label="What to turn up",
            elem_id=f"{TAB}-turn",
            elem_classes="su-choice",
        ),
        meter=loudness_meter.loudness_meter(TAB, METER, {str(name): knob for name, knob in KNOBS.items()}),
        preview=preview_player.preview_player(TAB, f"{TAB}-hear"),
        frames=gr.Textbox(
            number_list("gain", FRAMES["gain"]),
            label="Pictures of the sweep",
            info="Where on the slider, from quiet to loud: up to 16.",
            lines=1,
            render=False,
            elem_id=f"{TAB}-frames",
        ),
        message=basic.message(f"{TAB}-turn-message"),
        room=room_choice(TAB, render=False),
        by_name=name_choice(TAB, "“Quiet rain”, “loud rain”: its name joins your words.", render=False),
    )


def _prompts(context: AppContext) -> tuple[prompt_settings.PromptSettings, FilmSettings]:
    prompts = prompt_settings.prompt_settings(
        TAB,
        context.studio.info,
        lambda: slider(FILM_S, "Film (seconds)", "From quiet to loud, one way."),
        "One seed for all pictures: only the loudness changes.",
        shaped=True,
    )
    with basic.accordion("The film"):
        loop = gr.Checkbox(True, label="There and back", container=False)
        smoothing = slider(SMOOTHING, "Pictures blended in between", "More glides, none steps.")
    return prompts, FilmSettings(loop, smoothing)
