"""The length of a sound is what can be decoded, never what its header says."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from sonic_ui.audio.clips import load_clip
from sonic_ui.audio.decode import decode, probe
from sonic_ui.requests import BadInput

RATE = 48000


def noise(seconds: float, gain: float = 0.3, channels: int = 1, rate: int = RATE) -> np.ndarray:
    shape = (int(seconds * rate), channels) if channels > 1 else int(seconds * rate)
    return gain * np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


def written(samples: np.ndarray, rate: int = RATE, **options: Any) -> bytearray:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, **options)
    return bytearray(buffer.getvalue())


def put(data: bytearray, at: int, layout: str, *values: int) -> bytearray:
    struct.pack_into(layout, data, at, *values)
    return data


def unfilled(kind: str) -> bytes:
    """One second whose sizes were not filled in when the recorder stopped."""
    sound = noise(1)
    if kind == "AU":
        return bytes(put(written(sound, format="AU", subtype="PCM_16"), 8, ">I", 0))
    if kind == "AIFF, first flush":
        data = written(sound, format="AIFF", subtype="PCM_16")
        return bytes(put(put(data, 4, ">I", 8046), data.index(b"SSND") + 4, ">I", 8008))
    if kind == "RF64":
        data = written(sound, format="RF64", subtype="PCM_16")
        return bytes(put(data, data.index(b"ds64") + 8, "<QQQ", 0, 0, 0))
    data = written(sound, format="WAV", subtype="PCM_16")
    riff, samples = {"zero": (0, 0), "first flush": (8036, 8000), "endless": (2**32 - 1, 2**32 - 1)}[kind]
    return bytes(put(put(data, 4, "<I", riff), 40, "<I", samples))


@pytest.mark.parametrize("kind", ["zero", "first flush", "endless", "RF64", "AIFF, first flush", "AU"])
def test_a_recorder_that_lost_power(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(unfilled(kind))
    assert probe(path).duration_s == pytest.approx(1.0, abs=1e-3)
    assert np.abs(decode(path, RATE)[:RATE] - noise(1)).max() < 1e-3


def test_what_stands_after_the_samples_is_no_sound(tmp_path: Path) -> None:
    data = written(noise(1), format="WAV", subtype="PCM_16")
    for rest in (b"LIST" + struct.pack("<I", 9000) + bytes(9000), b"ID3\x04" + bytes(5000), bytes(4000)):
        (tmp_path / "a.wav").write_bytes(data + rest)
        assert probe(tmp_path / "a.wav").duration_s == 1.0


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    empty = written(np.zeros(0, np.float32), format="WAV", subtype="PCM_16")
    for rest in (b"", b"LIST" + struct.pack("<I", 4) + b"INFO"):
        (tmp_path / "a.wav").write_bytes(empty + rest)
        for attempt in (load_clip, lambda path: decode(path, RATE)):
            with pytest.raises(BadInput, match=r"“a\.wav” is empty: it holds no samples"):
                attempt(tmp_path / "a.wav")


def vbr_mp3(samples: np.ndarray) -> bytes:
    """An MP3 of variable bitrate, without the first frame: that holds the Xing header."""
    data = bytes(written(samples, format="MP3", bitrate_mode="VARIABLE"))
    assert b"Xing" in data[:200]
    return data[data.index(b"\xff\xfb", 4) :]


def test_mp3_of_variable_bitrate_without_a_count_of_frames(tmp_path: Path) -> None:
    storm = np.concatenate([np.zeros(4 * RATE, np.float32), noise(1)])
    (tmp_path / "a.mp3").write_bytes(vbr_mp3(storm))
    assert probe(tmp_path / "a.mp3").duration_s == pytest.approx(5.0, abs=0.06)
    assert load_clip(tmp_path / "a.mp3", max_duration_s=1.0).start_s == pytest.approx(4.0, abs=0.15)
    assert np.abs(decode(tmp_path / "a.mp3", RATE, start_s=4.5, duration_s=1)).max() > 0.2
    (tmp_path / "b.mp3").write_bytes(vbr_mp3(storm[::-1].copy()))  # the guess is too long instead
    assert probe(tmp_path / "b.mp3").duration_s == pytest.approx(5.0, abs=0.06)


@pytest.mark.parametrize(
    ("container", "subtype", "second"),
    [
        ("OGG", "VORBIS", (1, RATE)),
        ("OGG", "OPUS", (1, RATE)),
        ("OGG", "VORBIS", (2, 32000)),
        ("MP3", "MPEG_LAYER_III", (1, RATE)),
        ("MP3", "MPEG_LAYER_III", (2, 32000)),
    ],
)
def test_files_joined_end_to_end_are_one(
    tmp_path: Path, container: str, subtype: str, second: tuple[int, int]
) -> None:
    channels, rate = second
    quiet = written(noise(1.5, 0.02), format=container, subtype=subtype)
    loud = written(noise(1.5, 0.4, channels, rate), rate, format=container, subtype=subtype)
    path = tmp_path / "a.bin"
    path.write_bytes(quiet + loud)
    assert probe(path).duration_s == pytest.approx(3.0, abs=0.1)
    assert load_clip(path, max_duration_s=1.0).start_s > 1.4
    assert np.abs(decode(path, RATE, duration_s=1)).max() < 0.05
    later = decode(path, RATE, start_s=1.8, duration_s=1)
    assert later.size == RATE and np.sqrt(np.mean(later**2)) > 0.1
    whole = decode(path, RATE)
    assert np.sqrt(np.mean(whole[int(1.8 * RATE) : int(2.8 * RATE)] ** 2)) > 0.1


@pytest.mark.parametrize("subtype", ["GSM610", "G721_32", "NMS_ADPCM_16", "NMS_ADPCM_32"])
def test_codecs_that_cannot_be_sought_in_are_read_from_the_front(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "a.wav"
    t = np.arange(24000) / 8000
    soundfile.write(path, np.where(t < 2, 0.02, 0.5) * np.sin(2 * np.pi * 400 * t), 8000, subtype=subtype)
    assert probe(path).duration_s == pytest.approx(3.0, abs=0.05)
    clip = load_clip(path, 8000, max_duration_s=1.0)
    assert clip.start_s == pytest.approx(2.0, abs=0.15)
    assert np.sqrt(np.mean(clip.samples**2)) == pytest.approx(0.35, abs=0.05)
    assert np.abs(decode(path, 8000, start_s=0.5, duration_s=1)).max() < 0.1


def muxed(path: Path, codec: str, sound: np.ndarray, film_s: float = 0.0) -> None:
    """A file by FFmpeg; with `film_s`, a film as long as that."""
    import av

    with av.open(str(path), "w") as output:
        video = output.add_stream("mpeg4", rate=10) if film_s else None
        if video is not None:
            video.width, video.height, video.pix_fmt = 32, 32, "yuv420p"
        stream = output.add_stream(codec, rate=RATE)
        stream.layout = "mono"
        for number in range(int(film_s * 10) if video is not None else 0):
            picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            picture.pts = number
            output.mux(video.encode(picture))
        frame = av.AudioFrame.from_ndarray(sound[None, :], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = RATE, 0
        resampler = av.AudioResampler(stream.codec_context.format.name, "mono", RATE, frame_size=1024)
        for part in [*resampler.resample(frame), *resampler.resample(None), None]:
            output.mux(stream.encode(part))
        if video is not None:
            output.mux(video.encode(None))


def test_wavpack_from_a_pipe(tmp_path: Path) -> None:
    """Each of its blocks says how many samples there are in all: none, where that was not known."""
    muxed(tmp_path / "a.wv", "wavpack", noise(2))
    data, at = bytearray((tmp_path / "a.wv").read_bytes()), 0
    while (at := data.find(b"wvpk", at)) >= 0:
        put(data, at + 12, "<I", 2**32 - 1)
        at += 4
    (tmp_path / "a.wv").write_bytes(data)
    assert probe(tmp_path / "a.wv").duration_s == pytest.approx(2.0, abs=0.06)
    assert decode(tmp_path / "a.wv", RATE, start_s=1.5).size == pytest.approx(RATE / 2, abs=3000)


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
def test_the_sound_of_a_film_may_end_before_the_film(tmp_path: Path, name: str) -> None:
    muxed(tmp_path / name, "aac", noise(2), film_s=8)
    assert probe(tmp_path / name).duration_s == pytest.approx(2.0, abs=0.1)
    assert load_clip(tmp_path / name, max_duration_s=10).duration_s == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("name", ["a.flac", "a.mp3"])
def test_what_was_cut_off_is_not_counted(tmp_path: Path, name: str) -> None:
    soundfile.write(tmp_path / name, noise(6), RATE)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    assert probe(tmp_path / name).duration_s == pytest.approx(3.0, abs=0.2)
    assert load_clip(tmp_path / name, end_s=10.0).duration_s == pytest.approx(3.0, abs=0.2)
