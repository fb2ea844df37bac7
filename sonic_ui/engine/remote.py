"""The studio on another app's engine: requests and files go there, the same events come back.

The other app has the endpoint `/engine` (see `ui/engine_api.py`): it takes a question as JSON and files, and
streams answers. `/engine_cancel` stops what a question started. Every way in which the connection can fail is
a sentence.
"""

import contextlib
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast, get_args

import numpy as np
from PIL.Image import Image
from pydantic import ValidationError

from sonic_ui import __version__
from sonic_ui.bundles import Bundle
from sonic_ui.engine import events
from sonic_ui.engine.caches import CacheUsage, LRUCache
from sonic_ui.engine.films import FilmDownload
from sonic_ui.engine.inputs import SAMPLE_RATE, file_digest
from sonic_ui.engine.jobs.base import Backend
from sonic_ui.engine.remote_address import LOGIN, TOKEN, Address
from sonic_ui.engine.remote_hello import Hello
from sonic_ui.engine.serialization import PROTOCOL, DecodeError, decode
from sonic_ui.engine.studio import Studio
from sonic_ui.engine.word_store import NO_WORDS, Words, WordStore
from sonic_ui.media.captions import Caption
from sonic_ui.media.temporary import new_folder, writing
from sonic_ui.media.word_files import as_texts
from sonic_ui.requests import BadInput, MakingRequest
from sonic_ui.requests.fields import shown
from sonic_ui.requests.links import file_settings

log = logging.getLogger(__name__)

TIMEOUT_S = (15.0, 60.0, 120.0, 60.0)
"""To connect, to read (a busy engine sends a sign of life every 15 s), to write, to get a connection."""

POLL_S = 0.03
LAST_WORDS_S = 20.0
"""How long a question that was cancelled may take to end: a strip still brings the frames that are done."""

Answer = dict[str, Any]
ValueT = TypeVar("ValueT")

RESULTS = get_args(events.AnyResult)
EVENTS = (events.Progress, events.Preview, events.Notice, events.FramesAdded, events.FramesDone, *RESULTS)


class Lost(events.Failure):
    """The connection is gone; the next question makes a new one."""


class Named(Protocol):
    """Where an engine is."""

    @property
    def shown(self) -> str:
        """As it may stand in a sentence."""


class Asking(Protocol):
    """What carries questions to an engine elsewhere."""

    @property
    def address(self) -> Named:
        """Where that is."""

    def ask(
        self, question: Answer, files: list[str] | None = None, cancel: events.CancelToken | None = None
    ) -> Iterator[Answer]:
        """The answers to a question, see `Connection.ask`."""

    def close(self) -> None:
        """Let go of the connection."""


