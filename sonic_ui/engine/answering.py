"""Answers to the questions of another app, or of another process: the studio behind a wire.

A question is a JSON object and files, each answer a JSON object:

    {"ask": "hello"}      -> {"protocol", "version", "info", "sources", "serves", "place"}
    {"ask": "hear", "duration_s"}, a sound        -> {"value": AudioAnalysis}
    {"ask": "caption", "duration_s", "text", "top_k", "seed"}, a sound -> {"value": Caption}
    {"ask": "hear_windows", "lengths"}, windows one after the other in one sound -> {"value": WindowAnalysis}
    {"ask": "see"}, a picture                     -> {"value": ImageAnalysis}
    {"ask": "run", "request", "files", "words"}   -> {"event": ...}, ..., {"kept": CacheUsage}
                                                     and {"film": bytes}, ... before the result of a film

`request` is a request as JSON whose settings `files` are the files that come along, in that order: no other
file is ever read. Values are written by `engine.serialization`; binary ones, for processes that trust each
other, hold bytes where JSON needs text.
"""

import base64
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sonic_ui import __version__
from sonic_ui.engine.events import CancelToken, FilmResult
from sonic_ui.engine.serialization import PROTOCOL, encode
from sonic_ui.engine.studio import Studio
from sonic_ui.media.word_files import SoundWord, word_of
from sonic_ui.requests import VERBS, BadInput, MakingRequest
from sonic_ui.requests.base import read_object
from sonic_ui.requests.captions import CaptionSoundRequest
from sonic_ui.requests.fields import MAX_PROMPT_CHARACTERS, as_float, tidy_text
from sonic_ui.requests.links import file_settings

Answer = dict[str, Any]

NOT_UNDERSTOOD = "This question is not understood: bring both apps to the same version."
NOT_FROM_AFAR = "An engine is taught on its own page, not from another app. Open its page."
MAX_WORDS = 64
MAX_WINDOWS, MAX_WINDOW = 200, 480_000
"""Of a track: windows in one question, and samples of one."""
FILM_PART = 2_000_000
"""Bytes of a film that go in one answer."""


def answers(
    studio: Studio,
    question: Answer,
    files: Sequence[str],
    session: str,
    cancel: CancelToken,
    binary: bool = False,
) -> Iterator[Answer]:
    """What a studio answers to a question, see the module. Raises as `Studio.run`, and `BadInput` for what is
    none.

    session   the name here of who is asking
    """
    kind, write = question.get("ask"), partial(encode, binary=binary)
    if kind == "hello":
        yield hello(studio)
    elif kind == "hear" and len(files) == 1:
        duration_s = as_float(question.get("duration_s")) or 0.0
        sound = studio.load_sound(files[0], 0.0, duration_s if duration_s > 0 else None)
        yield {"value": write(studio.embed_audio(sound))}
    elif kind == "caption" and len(files) == 1:
        duration_s = as_float(question.get("duration_s")) or 0.0
        settings: dict[str, Any] = {name: question[name] for name in ("top_k", "seed") if name in question}
        drawn = CaptionSoundRequest.from_values({"sound": files[0], **settings})
        sound = studio.load_sound(files[0], 0.0, duration_s if duration_s > 0 else None)
        text = tidy_text(_text(question.get("text")))[:MAX_PROMPT_CHARACTERS]
        yield {"value": write(studio.captions.caption(sound, text, drawn.top_k, drawn.seed))}
    elif kind == "hear_windows" and len(files) == 1:
        windows = read_windows(files[0], question.get("lengths"))
        yield {"value": write(studio.embed_windows(windows))}
    elif kind == "see" and len(files) == 1:
        yield {"value": write(studio.analyze_image(files[0]))}
    elif kind == "run":
        request, words = read_question(question, files), read_words(question)
        for event in studio.run(request, cancel, session, words):
            if isinstance(event, FilmResult):
                yield from ({"film": write(part)} for part in _film_parts(event.film))
            yield {"event": write(event)}
        yield {"kept": write(studio.cache_usage(session))}
    else:
        raise BadInput(NOT_UNDERSTOOD)


def hello(studio: Studio) -> Answer:
    """What an app says of its engine."""
    studio.start()
    try:
        sources = studio.backend.bundle.sources
    except BadInput:  # a run will say what is wrong with them
        sources = ()
    return {
        "protocol": PROTOCOL,
        "version": __version__,
        "info": studio.info.model_dump(mode="json"),
        "sources": [source.model_dump() for source in sources],
        "serves": [verb for verb in VERBS if studio.supports(verb)],
        "place": studio.status.location,
    }


def read_windows(path: str, lengths: object) -> list[np.ndarray]:
    """Windows of so many samples that lie one after the other in a file. Raises `BadInput`."""
    import soundfile

    if not isinstance(lengths, list) or not 0 < len(lengths) <= MAX_WINDOWS:
        raise BadInput(NOT_UNDERSTOOD)
    if not all(isinstance(one, int) and 0 < one <= MAX_WINDOW for one in lengths):
        raise BadInput(NOT_UNDERSTOOD)
    try:
        samples, _ = soundfile.read(path, frames=sum(lengths), dtype="float32")
    except (OSError, RuntimeError):
        raise BadInput(NOT_UNDERSTOOD) from None
    if samples.ndim != 1 or samples.size != sum(lengths):
        raise BadInput(NOT_UNDERSTOOD)
    return np.split(samples, np.cumsum(lengths)[:-1])


def _film_parts(path: Path) -> Iterator[np.ndarray]:
    """The bytes of a film, uint8 [N] at a time."""
    with path.open("rb") as file:
        while part := file.read(FILM_PART):
            yield np.frombuffer(part, np.uint8)


def read_question(question: Answer, files: Sequence[str]) -> MakingRequest:
    """The request of a question, on the files that came along and on no others. Raises `BadInput`."""
    values = read_object(_text(question.get("request")))
    verb, names = values.get("verb"), question.get("files")
    if not isinstance(verb, str) or verb not in VERBS or not isinstance(names, list):
        raise BadInput(NOT_UNDERSTOOD)
    if VERBS[verb].request.FILE_LISTS:
        raise BadInput(NOT_FROM_AFAR)
    allowed = file_settings(VERBS[verb].request)
    if len(names) != len(files) or any(name not in allowed for name in names):
        raise BadInput(NOT_UNDERSTOOD)
    plain = {name: value for name, value in values.items() if name not in (*allowed, "library")}
    return VERBS[verb].request.from_values({**plain, **dict(zip(names, files, strict=True))})


def read_words(question: Answer) -> dict[str, SoundWord]:
    """The learned words that came along, by name. Raises `BadInput`."""
    given = question.get("words", [])
    if not isinstance(given, list) or len(given) > MAX_WORDS:
        raise BadInput(NOT_UNDERSTOOD)
    try:
        files = [base64.b64decode(_text(one), validate=True) for one in given]
    except ValueError:
        raise BadInput(NOT_UNDERSTOOD) from None
    words = [word_of(data, "word") for data in files]
    return {word.name: word for word in words}


def _text(value: object) -> str:
    """Text of a question; what is none is empty."""
    return value if isinstance(value, str) else ""
