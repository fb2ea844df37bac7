"""Tracks: which part is followed, the chunks and windows of a file, loudness, onsets and beats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from sonic_ui.audio import tracks
from sonic_ui.audio.decode import decode
from sonic_ui.requests import BadInput
from tests.conftest import WriteSound

RATE = tracks.SAMPLE_RATE


def clicks(seconds: float, per_minute: float) -> np.ndarray:
    """Short bursts of noise at a tempo, over a faint hiss."""
    rng = np.random.default_rng(0)
    samples = 0.001 * rng.standard_normal(int(seconds * RATE))
    burst = 0.5 * rng.standard_normal(1200) * np.exp(-np.arange(1200) / 250)
    for start in np.arange(0.25, seconds - 0.1, 60 / per_minute):
        samples[int(start * RATE) : int(start * RATE) + burst.size] += burst
    return samples.astype(np.float32)


def test_a_part_is_refused_before_anything_is_decoded(write_sound: WriteSound, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"gives 0.2 s of sound; a film needs at least 1 s"):
        tracks.read_part(write_sound("short.wav", seconds=0.2))
    long = tmp_path / "long.wav"
    soundfile.write(long, np.zeros(8000 * 605, np.int16), 8000, subtype="PCM_U8")
    with pytest.raises(BadInput, match="gives 10 min 5 s of sound; a film covers at most 10 min") as caught:
        tracks.read_part(long)
    assert caught.value.field == "end_s"
    part = tracks.read_part(long, 590.0, 700.0)
    assert (part.begin_s, part.end_s, part.source_s) == (590.0, 605.0, 605.0)
    with pytest.raises(BadInput, match=r"starts at 700\.0 s") as caught:
        tracks.read_part(long, 700.0)
    assert caught.value.field == "start_s"
    assert tracks.time_words(3 * 3600) == "3 h" and tracks.time_words(12.5) == "12.5 s"


def test_chunks_hold_the_track_with_margins_and_its_windows(tmp_path: Path) -> None:
    path = tmp_path / "noise.flac"
    noise = (0.1 * np.random.default_rng(1).standard_normal((62 * 24_000, 2))).astype(np.float32)
    soundfile.write(path, noise, 24_000)
    whole = decode(path, RATE)
    part = tracks.read_part(path)
    chunks = [*tracks.read_chunks(str(path), tracks.chunk_numbers(part))]
    assert [chunk.number for chunk in chunks] == [0, 1, 2]
    own = np.concatenate([chunk.own() for chunk in chunks])
    assert abs(own.size - whole.size) < 100
    inside = slice(31 * RATE, 59 * RATE)
    assert np.corrcoef(own[inside], whole[inside])[0, 1] > 0.9
    times = np.concatenate([chunk.windows()[0] for chunk in chunks])
    assert np.allclose(np.diff(times), tracks.HOP_S) and times[0] == 0 and times[-1] == 62.0 - tracks.HOP_S
    assert {window.size for chunk in chunks for window in chunk.windows()[1]} == {2 * RATE}
    (last,) = tracks.read_chunks(str(path), range(1, 2))
    long_times, long_windows = chunks[1].windows(tracks.KNOWN_WINDOW_S, tracks.KNOWN_HOP_S)
    assert (long_times[0], long_times[-1]) == (30.0, 57.5)
    assert {window.size for window in long_windows} == {5 * RATE}
    assert last.begin_s == 30.0 - tracks.MARGIN_S and np.allclose(last.own(), chunks[1].own(), atol=2e-3)


def test_single_windows_lie_within_the_file(tmp_path: Path) -> None:
    path, ramp = tmp_path / "ramp.wav", np.linspace(0.0, 1.0, 10 * RATE, dtype=np.float32)
    soundfile.write(path, ramp, RATE, subtype="FLOAT")
    windows = tracks.read_windows(str(path), np.array([0.2, 5.0, 9.9]))
    assert [window.size for window in windows] == [round(tracks.WINDOW_S * RATE)] * 3
    assert [float(window[0]) for window in windows] == pytest.approx([0.0, 0.4, 0.8], abs=1e-3)
    assert tracks.read_windows(str(path), np.zeros(0)) == []


def test_beats_of_a_pulse_are_found_and_of_noise_none() -> None:
    steady = tracks.find_rhythm(tracks.measure_levels(clicks(20, 120)))
    assert abs(steady.tempo - 120) < 4 and np.median(np.diff(steady.beats)) == pytest.approx(0.5, abs=0.03)
    assert len(steady.onsets) == pytest.approx(40, abs=3) and steady.strengths.max() <= 1.0
    assert set(steady.bars) <= set(steady.beats)
    hiss = (0.1 * np.random.default_rng(2).standard_normal(20 * RATE)).astype(np.float32)
    assert tracks.find_rhythm(tracks.measure_levels(hiss)).tempo == 0.0


def test_levels_follow_loudness_and_silence() -> None:
    times = np.arange(4 * RATE) / RATE
    tone = np.sin(2 * np.pi * 1000 * times).astype(np.float32) * np.where(times < 2, 0.5, 0.05)
    tone[3 * RATE :] = 0
    levels = tracks.measure_levels(tone.astype(np.float32))
    assert levels.power_db[5] - levels.power_db[25] == pytest.approx(20, abs=0.5)
    assert tracks.is_silent_at(levels).tolist() == [False] * 30 + [True] * 10
    assert len(levels.bands) == 40 and len(levels.onset) == 200
