"""Learned words as files: textual inversion as diffusers reads it (`load_textual_inversion`).

A file is safetensors with one tensor [V, C] under the word's tag `<storm>`; its metadata holds what the word
was learned from.
"""

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonic_ui.media.metadata import KEY
from sonic_ui.requests import BadInput
from sonic_ui.requests.word_names import check_name

SUFFIX = ".safetensors"
MAX_BYTES = 2_000_000
MAX_VECTORS = 16
MAX_WIDTH = 8192

UNREADABLE = (
    "“{name}” holds no word: it takes a textual inversion as safetensors, with one tensor. Choose a file "
    "that was downloaded here, or one made by diffusers."
)
OTHER_WIDTH = (
    "The word <{word}> has {given} numbers, and those of {title} have {own}: it was learned with another "
    "engine{engine}. Change to that one, or learn it anew here."
)


@dataclass(frozen=True)
class SoundWord:
    """A word that was learned.

    name          as in prompts, without < and >
    vectors       [V, C] float32, in place of token embeddings
    audio_token   f_a [C], the part of the only vector that came from the sound; None where it is not known
    about         what it was learned from: see `engine/jobs/learn_word.py`
    """

    name: str
    vectors: NDArray[np.float32] = field(repr=False)
    audio_token: NDArray[np.float32] | None = field(repr=False, default=None)
    about: dict[str, Any] = field(repr=False, default_factory=dict)

    @property
    def tag(self) -> str:
        """As it stands in a prompt."""
        return f"<{self.name}>"

    @property
    def label(self) -> str:
        """What its sound was heard as; empty where that is not known."""
        return str(self.about.get("heard") or "")[:100]

    @property
    def digest(self) -> str:
        """What identifies its vectors."""
        return hashlib.sha256(self.vectors.tobytes()).hexdigest()[:16]

    @property
    def width(self) -> int:
        """C."""
        return int(self.vectors.shape[1])


def check_width(word: SoundWord, width: int, title: str) -> None:
    """Raise `BadInput` for a word of another width than an engine's token embeddings."""
    if word.width != width:
        engine = str(word.about.get("title") or "")[:60]
        named = f", {engine}" if engine else ""
        sizes = {"given": word.width, "own": width}
        raise BadInput(OTHER_WIDTH.format(word=word.name, title=title, engine=named, **sizes), "file")


def word_bytes(word: SoundWord) -> bytes:
    """The file of a word."""
    from safetensors.numpy import save

    about = dict(word.about)
    if word.audio_token is not None:
        about["audio_token"] = [float(one) for one in word.audio_token]
    tensors = {word.tag: np.ascontiguousarray(word.vectors, np.float32)}
    return save(tensors, metadata={KEY: json.dumps(about, ensure_ascii=False), "format": "pt"})


def as_texts(words: Iterable[SoundWord]) -> list[str]:
    """The files of words in base64, for an app elsewhere."""
    return [base64.b64encode(word_bytes(word)).decode("ascii") for word in words]


def read_word(path: str | Path, name: str | None = None) -> SoundWord:
    """The word in a file, under a name of its own if one is given. Raises `BadInput`."""
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInput(UNREADABLE.format(name=path.name[:60]), "file")
        data = path.read_bytes()
    except (OSError, ValueError):
        raise BadInput(f"The file “{path.name[:60]}” is no longer there. Add it again.", "file") from None
    return word_of(data, path.name, name)


def word_of(data: bytes, file: str, name: str | None = None) -> SoundWord:
    """The word in the bytes of a file called `file`. Raises `BadInput`."""
    try:
        tensors, about = _parsed(data)
    except Exception as problem:  # of libraries that read what strangers wrote, any
        raise BadInput(UNREADABLE.format(name=Path(file).name[:60]), "file") from problem
    ((tag, tensor),) = tensors.items()
    vectors = np.atleast_2d(tensor.astype(np.float32))
    token = about.pop("audio_token", None)
    audio_token = None
    if isinstance(token, list) and len(token) == vectors.shape[1]:
        audio_token = np.array([float(one) for one in token], np.float32)
    return SoundWord(check_name(name or tag), vectors, audio_token, about)


def _parsed(data: bytes) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The one tensor of a file, and its metadata. Raises anything for what is none of it."""
    from safetensors.numpy import load

    tensors = load(data)
    ((_, tensor),) = tensors.items()
    shape = np.atleast_2d(tensor).shape
    if tensor.dtype.kind != "f" or len(shape) != 2 or not 0 < shape[0] <= MAX_VECTORS:
        raise ValueError("no vectors")
    if not 0 < shape[1] <= MAX_WIDTH or not np.isfinite(tensor).all():
        raise ValueError("no numbers")
    head = int.from_bytes(BytesIO(data).read(8), "little")
    text = json.loads(data[8 : 8 + head]).get("__metadata__", {}).get(KEY, "{}")
    about = json.loads(text)
    return tensors, about if isinstance(about, dict) else {}
