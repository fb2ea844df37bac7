"""Strips of frames as files: a film with its sound, an animated GIF, one long picture.

A film's frames are a strip's, stretched over time and blended in between. All of them carry the settings they
were made with: films in the container's comment, GIFs in their comment block, strips in the `sonic-ui` chunk
that all pictures have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from sonic_ui.audio.style import DARK_GROUND, DARK_TEXT
from sonic_ui.media.metadata import write_picture
from sonic_ui.media.temporary import writing
from sonic_ui.requests import BadInput

if TYPE_CHECKING:
    from av.container import OutputContainer

FRAME_RATE = 24.0
"""Frames a second of a film."""

FILM_PX = 512
"""Shortest side of a film, at least: players blur smaller ones."""

GIF_PX = 256
GIF_COLOURS = 255
"""One less than fit: the last means "as before" and keeps files small."""

FILM_RATE_HZ = 48_000
"""Sample rate of a film's sound; every player takes it, and Opus knows no 44.1 kHz."""


@dataclass(frozen=True)
class Timeline:
    """The frames of a film, one every 1 / `frame_rate` seconds, and the strip's position at each."""

    frames: tuple[Image.Image, ...]
    positions: tuple[float, ...]
    frame_rate: float

    @property
    def duration_s(self) -> float:
        return len(self.frames) / self.frame_rate


def film_timeline(
    frames: Sequence[Image.Image],
    positions: Sequence[float],
    *,
    duration_s: float,
    frame_rate: float = FRAME_RATE,
    loop: bool = True,
) -> Timeline:
    """A strip [N] stretched over `duration_s` one way; with `loop` there and back, twice as long.

    Every frame of the strip is shown equally long, its position is reached in the middle of that time, and
    positions between frames are interpolated, so that a sound can change evenly where pictures step. A loop
    shows its two turning points once: it goes on without a seam. Raises ValueError for no frames.
    """
    if not frames or len(frames) != len(positions):
        raise ValueError(f"{len(frames)} frames and {len(positions)} positions; each frame needs one")
    there_and_back = loop and len(frames) > 1
    order = [*range(len(frames)), *(range(len(frames) - 2, 0, -1) if there_and_back else ())]
    count = max(1, round(duration_s * (2 if there_and_back else 1) * frame_rate))
    passed = (np.arange(count) + 0.5) * (len(order) / count)  # in frames of the strip
    shown = [frames[order[int(index)]] for index in passed]
    at = np.interp(
        passed - 0.5,
        np.arange(len(order)),
        [positions[index] for index in order],
        period=len(order) if there_and_back else None,
    )
    return Timeline(tuple(shown), tuple(at.tolist()), frame_rate)


def in_between(
    frames: Sequence[Image.Image], positions: Sequence[float], count: int
) -> tuple[list[Image.Image], list[float]]:
    """The strip with `count` cross-faded frames between each two, and the positions of all of them.

    Blends in linear light, where a fade neither darkens nor greys, with smoothstep weights: motion slows down
    at the frames that were painted. 0 gives the strip as it is.
    """

    steps = np.arange(1, count + 1) / (count + 1)
    shown, at = list(frames[:1]), list(positions[:1])
    for k in range(1, len(frames)):
        before, after = to_linear_light(frames[k - 1]), to_linear_light(frames[k])
        for step in steps:
            mixed = before + np.float32(step * step * (3.0 - 2.0 * step)) * (after - before)
            shown.append(from_linear_light(mixed))
            at.append(float(positions[k - 1] + step * (positions[k] - positions[k - 1])))
        shown.append(frames[k])
        at.append(positions[k])
    return shown, at


@lru_cache(maxsize=1)
def _curves() -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """sRGB's transfer curve (IEC 61966-2-1): bytes [256] to light of 0..65535, and that [65536] to bytes."""
    code = np.arange(256) / 255.0
    light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    back = np.arange(65536) / 65535.0
    bytes_of = np.where(back <= 0.0031308, 12.92 * back, 1.055 * back ** (1 / 2.4) - 0.055)
    return (65535.0 * light).astype(np.float32), np.rint(255.0 * bytes_of).astype(np.uint8)


def to_linear_light(image: Image.Image) -> NDArray[np.float32]:
    """A picture as light [H, W, 3], 0 to 65535, in which a fade neither darkens nor greys."""
    return _curves()[0][np.asarray(image.convert("RGB"))]


