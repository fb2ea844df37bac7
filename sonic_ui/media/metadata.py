"""Pictures and sounds as files that carry the settings they were made with.

A PNG holds them in a text chunk. A WAV holds them in its LIST/INFO chunk (RIFF, 1991, chapter 2), as comment
(ICMT), which other programs show or pass over, and has the same as JSON beside it.
"""

import hashlib
import json
import os
import shutil
import struct
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sonic_ui.media.temporary import make_room, new_folder, writing
from sonic_ui.requests import BadInput
from sonic_ui.requests.base import MAX_REQUEST_CHARACTERS

RESULT_BYTES = 2 * 10**9
"""All results that are on the disk, together."""

KEY = "sonic-ui"
"""Name of the PNG text chunk (iTXt, UTF-8 JSON) that holds the settings."""

MAX_CHUNKS = 1000

STEM_CHARACTERS = 40
STEM_BYTES = 56
"""Of one file's name within another's: two of them, a seed and a number stay far below 255 bytes, which is
what file systems take (encrypted ones 143)."""

FOREIGN = (
    "{name} carries no settings of Sonic UI. Drop a PNG that was downloaded here; pictures saved by other "
    "programs or sent through a chat often lose what they carry."
)


def write_pictures(images: Sequence[Image.Image], settings: dict[str, Any], folder: Path) -> tuple[Path, ...]:
    """Save each picture as PNG with `settings` in the `sonic-ui` text chunk: its own number in it, unless
    they hold one, and what `settings["pictures"]` holds of it, its seed and the pictures painted beside it.

    Files are named after the sounds and the seed, numbered where there are several.
    """
    with writing():
        folder.mkdir(parents=True, exist_ok=True)
    stem, each = stem_of(settings), settings.get("pictures")
    shared = {name: value for name, value in settings.items() if name != "pictures"}
    paths = []
    for number, image in enumerate(images):
        path = folder / (f"{stem}-{number + 1}.png" if len(images) > 1 else f"{stem}.png")
        own = {"picture": shared.get("picture", number), **(each[number] if each else {})}
        write_picture(image, {**shared, **own}, path)
        paths.append(path)
    return tuple(paths)


def write_picture(image: Image.Image, settings: dict[str, Any], path: Path) -> None:
    """Save one picture as PNG with `settings` in the `sonic-ui` text chunk."""
    info = PngInfo()
    info.add_itxt(KEY, json.dumps(settings, ensure_ascii=False))
    info.add_text("Software", str(settings["app"]))
    with writing(path):
        image.save(path, "PNG", pnginfo=info)


def write_sound(samples: np.ndarray, sample_rate: int, settings: dict[str, Any], path: Path) -> Path:
    """Save mono samples [T] as 16-bit WAV with `settings` inside, and as JSON beside it; returns `path`."""
    import soundfile

    text = json.dumps(settings, ensure_ascii=False)
    file = BytesIO()
    soundfile.write(file, np.clip(samples, -1.0, 1.0), sample_rate, subtype="PCM_16", format="WAV")
    info = b"INFO" + _chunk(b"INAM", path.stem.encode() + b"\0") + _chunk(b"ISFT", _software(settings))
    listed = _chunk(b"LIST", info + _chunk(b"ICMT", text.encode() + b"\0"))
    file.seek(0, 2)
    file.write(b"\0" * (file.tell() % 2) + listed)
    size = file.tell()
    file.seek(4)
    file.write(struct.pack("<I", size - 8))
    beside = json.dumps(settings, ensure_ascii=False, indent=2) + "\n"
    with writing(path, sidecar(path)):
        path.write_bytes(file.getvalue())
        sidecar(path).write_text(beside, encoding="utf-8")
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


def read_settings(path: str | Path, name: str = "") -> dict[str, Any]:
    """The settings that a PNG, a GIF, a film or a WAV carries. Raises `BadInput` if it is none of ours."""
    if is_wave(path):
        return read_sound_settings(path, name)
    shown = f"“{(name or Path(path).name)[:60]}”"
    try:
        text = _embedded_text(Path(path))
    except (OSError, ValueError, SyntaxError, LookupError):
        raise BadInput(
            f"{shown} is not a PNG, a GIF or a film that can be read. Drop one downloaded here."
        ) from None
    if text is None:
        raise BadInput(FOREIGN.format(name=shown))
    if len(text) > MAX_REQUEST_CHARACTERS:
        raise BadInput(f"The settings in {shown} are {len(text)} characters long: too long to be ours.")
    return _parse_settings(text, shown, "picture")


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
    return _parse_settings(comment, shown, "sound")


def _parse_settings(text: str, shown: str, kind: str) -> dict[str, Any]:
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError):
        settings = None
    if not isinstance(settings, dict) or not isinstance(settings.get("request"), dict):
        raise BadInput(f"The settings in {shown} are damaged. Drop another {kind}.")
    return settings


