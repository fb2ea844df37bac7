"""Sounds that carry their settings, and are still WAV files for everybody else."""

from __future__ import annotations

import json
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from sonic_ui.media.metadata import (
    PictureFolder,
    is_wave,
    read_settings,
    read_sound_settings,
    readable_name,
    safe_stem,
    sidecar,
    write_pictures,
    write_sound,
)
from sonic_ui.requests import BadInput

SETTINGS = {
    "app": "Sonic UI 1",
    "request": {"verb": "image_to_sound", "picture": "Müller’s.png", "curve": [0.1234] * 1001, "seed": 3},
}
TONE = (0.5 * np.sin(np.arange(16_001) / 20)).astype(np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_sound(TONE, 16_000, SETTINGS, tmp_path / "storm-3.wav")


def test_settings_come_back(path: Path) -> None:
    assert read_sound_settings(path) == SETTINGS == read_settings(path)
    assert json.loads(sidecar(path).read_text(encoding="utf-8")) == SETTINGS
    assert is_wave(path) and not is_wave(sidecar(path)) and not is_wave(path.with_name("gone.wav"))


def test_other_programs_read_the_sound_alone(path: Path) -> None:
    samples, rate = soundfile.read(path)
    assert rate == 16_000 and samples.shape == (16_001,)
    assert np.abs(samples - TONE).max() < 1e-4
    with wave.open(str(path)) as plain:
        assert (plain.getnframes(), plain.getsampwidth(), plain.getnchannels()) == (16_001, 2, 1)
    content = path.read_bytes()
    assert struct.unpack("<I", content[4:8])[0] == len(content) - 8 and len(content) % 2 == 0


def test_what_is_louder_than_full_scale_does_not_wrap(tmp_path: Path) -> None:
    loud = write_sound(4 * TONE, 16_000, SETTINGS, tmp_path / "loud.wav")
    samples, _ = soundfile.read(loud)
    assert samples.max() > 0.99 and samples.min() < -0.99
    assert np.all(np.sign(samples[np.abs(TONE) > 0.01]) == np.sign(TONE[np.abs(TONE) > 0.01]))


def test_files_of_others_are_told_apart(path: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.wav"
    soundfile.write(plain, TONE, 16_000)
    with pytest.raises(BadInput, match="carries no settings of Sonic UI"):
        read_sound_settings(plain)
    letter = tmp_path / "letter.wav"
    letter.write_text("This is not a sound.")
    with pytest.raises(BadInput, match="is not a WAV file that can be read"):
        read_sound_settings(letter)
    content = path.read_bytes()
    broken = tmp_path / "broken.wav"
    broken.write_bytes(content.replace(b'{"app"', b'["app"'))
    with pytest.raises(BadInput, match="are damaged"):
        read_sound_settings(broken)
    for cut in (13, 40, len(content) - 500):
        broken.write_bytes(content[:cut])
        with pytest.raises(BadInput, match="carries no settings"):
            read_sound_settings(broken)
    broken.write_bytes(content[:44] + b"\xff" * 5000)
    with pytest.raises(BadInput):
        read_sound_settings(broken)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("my rain (2).wav", "my-rain-2"),
        ("हिन्दी बारिश.wav", "हिन्दी-बारिश"),
        ("cafe\u0301 u\u0308ber.wav", "café-über"),  # as macOS decomposes names
        ("می\u200cخواهم.wav", "می\u200cخواهم"),
        ("🌧️.wav", "sound"),
        ("../../etc/passwd", "passwd"),
        ("\udcff.wav", "sound"),
        ("x" * 300 + ".wav", "x" * 40),
    ],
)
def test_names_keep_their_letters_and_marks(name: str, stem: str) -> None:
    assert safe_stem(name) == stem


def test_names_in_settings_can_be_written_anywhere() -> None:
    assert readable_name("/tmp/u\u0308ber\udcff.wav") == "über?.wav"


@pytest.mark.parametrize("name", ["雨" * 80, "e" + "\u0301\u0323" * 80, "क्षि" * 40, "😀" * 80])
def test_names_of_results_are_bounded_in_bytes(name: str, tmp_path: Path) -> None:
    stem = safe_stem(name)
    assert len(stem.encode()) <= 56 and safe_stem(stem) == stem
    request = {"picture": f"{name}.png", "sound": f"{name}.wav", "seed": 2**32 - 1}
    image = Image.new("RGB", (8, 8))
    paths = write_pictures([image] * 2, {"app": "Sonic UI 1", "request": request}, tmp_path / "results")
    assert all(path.is_file() and len(path.name.encode()) <= 143 for path in paths)


def test_each_picture_tells_its_own_seed_and_what_was_painted_beside_it(tmp_path: Path) -> None:
    each = [{"seed": 7, "batch": [0, 1]}, {"seed": 8, "batch": [0, 1]}]
    settings = {
        "app": "Sonic UI 1",
        "request": {"sound": "rain.wav", "seed": 7, "count": 2},
        "pictures": each,
    }
    paths = write_pictures([Image.new("RGB", (8, 8))] * 2, settings, tmp_path)
    second = read_settings(paths[1])
    assert (second["picture"], second["seed"], second["batch"]) == (1, 8, [0, 1])
    assert second["request"] == settings["request"] and "pictures" not in second


def test_the_same_result_has_the_same_address_and_lies_there_once() -> None:
    folder, settings = PictureFolder(), {"app": "test", "request": {"seed": 1, "sound": "rain.wav"}}
    red, blue = (Image.new("RGB", (8, 8), colour) for colour in ("red", "blue"))
    first, again = (folder.write([red], settings) for _ in range(2))
    assert first == again and first[0].is_file()
    other = folder.write([blue], settings)
    assert other[0].parent != first[0].parent
    assert len(list(folder.path.iterdir())) == 2
