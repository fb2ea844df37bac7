"""The track of a film: its timeline, and what is heard along it."""

import logging
from collections.abc import Iterator
from typing import Any

import gradio as gr

from sonic_ui.audio import tracks
from sonic_ui.audio.overview import Overview, load_overview
from sonic_ui.engine.events import Cancelled, Failure, Progress
from sonic_ui.engine.tracks import TrackAnalysis
from sonic_ui.requests import BadInput, MakeFilmRequest
from sonic_ui.requests.base import END, START
from sonic_ui.requests.make_film import LONGEST_FILM_S
from sonic_ui.ui.components import basic, film_timeline, sound_editor, sound_file
from sonic_ui.ui.components.base import Value, event_field
from sonic_ui.ui.session.context import AppContext, Example
from sonic_ui.ui.widgets import sound_input
from sonic_ui.ui.widgets.fields import Update

NOT_NAMED = "What is heard cannot be told while the engine is not running."

log = logging.getLogger(__name__)


def film_examples(context: AppContext) -> tuple[Example, ...]:
    """What the tab offers: tracks, then sounds."""
    return (*context.tracks, *context.examples)


def track_input(tab: str, context: AppContext) -> sound_input.SoundInput:
    """Lay out the input of the tab's track; it holds the first example."""
    offered = film_examples(context)
    example = offered[0] if offered else None
    audio = gr.Audio(
        str(example.sound) if example else None,
        label="Track",
        sources=["upload", "microphone"],
        type="filepath",
        elem_id=f"{tab}-audio",
        visible=False,
    )
    timeline = film_timeline.film_timeline(tab, "Track", sounds=example is not None)
    file = sound_file.sound_file(audio)
    words = basic.message(f"{tab}-sound-message")
    with gr.Row(elem_classes="su-timeline-more", equal_height=False):
        with gr.Column(min_width=280, scale=3):
            examples = basic.example_cards(offered, tab, "su-compact")
        with (
            gr.Column(min_width=240, scale=1),
            basic.accordion("Exact numbers"),
            gr.Row(elem_classes="su-pair"),
        ):
            start_s = gr.Number(
                None, label="From (seconds)", info="Empty: the beginning.", step=START.step, min_width=110
            )
            end_s = gr.Number(
                None, label="To (seconds)", info="Empty: the end.", step=END.step, min_width=110
            )
    with gr.Column(elem_classes="su-unseen"):
        labels = basic.label_bars(f"{tab}-labels")
    return sound_input.SoundInput(tab, audio, file, words, examples, timeline, labels, start_s, end_s)


class TrackInputHandlers(sound_input.SoundInputHandlers):
    """The handlers of the input: draw the track, then what is heard along it."""

    def choose(self, event: gr.EventData) -> Update:
        """An example was clicked: its sound."""
        offered, index = film_examples(self._context), event_field(event, "index")
        if not isinstance(index, int) or not 0 <= index < len(offered):
            raise gr.Error("This example is no longer there. Reload the page.")
        return {self._view.sound: str(offered[index].sound)}

    def analyze(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Draw the track and its part, then the lanes."""
        view, session = self._view, request.session_hash or ""
        tasks = self._context.tasks
        _, token = tasks.begin(session, f"{view.name}-hearing")
        settings = dict(zip(self._inputs, values, strict=True))
        if not settings["sound"]:
            yield self._not_drawn(sound_editor.EMPTY, basic.CLEAR)
            return
        try:
            wanted = MakeFilmRequest.from_values(settings)
            overview = load_overview(wanted.sound)
        except BadInput as problem:
            yield self._not_drawn(sound_editor.failed_value(settings["sound"]), basic.error(problem.message))
            return
        problem_words, part = "", None
        try:
            part = tracks.read_part(wanted.sound, wanted.start_s, wanted.end_s)
        except BadInput as problem:  # it is drawn all the same: a part can be chosen on it
            problem_words = problem.message
        drawing = draw_track(wanted, overview, part)
        message = basic.error(problem_words) if problem_words else basic.CLEAR
        if token.cancelled:
            return
        waiting = film_timeline.listening("Listening to the track …" if part else "")
        yield {view.drawing: {**drawing, "track": waiting}, view.message: message}
        if part is None:
            return
        try:
            for event in self._context.studio.hear_track(whole_or(part), token):
                if token.cancelled:  # another track was given meanwhile
                    return
                if isinstance(event, TrackAnalysis):
                    lanes = lanes_of(self._context, event)
                    yield {view.drawing: {**drawing, "track": lanes}}
                elif isinstance(event, Progress) and event.total > 1:
                    share = f"Listening to the track: {100 * event.step // event.total} percent"
                    yield {view.drawing: {**drawing, "track": film_timeline.listening(share)}}
        except Cancelled:
            return
        except BadInput as problem:
            nothing = film_timeline.listening("")
            yield {view.drawing: {**drawing, "track": nothing}, view.message: basic.error(problem.message)}
        except Failure:
            yield {view.drawing: {**drawing, "track": film_timeline.listening(NOT_NAMED)}}
        finally:
            tasks.finish(session, f"{view.name}-hearing", token)


def whole_or(part: tracks.TrackPart) -> tracks.TrackPart:
    """All of a part's track where a film may be so long, else the part: another part is then heard at
    once."""
    if part.source_s > LONGEST_FILM_S:
        return part
    return tracks.TrackPart(part.path, 0.0, part.source_s, part.source_s)


def lanes_of(context: AppContext, track: TrackAnalysis) -> Value:
    """The lanes of a track, and a line about it."""
    from sonic_ui.engine.jobs.film_pictures import describe_segments, segments_of

    segments = describe_segments(segments_of(track), track)
    rhythm = track.rhythm
    beats = f"{rhythm.tempo:.0f} beats a minute" if len(rhythm.beats) else "no steady beat"
    unknown = sum(one.end_s - one.begin_s for one in segments if not one.label)
    words = f"{tracks.time_words(round(track.part.duration_s, 1))} · {beats} · {len(rhythm.onsets)} onsets"
    if unknown > 0.5:
        words += f" · {tracks.time_words(round(unknown, 1))} of a sound that this engine does not know"
    return film_timeline.lanes_value(track, segments, words)


def draw_track(request: MakeFilmRequest, overview: Overview, part: tracks.TrackPart | None) -> Value:
    """A track for the timeline. Raises `BadInput`."""
    begin_s = request.start_s or 0.0
    end_s = overview.duration_s if request.end_s is None else min(request.end_s, overview.duration_s)
    if part is not None:
        begin_s, end_s = part.begin_s, part.end_s
    loud_db = overview.power_db[overview.power_db > overview.power_db.max(initial=-100.0) - 10]
    length, total = (tracks.time_words(round(one, 1)) for one in (end_s - begin_s, overview.duration_s))
    measures = sound_editor.ClipMeasures(
        start_s=begin_s,
        end_s=end_s,
        requested=(request.start_s, request.end_s),
        gain_db=0.0,
        lufs=float(loud_db.mean()) if loud_db.size else 0.0,
        words=f"Waveform and mel spectrogram of {overview.duration_s:.1f} seconds of sound.",
        caption=f"{length} of {total}",
    )
    return sound_editor.drawn_value(request.sound, overview, measures)
