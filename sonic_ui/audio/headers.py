"""Headers that do not tell the truth: sizes that were never filled in, files joined end to end, layouts.

A recorder writes the sizes of WAV, AIFF and AU when it stops. Where it lost power they are 0, or what they
were when it saved last; the sound goes on to the end of the file. Sources: Multimedia Programming Interface
and Data Specifications 1.0 (RIFF), EBU Tech 3306 (RF64), AIFF 1.3, RFC 3533 (Ogg).
"""

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sonic_ui.audio.channels import AMBIX, FUMA, Layout

Patch = tuple[int, bytes]
"""Where in a file, and what stands there in truth."""

ORDERS = {b"RIFF": "<", b"RF64": "<", b"BW64": "<", b"RIFX": ">", b"FORM": ">"}
FORMS = (b"WAVE", b"AIFF", b"AIFC")
TAGS = (b"ID3", b"TAG", b"APETAGEX")
MAX_CHUNKS = 1000
MAX_PADDING = 4096
MAX_TAG = 1024
MAX_LINKS = 1000
XING_REACH = 256
"""Bytes of an MP3's first frame in which its Xing header stands."""

NO_SIZE = 0xFFFFFFFF
UNKNOWN_SIZE = struct.pack("<I", NO_SIZE)
"""A size of which readers know that the file's end is meant, or in RF64 that it stands in the chunk ds64."""

EXTENSIBLE = 0xFFFE
AMBISONIC_GUID = bytes.fromhex("2107d3118644c8c1ca000000")
"""All but the first four bytes of the sub-format of .amb files (WAVE_FORMAT_EXTENSIBLE, B-format)."""

SPEAKERS = (
    *("FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC", "BC", "SL", "SR"),
    *("TC", "TFL", "TFC", "TFR", "TBL", "TBC", "TBR"),
)
"""Bits of a channel mask, from the lowest."""

OGG_START = b"OggS\0\x02"
"""The first page of a logical stream: version 0, "beginning of stream"."""


@dataclass(frozen=True)
class _Header:
    """Where the chunk of samples starts (its id), how long it claims to be, and what stands before it."""

    order: str
    kind: bytes
    chunk: int
    claimed: int
    format: bytes
    ds64: int | None


def size_patches(path: Path) -> list[Patch]:
    """Sizes that a WAV, AIFF or AU file ought to have; empty where they are right, or for other files."""
    size = path.stat().st_size
    with path.open("rb") as file:
        header = _read_header(file)
        if header is None:
            file.seek(0)
            return _au_patches(file.read(12), size)
        begin = header.chunk + 8
        end = begin + header.claimed
        if header.claimed == NO_SIZE or end >= size or _goes_on(file, end, size, header.order):
            return []
    value = bytes(4) if header.kind == b"FORM" else UNKNOWN_SIZE
    patches = [(4, value), (header.chunk + 4, value)]
    if header.ds64 is not None:
        patches.append((header.ds64 + 8, struct.pack("<QQ", size - 8, size - begin)))
    return patches


def wav_layout(path: Path) -> Layout:
    """Layout of a WAV's channels by its mask; empty where there is none.

    Four channels with a mask of 0 are first-order AmbiX; the B-format of .amb files is FuMa.
    """
    with path.open("rb") as file:
        header = _read_header(file)
    if header is None or len(header.format) < 40:
        return ()
    tag, channels = struct.unpack_from(header.order + "HH", header.format)
    if tag != EXTENSIBLE:
        return ()
    (mask,) = struct.unpack_from(header.order + "I", header.format, 20)
    if header.format[28:40] == AMBISONIC_GUID:
        return FUMA if channels == len(FUMA) else ()
    if mask == 0:
        return AMBIX if channels == len(AMBIX) else ()
    names = tuple(name for bit, name in enumerate(SPEAKERS) if mask >> bit & 1)
    return names if len(names) == channels else ()


def ogg_links(path: Path) -> list[tuple[int, int]]:
    """First and last byte of each of the files that are joined in an Ogg file ("chained"); one, mostly."""
    starts = [0]
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[: len(OGG_START)] != OGG_START:
            return [(0, len(data))]
        after, at = _page_end(data, 0), 0
        while len(starts) < MAX_LINKS and (at := data.find(OGG_START, at + 1)) >= 0:
            if at != after:  # directly after another such page it is a stream beside that one
                starts.append(at)
            after = _page_end(data, at)
        return [*zip(starts, [*starts[1:], len(data)], strict=True)]


def xing_covers(path: Path) -> bool | None:
    """Whether an MP3's Xing header, which counts its frames, speaks of all the file; None without one."""
    with path.open("rb") as file:
        tag = file.read(10)
        start = 0
        if tag[:3] == b"ID3" and len(tag) == 10:
            start = 10 + sum(byte << shift for byte, shift in zip(tag[6:], (21, 14, 7, 0), strict=True))
        file.seek(start)
        head = file.read(XING_REACH)
    found = max(head.find(b"Xing"), head.find(b"Info"))
    if found < 0 or len(head) < found + 16:
        return None
    flags, _frames, length = struct.unpack_from(">III", head, found + 4)
    return flags & 3 == 3 and abs(path.stat().st_size - start - length) < MAX_TAG


def _read_header(file: BinaryIO) -> _Header | None:
    """The header of a WAV or AIFF file that stands at its start; None for other files."""
    head = file.read(12)
    order = ORDERS.get(head[:4])
    if order is None or head[8:] not in FORMS:
        return None
    at, form, ds64 = 12, b"", None
    for _ in range(MAX_CHUNKS):
        file.seek(at)
        start = file.read(8)
        if len(start) < 8:
            return None
        name, length = struct.unpack(order + "4sI", start)
        if name in (b"data", b"SSND"):
            if ds64 is not None and length == NO_SIZE:
                file.seek(ds64 + 16)
                (length,) = struct.unpack("<Q", file.read(8).ljust(8, b"\0"))
            return _Header(order, head[:4], at, length, form, ds64)
        if name == b"fmt ":
            form = file.read(min(length, 64))
        elif name == b"ds64":
            ds64 = at
        at += 8 + length + length % 2
    return None


def _goes_on(file: BinaryIO, end: int, size: int, order: str) -> bool:
    """Whether what stands after the samples belongs there: another chunk, a tag, or padding."""
    for at in (end, end + end % 2):
        file.seek(at)
        start = file.read(8)
        if len(start) < 8 or start.startswith(TAGS):
            return True
        name, length = struct.unpack(order + "4sI", start)
        if all(32 <= byte < 127 for byte in name) and at + 8 + length <= size + 1:
            return True
    file.seek(end)
    return size - end <= MAX_PADDING and not any(file.read(MAX_PADDING))


def _au_patches(head: bytes, size: int) -> list[Patch]:
    """The same for an AU file, by its first 12 bytes: in it, nothing comes after the samples."""
    if head[:4] != b".snd" or len(head) < 12:
        return []
    offset, length = struct.unpack_from(">II", head, 4)
    return [(8, UNKNOWN_SIZE)] if length != NO_SIZE and offset + length < size else []


def _page_end(data: mmap.mmap, at: int) -> int:
    """Where the Ogg page ends that starts at a byte (RFC 3533, section 6)."""
    header = data[at : at + 27]
    count = header[26] if len(header) == 27 else 0
    return at + 27 + count + sum(data[at + 27 : at + 27 + count])
