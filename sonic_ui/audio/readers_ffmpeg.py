"""What FFmpeg (PyAV) reads and libsndfile does not: M4A, AAC, WebM, the sound of a video."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sonic_ui.audio.readers import BLOCK_FRAMES, Block, SoundInfo

_FFMPEG_FORMATS = (
    "mov,mp4,m4a,3gp,matroska,webm,ogg,mp3,aac,wav,w64,flac,asf,amr,avi,caf,aiff,au,ac3,eac3,mpegts,mpeg,"
    "wv,ape,tta,dsf,flv"
)
"""Containers FFmpeg may open. No playlists: they could name other files."""


_WITHOUT_INDEX = {"aac", "ac3", "eac3", "amr", "mp3", "mpegts", "mpeg"}
"""Bare streams: finding a time in them means reading all that lies before."""


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


def open_container(file: Path) -> FFmpegReader | str:
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
