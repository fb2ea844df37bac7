"""The tab "Film": a track becomes a film whose picture follows it; or the microphone does, live."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import gradio as gr

from sonic_ui.engine.events import Cancelled, Failure, FilmResult
from sonic_ui.requests import VERBS, BadInput, MakeFilmRequest
from sonic_ui.requests.make_film import CHANGE_S, FPS, HOLD_BEATS, KICK_AMOUNT, LOUDNESS, SIZE
from sonic_ui.ui.components import basic, film_timeline, film_view
from sonic_ui.ui.components.base import event_field, html_component
from sonic_ui.ui.session.context import AppContext, SharedComponents
from sonic_ui.ui.settings.table import Row, SettingsTable
from sonic_ui.ui.tabs import BuiltTab
from sonic_ui.ui.tabs.film import live, results, track_input
from sonic_ui.ui.widgets import (
    kept_form,
    own_picture,
    prompt_settings,
    runs,
    send_to_tab,
    settings_drop,
    sound_input,
)
from sonic_ui.ui.widgets.fields import FREQUENT, QUIET, Update, name_choice, slider
from sonic_ui.ui.widgets.picture_input import picture_file

TAB = VERBS["make_film"].tab
MODES = [("Film", "film"), ("Live", "live")]
NOT_PAINTED = "This moment could not be painted; the app's log has the details."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Movement:
    """What moves the picture, and how: the components."""

    content: gr.Checkbox
    change_s: gr.Slider
    loudness: gr.Slider
    kick: gr.Radio
    kick_by: gr.Radio
    kick_amount: gr.Slider
    hold_beats: gr.Slider
    by_name: gr.Checkbox
    message: gr.HTML


@dataclass(frozen=True)
class Source:
    """The picture that a film may start from: the components."""

    picture: gr.Image
    mode: gr.Radio
    message: gr.HTML


@dataclass(frozen=True)
class FileSettings:
    """What the film is written as: the components."""

    quality: gr.Radio
    output: gr.Radio
    size_px: gr.Slider


@dataclass(frozen=True)
class Components:
    """The components of the mode "Film"."""

    sound: sound_input.SoundInput
    movement: Movement
    source: Source
    prompts: prompt_settings.PromptSettings
    file: FileSettings
    bar: runs.RunBar
    view: gr.HTML
    look: gr.HTML
    drop: settings_drop.SettingsDrop
    shared: SharedComponents


def settings_table(context: AppContext, parts: Components) -> SettingsTable[MakeFilmRequest]:
    """The settings of the tab."""
    movement, file = parts.movement, parts.file
    names = tuple(field.name for field in fields(Movement) if field.name != "message")
    rows = [
        parts.sound.row(),
        Row({name: getattr(movement, name) for name in names}, movement.message),
        own_picture.picture_row(parts.source.picture, parts.source.message),
        Row({"mode": parts.source.mode}, parts.source.message),
        *parts.prompts.rows(),
        parts.prompts.aspect_row(lambda: context.studio.info.aspects),
        Row(
            {
                "fps": parts.prompts.beside_seed,
                "quality": file.quality,
                "output": file.output,
                "size_px": file.size_px,
            }
        ),
    ]
    return SettingsTable(MakeFilmRequest, rows)


class Handlers:
    """The event handlers of the mode "Film"."""

    def __init__(self, context: AppContext, parts: Components) -> None:
        self._context = context
        self._parts = parts
        self.table = settings_table(context, parts)
        self.sound = track_input.TrackInputHandlers(context, parts.sound)
        self.runs = runs.Runs(
            context, parts.shared, TAB, parts.view, parts.bar, self.table, parts.prompts.seed.seed
        )
        self.reuse = settings_drop.Reuse(context, parts.drop, self.table)

    def generate(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Build the request from the page's settings (in the order of the table) and run it."""
        yield from self.runs.generate(request, values, self._film)

    def _film(self, run: runs.RunContext[MakeFilmRequest]) -> Iterator[Update]:
        yield from self.runs.follow(
            run,
            film_view.FilmProgress(run.run),
            FilmResult,
            self._finished,
            lambda notice: {self._parts.prompts.message: basic.note(notice.message)},
        )

    def _finished(self, run: runs.RunContext[MakeFilmRequest], result: FilmResult) -> Update:
        card = results.film_card(self._context, run.run, result)
        files = [frame.path for frame in card.frames]
        return self.runs.finished(run, card.id, files, result, film_view.done(run.run, card))

    def see(self, request: gr.Request, event: gr.EventData, *values: Any) -> Iterator[Update]:
        """A moment of the timeline was chosen: paint the picture that the film would have there.

        Its seed is kept from then on: the film shall look like it.
        """
        at = event_field(event, "at")
        at_s = float(at) if isinstance(at, int | float) and not isinstance(at, bool) else 0.0
        session, task, seed = request.session_hash or "", runs.refine_task(TAB), self._parts.prompts.seed
        _, token = self._context.tasks.begin(session, task)
        try:
            wanted = self.table.request(values).changed(at_s=at_s, output="mp4")
            yield {seed.seed: wanted.seed, seed.keep_seed: True}
            for answer in self._context.studio.run(wanted, token, session):
                if isinstance(answer, FilmResult):
                    at_s = answer.times[0]
                    words = (
                        f"The picture of {at_s:.1f} seconds, {results.sound_words(answer.segments, at_s)}."
                    )
                    yield {self._parts.look: film_timeline.still(at_s, answer.film, words)}
        except Cancelled:
            return
        except (BadInput, Failure) as problem:
            yield {self._parts.look: film_timeline.no_still(at_s, str(problem))}
        except Exception:
            log.exception("A moment of a film was not painted")
            yield {self._parts.look: film_timeline.no_still(at_s, NOT_PAINTED)}
        finally:
            self._context.tasks.finish(session, task, token)

    def estimate(self, request: gr.Request, *values: Any) -> Update:
        """Say what the film will take, or why it is too much; nothing while its track is not heard."""
        try:
            wanted = self.table.request(values)
            found = self._context.studio.estimate_film(wanted, request.session_hash or "")
        except BadInput as problem:
            too_much = problem.field in ("end_s", "output")
            return {self._parts.bar.estimate: basic.error(problem.message) if too_much else basic.CLEAR}
        except (Cancelled, Failure):
            return {self._parts.bar.estimate: basic.CLEAR}
        line = basic.CLEAR if found is None else basic.aside(results.cost_words(*found))
        return {self._parts.bar.estimate: line}

    def connect(self) -> send_to_tab.Target:
        """Connect the mode; returns what takes sounds of other tabs."""
        parts = self._parts
        estimating: dict[str, Any] = {
            "fn": self.estimate,
            "inputs": [*self.table.components.values()],
            "outputs": [parts.bar.estimate],
            "trigger_mode": "always_last",
            "concurrency_limit": 2,
            **QUIET,
        }
        refresh_after = self.sound.connect()
        changed = [*self.table.components.values(), parts.sound.drawing]
        gr.on([one.change for one in changed], **estimating)
        parts.prompts.seed.connect()
        self.runs.connect(self.generate, [parts.prompts.prompt.submit])
        self.reuse.connect(parts.view, parts.shared, [refresh_after])
        kept_form.connect_form(TAB, self.table, [refresh_after], changed=[parts.sound.drawing])
        settings = [*self.table.components.values()]
        parts.sound.drawing.look(
            self.see,
            inputs=settings,
            outputs=[parts.look, parts.prompts.seed.seed, parts.prompts.seed.keep_seed],
            **FREQUENT,
        )
        return send_to_tab.sound_target(parts.sound, refresh_after)


