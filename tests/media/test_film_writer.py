"""Films as files: with their own sound, their settings, and nothing left behind on a full disk."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from sonic_ui.media import film_writer
from sonic_ui.media.film_writer import GifWriter, VideoWriter, ZipWriter
from sonic_ui.media.metadata import read_settings
from sonic_ui.requests import BadInput

SETTINGS: dict[str, Any] = {"app": "Sonic UI 0", "request": {"verb": "make_film", "seed": 3}}
FPS = 12


def frames(count: int) -> list[np.ndarray]:
    return [np.full((64, 96, 3), 8 * number % 256, np.uint8) for number in range(count)]


@pytest.fixture
def stereo(tmp_path: Path) -> str:
    """Three seconds: a low tone on the left and a high one on the right, from 1 s on."""
    times = np.arange(3 * 44_100) / 44_100
    sound = np.stack([np.sin(2 * np.pi * hz * times) * (times >= 1) for hz in (300, 3000)], 1)
    path = tmp_path / "stereo.flac"
    soundfile.write(path, 0.5 * sound, 44_100)
    return str(path)


def test_a_video_has_the_sound_of_its_part(tmp_path: Path, stereo: str) -> None:
    import av

    writer = VideoWriter(tmp_path / "film", FPS, (96, 64), SETTINGS, stereo, 0.5)
    for pixels in frames(2 * FPS):
        writer.add(pixels)
    path = writer.close()
    assert read_settings(path) == SETTINGS
    with av.open(str(path)) as film:
        assert film.streams.video[0].frames == 2 * FPS and film.streams.audio[0].channels == 2
        sound = np.concatenate([one.to_ndarray() for one in film.decode(audio=0)], 1)
    rate = 48_000
    assert np.abs(sound[:, : int(0.4 * rate)]).max() < 0.05  # silent until 1 s of the track
    low, high = (np.abs(np.fft.rfft(row[rate : rate + rate // 2])) for row in sound)
    assert abs(2 * int(low.argmax()) - 300) < 10 and abs(2 * int(high.argmax()) - 3000) < 10


def test_a_gif_and_a_zip_carry_every_frame(tmp_path: Path) -> None:
    gif, files = GifWriter(tmp_path / "film", FPS, SETTINGS), ZipWriter(tmp_path / "film", FPS, SETTINGS)
    for pixels in frames(10):
        gif.add(pixels)
        files.add(pixels)
    with Image.open(gif.close()) as film:
        assert film.n_frames == 10
    assert read_settings(gif.path) == SETTINGS
    with zipfile.ZipFile(files.close()) as zipped:
        names = zipped.namelist()
        assert names[0] == "settings.json" and json.loads(zipped.read(names[0])) == SETTINGS
        assert names[1] == "film-00001.png" and len(names) == 11


def test_a_gif_that_is_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_writer, "LONGEST_GIF_S", 0.5)
    gif = GifWriter(tmp_path / "film", FPS, SETTINGS)
    with pytest.raises(BadInput, match=r"A GIF holds at most 0\.5 s"):
        for pixels in frames(10):
            gif.add(pixels)


def test_a_full_disk_is_a_sentence_and_leaves_nothing(
    tmp_path: Path, stereo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    files = ZipWriter(tmp_path / "film", FPS, SETTINGS)
    monkeypatch.setattr(files._file, "writestr", full)
    with pytest.raises(BadInput, match="the disk is full or cannot be written to") as caught:
        files.add(frames(1)[0])
    assert caught.value.field == "disk"
    writer = VideoWriter(tmp_path / "film", FPS, (96, 64), SETTINGS, stereo, 0.0)
    monkeypatch.setattr(film_writer, "encode_picture", full)
    with pytest.raises(BadInput, match="the disk is full"):
        writer.add(frames(1)[0])
    assert not [path for path in tmp_path.iterdir() if path.stem == "film"]
