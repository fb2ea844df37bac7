"""Words for what is heard: names of sounds, each as loud as it is, and the room, to follow a prompt.

A name alone holds a thing as large as it likes, however loud it is. So a prompt is blended from texts: "a
quiet dog" and "a loud dog", as far as the dog is loud.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sonic_ui.media.captions import described

Blend = tuple[tuple[str, float], ...]
"""Texts, each with its share of a prompt; the shares sum to 1."""

QUIET, LOUD = "quiet", "loud"
SOFTEST_LUFS, LOUDEST_LUFS = -40.0, -16.0
"""Loudness that is as quiet, and as loud, as words go."""


def level_of(lufs: float) -> float:
    """Level in [0, 1] of a loudness in LUFS."""
    return min(1.0, max(0.0, (lufs - SOFTEST_LUFS) / (LOUDEST_LUFS - SOFTEST_LUFS)))


@dataclass(frozen=True)
class NamedSound:
    """A sound by name, and its level in [0, 1]."""

    name: str
    level: float

    @property
    def text(self) -> str:
        """The name with an adjective where its level asks for one: "a quiet dog", "a dog", "a loud dog"."""
        return described(self.name, QUIET if self.level < 1 / 3 else LOUD if self.level > 2 / 3 else "")

    def at_strength(self, strength: float) -> "NamedSound":
        """The sound where the picture listens more, or less, than it does at 1 (AAI, A.1.4): at 2 as loud as
        can be.
        """
        more = min(max(strength - 1.0, 0.0), 1.0)
        level = self.level * min(1.0, strength)
        return NamedSound(self.name, level + (1.0 - level) * more)


@dataclass(frozen=True)
class SoundWords:
    """What is heard, by name, the loudest first where that matters, and the words for its room, if any."""

    names: tuple[NamedSound, ...] = ()
    phrase: str = ""

    def __bool__(self) -> bool:
        return bool(self.names or self.phrase)

    @property
    def text(self) -> str:
        """The words as one text: "a quiet dog and rain in a church"."""
        return f"{' and '.join(one.text for one in self.names)} {self.phrase}".strip()

    def blend(self, prompt: str = "", strength: float = 1.0) -> Blend:
        """A prompt with these words after it. Below a strength of 1 the names fade out, as the sound does."""
        bare = f"{prompt} {self.phrase}".strip()
        if not self.names or strength <= 0.0:
            return ((bare, 1.0),)
        named = _between_corners([one.at_strength(strength) for one in self.names])
        full = tuple((" ".join(filter(None, (prompt, text, self.phrase))), share) for text, share in named)
        return faded(full, bare, strength)


def _between_corners(sounds: Sequence[NamedSound]) -> Blend:
    """Texts in which each sound is quiet or loud, with the shares by which their mean has the sounds' levels.

    Of the 2^n corners of the levels' cube the n + 1 of the simplex around them (Kuhn's): from all quiet, one
    after the other turns loud, the loudest first.
    """
    order = sorted(range(len(sounds)), key=lambda number: -sounds[number].level)
    levels = [1.0, *(sounds[number].level for number in order), 0.0]
    corners: list[tuple[str, float]] = []
    for loud in range(len(sounds) + 1):
        words = (
            described(one.name, LOUD if number in order[:loud] else QUIET)
            for number, one in enumerate(sounds)
        )
        corners.append((" and ".join(words), levels[loud] - levels[loud + 1]))
    return tuple((text, share) for text, share in corners if share > 0.0)


def faded(named: Blend, bare: str, strength: float) -> Blend:
    """A blend that gives way to the bare prompt where the picture listens less than it does at 1."""
    share = min(1.0, max(0.0, strength))
    return mixed_blends([(((bare, 1.0),), 1.0 - share), (named, share)])


def mixed_blends(blends: Sequence[tuple[Blend, float]]) -> Blend:
    """Blends, each with its share, as one; a text stands once."""
    shares: dict[str, float] = {}
    for blend, share in blends:
        for text, part in blend:
            shares[text] = shares.get(text, 0.0) + part * share
    return tuple((text, share) for text, share in shares.items() if share > 0.0)
