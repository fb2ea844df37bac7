"""The endpoint through which another Sonic UI uses this one's engine.

`/engine` takes a question and files and streams answers, each a JSON object:

    {"ask": "hello"}      -> {"protocol", "version", "info", "sources", "serves", "place"}
    {"ask": "hear", "duration_s"}, a sound        -> {"value": Heard}
    {"ask": "hear_windows", "lengths"}, windows one after the other in one sound -> {"value": Heard}
    {"ask": "see"}, a picture                     -> {"value": Seen}
    {"ask": "run", "request", "files", "session", "words"} -> {"event": ...}, ..., {"kept": Kept}
                                                     and {"film": bytes}, ... before the result of a film
    {"ask": "forget", "session"}                  -> {}

`request` is a request as JSON whose settings `files` are the files that come along, in that order: no other
file is ever read. What goes wrong is {"problem": {"kind", "words", "field"}}. `/engine_cancel` takes the
`run` that every question carries, and stops it at its next step; so does leaving. Values are written by
`engine.serialization`.
"""

import base64
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from sonic_ui import __version__
from sonic_ui.engine.events import CancelToken, FilmResult, encode_error
from sonic_ui.engine.serialization import PROTOCOL, encode
from sonic_ui.media.word_files import SoundWord, word_of
from sonic_ui.requests import VERBS, BadInput, MakingRequest
from sonic_ui.requests.base import read_object
from sonic_ui.requests.fields import as_float
from sonic_ui.requests.links import file_settings
from sonic_ui.ui.late_loading import ENDPOINT
from sonic_ui.ui.session.context import AppContext
from sonic_ui.ui.session.limits import is_without_session

Answer = dict[str, Any]

CONCURRENT_QUESTIONS = 4
"""Questions that are under way at once; painting itself goes one by one."""

NOT_UNDERSTOOD = "This question is not understood: bring both apps to the same version."
NOT_FROM_AFAR = "An engine is taught on its own page, not from another app. Open its page."
MAX_SESSIONS = 64
MAX_WORDS = 64
MAX_WINDOWS, MAX_WINDOW = 200, 480_000
"""Of a track: windows in one question, and samples of one."""
FILM_PART = 2_000_000
"""Bytes of a film that go in one answer."""


class EngineApi:
    """The handlers."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._clients: dict[str, set[str]] = defaultdict(set)

    def answer(self, question: Any, files: list[str] | None, request: gr.Request) -> Iterator[Answer]:
        """Answer a question, see the module. Nothing is raised: what goes wrong is an answer."""
        client = request.session_hash or ""
        task = _task(question.get("run") if isinstance(question, dict) else "")
        _, cancel = self._context.tasks.begin(client, task)
        try:
            if not isinstance(question, dict):
                raise BadInput(NOT_UNDERSTOOD)
            yield from self._answers(question, files or [], client, cancel)
        except Exception as error:
            yield {"problem": encode_error(error)}
        finally:
            cancel.cancel()  # a client that stops reading stops the work
            self._context.tasks.finish(client, task, cancel)
            if is_without_session():
                self.leave(request)

    def cancel(self, run: str, request: gr.Request) -> None:
        """Stop a question of this client."""
        self._context.tasks.cancel(request.session_hash or "", _task(run))

    def leave(self, request: gr.Request) -> None:
        """A client left: release what is cached for it. Its work is stopped by the page."""
        for session in self._clients.pop(request.session_hash or "", set()):
            self._context.studio.release(session)

    def _answers(
        self, question: Answer, files: Sequence[str], client: str, cancel: CancelToken
    ) -> Iterator[Answer]:
        kind, studio = question.get("ask"), self._context.studio
        if kind == "hello":
            yield self._hello()
        elif kind == "hear" and len(files) == 1:
            duration_s = as_float(question.get("duration_s")) or 0.0
            sound = studio.load_sound(files[0], 0.0, duration_s if duration_s > 0 else None)
            yield {"value": encode(studio.embed_audio(sound))}
        elif kind == "hear_windows" and len(files) == 1:
            windows = read_windows(files[0], question.get("lengths"))
            yield {"value": encode(studio.embed_windows(windows))}
        elif kind == "see" and len(files) == 1:
            yield {"value": encode(studio.analyze_image(files[0]))}
        elif kind == "run":
            session = self._session(client, question)
            words = read_words(question)
            for event in studio.run(read_question(question, files), cancel, session, words):
                if isinstance(event, FilmResult):
                    yield from _film_parts(event.film)
                yield {"event": encode(event)}
            yield {"kept": encode(studio.cache_usage(session))}
        elif kind == "forget":
            session = self._session(client, question)
            self._clients[client].discard(session)
            studio.release(session)
            yield {}
        else:
            raise BadInput(NOT_UNDERSTOOD)

    def _hello(self) -> Answer:
        studio = self._context.studio
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

    def _session(self, client: str, question: Answer) -> str:
        """The name here of a client's own session; no client reaches another's."""
        session = f"{client}/{_text(question.get('session'))[:64]}"
        if len(self._clients[client]) < MAX_SESSIONS:
            self._clients[client].add(session)
        elif session not in self._clients[client]:
            return client
        return session


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


def _film_parts(path: Path) -> Iterator[Answer]:
    """The bytes of a film, a part at a time."""
    with path.open("rb") as file:
        while part := file.read(FILM_PART):
            yield {"film": encode(np.frombuffer(part, np.uint8))}


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


def build(context: AppContext) -> EngineApi:
    """Add the endpoints to the current page; programs may call them, but they stand in no list."""
    engine_api = EngineApi(context)
    with gr.Group(visible=False, elem_classes=ENDPOINT):
        question = gr.JSON(label="question")
        files = gr.File(label="files", file_count="multiple", type="filepath")
        answer = gr.JSON(label="answer")
        run = gr.Textbox(label="run")
        gr.Button("engine").click(
            engine_api.answer,
            [question, files],
            [answer],
            api_name="engine",
            api_visibility="undocumented",
            concurrency_limit=CONCURRENT_QUESTIONS,
        )
        gr.Button("engine_cancel").click(
            engine_api.cancel,
            [run],
            None,
            api_name="engine_cancel",
            api_visibility="undocumented",
            queue=False,
        )
    return engine_api


def _task(run: object) -> str:
    return f"remote-{_text(run)[:64]}"


def _text(value: object) -> str:
    """Text of a question; what is none is empty."""
    return value if isinstance(value, str) else ""
