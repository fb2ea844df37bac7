"""Concepts that sound in a picture, each at a level of its own: checked."""

from typing import Any

from sonic_ui.requests.fields import BadInput, Range, shown, tidy_text

CONCEPT_GAIN = Range("Level of a concept (dB)", -30.0, 0.0, 0.5, 0.0)
"""Of a concept beside the others, each brought to one loudness before."""

MAX_CONCEPTS = 4
MAX_CONCEPT_CHARACTERS = 80

ConceptLevels = tuple[tuple[str, float], ...]
"""Names of concepts and their levels in dB."""

HOW = 'give names, ["rain", "thunder"], or pairs of a name and a level in dB, [["rain", 0], ["thunder", -6]]'
FIELD = "concept_levels"


def check_concepts(value: object) -> ConceptLevels | None:
    """One to MAX_CONCEPTS concepts: names, pairs of name and dB, or an object of them. Raises `BadInput`."""
    if value is None:
        return None
    if isinstance(value, dict):
        value = [*value.items()]
    if not isinstance(value, (list, tuple)):
        raise BadInput(f"The concepts are {shown(value)}; {HOW}.", FIELD)
    if not value:
        raise BadInput(
            "The concepts are empty; name at least one, or leave them out: then the picture decides.",
            FIELD,
        )
    if len(value) > MAX_CONCEPTS:
        raise BadInput(
            f"Concepts: {len(value)} were given; 1 to {MAX_CONCEPTS} sound at once. Give fewer.", FIELD
        )
    pairs = tuple(_pair(one) for one in value)
    names = [name.casefold() for name, _ in pairs]
    for name, _ in pairs:
        if names.count(name.casefold()) > 1:
            raise BadInput(f"The concept {shown(name)} was given twice. Give each once.", FIELD)
    return pairs


def _pair(value: object) -> tuple[str, float]:
    given: list[Any] = [value, CONCEPT_GAIN.default] if isinstance(value, str) else []
    if isinstance(value, (list, tuple)) and len(value) == 2:
        given = [*value]
    if len(given) != 2 or not isinstance(given[0], str):
        raise BadInput(f"One concept is {shown(value)}; {HOW}.", FIELD)
    name = tidy_text(given[0])
    if not name:
        raise BadInput("One concept has no name. Write what sounds, or leave it out.", FIELD)
    if len(name) > MAX_CONCEPT_CHARACTERS:
        raise BadInput(
            f"A concept's name is {len(name)} characters long; {MAX_CONCEPT_CHARACTERS} at most are taken. "
            "Name one thing that sounds; more belongs to the words.",
            FIELD,
        )
    return name, float(CONCEPT_GAIN.check(given[1], FIELD))
