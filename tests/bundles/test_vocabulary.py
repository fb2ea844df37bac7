"""Words that an engine knows, and those that it does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sonic_ui.bundles import Vocabulary, listed, read_bundle, words_of
from sonic_ui.bundles.registry import MINIATURE
from sonic_ui.requests import BadInput

SMALL = Vocabulary(styles=("a watercolour",), times=("at dusk",), words=("a", "at", "dusk", "watercolour"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A dog's bark, at dusk!", ["A", "dog", "bark", "at", "dusk"]),
        ("rain + wind (2x) rain", ["rain", "wind", "2x"]),
        ("rain🌧️dog 👩‍👩‍👧", ["rain", "🌧️", "dog", "👩‍👩‍👧"]),
        ("हिन्दी बारिश", ["हिन्दी", "बारिश"]),
        ("cafe\u0301", ["café"]),
        ("  ... ", []),
    ],
)
def test_words_and_signs_of_a_text(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_unknown_words_are_named_as_they_were_written() -> None:
    assert SMALL.unknown("A Watercolour of unicorns at dusk 🦄 夜") == ["of", "unicorns", "🦄", "夜"]
    assert SMALL.unknown("a watercolour, at dusk") == []
    assert SMALL.sentence == "It knows: a watercolour; at dusk."
    assert listed(["a"]) == "“a”" and listed(["a", "b"]) == "“a” and “b”"
    many = listed([*"abcdefgh", "x" * 99])
    assert many == "“a”, “b”, “c”, “d”, “e”, “f” and 3 more"
    assert listed(["x" * 99]) == f"“{'x' * 30}…”"


def test_the_miniature_knows_the_phrases_that_it_offers() -> None:
    vocabulary = read_bundle().info.vocabulary
    assert vocabulary is not None
    groups = vocabulary.groups
    assert [*groups] == ["Style", "Time of day", "Place"]
    for phrase in (phrase for phrases in groups.values() for phrase in phrases):
        assert vocabulary.unknown(phrase) == []
    for source in read_bundle().sources:
        assert vocabulary.unknown(f"a loud {source.label}") == []
    assert vocabulary.unknown("rest under all") == ["rest", "under", "all"], "pieces of words are no words"


def test_a_bundle_without_words_has_no_vocabulary_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text(json.dumps({"name": "little", "title": "Little"}))
    words = tmp_path / "vocabulary.json"
    words.write_text(json.dumps({"sources": []}))
    assert read_bundle(tmp_path).info.vocabulary is None
    words.write_text(json.dumps({"sources": [], "words": 7}))
    with pytest.raises(BadInput, match="vocabulary"):
        read_bundle(tmp_path)


def test_the_shipped_words_are_those_of_the_world() -> None:
    from sonic_ui.scenes.world import caption_words

    shipped = json.loads((MINIATURE / "vocabulary.json").read_text(encoding="utf-8"))
    assert shipped["words"] == caption_words()
