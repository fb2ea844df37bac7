"""A new sound is taught: an engine of its own beside the one that it goes on from.

One is taught at a time, and the device is taken for each step anew: others paint meanwhile. Whatever ends a
teaching before its end leaves nothing of it on the disk.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL.Image import Image

from sonic_ui.bundles.registry import taken_words
from sonic_ui.bundles.taught import check_may_teach, zip_taught
from sonic_ui.engine.events import (
    Event,
    FairLock,
    JobEvent,
    Preview,
    Progress,
    TeachingDone,
    TeachResult,
)
from sonic_ui.engine.inputs import EXAMPLES, load_picture
from sonic_ui.engine.jobs.base import JOB_TYPES, JobRunner, JobType, Plan, RunContext
from sonic_ui.engine.jobs.settings import request_settings
from sonic_ui.media.temporary import writing
from sonic_ui.requests import BadInput, TeachSoundRequest

TEACHINGS = FairLock()
"""One teaching at a time; the others wait in line."""

PREVIEWS = 8
"""Looks at what is learned along a teaching."""
LEAST_BETWEEN = 10
"""Steps between two of them, at least."""
PREVIEW_SEEDS = (0, 1)
SHOWN_SEEDS = (0, 1, 2, 3)
PREVIEW_STEPS = 10

LEFT_OUT = "“{name}” is left out: {why}"
FEW = (
    "With fewer than four recordings and four pictures nothing is held back to judge by: it learns these by "
    "heart. Eight of each are surer."
)
ELSEWHERE = (
    "Teaching needs an engine in this app itself, and this one is at {location}. Start the app on a computer "
    "of your own, or open the page there."
)


@dataclass(frozen=True)
class TeachJob:
    """What is to be learned: recordings, mono float32 [T] at 48 kHz, and pictures."""

    request: TeachSoundRequest
    recordings: tuple[np.ndarray, ...] = field(repr=False)
    pictures: tuple[Image, ...] = field(repr=False)


def read_lesson(
    request: TeachSoundRequest, context: RunContext
) -> Generator[Event, None, tuple[TeachJob, list[str]]]:
    """The files of a request, those that can be used, with a sentence about each that cannot.

    Raises BadInput where no recording or no picture is left, and `Cancelled`.
    """
    notices: list[str] = []
    recordings, pictures = [], []
    total = len(request.recordings) + len(request.pictures)
    for number, path in enumerate((*request.recordings, *request.pictures)):
        context.cancel.check()
        yield Progress(number, total, "Reading the files")
        try:
            if number < len(request.recordings):
                recordings.append(context.load_sound(path).clip.samples)
            else:
                pictures.append(load_picture(path).image)
        except BadInput as problem:
            notices.append(LEFT_OUT.format(name=Path(path).name, why=problem.message))
    if not recordings or not pictures:
        what = "recordings" if not recordings else "pictures"
        why = notices[0] if not recordings else notices[-1]
        raise BadInput(f"None of the {what} can be used. {why}", what)
    if min(len(recordings), len(pictures)) < 4:
        notices.append(FEW)
    return TeachJob(request, tuple(recordings), tuple(pictures)), notices


def plan_teaching(request: TeachSoundRequest, context: RunContext) -> Generator[Event, None, Plan]:
    """Check the name, then read the files. Raises `BadInput`."""
    backend: Any = context.backend
    if refusal := getattr(backend, "teach_refusal", ELSEWHERE.format(location=backend.location)):
        raise BadInput(refusal, "bundle")
    check_may_teach(request.name, taken_words(backend.bundle))
    job, notices = yield from read_lesson(request, context)
    return TeachPlan(context, job, notices=notices)


@dataclass
class TeachPlan(Plan):
    """A teaching, and what came of it."""

    done: TeachingDone | None = None

    def take(self, event: JobEvent) -> Iterator[Event]:
        """As `Plan.take`."""
        if isinstance(event, TeachingDone):
            self.done = event
        else:
            yield from super().take(event)

    def result(self, elapsed_s: float, stopped: bool) -> TeachResult:
        """The engine as a ZIP, with pictures before and after."""
        if self.done is None:
            raise RuntimeError("A teaching ended without an engine.")
        request, done = self.job.request, self.done
        info = self.context.backend.bundle.info
        path = self.context.films.new() / f"{request.name}.zip"
        with writing(path):
            zip_taught(done.folder, path, info.base or info.name)
        settings = request_settings(info, request) | {
            "taught": {"engine": request.name, "steps": done.steps, "best_step": done.best_step}
        }
        notices = tuple(self.notices)
        title = f"{info.title} + {request.name}"
        return TeachResult(
            request.name, title, path, done.before, done.after, request, settings, elapsed_s, notices
        )


@dataclass
class TeachRunner(JobRunner):
    """Learns step by step, each with the device to itself."""

    job: TeachJob
    device: FairLock = field(init=False)

    @property
    def count(self) -> int:
        return 1

    def work_on(self, device: FairLock) -> None:
        """Wait for other teachings, then learn: each step takes the device anew, with gradients."""
        self.device = device
        with TEACHINGS.turn(self.cancel, self._on_others):
            self.started = time.perf_counter()
            self.work()

    def _on_others(self, ahead: int) -> None:
        others = "somebody else’s teaching" if ahead == 1 else f"{ahead} other teachings"
        self.queue.put(Progress(0, 0, f"Waiting for {others}: one is taught at a time"))

    def work(self) -> None:
        """Learn, show what is learned along the way, and write the engine."""
        from sonic_ui.pipelines.taught import known_sounds
        from sonic_ui.pipelines.teaching import Teaching
        from sonic_ui.pipelines.teaching_data import Lesson, TeachingConfig

        request, info, device = self.job.request, self.components.bundle.info, self.device
        config = TeachingConfig(steps=request.training_steps, seed=request.seed)
        captions = (request.caption,) * len(self.job.pictures)
        lesson = Lesson(self.job.recordings, self.job.pictures, captions)
        quiet = lambda ahead: None  # noqa: E731
        with device.turn(self.cancel, quiet):
            self.report_progress("Making a copy to teach", 0, 0)
            rehearsal = known_sounds(self.pipeline, self.components.bundle, EXAMPLES, self.cancel.check)
            teaching = Teaching(self.pipeline, lesson, rehearsal, config)
            teaching.prepare(self._prepared)
            before = teaching.paint(
                SHOWN_SEEDS, info.defaults.steps, info.defaults.guidance_scale, before=True
            )
            self.queue.put(Preview(tuple(before[: len(PREVIEW_SEEDS)]), tuple(range(len(PREVIEW_SEEDS)))))
        self.started = time.perf_counter()
        every, shown = max(LEAST_BETWEEN, config.steps // PREVIEWS), len(PREVIEW_SEEDS)
        while not teaching.is_over:
            with device.turn(self.cancel, quiet):
                teaching.step()
                step = teaching.step_number
                self.report_progress("Learning", step, config.steps, step / config.steps)
                if step % every == 0 and not teaching.is_over:
                    images = teaching.paint(PREVIEW_SEEDS, PREVIEW_STEPS, info.defaults.guidance_scale)
                    self.queue.put(Preview(tuple(images), tuple(range(shown, shown + len(images)))))
                    shown += len(images)
        with device.turn(self.cancel, quiet):
            self.report_progress("Painting what it knows now", config.steps, config.steps)
            teaching.finish()
            after = teaching.paint(SHOWN_SEEDS, info.defaults.steps, info.defaults.guidance_scale)
        folder = self._saved(teaching)
        best = teaching.best_step or teaching.step_number
        self.queue.put(TeachingDone(folder, teaching.step_number, best, tuple(before), tuple(after)))

    def _prepared(self, message: str, step: int, total: int) -> None:
        self.cancel.check()
        self.report_progress(message, step, total)

    def _saved(self, teaching: Any) -> Path:
        """Write the engine, whole or not at all; its folder. Raises `BadInput` for a full disk."""
        from sonic_ui.pipelines.taught import write_engine

        with writing():
            return write_engine(self.components.bundle, self.job.request.name, teaching, self.cancel.check)


JOB_TYPES[TeachSoundRequest] = JobType(plan_teaching, TeachRunner, "Reading the files")
