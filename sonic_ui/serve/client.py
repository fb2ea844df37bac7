"""The studio of a page on a cluster: requests go to whichever engine the router chooses, events come back.

Each lane of work has a handle of its own, and with it a queue: what takes minutes never stands before what
takes seconds. The page knows everybody's place in its own queues.
"""

import contextlib
import logging
import os
import queue
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sonic_ui.engine import events
from sonic_ui.engine.remote import LAST_WORDS_S, Answer, Lost, RemoteStudio
from sonic_ui.engine.serialization import encode
from sonic_ui.engine.word_store import NO_WORDS, Words, WordStore
from sonic_ui.requests import BadInput, MakingRequest, read_request
from sonic_ui.serve.address import RayAddress
from sonic_ui.serve.lanes import Lanes, Ticket, waiting
from sonic_ui.serve.options import ANALYSES, APP, CONTROL, ENGINES
from sonic_ui.serve.trouble import NO_CLUSTER, NO_ENGINES, explained, is_engine_ended, is_file_lost
from sonic_ui.serve.uploads import Outgoing
from sonic_ui.serve.work import LANES, work_of

log = logging.getLogger(__name__)

POLL_S = 0.05
TRIES = 4
"""How often a question is asked that no engine had begun with when it ended."""
AGAIN_S = 0.3
FIRST_NUMBER_S = 0.8
"""From when on a person who waits is told so."""
BEAT_S = 4.0
CONTROL_S = 5.0
CONCURRENT = 64
"""Requests of one kind that a page has under way at once; those that no engine is free for wait."""

TAUGHT_BEFORE = (
    "The engines of a cluster are taught before they start: teach one in an app of its own (python app.py), "
    "unpack the engine that it gives, and start the cluster with that folder as --bundle."
)
END = object()


def connect(address: RayAddress) -> None:
    """Join a cluster as a client. Raises `BadInput` where there is none."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    for name in ("ray", "ray.serve"):
        logging.getLogger(name).setLevel(logging.ERROR)  # what concerns people comes as sentences
    if ray.is_initialized():
        return
    try:
        ray.init(address=address.where, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as problem:
        log.info("No cluster: %r", problem)
        raise BadInput(NO_CLUSTER.format(address=address.shown), "bundle") from problem


@dataclass(frozen=True)
class Handles:
    """Handles of the application's deployments: one a lane for the engines, since each has its own queue."""

    lanes: dict[str, Any]
    analyses: Any
    control: Any


@dataclass(frozen=True)
class _Question:
    """A question with the handle that it goes to, its files, what stops it, and its place in a lane."""

    handle: Any
    message: Answer
    files: list[str]
    cancel: events.CancelToken
    ticket: Ticket | None = None


@dataclass
class _Call:
    """One try of a question: the response, what came of it so far, and whether an engine began."""

    response: Any
    inbox: "queue.Queue[Any]" = field(default_factory=queue.Queue)
    begun: bool = False

    def read(self) -> None:
        """Read all answers; on a thread of its own."""
        try:
            for answer in self.response:
                self.inbox.put(answer)
            self.inbox.put(END)
        except BaseException as problem:
            self.inbox.put(problem)

    def next(self) -> Any:
        """The next answer, `END`, or None where none came for a moment. Raises what the cluster raised."""
        try:
            item = self.inbox.get(timeout=POLL_S)
        except queue.Empty:
            return None
        if isinstance(item, BaseException):
            raise item
        return item


