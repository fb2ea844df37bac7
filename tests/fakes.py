"""A backend without networks: it does what a test asks of it, at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from sonic_ui.backends.base import (
    BackendEvent,
    CancelToken,
    EditJob,
    Heard,
    Inverted,
    Job,
    Label,
    Notice,
    Painted,
    Preview,
    Progress,
)
from sonic_ui.bundles import Bundle, BundleInfo, Defaults, Source
from sonic_ui.requests import BadInput

INFO = BundleInfo(
    name="fake", title="Fake", picture_px=32, defaults=Defaults(steps=3, guidance_scale=2.5, strength=0.5)
)
SOURCES = (Source(id="rain", label="rain"), Source(id="dog", label="a dog"))


class FakeBackend:
    """Names every sound rain, and paints squares whose colour is the seed.

    `problem` is raised by `load` (an empty string: nothing). Each step waits for `gate`. With a `judge`
    every picture shows rain at level 0.75.
    """

    def __init__(
        self, problem: str = "", notice: str = "", failure: Exception | None = None, judge: bool = True
    ) -> None:
        self.judge = judge
        self.problem = problem
        self.notice = notice
        self.failure = failure
        self.gate = threading.Event()
        self.gate.set()
        self.loads = 0
        self.heard: list[np.ndarray] = []
        self.jobs: list[Job] = []
        self.edits: list[EditJob] = []
        self.steps_done = 0

    @property
    def bundle(self) -> Bundle:
        return Bundle(INFO, SOURCES, Path("fake"))

    @property
    def place(self) -> str:
        return "nowhere"

    def load(self) -> None:
        self.loads += 1
        if self.problem:
            raise BadInput(self.problem, "bundle")

    def hear(self, samples: np.ndarray) -> Heard:
        self.heard.append(samples)
        return Heard(np.ones(4, np.float32) / 2, (Label("rain", 0.9), Label("a dog", 0.1)))

    def paint(self, job: Job, cancel: CancelToken) -> Iterator[BackendEvent]:
        self.jobs.append(job)
        steps = int(job.request.steps or 0)
        if self.notice:
            yield Notice(self.notice)
        self.steps_done = 0
        for number, group in enumerate(job.groups):
            for step in range(1, steps + 1):
                self.gate.wait(20)
                cancel.check()
                if self.failure is not None:
                    raise self.failure
                self.steps_done = step
                total = steps * len(job.groups)
                yield Progress(number * steps + step, total, "Painting", float(steps - step))
                yield Preview(tuple(_square(job.seeds[i]) for i in group), group)
            yield Painted(tuple(_square(job.seeds[i]) for i in group), group)

    def edit(self, job: EditJob, cancel: CancelToken) -> Iterator[BackendEvent]:
        self.edits.append(job)
        cancel.check()
        if job.inversion is None:
            yield Progress(1, 2, "Studying the picture")
            self.gate.wait(20)
            cancel.check()
            yield Inverted(f"inversion of {job.picture.size}", 1000, 3)
        yield Progress(2, 2, "Editing")
        count = len(job.request.edits)
        yield Painted((job.picture,) * count, tuple(range(count)), 6)

    def levels(self, images: Sequence[Image.Image]) -> np.ndarray | None:
        return np.tile(np.float32([0.75, 0.25]), (len(images), 1)) if self.judge else None


def _square(seed: int) -> Image.Image:
    return Image.new("RGB", (32, 32), (seed % 256, 90, 160))
