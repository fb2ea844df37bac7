"""Drawings show what they claim, on any background, for any clip."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sonic_ui.audio import style
from sonic_ui.audio.clips import Clip
from sonic_ui.audio.plots import (
    LOWEST_HZ,
    MEL_BANDS,
    hz_to_mel,
    mel_spectrogram_db,
    plot_sound,
)

RATE = 48000


def clip_of(samples: np.ndarray, start_s: float = 0.0) -> Clip:
    return Clip(samples.astype(np.float32), RATE, start_s, samples.size / RATE, start_s + samples.size / RATE)


def tone(hz: float, seconds: float = 2.0, gain: float = 0.5) -> np.ndarray:
    return gain * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)


@pytest.mark.parametrize("hz", [200.0, 1000.0, 6000.0])
def test_a_tone_is_brightest_at_its_pitch(hz: float) -> None:
    level_db, highest_hz = mel_spectrogram_db(tone(hz), RATE)
    edges = np.linspace(hz_to_mel(LOWEST_HZ), hz_to_mel(highest_hz), MEL_BANDS + 2)
    band = int(np.argmax(level_db.mean(axis=1)))
    assert edges[band] <= hz_to_mel(hz) <= edges[band + 2]
    assert level_db.max() == 0.0 and np.median(level_db) < -50


def test_time_runs_from_left_to_right() -> None:
    sound = np.concatenate([tone(300), tone(5000)])
    level_db, _ = mel_spectrogram_db(sound, RATE)
    left, right = np.array_split(level_db, 2, axis=1)
    assert np.argmax(left.mean(axis=1)) < np.argmax(right.mean(axis=1))


@pytest.mark.parametrize(
    "samples",
    [
        tone(440),
        np.zeros(RATE),
        np.array([0.5]),
        np.array([]),
        tone(440, 0.05),
        np.where(np.arange(RATE) % 1000 == 0, np.nan, 0.1),
        tone(440, 60.0),
    ],
    ids=["tone", "silence", "one sample", "nothing", "short", "no numbers", "a minute"],
)
def test_every_clip_can_be_drawn_on_a_clear_background(samples: np.ndarray) -> None:
    picture = np.asarray(style.to_picture(plot_sound(clip_of(samples))))
    assert picture.shape[2] == 4 and picture.shape[1] == 8 * style.DPI
    assert np.all(picture[:3, :, 3] == 0) and np.mean(picture[..., 3] == 0) > 0.05
    assert picture[..., 3].max() == 255


def test_the_three_drawings_share_the_seconds_of_the_source() -> None:
    figure = plot_sound(clip_of(tone(440, 5.0), start_s=12.0))
    assert [axes.get_xlim() for axes in figure.axes] == [(12.0, 17.0)] * 3
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Waveform", "Frequency", "Loudness"]
    figure.canvas.draw()
    labels = [label.get_text() for label in figure.axes[2].get_xticklabels() if label.get_text()]
    assert "12 s" in labels and "17 s" in labels


def test_loudness_is_drawn_where_it_is() -> None:
    figure = plot_sound(clip_of(np.concatenate([tone(997, 3, 0.01), tone(997, 3, 0.5)])))
    times_s, lufs = figure.axes[2].lines[0].get_data()
    assert np.interp(1.5, times_s, lufs) == pytest.approx(-43.0, abs=0.5)
    assert np.interp(4.5, times_s, lufs) == pytest.approx(-9.0, abs=0.5)
    assert (times_s[0], times_s[-1]) == (0.0, 6.0)
    assert figure.axes[2].get_title(loc="right").startswith("−9 LUFS")
    assert plot_sound(clip_of(np.zeros(RATE))).axes[2].get_title(loc="right") == "silent"


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize(("colour", "least"), [(style.TEXT, 3.0), (style.SIGNAL, 2.5), (style.ENERGY, 2.2)])
@pytest.mark.parametrize("background", ["#ffffff", "#0f1115"])
def test_colours_stand_out_on_both_backgrounds(colour: str, least: float, background: str) -> None:
    light, dark = sorted((luminance(colour), luminance(background)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= least


def test_drawing_in_several_threads_gives_the_same_picture() -> None:
    clip = clip_of(tone(440))
    alone = np.asarray(style.to_picture(plot_sound(clip)))
    with ThreadPoolExecutor(3) as pool:
        drawn = list(pool.map(lambda _: np.asarray(style.to_picture(plot_sound(clip))), range(6)))
    assert all(np.array_equal(alone, picture) for picture in drawn)


def test_importing_the_room_loads_nothing_heavy() -> None:
    """The page imports this room; drawing and decoding libraries wait for their first use."""
    code = (
        "import sys, sonic_ui.audio.plots, sonic_ui.audio.decode, sonic_ui.audio.loudness\n"
        "heavy = {'scipy.signal', 'matplotlib', 'librosa', 'torch', 'av', 'soundfile', 'soxr'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
