"""Names of what is heard, each as loud as it is."""

import pytest

from sonic_ui.media.sound_words import NamedSound, SoundWords, level_of, mixed_blends


def test_loudness_is_a_level() -> None:
    assert [level_of(lufs) for lufs in (-70.0, -40.0, -28.0, -16.0, 0.0)] == [0.0, 0.0, 0.5, 1.0, 1.0]


def test_words_are_one_text() -> None:
    names = (NamedSound("a dog", 0.1), NamedSound("rain", 0.5), NamedSound("a train", 0.9))
    assert SoundWords(names).text == "a quiet dog and rain and a loud train"
    assert SoundWords(names[:1], "in a church").text == "a quiet dog in a church"
    assert SoundWords(phrase="in a hall").text == "in a hall"
    assert not SoundWords() and SoundWords().text == ""


def test_a_name_is_as_loud_as_its_sound() -> None:
    blend = dict(SoundWords((NamedSound("a dog", 0.25),), "in a hall").blend("ink drawing"))
    assert blend == pytest.approx(
        {"ink drawing a quiet dog in a hall": 0.75, "ink drawing a loud dog in a hall": 0.25}
    )


def test_each_of_several_is_as_loud_as_it_is() -> None:
    words = SoundWords((NamedSound("a dog", 0.3), NamedSound("rain", 0.8)))
    blend = dict(words.blend())
    assert set(blend) == {
        "a quiet dog and quiet rain",
        "a quiet dog and loud rain",
        "a loud dog and loud rain",
    }
    assert sum(blend.values()) == pytest.approx(1.0)
    assert sum(share for text, share in blend.items() if "loud dog" in text) == pytest.approx(0.3)
    assert sum(share for text, share in blend.items() if "loud rain" in text) == pytest.approx(0.8)


def test_names_come_and_go_with_the_strength() -> None:
    words = SoundWords((NamedSound("rain", 0.5),), "in a hall")
    assert words.blend("night", 0.0) == (("night in a hall", 1.0),), "as without a sound"
    half = dict(words.blend("night", 0.5))
    assert half["night in a hall"] == pytest.approx(0.5)
    assert half["night loud rain in a hall"] == pytest.approx(0.5 * 0.25)
    loudest = dict(words.blend("night", 2.0))
    assert loudest == {"night loud rain in a hall": 1.0}
    shares = [
        dict(words.blend("", strength)).get("loud rain in a hall", 0.0) for strength in (0, 0.5, 1, 1.5, 2)
    ]
    assert shares == sorted(shares) and len({*shares}) == len(shares)


def test_blends_are_mixed_and_a_text_stands_once() -> None:
    mixed = mixed_blends([((("a", 1.0),), 0.25), ((("a", 0.5), ("b", 0.5)), 0.75), ((("c", 1.0),), 0.0)])
    assert dict(mixed) == pytest.approx({"a": 0.625, "b": 0.375})
