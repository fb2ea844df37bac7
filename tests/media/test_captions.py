"""Captions of several sounds as one."""

from __future__ import annotations

from sonic_ui.media.captions import Caption, joined_captions


def caption(text: str, chance: float = 0.5) -> Caption:
    words = tuple(text.split())
    return Caption(words, (chance,) * len(words))


def test_several_are_one_sentence_with_what_they_share_at_its_end() -> None:
    joined = joined_captions([caption("a dog in a hall", 0.9), caption("loud rain in a hall", 0.4)])
    assert joined.text == "a dog and loud rain in a hall"
    assert joined.probabilities == (0.9, 0.9, 1.0, 0.4, 0.4, 0.4, 0.4, 0.4)
    three = joined_captions([caption("a dog"), caption("rain"), caption("wind in a church")])
    assert three.text == "a dog and rain and wind in a church"


def test_the_same_is_said_once_and_nothing_stays_nothing() -> None:
    assert joined_captions([caption("rain"), caption(""), caption("rain")]) == caption("rain")
    assert joined_captions([]).words == () and joined_captions([caption("")]).text == ""
    assert joined_captions([caption("rain"), caption("loud rain")]).text == "rain and loud rain"
