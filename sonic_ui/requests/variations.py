"""Variations: noise of other seeds blended into a picture's initial noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from sonic_ui.requests.base import SEED, SEEDS
from sonic_ui.requests.fields import BadInput, Marker, Range, shown

Variation = tuple[int, float]
"""A seed, and the amount of its noise: 0 leaves the picture as it is, 1 is the picture of that seed."""

MAX_VARIATIONS = 16
VARIATION_SEED = Range("Seed of a variation", 0, SEED.maximum, 1, 0, whole=True)
AMOUNT = Range("Amount of a variation", 0.0, 1.0, 0.05, 0.0)
SYNTAX = "Write each as seed:amount, for instance 7:0.3, or as [seed, amount]."


@dataclass(frozen=True)
class Variations(Marker):
    """Pairs (seed, amount): a list, or text such as "7:0.3, 9:0.5"."""

    def check(self, value: object, field: str, kind: Any) -> tuple[Variation, ...]:
        if value is None or value == "":
            return ()
        if isinstance(value, str):
            value = [pair.split(":") for pair in value.replace(",", " ").replace(";", " ").split()]
        if not isinstance(value, (list, tuple)):
            raise BadInput(f"The variations are {shown(value)}; they take pairs. {SYNTAX}", field)
        if len(value) > MAX_VARIATIONS:
            raise BadInput(
                f"There are {len(value)} variations; at most {MAX_VARIATIONS} are accepted. Leave some out.",
                field,
            )
        return tuple(self._pair(one, field) for one in value)

    def _pair(self, pair: object, field: str) -> Variation:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise BadInput(f"A variation is {shown(pair)}; it takes a seed and an amount. {SYNTAX}", field)
        return int(VARIATION_SEED.check(pair[0], field)), float(AMOUNT.check(pair[1], field))


VariationList = Annotated[tuple[Variation, ...], Variations()]


def variations_of(variations: Sequence[Variation], number: int) -> tuple[Variation, ...]:
    """The variations of picture `number` of several: the last one's seed counts up."""
    if not variations:
        return ()
    *earlier, (seed, amount) = variations
    return (*earlier, ((seed + number) % SEEDS, amount))


def as_text(variations: Sequence[Variation]) -> str:
    """Variations as a person writes them: "7:0.3, 9:0.5"."""
    return ", ".join(f"{seed}:{amount:g}" for seed, amount in variations)
