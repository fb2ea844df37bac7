"""An input for a sound: record, upload or choose one; its editor, what is heard in it, the part chosen."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.audio.clips import Clip
from sonic_ui.engine.events import LABELS_SHOWN, Failure, Label
from sonic_ui.media.temporary import writing
from sonic_ui.requests import BadInput, SoundToImageRequest
from sonic_ui.requests.base import END, START
from sonic_ui.requests.fields import ROOM_PHRASES
from sonic_ui.requests.sound_to_image import GAIN
from sonic_ui.ui.components import basic, sound_editor, sound_file
from sonic_ui.ui.components.base import Value, event_field
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.settings.table import Row
from sonic_ui.ui.widgets.fields import AT_ONCE, FREQUENT, Refresh, Update, slider, unknown_sentence

EMPTY = "() => [null, null]"
"""No part of the sound is chosen. The browser itself says so, at once: an answer of the server would come
later, and wipe what was typed by then."""

GIVEN = "() => window.suSounds['{name}'].file"
FIELDS = "() => window.suSounds['{name}'].fields"
"""What the editor hands to the page: the file of another sound, and the part that was chosen."""

PLAYED_HZ = 48_000
PLAYED_S = 300.0
UNPLAYABLE = "This browser cannot play such a file. The player has what was read of it, in mono."
ONLY_BEGINNING = f" It has the first {PLAYED_S / 60:.0f} minutes."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SoundInput:
    """The components. `name` begins the names of its elements; `gain_db` is not everywhere.

    sound     holds the file, out of sight
    drawing   the editor, which shows the sound and hands over others
    """

    name: str
    sound: gr.Audio
    file: gr.HTML
    message: gr.HTML
    examples: gr.HTML
    drawing: gr.HTML
    labels: gr.HTML
    start_s: gr.Number
    end_s: gr.Number
    gain_db: gr.Slider | None = None

    @property
    def part(self) -> dict[str, Any]:
        """The components that choose a part of the sound, by the names of their settings."""
        gain = {} if self.gain_db is None else {"gain_db": self.gain_db}
        return {"start_s": self.start_s, "end_s": self.end_s, **gain}

    def row(self, **others: Any) -> Row:
        """The sound, its part and `others` in a tab's settings."""
        return Row({"sound": self.sound, **self.part, **others}, self.message)


def sound_input(
    name: str,
    context: AppContext,
    *,
    label: str = "Sound",
    first: int = 0,
    gain: bool = False,
    compact: bool = False,
    batch: int = 0,
) -> SoundInput:
    """Lay out an input that holds the example number `first`.

    With `gain` the loudness can be changed; `compact` shows the examples as one row that scrolls; up to
    `batch` files can be given at once.
    """
    example = context.examples[first] if first < len(context.examples) else None
    audio = sound_file.UnseenSound(
        str(example.sound) if example else None,
        label=label,
        sources=["upload", "microphone"],
        type="filepath",
        elem_id=f"{name}-audio",
        visible=False,
    )
    editor = sound_editor.sound_editor(name, label, sounds=example is not None, gain=gain, batch=batch)
    file = sound_file.sound_file(audio)
    words = basic.message(f"{name}-sound-message")
    examples = basic.example_cards(context.examples, name, "su-compact" if compact else "")
    labels = basic.label_bars(f"{name}-labels")
    with basic.accordion("Exact numbers"):
        with gr.Row(elem_classes="su-pair"):
            start_s = gr.Number(
                None, label="From (seconds)", info="Empty: the loudest part.", step=START.step, min_width=120
            )
            end_s = gr.Number(
                None, label="To (seconds)", info="Empty: up to ten seconds on.", step=END.step, min_width=120
            )
        gain_db = None
        if gain:
            gain_db = slider(GAIN, "Loudness change (dB)", "More paints it bigger and denser, less smaller.")
    return SoundInput(name, audio, file, words, examples, editor, labels, start_s, end_s, gain_db)