def from_linear_light(light: NDArray[np.float32]) -> Image.Image:
    """The picture of light as `to_linear_light` gives it."""
    return Image.fromarray(_curves()[1][np.rint(light).astype(np.uint16)])


def enlarged(image: Image.Image, shortest_px: int) -> Image.Image:
    """As RGB, with its shortest side at least `shortest_px` long (Lanczos)."""
    factor = shortest_px / min(image.size)
    image = image.convert("RGB")
    if factor <= 1.0:
        return image
    size = (round(image.width * factor), round(image.height * factor))
    return image.resize(size, Image.Resampling.LANCZOS)


@dataclass(frozen=True)
class Format:
    """A kind of film file: what it is called and what encodes it."""

    suffix: str
    video: str
    audio: str
    video_options: dict[str, str]
    container_options: dict[str, str]


FORMATS = (
    Format(".mp4", "libx264", "aac", {"crf": "18", "preset": "veryfast"}, {"movflags": "+faststart"}),
    Format(
        ".webm", "libvpx-vp9", "libopus", {"crf": "24", "b": "0", "deadline": "realtime", "cpu-used": "6"}, {}
    ),
)
"""In order of preference: what plays everywhere, then what is free everywhere."""


def write_film(
    frames: Sequence[Image.Image],
    sound: NDArray[np.float32],
    sample_rate: int,
    path_stem: str | Path,
    *,
    frame_rate: float = FRAME_RATE,
    settings: dict[str, Any],
) -> Path:
    """Save frames and mono sound [T] as `path_stem` with .mp4 (H.264, AAC) or else .webm (VP9, Opus).

    The sound is cut, or continued with silence, to end with the last frame. Frames of less than FILM_PX are
    enlarged. Raises ValueError for no frames, BadInput where no encoder is installed.
    """
    import av

    from sonic_ui.audio.decode import resample

    if not frames:
        raise ValueError("a film needs at least one frame")
    kind = film_format()
    rate = Fraction(frame_rate).limit_denominator(1001)
    length = round(len(frames) / rate * FILM_RATE_HZ)
    samples = resample(np.asarray(sound, np.float32), sample_rate, FILM_RATE_HZ)[:length]
    samples = np.pad(samples, (0, length - samples.size))
    path = Path(f"{path_stem}{kind.suffix}")
    with (
        writing(path),  # nobody should find half a film
        av.open(str(path), "w", container_options=kind.container_options) as container,
    ):
        container.metadata["comment"] = json.dumps(settings, ensure_ascii=False)
        container.metadata["title"] = path.stem
        _encode(container, kind, frames, samples, rate)
    return path


def film_format() -> Format:
    """The first of FORMATS whose encoders are there. Raises BadInput."""
    for kind in FORMATS:
        if _has_encoder(kind.video) and _has_encoder(kind.audio):
            return kind
    raise BadInput(
        "This installation cannot write films: its PyAV has neither H.264 with AAC nor VP9 with Opus. "
        "Install PyAV from PyPI (pip install --force-reinstall av), or save a GIF instead."
    )


def _has_encoder(name: str) -> bool:
    import av

    try:
        av.Codec(name, "w")
    except ValueError:
        return False
    return True


def _encode(
    container: OutputContainer,
    kind: Format,
    frames: Sequence[Image.Image],
    samples: NDArray[np.float32],
    rate: Fraction,
) -> None:
    """Encode both streams side by side: each frame with the sound of its time."""
    import av

    video: Any = container.add_stream(kind.video, rate=rate, options=kind.video_options)
    audio: Any = container.add_stream(kind.audio, rate=FILM_RATE_HZ, layout="mono", bit_rate=128_000)
    begin = 0
    for number, pixels in enumerate(_even_pixels(frames)):
        if number == 0:
            set_up_video(video, *pixels.shape[:2])
        container.mux(video.encode(encode_picture(pixels, number, rate)))
        end = round((number + 1) / rate * FILM_RATE_HZ)
        block = av.AudioFrame.from_ndarray(samples[None, begin:end], format="fltp", layout="mono")
        block.sample_rate, block.pts, block.time_base = FILM_RATE_HZ, begin, Fraction(1, FILM_RATE_HZ)
        container.mux(audio.encode(block))
        begin = end
    container.mux(video.encode())
    container.mux(audio.encode())


_BT709 = 1
_LIMITED = 1
"""FFmpeg's numbers of the colours that players expect of H.264: BT.709, 16 to 235."""


