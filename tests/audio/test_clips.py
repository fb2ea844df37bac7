"""Which part of a sound is listened to, and how much of a long file is read for it."""

from __future__ import annotations

import struct
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sonic_ui.audio.clips import check_audible, load_clip
from sonic_ui.requests import BadInput


def noise(seconds: float, gain: float, rate: int = 16000, seed: int = 0) -> np.ndarray:
    return gain * np.random.default_rng(seed).uniform(-1, 1, int(seconds * rate)).astype(np.float32)


@pytest.fixture
def quiet_then_loud(tmp_path: Path) -> Path:
    """30 s: quiet but for 12 to 17 s."""
    samples = noise(30, 0.02)
    samples[12 * 16000 : 17 * 16000] += noise(5, 0.5, seed=1)
    soundfile.write(tmp_path / "a.wav", samples, 16000)
    return tmp_path / "a.wav"


def test_a_short_sound_is_taken_whole(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", noise(3, 0.3), 16000)
    clip = load_clip(tmp_path / "a.wav")
    assert (clip.start_s, clip.duration_s, clip.source_duration_s) == (0.0, 3.0, 3.0)
    assert clip.samples.shape == (144000,) and clip.samples.dtype == np.float32


def test_the_loudest_part_is_found(quiet_then_loud: Path) -> None:
    assert load_clip(quiet_then_loud, max_duration_s=5.0).start_s == pytest.approx(12.0, abs=0.15)
    clip = load_clip(quiet_then_loud)
    assert clip.duration_s == 10.0
    assert clip.start_s <= 12.0 and clip.start_s + 10.0 >= 17.0


def test_loudness_counts_as_the_ear_weighs_it(tmp_path: Path) -> None:
    """A deep rumble of more energy than a voice-like band is not what is heard."""
    t = np.arange(16000 * 4) / 16000
    samples = np.concatenate([0.4 * np.sin(2 * np.pi * 12 * t), 0.2 * np.sin(2 * np.pi * 1500 * t)])
    soundfile.write(tmp_path / "a.wav", samples, 16000)
    assert load_clip(tmp_path / "a.wav", max_duration_s=4.0).start_s == pytest.approx(4.0, abs=0.15)


def test_bounds(quiet_then_loud: Path) -> None:
    both = load_clip(quiet_then_loud, start_s=2.0, end_s=4.5)
    assert (both.start_s, both.duration_s) == (2.0, 2.5)
    only_start = load_clip(quiet_then_loud, start_s=25.0)
    assert (only_start.start_s, only_start.duration_s) == (25.0, 5.0)
    only_end = load_clip(quiet_then_loud, end_s=11.0)
    assert (only_end.start_s, only_end.duration_s) == (1.0, 10.0)
    past_the_end = load_clip(quiet_then_loud, start_s=28.0, end_s=99.0)
    assert (past_the_end.start_s, past_the_end.duration_s) == (28.0, 2.0)
    too_long = load_clip(quiet_then_loud, start_s=0.0, end_s=14.0, max_duration_s=4.0)
    assert (too_long.start_s, too_long.duration_s) == (pytest.approx(10.0, abs=0.15), 4.0)


def test_the_clip_is_the_stretch_of_the_file(quiet_then_loud: Path) -> None:
    whole, _ = soundfile.read(quiet_then_loud, dtype="float32")
    clip = load_clip(quiet_then_loud, 16000, start_s=3.0, end_s=6.0)
    assert np.array_equal(clip.samples, whole[48000:96000])


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({"start_s": 40.0}, "30.0 s long"),
        ({"start_s": 5.0, "end_s": 5.0}, "end after the start"),
        ({"start_s": 5.0, "end_s": 5.05}, "at least 0.1 s"),
    ],
)
def test_impossible_parts_are_refused(quiet_then_loud: Path, bounds: dict[str, float], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        load_clip(quiet_then_loud, **bounds)


def test_silence_is_refused_with_a_sentence(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(48000, np.float32), 48000)
    with pytest.raises(BadInput, match=r"“a\.wav” is silent"):
        load_clip(tmp_path / "a.wav")
    with pytest.raises(BadInput, match="silent"):
        check_audible(np.full(100, 5e-5, np.float32))
    check_audible(np.tile(np.float32([5e-4, -5e-4]), 50))


def test_three_hours_cost_neither_memory_nor_time(tmp_path: Path) -> None:
    """2 GB of 48 kHz stereo with one loud minute; the file is sparse, so the disk is spared as well."""
    rate, seconds = 48000, 3 * 3600
    path, size = tmp_path / "a.wav", rate * 4 * seconds
    form = struct.pack("<HHIIHH", 1, 2, rate, rate * 4, 4, 16)
    header = b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + struct.pack("<I", 16) + form
    header += b"data" + struct.pack("<I", size)
    loud = (noise(120, 0.5, rate) * 32767).astype("<i2")
    with path.open("wb") as file:
        file.write(header)
        file.seek(len(header) + 7000 * rate * 4)
        file.write(loud.tobytes())
        file.truncate(len(header) + size)
    tracemalloc.start()
    began = time.perf_counter()
    clip = load_clip(path)
    took = time.perf_counter() - began
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert clip.source_duration_s == seconds
    assert 7000 - 1 <= clip.start_s <= 7060
    assert np.sqrt(np.mean(clip.samples**2)) == pytest.approx(0.5 / np.sqrt(6), rel=0.1)
    assert most < 200e6 and took < 20
