"""What runs in the cluster: an engine with its bundle, and the process that embeds sounds for everybody.

They are plain classes; `application` makes deployments of Ray Serve of them.
"""

import asyncio
import contextlib
import hashlib
import logging
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from typing import Any, cast

import numpy as np

from sonic_ui.engine.answering import Answer, answers
from sonic_ui.engine.caches import LRUCache
from sonic_ui.engine.events import AudioAnalysis, Cancelled, CancelToken, encode_error
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.studio import Studio
from sonic_ui.requests import BadInput
from sonic_ui.requests.base import read_object
from sonic_ui.serve.measures import Measures
from sonic_ui.serve.uploads import Incoming

log = logging.getLogger(__name__)

EMBEDDING_S = 10.0
"""How long an engine waits for the process that embeds sounds, before it does so itself."""
MOST_AT_ONCE = 16
BATCH_WAIT_S = 0.01
"""Sounds that come within so many seconds are embedded in one pass."""
QUIET_S = 1.0
"""Between two tries to reach the control process."""

BROKEN = ("AcceleratorError", "CUDA error", "device-side assert")
"""In an error after which a GPU answers no more: such an engine is started anew."""

END = object()


def digest_of(samples: np.ndarray) -> str:
    """SHA-256 of samples."""
    return hashlib.sha256(np.ascontiguousarray(samples).tobytes()).hexdigest()


class EngineBackend(LocalBackend):
    """The pipelines of an engine; sounds are embedded by the process for all, if that answers.

    analyses   handle of that process; None: here
    """

    def __init__(self, bundle: str, analyses: Any = None) -> None:
        super().__init__(bundle)
        self._analyses = analyses

    def embed_audio(self, samples: np.ndarray) -> AudioAnalysis:
        """As `Backend.embed_audio`; the same for the same samples, whoever embeds, but for a last bit."""
        if self._analyses is not None:
            try:
                response = self._analyses.embed.remote(digest_of(samples), samples)
                return cast(AudioAnalysis, response.result(timeout_s=EMBEDDING_S))
            except BadInput:
                raise
            except Exception as problem:
                log.warning("Sounds are embedded here: %s", type(problem).__name__)
        return super().embed_audio(samples)


def _session(question: Answer) -> str:
    """The name here of a page's own session; no page reaches another's."""
    return f"{question.get('page')}/{question.get('session', '')}"


