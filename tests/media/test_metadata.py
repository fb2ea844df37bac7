"""Sounds that carry their settings, and are still WAV files for everybody else."""

from __future__ import annotations

import json
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sonic_ui.media.metadata import is_wave, read_settings, read_sound_settings, sidecar, write_sound
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
