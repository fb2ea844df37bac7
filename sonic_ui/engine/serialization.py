"""Events as JSON and back, for an app that runs on the engine of another.

A frozen dataclass becomes {"_": its name, ...}; pictures travel as PNG (previews as JPEG), arrays as .npy,
both in base64 where JSON
needs text, files as their names alone. Nothing is ever unpickled, and only the classes in `KINDS` are
made, with fields of their own types and within limits. When names or fields change, so does `PROTOCOL`.
"""

import base64
import dataclasses
import math
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL.Image import Image
from pydantic import ConfigDict, TypeAdapter, with_config

from sonic_ui.engine import events
from sonic_ui.engine.caches import CacheUsage
from sonic_ui.media.captions import Caption
from sonic_ui.media.word_files import SoundWord
from sonic_ui.pipelines.candidate_ranking import Choice
from sonic_ui.requests import Request, read_request
from sonic_ui.requests.links import file_settings
from sonic_ui.retrieval.library import Excerpt, Pick

PROTOCOL = 14
"""Both apps must speak the same."""

KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *(events.Progress, events.Preview, events.Notice),
        *(events.FramesAdded, events.FramesDone, events.FrameInfo),
        *(events.Result, events.SoundResult, events.UpscaleResult, events.Take, events.ConceptPart),
        *(events.WordResult, SoundWord, Caption),
        *(events.FilmResult, events.FilmSegment, events.WindowAnalysis),
        *(events.AudioAnalysis, events.Label, events.ImageAnalysis, Pick, Excerpt, Choice, CacheUsage),
    )
}
REMOTE_FILE = "away"
"""Stands for a file of the other machine."""

PREVIEW_QUALITY = 80

MAX_ARRAY_VALUES = 4_000_000
"""Of one array: a sound of 80 s."""
MAX_PIXELS = 200_000_000
"""Of all pictures of one answer."""
MODES = ("RGB", "RGBA", "L", "LA")
MAX_IMAGES = 256
MAX_FRAMES = 10_000
"""Numbers of frames: a film has more of them than one answer holds."""
MAX_SEGMENTS = 2000
"""Of a track."""
MAX_ITEMS = 100_000
"""Of one answer: everything in it that is a value of its own."""
MAX_CHARACTERS = 100_000
"""Of one text; what arrays and pictures are written in has its own limits."""
MAX_NAME = 255

_STRICT = ConfigDict(strict=True, arbitrary_types_allowed=True, revalidate_instances="always")
for _kind in KINDS.values():
    with_config(_STRICT)(_kind)


@cache
def _type_check(name: str) -> TypeAdapter[Any]:
    """The check of the types of a class's fields."""
    return TypeAdapter(KINDS[name])


class DecodeError(ValueError):
    """What came is not what `encode` writes."""


