"""Engines: the weights that a person may choose, fetched and loaded beside the present ones, then swapped."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from sonic_ui.bundles import BUNDLES, read_bundle
from sonic_ui.bundles.fetching import gigabytes
from sonic_ui.bundles.taught import taught_names
from sonic_ui.engine.events import Cancelled
from sonic_ui.engine.jobs.base import Backend
from sonic_ui.requests import BadInput, ChangeEngineRequest
from sonic_ui.requests.fields import shown

log = logging.getLogger(__name__)

POLL_S = 0.3
MakeBackend = Callable[[str], Backend]


@dataclass(frozen=True)
class Status:
    """State of the engine, for the header: the bundle's title, where it runs, and what is wrong if it failed.

    loading_message   what loading is at, if there is something to report: "fetching 1.2 of 5.2 GB"
    """

    state: Literal["waiting", "loading", "ready", "failed"]
    title: str
    location: str
    problem: str = ""
    loading_message: str = ""


@dataclass(frozen=True)
class Engine:
    """Weights that a person may choose."""

    name: str
    title: str
    line: str
    """What it is and takes: size of the download, memory, licence."""
    current: bool


class BackendUser(Protocol):
    """What `Engines` needs of the studio."""

    @property
    def backend(self) -> Backend:
        """Where requests run now."""

    @property
    def status(self) -> Status:
        """State of the engine."""

    def use(self, backend: Backend) -> None:
        """Run requests on another backend from now on."""


class Engines:
    """Registry of the engines of this app. Without `make` there is one, and nobody may change it.

    make      returns a backend for the name of a bundle
    started   the bundle that the app was started with: a name of the registry, or a folder
    """

    def __init__(self, make: MakeBackend | None = None, started: str = "") -> None:
        self._make = make
        self._current = started
        self._started = started
        self._changing = threading.Lock()

    @property
    def _names(self) -> tuple[str, ...]:
        """The engine that the app was started with, the registered ones, and those that were taught here."""
        names = (self._started, *BUNDLES, *taught_names())
        return tuple(dict.fromkeys(name for name in names if name))

    @property
    def changeable(self) -> bool:
        """Whether a person may choose another."""
        return self._make is not None

    def listed(self) -> tuple[Engine, ...]:
        """Those that a person may choose; none if they may not."""
        found = []
        for name in self._names if self.changeable else ():
            with contextlib.suppress(BadInput):  # a folder that was taken away
                info = read_bundle(name).info
                found.append(Engine(_public(name), info.title, _line(info), name == self._current))
        return tuple(found)

    def change(self, studio: BackendUser, request: ChangeEngineRequest) -> Iterator[str]:
        """Fetch and load an engine, reporting what is being done; at the end the studio uses it.

        The old one works on meanwhile and is let go of then; only where memory has no room for both it goes
        first. Raises `BadInput` if the new one cannot be had: the old one stays. Whoever stops reading
        stops the fetching.
        """
        name = next((one for one in self._names if request.engine in (one, _public(one))), None)
        if self._make is None or name is None:
            known = ", ".join(map(_public, self._names))
            known = known if self._make else "none: it is not to be changed here"
            given = shown(request.engine)
            raise BadInput(f"There is no engine called {given} to change to. Known: {known}.", "engine")
        if not self._changing.acquire(blocking=False):
            raise BadInput("Another engine is being loaded. Wait for it, then choose again.", "engine")
        try:
            if name == self._current and studio.status.state == "ready":
                return
            yield from self._swap(studio, name, self._make)
        finally:
            self._changing.release()

    def _swap(self, studio: BackendUser, name: str, make: MakeBackend) -> Iterator[str]:
        old, before, new = studio.backend, self._current, make(name)
        try:
            yield from _loading(new)
        except BadInput as problem:
            if problem.field != "memory" or not old.bundle.info.memory_bytes:
                raise
            yield "making room"
            _close(old)
            studio.use(new := make(name))
            try:
                yield from _loading(new)
            except BadInput:
                studio.use(old := make(before))
                yield from _loading(old)
                raise
        studio.use(new)
        self._current = name
        _close(old)


def _public(name: str) -> str:
    """The name of an engine for others: of a folder its last part, since paths are the owner's own."""
    return name if name in BUNDLES else Path(name).expanduser().resolve().name


def _loading(backend: Backend) -> Iterator[str]:
    """Load on a thread of its own; messages of what it is at."""
    problems: list[Exception] = []

    def load() -> None:
        try:
            backend.load()
        except Exception as error:
            problems.append(error)

    thread = threading.Thread(target=load, name="changing", daemon=True)
    thread.start()
    try:
        alive = True
        while alive:  # at least one message
            yield getattr(backend, "loading_message", "") or "loading its weights"
            thread.join(POLL_S)
            alive = thread.is_alive()
    except GeneratorExit:
        _close(backend)
        raise
    if problems:
        raise _as_bad_input(problems[0]) from problems[0]


def _as_bad_input(error: Exception) -> BadInput:
    if isinstance(error, BadInput):
        return BadInput(error.message, error.field if error.field == "memory" else "engine")
    if isinstance(error, Cancelled):
        return BadInput("The change of engines was stopped.", "engine")
    log.error("An engine did not start", exc_info=error)
    return BadInput(
        f"This engine did not start ({type(error).__name__}); the app's log has the details. "
        "The current engine stays.",
        "engine",
    )


def _close(backend: Backend) -> None:
    close: Any = getattr(backend, "close", None)
    if close is not None:
        close()


def _line(info: Any) -> str:
    """Description, download, memory and licence, as a person reads them."""
    size = f"{gigabytes(info.size_bytes)} to fetch once" if info.size_bytes else "on this computer"
    memory = info.memory_bytes
    room = f"about {gigabytes(memory / 2)} of GPU memory or {gigabytes(memory)} of RAM" if memory else ""
    words = [info.description.rstrip("."), size, room, f"licence {info.licence}" if info.licence else ""]
    return ". ".join(word[0].upper() + word[1:] for word in words if word) + "."
