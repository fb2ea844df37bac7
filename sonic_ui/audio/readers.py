"""Sound files as streams of blocks: libsndfile first, FFmpeg (PyAV) for what it does not know.

A reader knows a file's rate, channels and length and yields float32 blocks [frames, channels] of any stretch
of it, so that nothing ever holds more of a file than is asked for. A damaged file is read as far as it goes.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

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

_FFMPEG_FORMATS = (
    "mov,mp4,m4a,3gp,matroska,webm,ogg,mp3,aac,wav,w64,flac,asf,amr,avi,caf,aiff,au,ac3,eac3,mpegts,mpeg,"
    "wv,ape,tta,dsf,flv"
)
"""Containers FFmpeg may open. No playlists: they could name other files."""

_WITHOUT_INDEX = {"aac", "ac3", "eac3", "amr", "mp3", "mpegts", "mpeg"}
"""Bare streams: finding a time in them means reading all that lies before."""

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


class FFmpegReader:
    """A file that FFmpeg reads: M4A, AAC, WebM, the sound of a video."""

    seeks_fast: bool

    def __init__(self, container: Any, opened: BinaryIO) -> None:
        self._container = container
        self._opened = opened
        self._stream = container.streams.audio[0]
        rate, channels = int(self._stream.rate or 0), int(self._stream.channels or 0)
        self.info = SoundInfo(self._duration_s(), rate, channels, str(container.format.name))
        self.seeks_fast = self.info.format not in _WITHOUT_INDEX

    def _duration_s(self) -> float:
        """From the header, or (recordings of a browser have none) from the last packets."""
        if self._stream.duration is not None:
            return max(0.0, float(self._stream.duration * self._stream.time_base))
        if self._container.duration is not None:
            return max(0.0, self._container.duration / 1e6)
        return self._last_s(self._container.size * 1_000_000) or self._last_s(0)

    def _last_s(self, from_us: int) -> float:
        """End in seconds of the last packet from a time on (in microseconds; past the end gives the last)."""
        import av

        last_s = 0.0
        with contextlib.suppress(av.FFmpegError, EOFError, OverflowError):
            self._container.seek(from_us)
            for packet in self._container.demux(self._stream):
                if packet.pts is not None:
                    last_s = max(last_s, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        return last_s

    def blocks(self, start_s: float, duration_s: float) -> Iterator[Block]:
        """Blocks of about BLOCK_FRAMES frames, put together from the codec's own."""
        waiting: list[Block] = []
        frames = 0
        for block in self._stretch(start_s, duration_s):
            waiting.append(block)
            frames += len(block)
            if frames >= BLOCK_FRAMES:
                yield np.concatenate(waiting)
                waiting, frames = [], 0
        if waiting:
            yield np.concatenate(waiting)

    def _stretch(self, start_s: float, duration_s: float) -> Iterator[Block]:
        """The codec's frames, cut to the stretch."""
        rate = self.info.sample_rate
        first = round(start_s * rate)
        end = first + round(duration_s * rate)
        position: int | None = None
        for frame_start, block in self._frames(start_s):
            if block.shape[1] != self.info.channels:
                return  # the channels change on the way: another stream begins
            at = frame_start if frame_start is not None else (position or 0)
            position = at + len(block)
            kept = block[max(0, first - at) : max(0, end - at)]
            if len(kept):
                yield kept
            if position >= end:
                return

    def _frames(self, start_s: float) -> Iterator[tuple[int | None, Block]]:
        """Decoded frames from a little before `start_s`: their position in samples and their samples."""
        import av

        info = self.info
        resampler = av.AudioResampler(format="flt", layout=self._stream.layout, rate=info.sample_rate)
        origin_s = float((self._stream.start_time or 0) * self._stream.time_base)
        try:
            self._container.seek(int(max(0.0, start_s - 0.2 + origin_s) * 1e6))
            for frame in self._container.decode(self._stream):
                at = None if frame.time is None else round((frame.time - origin_s) * info.sample_rate)
                if frame.format.name == "fltp":  # what most codecs give
                    yield at, frame.to_ndarray().T
                    continue
                for part in resampler.resample(frame):
                    yield at, part.to_ndarray().reshape(-1, info.channels).astype(np.float32, copy=False)
                    at = None
        except (av.FFmpegError, ValueError, EOFError):
            return  # damaged from here on: what came before stands

    def close(self) -> None:
        """Close the container and the file below it."""
        self._container.close()
        self._opened.close()


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


def _open_container(file: Path) -> FFmpegReader | str:
    """A reader; or, for a file that is understood and has no sound, words for what it holds.

    Raises ValueError for a file that FFmpeg does not understand.
    """
    import av

    options = {"protocol_whitelist": "file", "format_whitelist": _FFMPEG_FORMATS}
    opened = file.open("rb")
    container = None
    try:
        container = av.open(opened, container_options=options)
        if container.streams.audio:
            return FFmpegReader(container, opened)
        held = "pictures but no sound" if container.streams.video else "no sound"
    except (av.FFmpegError, ValueError, OSError, EOFError, IndexError) as error:
        held = ""
        cause: Exception = error
    if container is not None:
        container.close()
    opened.close()
    if not held:
        raise ValueError(f"not a container of sound: {cause}")
    return held


def _open_ffmpeg(file: Path) -> Reader:
    try:
        reader = _open_container(file)
    except ValueError as error:
        raise _not_sound(file) from error
    if isinstance(reader, str):
        raise BadInput(
            f"“{file.name}” holds {reader}. Choose a file with a sound track, or record one.", "sound"
        )
    return reader
