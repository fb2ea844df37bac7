"""Mono as a listener hears it: no file is quieter than its loudest channel because others are silent."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sonic_ui.audio.channels import AMBIX, mono_weights
from sonic_ui.audio.clips import load_clip
from sonic_ui.audio.decode import decode, probe
from sonic_ui.requests import BadInput

RATE = 16000
FIVE_ONE = ("FL", "FR", "FC", "LFE", "BL", "BR")


def noise(seed: int = 0, gain: float = 0.3) -> np.ndarray:
    return gain * np.random.default_rng(seed).uniform(-1, 1, RATE).astype(np.float32)


def level_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))


def only(channel: int, channels: int) -> np.ndarray:
    """A sound in one of several channels [T, C]; the others are silent."""
    return noise()[:, None] * (np.arange(channels) == channel)


def mono_of(path: Path, channels: np.ndarray, **options: str) -> np.ndarray:
    soundfile.write(path, channels, RATE, **options)
    return decode(path, RATE)


@pytest.mark.parametrize(("channel", "channels"), [(0, 2), (1, 2), (5, 8), (15, 16)])
def test_one_channel_of_several_is_as_loud_as_it_is_alone(
    tmp_path: Path, channel: int, channels: int
) -> None:
    sound = only(channel, channels)
    assert np.allclose(mono_of(tmp_path / "a.wav", sound, subtype="FLOAT"), noise())
    hiss = 0.001 * np.random.default_rng(1).standard_normal(sound.shape).astype(np.float32)
    assert level_db(mono_of(tmp_path / "a.wav", sound + hiss)) == pytest.approx(level_db(noise()), abs=0.3)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.wav", {}),
        ("a.wav", {"format": "WAVEX"}),
        ("a.flac", {}),
        ("a.ogg", {"subtype": "VORBIS"}),
        ("a.caf", {}),
    ],
)
@pytest.mark.parametrize("channel", range(6))
def test_every_speaker_of_surround_is_heard(
    tmp_path: Path, name: str, options: dict[str, str], channel: int
) -> None:
    samples = mono_of(tmp_path / name, only(channel, 6), **options)
    assert level_db(samples) == pytest.approx(level_db(noise()), abs=1.0 if name == "a.ogg" else 0.1)


def test_a_known_layout_is_weighted_as_broadcasting_does(tmp_path: Path) -> None:
    weights = mono_weights(np.eye(6), FIVE_ONE)
    assert weights / weights[2] == pytest.approx([0.7071, 0.7071, 1.0, 0.0, 0.5, 0.5])
    for name, options in (("a.wav", {"format": "WAVEX"}), ("a.flac", {})):
        soundfile.write(tmp_path / name, only(0, 6), RATE, **options)
        assert probe(tmp_path / name).layout[:4] == FIVE_ONE[:4]
    same = np.repeat(noise()[:, None], 6, axis=1)
    assert level_db(mono_of(tmp_path / "b.flac", same)) == pytest.approx(level_db(noise()), abs=0.1)


@pytest.mark.parametrize("case", ["inverted", "inverted, with noise", "-0.7 times", "second silent in part"])
def test_channels_that_cancel_leave_the_loudest(tmp_path: Path, case: str) -> None:
    left = noise()
    right = {
        "inverted": -left,
        "inverted, with noise": -1.03 * left + noise(1, 0.02),
        "-0.7 times": -0.7 * left,
        "second silent in part": np.where(np.arange(RATE) < 1000, 0, -left).astype(np.float32),
    }[case]
    loudest = right if case == "inverted, with noise" else left
    samples = mono_of(tmp_path / "a.wav", np.stack([left, right], axis=1), subtype="FLOAT")
    assert np.array_equal(samples, loudest.astype(np.float32))


@pytest.mark.parametrize("silence", [0.0, 0.3])
def test_a_silent_channel_does_not_count(tmp_path: Path, silence: float) -> None:
    sound = np.stack([np.full(RATE, silence, np.float32), noise()], axis=1)
    soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
    assert np.array_equal(load_clip(tmp_path / "a.wav", RATE).samples, noise())


@pytest.mark.parametrize("other", [0, 1])
def test_an_ordinary_stereo_file_is_the_mean_of_its_channels_to_the_bit(tmp_path: Path, other: int) -> None:
    """Those in phase with each other, and unrelated ones: rain on two microphones."""
    stereo = np.stack([noise(), 0.9 * noise(other)], axis=1)
    samples = mono_of(tmp_path / "a.wav", stereo, subtype="FLOAT")
    assert np.array_equal(samples, stereo.mean(axis=1))


def test_levels_change_without_a_jump(tmp_path: Path) -> None:
    """The second channel fades out: the sum never becomes quieter than it was at the start."""
    levels = []
    for gain in 10 ** (-np.arange(0, 80, 2) / 20):
        weights = mono_weights(np.diag([1.0, gain**2]))
        levels.append(10 * np.log10(weights**2 @ [1.0, gain**2]))
    assert np.abs(np.diff(levels)).max() < 1.0 and levels[-1] == pytest.approx(0.0, abs=0.01)
    assert min(levels) > -4.01


def ambisonic(path: Path, channels: np.ndarray, mask: int, guid: str = "") -> Path:
    """A WAV with a channel mask and, where it is given, another sub-format."""
    soundfile.write(path, channels, RATE, format="WAVEX", subtype="PCM_24")
    data = bytearray(path.read_bytes())
    at = data.index(b"fmt ") + 8
    struct.pack_into("<I", data, at + 20, mask)
    if guid:
        data[at + 28 : at + 40] = bytes.fromhex(guid)
    path.write_bytes(data)
    return path


def test_first_order_ambisonics_is_its_omnidirectional_channel(tmp_path: Path) -> None:
    w = noise()
    field = np.stack([w, 0.9 * w, -0.6 * w, 0.5 * noise(2)], axis=1)
    ambix = ambisonic(tmp_path / "a.wav", field, 0)
    assert probe(ambix).layout == AMBIX
    assert np.abs(decode(ambix, RATE) - w).max() < 1e-6
    fuma = ambisonic(tmp_path / "a.amb", field, 0, "2107d3118644c8c1ca000000")
    assert np.abs(decode(fuma, RATE) - np.sqrt(2) * w).max() < 1e-6
    four_microphones = ambisonic(tmp_path / "b.wav", only(3, 4), 0)
    assert np.abs(decode(four_microphones, RATE) - w).max() < 1e-6


def test_the_loudest_part_may_be_in_any_channel(tmp_path: Path) -> None:
    """In the last channel alone, and in one that another cancels."""
    time = np.arange(6 * RATE) / RATE
    sound = np.random.default_rng(0).uniform(-1, 1, time.size).astype(np.float32)
    quiet, loud = 0.05 * sound, np.where(time >= 4, 0.2, 0).astype(np.float32) * sound
    for stereo in ([quiet, loud], [quiet + loud, quiet - loud]):
        soundfile.write(tmp_path / "a.wav", np.stack(stereo, axis=1), RATE)
        assert load_clip(tmp_path / "a.wav", max_duration_s=2).start_s == pytest.approx(4.0, abs=0.15)


@pytest.mark.parametrize("channels", [1, 2])
def test_a_constant_is_silence(tmp_path: Path, channels: int) -> None:
    constant = np.full((RATE, channels), 0.3, np.float32)
    soundfile.write(tmp_path / "a.wav", constant, RATE)
    with pytest.raises(BadInput, match="is silent"):
        load_clip(tmp_path / "a.wav")
    sound = np.concatenate([constant, constant + noise(0, 0.01)[:, None], constant])
    soundfile.write(tmp_path / "a.wav", sound, RATE)
    assert load_clip(tmp_path / "a.wav", max_duration_s=1).start_s == pytest.approx(1.0, abs=0.15)
