"""A strip of frames to take along: a film with its sound, an animated GIF, one long picture.

All of them carry the settings they were made with: films in the container's comment, GIFs in their comment
block, strips in the `sonic-ui` chunk that all pictures have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sonic_ui.media.metadata import write_picture
from sonic_ui.media.timeline import FRAME_RATE, Timeline, enlarged, film_timeline, in_between
from sonic_ui.requests import BadInput

if TYPE_CHECKING:
    from av.container import OutputContainer
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont

FILM_PX = 512
"""Shortest side of a film, at least: players blur smaller ones."""

GIF_PX = 256
GIF_COLOURS = 255
"""One less than fit: the last means "as before" and keeps files small."""

FILM_RATE_HZ = 48_000
"""Sample rate of a film's sound; every player takes it, and Opus knows no 44.1 kHz."""


__all__ = [
    "FRAME_RATE",
    "Timeline",
    "film_format",
    "film_timeline",
    "in_between",
    "write_film",
    "write_gif",
    "write_strip",
]


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
    frames: Sequence[Image],
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
    try:
        with av.open(str(path), "w", container_options=kind.container_options) as container:
            container.metadata["comment"] = json.dumps(settings, ensure_ascii=False)
            container.metadata["title"] = path.stem
            _encode(container, kind, frames, samples, rate)
    except BaseException:
        path.unlink(missing_ok=True)  # nobody should find half a film
        raise
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
    frames: Sequence[Image],
    samples: NDArray[np.float32],
    rate: Fraction,
) -> None:
    """Encode both streams side by side: each frame with the sound that is heard while it is seen."""
    import av

    video: Any = container.add_stream(kind.video, rate=rate, options=kind.video_options)
    audio: Any = container.add_stream(kind.audio, rate=FILM_RATE_HZ, layout="mono", bit_rate=128_000)
    begin = 0
    for number, pixels in enumerate(_even_pixels(frames)):
        if number == 0:
            _set_up(video, *pixels.shape[:2])
        picture = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
            format="yuv420p", dst_colorspace=_BT709, dst_color_range=_LIMITED
        )
        picture.pts, picture.time_base = number, 1 / rate
        container.mux(video.encode(picture))
        end = round((number + 1) / rate * FILM_RATE_HZ)
        heard = av.AudioFrame.from_ndarray(samples[None, begin:end], format="fltp", layout="mono")
        heard.sample_rate, heard.pts, heard.time_base = FILM_RATE_HZ, begin, Fraction(1, FILM_RATE_HZ)
        container.mux(audio.encode(heard))
        begin = end
    container.mux(video.encode())
    container.mux(audio.encode())


_BT709 = 1
_LIMITED = 1
"""FFmpeg's numbers of the colours that players expect of H.264: BT.709, 16 to 235."""


def _set_up(video: Any, height: int, width: int) -> None:
    video.width, video.height, video.pix_fmt = width, height, "yuv420p"
    coder = video.codec_context
    coder.color_primaries = coder.color_trc = coder.colorspace = _BT709
    coder.color_range = _LIMITED


def _even_pixels(frames: Sequence[Image]) -> Iterator[NDArray[np.uint8]]:
    """The frames as uint8 [H, W, 3] of one size with even sides; a frame that stays is enlarged once."""
    last, pixels = None, np.zeros((0, 0, 3), np.uint8)
    for frame in frames:
        if frame is not last:
            whole = np.asarray(enlarged(frame, FILM_PX))
            pixels = np.ascontiguousarray(whole[: whole.shape[0] // 2 * 2, : whole.shape[1] // 2 * 2])
            last = frame
        yield pixels


def write_gif(
    frames: Sequence[Image],
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
    from PIL import Image as images

    if not frames:
        raise ValueError("a GIF needs at least one frame")
    palette = _palette(frames)
    drawn = [enlarged(f, GIF_PX).quantize(palette=palette, dither=images.Dither.NONE) for f in frames]
    ends = np.rint(np.arange(len(frames) + 1) * max(100.0 / frame_rate, 2.0))
    options: dict[str, Any] = {"loop": 0} if loop else {}
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


def _palette(frames: Sequence[Image]) -> Image:
    """A picture with the colours that serve all frames, found on small copies of at most 32 of them."""
    from PIL import Image as images

    side, chosen = 32, frames[:: -(-len(frames) // 32)]
    sheet = images.new("RGB", (side * len(chosen), side))
    for place, frame in enumerate(chosen):
        sheet.paste(frame.convert("RGB").resize((side, side)), (side * place, 0))
    return sheet.quantize(GIF_COLOURS, method=images.Quantize.MEDIANCUT, kmeans=1)


def write_strip(
    frames: Sequence[Image], captions: Sequence[str], path: str | Path, settings: dict[str, Any]
) -> Path:
    """Save all frames side by side as one PNG, each with its caption below, with `settings` inside.

    Raises ValueError for no frames, or another number of captions.
    """
    from PIL import Image as images
    from PIL import ImageDraw

    from sonic_ui.ui.theme import DARK

    if not frames or len(frames) != len(captions):
        raise ValueError(f"{len(frames)} frames and {len(captions)} captions; each frame needs one")
    width, height = frames[0].size
    gap = max(4, width // 32)
    font = _font_for(captions, width)
    band = round(2.2 * font.size)
    strip = images.new("RGB", (len(frames) * (width + gap) + gap, height + 2 * gap + band), DARK["ground"])
    pen = ImageDraw.Draw(strip)
    for place, (frame, caption) in enumerate(zip(frames, captions, strict=True)):
        left = gap + place * (width + gap)
        strip.paste(frame.convert("RGB"), (left, gap))
        middle = (left + width // 2, gap + height + (band + gap) // 2)
        pen.text(middle, caption, fill=DARK["text"], font=font, anchor="mm")
    write_picture(strip, settings, Path(path))
    return Path(path)


def _font_for(captions: Sequence[str], width: int) -> FreeTypeFont:
    """The type of the drawings, large enough to read and small enough for every caption to fit its frame."""
    import matplotlib
    from PIL import ImageFont

    file = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    size = max(11.0, width / 14)
    longest = max(ImageFont.truetype(file, size).getlength(caption) for caption in captions)
    return ImageFont.truetype(file, max(6.0, size * min(1.0, width / max(longest, 1.0))))
