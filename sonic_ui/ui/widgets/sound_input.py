"""A place for a sound: record, upload or choose one; its drawing, what is heard in it, the part chosen."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sonic_ui.engine import LABELS_SHOWN, Failure
from sonic_ui.requests import BadInput, SoundToImageRequest
from sonic_ui.requests.base import END, START
from sonic_ui.requests.sound_to_image import GAIN
from sonic_ui.ui.components.accordion import accordion
from sonic_ui.ui.components.examples import example_cards
from sonic_ui.ui.components.live import sent
from sonic_ui.ui.components.message import CLEAR, error, message
from sonic_ui.ui.components.sound_view import (
    NO_DRAWING,
    NO_LABELS,
    bars,
    drawing,
    label_bars,
    listening,
    sound_view,
)
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.widgets.fields import slider
from sonic_ui.ui.widgets.sound_drawing import describe_clip, draw_clip

Update = dict[Any, Any]

MANY = 8
"""How many of one event may be under way at once; painting itself goes one by one."""

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
NEW_SOUND = "() => {{ document.dispatchEvent(new CustomEvent('su-new-sound', {{ detail: '{place}' }})); }}"
EMPTY = "() => [null, null]"
"""No part of the sound is chosen. The browser itself says so, at once: an answer of the server would come
later, and wipe what was typed by then."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SoundInput:
    """The components of one place. `name` begins the names of its elements; `gain_db` is not everywhere."""

    name: str
    sound: gr.Audio
    message: gr.HTML
    examples: gr.HTML
    drawing: gr.HTML
    labels: gr.HTML
    start_s: gr.Number
    end_s: gr.Number
    gain_db: gr.Slider | None = None

    @property
    def seen(self) -> list[gr.HTML]:
        """What shows the sound."""
        return [self.drawing, self.labels, self.message]


def sound_input(
    name: str,
    context: AppContext,
    *,
    label: str = "Sound",
    first: int = 0,
    gain: bool = False,
    compact: bool = False,
) -> SoundInput:
    """Lay out a place that holds the example number `first`.

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
    words = message(f"{name}-sound-message")
    examples = example_cards(context.examples, name, "su-compact" if compact else "")
    view = sound_view(f"{name}-drawing", example is not None)
    labels = label_bars(f"{name}-labels")
    with accordion("Choose the part to listen to"):
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
    return SoundInput(name, audio, words, examples, view, labels, start_s, end_s, gain_db)


class SoundInputHandlers:
    """The handlers of a place: draw its sound, then tell what is heard in it.

    Values come in the order of `names`; `room` tells that the room is the last of them.
    """

    def __init__(self, context: AppContext, place: SoundInput, room: bool = False) -> None:
        self._context = context
        self._place = place
        gain = ["gain_db"] if place.gain_db is not None else []
        self.names = ("sound", "start_s", "end_s", *gain, *(["room"] if room else []))

    def look(self, request: gr.Request, *values: Any) -> Iterator[Update]:
        """Draw the part of the sound that would be listened to, then show what is heard in it."""
        place = self._place
        session = request.session_hash or ""
        number = self._context.sessions.look(session, place.name)
        wanted = dict(zip(self.names, values, strict=True))
        room = wanted.pop("room", None) or "dry"
        if not wanted["sound"]:
            yield {place.drawing: NO_DRAWING, place.labels: NO_LABELS, place.message: CLEAR}
            return
        try:
            part = SoundToImageRequest.from_values(wanted)  # checks the part and the gain
            sound = self._context.studio.load_sound(part.sound, part.start_s, part.end_s, part.gain_db, room)
            words, caption = describe_clip(sound.clip)
            view = drawing(draw_clip(sound.clip), words, caption)
        except BadInput as problem:
            yield self._not_drawn(problem.message)
            return
        except Exception:
            log.exception("A sound was not drawn")
            yield self._not_drawn("The sound could not be drawn. Try another.")
            return
        yield {place.drawing: view, place.labels: listening("Listening …"), place.message: CLEAR}
        try:
            value = bars(self._context.studio.embed_audio(sound).labels[:LABELS_SHOWN])
        except (BadInput, Failure):
            value = listening("It cannot be named while the engine is not running.")
        if self._context.sessions.is_newest_analysis(session, place.name, number):
            yield {place.labels: value}

    def choose(self, event: gr.EventData) -> Update:
        """An example was clicked: its sound."""
        return {self._place.sound: str(self._context.examples[self.chosen(event)].sound)}

    def chosen(self, event: gr.EventData) -> int:
        """The number of the example that was clicked. Raises `gr.Error` if there is none."""
        index = sent(event, "index")
        if not isinstance(index, int) or not 0 <= index < len(self._context.examples):
            raise gr.Error("This example is no longer there. Reload the page.")
        return index

    def _not_drawn(self, words: str) -> Update:
        place = self._place
        return {place.drawing: NO_DRAWING, place.labels: NO_LABELS, place.message: error(words)}


def connect_sound(
    place: SoundInput,
    sound_handlers: SoundInputHandlers,
    room: gr.Radio | None = None,
    choose: Callable[..., Update] | None = None,
    chosen: Sequence[gr.components.Component] = (),
) -> Callable[[Any], Any]:
    """Connect a place, and the room it is heard in if `sound_handlers` listens in one.

    A handler `choose` in place of `sound_handlers.choose` may change the components `chosen` as well. Returns
    a function that looks again after another event (a dependency), for settings that come back.
    """
    part = [place.start_s, place.end_s]
    gain = [place.gain_db] if place.gain_db is not None else []
    looking: dict[str, Any] = {
        "fn": sound_handlers.look,
        "inputs": [place.sound, *part, *gain, *([room] if room is not None else [])],
        "outputs": place.seen,
        "trigger_mode": "multiple",
        "concurrency_limit": MANY,
        **QUIET,
    }

    def refresh_after(event: Any) -> Any:
        return event.then(**looking)

    turned = [getattr(one, event) for one in part for event in ("submit", "blur")]
    turned += [one.release for one in gain] + ([room.input] if room is not None else [])
    # Gradio shows a number that was never set as 0.
    refresh_after(place.drawing.appear(None, js=EMPTY, outputs=part, api_visibility="private"))
    gr.on([place.sound.input, *turned], **looking)
    place.sound.input(None, js=NEW_SOUND.format(place=place.name), api_visibility="private")
    place.sound.clear(None, js=EMPTY, outputs=part, api_visibility="private")
    none = "() => [null, null, 0]" if gain else EMPTY
    place.examples.choose(None, js=none, outputs=[*part, *gain], api_visibility="private")
    refresh_after(
        place.examples.choose(
            choose or sound_handlers.choose, outputs=[place.sound, *chosen], queue=False, **QUIET
        )
    )
    return refresh_after
