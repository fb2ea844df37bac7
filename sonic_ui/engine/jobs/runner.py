"""A job on its way through a pipeline: one thread does the work, another passes its events on."""

from __future__ import annotations

import logging
import queue
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from sonic_ui.engine.control import Cancelled, CancelToken, Failure
from sonic_ui.engine.events import JobEvent, Notice, Preview, Progress
from sonic_ui.engine.fair_lock import FairLock
from sonic_ui.requests import BadInput

log = logging.getLogger(__name__)

PREVIEW_SHARE = 0.12
"""Previews may take this share of the time; slower decoders are used less often."""


@dataclass
class JobRunner(ABC):
    """The work of a job, and its events; `run` fills the queue that `events` empties."""

    splits_on_oom: ClassVar[bool] = False
    """Whether it makes fewer at once where memory is short."""

    pipeline: Any
    cancel: CancelToken
    job: Any
    queue: queue.Queue[JobEvent | BaseException | None] = field(default_factory=queue.Queue, kw_only=True)
    started: float = field(default=0.0, init=False)
    preview_due: float = field(default=0.0, init=False)

    @property
    def count(self) -> int:
        """How many pictures or sounds are made."""
        return int(self.job.request.outputs)

    @abstractmethod
    def work(self) -> None:
        """Do it, and put events into the queue."""

    def run(self, device: FairLock) -> None:
        """Wait for the device, work, end the events."""
        import torch

        try:
            with device.turn(self.cancel, self._on_wait), torch.inference_mode():
                self.started = time.perf_counter()
                self.work()
        except BaseException as error:
            self.queue.put(error)
        finally:
            self.queue.put(None)

    def events(self) -> Iterator[JobEvent]:
        """Events as they come; if several wait, progress and previews that are already old are left out."""
        while True:
            waiting = [self.queue.get()]
            while not self.queue.empty():
                waiting.append(self.queue.get())
            for item in _latest(waiting):
                if item is None:
                    return
                if isinstance(item, BaseException):
                    raise _explained(item, self.count > 1 and not self.splits_on_oom) from item
                yield item

    def report_cut_words(self, *texts: str) -> None:
        """Put a notice of what the tokenizer leaves out of any of the texts."""
        from sonic_ui.pipelines.prompts import truncated_text

        for text in texts:
            if cut := truncated_text(self.pipeline.tokenizer, text):
                self.queue.put(Notice(f"The words are longer than this engine reads. Left out: “{cut}”."))

    def report_progress(self, message: str, step: int, total: int, done: float = 0.0) -> None:
        """Progress; `done` is the share of the work behind us, by its cost."""
        eta_s = None
        if step >= 2 and done > 0:
            eta_s = (time.perf_counter() - self.started) * (1 - done) / done
        self.queue.put(Progress(step, total, message, eta_s))

    def preview(self, report: Any, indices: tuple[int, ...]) -> None:
        """Show what a step report predicts, unless the last preview was too short ago for its cost."""
        now = time.perf_counter()
        if now < self.preview_due:
            return
        self.queue.put(Preview(tuple(report.preview()), indices))
        cost = time.perf_counter() - now
        self.preview_due = time.perf_counter() + cost * (1 - PREVIEW_SHARE) / PREVIEW_SHARE
        self.cancel.check()

    def split_on_oom(self, group: tuple[int, ...], make: Callable[[tuple[int, ...]], list[Any]]) -> list[Any]:
        """`make` of a group; where memory runs out, of its halves one after the other, and so on."""
        from sonic_ui.models.devices import is_out_of_memory, release_memory

        try:
            return make(group)
        except Exception as error:
            if len(group) == 1 or not is_out_of_memory(error):
                raise
            log.info("Out of memory with %s pictures at once: trying fewer", len(group))
        release_memory()  # here, where the error no longer holds on to what failed
        self.cancel.check()
        middle = (len(group) + 1) // 2
        return self.split_on_oom(group[:middle], make) + self.split_on_oom(group[middle:], make)

    def _on_wait(self, ahead: int) -> None:
        others = "one other person's picture" if ahead == 1 else f"{ahead} other people's pictures"
        self.queue.put(Progress(0, 0, f"Waiting for {others}"))


def _latest(items: list[Any]) -> list[Any]:
    """Drop progress and previews that a later one in the list replaces; leave everything else, in order."""
    latest: list[Any] = []
    replaced: set[type] = set()
    for item in reversed(items):
        if isinstance(item, (Progress, Preview)):
            if type(item) in replaced:
                continue
            replaced.add(type(item))
        latest.append(item)
    return latest[::-1]


def _explained(error: BaseException, several: bool) -> BaseException:
    """What to raise for an error from the pipeline: a sentence for the person, the details for the log."""
    if isinstance(error, (BadInput, Cancelled, Failure)):
        return error
    log.error("A job failed", exc_info=error)
    from sonic_ui.models.devices import is_out_of_memory, release_memory

    if is_out_of_memory(error):
        release_memory()
        fewer = "Ask for fewer" if several else "Close other programs, or choose a smaller engine,"
        return Failure(f"This computer ran out of memory. {fewer} and try again.")
    return Failure(
        f"Painting stopped on an error of the app ({type(error).__name__}); its log has the details. "
        "Try again."
    )
