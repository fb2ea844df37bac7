"""Sound files through libsndfile."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sonic_ui.audio.channels import Layout
from sonic_ui.audio.reader_types import BLOCK_FRAMES, Block, FilePart, SoundInfo

MAX_FRAMES = 1 << 48
"""libsndfile gives an endless number of frames where a header has none; FFmpeg then finds the length."""

Source = Path | FilePart


class SoundFileReader:
    """A file that libsndfile reads: WAV, FLAC, MP3, OGG, Opus, AIFF and others.

    Some codecs (GSM 6.10, G.721, NMS ADPCM) cannot be sought in: these are read from the front.
    """

    def __init__(self, opened: Any, source: Source, layout: Layout = ()) -> None:
        self._file = opened
        self._source = source
        rate, channels = int(opened.samplerate), int(opened.channels)
        self.info = SoundInfo(opened.frames / max(rate, 1), rate, channels, str(opened.format), layout)
        self.seeks_fast = bool(opened.seekable())

    def blocks(self, start_s: float, duration_s: float) -> Iterator[Block]:
        """Blocks of BLOCK_FRAMES frames."""
        import soundfile

        rate = self.info.sample_rate
        start = min(round(start_s * rate), self._file.frames)
        left = min(round(duration_s * rate), self._file.frames - start)
        try:
            self._go_to(start)
            while left > 0:
                block = self._read(min(left, BLOCK_FRAMES))
                if len(block) == 0:
                    return
                left -= len(block)
                yield block
        except soundfile.SoundFileError:
            self._open_again()  # damaged from here on: what came before stands, and can be read once more

    def ends_early(self) -> bool:
        """Whether the last frame that the header counts is not there."""
        return not any(
            len(block) for block in self.blocks(self.info.duration_s - 1 / self.info.sample_rate, 1)
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        if isinstance(self._source, FilePart):
            self._source.close()

    def _go_to(self, frame: int) -> None:
        if self.seeks_fast:
            self._file.seek(frame)
            return
        self._open_again()
        while frame > 0 and (skipped := len(self._read(min(frame, BLOCK_FRAMES)))):
            frame -= skipped

    def _open_again(self) -> None:
        self._file.close()
        self._file = _open_file(self._source)

    def _read(self, frames: int) -> Block:
        block: Block = self._file.read(frames, dtype="float32", always_2d=True)
        return block


def _open_file(source: Source) -> Any:
    import soundfile

    if isinstance(source, Path):
        return soundfile.SoundFile(str(source))
    source.seek(0)
    return soundfile.SoundFile(source)


def open_soundfile(source: Source, layout: Layout = ()) -> SoundFileReader | None:
    """A reader of a file, which it closes; None if libsndfile does not know it."""
    import soundfile

    with contextlib.suppress(soundfile.SoundFileError, TypeError, ValueError, OSError):
        opened = _open_file(source)
        if opened.frames < MAX_FRAMES:
            return SoundFileReader(opened, source, layout)
        opened.close()
    if isinstance(source, FilePart):
        source.close()
    return None
