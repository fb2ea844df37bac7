"""Pictures as PNG files that carry the settings they were made with."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sonic_ui.media.wav_metadata import is_wave, read_sound_settings
from sonic_ui.requests import BadInput
from sonic_ui.requests.base import MAX_REQUEST_CHARACTERS

if TYPE_CHECKING:
    from PIL.Image import Image

KEPT_S = 86_400
KEY = "sonic-ui"
"""Name of the PNG text chunk (iTXt, UTF-8 JSON) that holds the settings."""

FOREIGN = (
    "{name} carries no settings of Sonic UI. Drop a PNG that was downloaded here; pictures saved by other "
    "programs or sent through a chat often lose what they carry."
)


def write_pictures(images: Sequence[Image], settings: dict[str, Any], folder: Path) -> tuple[Path, ...]:
    """Save each picture as PNG with `settings` and its own number in the `sonic-ui` text chunk.

    Files are named after the sounds and the seed, numbered where there are several.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = stem_of(settings)
    paths = []
    for number, image in enumerate(images):
        path = folder / (f"{stem}-{number + 1}.png" if len(images) > 1 else f"{stem}.png")
        write_picture(image, {**settings, "picture": number}, path)
        paths.append(path)
    return tuple(paths)


def write_picture(image: Image, settings: dict[str, Any], path: Path) -> None:
    """Save one picture as PNG with `settings` in the `sonic-ui` text chunk."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_itxt(KEY, json.dumps(settings, ensure_ascii=False))
    info.add_text("Software", str(settings["app"]))
    image.save(path, "PNG", pnginfo=info)


def read_settings(path: str | Path, name: str = "") -> dict[str, Any]:
    """The settings that a PNG, a GIF, a film or a WAV carries. Raises `BadInput` if it is none of ours."""
    if is_wave(path):
        return read_sound_settings(path, name)
    shown = f"“{(name or Path(path).name)[:60]}”"
    try:
        text = _carried(Path(path))
    except (OSError, ValueError, SyntaxError, LookupError):
        raise BadInput(
            f"{shown} is not a PNG, a GIF or a film that can be read. Drop one downloaded here."
        ) from None
    if text is None:
        raise BadInput(FOREIGN.format(name=shown))
    if len(text) > MAX_REQUEST_CHARACTERS:
        raise BadInput(f"The settings in {shown} are {len(text)} characters long: too long to be ours.")
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError):
        settings = None
    if not isinstance(settings, dict) or not isinstance(settings.get("request"), dict):
        raise BadInput(f"The settings in {shown} are damaged. Drop another picture.")
    return settings


FILMS = ((slice(4, 8), b"ftyp", "mp4"), (slice(0, 4), b"\x1aE\xdf\xa3", "matroska"))
"""How the first bytes of a film tell its container, and FFmpeg's name of it: no other is ever opened, since
some name further files to read."""


def _carried(path: Path) -> str | None:
    """The text that a file of ours carries, if it carries any. Raises OSError, ValueError and the like."""
    from PIL import Image

    with path.open("rb") as file:
        head = file.read(12)
    for place, mark, container in FILMS:
        if head[place] == mark:
            import av

            try:
                with av.open(str(path), format=container) as film:
                    return film.metadata.get("comment") or film.metadata.get("COMMENT")
            except av.FFmpegError as error:
                raise ValueError("damaged") from error
    try:
        with Image.open(path, formats=("PNG", "GIF")) as image:  # the text stands before the pixels
            text = image.info.get(KEY if image.format == "PNG" else "comment")
    except Image.DecompressionBombError as error:
        raise ValueError("too large") from error
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def stem_of(settings: dict[str, Any]) -> str:
    """The beginning of the names of a result's files: its picture if it had one, its sounds and its seed."""
    request = settings["request"]
    if request.get("picture"):
        picture, sound = (safe_stem(str(request[name])) for name in ("picture", "sound"))
        return f"{picture}-with-{sound}-{request['seed']}"
    sounds = [safe_stem(str(request[name])) for name in ("sound", "sound_a", "sound_b") if name in request]
    return f"{'-to-'.join(sounds)}-{request['seed']}"


def safe_stem(name: str) -> str:
    """A sound's name as the beginning of a file name."""
    stem = re.sub(r"[^\w-]+", "-", Path(name).stem, flags=re.UNICODE).strip("-_")
    return stem[:40] or "sound"


class PictureFolder:
    """A temporary folder for finished pictures, gone when the app ends; pictures of yesterday go sooner."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sonic-ui-")
        self.path = Path(self._folder.name)

    def write(self, images: Sequence[Image], settings: dict[str, Any]) -> tuple[Path, ...]:
        """Save the pictures of one result in a folder of their own."""
        return write_pictures(images, settings, self.new())

    def new(self) -> Path:
        """A new folder for the files of one result."""
        self._forget_old()
        return Path(tempfile.mkdtemp(dir=self.path))

    def _forget_old(self) -> None:
        for folder in self.path.iterdir():
            if time.time() - folder.stat().st_mtime > KEPT_S:
                shutil.rmtree(folder, ignore_errors=True)
