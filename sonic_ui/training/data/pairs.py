"""Pairs of a sound and a picture from a folder of one's own: `python -m sonic_ui.training pairs FOLDER`.

Videos are cut into pieces of ten seconds, each beside its middle frame. Sounds take the picture and the
caption that bear their name: `storm.wav`, `storm.jpg` (or `storm-1.jpg`, `storm-2.jpg`), `storm.txt`.
Pictures of what is silent by nature are left out by their captions (Seeing Sound, appendix A.2). One file is
held in memory at a time.
"""

import json
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonic_ui.audio.clips import SHORTEST_S, is_silent
from sonic_ui.audio.decode import decode, probe
from sonic_ui.audio.reader_types import SOUND_SUFFIXES, VIDEO_SUFFIXES
from sonic_ui.media.images import load_picture
from sonic_ui.media.temporary import writing
from sonic_ui.requests import BadInput

SAMPLE_RATE = 48_000
PIECE_S = 10.0
MOST_PIECES = 60
"""Of one file: ten minutes."""
MOST_PICTURES = 20
"""Of one sound."""
MOST_PAIRS = 2000
MOST_TAUGHT = 400
"""Pairs that are held in memory at once, to teach an engine."""
MOST_FILES = 20_000
"""In the folder and those in it."""
PICTURE_PX = 1024
"""Longest side of a picture that is written."""
FREE_BYTES = 500_000_000
"""That stay free on the disk."""

SILENT_WORDS = ("logo", "icon", "emblem", "symbol", "trademark", "sign")
"""Words of captions whose pictures are left out (Seeing Sound, appendix A.2)."""

PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".heic")
NUMBERED = re.compile(r"[-_ ]\d+$")

ALONE = "There is neither a picture nor a caption beside it: put “{stem}.jpg” or “{stem}.txt” there."
SILENT_PICTURE = "Its caption, “{caption}”, says that it is silent by nature."
NO_FRAME = "No picture can be read from this video."

Caption = Callable[[Image.Image], str]
Report = Callable[[str], None]


@dataclass(frozen=True)
class Pair:
    """A line of `pairs.jsonl`: files beside it, the caption, and where the sound was cut from.

    picture   "" for a sound with a caption alone
    """

    sound: str
    picture: str
    caption: str
    source: str
    start_s: float


@dataclass
class PairsFound:
    """What became of a folder: how many pairs, and why files were left out, by their names."""

    pairs: list[Pair] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    is_full: bool = False


@dataclass(frozen=True)
class Piece:
    """A stretch of a sound: where it starts, and mono samples [T] at SAMPLE_RATE."""

    start_s: float
    samples: NDArray[np.float32] = field(repr=False)


def is_silent_caption(caption: str) -> bool:
    """Whether a caption names what makes no sound (Seeing Sound, appendix A.2)."""
    return bool(set(re.findall(r"\w+", caption.lower())) & {*SILENT_WORDS, *(f"{w}s" for w in SILENT_WORDS)})


def files_of(folder: Path) -> list[Path]:
    """Files of a folder and those in it, sorted; hidden ones and links that lead out of it are left out.

    Raises BadInput for a folder that is not there, and one of more than MOST_FILES files.
    """
    if not folder.is_dir():
        raise BadInput(
            f"There is no folder “{folder.name}”. Give the folder of your videos or sounds.", "folder"
        )
    root, found = folder.resolve(), []
    for parent, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = (Path(parent, name) for name in sorted(names) if not name.startswith("."))
        found += [path for path in paths if path.resolve().is_relative_to(root)]
        if len(found) > MOST_FILES:
            raise BadInput(
                f"“{folder.name}” holds more than {MOST_FILES:,} files. Give a smaller folder.", "folder"
            )
    return found


