"""Pairs from a folder of one's own: videos, sounds with pictures and captions, and what is left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from sonic_ui.requests import BadInput
from sonic_ui.training.__main__ import main
from sonic_ui.training.data import pairs
from sonic_ui.training.data.pairs import SAMPLE_RATE, is_silent_caption, read_pairs, write_pairs

WriteSound = Callable[..., Path]


def write_video(path: Path, seconds: int, with_sound: bool = True) -> Path:
    """A video that is red in its first ten seconds and blue after them, under a tone."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=2)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("pcm_s16le", rate=16_000, layout="mono") if with_sound else None
        for number in range(2 * seconds):
            colour = (220, 30, 30) if number < 20 else (30, 30, 220)
            frame = av.VideoFrame.from_image(Image.new("RGB", (64, 48), colour))
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None:
            times = np.arange(16_000 * seconds) / 16_000
            samples = (8000 * np.sin(2 * np.pi * 440 * times)).astype(np.int16)
            block = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
            block.sample_rate, block.pts, block.time_base = 16_000, 0, Fraction(1, 16_000)
            container.mux(sound.encode(block))
            container.mux(sound.encode(None))
    return path


def test_videos_are_cut_with_their_middle_frames(tmp_path: Path) -> None:
    folder, out = tmp_path / "own", tmp_path / "out"
    folder.mkdir()
    write_video(folder / "fair & day.avi", 20)
    write_video(folder / "mute.avi", 3, with_sound=False)
    (folder / "broken.mp4").write_bytes(b"no video at all")
    lines: list[str] = []
    found = write_pairs(folder, out, report=lines.append)
    assert [pair.start_s for pair in found.pairs] == [0.0, 10.0] and read_pairs(out) == found.pairs
    assert set(found.refused) == {"mute.avi", "broken.mp4"} and lines
    first, second = (np.asarray(Image.open(out / pair.picture)).mean((0, 1)) for pair in found.pairs)
    assert first[0] > 150 > first[2] and second[2] > 150 > second[0]
    info = soundfile.info(out / found.pairs[0].sound)
    assert info.samplerate == SAMPLE_RATE and info.duration == pytest.approx(10.0)


def test_sounds_take_what_bears_their_name(tmp_path: Path, write_sound: WriteSound) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("gong", "words", "alone", "brand"):
        write_sound(f"own/{name}.wav")
    soundfile.write(folder / "hush.wav", np.zeros(48_000), 48_000)
    for name in ("gong-1", "gong-2", "hush", "brand"):
        Image.new("RGB", (2000, 400), (90, 90, 20)).save(folder / f"{name}.png")
    (folder / "gong-3.png").write_bytes(b"no picture")
    (folder / "gong.txt").write_text("a  gong\n in a hall")
    (folder / "words.txt").write_text("a harp")
    (folder / "brand.txt").write_text("the Logo of a shop")
    out = tmp_path / "out"
    main(["pairs", str(folder), "--out", str(out)])
    found = {(pair.source, pair.picture != ""): pair.caption for pair in read_pairs(out)}
    assert found == {("gong.wav", True): "a gong in a hall", ("words.wav", False): "a harp"}
    assert len(read_pairs(out)) == 3
    assert Image.open(out / read_pairs(out)[0].picture).size == (1024, 205)
    refused = json.loads((out / "refused.json").read_text())
    assert set(refused) == {"alone.wav", "brand.wav", "gong-3.png", "hush.wav"}
    assert "alone.jpg" in refused["alone.wav"] and "silent by nature" in refused["brand.wav"]


def test_captions_come_from_the_captioner_or_are_typed(tmp_path: Path, write_sound: WriteSound) -> None:
    (tmp_path / "own").mkdir()
    for name in ("a", "b"):
        write_sound(f"own/{name}.wav")
        Image.new("RGB", (40, 40), (0, 200 if name == "a" else 0, 0)).save(tmp_path / "own" / f"{name}.png")

    def caption(picture: Image.Image) -> str:
        return "a green field" if np.asarray(picture)[..., 1].mean() > 100 else ""

    found = write_pairs(tmp_path / "own", tmp_path / "out", caption=caption, typed="night")
    assert [pair.caption for pair in found.pairs] == ["a green field", "night"]


def test_what_is_silent_by_nature_is_known_by_its_words() -> None:
    assert is_silent_caption("two Icons on a wall") and not is_silent_caption("a signal box by the designer")


def test_a_folder_of_ten_thousand_files_is_bounded(
    tmp_path: Path, write_sound: WriteSound, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for number in range(10_000):
        (folder / f"{number:05d}.wav").touch()
    write_sound("own/zz.wav")
    (folder / "zz.txt").write_text("a bell")
    lines: list[str] = []
    found = write_pairs(folder, tmp_path / "out", report=lines.append)
    assert len(found.pairs) == 1 and len(found.refused) == 10_000 and 40 <= len(lines) <= 60
    monkeypatch.setattr(pairs, "MOST_FILES", 9_000)
    with pytest.raises(BadInput, match="more than 9,000 files"):
        write_pairs(folder, tmp_path / "out")


def test_nothing_is_left_where_nothing_fits(
    tmp_path: Path, write_sound: WriteSound, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").mkdir()
    with pytest.raises(BadInput, match="no video and no sound"):
        write_pairs(tmp_path / "own", tmp_path / "out")
    write_sound("own/alone.wav")
    with pytest.raises(SystemExit, match="None of the 1 files"):
        main(["pairs", str(tmp_path / "own"), "--out", str(tmp_path / "out")])
    assert not list((tmp_path / "out").glob("pairs.*"))
    (tmp_path / "own" / "alone.txt").write_text("a bell")
    monkeypatch.setattr(pairs, "FREE_BYTES", 10**18)
    with pytest.raises(BadInput, match="The disk has less than"):
        write_pairs(tmp_path / "own", tmp_path / "out")
    assert not list((tmp_path / "out").glob("pairs.*"))
    with pytest.raises(BadInput, match="holds no pairs"):
        read_pairs(tmp_path / "out")


def test_at_most_so_many_pairs_are_written(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    write_video(tmp_path / "own" / "day.avi", 20)
    found = write_pairs(tmp_path / "own", tmp_path / "out", most=1)
    assert len(found.pairs) == 1