FILMS = ((slice(4, 8), b"ftyp", "mp4"), (slice(0, 4), b"\x1aE\xdf\xa3", "matroska"))
"""How the first bytes of a film tell its container, and FFmpeg's name of it: no other is ever opened, since
some name further files to read."""


def _embedded_text(path: Path) -> str | None:
    """The text that a file of ours carries, if it carries any. Raises OSError, ValueError and the like."""
    with path.open("rb") as file:
        head = file.read(12)
    for position, mark, container in FILMS:
        if head[position] == mark:
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


def _comment(path: Path) -> str | None:
    """The comment of a WAV's LIST/INFO chunk; None if it has none, or one too long to be ours."""
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"WAVE":
            raise ValueError("not a WAV")
        size = file.seek(0, 2)
        offset = 12
        for _ in range(MAX_CHUNKS):
            file.seek(offset)
            start = file.read(8)
            if len(start) < 8:
                return None
            name, length = start[:4], struct.unpack("<I", start[4:])[0]
            if name == b"LIST" and length <= 8 * MAX_REQUEST_CHARACTERS and offset + 8 + length <= size:
                for inner, content in _chunks(file.read(length)[4:]):
                    if inner == b"ICMT":
                        return content.rstrip(b"\0").decode("utf-8")
            offset += 8 + length + length % 2
    return None


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    offset = 0
    while offset + 8 <= len(content):
        length = struct.unpack("<I", content[offset + 4 : offset + 8])[0]
        yield content[offset : offset + 4], content[offset + 8 : offset + 8 + length]
        offset += 8 + length + length % 2


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _software(settings: dict[str, Any]) -> bytes:
    return str(settings.get("app", "Sonic UI")).encode() + b"\0"


def stem_of(settings: dict[str, Any]) -> str:
    """The beginning of the names of a result's files: its picture if it had one, its sounds and its seed; of
    what was made larger the factor.
    """
    request, upscaled = settings["request"], settings.get("upscaled")
    larger = f"-{upscaled['factor']}x" if upscaled else ""
    if upscaled and "seed" not in request:
        return f"{safe_stem(str(request['picture']), 'picture')}{larger}"
    sounds = [safe_stem(str(request[name])) for name in ("sound", "sound_a", "sound_b") if name in request]
    picture = f"{safe_stem(str(request['picture']), 'picture')}-with-" if request.get("picture") else ""
    return f"{picture}{'-to-'.join(sounds)}-{request['seed']}{larger}"


def safe_stem(name: str, empty: str = "sound") -> str:
    """A file's name as a part of another: letters of every script with their marks, digits, - and _.

    NFC (Unicode annex 15), at most STEM_CHARACTERS and STEM_BYTES long in UTF-8, never cut between a letter
    and its marks; `empty` where nothing is left.
    """
    letters = ["-"]  # each with its marks
    for one in unicodedata.normalize("NFC", Path(name).stem):
        if _is_mark(one):
            letters[-1] += one if letters[-1] != "-" else ""
        elif one == "_" or unicodedata.category(one)[0] in "LN":
            letters.append(one)
        elif letters[-1] != "-":
            letters.append("-")
    stem = ""
    for letter in letters[1:]:
        if len(stem + letter) > STEM_CHARACTERS or len((stem + letter).encode()) > STEM_BYTES:
            break
        stem += letter
    return stem.strip("-_") or empty


def readable_name(path: str | Path) -> str:
    """A file's name as it may be written and sent: NFC, and "?" for bytes that are no text."""
    return unicodedata.normalize("NFC", Path(path).name.encode("utf-8", "replace").decode())


def _is_mark(character: str) -> bool:
    """Whether it belongs to the letter before: a combining mark, or a joiner of Indic and Persian script."""
    return unicodedata.category(character)[0] == "M" or character in "\u200c\u200d"


class PictureFolder:
    """A folder for finished results inside the private one, gone when the app ends.

    Results of yesterday go sooner, and so do the oldest where all together take more than `max_bytes`.
    Raises `BadInput` for a disk that is full or read-only.
    """

    def __init__(self, max_bytes: int = RESULT_BYTES) -> None:
        self._folder = new_folder("results-")
        self._max_bytes = max_bytes
        self.path = Path(self._folder.name)

    def write(self, images: Sequence[Image.Image], settings: dict[str, Any]) -> tuple[Path, ...]:
        """Save the pictures of one result in a folder of their own, named by what they hold: the same result
        has the same address, and lies on disk once.
        """
        new = self.new()
        paths = write_pictures(images, settings, new)
        digest = hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in paths))
        folder = self.path / digest.hexdigest()[:24]
        try:
            new.rename(folder)
        except OSError:  # it is there already, and becomes as young as the new one
            shutil.rmtree(new, ignore_errors=True)
            with writing():
                os.utime(folder)
        return tuple(folder / path.name for path in paths)

    def new(self) -> Path:
        """A new folder for the files of one result."""
        make_room(self.path, self._max_bytes)
        with writing():
            self.path.mkdir(parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(dir=self.path))