def build(context: AppContext, shared: SharedComponents) -> BuiltTab:
    """Lay out the tab inside the current tab context and connect it: the mode that is chosen is shown."""
    gr.Radio(
        MODES,
        value="film",
        label="From a track, or live",
        show_label=False,
        interactive=True,  # no event takes it: Gradio would grey it out
        elem_id=f"{TAB}-mode",
        elem_classes="su-choice su-film-modes",
    )
    with gr.Column(elem_id=f"{TAB}-mode-film"):
        built = _build_film(context, shared)
    with gr.Column(elem_id=f"{TAB}-mode-live"):
        follows = live.build(context).follows
    return replace(built, follows=(*built.follows, follows))


def _build_film(context: AppContext, shared: SharedComponents) -> BuiltTab:
    with gr.Column(elem_classes="su-panel su-timeline-panel"):
        sound = track_input.track_input(TAB, context)
    with gr.Row(elem_classes="su-desk", equal_height=False):
        with gr.Column(elem_classes="su-inputs", scale=5, min_width=340):
            with gr.Column(elem_classes="su-panel"):
                movement = _movement()
                source = _source()
            with gr.Column(elem_classes="su-panel"):
                prompts = prompt_settings.prompt_settings(
                    TAB,
                    context.studio.info,
                    lambda: slider(FPS, "Frames a second", "12 looks drawn, 24 like cinema."),
                    "One noise for the whole film: only the sound changes it.",
                    shaped=True,
                )
                file = _file_settings()
            bar = runs.run_bar(TAB, estimated=True)
        with gr.Column(elem_classes="su-result", scale=8, min_width=340):
            view = film_view.film_view(TAB)
            look = html_component(
                "strip_answer",
                None,
                elem_id=f"{TAB}-look",
                elem_classes="su-unseen",
                tab=TAB,
                event="su-film-look",
            )
            drop = settings_drop.settings_drop(TAB)
    parts = Components(sound, movement, source, prompts, file, bar, view, look, drop, shared)
    target = Handlers(context, parts).connect()
    return BuiltTab(view, bar.message, drop.share, (prompts,), target)


