"""Captions of what is heard in a scene: sources in the order of loudness, the room, "then" for what follows.

As in "a loud dog and rain in a church", "a train then birds". What is far quieter than the loudest is not
named, and neither is what cannot be heard: the open air, the time of day, the style.
"""

from collections.abc import Sequence

from sonic_ui.media.captions import described
from sonic_ui.scenes.spec import INDOOR_PLACES
from sonic_ui.scenes.world import SOURCES, SPECS, WHERE, SourceInstance

INAUDIBLE = 0.6
"""Of the level's range below the loudest source, about 22 dB: what is not named."""
QUIET, LOUD = 0.33, 0.67
THEN = "then"

LABELS = {name: SPECS[name].label.removeprefix("a ") for name in SOURCES}
"""Names of the sources as captions have them, without an article."""


def audible_sources(sources: Sequence[SourceInstance]) -> list[SourceInstance]:
    """The sources that a caption names, the loudest first."""
    order = sorted(sources, key=lambda one: -one.level)
    return [one for one in order if one.level > order[0].level - INAUDIBLE]


def source_words(source: SourceInstance) -> str:
    """A source in a caption: "rain", "loud rain", "a quiet dog"."""
    adjective = "quiet" if source.level < QUIET else "loud" if source.level > LOUD else ""
    return described(SPECS[source.name].label, adjective)


def sound_caption(groups: Sequence[Sequence[SourceInstance]], room: str) -> str:
    """The caption of groups of sources, each heard at once, one group after the other, in a room."""
    parts = [" and ".join(map(source_words, audible_sources(group))) for group in groups]
    words = f" {THEN} ".join(parts)
    return f"{words} {WHERE[room]}" if room in INDOOR_PLACES else words


def sources_in(caption: str) -> list[str]:
    """The sources that a caption names, in its order, each once."""
    words = f" {caption} "
    found = {}
    for name in sorted(SOURCES, key=lambda one: -len(LABELS[one])):
        at = words.find(f" {LABELS[name]} ")
        if at >= 0:
            found[at] = name
            words = words.replace(f" {LABELS[name]} ", f" {'_' * len(LABELS[name])} ")
    return [found[at] for at in sorted(found)]


def room_in(caption: str) -> str:
    """The room that a caption names: "dry" where it names none."""
    return next((room for room in INDOOR_PLACES if f" {caption} ".endswith(f" {WHERE[room]} ")), "dry")


def sound_caption_words() -> list[str]:
    """All words that these captions are made of, in alphabetical order."""
    phrases = [*LABELS.values(), *(WHERE[room] for room in INDOOR_PLACES), f"a and loud quiet {THEN}"]
    return sorted({word for phrase in phrases for word in phrase.split()})


NOT_NOUNS = frozenset(
    [
        "a",
        "an",
        "and",
        "at",
        "big",
        "by",
        "crackling",
        "faint",
        "in",
        "ink",
        "loud",
        "of",
        "quiet",
        "small",
        "strong",
        "the",
        "then",
    ]
)
"""Of the words of all captions of the world."""


def part_of_speech_table(words: Sequence[str]) -> dict[str, float]:
    """Probability that a word of the world's captions is a noun: a table, since they have one reading each.

    "sea" and "church" of "sea waves" and "church bell" are nouns; "ink" of "ink drawing" describes the
    drawing.
    """
    return {word: float(word not in NOT_NOUNS) for word in words}
