"""Events as JSON and back, for an app that runs on the engine of another.

A frozen dataclass becomes {"_": its name, ...}; pictures travel as PNG (previews as JPEG), arrays as .npy,
both in base64. Nothing is ever unpickled, and only the classes in `KINDS` are made. When names or fields
change, so does `PROTOCOL`.
"""

import base64
import dataclasses
import math
from io import BytesIO
from typing import Any

import numpy as np

from sonic_ui.engine import events
from sonic_ui.engine.caches import CacheUsage
from sonic_ui.requests import Request, read_request
from sonic_ui.requests.links import file_settings
from sonic_ui.retrieval.library import Pick

PROTOCOL = 5
"""Both apps must speak the same."""

KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *(events.Progress, events.Preview, events.Notice),
        *(events.FramesAdded, events.FramesDone, events.FrameInfo),
        *(events.Result, events.SoundResult, events.Take),
        *(events.AudioAnalysis, events.Label, events.ImageAnalysis, Pick, CacheUsage),
    )
}
REMOTE_FILE = "away"
"""Stands for a file of the other machine."""

PREVIEW_QUALITY = 80


class DecodeError(ValueError):
    """What came is not what `encode` writes."""


def encode(value: Any, rough: bool = False) -> Any:
    """A value as JSON; `rough` pictures are made small. Raises TypeError for what is never sent."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return number if math.isfinite(number) else {"_": "number", "value": repr(number)}
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, (list, tuple)):
        items = [encode(item, rough) for item in value]
        return items if isinstance(value, list) else {"_": "tuple", "items": items}
    if isinstance(value, dict):
        return {str(name): encode(one, rough) for name, one in value.items()}
    if isinstance(value, np.ndarray):
        return {"_": "array", "data": _text(_saved_array(value))}
    if isinstance(value, Request):
        return {"_": "request", "json": _without_files(value).to_json()}
    if type(value).__name__ in KINDS and dataclasses.is_dataclass(value):
        rough = rough or isinstance(value, events.Preview)
        named = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {"_": type(value).__name__} | {name: encode(one, rough) for name, one in named.items()}
    return {"_": "picture", "data": _text(_saved_picture(value, rough))}


def decode(value: Any) -> Any:
    """The value that `encode` wrote. Raises `DecodeError`."""
    try:
        return _decoded(value)
    except (ValueError, TypeError, KeyError, OSError, AttributeError, RecursionError) as problem:
        raise DecodeError(f"not understood: {problem}") from problem


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("_")
    if kind is None:
        return {name: _decoded(one) for name, one in value.items()}
    if kind == "number":
        return float(value["value"])
    if kind == "tuple":
        return tuple(_decoded(item) for item in value["items"])
    if kind == "array":
        return np.load(BytesIO(base64.b64decode(value["data"])), allow_pickle=False)
    if kind == "picture":
        return _read_picture(base64.b64decode(value["data"]))
    if kind == "request":
        return read_request(value["json"])
    return KINDS[kind](**{name: _decoded(one) for name, one in value.items() if name != "_"})


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


def _read_picture(data: bytes) -> Any:
    from PIL import Image

    picture = Image.open(BytesIO(data), formats=("PNG", "JPEG"))
    return picture.copy()  # reads it, and closes the file


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
