"""Files of every kind become mono float32 samples; everything else becomes a sentence."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sonic_ui.audio.clips import load_clip
from sonic_ui.audio.decode import decode, probe
from sonic_ui.requests import BadInput

RATE = 44100


def tone(hz: float = 440.0, seconds: float = 1.0, rate: int = RATE, gain: float = 0.5) -> np.ndarray:
    return (gain * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def strongest_hz(samples: np.ndarray, rate: int) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples * np.hanning(samples.size)))) * rate / samples.size)


def encode(
    path: Path, samples: np.ndarray, codec: str, container: str | None = None, rate: int = 48000
) -> None:
    """Write with FFmpeg what libsndfile cannot write."""
    import av

    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = rate, 0
        size = 1024 if codec == "aac" else 960
        resampler = av.AudioResampler(stream.codec_context.format.name, "mono", rate, frame_size=size)
        for part in [*resampler.resample(frame), *resampler.resample(None), None]:
            output.mux(stream.encode(part))


@pytest.mark.parametrize(
    "subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "IMA_ADPCM"]
)
def test_every_wav_depth_keeps_pitch_level_and_length(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, tone(), RATE, subtype=subtype)
    samples = decode(path, 48000)
    assert samples.dtype == np.float32
    assert 48000 <= samples.size < (49200 if subtype == "IMA_ADPCM" else 48001)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.03)
    assert strongest_hz(samples, 48000) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("name", "container", "subtype"),
    [
        ("a.flac", "FLAC", "PCM_16"),
        ("a.mp3", "MP3", "MPEG_LAYER_III"),
        ("a.ogg", "OGG", "VORBIS"),
        ("a.opus", "OGG", "OPUS"),
        ("a.aiff", "AIFF", "PCM_24"),
    ],
)
def test_libsndfile_containers(tmp_path: Path, name: str, container: str, subtype: str) -> None:
    soundfile.write(tmp_path / name, tone(rate=48000), 48000, format=container, subtype=subtype)
    samples = decode(tmp_path / name, 48000)
    assert samples.size == pytest.approx(48000, abs=3000)
    assert strongest_hz(samples, 48000) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("name", "codec", "container"),
    [
        ("a.m4a", "aac", None),
        ("a.aac", "aac", "adts"),
        ("a.webm", "libopus", None),
        ("a.mka", "flac", "matroska"),
    ],
)
def test_ffmpeg_containers(tmp_path: Path, name: str, codec: str, container: str | None) -> None:
    sound = np.concatenate([tone(440, 2, 48000), tone(1000, 2, 48000)])
    encode(tmp_path / name, sound, codec, container)
    info = probe(tmp_path / name)
    assert (info.sample_rate, info.channels) == (48000, 1)
    assert info.duration_s == pytest.approx(4.0, abs=0.3)
    assert strongest_hz(decode(tmp_path / name, 16000, duration_s=1.5), 16000) == pytest.approx(440, abs=2)
    later = decode(tmp_path / name, 16000, start_s=2.5, duration_s=1.0)
    assert later.shape == (16000,)
    assert strongest_hz(later, 16000) == pytest.approx(1000, abs=2)


def test_ffmpeg_and_libsndfile_cut_at_the_same_place(tmp_path: Path) -> None:
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, 96000).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", sound, 48000, subtype="PCM_16")
    encode(tmp_path / "a.mka", sound, "flac", "matroska")
    for start_s in (0.0, 0.7, 1.31):
        a = decode(tmp_path / "a.wav", 48000, start_s=start_s, duration_s=0.2)
        b = decode(tmp_path / "a.mka", 48000, start_s=start_s, duration_s=0.2)
        assert a.shape == b.shape == (9600,)
        assert np.abs(a - b).max() < 1e-3


def test_recording_without_a_length_in_its_header(tmp_path: Path) -> None:
    """Browsers stream WebM: no duration is written."""
    encode(tmp_path / "live.webm", tone(440, 2, 48000), "libopus")
    data = (tmp_path / "live.webm").read_bytes()
    at = data.index(b"\x44\x89\x88")  # the Duration element becomes a Void one
    (tmp_path / "live.webm").write_bytes(data[:at] + b"\xec\x89" + data[at + 2 :])
    assert probe(tmp_path / "live.webm").duration_s == pytest.approx(2.0, abs=0.1)
    assert load_clip(tmp_path / "live.webm").duration_s == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("rate", [8000, 22050, 192000])
def test_any_rate_comes_to_the_one_asked_for(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", tone(440, 1, rate), rate)
    samples = decode(tmp_path / "a.wav", 48000)
    assert samples.shape == (48000,)
    assert strongest_hz(samples, 48000) == pytest.approx(440, abs=2)


def test_channels_that_cancel_are_still_heard(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.stack([tone(), -tone()], axis=1), RATE)
    assert np.abs(decode(tmp_path / "a.wav", RATE)).max() == pytest.approx(0.5, abs=0.01)


def test_samples_that_are_no_numbers_become_finite(tmp_path: Path) -> None:
    broken = tone()
    broken[100], broken[200], broken[300] = np.nan, np.inf, -np.inf
    soundfile.write(tmp_path / "a.wav", broken, RATE, subtype="FLOAT")
    samples = decode(tmp_path / "a.wav", RATE)
    assert np.isfinite(samples).all()
    assert (samples[100], samples[200], samples[300]) == (0.0, 1.0, -1.0)


def test_floats_of_another_scale_are_brought_back(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone() * 65536, RATE, subtype="FLOAT")
    assert np.abs(decode(tmp_path / "a.wav", RATE)).max() == pytest.approx(1.0)
    soundfile.write(tmp_path / "b.wav", tone(gain=1.5), RATE, subtype="FLOAT")
    assert np.abs(decode(tmp_path / "b.wav", RATE)).max() == pytest.approx(1.5, abs=0.01)


def test_one_absurd_number_changes_nothing_else(tmp_path: Path) -> None:
    sound = tone()
    for absurd in (40.0, 1e6, 3e38, -1e9):
        broken = np.stack([sound, sound], axis=1)
        broken[5000, 1] = absurd
        soundfile.write(tmp_path / "a.wav", broken, RATE, subtype="FLOAT")
        samples = decode(tmp_path / "a.wav", RATE)
        rest = np.arange(samples.size) != 5000
        assert np.array_equal(samples[rest], sound[rest])
        assert np.abs(samples[5000]) <= 1.0


def test_floats_beyond_full_scale_come_back_without_a_jump(tmp_path: Path) -> None:
    levels = []
    for peak in (14, 15, 16, 17, 18):
        soundfile.write(tmp_path / "a.wav", tone(gain=peak), RATE, subtype="FLOAT")
        levels.append(20 * np.log10(np.abs(decode(tmp_path / "a.wav", RATE)).max()))
    assert np.abs(np.diff(levels)).max() < 2.0
    assert levels[0] == pytest.approx(20 * np.log10(14), abs=0.01)


PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"hello, this is a letter and not a sound\n" * 30, "text"),
        (b"#EXTM3U\n#EXTINF:10,\n/etc/hostname\n", "text"),
        (PNG, "a picture"),
        (JPEG, "a picture"),
        (b"PK\x03\x04" + bytes(300), "zip"),
        (b"RIFF\x24\x00\x00\x00WAVE", "damaged"),
        (b"\x00" * 5000, "damaged"),
        (np.random.default_rng(1).integers(0, 127, 5000, dtype=np.uint8).tobytes(), "damaged"),
    ],
)
def test_what_is_no_sound_is_refused_with_its_reason(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "song.wav"
    path.write_bytes(content)
    for attempt in (probe, load_clip):
        with pytest.raises(BadInput, match=words) as refusal:
            attempt(path)
        assert "song.wav" in str(refusal.value)
        assert str(tmp_path) not in str(refusal.value)


def test_missing_files_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no file"):
        decode(tmp_path / "gone.wav", 48000)
    with pytest.raises(BadInput, match="not a file"):
        decode(tmp_path, 48000)
    with pytest.raises(BadInput):
        decode("a" * 5000, 48000)


def test_video_without_sound_is_refused(tmp_path: Path) -> None:
    import av

    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        output.mux([*stream.encode(frame), *stream.encode(None)])
    with pytest.raises(BadInput, match="no sound"):
        decode(path, 48000)


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.ogg", "a.wav", "a.aac", "a.webm"])
def test_a_file_that_is_cut_off_gives_what_is_there(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    sound = np.concatenate([tone(300, 3, 48000, 0.2), tone(440, 3, 48000)])
    sound += 0.02 * np.random.default_rng(0).standard_normal(sound.size, dtype=np.float32)
    if name == "a.aac":
        encode(path, sound, "aac", "adts")
    elif name == "a.webm":
        encode(path, sound, "libopus")
    else:
        soundfile.write(path, sound, 48000)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    clip = load_clip(path, max_duration_s=2.0)
    assert clip.duration_s == pytest.approx(2.0, abs=0.1)
    assert strongest_hz(clip.samples, 48000) == pytest.approx(300, abs=3)
    path.write_bytes(data[:60])
    with pytest.raises(BadInput):
        load_clip(path)


def test_flac_from_a_pipe_has_no_length_in_its_header(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, tone(440, 2, 48000), 48000)
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    path.write_bytes(data)
    clip = load_clip(path)
    assert clip.duration_s == pytest.approx(2.0, abs=0.01)
    assert clip.source_duration_s == pytest.approx(2.0, abs=0.01)


def test_an_m4a_without_its_index_is_refused(tmp_path: Path) -> None:
    """The index of an M4A stands at its end: cut off, the file cannot be read at all."""
    encode(tmp_path / "a.m4a", tone(440, 3, 48000), "aac")
    data = (tmp_path / "a.m4a").read_bytes()
    (tmp_path / "a.m4a").write_bytes(data[: len(data) // 2])
    with pytest.raises(BadInput, match="damaged"):
        load_clip(tmp_path / "a.m4a")


def test_one_sample_is_too_short(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.array([0.5], np.float32), 48000)
    assert decode(tmp_path / "a.wav", 48000).shape == (1,)
    with pytest.raises(BadInput, match=r"at least 0\.1 s"):
        load_clip(tmp_path / "a.wav")
    soundfile.write(tmp_path / "b.wav", np.zeros(0, np.float32), 48000)
    with pytest.raises(BadInput, match="no samples"):
        decode(tmp_path / "b.wav", 48000)


def test_a_start_past_the_end_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(), RATE)
    with pytest.raises(BadInput, match=r"1\.0 s long.*starts at 5\.0 s"):
        decode(tmp_path / "a.wav", 48000, start_s=5.0)


@pytest.mark.parametrize(("rate", "channels"), [(1, 1), (4_000_000, 1)])
def test_impossible_headers_are_refused(tmp_path: Path, rate: int, channels: int) -> None:
    data = bytes(4000)
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * 2, 2, 16)
    header = b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack("<I", 16) + form
    header += b"data" + struct.pack("<I", len(data))
    (tmp_path / "a.wav").write_bytes(header + data)
    with pytest.raises(BadInput, match=str(rate)):
        decode(tmp_path / "a.wav", 48000)
