"""Sound files as streams of blocks: libsndfile first, FFmpeg (PyAV) for what it does not know.

A reader knows a file's rate, channels and length and yields float32 blocks [frames, channels] of any stretch
of it, so that nothing ever holds more of a file than is asked for. A damaged file is read as far as it goes.
Its length is what can be decoded: sizes in headers are mended, files that are joined end to end are read as
one, and where the two libraries disagree, the one that reads more reads it.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from sonic_ui.audio.channels import block_to_mono
from sonic_ui.audio.headers import ogg_links, size_patches, wav_layout, xing_covers
from sonic_ui.audio.reader_types import ACCEPTED, AGREED_S, Block, FilePart, Reader, SoundInfo
from sonic_ui.audio.readers_ffmpeg import open_ffmpeg
from sonic_ui.audio.readers_soundfile import SoundFileReader, open_soundfile
from sonic_ui.requests import BadInput

__all__ = ["ACCEPTED", "Block", "Reader", "SoundInfo", "checked_path", "open_reader"]

RATES_HZ = (2000, 768000)
"""Sample rates that are believed. A header outside of this is damaged."""

MAX_CHANNELS = 64

WAVES = ("WAV", "RF64")
"""Formats of which headers.py has seen to the sizes and knows the layout: an empty one is empty."""

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
    """Open a sound file with the library that reads most of it.

    Raises BadInput for a missing, empty or unreadable file and for one that holds no sound.
    """
    file = checked_path(path)
    reader = _open(file)
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


class ChainReader:
    """Files that are joined end to end, read as one: at the rate and with the channels of the first.

    `links` open each of them; what cannot be opened is left out. Raises BadInput where none can.
    """

    seeks_fast = True

    def __init__(self, links: Sequence[Callable[[], Reader]]) -> None:
        self._links: list[tuple[Callable[[], Reader], SoundInfo]] = []
        problem: BadInput | None = None
        for link in links:
            try:
                with contextlib.closing(link()) as reader:
                    self._links.append((link, reader.info))
            except BadInput as refusal:
                problem = problem or refusal
        if not self._links:
            raise problem or ValueError("there is nothing to read")
        infos = [info for _, info in self._links]
        self.info = replace(infos[0], duration_s=sum(info.duration_s for info in infos))

    def blocks(self, start_s: float, duration_s: float) -> Iterator[Block]:
        """Blocks of the files, one after the other."""
        begin_s, end_s = 0.0, start_s + duration_s
        for open_link, info in self._links:
            first_s, last_s = max(0.0, start_s - begin_s), min(end_s - begin_s, info.duration_s)
            if last_s > first_s:
                with contextlib.closing(open_link()) as reader:
                    yield from self._conformed(reader, first_s, last_s - first_s)
            begin_s += info.duration_s

    def _conformed(self, reader: Reader, start_s: float, duration_s: float) -> Iterator[Block]:
        """Blocks of one file; where rate or channels are not the first's, its mono sum in all channels."""
        rate, channels = self.info.sample_rate, self.info.channels
        blocks = reader.blocks(start_s, duration_s)
        if (reader.info.sample_rate, reader.info.channels) == (rate, channels):
            yield from blocks
            return
        import soxr

        stream = soxr.ResampleStream(reader.info.sample_rate, rate, 1, dtype="float32")
        for block in blocks:
            mono = block_to_mono(block, reader.info.layout)
            yield np.repeat(stream.resample_chunk(mono)[:, None], channels, axis=1)
        rest = stream.resample_chunk(np.zeros(0, np.float32), last=True)
        yield np.repeat(rest[:, None], channels, axis=1)

    def close(self) -> None:
        """Nothing is open between reads."""


def _open(file: Path) -> Reader:
    links, patches = ogg_links(file), size_patches(file)
    if len(links) > 1:
        return ChainReader([partial(_open_part, file, partial(FilePart, file, *link)) for link in links])
    if patches:
        return _open_part(file, partial(FilePart, file, patches=patches))
    return _open_part(file)


def _open_part(file: Path, part: Callable[[], FilePart] | None = None) -> Reader:
    """A reader of a file, or of `part` of it, by the library that reads more. Raises BadInput."""
    reader = open_soundfile(part() if part else file, wav_layout(file))
    if reader is None or (reader.info.duration_s == 0 and not reader.info.format.startswith(WAVES)):
        return _open_other(file, part or partial(FilePart, file), reader)
    return _longer(reader, file, part or partial(FilePart, file))


def _open_other(file: Path, part: Callable[[], FilePart], empty: SoundFileReader | None) -> Reader:
    """A reader of what libsndfile does not know, or finds nothing in. Raises BadInput."""
    try:
        reader = open_ffmpeg(part())
    except ValueError as error:
        if empty is not None:
            return empty
        raise _not_sound(file) from error
    if isinstance(reader, str):
        if empty is not None:
            return empty
        raise BadInput(
            f"“{file.name}” holds {reader}. Choose a file with a sound track, or record one.", "sound"
        )
    if empty is not None:
        empty.close()
    return reader


def _longer(reader: SoundFileReader, file: Path, part: Callable[[], FilePart]) -> Reader:
    """The reader, or FFmpeg's where that reads more, or knows what more than two channels are.

    libsndfile guesses the length of an MP3 by its first frame where no header counts its frames. In a FLAC
    whose end was cut off it loses the block in which that is.
    """
    info = reader.info
    counted = xing_covers(file) if info.format == "MP3" else True
    cut_off = info.format == "FLAC" and reader.ends_early()
    nameless = info.channels > 2 and not info.layout and not info.format.startswith(WAVES)
    if counted and not cut_off and not nameless:
        return reader
    try:
        other = open_ffmpeg(part(), joined=counted is False)
    except ValueError:
        return reader
    if isinstance(other, str):
        return reader
    more_s = other.info.duration_s - info.duration_s
    better = cut_off or (nameless and more_s > -AGREED_S)
    if more_s > AGREED_S or (better and other.info.channels == info.channels):
        reader.close()
        return other
    other.close()
    if more_s < -AGREED_S:
        reader.info = replace(info, duration_s=other.info.duration_s)
    return reader
