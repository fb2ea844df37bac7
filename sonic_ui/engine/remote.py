"""The studio on another app's engine: requests and files go there, the same events come back."""

import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL.Image import Image
from pydantic import ValidationError

from sonic_ui import __version__
from sonic_ui.bundles import Bundle, BundleInfo, Source
from sonic_ui.engine.caches import CacheUsage, LRUCache
from sonic_ui.engine.control import Cancelled, CancelToken, Failure, decode_error
from sonic_ui.engine.events import AudioAnalysis, Event, ImageAnalysis, Progress, Result, SoundResult
from sonic_ui.engine.inputs import SAMPLE_RATE, file_digest
from sonic_ui.engine.protocol import Backend
from sonic_ui.engine.remote_connection import Address, Answer, Connection, Lost, no_engine
from sonic_ui.engine.serialization import PROTOCOL, DecodeError, decode
from sonic_ui.engine.studio import Studio
from sonic_ui.requests import BadInput, MakingRequest
from sonic_ui.requests.links import file_settings

NOT_YET = "The engine at {address} was not reached yet."
NO_LIBRARY = (
    "A folder of recordings of your own stays on this computer: the engine at {address} builds from its own. "
    "Choose the examples."
)
SESSIONS_CACHED = 256


class RemoteEngine:
    """The other app as a backend that analyzes sounds and pictures; whole requests go by `RemoteStudio`."""

    def __init__(self, address: Address) -> None:
        self.connection = Connection(address)
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
        except Failure as problem:
            raise BadInput(str(problem), "bundle") from problem
        theirs, version = answer.get("protocol"), str(answer.get("version"))
        if theirs != PROTOCOL:
            self.connection.close()
            raise BadInput(
                f"The engine at {self.connection.address.shown} is Sonic UI {version} (protocol {theirs}), "
                f"this is {__version__} (protocol {PROTOCOL}): they do not understand each other. Bring both "
                "to the same version.",
                "bundle",
            )
        try:
            info = BundleInfo.model_validate(answer["info"])
            sources = tuple(Source.model_validate(one) for one in answer["sources"])
            self._verbs = tuple(map(str, answer["serves"]))
            self._device = str(answer["place"]).rpartition(", ")[2]
        except (KeyError, TypeError, ValidationError):
            raise BadInput(no_engine(self.connection.address.shown), "bundle") from None
        self._bundle = Bundle(info, sources, Path("elsewhere"))

    def supports(self, verb: str) -> bool:
        """Whether the bundle there has a pipeline of its own for a verb."""
        return verb in self._verbs

    def embed_audio(self, samples: np.ndarray) -> AudioAnalysis:
        """Embed and name a clip: `samples` float32 [T] at 48 kHz."""
        import soundfile

        with tempfile.TemporaryDirectory(prefix="sonic-ui-") as folder:
            path = Path(folder) / "clip.wav"
            soundfile.write(path, samples, SAMPLE_RATE, subtype="FLOAT")
            question = {"ask": "hear", "duration_s": samples.size / SAMPLE_RATE}
            return cast(AudioAnalysis, self._value(question, path))

    def analyze_image(self, picture: Image) -> ImageAnalysis:
        """Sources that a picture shows, and how its sound would rise and fall."""
        with tempfile.TemporaryDirectory(prefix="sonic-ui-") as folder:
            path = Path(folder) / "picture.png"
            picture.save(path, "PNG", compress_level=3)
            return cast(ImageAnalysis, self._value({"ask": "see"}, path))

    def answers(
        self, question: Answer, files: Sequence[str] = (), cancel: CancelToken | None = None
    ) -> Iterator[Answer]:
        """The answers to a question. Raises as `Connection.ask` does, and the errors that answers hold."""
        for answer in self.connection.ask(question, [*files], cancel):
            if answer.get("problem") is not None:
                raise decode_error(answer["problem"])
            yield answer

    def last_answer(self, question: Answer, files: Sequence[str] = ()) -> Answer:
        """The last answer to a question; raises as `answers`."""
        return [{}, *self.answers(question, files)][-1]

    def _value(self, question: Answer, path: Path) -> Any:
        return decoded(self.last_answer(question, [str(path)]).get("value"))


class RemoteStudio(Studio):
    """A studio whose requests run on another app. Files, sounds and drawings stay here."""

    def __init__(self, address: Address) -> None:
        self._engine = RemoteEngine(address)
        self._usage: LRUCache[tuple[CacheUsage, set[str]]] = LRUCache(SESSIONS_CACHED)
        # Its jobs are never run: whole requests go to the other app.
        super().__init__(cast(Backend, self._engine))

    def run(
        self, request: MakingRequest, cancel: CancelToken | None = None, session: str = ""
    ) -> Iterator[Event]:
        """As `Studio.run`; raises `Failure` as well when the connection is lost."""
        cancel = cancel or CancelToken()
        files = self._files_of(request)
        yield Progress(0, 0, "Sending it to the engine")
        yield from self._until_ready(cancel)
        question = {"ask": "run", "request": request.to_json(), "files": [*files], "session": session}
        try:
            for answer in self._engine.answers(question, [*files.values()], cancel):
                if "kept" in answer:
                    self._remember_usage(session, decoded(answer["kept"]), request)
                if "event" in answer:
                    yield _with_local_files(decoded(answer["event"]), files)
        except Lost:
            with self._settled:
                self._state = "waiting"  # the next request connects again
            raise

    def cache_usage(self, session: str, picture: str | None = None) -> CacheUsage:
        """What the other app caches for a session, by its last answer."""
        usage, digests = self._usage.find(session) or (CacheUsage(0, 0), set())
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
        except (BadInput, Failure, Cancelled):
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
        _, digests = self._usage.find(session) or (usage, set())
        picture = getattr(request, "picture", None)
        self._usage.put(session, (usage, digests | ({file_digest(picture)} if picture else set())))


def _with_local_files(event: Event, files: dict[str, str]) -> Event:
    """An event of the other app as one of here: files are called by their paths and names of here."""
    if not isinstance(event, (Result, SoundResult)):
        return event
    names = {name: Path(path).name for name, path in files.items()}
    settings = {**event.settings, "request": {**event.settings["request"], **names}}
    request: Any = event.request.changed(**files)
    return cast(Event, replace(event, request=request, settings=settings))


def decoded(value: Any) -> Any:
    """`decode`, with a sentence for what it cannot read."""
    try:
        return decode(value)
    except DecodeError as problem:
        raise Failure(
            "The engine answered something that this app does not understand. Bring both to the same version."
        ) from problem
