"""Fields and sentences that are alike everywhere, and the options that all events of the page share."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from sonic_ui.engine.events import Label, Result
from sonic_ui.requests import PaintingRequest, Range, SoundToImageRequest
from sonic_ui.requests.captions import OFF
from sonic_ui.requests.fields import ROOM_PHRASES, Room

Update = dict[Any, Any]
"""New values of components, by component."""

Refresh = Callable[[Any], Any]
"""Reads a sound or a picture again after an event (a dependency), once settings are back for instance."""

CONCURRENT = 8
"""How many of one event may be under way at once; painting itself goes one by one."""

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
AT_ONCE: dict[str, Any] = {"queue": False, **QUIET}
FREQUENT: dict[str, Any] = {"trigger_mode": "multiple", "concurrency_limit": CONCURRENT, **QUIET}
"""Options of an event that shows no progress; of one without a queue; of one that comes again and again."""

WORDS_SHOWN = 80
AUDIBLE = 0.15
"""Labels below this probability are not said to be heard."""

ROOM_WORDS: dict[Room, str] = {
    "dry": "Open air",
    "room": "Room",
    "hall": "Hall",
    "church": "Church",
}


def slider(
    limits: Range, label: str, info: str, value: float | None = None, elem_id: str | None = None
) -> gr.Slider:
    """A slider over the values a setting may take."""
    return gr.Slider(
        limits.minimum,
        limits.maximum,
        limits.default if value is None else value,
        step=limits.step,
        label=label,
        info=info or None,
        buttons=[],
        elem_id=elem_id,
    )


def room_choice(tab: str, render: bool = True) -> gr.Radio:
    """Where a sound is heard; its value is one of `requests.ROOMS`.

    render   whether it stands here; else its `render` puts it somewhere
    """
    return gr.Radio(
        [(words, room) for room, words in ROOM_WORDS.items()],
        value="dry",
        label="Where it is heard",
        info="Walls answer the sound: the more it echoes, the larger the place in the picture.",
        render=render,
        elem_id=f"{tab}-room",
        elem_classes="su-choice su-rooms",
    )


def name_choice(tab: str, info: str, render: bool = True) -> gr.Checkbox:
    """Whether what is heard, by name, follows the prompt."""
    return gr.Checkbox(
        True,
        label="Name what is heard",
        info=info,
        render=render,
        elem_id=f"{tab}-by-name",
    )


def detail_line(result: Result) -> str:
    """The line of what made a result: "rain.wav · “ink” · seed 5 · 25 steps · 3.2 s"."""
    request = result.request
    varied = request.variations_of(0)
    by_caption = caption_of(request)
    details = [
        *(Path(path).name for path in request.sound_paths.values()),
        f"painted by “{_short(by_caption)}”" if by_caption else "",
        f"named “{_short(named)}”" if (named := str(result.settings.get("sound_words", ""))) else "",
        f"“{_short(request.prompt)}”" if request.prompt else "",
        f"seed {request.seed}",
        f"varied by {' and '.join(f'{amount:g}' for _, amount in varied)}" if varied else "",
        f"{request.steps} steps",
        f"{result.elapsed_s:.1f} s",
    ]
    return " · ".join(part for part in details if part)


def caption_of(request: PaintingRequest) -> str:
    """The caption that a request paints by; "" for one that does not."""
    if isinstance(request, SoundToImageRequest) and request.by_caption != OFF:
        return request.caption
    return ""


def unknown_sentence(labels: Sequence[Label]) -> str:
    """The sentence about a sound of another kind than the labels."""
    return f"I do not know this sound. Nearest: {', '.join(label.name for label in labels[:2])}."


def title_of(result: Result) -> str:
    """What is heard in the sound of a result."""
    if result.is_unknown:
        return unknown_sentence(result.labels)
    room = str((result.settings.get("sound_room") or [""])[0])
    return f"Heard {label_sentence(result.labels)} {ROOM_PHRASES.get(room, '')}".rstrip()


def label_sentence(labels: Sequence[Label], is_unknown: bool = False) -> str:
    """The audible labels as words: "rain", "rain and thunder"; the most probable one if none stands out."""
    if is_unknown:
        return f"an unknown sound nearest to {' and '.join(label.name for label in labels[:2])}"
    names = [label.name for label in labels if label.probability >= AUDIBLE][:3]
    names = names or [f"perhaps {label.name}" for label in labels[:1]] or ["a sound"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _short(words: str) -> str:
    return words if len(words) <= WORDS_SHOWN else words[:WORDS_SHOWN].rsplit(" ", 1)[0] + " …"