class SoundInputHandlers:
    """The handlers of an input: draw its sound, then name what is heard in it.

    room   where the sound is heard, if that can be chosen
    """

    def __init__(self, context: AppContext, view: SoundInput, room: gr.Radio | None = None) -> None:
        self._context = context
        self._view = view
        self._room = room
        self._inputs = {"sound": view.sound, **view.part, **({} if room is None else {"room": room})}

    def analyze(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Draw the part of the sound that the engine would hear, then name what is heard in it."""
        view, session = self._view, request.session_hash or ""
        number = self._context.tasks.begin_analysis(session, view.name)
        settings = dict(zip(self._inputs, values, strict=True))
        room = settings.pop("room", None) or "dry"
        if not settings["sound"]:
            yield self._not_drawn(sound_editor.EMPTY, basic.CLEAR)
            return
        failed = sound_editor.failed_value(settings["sound"])
        try:
            part = SoundToImageRequest.from_values(settings)  # checks the part and the gain
            sound = self._context.studio.load_sound(part.sound, part.start_s, part.end_s, part.gain_db, room)
            drawing = draw_sound(part, sound.clip)
        except BadInput as problem:
            yield self._not_drawn(failed, basic.error(problem.message))
            return
        except Exception:
            log.exception("A sound was not drawn")
            yield self._not_drawn(failed, basic.error("The sound could not be drawn. Try another."))
            return
        if not self._context.tasks.is_newest_analysis(session, view.name, number):
            return
        pending = basic.labels_pending("Listening …")
        yield {view.drawing: drawing, view.labels: pending, view.message: basic.CLEAR}
        try:
            analysis = self._context.studio.embed_audio(sound)
            room = ROOM_PHRASES.get(analysis.room, "")
            where = (Label(room, analysis.room_probability or 0.0),) if room else ()
            value = basic.labels_value((*analysis.labels[:LABELS_SHOWN], *where))
            if analysis.is_unknown:
                value = basic.labels_pending(unknown_sentence(analysis.labels))
        except (BadInput, Failure):
            value = basic.labels_pending("It cannot be named while the engine is not running.")
        if self._context.tasks.is_newest_analysis(session, view.name, number):
            yield {view.labels: value}

    def choose(self, event: gr.EventData) -> Update:
        """An example was clicked: its sound."""
        return {self._view.sound: str(self._context.examples[self.chosen(event)].sound)}

    def chosen(self, event: gr.EventData) -> int:
        """The number of the example that was clicked. Raises `gr.Error` if there is none."""
        index = event_field(event, "index")
        if not isinstance(index, int) or not 0 <= index < len(self._context.examples):
            raise gr.Error("This example is no longer there. Reload the page.")
        return index

    def _not_drawn(self, drawing: Value, sentence: basic.Sentence) -> Update:
        view = self._view
        return {view.drawing: drawing, view.labels: basic.NO_LABELS, view.message: sentence}

    def connect(
        self, choose: Callable[..., Update] | None = None, outputs: Sequence[gr.components.Component] = ()
    ) -> Refresh:
        """Connect the input; returns what reads the sound again after another event.

        A handler `choose` in place of the own one may change the components `outputs` as well.
        """
        view, gain, room = self._view, self._view.gain_db, self._room
        views = [view.drawing, view.labels, view.message]
        analysis: dict[str, Any] = {
            "fn": self.analyze,
            "inputs": [*self._inputs.values()],
            "outputs": views,
            **FREQUENT,
        }

        def refresh_after(event: Any) -> Any:
            return event.then(**analysis)

        ends = [view.start_s, view.end_s]
        changed = [getattr(one, event) for one in ends for event in ("submit", "blur")]
        changed += ([] if gain is None else [gain.release]) + ([] if room is None else [room.input])
        # Gradio shows a number that was never set as 0.
        refresh_after(view.drawing.appear(None, js=EMPTY, outputs=ends, api_visibility="private"))
        gr.on(changed, **analysis)
        given, fields = GIVEN.format(name=view.name), FIELDS.format(name=view.name)
        private = {"api_visibility": "private"}
        refresh_after(view.drawing.give(None, js=given, outputs=[view.sound], **private))
        view.drawing.fields(None, js=fields, outputs=[*view.part.values()], **private)
        refresh_after(view.drawing.part(None, js=fields, outputs=[*view.part.values()], **private))
        none = EMPTY if gain is None else "() => [null, null, 0]"
        view.examples.choose(None, js=none, outputs=[*view.part.values()], api_visibility="private")
        refresh_after(view.examples.choose(choose or self.choose, outputs=[view.sound, *outputs], **AT_ONCE))
        connect_file(self._context, view.sound, view.file)
        return refresh_after


def connect_file(context: AppContext, sound: gr.Audio, file: gr.HTML) -> None:
    """Let `file`, which stands beside the upload `sound`, play what was decoded where the browser cannot."""

    def decoded(path: str | None, event: gr.EventData) -> Update:
        return {file: decoded_file(context, path, event_field(event, "number"))}

    file.unplayable(decoded, inputs=[sound], outputs=[file], **FREQUENT)


def decoded_file(context: AppContext, path: str | None, number: object) -> dict[str, Any]:
    """What was decoded of a sound as FLAC, for the event `number`: at most the first PLAYED_S, in mono."""
    import soundfile

    from sonic_ui.audio.decode import decode, probe

    number = number if isinstance(number, int) else 0
    try:
        if not path:
            return sound_file.not_playable(number)
        samples = decode(path, PLAYED_HZ, duration_s=PLAYED_S)
        longer = probe(path).duration_s > PLAYED_S
    except BadInput:  # the sound's own input says so
        return sound_file.not_playable(number)
    written = context.pictures.new() / "decoded.flac"
    soundfile.write(written, samples, PLAYED_HZ, subtype="PCM_16")
    return sound_file.playable(number, written, UNPLAYABLE + (ONLY_BEGINNING if longer else ""))


def write_sound_preview(context: AppContext, clip: Clip) -> Path:
    """Save a clip as WAV (24 bits: its noise floor lies far below any whisper) in a folder of its own."""
    import soundfile

    path, file = context.pictures.new() / "heard.wav", BytesIO()
    soundfile.write(file, clip.samples, clip.sample_rate, subtype="PCM_24", format="WAV")
    with writing(path):
        path.write_bytes(file.getvalue())
    return path


def draw_sound(request: SoundToImageRequest, clip: Clip) -> Value:
    """A sound for the editor: the whole file, and the clip of it that is listened to. Raises `BadInput`."""
    from sonic_ui.audio.loudness import integrated_lufs
    from sonic_ui.audio.overview import load_overview

    words, caption = describe_clip(clip)
    heard = sound_editor.ClipMeasures(
        start_s=clip.start_s,
        end_s=clip.start_s + clip.duration_s,
        requested=(request.start_s, request.end_s),
        gain_db=request.gain_db,
        lufs=integrated_lufs(clip.samples, clip.sample_rate),
        words=words,
        caption=caption,
    )
    return sound_editor.drawn_value(request.sound, load_overview(request.sound), heard)


def describe_clip(clip: Clip) -> tuple[str, str]:
    """A description of the drawing in words, and the caption that tells which part is listened to."""
    from sonic_ui.audio.loudness import integrated_lufs, peak_dbfs

    lufs = integrated_lufs(clip.samples, clip.sample_rate)
    peak = peak_dbfs(clip.samples)
    words = (
        f"Waveform and mel spectrogram of {clip.duration_s:.1f} seconds of sound; "
        f"{lufs:.0f} LUFS on average, peak at {peak:.0f} decibels."
    )
    part = f"{seconds(clip.duration_s)} of sound"
    if clip.source_duration_s - clip.duration_s > 0.05:
        end_s = clip.start_s + clip.duration_s
        part = f"{seconds(clip.start_s)} to {seconds(end_s)} of {seconds(clip.source_duration_s)}"
    return words, f"{part} · {lufs:.0f} LUFS · peak {peak:.0f} dB"


def seconds(value: float) -> str:
    """A time for people: 7.5 s, 3 min 20 s, 2 h 5 min."""
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
