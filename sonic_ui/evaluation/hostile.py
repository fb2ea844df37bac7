"""Hostile inputs for the running app: values, files, bodies and questions that strangers send."""

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from sonic_ui.requests import VERBS

API = "/gradio_api"

VALUES: dict[str, Any] = {
    "a lone surrogate": "\ud800",
    "a very large number": 10**400,
    "no number": float("nan"),
    "infinity": float("inf"),
    "nested lists": [[[[1]]]],
    "an object": {"_": "picture", "data": "x"},
    "a long text": "x" * 20_000,
    "a negative number": -1,
}
"""What is sent for every setting."""

MORE_VALUES: dict[str, Any] = {
    "a boolean": True,
    "a zero byte": "a\0b",
    "an empty list": [],
    "a path": "../../x",
}
"""What is sent for the settings of the first verb besides."""

FILE_VALUES: dict[str, Any] = {
    "a path of the machine": {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
    "a path out of the folder": {"path": "../../etc/passwd", "meta": {"_type": "gradio.FileData"}},
    "an address inside the network": {
        "path": "x.wav",
        "url": "http://127.0.0.1:9/x.wav",
        "meta": {"_type": "gradio.FileData"},
    },
    "no file": None,
    "a number": 7,
    "an object without a path": {"meta": {"_type": "gradio.FileData"}},
    "a path that is a list": {"path": ["x"], "meta": {"_type": "gradio.FileData"}},
}
"""What is sent where a file is due."""


@dataclass(frozen=True)
class Attempt:
    """One hostile input: a call of an endpoint, or a raw request.

    values    settings of the call besides the usual ones; files: contents to upload, by setting
    request   a raw request instead: method, path, and options of httpx
    """

    name: str
    verb: str = ""
    values: dict[str, Any] | None = None
    files: dict[str, tuple[str, bytes]] | None = None
    request: tuple[str, str, dict[str, Any]] | None = None


def attempts(sound: bytes, picture: bytes) -> Iterator[Attempt]:
    """All of them: more than 500. `sound` and `picture` are good files, which some are made from."""
    sounds, pictures = hostile_sounds(sound), hostile_pictures(picture)
    for number, (verb, kind) in enumerate(VERBS.items()):
        model = kind.request
        settings = [
            name for name in model.model_fields if name not in ("verb", *model.SOUNDS, *model.PICTURES)
        ]
        values = VALUES if number else VALUES | MORE_VALUES
        for setting in settings:
            for what, value in values.items():
                yield Attempt(f"{verb}: {setting} is {what}", verb, {setting: value})
        for setting in (*model.SOUNDS, *model.PICTURES):
            for what, value in FILE_VALUES.items():
                yield Attempt(f"{verb}: {setting} is {what}", verb, {setting: value})
            for name, content in (sounds if setting in model.SOUNDS else pictures).items():
                yield Attempt(f"{verb}: {setting} is {name}", verb, files={setting: (name, content)})
    yield from bodies()
    yield from questions()
    yield from uploads()


# Files


def hostile_sounds(sound: bytes) -> dict[str, bytes]:
    """Sound files that are none, or damaged, by name."""
    noise = np.random.default_rng(3).bytes(4000)
    header = b"RIFF" + struct.pack("<I", 2**32 - 1) + b"WAVEfmt " + struct.pack("<I", 16)
    return {
        "empty.wav": b"",
        "letter.wav": b"Dear sound, ...",
        "noise.mp3": noise,
        "header.wav": header,
        "rates.wav": header + struct.pack("<HHIIHH", 1, 65535, 2**32 - 1, 2**32 - 1, 65535, 65535) + b"data",
        "half.wav": sound[: len(sound) // 2],
        "list.m3u8": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        "silence.wav": sound[:44] + bytes(len(sound) - 44),
        "page.flac": b"<html><body>sign in</body></html>",
        "zip.ogg": b"PK\x03\x04" + noise,
    }


def hostile_pictures(picture: bytes) -> dict[str, bytes]:
    """Picture files that are none, damaged or far too large, by name."""
    bomb, long = BytesIO(), BytesIO()
    Image.new("1", (16_000, 16_000)).save(bomb, "PNG")
    Image.new("L", (4000, 9)).save(long, "PNG")
    return {
        "empty.png": b"",
        "letter.png": b"Dear picture, ...",
        "noise.jpg": np.random.default_rng(4).bytes(4000),
        "half.png": picture[: len(picture) // 2],
        "bomb.png": bomb.getvalue(),
        "long.png": long.getvalue(),
        "huge.png": _png_of(2**31 - 1, 2**31 - 1),
        "draws.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "draws.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        "pages.tif": b"II*\0" + struct.pack("<I", 8) + b"\xff" * 60,
    }


def _png_of(width: int, height: int) -> bytes:
    """A PNG that says it has this size, and ends."""
    content = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    length, sum_of = struct.pack(">I", len(content) - 4), struct.pack(">I", zlib.crc32(content))
    return b"\x89PNG\r\n\x1a\n" + length + content + sum_of


# Raw requests


def bodies() -> Iterator[Attempt]:
    """Bodies of calls that no client writes."""
    texts = {
        "no JSON": b"{",
        "deep JSON": b"[" * 100_000,
        "a list": b"[]",
        "nothing": b"",
        "bytes": b"\xff\xfe\x00",
        "a number": b"7",
        "data that is text": b'{"data": "x"}',
        "short data": b'{"data": []}',
        "long data": json.dumps({"data": [0] * 5000}).encode(),
        "numbers without end": b'{"data": [' + b"9" * 5000 + b"]}",
    }
    paths = [f"{API}/call/{verb}" for verb in VERBS] + [f"{API}/queue/join", f"{API}/run/sound_to_image"]
    for path in (*paths, f"{API}/call/nothing", f"{API}/component_server", f"{API}/cancel"):
        for what, content in texts.items():
            options = {"content": content, "headers": {"content-type": "application/json"}}
            yield Attempt(f"{path}: {what}", request=("POST", path, options))


def questions() -> Iterator[Attempt]:
    """Questions to the engine that no other app asks."""
    run = {"ask": "run", "run": "1", "files": [], "session": "x"}
    asked: dict[str, Any] = {
        "nothing": None,
        "a text": "hello",
        "a list": [1],
        "an unknown question": {"ask": "everything"},
        "a run without a request": run,
        "a run with a path": {**run, "request": '{"verb": "sound_to_image", "sound": "/etc/passwd"}'},
        "a request without end": {**run, "request": "[" * 9000},
        "names of files that are none": {**run, "request": '{"verb": "edit_image"}', "files": ["prompt"]},
        "a sound without a file": {"ask": "hear", "duration_s": "x"},
        "a picture without a file": {"ask": "see"},
        "a session that is an object": {**run, "session": {"a": {}}, "request": "{}"},
    }
    for what, question in asked.items():
        options = {"json": {"data": [question, []]}}
        yield Attempt(f"the engine is asked {what}", request=("POST", f"{API}/call/engine", options))


def uploads() -> Iterator[Attempt]:
    """Uploads and reads that no browser makes."""
    kind = {"content-type": "multipart/form-data; boundary=x"}
    sent: dict[str, dict[str, Any]] = {
        "without a type": {"content": b"x"},
        "without a boundary": {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
        "that end early": {"content": b"--x\r\nContent-Disposition: form-data; name=", "headers": kind},
        "with a path as name": {"files": {"files": ("../../../x.wav", b"x")}},
        "with a long name": {"files": {"files": ("x" * 5000 + ".wav", b"x")}},
        "with a text for a file": {"data": {"files": "x"}, "headers": {}},
    }
    for what, options in sent.items():
        yield Attempt(f"uploads {what}", request=("POST", f"{API}/upload", options))
    for path in ("/etc/passwd", "..%2f..%2fetc%2fpasswd", "http://127.0.0.1:9/", "%00", "x" * 5000):
        yield Attempt(f"the file {path[:30]!r} is read", request=("GET", f"{API}/file={path}", {}))
