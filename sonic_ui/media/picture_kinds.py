"""Kinds of picture files: those that are read, and those that are recognized and named when they are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
"""Those that are read, where the installation can. Others that Pillow knows run outside programs (EPS) or are
no pictures of people's."""

ACCEPTED = "PNG, JPEG, WebP, AVIF, GIF, BMP and TIFF are accepted"
HEAD_BYTES = 1024
"""So much of a file tells its kind."""

EXPORT = "Open it in the program that made it and export it as PNG or JPEG."
SAVE = "Save or export it as JPEG or PNG."
HEIC_ADVICE = (
    "Save or export it as JPEG (on an iPhone: Settings, Camera, Formats, Most Compatible), or install the "
    "reader where the app runs: pip install pillow-heif."
)
AVIF_ADVICE = "Save it as PNG or JPEG, or renew Pillow where the app runs: pip install --upgrade pillow."
RAW_ADVICE = "Develop it, or export the picture that the camera shows, as JPEG or TIFF."


@dataclass(frozen=True)
class Kind:
    """A kind of file: what it is called, what to do with it, and how its first bytes tell it.

    format   Pillow's name of it, if some installations read it
    """

    name: str
    advice: str
    begins: Callable[[bytes], bool]
    format: str = ""


def _starts(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(marks)


def _is_heic(head: bytes) -> bool:
    return bool(_brands(head) & {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


def _is_avif(head: bytes) -> bool:
    return bool(_brands(head) & {b"avif", b"avis"})


def _brands(head: bytes) -> set[bytes]:
    """The brands of an ISO base media file (ISO/IEC 14496-12, 4.3); none for other files."""
    if head[4:8] != b"ftyp":
        return set()
    listed = head[8 : min(int.from_bytes(head[:4], "big"), len(head))]
    return {listed[at : at + 4] for at in range(0, len(listed), 4) if at != 4}  # the second is a version


def _is_svg(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return text.startswith((b"<?xml", b"<!--", b"<!doctype svg", b"<svg")) and b"<svg" in text


KINDS = (
    Kind("an AVIF picture, which the Pillow installed here does not read", AVIF_ADVICE, _is_avif, "AVIF"),
    Kind("a HEIC picture, as iPhones take them", HEIC_ADVICE, _is_heic, "HEIF"),
    Kind("a Canon raw file", RAW_ADVICE, lambda head: bool(_brands(head) & {b"crx "})),
    Kind("a film", "Save one of its frames as PNG or JPEG.", lambda head: bool(_brands(head))),
    Kind("a film", "Save one of its frames as PNG or JPEG.", _starts(b"\x1aE\xdf\xa3")),
    Kind("a JPEG XL picture", SAVE, _starts(b"\xff\x0a", b"\x00\x00\x00\x0cJXL ")),
    Kind("a JPEG 2000 picture", SAVE, _starts(b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  ")),
    Kind("a Photoshop document (PSD)", EXPORT, _starts(b"8BPS")),
    Kind("a GIMP document (XCF)", EXPORT, _starts(b"gimp xcf")),
    Kind("an SVG drawing, which has no pixels", EXPORT, _is_svg),
    Kind("a PDF or Illustrator document", EXPORT, _starts(b"%PDF")),
    Kind("an EPS drawing", EXPORT, _starts(b"%!PS")),
    Kind("an OpenEXR picture", SAVE, _starts(b"v/1\x01")),
    Kind("a Radiance picture (HDR)", SAVE, _starts(b"#?RADIANCE", b"#?RGBE")),
    Kind("a zip archive, or a document that is one (Krita, OpenRaster)", EXPORT, _starts(b"PK\x03\x04")),
)
"""Those that are recognized; the first that fits is meant."""


def readable_formats() -> list[str]:
    """Pillow's names of the formats that this installation reads."""
    Image.init()
    _register_heif()
    return [kind for kind in FORMATS if kind in Image.OPEN]


def unread_kind(head: bytes) -> Kind | None:
    """The kind of a file that is recognized by its first bytes and not read; None for any other."""
    kind = next((kind for kind in KINDS if kind.begins(head)), None)
    return None if kind is None or kind.format in readable_formats() else kind


@cache
def _register_heif() -> None:
    """Let Pillow read HEIC, if pillow-heif is installed."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return
    register_heif_opener()
