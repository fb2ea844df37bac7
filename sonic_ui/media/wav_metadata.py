"""Sounds as WAV files that carry the settings they were made with, each with the same as JSON beside it.

The settings stand in the file's LIST/INFO chunk (RIFF, 1991, chapter 2): as comment (ICMT), which other
programs show or pass over.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sonic_ui.requests import BadInput
from sonic_ui.requests.base import MAX_REQUEST_CHARACTERS

MAX_CHUNKS = 1000


def write_sound(samples: np.ndarray, sample_rate: int, settings: dict[str, Any], path: Path) -> Path:
    """Save mono samples [T] as 16-bit WAV with `settings` inside, and as JSON beside it; returns `path`."""
    import soundfile

    text = json.dumps(settings, ensure_ascii=False)
    soundfile.write(path, np.clip(samples, -1.0, 1.0), sample_rate, subtype="PCM_16", format="WAV")
    info = b"INFO" + _chunk(b"INAM", path.stem.encode() + b"\0") + _chunk(b"ISFT", _software(settings))
    listed = _chunk(b"LIST", info + _chunk(b"ICMT", text.encode() + b"\0"))
    with path.open("r+b") as file:
        file.seek(0, 2)
        file.write(b"\0" * (file.tell() % 2) + listed)
        size = file.tell()
        file.seek(4)
        file.write(struct.pack("<I", size - 8))
    sidecar(path).write_text(json.dumps(settings, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path


def sidecar(path: Path) -> Path:
    """Where the settings of a sound lie as JSON."""
    return path.with_suffix(".json")


def is_wave(path: str | Path) -> bool:
    """Whether a file begins like a WAV."""
    try:
        with Path(path).open("rb") as file:
            start = file.read(12)
    except OSError:
        return False
    return start[:4] == b"RIFF" and start[8:] == b"WAVE"


def read_sound_settings(path: str | Path, name: str = "") -> dict[str, Any]:
    """The settings that a WAV carries. Raises `BadInput` if it is none of ours."""
    shown = f"“{(name or Path(path).name)[:60]}”"
    try:
        comment = _comment(Path(path))
    except (OSError, ValueError, struct.error):
        raise BadInput(f"{shown} is not a WAV file that can be read. Drop one made here.") from None
    if comment is None:
        raise BadInput(
            f"{shown} carries no settings of Sonic UI. Drop a WAV that was downloaded here; sounds saved by "
            "other programs often lose what they carry."
        )
    try:
        settings = json.loads(comment)
    except (ValueError, RecursionError):
        settings = None
    if not isinstance(settings, dict) or not isinstance(settings.get("request"), dict):
        raise BadInput(f"The settings in {shown} are damaged. Drop another sound.")
    return settings


def _comment(path: Path) -> str | None:
    """The comment of a WAV's LIST/INFO chunk; None if it has none, or one too long to be ours."""
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            raise ValueError("not a WAV")
        size = file.seek(0, 2)
        place = 12
        for _ in range(MAX_CHUNKS):
            file.seek(place)
            start = file.read(8)
            if len(start) < 8:
                return None
            name, length = start[:4], struct.unpack("<I", start[4:])[0]
            if name == b"LIST" and length <= 8 * MAX_REQUEST_CHARACTERS and place + 8 + length <= size:
                for inner, content in _chunks(file.read(length)[4:]):
                    if inner == b"ICMT":
                        return content.rstrip(b"\0").decode("utf-8")
            place += 8 + length + length % 2
    return None


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 0
    while place + 8 <= len(content):
        length = struct.unpack("<I", content[place + 4 : place + 8])[0]
        yield content[place : place + 4], content[place + 8 : place + 8 + length]
        place += 8 + length + length % 2


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _software(settings: dict[str, Any]) -> bytes:
    return str(settings.get("app", "Sonic UI")).encode() + b"\0"
