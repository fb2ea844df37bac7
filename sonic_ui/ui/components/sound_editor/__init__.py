"""The display of a sound: waveform and mel spectrogram, a part that is dragged, playing, recording, loudness.

It holds no file itself: it hands a new one to the page with `give`, the part that was chosen with `part`, and
takes what the reader of sounds measured as its value.
"""

import base64
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image

from sonic_ui.audio.overview import Overview
from sonic_ui.requests.base import MIN_WINDOW_S
from sonic_ui.requests.sound_to_image import GAIN
from sonic_ui.ui.components.base import Value, file_payload, html_component
from sonic_ui.ui.components.sound_file import ACCEPT

EMPTY: Value = {"state": "empty"}
WAITING: Value = {"state": "waiting"}

POWER_STEPS, POWER_FLOOR_DB = 2.4, -100.0
"""A mean square in dB as one byte: (dB - POWER_FLOOR_DB) * POWER_STEPS."""

NORMAL_LUFS = -20.0
"""What the field of "Normalise" holds at first."""

RECORDED_S = 300.0


@dataclass(frozen=True)
class ClipMeasures:
    """The part of a sound that is listened to, from `start_s` to `end_s`, and how loud it is at its gain.

    requested   the start and end that were chosen, each None if it was not
    words       a description for who cannot see it; `caption` is the line below
    """

    start_s: float
    end_s: float
    requested: tuple[float | None, float | None]
    gain_db: float
    lufs: float
    words: str = field(repr=False)
    caption: str = field(repr=False)


LONGEST_S = 10.0
"""Of the part that is listened to."""


def sound_editor(
    name: str,
    label: str,
    *,
    sounds: bool,
    gain: bool,
    batch: int = 0,
    longest_s: float = LONGEST_S,
    invitation: str = "",
) -> gr.HTML:
    """The editor of the sound input `name`.

    sounds       whether there is a sound from the start
    gain         whether its loudness can be changed
    batch        how many files may be given at once; more than one are handed on as `su-sounds`
    longest_s    of the part that is chosen
    invitation   what stands there while there is no sound; the usual words if left out
    """
    return html_component(
        "sound_editor",
        WAITING if sounds else EMPTY,
        scripts=[*SCRIPTS],
        elem_id=f"{name}-drawing",
        **editor_options(name, label, longest_s=longest_s, invitation=invitation),
        gain={"minimum": GAIN.minimum, "maximum": GAIN.maximum, "lufs": NORMAL_LUFS} if gain else None,
        batch=batch,
    )


SCRIPTS = ("sound_display", "sound_recorder")
"""What the script of an editor uses."""


def editor_options(
    name: str,
    label: str,
    shortest_s: float = MIN_WINDOW_S,
    longest_s: float = LONGEST_S,
    recorded_s: float = RECORDED_S,
    invitation: str = "",
) -> Value:
    """What every editor tells its script; the part that is chosen lasts `shortest_s` to `longest_s`."""
    return {
        "input_id": name,
        "label": label,
        "accept": [*ACCEPT],
        "shortest_s": shortest_s,
        "longest_s": longest_s,
        "recorded_s": recorded_s,
        "invitation": invitation,
    }


def failed_value(path: str) -> Value:
    """A sound that cannot be drawn; why is said elsewhere."""
    return {"state": "failed", "name": Path(path).name}


def drawn_value(path: str, overview: Overview, part: ClipMeasures) -> Value:
    """A sound for the editor. `path` is one that Gradio took from the page, or an example's."""
    return {
        "state": "drawn",
        "file": file_payload(Path(path)),
        "name": Path(path).name,
        "heard": [part.start_s, part.end_s],
        "asked": [*part.requested],
        "gain_db": part.gain_db,
        "lufs": part.lufs,
        "alt": part.words,
        "caption": part.caption,
        "overview": {
            "duration_s": max(overview.duration_s, part.end_s),
            "seen_s": overview.seen_s,
            "power_s": overview.power_s,
            "outline": _packed(np.sign(overview.outline) * np.sqrt(np.abs(overview.outline)) * 127, np.int8),
            "power": _packed((overview.power_db - POWER_FLOOR_DB) * POWER_STEPS, np.uint8),
            "mel": _picture(overview.mel),
        },
    }


def _packed(values: np.ndarray, kind: type[np.integer]) -> str:
    """Values as base64 of bytes, row by row."""
    limits = np.iinfo(kind)
    return base64.b64encode(np.clip(np.round(values), limits.min, limits.max).astype(kind).tobytes()).decode()


def _picture(mel: np.ndarray) -> str:
    """A spectrogram [bands, W] from 0 to 1 as a grey picture, the highest band on top."""
    buffer = BytesIO()
    Image.fromarray(np.round(255 * mel[::-1]).astype(np.uint8)).save(buffer, "WEBP", quality=70)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
