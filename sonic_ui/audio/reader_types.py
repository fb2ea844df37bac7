"""What readers of sound files share: blocks, what a file holds, and which names of files are accepted."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sonic_ui.audio.channels import Layout

Block = NDArray[np.float32]

BLOCK_FRAMES = 1 << 16
"""Frames read at once."""

AGREED_S = 0.2
"""Two lengths that differ by less are the same: codecs begin and end within a few frames of each other."""

SOUND_SUFFIXES = (
    *(".wav", ".wave", ".bwf", ".rf64", ".w64", ".amb", ".flac", ".mp3", ".ogg", ".oga", ".opus"),
    *(".m4a", ".aac", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".wma", ".amr", ".mka", ".wv"),
    *(".ac3", ".eac3", ".ape", ".tta", ".dsf"),
)
VIDEO_SUFFIXES = (".webm", ".mp4", ".m4v", ".mov", ".mkv", ".3gp", ".avi", ".flv", ".mpg", ".mpeg", ".mts")
SUFFIXES = (*SOUND_SUFFIXES, *VIDEO_SUFFIXES)
"""Names of files with sound. Readers go by what a file holds; folders and the page's uploads go by these."""

ACCEPTED = "WAV, FLAC, MP3, OGG, Opus, M4A, AAC, AIFF, WebM and the sound of a video are accepted"


@dataclass(frozen=True)
class SoundInfo:
    """What a file holds. `format` is the container's name, such as "WAV" or "mov,mp4,m4a".

    duration_s   what can be decoded
    layout       names of the channels in order; empty where they are not known
    """

    duration_s: float
    sample_rate: int
    channels: int
    format: str
    layout: Layout = ()


class Reader(Protocol):
    """An open sound file."""

    info: SoundInfo
    seeks_fast: bool
    """Whether any place of the file is found without reading what lies before."""

    def blocks(self, start_s: float, duration_s: float) -> Iterator[Block]:
        """Float32 blocks [frames, channels] of a stretch, as far as the file goes."""

    def close(self) -> None:
        """Let go of the file."""


class FilePart(io.RawIOBase):
    """Bytes `start` to `end` of a file as a file of its own, with `patches` (offset, bytes) over them."""

    def __init__(
        self, path: Path, start: int = 0, end: int | None = None, patches: Sequence[tuple[int, bytes]] = ()
    ) -> None:
        self._file = path.open("rb")
        self._start = start
        self._size = (path.stat().st_size if end is None else end) - start
        self._patches = patches
        self._position = 0

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be sought in."""
        return True

    def tell(self) -> int:
        """The position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position, and return it."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes into a buffer; returns how many."""
        count = max(0, min(len(buffer), self._size - self._position))
        self._file.seek(self._start + self._position)
        data = bytearray(self._file.read(count))
        for offset, patch in self._patches:
            for index, value in enumerate(patch, offset - self._position):
                if 0 <= index < len(data):
                    data[index] = value
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        """Close the file below."""
        self._file.close()
        super().close()