def encode_picture(pixels: NDArray[np.uint8], number: int, rate: Fraction) -> Any:
    """The frame of a video so numbered, in the colours that players expect: pixels [H, W, 3], even sides."""
    import av

    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24").reformat(
        format="yuv420p", dst_colorspace=_BT709, dst_color_range=_LIMITED
    )
    picture.pts, picture.time_base = number, 1 / rate
    return picture


def set_up_video(video: Any, height: int, width: int) -> None:
    """Say the size and the colours of a stream."""
    video.width, video.height, video.pix_fmt = width, height, "yuv420p"
    coder = video.codec_context
    coder.color_primaries = coder.color_trc = coder.colorspace = _BT709
    coder.color_range = _LIMITED


def _even_pixels(frames: Sequence[Image.Image]) -> Iterator[NDArray[np.uint8]]:
    """The frames as uint8 [H, W, 3] of one size with even sides; a frame that stays is enlarged once."""
    last, pixels = None, np.zeros((0, 0, 3), np.uint8)
    for frame in frames:
        if frame is not last:
            whole = np.asarray(enlarged(frame, FILM_PX))
            pixels = np.ascontiguousarray(whole[: whole.shape[0] // 2 * 2, : whole.shape[1] // 2 * 2])
            last = frame
        yield pixels


def write_gif(
    frames: Sequence[Image.Image],
    path: str | Path,
    *,
    frame_rate: float,
    loop: bool = True,
    settings: dict[str, Any],
) -> Path:
    """Save the frames as an animated GIF, at least GIF_PX on its shortest side; with `loop` it never ends.

    One palette serves all frames and nothing is dithered, so what stands still does not flicker. A GIF counts
    in hundredths of a second: frames last a whole number of them, 2 at least, and their sum is kept. Raises
    ValueError for no frames.
    """

    if not frames:
        raise ValueError("a GIF needs at least one frame")
    palette = _palette(frames)
    drawn = [enlarged(f, GIF_PX).quantize(palette=palette, dither=Image.Dither.NONE) for f in frames]
    ends = np.rint(np.arange(len(frames) + 1) * max(100.0 / frame_rate, 2.0))
    options: dict[str, Any] = {"loop": 0} if loop else {}
    with writing(Path(path)):
        drawn[0].save(
            path,
            "GIF",
            save_all=True,
            append_images=drawn[1:],
            duration=(10 * np.diff(ends).astype(int)).tolist(),
            comment=json.dumps(settings).encode("ascii"),
            **options,
        )
    return Path(path)


def _palette(frames: Sequence[Image.Image]) -> Image.Image:
    """A picture with the colours that serve all frames, found on small copies of at most 32 of them."""
    side, chosen = 32, frames[:: -(-len(frames) // 32)]
    sheet = Image.new("RGB", (side * len(chosen), side))
    for column, frame in enumerate(chosen):
        sheet.paste(frame.convert("RGB").resize((side, side)), (side * column, 0))
    return sheet.quantize(GIF_COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=1)


def write_strip(
    frames: Sequence[Image.Image], captions: Sequence[str], path: str | Path, settings: dict[str, Any]
) -> Path:
    """Save all frames side by side as one PNG, each with its caption below, with `settings` inside.

    Raises ValueError for no frames, or another number of captions.
    """

    if not frames or len(frames) != len(captions):
        raise ValueError(f"{len(frames)} frames and {len(captions)} captions; each frame needs one")
    width, height = frames[0].size
    gap = max(4, width // 32)
    font = _font_for(captions, width)
    band = round(2.2 * font.size)
    strip = Image.new("RGB", (len(frames) * (width + gap) + gap, height + 2 * gap + band), DARK_GROUND)
    pen = ImageDraw.Draw(strip)
    for column, (frame, caption) in enumerate(zip(frames, captions, strict=True)):
        left = gap + column * (width + gap)
        strip.paste(frame.convert("RGB"), (left, gap))
        middle = (left + width // 2, gap + height + (band + gap) // 2)
        pen.text(middle, caption, fill=DARK_TEXT, font=font, anchor="mm")
    write_picture(strip, settings, Path(path))
    return Path(path)


def _font_for(captions: Sequence[str], width: int) -> ImageFont.FreeTypeFont:
    """The type of the drawings, large enough to read and small enough for every caption to fit its frame."""
    import matplotlib

    file = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    size = max(11.0, width / 14)
    longest = max(ImageFont.truetype(file, size).getlength(caption) for caption in captions)
    return ImageFont.truetype(file, max(6.0, size * min(1.0, width / max(longest, 1.0))))