class Connection:
    """Questions to another app. It connects at the first one, and again after it was lost."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._client: Any = None
        self._connecting = threading.RLock()

    def ask(
        self, question: Answer, files: list[str] | None = None, cancel: events.CancelToken | None = None
    ) -> Iterator[Answer]:
        """The answers to a question, as they come.

        Once the token is set the work there is stopped; it ends with its last answers, or raises
        `Cancelled` where they do not come. Raises `BadInput` where the other
        app refuses this one; `Lost` and `Failure`.
        """
        from gradio_client import handle_file

        cancel, run = cancel or events.CancelToken(), secrets.token_hex(8)
        client = self._connected()
        try:
            named = {**question, "run": run}
            job = client.submit(named, [handle_file(Path(file)) for file in files or []], api_name="/engine")
            yield from self._answers(client, job, run, cancel)
        except (events.Cancelled, BadInput, events.Failure):
            raise
        except GeneratorExit:
            self._stop(client, run)
            raise
        except BaseException as problem:
            raise self._explained(problem) from problem

    def close(self) -> None:
        """Let go of the connection."""
        with self._connecting:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _answers(self, client: Any, job: Any, run: str, cancel: events.CancelToken) -> Iterator[Answer]:
        """The answers until the work is over; once cancelled, what it still says for a while."""
        read, stopped_at = 0, 0.0
        while True:
            finished = job.done()
            answers = [*job.outputs()]  # that list grows meanwhile
            if len(answers) > MAX_ANSWERS:
                self._stop(client, run)
                raise not_understood()
            for answer in answers[read:]:
                yield _checked(answer)
            read = len(answers)
            if finished:
                problem = job.exception()
                if problem is not None:
                    raise problem
                return
            if not stopped_at and cancel.cancelled:
                self._stop(client, run)
                stopped_at = time.monotonic()
            if stopped_at and time.monotonic() - stopped_at > LAST_WORDS_S:
                raise events.Cancelled
            time.sleep(POLL_S)

    def _stop(self, client: Any, run: str) -> None:
        """Stop the work there; nothing is waited for."""
        try:
            client.submit(run, api_name="/engine_cancel")
        except Exception:
            log.info("The engine could not be told to stop", exc_info=True)

    def _connected(self) -> Any:
        with self._connecting:
            if self._client is None:
                try:
                    self._client = self._new_client()
                except BaseException as problem:
                    raise self._explained(problem) from problem
            return self._client

    def _new_client(self) -> Any:
        from gradio_client import Client

        address = self.address
        # A token that is saved on this machine is for the hub: no other address ever sees it.
        options: dict[str, Any] = {
            "token": address.token if address.is_space or address.token else False,
            "verbose": False,
            "analytics_enabled": False,
            "download_files": False,
            "httpx_kwargs": {"timeout": TIMEOUT_S},
        }
        try:
            return Client(address.where, auth=address.login, **options)
        except ValueError as problem:
            if address.login is None or "Could not login" not in str(problem):
                raise
            with contextlib.suppress(Exception):
                return Client(address.where, **options)  # an app that asks for no password takes no login
            raise

    def _explained(self, problem: BaseException) -> BaseException:
        """What to raise for an error of the connection; it is let go of if it is of no more use."""
        from concurrent.futures import CancelledError

        import httpx
        from gradio_client.exceptions import AppError, AuthenticationError

        if not isinstance(problem, Exception) and not isinstance(problem, CancelledError):
            return problem
        address, name = self.address.shown, type(problem).__name__
        log.info("The engine at %s: %s: %s", address, name, problem)
        if name == "QueueError":
            return events.Failure(
                f"The engine at {address} is busy: its queue is full. Try again in a moment."
            )
        refused = isinstance(problem, AuthenticationError) or "Could not login" in str(problem)
        if refused or _status(problem) in (401, 403):
            self.close()
            return BadInput(self._refused(), "bundle")
        if name == "TooManyRequestsError" or _status(problem) == 429:
            return events.Failure(
                f"The engine at {address} takes no more requests for now. Try again in a minute."
            )
        if isinstance(problem, AppError):
            return events.Failure(
                f"The engine at {address} stopped on an error; its log has the details. Try again."
            )
        if isinstance(problem, ValueError) and "/engine" in str(problem):
            self.close()
            return BadInput(no_engine(address), "bundle")
        self.close()
        if isinstance(problem, ValueError) and not isinstance(problem, httpx.InvalidURL):
            words = str(problem).strip().split("\n")[0][:160].rstrip(".")
            return Lost(f"There is no engine at {address}: {words}. Check --backend.")
        return Lost(
            f"The connection to the engine at {address} is lost or was never there. See whether it runs and "
            "whether you are online, then try again."
        )

    def _refused(self) -> str:
        address = self.address.shown
        if self.address.is_space:
            return f"{address} did not let us in: set {TOKEN} to a Hugging Face token that may read it."
        problem = (
            "did not accept the name and password" if self.address.login else "asks for a name and password"
        )
        return f"The engine at {address} {problem}: set {LOGIN} to NAME:PASSWORD, then start again."


def no_engine(address: str) -> str:
    """The sentence for an app that has no engine for others."""
    return (
        f"What runs at {address} lends no engine: it is another app, or a Sonic UI older than {__version__}. "
        "Check --backend, or bring it up to date."
    )


def _checked(answer: Any) -> Answer:
    if not isinstance(answer, dict):
        raise not_understood()
    return answer


def _status(problem: BaseException) -> int | None:
    response = getattr(problem, "response", None)
    return getattr(response, "status_code", None)


NOT_YET = "The engine at {address} was not reached yet."
NO_LIBRARY = (
    "A folder of recordings of your own stays on this computer: the engine at {address} builds from its own. "
    "Choose the examples."
)
SESSIONS_CACHED = 256
PICTURES_REMEMBERED = 64
"""Of one session, so that the page can say what is cached of them there."""

MAX_ANSWERS = 20_000
"""To one question: more than a hundred steps of the longest strip, and signs of life."""
NOT_FROM_AFAR = "The engine at {address} is taught on its own page. Open that page."
NO_RESULT = "The engine at {address} ended without a result. Try again."


class RemoteEngine:
    """The other app as a backend that analyzes sounds and pictures; whole requests go by `RemoteStudio`."""

    def __init__(self, connection: Asking) -> None:
        self.connection = connection
        self._bundle: Bundle | None = None
        self._verbs: tuple[str, ...] = ()
        self._device = ""

    @property
    def bundle(self) -> Bundle:
        """The weights it uses. Raises `BadInput` before it was reached."""
        if self._bundle is None:
            raise BadInput(NOT_YET.format(address=self.connection.address.shown), "bundle")
        return self._bundle

    @property
    def location(self) -> str:
        """Where the work happens: the other machine and its device."""
        return self.connection.address.shown + (f", {self._device}" if self._device else "")

    def load(self) -> None:
        """Connect, and compare the protocols of both apps. Raises `BadInput`."""
        try:
            answer = self.last_answer({"ask": "hello"})
        except events.Failure as problem:
            raise BadInput(str(problem), "bundle") from problem
        theirs, version = shown(answer.get("protocol")), shown(answer.get("version")).strip("'")
        if answer.get("protocol") != PROTOCOL:
            self.connection.close()
            raise BadInput(
                f"The engine at {self.connection.address.shown} is Sonic UI {version} (protocol {theirs}), "
                f"this is {__version__} (protocol {PROTOCOL}): they do not understand each other. Bring both "
                "to the same version.",
                "bundle",
            )
        try:
            hello = Hello.model_validate(answer)
        except (ValidationError, RecursionError):
            raise BadInput(no_engine(self.connection.address.shown), "bundle") from None
        self._verbs, self._device = hello.serves, hello.location.rpartition(", ")[2]
        self._bundle = Bundle(hello.info, hello.sources, Path("elsewhere"))

    def supports(self, verb: str) -> bool:
        """Whether the bundle there has a pipeline of its own for a verb."""
        return verb in self._verbs

    def embed_audio(self, samples: np.ndarray) -> events.AudioAnalysis:
        """Embed and name a clip: `samples` float32 [T] at 48 kHz."""
        question = {"ask": "hear", "duration_s": samples.size / SAMPLE_RATE}
        return self._value_of_sound(question, samples, "FLOAT", events.AudioAnalysis)

    def caption_audio(self, samples: np.ndarray, text: str = "", top_k: int = 1, seed: int = 0) -> Caption:
        """A caption of a clip, or the probability of each word of a text."""
        question = {"ask": "caption", "duration_s": samples.size / SAMPLE_RATE}
        question |= {"text": text, "top_k": top_k, "seed": seed}
        return self._value_of_sound(question, samples, "FLOAT", Caption)

    def embed_windows(self, windows: Sequence[np.ndarray]) -> events.WindowAnalysis:
        """Embed and name windows of a track, all in one file."""
        question = {"ask": "hear_windows", "lengths": [int(one.size) for one in windows]}
        return self._value_of_sound(question, np.concatenate([*windows]), "PCM_16", events.WindowAnalysis)

    def _value_of_sound(
        self, question: Answer, samples: np.ndarray, subtype: str, kind: type[ValueT]
    ) -> ValueT:
        import soundfile

        with new_folder() as folder:
            path = Path(folder) / "clip.wav"
            with writing(path):
                soundfile.write(path, samples, SAMPLE_RATE, subtype=subtype)
            return self._value(question, path, kind)

    def analyze_image(self, picture: Image) -> events.ImageAnalysis:
        """Sources that a picture shows, and how its sound would rise and fall."""
        with new_folder() as folder:
            path = Path(folder) / "picture.png"
            with writing(path):
                picture.save(path, "PNG", compress_level=3)
            return self._value({"ask": "see"}, path, events.ImageAnalysis)

    def answers(
        self, question: Answer, files: Sequence[str] = (), cancel: events.CancelToken | None = None
    ) -> Iterator[Answer]:
        """The answers to a question. Raises as `Connection.ask` does, and the errors that answers hold."""
        for answer in self.connection.ask(question, [*files], cancel):
            problem = answer.get("problem")
            if problem is not None:
                raise events.decode_error(problem) if isinstance(problem, dict) else not_understood()
            yield answer

    def last_answer(self, question: Answer, files: Sequence[str] = ()) -> Answer:
        """The last answer to a question; raises as `answers`."""
        last = deque(self.answers(question, files), maxlen=1)
        return last[0] if last else {}

    def _value(self, question: Answer, path: Path, kind: type[ValueT]) -> ValueT:
        return decoded(self.last_answer(question, [str(path)]).get("value"), kind)


class RemoteStudio(Studio):
    """A studio whose requests run on another app. Files, sounds and drawings stay here."""

    def __init__(
        self,
        address: Address | None = None,
        words: WordStore | None = None,
        connection: Asking | None = None,
    ) -> None:
        if connection is None:
            if address is None:
                raise TypeError("a remote studio takes an address or a connection")
            connection = Connection(address)
        self._engine = RemoteEngine(connection)
        self._usage: LRUCache[tuple[CacheUsage, tuple[str, ...]]] = LRUCache(SESSIONS_CACHED)
        # Its jobs are never run: whole requests go to the other app.
        super().__init__(cast(Backend, self._engine), words=words)

    def run(
        self, request: MakingRequest, cancel: Any = None, session: str = "", words: Words = NO_WORDS
    ) -> Iterator[events.Event]:
        """As `Studio.run`; raises `Failure` as well when the connection is lost. Words go along."""
        cancel = cancel or events.CancelToken()
        if request.FILE_LISTS:
            raise BadInput(NOT_FROM_AFAR.format(address=self._engine.connection.address.shown), "bundle")
        files = self._files_of(request)
        yield events.Progress(0, 0, "Sending it to the engine")
        yield from self._until_ready(cancel)
        used, absent = self._words_for(request, session, words)
        yield from map(events.Notice, filter(None, [absent]))
        question = {"ask": "run", "request": request.to_json(), "files": [*files], "session": session}
        question["words"] = as_texts(used.values())
        finished, film = False, FilmDownload(self._films)
        try:
            for answer in self._engine.answers(question, [*files.values()], cancel):
                if "film" in answer:
                    film.add(decoded(answer["film"], np.ndarray))
                if "kept" in answer:
                    self._remember_usage(session, decoded(answer["kept"], CacheUsage), request)
                if "event" in answer:
                    event = _with_local_files(decoded(answer["event"], EVENTS), request, files)
                    if isinstance(event, events.FilmResult):
                        event = replace(event, film=film.finish(event.film.name))
                    finished = finished or isinstance(event, RESULTS)
                    yield self._kept(event, session) if isinstance(event, RESULTS) else event
        except Lost:
            with self._settled:
                self._state = "waiting"  # the next request connects again
            raise
        if not finished:
            cancel.check()
            raise events.Failure(NO_RESULT.format(address=self._engine.connection.address.shown))

    def cache_usage(self, session: str, picture: str | None = None) -> CacheUsage:
        """What the other app caches for a session, by its last answer."""
        usage, digests = self._usage.find(session) or (CacheUsage(0, 0), ())
        return usage if picture is None or file_digest(picture) in digests else CacheUsage(0, 0)

    def release(self, session: str) -> None:
        """Let go of what is cached for a session, there as well."""
        if self._usage.find(session) is not None:
            self._usage.remove(lambda key: key == session)
            question = {"ask": "forget", "session": session}
            threading.Thread(target=self._send, args=(question,), daemon=True).start()

    def _send(self, question: Answer) -> None:
        try:
            self._engine.last_answer(question)
        except (BadInput, events.Failure, events.Cancelled):
            return  # it forgets by itself when this app leaves

    def _files_of(self, request: MakingRequest) -> dict[str, str]:
        """The path of every file that a request names, by setting. Raises `BadInput`."""
        if getattr(request, "library", None):
            raise BadInput(NO_LIBRARY.format(address=self._engine.connection.address.shown), "library")
        paths = {name: getattr(request, name) for name in file_settings(type(request))}
        files = {name: str(path) for name, path in paths.items() if path is not None}
        for name, path in files.items():
            if not Path(path).is_file():
                raise BadInput(f"The file {Path(path).name!r} is no longer there. Add it again.", name)
        return files

    def _remember_usage(self, session: str, usage: CacheUsage, request: MakingRequest) -> None:
        _, digests = self._usage.find(session) or (usage, ())
        picture = getattr(request, "picture", None)
        recent = (*digests, file_digest(picture))[-PICTURES_REMEMBERED:] if picture else digests
        self._usage.put(session, (usage, recent))


def _with_local_files(event: Any, request: MakingRequest, files: dict[str, str]) -> events.Event:
    """An event of the other app, with files by their paths of here. Raises `Failure` for another's result."""
    if not isinstance(event, RESULTS):
        return cast(events.Event, event)
    if type(event.request) is not type(request):
        raise not_understood()
    names = {name: Path(path).name for name, path in files.items()}
    settings = {**event.settings, "request": {**event.settings["request"], **names}}
    try:
        local: Any = event.request.changed(**files)
    except BadInput as problem:
        raise not_understood() from problem
    return cast(events.Event, replace(event, request=local, settings=settings))


def decoded(value: Any, kind: type[ValueT] | tuple[type[ValueT], ...]) -> ValueT:
    """`decode`, with a sentence for what it cannot read, and for what is none of `kind`."""
    try:
        return cast(ValueT, decode(value, kind))
    except DecodeError as problem:
        log.warning("An answer of the engine is %s", problem)
        raise not_understood() from problem


def not_understood() -> events.Failure:
    """What to raise for an answer that no app of this version gives."""
    return events.Failure(
        "The engine answered something that this app does not understand. Bring both to the same version."
    )