class Replica:
    """A studio that answers questions, each on a thread of its own, as its answers are made."""

    def __init__(self, backend: LocalBackend) -> None:
        self._backend = backend
        backend.load()
        self._studio = Studio(backend)
        self._studio.use(backend)
        self._incoming = Incoming()
        self._tokens: dict[str, tuple[str, CancelToken]] = {}

    async def answer(self, question: Answer) -> AsyncIterator[Answer]:
        """Answers to a question, see `engine.answering`; `uploads` are its files. Nothing is raised.

        The first is {"begun": True}. Whoever stops reading stops the work, and this ends when that has.
        """
        yield {"begun": True}
        loop, outbox = asyncio.get_running_loop(), asyncio.Queue[Any]()
        token = CancelToken()

        def put(answer: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody reads
                loop.call_soon_threadsafe(outbox.put_nowait, answer)

        thread = threading.Thread(
            target=self._work, args=(question, token, put), name="question", daemon=True
        )
        thread.start()
        try:
            while (answer := await outbox.get()) is not END:
                yield answer
        finally:
            token.cancel()
            await asyncio.to_thread(thread.join)

    def _work(self, question: Answer, token: CancelToken, put: Callable[[Any], None]) -> None:
        run, page = str(question.get("run")), str(question.get("page"))
        self._tokens[run] = (page, token)
        try:
            for answer in self._answers(question, token):
                put(answer)
        except Exception as error:
            put({"problem": encode_error(error)})
        finally:
            self._tokens.pop(run, None)
            put(END)

    def _answers(self, question: Answer, token: CancelToken) -> Iterator[Answer]:
        files = [self._incoming.path_of(upload) for upload in question.get("uploads", ())]
        return answers(self._studio, question, files, _session(question), token, binary=True)

    def stop(self, run: str = "", page: str = "") -> None:
        """Stop a run, or all of a page, at their next step."""
        for name, (owner, token) in [*self._tokens.items()]:
            if (run and name == run) or (page and owner == page):
                token.cancel()


class Engine(Replica):
    """One engine: it works on one request at a time.

    analyses, control   handles of the other deployments; None where there are none
    name                of this engine in reports
    """

    def __init__(self, bundle: str, analyses: Any = None, control: Any = None, name: str = "") -> None:
        self.measures = Measures()
        self._broken = ""
        self._name = name or f"engine-{os.getpid()}"
        super().__init__(EngineBackend(bundle, analyses))
        self._control = control
        self._ended = threading.Event()
        if control is not None:
            self.measures.export()
            threading.Thread(target=self._listen, name="control", daemon=True).start()

    def check_health(self) -> None:
        """Raise where this engine can work no more; Ray Serve then starts another."""
        if self._broken:
            raise RuntimeError(self._broken)

    def shutdown(self) -> None:
        """Say that this engine ends."""
        self._ended.set()
        if self._control is not None:
            with contextlib.suppress(Exception):
                self._control.leave.remote(self._name).result(timeout_s=1)

    def report(self) -> dict[str, Any]:
        """What the owner's panel shows of it."""
        info = self._studio.info
        return {
            **self.measures.report(),
            "pid": os.getpid(),
            "engine": info.title,
            "bundle": info.name,
            "location": self._backend.location.rpartition(", ")[2],
        }

    def _answers(self, question: Answer, token: CancelToken) -> Iterator[Answer]:
        if question.get("ask") != "run":
            yield from super()._answers(question, token)
            return
        begun, outcome = time.perf_counter(), "failed"
        values = read_object(str(question.get("request")))
        verb = str(values.get("verb"))[:40]
        self.measures.begin(verb)
        try:
            for answer in super()._answers(question, token):
                self._count(answer)
                yield answer
            outcome = "stopped" if token.cancelled else "done"
        except Cancelled:
            outcome = "stopped"
            raise
        except BadInput:
            outcome = "refused"
            raise
        except Exception as error:
            words = f"{type(error).__name__}: {error} {error.__cause__!r}"
            if any(one in words for one in BROKEN):
                self._broken = words
            raise
        finally:
            self._studio.words.release(_session(question))  # words come along with each request
            self.measures.end(verb, outcome, time.perf_counter() - begun)

    def _count(self, answer: Answer) -> None:
        event = answer.get("event")
        if isinstance(event, dict) and event.get("_") == "Result" and "picture_sha256" in event["settings"]:
            self.measures.count_inversion(bool(event.get("reused")))

    def _listen(self) -> None:
        """Wait for what pages tell all engines; between that, report."""
        epoch = seen = 0
        while not self._ended.is_set():
            try:
                response = self._control.news.remote(self._name, epoch, seen, self.report())
                epoch, seen, messages = response.result(timeout_s=30)
            except Exception as problem:
                log.info("The control process does not answer: %s", type(problem).__name__)
                self._ended.wait(QUIET_S)
                continue
            for message in messages:
                self._obey(message)

    def _obey(self, message: dict[str, str]) -> None:
        if "cancel" in message:
            self.stop(run=message["cancel"])
        elif "gone" in message:
            self.stop(page=message["gone"])
        elif "forget" in message:
            self._studio.release(message["forget"])


class BatchingBackend(LocalBackend):
    """The networks of the process for all: sounds of several people are embedded in one pass.

    Set `embed` before the first sound comes: samples and their digest -> the future of their analysis.
    """

    embed: Callable[[str, np.ndarray], "Future[AudioAnalysis]"]

    def embed_audio(self, samples: np.ndarray) -> AudioAnalysis:
        """As `Backend.embed_audio`."""
        return self.embed(digest_of(samples), samples).result()


class Analyses(Replica):
    """Embeddings of sounds and what pictures show, for pages and for engines.

    batches   numbers of sounds of the last passes
    """

    def __init__(self, bundle: str) -> None:
        from ray import serve

        backend = BatchingBackend(bundle)
        super().__init__(backend)
        loop = asyncio.get_running_loop()
        self._known: LRUCache[AudioAnalysis] = LRUCache(4096)
        self.batches: list[int] = []

        @serve.batch(max_batch_size=MOST_AT_ONCE, batch_wait_timeout_s=BATCH_WAIT_S)
        async def embed_clips(clips: list[np.ndarray]) -> list[AudioAnalysis]:
            self.batches = [*self.batches[-999:], len(clips)]
            return await asyncio.to_thread(backend.components.analyses, clips)

        self._embed_clips = embed_clips
        backend.embed = lambda digest, samples: asyncio.run_coroutine_threadsafe(
            self.embed(digest, samples), loop
        )

    async def embed(self, digest: str, samples: np.ndarray) -> AudioAnalysis:
        """The analysis of a clip, float32 [T] at 48 kHz, with its digest."""
        analysis = self._known.find(digest)
        if analysis is None:
            analysis = await self._embed_clips(samples)
            self._known.put(digest, analysis)
        return analysis

    async def batch_sizes(self) -> list[int]:
        """Numbers of sounds of the last passes."""
        return self.batches
