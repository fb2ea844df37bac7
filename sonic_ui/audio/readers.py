"""Sound files as streams of blocks: libsndfile first, FFmpeg (PyAV) for what it does not know.

A reader knows a file's rate, channels and length and yields float32 blocks [frames, channels] of any stretch
of it, so that nothing ever holds more of a file than is asked for. A damaged file is read as far as it goes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sonic_ui.requests import BadInput

Block = NDArray[np.float32]

BLOCK_FRAMES = 1 << 16
"""Frames read at once."""

RATES_HZ = (2000, 768000)
"""Sample rates that are believed. A header outside of this is damaged."""

MAX_CHANNELS = 64

MAX_FRAMES = 1 << 48
"""libsndfile gives an endless number of frames where a header has none; FFmpeg then finds the length."""

ACCEPTED = "WAV, FLAC, MP3, OGG, Opus, M4A, AAC, AIFF, WebM and the sound of a video are accepted"

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"BM", "a picture"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a compressed archive"),
    (b"7z\xbc\xaf", "a compressed archive"),
    (b"%PDF", "a PDF document"),
    (b"MThd", "MIDI notes, which hold no sound"),
)


@dataclass(frozen=True)
class SoundInfo:
    """What a file says of itself. `format` is the container's name, such as "WAV" or "mov,mp4,m4a"."""

    duration_s: float
    sample_rate: int
    channels: int
    format: str


class Reader(Protocol):
    """An open sound file."""

    info: SoundInfo
    seeks_fast: bool
    """Whether any place of the file is found without reading what lies before."""

    def blocks(self, start_s: float, duration_s: float) -> Iterator[Block]:
        """Float32 blocks [frames, channels] of a stretch, as far as the file goes."""

    def close(self) -> None:
        """Let go of the file."""


def checked_path(path: str | Path) -> Path:
    """The path of a readable file with something in it. Raises BadInput."""
    file = Path(path)
    try:
        if not file.exists():
            raise BadInput(f"There is no file “{file.name}”. Upload the sound again, or record one.", "sound")
        if not file.is_file():
            raise BadInput(f"“{file.name}” is not a file. Choose a sound file: {ACCEPTED}.", "sound")
        if file.stat().st_size == 0:
            raise BadInput(f"“{file.name}” is empty (0 bytes). Save or record the sound again.", "sound")
        with file.open("rb"):
            pass
    except (OSError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"“{file.name}” cannot be opened. Check that it may be read.", "sound") from error
    return file


@contextlib.contextmanager
def open_reader(path: str | Path) -> Iterator[Reader]:
    """Open a sound file with the first library that understands it.

    Raises BadInput for a missing, empty or unreadable file and for one that holds no sound.
    """
    file = checked_path(path)
    reader = _open_soundfile(file) or _open_ffmpeg(file)
    try:
        _check_header(reader.info, file)
        yield reader
    finally:
        reader.close()


def _check_header(info: SoundInfo, file: Path) -> None:
    if not RATES_HZ[0] <= info.sample_rate <= RATES_HZ[1] or not 1 <= info.channels <= MAX_CHANNELS:
        raise BadInput(
            f"“{file.name}” claims {info.channels} channels at {info.sample_rate} Hz. Accepted are up to "
            f"{MAX_CHANNELS} channels and {RATES_HZ[0]} to {RATES_HZ[1]} Hz: save it again as WAV or FLAC.",
            "sound",
        )


def _not_sound(file: Path) -> BadInput:
    """The refusal of a file that no library can read, naming what it seems to be."""
    with file.open("rb") as opened:
        head = opened.read(512)
    kind = next((kind for signature, kind in _SIGNATURES if head.startswith(signature)), "")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        kind = "a picture"
    if not kind and all(byte >= 32 or byte in b"\t\r\n\f" for byte in head):
        kind = "text"
    seems = f"it seems to be {kind}" if kind else "it is damaged or of an unknown kind"
    return BadInput(f"“{file.name}” cannot be read as sound: {seems}. {ACCEPTED}.", "sound")


class SoundFileReader:
    """A file that libsndfile reads: WAV, FLAC, MP3, OGG, Opus, AIFF and others."""

    seeks_fast = True

    def __init__(self, opened: Any) -> None:
        self._file = opened
        rate, channels = int(opened.samplerate), int(opened.channels)
        self.info = SoundInfo(opened.frames / max(rate, 1), rate, channels, str(opened.format))

    def blocks(self, start_s: float, duration_s: float) -> Iterator[Block]:
        """Blocks of BLOCK_FRAMES frames."""
        import soundfile

        rate = self.info.sample_rate
        start = min(round(start_s * rate), self._file.frames)
        left = min(round(duration_s * rate), self._file.frames - start)
        try:
            self._file.seek(start)
            while left > 0:
                block = self._file.read(min(left, BLOCK_FRAMES), dtype="float32", always_2d=True)
                if len(block) == 0:
                    return
                left -= len(block)
                yield block
        except soundfile.SoundFileError:
            return  # damaged from here on: what came before stands

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _open_soundfile(file: Path) -> Reader | None:
    import soundfile

    try:
        opened = soundfile.SoundFile(str(file))
        if opened.frames < MAX_FRAMES:
            return SoundFileReader(opened)
        opened.close()
        return None
    except (soundfile.SoundFileError, TypeError, ValueError, OSError):
        return None


def _open_ffmpeg(file: Path) -> Reader:
    from sonic_ui.audio.readers_ffmpeg import open_container

    try:
        reader = open_container(file)
    except ValueError as error:
        raise _not_sound(file) from error
    if isinstance(reader, str):
        raise BadInput(
            f"“{file.name}” holds {reader}. Choose a file with a sound track, or record one.", "sound"
        )
    return reader
