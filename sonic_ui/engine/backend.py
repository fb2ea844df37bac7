"""What every backend offers, and the events that come back from it.

A backend turns one job into events. It imports its heavy libraries when `load` is called, never when its
module is imported.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

    from sonic_ui.bundles import Bundle
    from sonic_ui.pipelines.embedding_path import EmbeddingPath
    from sonic_ui.requests import EditImageRequest, ImageToSoundRequest, InterpolateRequest, PaintingRequest
    from sonic_ui.retrieval.matching import Pick


class Cancelled(Exception):
    """The person asked to stop; not an error."""


class Failure(RuntimeError):
    """Something broke that the person did not cause. The message is a sentence for them."""


class CancelToken:
    """A flag that one thread raises and another checks between steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop at its next step."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` if `cancel` was called."""
        if self._event.is_set():
            raise Cancelled

    def wait(self, timeout_s: float) -> bool:
        """Sleep up to `timeout_s`, waking at once when cancelled; return whether it was."""
        return self._event.wait(timeout_s)


@dataclass(frozen=True)
class Progress:
    """How far the work is: `step` of `total` (0 of 0 while nothing can be counted), seconds left if known."""

    step: int
    total: int
    message: str
    eta_s: float | None = None


@dataclass(frozen=True)
class Preview:
    """The pictures being painted, still rough; `indices` say which of the job's they are."""

    images: tuple[Image, ...]
    indices: tuple[int, ...]


@dataclass(frozen=True)
class Notice:
    """Something worth saying that did not stop the work."""

    message: str


@dataclass(frozen=True)
class PositionsAdded:
    """Where further pictures of a glide are; their numbers go on from those known so far."""

    places: tuple[float, ...]


@dataclass(frozen=True)
class ImagesDone:
    """Finished pictures; `indices` say which of the job's they are.

    `sample_passes`: what they cost, in passes of one sample through the denoiser, where that is counted.
    """

    images: tuple[Image, ...]
    indices: tuple[int, ...]
    sample_passes: int | None = None


@dataclass(frozen=True)
class InversionDone:
    """A picture as the noise it would be painted from, for the next `EditJob` of that picture."""

    inversion: Any = field(repr=False)
    nbytes: int
    sample_passes: int


@dataclass(frozen=True)
class SoundsDone:
    """Finished sounds, all of one picture.

    samples    float32 [takes, T] at `sample_rate`
    wish       [frames] in [0, 1], 100 a second: the energy that was wished for; None if there was none
    energy     [takes, frames], what came out: linear RMS
    picks      which recordings each take was built from, if it was
    skipped    files of the library that could not be read
    """

    samples: np.ndarray = field(repr=False)
    sample_rate: int
    wish: np.ndarray | None = field(repr=False)
    energy: np.ndarray = field(repr=False)
    picks: tuple[tuple[Pick, ...], ...] = ()
    skipped: int = 0


BackendEvent = Progress | Preview | Notice | PositionsAdded | ImagesDone | InversionDone | SoundsDone


@dataclass(frozen=True)
class Label:
    """A source and how probable the audio encoder finds it, 0 to 1."""

    name: str
    probability: float


@dataclass(frozen=True)
class AudioAnalysis:
    """What the audio encoder makes of a clip: `embedding` [D], unit length; `labels`, most probable first."""

    embedding: np.ndarray = field(repr=False)
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class ImageAnalysis:
    """What is made of a picture.

    labels      sources that it shows, most probable first; empty if the bundle has no picture encoder
    suggestion  [frames] in [0, 1], how its sound would rise and fall; None if the bundle cannot tell
    duration_s  length of its sound
    """

    labels: tuple[Label, ...]
    suggestion: np.ndarray | None = field(repr=False)
    duration_s: float


@dataclass(frozen=True)
class Job:
    """Pictures to paint: words and settings of the request, and for each picture what is heard.

    embeddings   [N, D], one a picture
    seeds        one a picture
    scales       factor on the request's strength, one a picture
    groups       which pictures are painted side by side, in the order in which the groups are painted

    Every setting that a request may leave open is filled in.
    """

    request: PaintingRequest
    embeddings: np.ndarray = field(repr=False)
    seeds: tuple[int, ...]
    scales: tuple[float, ...]
    groups: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class InterpolateJob:
    """A glide to paint: the pictures at the request's `places`, numbered in their order.

    If there are to be more (its `count`), the rest is placed where the pictures look farthest apart.
    Every setting that a request may leave open is filled in.
    """

    request: InterpolateRequest
    between: EmbeddingPath


@dataclass(frozen=True)
class EditJob:
    """A picture to edit.

    picture     upright RGB; mask: white where it may change, None for all of it
    embedding   [D], what is heard
    inversion   of this picture, source prompt and number of steps; None makes one

    Every setting that a request may leave open is filled in.
    """

    request: EditImageRequest
    picture: Image = field(repr=False)
    mask: Image | None = field(repr=False)
    embedding: np.ndarray = field(repr=False)
    inversion: Any = field(repr=False, default=None)


@dataclass(frozen=True)
class SoundJob:
    """A picture to let sound: upright RGB; `library`: the folder of recordings, if it is built from them."""

    request: ImageToSoundRequest
    picture: Image = field(repr=False)
    library: Path | None = None


class Backend(Protocol):
    """Where a request runs."""

    @property
    def bundle(self) -> Bundle:
        """The weights it uses. Raises `BadInput` if they cannot be read."""

    @property
    def place(self) -> str:
        """Where the work happens, for the header: "this computer, CPU"."""

    def load(self) -> None:
        """Make ready; may take seconds. Raises `BadInput` naming a missing or damaged file."""

    def embed_audio(self, samples: np.ndarray) -> AudioAnalysis:
        """Embed and name a clip: `samples` float32 [T] at 48 kHz."""

    def paint(self, job: Job, cancel: CancelToken) -> Iterator[BackendEvent]:
        """Paint a job; there is a `ImagesDone` for every group.

        Raises `Cancelled` once the token is set, `BadInput`, or `Failure`.
        """

    def interpolate(self, job: InterpolateJob, cancel: CancelToken) -> Iterator[BackendEvent]:
        """Interpolate; a `PositionsAdded` for each frame the request does not place, an `ImagesDone` for all.

        Each end is painted alone, as the single picture of its sound. Raises as `paint`.
        """

    def edit(self, job: EditJob, cancel: CancelToken) -> Iterator[BackendEvent]:
        """Edit a picture; an `InversionDone` comes first unless the job brings one, a `ImagesDone` last.

        Raises `Cancelled` once the token is set, `BadInput`, or `Failure`.
        """

    def supports(self, verb: str) -> bool:
        """Whether the bundle has a pipeline of its own for a verb."""

    def analyze_image(self, picture: Image) -> ImageAnalysis:
        """What a picture shows that sounds, and how its sound would rise and fall. Raises `BadInput`."""

    def sound(self, job: SoundJob, cancel: CancelToken) -> Iterator[BackendEvent]:
        """Let a picture sound; there is one `SoundsDone`, with every take.

        Raises `Cancelled` once the token is set, `BadInput`, or `Failure`.
        """

    def predict_intensities(self, images: Sequence[Image]) -> np.ndarray | None:
        """Judged level of every source in pictures, [N, S] in 0..1, S as in the bundle's vocabulary.

        None if the bundle has no judge.
        """
