"""A live session as a film."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from sonic_ui.engine.events import Cancelled, CancelToken
from sonic_ui.media import live_film
from sonic_ui.media.live_film import FRAME_RATE, BlendedFrames, LiveRecording
from sonic_ui.media.metadata import read_settings
from sonic_ui.requests import BadInput

RATE = 48_000
SETTINGS = {"app": "test", "request": {"verb": "live", "seed": 1}}


def jpeg(red: int) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (32, 32), (red, 0, 0)).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def test_frames_come_through_each_other_and_stand_where_their_sound_is() -> None:
    frames = BlendedFrames([jpeg(0), jpeg(200)], [0.0, 1.0], 2.0, lambda: None)
    reds = [one.getpixel((16, 16))[0] for one in frames]
    assert len(reds) == round(2 * FRAME_RATE)
    assert reds[0] < 15 and abs(reds[round(FRAME_RATE / 2)] - 100) < 15
    assert all(abs(red - 200) < 5 for red in reds[round(FRAME_RATE) :])
    assert reds == sorted(reds)


def test_a_recording_becomes_a_film_with_its_sound_and_settings(tmp_path: Path) -> None:
    recording = LiveRecording(RATE)
    recording.add_frame(jpeg(10), 0.0)
    hiss = (0.1 * np.random.default_rng(0).standard_normal(2 * RATE)).astype(np.float32)
    for part in np.array_split(hiss, 9):
        recording.add_sound(part)
    recording.add_frame(jpeg(200), 1.2)
    path = recording.write(tmp_path / "live-1", SETTINGS, lambda: None)
    assert read_settings(path) == SETTINGS
    with av.open(str(path)) as film:
        video, audio = film.streams.video[0], film.streams.audio[0]
        assert video.frames == round(2 * FRAME_RATE) and audio is not None
        assert float(film.duration) / 1e6 == pytest.approx(2.0, abs=0.1)


def test_a_recording_has_an_end_needs_a_frame_and_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = LiveRecording(RATE)
    recording.add_sound(np.zeros(RATE, np.float32))
    with pytest.raises(BadInput, match="Nothing was recorded"):
        recording.write(tmp_path / "live", SETTINGS, lambda: None)
    monkeypatch.setattr(live_film, "MOST_S", 2.0)
    for _ in range(5):
        recording.add_sound(np.zeros(RATE, np.float32))
    recording.add_frame(jpeg(10), 1.0)
    recording.add_frame(jpeg(10), 4.0)
    assert recording.is_full and recording.duration_s == 2.0
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        recording.write(tmp_path / "live", SETTINGS, cancel.check)
    assert not [*tmp_path.iterdir()]
