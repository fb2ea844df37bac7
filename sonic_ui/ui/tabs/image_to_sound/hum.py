"""A curve from a sound: hum it or give a file, and its loudness is drawn on the pad."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sonic_ui.requests import BadInput, SoundToImageRequest
from sonic_ui.requests.image_to_sound import LENGTH
from sonic_ui.ui.components import basic, curve_pad, sound_editor, sound_file
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.widgets.fields import FREQUENT, Update
from sonic_ui.ui.widgets.sound_input import FIELDS, GIVEN, connect_file, draw_sound

LONGEST_S = LENGTH.maximum
HZ = 16_000
INVITATION = "Hum, knock or clap into the microphone, or drop a sound here."
FORGET = "() => ({ kind: '', text: '' })"
"""What was said of a hum is over once something else is drawn."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HumInput:
    """The components: `sound` holds the file, out of sight, `drawing` is the editor that plays it."""

    name: str
    sound: gr.Audio
    drawing: gr.HTML
    file: gr.HTML
    message: gr.HTML
    start_s: gr.Number
    end_s: gr.Number


def hum_input(tab: str) -> HumInput:
    """Lay out the input, folded away."""
    name = f"{tab}-hum"
    with basic.accordion("Hum it, or take the curve from a sound"):
        basic.status_text(f"{name}-line", "Its loudness appears on the pad, where you can redraw it.")
        sound = sound_file.UnseenSound(
            label="A hum", sources=["upload"], type="filepath", elem_id=f"{name}-audio", visible=False
        )
        drawing = sound_editor.sound_editor(
            name,
            "A hum, a knock, any sound",
            sounds=False,
            gain=False,
            longest_s=LONGEST_S,
            invitation=INVITATION,
        )
        part = [gr.Number(None, visible=False) for _ in range(2)]
        return HumInput(
            name, sound, drawing, sound_file.sound_file(sound), basic.message(f"{name}-message"), *part
        )


def draw_hum(values: Mapping[str, Any], length_s: float) -> tuple[dict[str, Any], list[float], str]:
    """What the editor shows of a sound and its part, its loudness as a curve, and a sentence about its time.

    values     `sound`, `start_s` and `end_s`
    length_s   how long the sound will be that follows the curve

    Raises `BadInput`.
    """
    from sonic_ui.audio.clips import load_clip

    part = SoundToImageRequest.from_values(dict(values))
    clip = load_clip(part.sound, HZ, start_s=part.start_s, end_s=part.end_s, max_duration_s=LONGEST_S)
    curve, words = curve_pad.curves.hum_curve(clip, LENGTH.check(length_s, "length_s"))
    return draw_sound(part, clip), curve, words


class HumHandlers:
    """The handlers: draw the sound, and its loudness on the pad."""

    def __init__(self, hum: HumInput, pad: gr.HTML, open_length_s: float) -> None:
        self._hum, self._pad, self._open_length_s = hum, pad, open_length_s

    def draw(self, sound: str | None, start_s: Any, end_s: Any, length_s: float | None) -> Update:
        """The part of a sound, and its loudness on the pad, whose sound will be `length_s` long."""
        hum = self._hum
        if not sound:
            return {hum.drawing: sound_editor.EMPTY, hum.message: basic.CLEAR}
        failed = {hum.drawing: sound_editor.failed_value(sound)}
        try:
            values = {"sound": sound, "start_s": start_s, "end_s": end_s}
            drawing, curve, words = draw_hum(values, self._open_length_s if length_s is None else length_s)
        except BadInput as problem:
            return {**failed, hum.message: basic.error(problem.message)}
        except Exception:
            log.exception("A hum was not drawn")
            sentence = "The loudness of this sound could not be drawn. Try another."
            return {**failed, hum.message: basic.error(sentence)}
        pad = curve_pad.drawn_value("curve", curve)
        return {hum.drawing: drawing, self._pad: pad, hum.message: basic.note(words)}

    def connect(self, context: AppContext, length_s: gr.Slider) -> None:
        """Connect the input."""
        hum = self._hum
        part = [hum.start_s, hum.end_s]
        given, fields = GIVEN.format(name=hum.name), FIELDS.format(name=hum.name)
        draw: dict[str, Any] = {
            "fn": self.draw,
            "inputs": [hum.sound, *part, length_s],
            "outputs": [hum.drawing, self._pad, hum.message],
            **FREQUENT,
        }
        private = {"api_visibility": "private"}
        hum.drawing.give(None, js=given, outputs=[hum.sound], **private).then(**draw)
        hum.drawing.fields(None, js=fields, outputs=part, **private)
        hum.drawing.part(None, js=fields, outputs=part, **private).then(**draw)
        self._pad.input(None, js=FORGET, outputs=[hum.message], **private)
        connect_file(context, hum.sound, hum.file)
