"""Captions of sounds: words, each with its probability."""

import re
from dataclasses import dataclass

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