def write_pairs(
    folder: Path,
    out: Path,
    *,
    caption: Caption | None = None,
    typed: str = "",
    most: int = MOST_PAIRS,
    report: Report = print,
) -> PairsFound:
    """Write the pairs of a folder as FLAC and JPEG files, `pairs.jsonl` and `refused.json`, into `out`.

    caption   what a captioner says of a picture; typed: the caption of all that have none of their own

    A file that cannot be used is refused with a sentence, and the others go on. Raises BadInput where there
    is no pair at all, and for a full disk: then no list of pairs is left.
    """
    files, found = files_of(folder), PairsFound()
    beside = _beside(files)
    sounding = [path for path in files if path.suffix.lower() in (*SOUND_SUFFIXES, *VIDEO_SUFFIXES)]
    listing, every = out / "pairs.jsonl", max(1, len(sounding) // 50)
    with writing(listing.with_suffix(".part")):
        (out / "sounds").mkdir(parents=True, exist_ok=True)
        (out / "pictures").mkdir(exist_ok=True)
        with listing.with_suffix(".part").open("w", encoding="utf-8") as lines:
            for number, path in enumerate(sounding):
                if number % every == 0:
                    report(f"{number:,} of {len(sounding):,} files, {len(found.pairs):,} pairs")
                if len(found.pairs) >= most:
                    found.is_full = True
                    break
                try:
                    for pair in _pairs_of(path, folder, out, beside, caption, typed, found.refused):
                        lines.write(json.dumps(asdict(pair), ensure_ascii=False) + "\n")
                        found.pairs.append(pair)
                        if len(found.pairs) >= most:
                            break
                except BadInput as problem:
                    if problem.field == "disk":
                        raise
                    found.refused[path.relative_to(folder.resolve()).as_posix()] = problem.message
        _write_json(out / "refused.json", found.refused)
        if not found.pairs:
            raise BadInput(_nothing(folder, len(sounding), found.refused), "folder")
        listing.with_suffix(".part").replace(listing)
    return found


def read_pairs(folder: Path) -> list[Pair]:
    """The pairs that `write_pairs` or `sonify` wrote. Raises BadInput for another folder."""
    try:
        lines = (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
        return [Pair(**{name: json.loads(line)[name] for name in Pair.__annotations__}) for line in lines]
    except (OSError, ValueError, KeyError, TypeError):
        raise BadInput(
            f"“{folder.name}” holds no pairs. Make them first: python -m sonic_ui.training pairs FOLDER.",
            "folder",
        ) from None


def video_frame(path: Path, at_s: float) -> Image.Image:
    """The frame that a video shows at a second, RGB. Raises BadInput where none can be read."""
    import av

    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            if stream.time_base is not None:
                container.seek(int(at_s / stream.time_base), stream=stream)
            last = None
            for frame in container.decode(stream):
                last = frame
                if frame.time is None or frame.time >= at_s:
                    break
            if last is not None:
                return last.to_image().convert("RGB")
    except (av.error.FFmpegError, IndexError, ValueError, OSError):
        pass
    raise BadInput(NO_FRAME, "picture")


def pieces_of(path: Path) -> Iterator[Piece]:
    """Pieces of at most PIECE_S of a file that are no silence, one decoded at a time. Raises BadInput."""
    count = min(MOST_PIECES, max(1, round(probe(path).duration_s / PIECE_S)))
    empty = True
    for number in range(count):
        samples = decode(path, SAMPLE_RATE, start_s=number * PIECE_S, duration_s=PIECE_S)
        if samples.size >= SHORTEST_S * SAMPLE_RATE and not is_silent(samples):
            empty = False
            yield Piece(number * PIECE_S, samples)
    if empty:
        raise BadInput(f"“{path.name}” is silent. Give one in which something is heard.", "sound")


@dataclass(frozen=True)
class _Beside:
    """What stands beside sounds, by folder and name without ending: pictures, and the caption's file."""

    pictures: dict[Path, list[Path]]
    captions: dict[Path, Path]

    def caption_of(self, path: Path) -> str:
        file = self.captions.get(path.with_suffix(""))
        return "" if file is None else _read_caption(file)


def _beside(files: list[Path]) -> _Beside:
    pictures: dict[Path, list[Path]] = defaultdict(list)
    for path in files:
        if path.suffix.lower() in PICTURE_SUFFIXES:
            stem = path.with_suffix("")
            pictures[stem].append(path)
            if (plain := stem.with_name(NUMBERED.sub("", stem.name))) != stem:
                pictures[plain].append(path)
    return _Beside(
        dict(pictures), {path.with_suffix(""): path for path in files if path.suffix.lower() == ".txt"}
    )


def _read_caption(path: Path) -> str:
    try:
        return " ".join(path.read_text(encoding="utf-8", errors="ignore")[:2000].split())
    except OSError:
        return ""


def _pairs_of(
    path: Path,
    folder: Path,
    out: Path,
    beside: _Beside,
    caption: Caption | None,
    typed: str,
    refused: dict[str, str],
) -> Iterator[Pair]:
    """The pairs of one video, or of one sound with what stands beside it; its files are written."""
    own = beside.caption_of(path)
    is_video = path.suffix.lower() in VIDEO_SUFFIXES
    pictures = [] if is_video else beside.pictures.get(path.with_suffix(""), [])
    if not (is_video or pictures or own):
        raise BadInput(ALONE.format(stem=path.stem), "picture")
    source = path.relative_to(folder.resolve()).as_posix()
    shown = _readable(pictures[:MOST_PICTURES], folder.resolve(), refused)
    for number, piece in enumerate(pieces_of(path)):
        if is_video:
            middle_s = piece.start_s + piece.samples.size / SAMPLE_RATE / 2
            shown = [video_frame(path, middle_s)]
        for part, picture in enumerate(shown):
            words = own or (caption(picture) if caption is not None else "") or typed
            if is_silent_caption(words):
                raise BadInput(SILENT_PICTURE.format(caption=words), "picture")
            name = f"{_safe(source)}-{number:03d}-{part:02d}"
            yield _written(out, name, piece, picture, words, source)
        if not shown:
            yield _written(out, f"{_safe(source)}-{number:03d}", piece, None, own, source)


def _readable(paths: list[Path], root: Path, refused: dict[str, str]) -> list[Image.Image]:
    """The pictures that can be read; the others are refused. Raises BadInput where none of several can."""
    shown, problem = [], None
    for path in paths:
        try:
            shown.append(load_picture(path))
        except BadInput as error:
            refused[path.relative_to(root).as_posix()], problem = error.message, error
    if problem is not None and not shown:
        raise problem
    return shown


def _written(
    out: Path, name: str, piece: Piece, picture: Image.Image | None, caption: str, source: str
) -> Pair:
    sound = write_piece(out / "sounds" / f"{name}.flac", piece.samples)
    shown = "" if picture is None else write_shown(out / "pictures" / f"{name}.jpg", picture)
    return Pair(f"sounds/{sound}", shown and f"pictures/{shown}", caption, source, piece.start_s)


def write_piece(path: Path, samples: NDArray[np.float32]) -> str:
    """Write mono samples [T] as FLAC; returns the file's name. Raises BadInput for a full disk."""
    import soundfile

    check_disk(path.parent)
    with writing(path):
        try:
            soundfile.write(path, np.clip(samples, -1, 1), SAMPLE_RATE, subtype="PCM_16")
        except RuntimeError as error:  # soundfile's own, for a disk that is full as well
            raise OSError(str(error)) from error
    return path.name


def write_shown(path: Path, picture: Image.Image) -> str:
    """Write a picture as JPEG, at most PICTURE_PX on its longer side; returns the file's name."""
    small = picture.copy()
    small.thumbnail((PICTURE_PX, PICTURE_PX), Image.Resampling.LANCZOS)
    with writing(path):
        small.save(path, "JPEG", quality=92)
    return path.name


def check_disk(folder: Path) -> None:
    """Raise BadInput where the disk of a folder has no room left."""
    if shutil.disk_usage(folder).free < FREE_BYTES:
        raise BadInput(
            f"The disk has less than {FREE_BYTES // 10**6} MB left. Free some space or choose another --out.",
            "disk",
        )


def _safe(name: str) -> str:
    """A file's name of the letters that every disk takes."""
    return re.sub(r"[^\w.-]+", "_", name.replace("/", "_"))[:100]


def _nothing(folder: Path, sounding: int, refused: dict[str, str]) -> str:
    if not sounding:
        return f"There is no video and no sound in “{folder.name}”. Put some there, or give another folder."
    name, reason = next(iter(refused.items()))
    return f"None of the {sounding:,} files in “{folder.name}” gives a pair. Of the first, {name}: {reason}"


def _write_json(path: Path, values: Any) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
