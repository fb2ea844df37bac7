"""Writers of films that take one frame after the other: MP4 with its sound, GIF, or PNG files in a ZIP.

None holds the frames it has written (a GIF holds them as one byte a pixel: Pillow writes it at once). Each
carries the settings it was made with, and leaves nothing behind where it fails.
"""

from __future__ import annotations

import contextlib
import json
import zipfile
from dataclasses import dataclass, field
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sonic_ui.audio.channels import block_to_mono
from sonic_ui.audio.decode import finite_block
from sonic_ui.audio.readers import Reader, open_reader
from sonic_ui.media.films import FILM_RATE_HZ, GIF_COLOURS, encode_picture, film_format, set_up_video
from sonic_ui.media.metadata import KEY
from sonic_ui.media.temporary import not_saved, writing
from sonic_ui.requests import BadInput
from sonic_ui.requests.make_film import LONGEST_GIF_S

Pixels = NDArray[np.uint8]


class FilmWriter(Protocol):
    """Takes the frames of a film."""

    path: Path

    def add(self, pixels: Pixels) -> None:
        """Write the next frame [H, W, 3]. Raises `BadInput` for a full disk."""

    def close(self) -> Path:
        """Finish the file. Raises `BadInput` for a full disk."""

    def discard(self) -> None:
        """Leave nothing behind; does nothing to a film that is closed."""


