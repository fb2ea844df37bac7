"""Captions of sounds: words, each with its probability."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sonic_ui.requests.fields import ROOM_PHRASES

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def caption_words(text: str) -> list[str]:
    """The words of a caption, in lower case; punctuation parts them."""
    return [word.lower() for word in WORD.findall(text)]


@dataclass(frozen=True)
class Caption:
    """Words of a caption and the probability of each, given the sound and the words before it."""

    words: tuple[str, ...]
    probabilities: tuple[float, ...]

    @property
    def text(self) -> str:
        """The words as one text."""
        return " ".join(self.words)


def joined_captions(captions: Sequence[Caption]) -> Caption:
    """Captions of several sounds as one, with "and" between them; each is said once, and so is what all of
    them end with: "a dog in a hall" and "rain in a hall" are "a dog and rain in a hall".
    """
    several = [*{caption.words: caption for caption in captions if caption.words}.values()]
    if len(several) < 2:
        return several[0] if several else Caption((), ())
    shortest = min(len(one.words) for one in several)
    same = [len({one.words[-n:] for one in several}) == 1 for n in range(1, shortest)]
    tail = same.index(False) if False in same else len(same)
    words, chances = list[str](), list[float]()
    for number, one in enumerate(several):
        end = len(one.words) - (tail if number < len(several) - 1 else 0)
        words += ["and"] * bool(number) + [*one.words[:end]]
        chances += [1.0] * bool(number) + [*one.probabilities[:end]]
    return Caption(tuple(words), tuple(chances))


def described(name: str, adjective: str) -> str:
    """A name with an adjective, "" for none: "a dog" and "quiet" are "a quiet dog"."""
    article = "a " if name.startswith("a ") else ""
    return f"{article}{adjective} {name.removeprefix('a ')}" if adjective else name


def in_room(caption: Caption, phrase: str, chance: float) -> Caption:
    """A caption with another room at its end: one that ROOM_PHRASES has, or "" for the open air.

    chance   probability of the phrase's words
    """
    words, chances = list(caption.words), list(caption.probabilities)
    for known in ROOM_PHRASES.values():
        count = len(known.split())
        if words[-count:] == known.split():
            words, chances = words[:-count], chances[:-count]
    named = phrase.split()
    return Caption((*words, *named), (*chances, *[chance] * len(named)))
