"""Films, GIFs and strips read back: what they show, how long, what they sound like, what they carry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageSequence

from sonic_ui.audio.mixing import crossfade_along
from sonic_ui.media import films
from sonic_ui.media.films import film_format, film_timeline, in_between, write_film, write_gif, write_strip
from sonic_ui.media.metadata import read_settings
from sonic_ui.requests import BadInput, SoundToImageRequest

RATE = 48000
SETTINGS: dict[str, Any] = {
    "app": "Sonic UI 0.1.0",
    "request": SoundToImageRequest(sound="Müller's rain.wav", prompt="–" * 1000).model_dump(mode="json"),
}
RED, GREEN, BLUE = (200, 60, 30), (30, 150, 60), (20, 60, 220)


def picture(colour: tuple[int, int, int] = RED, size: tuple[int, int] = (128, 128)) -> Image.Image:
    return Image.new("RGB", size, colour)


def photograph(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((128, 128), Image.Resampling.BICUBIC)


def sine(hz: float, seconds: float, rate: int = RATE) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def tone_power(samples: np.ndarray, hz: float) -> float:
    turns = np.exp(-2j * np.pi * hz * np.arange(samples.size) / RATE)
    return float(2 * np.abs(np.mean(samples * turns)) ** 2)


def pictures_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def sound_of(path: Path) -> np.ndarray:
    """As a player hears it: whatever the container marks as padding is cut."""
    with av.open(str(path)) as container:
        blocks = [frame.to_ndarray() for frame in container.decode(audio=0)]
    samples = np.concatenate(blocks, axis=1)[0]
    return samples / 32768 if samples.dtype == np.int16 else samples


# Timeline


def test_a_strip_is_stretched_over_the_film() -> None:
    strip = [picture(colour) for colour in (RED, GREEN, BLUE)]
    line = film_timeline(strip, [0.0, 0.5, 1.0], duration_s=3.0, frame_rate=10, loop=False)
    assert line.duration_s == 3.0 and len(line.frames) == len(line.positions) == 30
    assert [strip.index(frame) for frame in line.frames] == [0] * 10 + [1] * 10 + [2] * 10
    assert line.positions[0] == 0.0 and line.positions[-1] == 1.0
    assert line.positions[14] == pytest.approx(0.475) and np.all(np.diff(line.positions) >= 0)


def test_a_loop_goes_there_and_back_without_a_seam() -> None:
    strip = [picture(colour) for colour in (RED, GREEN, BLUE)]
    line = film_timeline(strip, [0.0, 0.5, 1.0], duration_s=2.0, frame_rate=12)
    assert line.duration_s == 4.0
    shown = [strip.index(frame) for frame in line.frames]
    assert shown == [0] * 12 + [1] * 12 + [2] * 12 + [1] * 12
    positions = np.array([*line.positions, line.positions[0]])
    assert np.abs(np.diff(positions)).max() <= 0.5 / 12 + 1e-9
    assert min(positions) < 0.03 and max(positions) > 0.97


def test_short_strips_and_wrong_ones() -> None:
    one = film_timeline([picture()], [0.3], duration_s=1.0, frame_rate=8)
    assert len(one.frames) == 8 and set(one.positions) == {0.3}
    two = film_timeline([picture(RED), picture(BLUE)], [0, 1], duration_s=1.0, frame_rate=8)
    assert len(two.frames) == 16 and two.frames[0] is not two.frames[-1]
    assert len(film_timeline([picture()], [0.0], duration_s=0.001).frames) == 1
    for frames, positions in (([], []), ([picture()], [0.1, 0.2])):
        with pytest.raises(ValueError, match="each frame needs one"):
            film_timeline(frames, positions, duration_s=1.0)


# In between


def test_blends_are_in_linear_light_with_smoothstep() -> None:
    frames, positions = in_between([picture((0, 0, 0)), picture((255, 255, 255))], [0.2, 0.6], 3)
    assert positions == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.6])
    greys = [frame.getpixel((5, 5))[0] for frame in frames]
    light = (np.array(greys) / 255) ** 2.2
    assert light == pytest.approx([0, 0.15625, 0.5, 0.84375, 1], abs=0.02)
    assert greys[2] == 188  # and not 128, which is a fifth of the light


def test_painted_frames_stay_as_they_are() -> None:
    strip = [photograph(seed) for seed in range(3)]
    frames, positions = in_between(strip, [0, 0.5, 1], 2)
    assert len(frames) == len(positions) == 7
    assert [frames[k] for k in (0, 3, 6)] == strip
    same, _ = in_between([strip[0], strip[0]], [0, 1], 1)
    assert np.array_equal(same[1], strip[0])
    assert in_between(strip, [0, 0.5, 1], 0) == (strip, [0, 0.5, 1])
    assert in_between(strip[:1], [0.5], 5) == (strip[:1], [0.5])


# Films


@pytest.mark.parametrize("kind", films.FORMATS, ids=lambda kind: kind.suffix)
def test_a_film_read_back(kind: films.Format, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "FORMATS", (kind,))
    strip, positions = in_between([picture(RED), picture(GREEN), picture(BLUE)], [0, 0.5, 1], 3)
    line = film_timeline(strip, positions, duration_s=2.5, loop=False)
    sound = crossfade_along(sine(440, 1), sine(2000, 1), RATE, line.positions, line.duration_s)
    path = write_film(
        line.frames, sound, RATE, tmp_path / "rain to bell 1.5", frame_rate=line.frame_rate, settings=SETTINGS
    )
    assert path == tmp_path / f"rain to bell 1.5{kind.suffix}"
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        names = {".mp4": ("h264", "aac"), ".webm": ("vp9", "opus")}[kind.suffix]
        assert (video.codec_context.name, audio.codec_context.name) == names
        assert video.codec_context.pix_fmt == "yuv420p" and video.average_rate == 24
        assert (video.codec_context.colorspace, video.codec_context.color_range) == (1, 1)
        assert container.duration / 1e6 == pytest.approx(2.5, abs=0.025)
        comment = {key.lower(): value for key, value in container.metadata.items()}["comment"]
        assert json.loads(comment) == SETTINGS
    assert read_settings(path) == SETTINGS
    shown = pictures_of(path)
    assert len(shown) == 60 and shown[0].shape == (512, 512, 3)
    for number, colour in ((0, RED), (30, GREEN), (59, BLUE)):
        assert np.abs(shown[number].mean(axis=(0, 1)) - colour).max() < 6
    heard = sound_of(path)
    assert heard.size / RATE == pytest.approx(2.5, abs=0.03)
    first = [tone_power(part, 440) for part in np.split(heard[: 5 * (heard.size // 5)], 5)]
    second = [tone_power(part, 2000) for part in np.split(heard[: 5 * (heard.size // 5)], 5)]
    assert first[0] > 20 * second[0] and second[-1] > 20 * first[-1]
    assert np.all(np.diff(first) < 0.001) and np.all(np.diff(second) > -0.001)


def test_a_film_that_fails_leaves_nothing(tmp_path: Path) -> None:
    broken: Any = [picture(), None]
    with pytest.raises(AttributeError):
        write_film(broken, sine(440, 1), RATE, tmp_path / "film", frame_rate=2, settings=SETTINGS)
    assert list(tmp_path.iterdir()) == []


def test_a_film_that_was_cut_carries_nothing(tmp_path: Path) -> None:
    path = write_film([picture()] * 3, sine(440, 1), RATE, tmp_path / "f", frame_rate=24, settings=SETTINGS)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(BadInput, match=r"not a PNG, a GIF or a film that can be read|carries no settings"):
        read_settings(path)


def test_an_mp4_starts_fast_and_ends_together(tmp_path: Path) -> None:
    for seconds in (0.3, 5.0):  # a sound too short, one too long
        path = write_film(
            [picture()] * 30, sine(440, seconds), RATE, tmp_path / "film", frame_rate=30, settings=SETTINGS
        )
        content = path.read_bytes()
        assert 0 < content.find(b"moov") < content.find(b"mdat")
        with av.open(str(path)) as container:
            ends = [float(stream.duration * stream.time_base) for stream in container.streams]
        assert ends == pytest.approx([1.0, 1.0], abs=0.001)


def test_sounds_of_any_rate_and_frames_of_any_size(tmp_path: Path) -> None:
    frames = [picture(RED, (101, 67)), picture(BLUE, (101, 67))] * 6
    path = write_film(
        frames, sine(1000, 1, 11025), 11025, tmp_path / "odd", frame_rate=23.976, settings=SETTINGS
    )
    shown = pictures_of(path)
    assert len(shown) == 12
    assert shown[0].shape == (512, 772, 3)
    heard = sound_of(path)
    assert tone_power(heard[2400:-2400], 1000) == pytest.approx(0.045, rel=0.1)
    large = write_film(
        [picture(RED, (641, 601))], sine(440, 1), RATE, tmp_path / "large", frame_rate=24, settings={}
    )
    assert pictures_of(large)[0].shape == (600, 640, 3)


def test_without_encoders_the_other_format_or_a_clear_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert film_format().suffix == ".mp4"
    monkeypatch.setattr(films, "_has_encoder", lambda name: name != "aac")
    assert film_format().suffix == ".webm"
    monkeypatch.setattr(films, "_has_encoder", lambda name: False)
    with pytest.raises(BadInput, match="cannot write films"):
        write_film([picture()], sine(440, 1), RATE, tmp_path / "film", frame_rate=24, settings=SETTINGS)
    assert list(tmp_path.iterdir()) == []


def test_encoders_that_are_not_there_are_not_found() -> None:
    assert not films._has_encoder("no_such_encoder")
    assert films._has_encoder("aac")


# GIF


def gif_of(path: Path) -> tuple[list[np.ndarray], list[int], dict[str, Any]]:
    with Image.open(path) as image:
        info = dict(image.info)
        frames, durations = [], []
        for frame in ImageSequence.Iterator(image):
            durations.append(frame.info["duration"])
            frames.append(np.asarray(frame.convert("RGB")))
    return frames, durations, info


def test_a_gif_read_back(tmp_path: Path) -> None:
    strip, _ = in_between([photograph(0), photograph(1)], [0, 1], 10)
    path = write_gif(strip, tmp_path / "strip.gif", frame_rate=24, settings=SETTINGS)
    frames, durations, info = gif_of(path)
    assert len(frames) == 12 and frames[0].shape == (256, 256, 3)
    assert sum(durations) == 500 and set(durations) == {40, 50}
    assert info["loop"] == 0
    assert json.loads(info["comment"]) == SETTINGS
    assert read_settings(path) == SETTINGS
    for drawn, meant in zip(frames, strip, strict=True):
        error = drawn.astype(float) - np.asarray(meant.resize((256, 256), Image.Resampling.LANCZOS))
        assert 10 * np.log10(255**2 / np.mean(error**2)) > 26  # dB


def test_what_stands_still_does_not_flicker(tmp_path: Path) -> None:
    frames = []
    for k in range(6):
        frame = photograph(3)
        frame.paste(photograph(4 + k).resize((64, 128)), (64, 0))
        frames.append(frame.resize((256, 256)))
    drawn, _, _ = gif_of(write_gif(frames, tmp_path / "half.gif", frame_rate=12, settings={}))
    still = [frame[:, :120] for frame in drawn]
    assert all(np.array_equal(frame, still[0]) for frame in still)
    assert not np.array_equal(drawn[0], drawn[1])


def test_gifs_that_end_fast_ones_and_none(tmp_path: Path) -> None:
    strip = [picture(RED), picture(BLUE)]
    _, durations, info = gif_of(write_gif(strip, tmp_path / "a.gif", frame_rate=120, loop=False, settings={}))
    assert "loop" not in info
    assert durations == [20, 20]  # faster ones are slowed down by browsers
    held, durations, _ = gif_of(write_gif([*strip, strip[1]], tmp_path / "b.gif", frame_rate=10, settings={}))
    assert sum(durations) == 300 and len(held) == 2
    with pytest.raises(ValueError, match="at least one frame"):
        write_gif([], tmp_path / "c.gif", frame_rate=10, settings={})


# Strip


def test_a_strip_read_back(tmp_path: Path) -> None:
    frames = [picture(colour) for colour in (RED, GREEN, BLUE)]
    path = write_strip(
        frames, ["0", "−6 dB · ×0.5", "a caption that is far too long for it"], tmp_path / "s.png", SETTINGS
    )
    assert read_settings(path) == SETTINGS
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    assert pixels.shape[1] == 3 * 128 + 4 * 4 and 128 < pixels.shape[0] < 180
    for place, colour in enumerate((RED, GREEN, BLUE)):
        left = 4 + place * 132
        assert np.array_equal(pixels[4:132, left : left + 128].mean(axis=(0, 1)), colour)
        written = np.abs(pixels[136:, left : left + 128] - pixels[-1, 0]).sum(axis=(0, 2))
        assert written.any()
    assert np.array_equal(pixels[:, :4], np.broadcast_to(pixels[0, 0], pixels[:, :4].shape))
    assert np.array_equal(pixels[:, -4:], np.broadcast_to(pixels[0, 0], pixels[:, -4:].shape))


def test_strips_need_a_caption_for_each_frame(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 frames and 1 captions"):
        write_strip([picture(), picture()], ["0"], tmp_path / "s.png", SETTINGS)
    with pytest.raises(ValueError, match="0 frames"):
        write_strip([], [], tmp_path / "s.png", SETTINGS)
