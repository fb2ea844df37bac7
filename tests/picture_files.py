"""Picture files of every kind: those that people have, and those that cannot be used."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (60, 40)

Write = Callable[[Path], None]


def png_that_claims(width: int, height: int) -> bytes:
    """The head of a PNG of this size, with next to nothing in it."""
    chunks = b""
    for kind, data in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"0")),
    ):
        chunks += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return b"\x89PNG\r\n\x1a\n" + chunks


def tiff_of(values: np.ndarray) -> bytes:
    """A plain TIFF of numbers [H, W] or [H, W, 3], whole or floating, as cameras of laboratories write it."""
    height, width, channels = (*values.shape, 1)[:3]
    kind = 3 if values.dtype.kind == "f" else 1
    lists = struct.pack("<6H", *[8 * values.dtype.itemsize] * 3, *[kind] * 3)
    begin = 8 + 2 + 10 * 12 + 4
    several = channels > 1
    tags = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, channels, begin if several else 8 * values.dtype.itemsize),
        (259, 3, 1, 1),
        (262, 3, 1, 2 if several else 1),
        (273, 4, 1, begin + len(lists)),
        (277, 3, 1, channels),
        (278, 4, 1, height),
        (279, 4, 1, values.nbytes),
        (339, 3, channels, begin + 6 if several else kind),
    ]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0)
    return head + lists + values.tobytes()


def raw(content: bytes) -> Write:
    """Writes exactly this."""

    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


BAD: dict[str, tuple[Write, str]] = {
    "letter.png": (raw(b"This is a letter."), "“letter.png” cannot be read as a picture"),
    "dot.png": (lambda path: Image.new("RGB", (1, 1)).save(path), "1 × 1 px; at least 8 px"),
    "huge.png": (raw(png_that_claims(12_000, 9_000)), "12000 × 9000 px; at most 50 million"),
    "bomb.png": (raw(png_that_claims(100_000, 100_000)), "more pixels than can be opened safely"),
    "panorama.png": (lambda path: Image.new("RGB", (900, 20)).save(path), "900 × 20 px; at most 10 times"),
    "cut.jpg": (raw(b"\xff\xd8\xff\xe0" + b"\0" * 50), "cannot be read|is damaged"),
    "layers.psd": (raw(b"8BPS" + bytes(60)), "it is a Photoshop document.*export it as PNG or JPEG"),
}
"""How to write files that are refused, and what is said about them."""


def phone(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 60), "teal").save(path, exif=exif)


def animation(path: Path) -> None:
    frames = [Image.new("RGB", SIZE, colour) for colour in ("teal", "red")]
    frames[0].save(path, save_all=True, append_images=frames[1:])


GOOD: dict[str, Write] = {
    "clear.png": lambda path: Image.new("RGBA", SIZE, (0, 0, 0, 0)).save(path),
    "print.jpg": lambda path: Image.new("CMYK", SIZE, (90, 20, 0, 0)).save(path),
    "deep.png": lambda path: Image.fromarray(np.full(SIZE[::-1], 40_000, np.uint16)).save(path),
    "phone.jpg": phone,
    "film.gif": animation,
    "black.png": lambda path: Image.new("RGB", SIZE).save(path),
    "scan.tiff": lambda path: Image.new("L", SIZE, 90).save(path),
    "wide.png": lambda path: Image.new("RGB", (600, 60), "teal").save(path),
}
"""How to write pictures that are taken."""