class RayConnection:
    """Questions to a cluster. It connects at the first one, and again after it was lost."""

    def __init__(self, address: RayAddress) -> None:
        self.address = address
        self.page = secrets.token_hex(8)
        self.lanes = Lanes()
        self._outgoing = Outgoing()
        self._handles: Handles | None = None
        self._connecting = threading.RLock()

    def ask(
        self, question: Answer, files: list[str] | None = None, cancel: events.CancelToken | None = None
    ) -> Iterator[Answer]:
        """The answers to a question, as they come; raises as `Connection.ask`."""
        cancel = cancel or events.CancelToken()
        handles = self._connected()
        if question.get("ask") == "forget":
            self._post({"forget": f"{self.page}/{question.get('session', '')}"})
            return
        if question.get("ask") != "run":
            yield from self._answers(_Question(handles.analyses, question, files or [], cancel))
            return
        work = work_of(read_request(str(question["request"])), str(question.get("session", "")))
        named = {**question, "lane": work.lane, "key": work.key, "waits": work.waits}
        with self.lanes.ticket(work.lane) as ticket:
            yield from self._answers(_Question(handles.lanes[work.lane], named, files or [], cancel, ticket))

    def close(self) -> None:
        """Let go of the handles; the next question finds the engines anew."""
        with self._connecting:
            self._handles = None

    def beat(self) -> Answer | None:
        """Say that this page is there; what is known of the cluster, None while it does not answer."""
        try:
            handles = self._connected()
            status: Answer = handles.control.beat.remote(self.page, {"waiting": self.lanes.counts()}).result(
                timeout_s=CONTROL_S
            )
        except Exception as problem:
            log.debug("The cluster does not answer: %r", problem)
            return None
        return status

    def _connected(self) -> Handles:
        with self._connecting:
            if self._handles is None:
                connect(self.address)
                from ray import serve

                try:
                    lanes = {lane: serve.get_deployment_handle(ENGINES, APP) for lane in LANES}
                    others = [serve.get_deployment_handle(name, APP) for name in (ANALYSES, CONTROL)]
                except Exception as problem:
                    log.info("No engines: %r", problem)
                    raise Lost(NO_ENGINES.format(address=self.address.shown)) from problem
                self._handles = Handles(lanes, *others)
            return self._handles

    def _answers(self, question: _Question) -> Iterator[Answer]:
        """Ask, and again where an engine ended before it began, or a file was lost on the way."""
        for attempt in range(1, TRIES + 1):
            begun = False
            try:
                for answer in self._try(question):
                    begun = begun or "begun" in answer
                    yield answer
                return
            except Exception as problem:
                lost = is_file_lost(problem)
                if lost:
                    self._outgoing.forget(self._outgoing.send(file).digest for file in question.files)
                again = lost or (is_engine_ended(problem) and not begun)
                if attempt == TRIES or question.cancel.cancelled or not again:
                    known = self.lanes.counts()[question.ticket.lane] if question.ticket else 0
                    raise self._explained(problem, known) from problem
                log.info("Asking again: %r", problem)
                time.sleep(AGAIN_S * attempt)

    def _try(self, question: _Question) -> Iterator[Answer]:
        run, ticket, cancel = secrets.token_hex(8), question.ticket, question.cancel
        uploads = [self._outgoing.send(file) for file in question.files]
        named = {**question.message, "run": run, "page": self.page, "uploads": uploads}
        call = _Call(question.handle.options(stream=True).answer.remote(named))
        threading.Thread(target=call.read, name="answers", daemon=True).start()
        asked_at, stopped_at, shown = time.monotonic(), 0.0, 0
        try:
            while (answer := call.next()) is not END:
                if isinstance(answer, dict):
                    if "begun" in answer:
                        call.begun = True
                        if ticket is not None:
                            self.lanes.begin(ticket)
                    yield answer
                now = time.monotonic()
                number = self.lanes.number(ticket) if ticket is not None and not call.begun else 0
                if number not in (0, shown) and now - asked_at > FIRST_NUMBER_S:
                    shown = number
                    yield {"event": encode(waiting(number))}
                if cancel.cancelled and not stopped_at:
                    if not call.begun:
                        raise events.Cancelled
                    self._post({"cancel": run})
                    stopped_at = now
                if stopped_at and now - stopped_at > LAST_WORDS_S:
                    raise events.Cancelled
        except BaseException:
            with contextlib.suppress(Exception):
                call.response.cancel()  # whoever stops reading stops the work
            raise

    def _post(self, message: Answer) -> None:
        try:
            self._connected().control.post.remote(message)
        except Exception as problem:
            log.info("The engines could not be told: %r", problem)

    def _explained(self, problem: BaseException, counted: int) -> BaseException:
        found = explained(problem, self.address.shown, counted)
        if isinstance(found, Lost):
            self.close()
        return found


class RayStudio(RemoteStudio):
    """A studio whose requests run on a cluster. Files, sounds and drawings stay here.

    concurrent   requests of one kind that the page may have under way at once
    """

    concurrent = CONCURRENT

    def __init__(self, address: RayAddress, words: WordStore | None = None) -> None:
        self._connection = RayConnection(address)
        self._status: Answer | None = None
        super().__init__(words=words, connection=self._connection)
        self._ended = threading.Event()
        self._beating: threading.Thread | None = None

    def run(
        self, request: MakingRequest, cancel: Any = None, session: str = "", words: Words = NO_WORDS
    ) -> Iterator[events.Event]:
        """As `Studio.run`; raises `Failure` as well where the cluster fails."""
        if request.FILE_LISTS:
            raise BadInput(TAUGHT_BEFORE, "bundle")
        yield from super().run(request, cancel, session, words)

    def start(self) -> threading.Thread | None:
        """As `Studio.start`; the cluster is told from then on that this page is there."""
        if self._beating is None:
            self._beating = threading.Thread(target=self._beat, name="cluster", daemon=True)
            self._beating.start()
        return super().start()

    def cluster_status(self) -> Answer | None:
        """Reports of engines and pages as they were a few seconds ago; None while the cluster is silent."""
        return self._status

    def close(self) -> None:
        """Tell the cluster nothing more."""
        self._ended.set()

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_S if self._status else 0.5):
            self._status = self._connection.beat() if self._state == "ready" else None
            bundles = {engine["bundle"] for engine in (self._status or {}).get("engines", {}).values()}
            if bundles and self.info.name not in bundles:
                with contextlib.suppress(BadInput, events.Failure):
                    self._engine.load()  # the engines were given another bundle
