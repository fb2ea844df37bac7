"""Results in words: what is heard, and the line of what made a result."""

from collections.abc import Sequence
from pathlib import Path

from sonic_ui.engine import Label, Result

WORDS_SHOWN = 80
AUDIBLE = 0.15
"""Labels below this probability are not said to be heard."""


def detail_line(result: Result) -> str:
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


def unknown_sentence(labels: Sequence[Label]) -> str:
    """The sentence about a sound of another kind than the labels."""
    return f"I do not know this sound. Nearest: {', '.join(label.name for label in labels[:2])}."


def title_of(result: Result) -> str:
    """What is heard in the sound of a result."""
    return unknown_sentence(result.labels) if result.is_unknown else f"Heard {label_sentence(result.labels)}"


def label_sentence(labels: Sequence[Label], is_unknown: bool = False) -> str:
    """The audible labels as words: "rain", "rain and thunder"; the most probable one if none stands out."""
    if is_unknown:
        return f"an unknown sound nearest to {' and '.join(label.name for label in labels[:2])}"
    names = [label.name for label in labels if label.probability >= AUDIBLE][:3]
    names = names or [f"perhaps {label.name}" for label in labels[:1]] or ["a sound"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _short(words: str) -> str:
    return words if len(words) <= WORDS_SHOWN else words[:WORDS_SHOWN].rsplit(" ", 1)[0] + " …"