@dataclass
class VideoWriter:
    """H.264 with AAC in MP4 (or VP9 with Opus in WebM), and the sound of a file from `begin_s` on."""

    stem: Path
    fps: int
    size: tuple[int, int]
    settings: dict[str, Any]
    sound: str
    begin_s: float
    path: Path = field(init=False)
    _frames: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        import av

        kind = film_format()
        self.path = self.stem.with_name(self.stem.name + kind.suffix)
        self._written = 0  # samples
        self._closed = False
        self._sound = SoundStream(self.sound, self.begin_s)
        with _saving(self):
            self._container = av.open(str(self.path), "w", container_options=kind.container_options)
            self._container.metadata["comment"] = json.dumps(self.settings, ensure_ascii=False)
            self._container.metadata["title"] = self.path.stem
            self._video: Any = self._container.add_stream(
                kind.video, rate=Fraction(self.fps), options=kind.video_options
            )
            set_up_video(self._video, self.size[1], self.size[0])
            layout = "stereo" if self._sound.channels == 2 else "mono"
            self._audio: Any = self._container.add_stream(
                kind.audio, rate=FILM_RATE_HZ, layout=layout, bit_rate=96_000 * self._sound.channels
            )

    def add(self, pixels: Pixels) -> None:
        import av

        with _saving(self):
            self._container.mux(self._video.encode(encode_picture(pixels, self._frames, Fraction(self.fps))))
            self._frames += 1
            end = round(self._frames * FILM_RATE_HZ / self.fps)
            samples = self._sound.take(end - self._written)
            layout = "stereo" if self._sound.channels == 2 else "mono"
            block = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout=layout)
            block.sample_rate, block.pts, block.time_base = (
                FILM_RATE_HZ,
                self._written,
                Fraction(1, FILM_RATE_HZ),
            )
            self._container.mux(self._audio.encode(block))
            self._written = end

    def close(self) -> Path:
        with _saving(self):
            self._container.mux(self._video.encode())
            self._container.mux(self._audio.encode())
            self._end()
        return self.path

    def discard(self) -> None:
        if not self._closed:
            with contextlib.suppress(Exception):  # of a file that could not be written, and goes
                self._end()
            self.path.unlink(missing_ok=True)

    def _end(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._sound.close()
        container = getattr(self, "_container", None)
        if container is not None:
            container.close()


class SoundStream:
    """The sound of a file as blocks at FILM_RATE_HZ, one channel or two, read as it is needed."""

    def __init__(self, path: str, begin_s: float) -> None:
        self._opened = open_reader(path)
        self._reader: Reader | None = self._opened.__enter__()
        self.channels = 2 if self._reader.info.channels == 2 else 1
        self._blocks = self._resampled(self._reader, begin_s)
        self._held = np.zeros((0, self.channels), np.float32)

    def take(self, count: int) -> NDArray[np.float32]:
        """The next `count` samples [count, channels]; silence where the file has ended."""
        while len(self._held) < count and (block := next(self._blocks, None)) is not None:
            self._held = np.concatenate([self._held, block])
        samples, self._held = self._held[:count], self._held[count:]
        return np.clip(np.pad(samples, ((0, count - len(samples)), (0, 0))), -1.0, 1.0)

    def close(self) -> None:
        """Let go of the file."""
        if self._reader is not None:
            self._reader = None
            self._blocks.close()
            self._opened.__exit__(None, None, None)

    def _resampled(self, reader: Reader, begin_s: float) -> Any:
        import soxr

        info = reader.info
        stream = soxr.ResampleStream(info.sample_rate, FILM_RATE_HZ, self.channels, dtype="float32")
        for block in reader.blocks(begin_s, max(0.0, info.duration_s - begin_s) + 1.0):
            block = finite_block(block)
            if self.channels == 1:
                block = block_to_mono(block, info.layout)[:, None].astype(np.float32)
            yield stream.resample_chunk(np.ascontiguousarray(block)).reshape(-1, self.channels)
        yield stream.resample_chunk(np.zeros((0, self.channels), np.float32), last=True).reshape(
            -1, self.channels
        )


@dataclass
class GifWriter:
    """An animated GIF that never ends, with one palette: that of its first frames."""

    stem: Path
    fps: int
    settings: dict[str, Any]
    path: Path = field(init=False)

    def __post_init__(self) -> None:
        self.path = self.stem.with_name(self.stem.name + ".gif")
        self._frames: list[Image.Image] = []
        self._sheet: list[Pixels] = []
        self._palette: Image.Image | None = None

    def add(self, pixels: Pixels) -> None:
        if len(self._frames) + len(self._sheet) >= LONGEST_GIF_S * self.fps:
            raise BadInput(
                f"A GIF holds at most {LONGEST_GIF_S:g} s. Film a shorter part, or choose MP4.", "output"
            )
        if self._palette is None:
            self._sheet.append(pixels)
            if len(self._sheet) == PALETTE_FRAMES:
                self._quantize()
        else:
            self._frames.append(
                Image.fromarray(pixels).quantize(palette=self._palette, dither=Image.Dither.NONE)
            )

    def _quantize(self) -> None:
        small = [
            Image.fromarray(one).resize((48, 48)) for one in self._sheet[:: max(1, len(self._sheet) // 32)]
        ]
        sheet = Image.new("RGB", (48 * len(small), 48))
        for column, one in enumerate(small):
            sheet.paste(one, (48 * column, 0))
        self._palette = sheet.quantize(GIF_COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=1)
        frames, self._sheet = self._sheet, []
        for pixels in frames:
            self._frames.append(
                Image.fromarray(pixels).quantize(palette=self._palette, dither=Image.Dither.NONE)
            )

    def close(self) -> Path:
        if self._palette is None:
            self._quantize()
        ends = np.rint(np.arange(len(self._frames) + 1) * max(100.0 / self.fps, 2.0))
        with writing(self.path):
            self._frames[0].save(
                self.path,
                "GIF",
                save_all=True,
                append_images=self._frames[1:],
                duration=(10 * np.diff(ends).astype(int)).tolist(),
                comment=json.dumps(self.settings).encode("ascii"),
                loop=0,
            )
        self._frames = []
        return self.path

    def discard(self) -> None:
        self._frames, self._sheet = [], []


PALETTE_FRAMES = 360
"""Frames that a GIF's palette is made of, where it has so many."""


@dataclass
class ZipWriter:
    """Numbered PNG files in a ZIP, with settings.json beside them."""

    stem: Path
    fps: int
    settings: dict[str, Any]
    path: Path = field(init=False)

    def __post_init__(self) -> None:
        self.path = self.stem.with_name(self.stem.name + ".zip")
        self._count = 0
        self._closed = False
        with _saving(self):
            self._file = zipfile.ZipFile(self.path, "w", zipfile.ZIP_STORED, allowZip64=True)
            self._file.writestr("settings.json", json.dumps(self.settings, ensure_ascii=False, indent=2))

    def add(self, pixels: Pixels) -> None:
        info = PngInfo()
        info.add_itxt(KEY, json.dumps({**self.settings, "frame": self._count}, ensure_ascii=False))
        data = BytesIO()
        Image.fromarray(pixels).save(data, "PNG", pnginfo=info, compress_level=3)
        self._count += 1
        with _saving(self):
            self._file.writestr(f"{self.stem.name}-{self._count:05d}.png", data.getvalue())

    def close(self) -> Path:
        with _saving(self):
            self._file.close()
            self._closed = True
        return self.path

    def discard(self) -> None:
        if not self._closed:
            with contextlib.suppress(OSError, ValueError, AttributeError):
                self._file.close()
            self._closed = True
            self.path.unlink(missing_ok=True)


class _saving:
    """Within the block a film is written; where that fails nothing stays, and the person reads a sentence."""

    def __init__(self, writer: VideoWriter | ZipWriter) -> None:
        self._writer = writer

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is None:
            return
        self._writer.discard()
        if isinstance(error, OSError):  # PyAV's errors of files are OSErrors as well
            raise BadInput(not_saved(error), "disk") from error
