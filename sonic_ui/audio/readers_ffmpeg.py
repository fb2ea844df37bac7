"""Sound files through FFmpeg (PyAV): what libsndfile does not know, and the sound of videos."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from sonic_ui.audio.reader_types import AGREED_S, BLOCK_FRAMES, Block, FilePart, SoundInfo

FORMATS = (
    "mov,mp4,m4a,3gp,matroska,webm,ogg,mp3,aac,wav,w64,flac,asf,amr,avi,caf,aiff,au,ac3,eac3,mpegts,mpeg,"
    "wv,ape,tta,dsf,flv"
)
"""Containers FFmpeg may open. No playlists: they could name other files."""

BARE = {"aac", "ac3", "eac3", "amr", "mp3", "wv", "flac"}
"""Streams without an index: their length is known once all packets have been passed, which makes an index."""

SLOW = {"mpegts", "mpeg"}
"""Streams in which finding a time means reading all that lies before."""

FIRST_STEP_S = 1.0
TWO_FRAMES_S = 0.05


class FFmpegReader:
    """A file that FFmpeg reads: M4A, AAC, WebM, the sound of a video.

    joined   several files stand in it end to end, its header speaks of the first: it is read from the front
    """

    seeks_fast: bool

    def __init__(self, container: Any, opened: FilePart, *, joined: bool = False) -> None:
        self._container = container
        self._opened = opened
        self._joined = joined
        self._stream = container.streams.audio[0]
        self._origin_s = float((self._stream.start_time or 0) * self._stream.time_base)
        rate, channels = int(self._stream.rate or 0), int(self._stream.channels or 0)
        self._layout = self._stream.layout  # that of the first frames: it may change on the way
        names = tuple(str(channel.name) for channel in self._layout.channels)
        layout = () if "NONE" in names else names
        self.info = SoundInfo(self._duration_s(), rate, channels, str(container.format.name), layout)
        self.seeks_fast = self.info.format not in SLOW and not joined

    def _duration_s(self) -> float:
        """Where the last packet ends; what a header says where that differs by no more than codecs pad."""
        if self._joined:
            return self._last_s(0)
        if self._stream.duration is not None:
            claimed_s = float(self._stream.duration * self._stream.time_base)
        else:
            claimed_s = (self._container.duration or 0) / 1e6
        found_s = self._last_s(self._container.size * 1_000_000)
        step_s, bare = FIRST_STEP_S, self._container.format.name in BARE
        while not found_s and step_s < claimed_s and not bare:
            found_s = self._last_s(int((claimed_s - step_s) * 1e6))  # a film may go on after its sound
            step_s *= 4
        found_s = found_s or self._last_s(0) or claimed_s
        agreed = abs(claimed_s - found_s) < (TWO_FRAMES_S if bare else AGREED_S)
        return max(0.0, claimed_s if agreed else found_s)

    def _last_s(self, from_us: int) -> float:
        """End in seconds of the last packet from a time on (in microseconds; past the end gives the last)."""
        import av

        last_s = 0.0
        with contextlib.suppress(av.FFmpegError, EOFError, OverflowError):
            self._container.seek(from_us)
            for packet in self._container.demux(self._stream):
                if packet.pts is not None:
                    end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                    last_s = max(last_s, end_s - self._origin_s)
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
        """The codec's frames, cut to the stretch; time that begins anew on the way goes on instead."""
        rate = self.info.sample_rate
        first = round(start_s * rate)
        end = first + round(duration_s * rate)
        position: int | None = None
        for frame_start, block in self._frames(0.0 if self._joined else start_s):
            anew = frame_start is None or (position is not None and frame_start < position - rate)
            at = (position or 0) if anew or frame_start is None else frame_start
            position = at + len(block)
            kept = block[max(0, first - at) : max(0, end - at)]
            if len(kept):
                yield kept
            if position >= end:
                return

    def _frames(self, start_s: float) -> Iterator[tuple[int | None, Block]]:
        """Decoded frames from a little before `start_s`: their position in samples and their samples.

        Frames of another rate or number of channels than the first (a stream that changes on the way) are
        brought to those of the first.
        """
        import av

        info = self.info
        wanted = resampled = (info.sample_rate, info.channels)
        try:
            self._container.seek(int(max(0.0, start_s - 0.2 + self._origin_s) * 1e6))
            for frame in self._container.decode(self._stream):
                at = None if frame.time is None else round((frame.time - self._origin_s) * info.sample_rate)
                form = (frame.sample_rate, frame.layout.nb_channels)
                if form == wanted:
                    yield at, _samples(frame)
                    continue
                if form != resampled:
                    resampler = av.AudioResampler(format="fltp", layout=self._layout, rate=info.sample_rate)
                    resampled = form
                for part in resampler.resample(frame):
                    yield at, _samples(part)
                    at = None
        except (av.FFmpegError, ValueError, EOFError):
            return  # damaged from here on: what came before stands

    def close(self) -> None:
        """Close the container and the file below it."""
        self._container.close()
        self._opened.close()


def _samples(frame: Any) -> Block:
    """Float32 samples [frames, channels] of a decoded frame of any format."""
    array = frame.to_ndarray()
    block = array.T if frame.format.is_planar else array.reshape(-1, frame.layout.nb_channels)
    if block.dtype.kind == "f":
        return block.astype(np.float32, copy=False)
    if block.dtype == np.uint8:
        return (block.astype(np.float32) - 128) / np.float32(128)
    return block.astype(np.float32) / np.float32(-float(np.iinfo(block.dtype).min))


def open_ffmpeg(opened: FilePart, *, joined: bool = False) -> FFmpegReader | str:
    """A reader; or, for a file that is understood and has no sound, words for what it holds.

    The file is closed with the reader, or here where there is none. Raises ValueError for one that FFmpeg
    does not understand.
    """
    import av

    options = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
    container = None
    try:
        opened.seek(0)
        container = av.open(opened, container_options=options)
        if container.streams.audio:
            return FFmpegReader(container, opened, joined=joined)
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
