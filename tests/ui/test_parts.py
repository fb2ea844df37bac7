"""The page's parts that need no page: pictures, examples, sessions, words, colours."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sonic_ui.engine.events import Label, Result
from sonic_ui.media.metadata import KEY, PictureFolder, read_settings, write_pictures
from sonic_ui.requests import BadInput, InterpolateRequest, SoundToImageRequest
from sonic_ui.ui.components.base import preview_uris
from sonic_ui.ui.session.context import read_examples
from sonic_ui.ui.settings.reuse import Record, find_files, missing_files, request_from_settings
from sonic_ui.ui.tabs.sound_to_image.results import result_card
from sonic_ui.ui.theme import DARK, LIGHT, page_css
from sonic_ui.ui.widgets.fields import label_sentence
from sonic_ui.ui.widgets.sound_input import seconds
from tests.fakes import FakeBackend
from tests.ui.test_handlers import tab_of

SETTINGS = {
    "app": "Sonic UI 0.1.0",
    "request": {
        **SoundToImageRequest(sound="Müller's rain.wav", seed=42, prompt="at dusk").model_dump(mode="json")
    },
    "sound_sha256": "ab" * 32,
}


def picture(colour: str = "navy") -> Image.Image:
    return Image.new("RGB", (16, 16), colour)


# Pictures


def test_a_picture_carries_its_settings(tmp_path: Path) -> None:
    paths = write_pictures([picture(), picture("teal")], SETTINGS, tmp_path)
    assert [path.name for path in paths] == ["Müller-s-rain-42-1.png", "Müller-s-rain-42-2.png"]
    read = read_settings(paths[1])
    assert read["picture"] == 1
    assert read["request"] == SETTINGS["request"]
    assert Image.open(paths[1]).getpixel((0, 0)) == (0, 128, 128)


def test_a_name_cannot_leave_its_folder(tmp_path: Path) -> None:
    settings = {**SETTINGS, "request": {"sound": "../../etc/..", "seed": 1}}
    (path,) = write_pictures([picture()], settings, tmp_path)
    assert path.parent == tmp_path


def png_with(tmp_path: Path, text: str | None) -> Path:
    info = PngInfo()
    if text is not None:
        info.add_itxt(KEY, text)
    path = tmp_path / "any.png"
    picture().save(path, pnginfo=info)
    return path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "carries no settings"),
        ("{", "damaged"),
        ("[1]", "damaged"),
        ('{"request": 3}', "damaged"),
        ("[" * 9000, "damaged"),
        ("x" * 30_000, "too long"),
    ],
)
def test_pictures_without_usable_settings(tmp_path: Path, text: str | None, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read_settings(png_with(tmp_path, text))


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_files_that_are_no_pictures(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "letter.png"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"“letter\.png” is not a PNG"):
        read_settings(path)


def test_old_pictures_are_forgotten() -> None:
    folder = PictureFolder()
    (old,) = folder.write([picture()], SETTINGS)
    long_ago = time.time() - 2 * 86_400
    os.utime(old.parent, (long_ago, long_ago))
    (new,) = folder.write([picture("black")], SETTINGS)
    assert new.is_file() and not old.exists()


# Reuse


def test_settings_come_back_as_they_were() -> None:
    request = SoundToImageRequest(
        sound="rain.wav",
        start_s=1.5,
        prompt="ink",
        strength=(1.0, 0.5),
        steps=30,
        seed=9,
        count=4,
        gain_db=-6,
    )
    updates = tab_of(FakeBackend()).table.values(
        {"request": request.model_dump(mode="json")}, {"sound": "/somewhere/rain.wav"}
    )
    assert updates["layers"] == "1 0.5"
    assert (updates["seed"], updates["keep_seed"], updates["count"], updates["steps"]) == (9, True, 4, 30)
    assert (updates["start_s"], updates["end_s"], updates["gain_db"]) == (1.5, None, -6)
    assert updates["sound"] == "/somewhere/rain.wav"
    assert "strength" not in updates and "guidance_scale" not in updates


def test_settings_that_no_request_has_are_refused() -> None:
    with pytest.raises(BadInput, match="Steps is 5000"):
        tab_of(FakeBackend()).table.values({"request": {"verb": "sound_to_image", "steps": 5000}}, {})
    with pytest.raises(BadInput, match="for 'dance'"):
        tab_of(FakeBackend()).table.values({"request": {"verb": "dance"}}, {})
    with pytest.raises(BadInput, match=r"for \['dance'\]"):
        tab_of(FakeBackend()).table.values({"request": {"verb": ["dance"]}}, {})
    with pytest.raises(BadInput, match="belong to the tab “Interpolate”"):
        tab_of(FakeBackend()).table.values({"request": {"verb": "interpolate"}}, {})
    with pytest.raises(BadInput, match="no setting called 'sound_a'"):
        tab_of(FakeBackend()).table.values({"request": {"verb": "sound_to_image", "sound_a": "x"}}, {})


def test_a_sound_is_found_by_its_bytes(tmp_path: Path) -> None:
    import hashlib

    folder = example_folder(tmp_path)
    examples = read_examples(folder)
    digest = hashlib.sha256(examples[1].sound.read_bytes()).hexdigest()
    mine = tmp_path / "mine.wav"
    mine.write_bytes(b"mine")
    records: dict[str, Record] = {
        "result-1": {"settings": {"sound_a_sha256": "cd"}, "files": {"sound_a": str(mine)}}
    }

    def found(name: str, sha256: object) -> dict[str, str]:
        settings = {"request": {name: "any.wav"}, f"{name}_sha256": sha256}
        return find_files(settings, records, examples)

    assert found("sound", digest) == {"sound": str(examples[1].sound)}
    assert found("sound", "cd") == {"sound": str(mine)}, "another tab used it"
    assert found("sound_b", "cd") == {"sound_b": str(mine)}
    assert found("sound", "ef") == found("sound", ["cd"]) == found("frame", "cd") == {}
    assert found("picture", "cd") == {"picture": str(mine)}, "told by its bytes alone"
    mine.unlink()
    assert found("sound", "cd") == {}


def test_sounds_that_are_missing_are_named() -> None:
    settings = {"request": {"verb": "interpolate", "sound_a": "rain.wav", "sound_b": "dog.wav"}}
    assert missing_files(settings, {"sound_a": "/tmp/rain.wav"}) == {"sound_b": "dog.wav"}
    assert (
        request_from_settings(settings, {"sound_a": "/tmp/rain.wav"}, InterpolateRequest).sound_b == "absent"
    )


# Examples


def example_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "examples"
    (folder / "sounds").mkdir(parents=True)
    for name in ("rain.wav", "sea_waves.wav"):
        (folder / "sounds" / name).write_bytes(name.encode())
    picture().save(folder / "rain.png")
    (tmp_path / "secret.wav").write_bytes(b"secret")
    entries = [
        {"file": "rain.wav", "title": "Rain", "picture": "rain.png"},
        {"file": "sea_waves.wav"},
        {"file": "absent.wav", "title": "Absent"},
        {"file": "../secret.wav", "title": "Outside"},
        {"title": "Nothing"},
    ]
    (folder / "examples.json").write_text(json.dumps(entries))
    return folder


def test_examples_that_are_there_are_offered(tmp_path: Path) -> None:
    rain, sea = read_examples(example_folder(tmp_path))
    assert (rain.title, rain.sound.name, rain.picture is not None) == ("Rain", "rain.wav", True)
    assert (sea.title, sea.picture) == ("sea waves", None)


def test_no_examples_is_fine(tmp_path: Path) -> None:
    assert read_examples(tmp_path / "nowhere") == ()
    (tmp_path / "examples.json").write_text("{not json")
    assert read_examples(tmp_path) == ()


# Words


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ({"rain": 0.9, "wind": 0.05}, "rain"),
        ({"rain": 0.5, "wind": 0.3}, "rain and wind"),
        ({"rain": 0.4, "wind": 0.3, "a dog": 0.2}, "rain, wind and a dog"),
        ({"rain": 0.1, "wind": 0.09}, "perhaps rain"),
        ({}, "a sound"),
    ],
)
def test_what_is_said_to_be_heard(shares: dict[str, float], words: str) -> None:
    assert label_sentence([Label(name, share) for name, share in shares.items()]) == words


def test_an_unknown_sound_is_only_near_to_its_labels() -> None:
    labels = [Label("rain", 0.9), Label("wind", 0.05), Label("a dog", 0.01)]
    assert label_sentence(labels, is_unknown=True) == "an unknown sound nearest to rain and wind"


def test_a_card_describes_each_picture(tmp_path: Path) -> None:
    request = SoundToImageRequest(sound="/tmp/x/rain.wav", prompt="ink", seed=3, steps=25, count=2)
    result = Result((picture(), picture()), request, (Label("rain", 0.9),), SETTINGS, 3.21)
    card = result_card(4, result, (tmp_path / "a.png", tmp_path / "b.png"))
    assert card.title == "Heard rain" and card.captions == ("seed 3", "seed 4")
    assert card.detail == "rain.wav · “ink” · seed 3 · 25 steps · 3.2 s"
    assert card.descriptions[1] == "Picture 2 of 2 painted from a sound heard as rain, with the words “ink”."


def test_previews_are_small() -> None:
    (uri,) = preview_uris([Image.effect_noise((1024, 1024), 60)])
    assert uri.startswith("data:image/jpeg;base64,") and len(uri) < 60_000


@pytest.mark.parametrize(
    ("value", "words"), [(7.54, "7.5 s"), (60, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_times(value: float, words: str) -> None:
    assert seconds(value) == words


# Colours (WCAG 2.2, contrast ratio)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["ground", "panel", "raised"])
def test_text_and_controls_can_be_read(mode: dict[str, str], ground: str) -> None:
    for text in ("text", "quiet", "bad", "cool", "warm"):
        assert contrast(mode[text], mode[ground]) >= 4.5, (text, mode[text], mode[ground])
    assert contrast(mode["edge"], mode[ground]) >= 3.0
    assert contrast(mode["on-cool"], mode["cool"]) >= 4.5


def test_the_style_sheet_knows_every_colour_it_uses() -> None:
    import re

    css = page_css()
    used = set(re.findall(r"var\(--su-([a-z-]+)", css)) - {
        "aspect",
        "blur",
        "film-width",
        "high",
        "share",
        "side",
        "thumb",
        "tint",
    }
    assert used <= set(LIGHT)
    assert set(LIGHT) == set(DARK)
