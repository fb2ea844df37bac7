"""Weights of words: how much each counts in an edit word for word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from sonic_ui.requests.fields import BadInput, Marker, Range, shown, tidy_text

WordWeight = tuple[str, float]

MAX_WEIGHTS = 12
LONGEST_WORD = 40
WEIGHT = Range("Weight of a word", 0.0, 2.0, 0.05, 1.0)
SYNTAX = "Write each as word:weight, for instance fire:1.5, or as [word, weight]."


@dataclass(frozen=True)
class WordWeights(Marker):
    """Pairs (word, weight): a list, or text such as "fire:1.5, <storm>:0.5"."""

    def check(self, value: object, field: str, kind: Any) -> tuple[WordWeight, ...]:
        if value is None or value == "":
            return ()
        if isinstance(value, str):
            pairs = [pair.strip() for pair in value.replace(";", ",").split(",")]
            value = [pair.rpartition(":")[::2] for pair in pairs if pair]
        if not isinstance(value, (list, tuple)):
            raise BadInput(f"The weights are {shown(value)}; they take pairs. {SYNTAX}", field)
        if len(value) > MAX_WEIGHTS:
            raise BadInput(
                f"{len(value)} words are weighed; at most {MAX_WEIGHTS} can be. Leave some out.", field
            )
        return tuple(_pair(one, field) for one in value)


def _pair(pair: object, field: str) -> WordWeight:
    if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not isinstance(pair[0], str):
        raise BadInput(f"A weight is {shown(pair)}; it takes a word and a number. {SYNTAX}", field)
    word = tidy_text(pair[0])
    if not 0 < len(word) <= LONGEST_WORD:
        raise BadInput(f"A weight is given for {shown(word)}; it takes a word of the prompt. {SYNTAX}", field)
    return word, float(WEIGHT.check(pair[1], field))


WeightList = Annotated[tuple[WordWeight, ...], WordWeights()]


def as_text(weights: Sequence[WordWeight]) -> str:
    """Weights as a person writes them: "fire:1.5, meadow:0.5"."""
    return ", ".join(f"{word}:{weight:g}" for word, weight in weights)
