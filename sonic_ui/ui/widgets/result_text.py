"""Results in words: the title, the line of what made it, and descriptions for who cannot see the picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sonic_ui.engine import Label, Result
from sonic_ui.ui.components.stage import Card
from sonic_ui.ui.session.examples import Example

WORDS_SHOWN = 80
AUDIBLE = 0.15
"""Labels below this probability are not said to be heard."""


def card_of_result(number: int, result: Result, files: tuple[Path, ...]) -> Card:
    """The card of a finished request."""
    request = result.request
    heard = label_sentence(result.labels)
    total = len(files)
    return Card(
        id=f"result-{number}",
        title=f"Heard {heard}",
        detail=made_from(result),
        files=files,
        descriptions=tuple(_describe(index, total, heard, request.prompt) for index in range(total)),
    )


def card_of_example(index: int, example: Example, settings: dict[str, Any] | None) -> Card | None:
    """The card of an example that has a picture."""
    if example.picture is None:
        return None
    seed = settings["request"].get("seed") if settings else None
    detail = "An example, painted by the engine that runs here" + ("" if seed is None else f" · seed {seed}")
    return Card(
        id=f"example-{index}",
        title=example.title,
        detail=detail,
        files=(example.picture,),
        descriptions=(f"Picture painted from the example sound “{example.title}”.",),
        reusable=settings is not None,
    )


def made_from(result: Result) -> str:
    """The line of what made a result: "rain.wav · “ink” · seed 5 · 25 steps · 3.2 s"."""
    request = result.request
    details = [
        *(Path(path).name for path in request.sound_paths.values()),
        f"“{_short(request.prompt)}”" if request.prompt else "",
        f"seed {request.seed}",
        f"{request.steps} steps",
        f"{result.elapsed_s:.1f} s",
    ]
    return " · ".join(part for part in details if part)


def label_sentence(labels: Sequence[Label]) -> str:
    """The audible labels as words: "rain", "rain and thunder"; the most probable one if none stands out."""
    names = [label.name for label in labels if label.probability >= AUDIBLE][:3]
    names = names or [f"perhaps {label.name}" for label in labels[:1]] or ["a sound"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _short(words: str) -> str:
    return words if len(words) <= WORDS_SHOWN else words[:WORDS_SHOWN].rsplit(" ", 1)[0] + " …"


def _describe(index: int, total: int, heard: str, prompt: str) -> str:
    which = "Picture" if total == 1 else f"Picture {index + 1} of {total}"
    words = f", with the words “{prompt}”" if prompt else ""
    return f"{which} painted from a sound heard as {heard}{words}."
