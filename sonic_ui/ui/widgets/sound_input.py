"""An input for a sound: record, upload or choose one; its drawing, what is heard in it, the part chosen."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.audio.clips import Clip
from sonic_ui.engine.events import LABELS_SHOWN, Failure
from sonic_ui.media.temporary import writing
from sonic_ui.requests import BadInput, SoundToImageRequest
from sonic_ui.requests.base import END, START
from sonic_ui.requests.sound_to_image import GAIN
from sonic_ui.ui.components import basic, sound_file
from sonic_ui.ui.components.base import event_field
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.settings.table import Row
from sonic_ui.ui.widgets.fields import AT_ONCE, FREQUENT, Refresh, Update, slider, unknown_sentence

WIDTH_IN, HEIGHT_IN = 5.0, 3.5
"""The drawing stands in a column some 420 px wide: at this size its small type reads as small type there."""

MARGINS_IN = (0.56, 0.14, 0.2, 0.2)  # left, right, below, above
DPI = 172  # twice the column, for fine screens

NEW_SOUND = "() => {{ document.dispatchEvent(new CustomEvent('su-new-sound', {{ detail: '{name}' }})); }}"
EMPTY = "() => [null, null]"
"""No part of the sound is chosen. The browser itself says so, at once: an answer of the server would come
later, and wipe what was typed by then."""

PLAYED_HZ = 48_000
PLAYED_S = 300.0
UNPLAYABLE = "This browser cannot play such a file. The player has what was read of it, in mono."
ONLY_BEGINNING = f" It has the first {PLAYED_S / 60:.0f} minutes."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SoundInput:
    """The components. `name` begins the names of its elements; `gain_db` is not everywhere."""

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
) -> SoundInput:
    """Lay out an input that holds the example number `first`.

    With `gain` the loudness can be changed; `compact` shows the examples as one row that scrolls.
    """
    example = context.examples[first] if first < len(context.examples) else None
    audio = gr.Audio(
        str(example.sound) if example else None,
        label=label,
        sources=["upload", "microphone"],
        type="filepath",
        editable=False,
        buttons=[],
        elem_id=f"{name}-audio",
        elem_classes="su-audio",
        waveform_options=gr.WaveformOptions(
            waveform_color="#8a8474", waveform_progress_color="#d98438", show_recording_waveform=True
        ),
    )
    file = sound_file.sound_file(audio)
    words = basic.message(f"{name}-sound-message")
    examples = basic.example_cards(context.examples, name, "su-compact" if compact else "")
    view = basic.sound_view(f"{name}-drawing", example is not None)
    labels = basic.label_bars(f"{name}-labels")
    with basic.accordion("Choose the part to listen to"):
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
    return SoundInput(name, audio, file, words, examples, view, labels, start_s, end_s, gain_db)


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
            yield self._not_drawn(basic.CLEAR)
            return
        try:
            part = SoundToImageRequest.from_values(settings)  # checks the part and the gain
            sound = self._context.studio.load_sound(part.sound, part.start_s, part.end_s, part.gain_db, room)
            words, caption = describe_clip(sound.clip)
            drawing = basic.drawing(draw_clip(sound.clip), words, caption)
        except BadInput as problem:
            yield self._not_drawn(basic.error(problem.message))
            return
        except Exception:
            log.exception("A sound was not drawn")
            yield self._not_drawn(basic.error("The sound could not be drawn. Try another."))
            return
        pending = basic.labels_pending("Listening …")
        yield {view.drawing: drawing, view.labels: pending, view.message: basic.CLEAR}
        try:
            analysis = self._context.studio.embed_audio(sound)
            value = basic.labels_value(analysis.labels[:LABELS_SHOWN])
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

    def _not_drawn(self, sentence: basic.Sentence) -> Update:
        view = self._view
        return {view.drawing: basic.NO_DRAWING, view.labels: basic.NO_LABELS, view.message: sentence}

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
        gr.on([view.sound.input, *changed], **analysis)
        view.sound.input(None, js=NEW_SOUND.format(name=view.name), api_visibility="private")
        view.sound.clear(None, js=EMPTY, outputs=ends, api_visibility="private")
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


def draw_clip(clip: Clip) -> bytes:
    """Waveform, mel spectrogram and loudness of a clip as one PNG on a transparent background."""
    from sonic_ui.audio.plots import plot_sound
    from sonic_ui.audio.style import to_picture

    figure = plot_sound(clip)
    figure.set_size_inches(WIDTH_IN, HEIGHT_IN)
    figure.set_dpi(DPI)
    left_in, right_in, below_in, above_in = MARGINS_IN
    figure.subplots_adjust(
        left=left_in / WIDTH_IN,
        right=1 - right_in / WIDTH_IN,
        bottom=below_in / HEIGHT_IN,
        top=1 - above_in / HEIGHT_IN,
    )
    buffer = BytesIO()
    to_picture(figure).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def describe_clip(clip: Clip) -> tuple[str, str]:
    """A description of the drawing in words, and the caption that tells which part is listened to."""
    from sonic_ui.audio.loudness import integrated_lufs, peak_dbfs

    lufs = integrated_lufs(clip.samples, clip.sample_rate)
    peak = peak_dbfs(clip.samples)
    words = (
        f"Waveform, mel spectrogram and loudness of {clip.duration_s:.1f} seconds of sound; "
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
