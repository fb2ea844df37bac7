"""A GPU that a Space lends by the second (ZeroGPU): models lie in memory, each job runs in a forked worker.

Import it before torch. What crosses to a worker and back is plain: requests, arrays, pictures, tensors on
the processor. A worker is a copy of the app as it was when it was forked: it changes nothing here, and is
told to stop by a file.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import spaces

from sonic_ui.engine.backend import (
    AudioAnalysis,
    BackendEvent,
    Cancelled,
    CancelToken,
    EditJob,
    Failure,
    ImageAnalysis,
    InterpolateJob,
    Job,
    SoundJob,
)
from sonic_ui.engine.cost import LISTEN_S, gpu_seconds
from sonic_ui.engine.local import LocalBackend
from sonic_ui.requests import BadInput

if TYPE_CHECKING:
    from PIL.Image import Image

POLL_S = 0.05

_ready: dict[str, LocalBackend] = {}
"""The engines by name: filled when the app starts, read by the workers that are forked afterwards."""


class FlagToken(CancelToken):
    """A cancel token that other processes see: it is set once its file exists."""

    def __init__(self, flag: str) -> None:
        super().__init__()
        self._flag = Path(flag)

    def cancel(self) -> None:
        """Ask the work to stop at its next step."""
        self._flag.touch()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called, in any process."""
        return self._flag.exists()

    def check(self) -> None:
        """Raise `Cancelled` if `cancel` was called."""
        if self.cancelled:
            raise Cancelled

    def wait(self, timeout_s: float) -> bool:
        """Sleep up to `timeout_s`, waking soon when cancelled; return whether it was."""
        until = time.monotonic() + timeout_s
        while not self.cancelled and time.monotonic() < until:
            time.sleep(POLL_S)
        return self.cancelled


@dataclass(frozen=True)
class TimedEvent:
    """An error of a worker as a value: of an exception only the name would arrive."""

    kind: str
    words: str
    field: str = ""

    def raised(self) -> Exception:
        """The exception that it was."""
        if self.kind == "cancelled":
            return Cancelled()
        return BadInput(self.words, self.field) if self.kind == "input" else Failure(self.words)


def _job_seconds(engine: str, verb: str, job: Any, flag: str) -> int:
    return gpu_seconds(job.request, _ready[engine].bundle.info.picture_px)


@spaces.GPU(duration=_job_seconds)
def _events(engine: str, verb: str, job: Any, flag: str) -> Iterator[BackendEvent | TimedEvent]:
    """Everything that a job makes; the last value may be a `TimedEvent`."""
    try:
        yield from getattr(LocalBackend, verb)(_ready[engine], job, FlagToken(flag))
    except BadInput as problem:
        yield TimedEvent("input", problem.message, problem.field)
    except Cancelled:
        yield TimedEvent("cancelled", "")
    except Failure as problem:
        yield TimedEvent("failure", str(problem))


@spaces.GPU(duration=LISTEN_S)
def _answer(engine: str, question: str, given: Any) -> Any:
    """The answer to a short question."""
    try:
        return getattr(LocalBackend, question)(_ready[engine], given)
    except BadInput as problem:
        return TimedEvent("input", problem.message, problem.field)
    except Failure as problem:
        return TimedEvent("failure", str(problem))


class ZeroBackend(LocalBackend):
    """The pipelines of one bundle, in memory here and run in workers that have the GPU."""

    def load(self) -> None:
        """Load everything that a worker may need: what it loads itself is gone with it. Raises `BadInput`."""
        super().load()
        name = str(id(self))
        if name in _ready:
            return
        _ready[name] = self  # before what follows, which loads too
        try:
            self._make_editor()
            if self.supports("image_to_sound"):
                _ = self._sounding().pipeline
            _ = self._sounding().eyes
            self._load_judge()
        except BaseException:
            del _ready[name]
            raise
        self._place = "ZeroGPU"

    def embed_audio(self, samples: np.ndarray) -> AudioAnalysis:
        """As `Backend.embed_audio`."""
        heard: AudioAnalysis = self._ask("embed_audio", samples)
        return heard

    def analyze_image(self, picture: Image) -> ImageAnalysis:
        """As `Backend.analyze_image`."""
        seen: ImageAnalysis = self._ask("analyze_image", picture)
        return seen

    def predict_intensities(self, images: Sequence[Image]) -> np.ndarray | None:
        """As `Backend.predict_intensities`."""
        judged: np.ndarray | None = self._ask("predict_intensities", list(images))
        return judged

    def paint(self, job: Job, cancel: CancelToken) -> Iterator[BackendEvent]:
        """As `Backend.paint`."""
        yield from self._run("paint", job, cancel)

    def interpolate(self, job: InterpolateJob, cancel: CancelToken) -> Iterator[BackendEvent]:
        """As `Backend.interpolate`."""
        yield from self._run("glide", job, cancel)

    def edit(self, job: EditJob, cancel: CancelToken) -> Iterator[BackendEvent]:
        """As `Backend.edit`."""
        yield from self._run("edit", job, cancel)

    def sound(self, job: SoundJob, cancel: CancelToken) -> Iterator[BackendEvent]:
        """As `Backend.sound`."""
        yield from self._run("sound", job, cancel)

    def _ask(self, question: str, given: Any) -> Any:
        self.load()
        answer = _answer(str(id(self)), question, given)
        if isinstance(answer, TimedEvent):
            raise answer.raised()
        return answer

    def _run(self, verb: str, job: Any, cancel: CancelToken) -> Iterator[BackendEvent]:
        self.load()
        with tempfile.TemporaryDirectory(prefix="sonic-ui-") as folder:
            stop = str(Path(folder) / "stop")
            flag = FlagToken(stop)
            try:
                for event in _events(str(id(self)), verb, job, stop):
                    if isinstance(event, TimedEvent):
                        raise event.raised()
                    yield event
                    if cancel.cancelled:
                        flag.cancel()
            finally:
                flag.cancel()  # whoever stops listening stops the work
