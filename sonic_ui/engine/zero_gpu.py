"""A GPU that a Space lends by the second (ZeroGPU): models lie in memory, each job runs in a forked worker.

Import it before torch. What crosses to a worker and back is plain: jobs, arrays, pictures, tensors on the
processor. A worker is a copy of the app as it was when it was forked: it changes nothing here, and is
stopped by a file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import spaces
from PIL.Image import Image

from sonic_ui.engine import events
from sonic_ui.engine.cost import ANALYSIS_S, LONGEST_S, gpu_seconds
from sonic_ui.engine.jobs.base import Job
from sonic_ui.engine.local import LocalBackend
from sonic_ui.engine.word_store import NO_WORDS, Words
from sonic_ui.media.captions import Caption
from sonic_ui.media.temporary import new_folder

_backends: dict[str, LocalBackend] = {}
"""By name: filled when the app starts, read by the workers that are forked afterwards."""


class FileCancelToken(events.CancelToken):
    """A cancel token for several processes: it is set once its file exists."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = Path(path)

    def cancel(self) -> None:
        """Stop the run at its next step."""
        self._path.touch()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called, in any process."""
        return self._path.exists()


@dataclass(frozen=True)
class WorkerError:
    """An error of a worker as `encode_error` writes it: of an exception only the name would arrive."""

    error: dict[str, str]


def _job_seconds(backend: str, job: Job, stop: str, words: Words) -> int:
    picture_px = _backends[backend].bundle.info.picture_px
    return gpu_seconds(job.request, picture_px, getattr(job, "sample_passes", None))


@spaces.GPU(duration=_job_seconds)
def _events(backend: str, job: Job, stop: str, words: Words) -> Iterator[events.JobEvent | WorkerError]:
    """The events of a job; the last value may be a `WorkerError`."""
    try:
        yield from LocalBackend.run(_backends[backend], job, FileCancelToken(stop), words)
    except Exception as error:
        yield WorkerError(events.encode_error(error))


@spaces.GPU(duration=ANALYSIS_S)
def _answer(backend: str, method: str, *arguments: Any) -> Any:
    """What a method of `Components` returns, or a `WorkerError`."""
    try:
        return getattr(_backends[backend].components, method)(*arguments)
    except Exception as error:
        return WorkerError(events.encode_error(error))


class ZeroBackend(LocalBackend):
    """The pipelines of one bundle, in memory here and run in workers that have the GPU."""

    live_refusal = (
        "Live needs a GPU that stays, and this Space borrows one for each job (ZeroGPU). Duplicate the Space "
        "with hardware of its own, or run the app on your computer."
    )

    teach_refusal = (
        "Teaching takes minutes of a GPU that stays, and this Space borrows one for each job (ZeroGPU). Run "
        "the app on your computer."
    )

    lease_s = LONGEST_S
    """For how long it holds a GPU at a time."""

    @property
    def pace(self) -> None:
        """Its work is done, and timed, in workers that are gone."""
        return

    def measure_pace(self) -> None:
        """Nothing: the GPU is not here."""

    def load(self) -> None:
        """Load everything that a worker may need: what it loads itself is gone with it. Raises `BadInput`."""
        if str(id(self)) not in _backends:
            self.components.load_all()
            _backends[str(id(self))] = self
            self.location = "ZeroGPU"

    def embed_audio(self, samples: np.ndarray) -> events.AudioAnalysis:
        analysis: events.AudioAnalysis = self._ask("embed_audio", samples)
        return analysis

    def caption_audio(self, samples: np.ndarray, text: str = "", top_k: int = 1, seed: int = 0) -> Caption:
        caption: Caption = self._ask("caption_audio", samples, text, top_k, seed)
        return caption

    def embed_windows(self, windows: Sequence[np.ndarray]) -> events.WindowAnalysis:
        analysis: events.WindowAnalysis = self._ask("embed_windows", [*windows])
        return analysis

    def analyze_image(self, picture: Image) -> events.ImageAnalysis:
        analysis: events.ImageAnalysis = self._ask("analyze_image", picture)
        return analysis

    def predict_intensities(self, images: Sequence[Image]) -> np.ndarray | None:
        levels: np.ndarray | None = self._ask("predict_intensities", list(images))
        return levels

    def run(self, job: Job, cancel: events.CancelToken, words: Words = NO_WORDS) -> Iterator[events.JobEvent]:
        self.load()
        with new_folder() as folder:
            stop = FileCancelToken(str(Path(folder) / "stop"))
            try:
                for event in _events(str(id(self)), job, str(Path(folder) / "stop"), dict(words)):
                    if isinstance(event, WorkerError):
                        raise events.decode_error(event.error)
                    yield event
                    if cancel.cancelled:
                        stop.cancel()
            finally:
                stop.cancel()  # whoever stops reading stops the work

    def _ask(self, method: str, *arguments: Any) -> Any:
        self.load()
        answer = _answer(str(id(self)), method, *arguments)
        if isinstance(answer, WorkerError):
            raise events.decode_error(answer.error)
        return answer