def _source() -> Source:
    with basic.accordion("Start from a picture"):
        picture = picture_file(TAB, camera=False)
        mode = own_picture.mode_choice(
            TAB, "As on the tab “Edit”. Without a picture the film starts from noise."
        )
        message = basic.message(f"{TAB}-image-message")
    return Source(picture, mode, message)


def _movement() -> Movement:
    content = gr.Checkbox(
        True, label="What is heard decides what is shown", container=False, elem_classes="su-check"
    )
    change_s = slider(CHANGE_S, "A change takes (seconds)", "Little is a cut, much is a glide.")
    loudness = slider(
        LOUDNESS, "Loudness drives strength", "How far the picture fades where the track is soft."
    )
    kick = gr.Radio(
        [("No kicks", "none"), ("Zoom", "zoom"), ("Repaint", "noise")],
        value="none",
        label="Kicks",
        info="What the picture does at every beat or onset.",
        elem_id=f"{TAB}-kick",
        elem_classes="su-choice",
    )
    kick_by = gr.Radio(
        [("Onsets", "onsets"), ("Beats", "beats")],
        value="onsets",
        label="Kicked by",
        elem_id=f"{TAB}-kick-by",
        elem_classes="su-choice",
    )
    kick_amount = slider(KICK_AMOUNT, "Size of a kick", "", elem_id=f"{TAB}-kick-amount")
    hold_beats = slider(HOLD_BEATS, "Hold for beats", "0 changes where the sound does; 4 once a bar.")
    return Movement(
        content,
        change_s,
        loudness,
        kick,
        kick_by,
        kick_amount,
        hold_beats,
        name_choice(TAB, "“Quiet rain”, “loud rain”: the names of what is heard join your words."),
        basic.message(f"{TAB}-how-message"),
    )


def _file_settings() -> FileSettings:
    quality = gr.Radio(
        [("Draft", "draft"), ("Fine", "fine")],
        value="draft",
        label="Quality",
        info="Draft paints in few steps, Fine like a single picture.",
        elem_id=f"{TAB}-quality",
        elem_classes="su-choice",
    )
    with basic.accordion("The file"):
        output = gr.Radio(
            [("MP4 with its sound", "mp4"), ("GIF", "gif"), ("PNG files (ZIP)", "frames")],
            value="mp4",
            label="Kind",
            elem_id=f"{TAB}-output",
            elem_classes="su-choice",
        )
        size_px = slider(SIZE, "Shortest side (pixels)", "Larger than the engine paints is enlarged.")
    return FileSettings(quality, output, size_px)
