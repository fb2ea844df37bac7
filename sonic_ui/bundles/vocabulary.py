"""Words of a bundle: those that its text encoder was trained on, and phrases of them to choose from."""

import re
import unicodedata
from collections.abc import Iterable
from itertools import groupby

from pydantic import BaseModel, ConfigDict

NAMED = 6
"""So many unknown words are named in a sentence."""

SHOWN_CHARACTERS = 30

POSSESSIVE = re.compile(r"['’]s\b")


class Vocabulary(BaseModel):
    """What a small text encoder knows; `vocabulary.json` holds it beside the sources.

    styles, times, locations   phrases that a prompt may hold: "a watercolour", "at dusk", "in a forest"
    words                      all words that it was trained on, in lower case
    nouns                      those of them that are nouns: a table of parts of speech
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    styles: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    words: tuple[str, ...]
    nouns: tuple[str, ...] = ()

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """The phrases by what they set, as a person calls it."""
        groups = {"Style": self.styles, "Time of day": self.times, "Place": self.locations}
        return {title: phrases for title, phrases in groups.items() if phrases}

    def unknown(self, text: str) -> list[str]:
        """Words of a text that it was not trained on, as they were written."""
        known = frozenset(self.words)
        return [word for word in words_of(text) if word.lower() not in known]

    @property
    def sentence(self) -> str:
        """The phrases, for a person."""
        return f"It knows: {'; '.join(', '.join(phrases) for phrases in self.groups.values())}."


def words_of(text: str) -> list[str]:
    """Words, numbers and signs (emoji) of a text, NFC, in order, each once; punctuation parts them.

    A mark or a joiner belongs to what stands before it.
    """
    kinds: list[tuple[str, str]] = []
    for one in unicodedata.normalize("NFC", POSSESSIVE.sub(" ", text)):
        category = unicodedata.category(one)
        if kinds and (category[0] == "M" or category == "Cf" or (category == "Sk" and not one.isascii())):
            kinds.append((one, kinds[-1][1]))
        elif category[0] in "LN":
            kinds.append((one, "word"))
        else:
            kinds.append((one, "sign" if category[0] == "S" and not one.isascii() else ""))
    runs = [("".join(one for one, _ in run), kind) for kind, run in groupby(kinds, key=lambda item: item[1])]
    return list(dict.fromkeys(run for run, kind in runs if kind))


def listed(words: Iterable[str]) -> str:
    """Words in quotes for a sentence: the first few, each cut where it is long."""
    unique = list(dict.fromkeys(words))
    cut = [one if len(one) <= SHOWN_CHARACTERS else one[:SHOWN_CHARACTERS] + "…" for one in unique[:NAMED]]
    quoted = [f"“{one}”" for one in cut]
    if len(unique) > NAMED:
        quoted.append(f"{len(unique) - NAMED} more")
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
