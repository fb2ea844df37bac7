"""A mixer of several sounds: a row a sound, with its loudness, mute, solo, pan and the part that is used.

The value of the mixer is what a person set, {"faders": one for each sound, in the order of the settings that
name them}; the files themselves lie in components of their own. What was read of them comes through
`mix_hints`, so that it never gets in the way of what a person moves; it stands outside of the fold that holds
the mixer, and opens that where settings with several sounds come back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import gradio as gr

from sonic_ui.requests.faders import FADER_LUFS, MOST_SOUNDS, PAN, Fader
from sonic_ui.ui.components.base import Value, html_component
from sonic_ui.ui.components.sound_file import ACCEPT

UNMOVED: Value = asdict(Fader())
NOTHING_SET: Value = {"faders": [UNMOVED] * MOST_SOUNDS}
NO_HINTS: Value = {"rows": [None] * MOST_SOUNDS, "line": "", "busy": False, "problem": False}


@dataclass(frozen=True)
class MixRow:
    """A sound of the mix: its file's name, how loud it is by itself, or words about why it is left out."""

    name: str
    lufs: float | None = None
    words: str = ""


def sound_mixer(tab: str, examples: Sequence[str], splits: Sequence[tuple[str, str]]) -> gr.HTML:
    """The mixer of a tab. examples: titles of sounds to add; splits: names and words of ways to split one.

    Its events: `assign` has the files that were added or removed put where `window.suMixes[tab].assign` says,
    `input` tells of a fader, `wanted` asks for hints, `example` {number} adds one, `split` {way} splits the
    first sound.
    """
    return html_component(
        "sound_mixer",
        NOTHING_SET,
        elem_id=f"{tab}-mixer",
        elem_classes="su-mixer-slot",
        tab=tab,
        accept=[*ACCEPT],
        most=MOST_SOUNDS,
        examples=[*examples],
        splits=[list(one) for one in splits],
        unmoved=UNMOVED,
        lufs={"minimum": FADER_LUFS.minimum, "maximum": FADER_LUFS.maximum, "step": FADER_LUFS.step},
        pan_step=PAN.step,
    )


def mix_hints(tab: str) -> gr.HTML:
    """What tells the mixer of a tab about its sounds."""
    return html_component(
        "mix_hints", NO_HINTS, elem_id=f"{tab}-mix-hints", elem_classes="su-unseen", tab=tab
    )


def hints_value(
    rows: Sequence[MixRow | None], line: str = "", busy: bool = False, problem: bool = False
) -> Value:
    """Rows in the order of the faders (None: no sound) and a line about the mix, or about what goes on."""
    listed = [None if row is None else vars(row) for row in rows]
    return {"rows": listed, "line": line, "busy": busy, "problem": problem}


def faders_of(value: Any) -> list[Any]:
    """The faders in the value of a mixer, as a request takes them; a fader all the way down is off."""
    faders = value.get("faders") if isinstance(value, dict) else None
    return [_lowered(one) for one in faders] if isinstance(faders, list) else []


def mixer_value(faders: Iterable[Fader]) -> Value:
    """The value of a mixer for the faders of a request."""
    listed = [asdict(fader) for fader in faders]
    return {"faders": [*listed, *[UNMOVED] * (MOST_SOUNDS - len(listed))]}


def is_moved(fader: Any) -> bool:
    """Whether a fader of a mixer's value changes anything."""
    return isinstance(fader, dict) and {**UNMOVED, **fader} != UNMOVED


def _lowered(fader: Any) -> Any:
    lowest = isinstance(fader, dict) and fader.get("lufs") == FADER_LUFS.minimum
    return {**fader, "lufs": "-inf"} if lowest else fader
