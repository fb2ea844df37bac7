"""TIFF in colour: of 16 bits a channel Pillow reads the upper 8 alone, of 32 nothing. FFmpeg reads both.

Tags by TIFF 6.0, section 8.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from sonic_ui.media.colours import MAX_SAMPLE_VALUES, scaled

SUBFILE, WIDTH, HEIGHT, BITS_PER_SAMPLE, SAMPLE_FORMAT, PREDICTOR = 254, 256, 257, 258, 339, 317
TAGS = (SUBFILE, WIDTH, HEIGHT, BITS_PER_SAMPLE, SAMPLE_FORMAT, PREDICTOR, *MAX_SAMPLE_VALUES)

REDUCED_IMAGE = 1
"""As a NewSubfileType: a small copy of another picture in the file."""

FLOATING = 3
"""As a SampleFormat: IEEE floating point; as a Predictor: differences of floating numbers."""

_DAMAGE = (OSError, ValueError, SyntaxError, LookupError, TypeError, struct.error)
MAGIC = (b"II*\0", b"MM\0*")
SEEN_TOP = 63
"""A picture of 16 bits whose upper 8 are all at most this holds 14 bits, or fewer."""


def read_tags(file: BinaryIO) -> dict[int, Any]:
    """Those of `TAGS` that a TIFF's first picture has; none of another file, or of a damaged one. Leaves the
    file at its start.
    """
    file.seek(0)
    head = file.read(8)
    tags: dict[int, Any] = {}
    if head[:4] not in MAGIC:
        file.seek(0)
        return tags
    with warnings.catch_warnings(), suppress(*_DAMAGE):
        warnings.simplefilter("ignore")  # of tags that Pillow does not know
        directory = ImageFileDirectory_v2(head)
        file.seek(int(directory.next or 0))
        directory.load(file)
        tags = {tag: directory[tag] for tag in TAGS if tag in directory}
    file.seek(0)
    return tags


def is_float_colour(tags: Mapping[int, Any]) -> bool:
    """Whether the pixels are colours of 32-bit floating numbers, as they are."""
    formats, bits = _listed(tags.get(SAMPLE_FORMAT)), _listed(tags.get(BITS_PER_SAMPLE))
    is_floating = len(bits) in (3, 4) and set(bits) == {32} and set(formats) == {FLOATING}
    return is_floating and tags.get(PREDICTOR) != FLOATING


def is_narrow(picture: Image.Image, tags: Mapping[int, Any]) -> bool:
    """Whether a picture in colour, read by Pillow, has fewer bits than the 16 they lie in."""
    bits = _listed(tags.get(BITS_PER_SAMPLE))
    if picture.mode not in ("RGB", "RGBA") or set(bits) != {16}:
        return False
    return int(np.asarray(picture.convert("RGB")).max()) <= SEEN_TOP


def decode_deep(file: BinaryIO, tags: Mapping[int, Any], most_pixels: int) -> Image.Image:
    """RGB or RGBA of 8 bits, scaled by the range of the colours. Raises ValueError for what is damaged."""
    import av

    file.seek(0)
    try:
        with av.open(file, "r", format="tiff_pipe") as container:
            container.streams.video[0].codec_context.options = {"max_pixels": str(most_pixels)}
            pixels = next(container.decode(video=0)).to_ndarray()
    except (av.FFmpegError, StopIteration, IndexError) as problem:
        raise ValueError("damaged") from problem
    colours = scaled(pixels[..., :3], tags)
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        colours = np.concatenate([colours, scaled(pixels[..., 3:], tags)], -1)
    return Image.fromarray(colours)


def _listed(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else () if value is None else (value,)