def encode(value: Any, rough: bool = False, binary: bool = False) -> Any:
    """A value as JSON; `rough` pictures are made small. Raises TypeError for what is never sent.

    binary   arrays and pictures as bytes, for what need not be text
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return number if math.isfinite(number) else {"_": "number", "value": repr(number)}
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, (list, tuple)):
        items = [encode(item, rough, binary) for item in value]
        return items if isinstance(value, list) else {"_": "tuple", "items": items}
    if isinstance(value, dict):
        return {str(name): encode(one, rough, binary) for name, one in value.items()}
    if isinstance(value, np.ndarray):
        return {"_": "array", "data": _data(_saved_array(value), binary)}
    if isinstance(value, Request):
        return {"_": "request", "json": _without_files(value).to_json()}
    if isinstance(value, Path):
        return {"_": "file", "name": value.name[:MAX_NAME]}  # a path means nothing on the other machine
    if type(value) is KINDS.get(type(value).__name__) and dataclasses.is_dataclass(value):
        rough = rough or isinstance(value, events.Preview)
        named = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {"_": type(value).__name__} | {name: encode(one, rough, binary) for name, one in named.items()}
    if isinstance(value, Image):
        return {"_": "picture", "data": _data(_saved_picture(value, rough), binary)}
    raise TypeError(f"a {type(value).__name__} is never sent")


def decode(value: Any, kind: type | tuple[type, ...] = object) -> Any:
    """The value that `encode` wrote, an instance of `kind`.

    Raises `DecodeError` for everything else: other classes, fields of other types, numbers that are none,
    and what is larger than anything that the app makes.
    """
    try:
        decoded = _Decoder().decode(value)
    except Exception as problem:  # of libraries that read what strangers wrote, any
        raise DecodeError(f"not understood: {str(problem)[:200]}") from problem
    if not isinstance(decoded, kind):
        raise DecodeError(f"not understood: a {type(decoded).__name__} where another kind was due")
    return decoded


class _Decoder:
    """The values of one answer, counted."""

    def __init__(self) -> None:
        self._items = 0
        self._pixels = 0

    def decode(self, value: Any) -> Any:
        """As the function `decode`; raises anything."""
        self._items += 1
        if self._items > MAX_ITEMS:
            raise ValueError("too many values")
        if isinstance(value, list):
            return [self.decode(item) for item in value]
        if not isinstance(value, dict):
            return _plain(value)
        kind = value.get("_")
        if kind is None:
            return {str(name)[:MAX_NAME]: self.decode(one) for name, one in value.items()}
        if kind == "tuple":
            return tuple(self.decode(item) for item in value["items"])
        if kind == "picture":
            return self._read_picture(_bytes(value["data"]))
        if kind in _PLAIN:
            return _PLAIN[kind](value)
        fields = {name: self.decode(one) for name, one in value.items() if name != "_"}
        made = KINDS[kind](**fields)
        _type_check(kind).validate_python(made)
        if type(made) in _LIMITS:
            _LIMITS[type(made)](made)
        return made

    def _read_picture(self, data: bytes) -> Any:
        from PIL import Image

        picture = Image.open(BytesIO(data), formats=("PNG", "JPEG"))
        self._pixels += picture.width * picture.height
        if self._pixels > MAX_PIXELS or picture.mode not in MODES:
            raise ValueError(f"a picture of {picture.size} in {picture.mode}")
        return picture.copy()  # reads it, and closes the file


def _plain(value: Any) -> Any:
    """A text, a number, a boolean or None, within limits."""
    if isinstance(value, str) and len(value) > MAX_CHARACTERS:
        raise ValueError("a text is too long")
    if isinstance(value, (int, float)) and not -(2**63) <= value < 2**63:  # no NaN either
        raise ValueError("a number is too large")
    return value


def _number(value: dict[str, Any]) -> float:
    number = float(value["value"])
    if math.isfinite(number):
        raise ValueError("a number that needs no words")
    return number


def _read_array(value: dict[str, Any]) -> np.ndarray:
    """An array, whose header must fit what follows before memory is taken for it."""
    data = BytesIO(_bytes(value["data"]))
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, _, dtype = read[np.lib.format.read_magic(data)](data)
    size = math.prod(shape)
    if dtype.kind not in "fiu" or len(shape) > 2 or size > MAX_ARRAY_VALUES:
        raise ValueError(f"an array {shape} of {dtype}")
    if len(data.getbuffer()) - data.tell() != size * dtype.itemsize:
        raise ValueError("an array of another length")
    data.seek(0)
    array: np.ndarray = np.load(data, allow_pickle=False)
    if not np.isfinite(array).all():
        raise ValueError("numbers that are none")
    return array


def _read_file(value: dict[str, Any]) -> Path:
    name = value["name"]
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or name != Path(name).name or "\\" in name:
        raise ValueError("no name of a file")
    return Path(name)


_PLAIN: dict[str, Callable[[dict[str, Any]], Any]] = {
    "number": _number,
    "array": _read_array,
    "file": _read_file,
    "request": lambda value: read_request(value["json"]),
}
"""What is no dataclass, by its name."""


# What the fields of a class must be besides their types


def _require(condition: bool, words: str) -> None:
    if not condition:
        raise ValueError(words)


def _check_frames(event: events.FramesDone | events.Preview) -> None:
    count = len(event.images)
    infos = event.infos if isinstance(event, events.FramesDone) else ()
    _require(len(event.indices) == count <= MAX_IMAGES and len(infos) in (0, count), "frames that do not fit")
    _require(all(0 <= index < MAX_FRAMES for index in event.indices), "numbers of frames")


def _check_result(result: events.Result) -> None:
    _require(0 < len(result.images) <= MAX_IMAGES, "no pictures, or too many")
    _require(len(result.frames) in (0, len(result.images)), "frames that do not fit")
    _check_settings(result.settings)


def _check_sounds(result: events.SoundResult) -> None:
    _require(0 < len(result.takes) <= MAX_IMAGES, "no sounds, or too many")
    _require(1000 <= result.sample_rate <= 384_000, "a sample rate")
    _require(result.target is None or result.target.ndim == 1, "a target")
    _check_settings(result.settings)


def _check_film(result: events.FilmResult) -> None:
    _require(0 < len(result.images) == len(result.times) <= MAX_IMAGES, "pictures that do not fit")
    _require(len(result.segments) <= MAX_SEGMENTS, "too many segments")
    _require(0 <= result.duration_s <= 3600 and 0 < result.frames <= 200_000, "a length")
    _check_settings(result.settings)


def _check_word(result: events.WordResult) -> None:
    _require(len(result.images) == len(result.sentences) <= MAX_IMAGES, "sentences that do not fit")
    _require(result.word.vectors.dtype == np.float32 and result.word.vectors.ndim == 2, "a word")
    _check_settings(result.settings)


def _check_windows(analysis: events.WindowAnalysis) -> None:
    embeddings, count = analysis.embeddings, len(analysis.embeddings)
    _require(embeddings.dtype.kind == "f" and embeddings.ndim == 2 and embeddings.size > 0, "embeddings")
    _require(analysis.probabilities.ndim == 2 and len(analysis.probabilities) == count, "probabilities")
    _require(analysis.is_known.ndim == 1 and len(analysis.is_known) == count, "what is known")


def _check_settings(settings: dict[str, Any]) -> None:
    _require(isinstance(settings.get("request"), dict), "settings without a request")
    _require(isinstance(settings.get("app"), str), "settings without an app")


def _check_take(take: events.Take) -> None:
    _require(take.samples.dtype == np.float32 and take.samples.ndim == 1 and take.samples.size > 0, "samples")
    _require(take.energy.dtype.kind == "f" and take.energy.ndim == 1, "an energy curve")


def _check_image_analysis(analysis: events.ImageAnalysis) -> None:
    curve = analysis.suggestion
    _require(curve is None or (curve.dtype.kind == "f" and curve.ndim == 1 and curve.size > 0), "a curve")
    _require(0 < analysis.duration_s <= 600, "a length")
    known = [one for one in (analysis.fit, analysis.least_fit) if one is not None]
    _require(all(0 <= one <= 1 + 1e-6 for one in known), "a fit")


def _check_audio_analysis(analysis: events.AudioAnalysis) -> None:
    embedding = analysis.embedding
    _require(embedding.dtype.kind == "f" and embedding.ndim == 1 and embedding.size > 0, "an embedding")


_LIMITS: dict[type, Callable[[Any], None]] = {
    events.Progress: lambda one: _require(one.step >= 0 and one.total >= 0, "a negative step"),
    events.Preview: _check_frames,
    events.FramesDone: _check_frames,
    events.FramesAdded: lambda one: _require(len(one.infos) <= MAX_IMAGES, "too many frames"),
    events.Result: _check_result,
    events.SoundResult: _check_sounds,
    events.FilmResult: _check_film,
    events.WordResult: _check_word,
    events.FilmSegment: lambda one: _require(0 <= one.begin_s <= one.end_s, "a segment"),
    events.WindowAnalysis: _check_windows,
    events.Take: _check_take,
    events.ImageAnalysis: _check_image_analysis,
    events.AudioAnalysis: _check_audio_analysis,
    events.ConceptPart: lambda one: _require(-100 <= one.gain_db <= 100 and one.seed >= 0, "a concept"),
    events.Label: lambda one: _require(0 <= one.probability <= 1 + 1e-6, "a probability"),
    Choice: lambda one: _require(1 <= one.count <= MAX_IMAGES and one.seed >= 0, "a candidate"),
    CacheUsage: lambda one: _require(one.count >= 0 and one.nbytes >= 0, "a negative size"),
}


def _without_files(request: Request) -> Request:
    """The request with its files called `REMOTE_FILE`: a path means nothing on the other machine."""
    files = file_settings(type(request))
    remote = {name: REMOTE_FILE for name in files if getattr(request, name) is not None}
    return request.changed(**remote)


def _saved_array(array: np.ndarray) -> bytes:
    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _saved_picture(picture: Any, rough: bool) -> bytes:
    buffer = BytesIO()
    if rough:
        picture.convert("RGB").save(buffer, "JPEG", quality=PREVIEW_QUALITY)
    else:
        picture.save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def _bytes(data: Any) -> bytes:
    if isinstance(data, bytes):  # JSON holds none
        return data
    if not isinstance(data, str):
        raise TypeError("data that is neither text nor bytes")
    return base64.b64decode(data, validate=True)


def _data(data: bytes, binary: bool) -> bytes | str:
    return data if binary else base64.b64encode(data).decode("ascii")
