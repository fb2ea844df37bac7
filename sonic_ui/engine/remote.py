"""The studio on another app's engine: requests and files go there, the same events come back."""

from __future__ import annotations

import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from pydantic import ValidationError

from sonic_ui import __version__
from sonic_ui.bundles import Bundle, BundleInfo, Source
from sonic_ui.engine.backend import (
    AudioAnalysis,
    Backend,
    Cancelled,
    CancelToken,
    Failure,
    ImageAnalysis,
    Progress,
)
from sonic_ui.engine.events import Event, Result, SoundResult
from sonic_ui.engine.inputs import SAMPLE_RATE, file_digest
from sonic_ui.engine.inversion_cache import CacheUsage
from sonic_ui.engine.remote_connection import Address, Answer, Connection, Lost, no_engine
from sonic_ui.engine.serialization import PROTOCOL, DecodeError, decode
from sonic_ui.engine.studio import Studio
from sonic_ui.requests import BadInput, MakingRequest
from sonic_ui.requests.links import file_settings

if TYPE_CHECKING:
    from PIL.Image import Image

NOT_YET = "The engine at {place} was not reached yet."
KEPT_FOR = 256
NO_LIBRARY = (
    "A folder of recordings of your own stays on this computer: the engine at {place} builds from its own. "
    "Choose the examples."
)


class RemoteEngine:
    """What the studio asks of a backend for listening and looking, answered by the other app."""

    def __init__(self, address: Address) -> None:
        self.connection = Connection(address)
        self._bundle: Bundle | None = None
        self._serves: tuple[str, ...] = ()
        self._there = ""

    @property
    def bundle(self) -> Bundle:
        """The weights it uses. Raises `BadInput` before it was reached."""
        if self._bundle is None:
            raise BadInput(NOT_YET.format(place=self.connection.address.shown), "bundle")
        return self._bundle

    @property
    def place(self) -> str:
        """Where the work happens: the other machine and its device."""
        device = self._there.rpartition(", ")[2]
        return self.connection.address.shown + (f", {device}" if device else "")

    def load(self) -> None:
        """Connect, and see that both apps speak the same. Raises `BadInput`."""
        try:
            answer = self.one({"ask": "hello"})
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
            self._serves, self._there = tuple(map(str, answer["serves"])), str(answer["place"])
        except (KeyError, TypeError, ValidationError):
            raise BadInput(no_engine(self.connection.address.shown), "bundle") from None
        self._bundle = Bundle(info, sources, Path("elsewhere"))

    def supports(self, verb: str) -> bool:
        """Whether the bundle there has a pipeline of its own for a verb."""
        return verb in self._serves

    def embed_audio(self, samples: np.ndarray) -> AudioAnalysis:
        """Embed and name a clip: `samples` float32 [T] at 48 kHz."""
        import soundfile

        with tempfile.TemporaryDirectory(prefix="sonic-ui-") as folder:
            path = Path(folder) / "clip.wav"
            soundfile.write(path, samples, SAMPLE_RATE, subtype="FLOAT")
            return cast(
                AudioAnalysis, self._told({"ask": "hear", "duration_s": samples.size / SAMPLE_RATE}, path)
            )

    def analyze_image(self, picture: Image) -> ImageAnalysis:
        """What a picture shows that sounds."""
        with tempfile.TemporaryDirectory(prefix="sonic-ui-") as folder:
            path = Path(folder) / "picture.png"
            picture.save(path, "PNG", compress_level=3)
            return cast(ImageAnalysis, self._told({"ask": "see"}, path))

    def one(self, question: Answer, files: Sequence[str] = ()) -> Answer:
        """The last answer to a question. Raises as `Connection.ask` does, and what the answer says."""
        answer: Answer = {}
        for answer in self.connection.ask(question, [*files]):
            raise_remote_error(answer)
        return answer

    def _told(self, question: Answer, path: Path) -> Any:
        return understood(self.one(question, [str(path)]).get("value"))


class RemoteStudio(Studio):
    """A studio whose requests run on another app. Listening, drawing and files stay here."""

    def __init__(self, address: Address) -> None:
        self._engine = RemoteEngine(address)
        self._kept: OrderedDict[str, tuple[CacheUsage, set[str]]] = OrderedDict()
        self._keeping = threading.Lock()
        # Its jobs are never asked for: whole requests go to the other app.
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
            for answer in self._engine.connection.ask(question, [*files.values()], cancel):
                raise_remote_error(answer)
                if "kept" in answer:
                    self._keep(session, understood(answer["kept"]), request)
                if "event" in answer:
                    yield self._own(understood(answer["event"]), files)
        except Lost:
            self._asleep()
            raise

    def cache_usage(self, session: str, picture: str | None = None) -> CacheUsage:
        """What the other app keeps for a session, as it said last."""
        with self._keeping:
            cache_usage, digests = self._kept.get(session, (CacheUsage(0, 0), set()))
        return cache_usage if picture is None or file_digest(picture) in digests else CacheUsage(0, 0)

    def release(self, session: str) -> None:
        """Let go of what is kept for a session, there as well."""
        with self._keeping:
            known = self._kept.pop(session, None)
        if known is not None:
            question = {"ask": "forget", "session": session}
            threading.Thread(target=self._report, args=(question,), daemon=True).start()

    def _report(self, question: Answer) -> None:
        try:
            self._engine.one(question)
        except (BadInput, Failure, Cancelled):
            return  # it forgets by itself when this app leaves

    def _asleep(self) -> None:
        """The connection was lost: the next request makes a new one."""
        with self._settled:
            self._state = "waiting"

    def _files_of(self, request: MakingRequest) -> dict[str, str]:
        """The path of every file that a request names, by setting. Raises `BadInput`."""
        if getattr(request, "library", None):
            raise BadInput(NO_LIBRARY.format(place=self._engine.connection.address.shown), "library")
        given = {name: getattr(request, name) for name in file_settings(type(request))}
        files = {name: str(path) for name, path in given.items() if path is not None}
        for name, path in files.items():
            if not Path(path).is_file():
                raise BadInput(f"The file {Path(path).name!r} is no longer there. Add it again.", name)
        return files

    def _keep(self, session: str, cache_usage: CacheUsage, request: MakingRequest) -> None:
        picture = getattr(request, "picture", None)
        with self._keeping:
            _, digests = self._kept.pop(session, (cache_usage, set()))
            self._kept[session] = (cache_usage, digests | ({file_digest(picture)} if picture else set()))
            while len(self._kept) > KEPT_FOR:
                self._kept.popitem(last=False)

    def _own(self, event: Event, files: dict[str, str]) -> Event:
        """An event of there as one of here: files are called by their paths and names of here."""
        if not isinstance(event, (Result, SoundResult)):
            return event
        names = {name: Path(path).name for name, path in files.items()}
        settings = {**event.settings, "request": {**event.settings["request"], **names}}
        mine: Any = event.request.changed(**files)
        return cast(Event, replace(event, request=mine, settings=settings))


def raise_remote_error(answer: Answer) -> None:
    """Raise what an answer says went wrong, if it says so."""
    problem = answer.get("problem")
    if problem is None:
        return
    kind, words = str(problem.get("kind")), str(problem.get("words"))
    if kind == "cancelled":
        raise Cancelled
    if kind == "input":
        raise BadInput(words, str(problem.get("field") or ""))
    raise Failure(words)


def understood(value: Any) -> Any:
    """`decode`, with a sentence for what it does not understand."""
    try:
        return decode(value)
    except DecodeError as problem:
        raise Failure(
            "The engine answered something that this app does not understand. Bring both to the same version."
        ) from problem
