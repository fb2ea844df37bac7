"""Temporary files: private, gone at the end however it comes, within a quota; a full disk is a sentence."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonic_ui.media import temporary
from sonic_ui.media.films import write_film, write_gif, write_strip
from sonic_ui.media.metadata import PictureFolder, write_picture, write_sound
from sonic_ui.media.temporary import PREFIX, PrivateFolder, make_room, process_folder
from sonic_ui.requests import BadInput

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = {"app": "Sonic UI", "request": {"sound": "rain.wav", "seed": 1}}
PICTURE = Image.new("RGB", (32, 32), "teal")
needs_posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="locks and modes of POSIX")

HOLD = """
import os, sys
from sonic_ui.media.temporary import BASE, end_on_signals, process_folder
os.environ[BASE] = sys.argv[1]
end_on_signals()
(process_folder() / "result.png").write_bytes(b"1")
print(process_folder(), flush=True)
sys.stdin.read()
"""


def start(base: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process with a private folder, which ends when its input does."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(base)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


@needs_posix
def test_what_a_killed_process_left_goes_with_the_next_start(tmp_path: Path) -> None:
    killed, left = start(tmp_path)
    running, used = start(tmp_path)
    killed.kill()
    killed.communicate(timeout=20)
    assert (left / "result.png").is_file()
    fresh = PrivateFolder(tmp_path)
    assert not left.exists() and (used / "result.png").is_file()
    assert stat.S_IMODE(fresh.path.stat().st_mode) == 0o700
    running.terminate()
    running.communicate(timeout=20)
    assert not used.exists(), "its end was asked for"
    fresh.remove()
    assert [*tmp_path.iterdir()] == []


def test_folders_of_others_stay(tmp_path: Path) -> None:
    starting, foreign = tmp_path / f"{PREFIX}starting", tmp_path / "sonic"
    starting.mkdir()
    foreign.mkdir()
    PrivateFolder(tmp_path).remove()
    assert starting.is_dir() and foreign.is_dir()
    os.utime(starting, (1, 1))
    PrivateFolder(tmp_path).remove()
    assert not starting.exists() and foreign.is_dir()


def test_results_lie_in_the_private_folder() -> None:
    folder = PictureFolder()
    (path,) = folder.write([PICTURE], SETTINGS)
    assert path.is_relative_to(process_folder()) and os.environ[temporary.BASE] == str(process_folder())


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match=r"folder for temporary files, .*file.*cannot be written.*TMPDIR"):
        PrivateFolder(tmp_path / "file")


def test_the_oldest_give_way(tmp_path: Path) -> None:
    for number in range(6):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "result.png").write_bytes(bytes(100_000))
        os.utime(folder, (time.time() - 60 + number,) * 2)
    make_room(tmp_path, 450_000, which=lambda name: name != "0")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "2", "3", "4", "5"]
    make_room(tmp_path, 10**9, max_entries=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["4", "5"]
    make_room(tmp_path, 10**9, max_age_s=30)
    assert [*tmp_path.iterdir()] == []


def test_results_have_a_quota() -> None:
    folder = PictureFolder(max_bytes=20_000)
    for _ in range(30):
        (newest,) = folder.write([Image.effect_noise((64, 64), 90)], SETTINGS)
    total = sum(path.stat().st_size for path in folder.path.rglob("*.png"))
    assert newest.is_file() and 10_000 < total < 30_000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize("kind", ["picture", "sound", "gif", "strip", "film"])
def test_a_full_disk_is_a_sentence_and_nothing_half_written_stays(kind: str, tmp_path: Path) -> None:
    name = {"picture": "a.png", "strip": "a.png", "sound": "a.wav", "gif": "a.gif", "film": "a.mp4"}[kind]
    path = tmp_path / name
    path.symlink_to("/dev/full")
    frames = [PICTURE, Image.new("RGB", (32, 32), "red")]
    with pytest.raises(BadInput, match="could not be saved: the disk is full") as problem:
        if kind == "picture":
            write_picture(Image.effect_noise((300, 300), 90), SETTINGS, path)
        elif kind == "strip":
            write_strip(frames, ["a", "b"], path, SETTINGS)
        elif kind == "sound":
            write_sound(np.zeros(100_000, np.float32), 16_000, SETTINGS, path)
        elif kind == "gif":
            write_gif(frames, path, frame_rate=10, settings=SETTINGS)
        else:
            write_film(frames, np.zeros(8000, np.float32), 16_000, tmp_path / "a", settings=SETTINGS)
    assert problem.value.field == "disk" and [*tmp_path.iterdir()] == []


def test_a_folder_that_was_taken_away_is_made_anew() -> None:
    folder = PictureFolder()
    folder.path.rmdir()
    assert folder.new().is_dir()
