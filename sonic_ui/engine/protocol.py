"""What every backend offers: it turns one job into events, on this machine or another."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from PIL.Image import Image

from sonic_ui.bundles import Bundle
from sonic_ui.engine.control import CancelToken
from sonic_ui.engine.events import AudioAnalysis, ImageAnalysis, JobEvent


class Job(Protocol):
    """What is to be made, as plain data that can be pickled: a request whose settings are all filled in, and
    the embeddings and pictures that were made of its files. See `engine/jobs`."""

    @property
    def request(self) -> Any:
        """What was asked for; its class says how the job is run."""


class Backend(Protocol):
    """Where jobs run. It imports its heavy libraries when `load` is called, never with its module."""

    @property
    def bundle(self) -> Bundle:
        """The weights it uses. Raises `BadInput` if they cannot be read."""

    @property
    def location(self) -> str:
        """Where the work happens, for the header: "this computer, CPU"."""

    def load(self) -> None:
        """Make ready; may take seconds. Raises `BadInput` naming a missing or damaged file."""

    def supports(self, verb: str) -> bool:
        """Whether the bundle has a pipeline of its own for a verb."""

    def embed_audio(self, samples: np.ndarray) -> AudioAnalysis:
        """Embed and name a clip: `samples` float32 [T] at 48 kHz."""

    def analyze_image(self, picture: Image) -> ImageAnalysis:
        """Sources that a picture shows, and how its sound would rise and fall. Raises `BadInput`."""

    def predict_intensities(self, images: Sequence[Image]) -> np.ndarray | None:
        """Level of every source in pictures, [N, S] in 0..1, S as in the bundle's vocabulary.

        None if the bundle has no presence classifier.
        """

    def run(self, job: Job, cancel: CancelToken) -> Iterator[JobEvent]:
        """Run a job: a `FramesDone` for every group of pictures, a `SoundsDone` for all sounds.

        Raises `Cancelled` once the token is set, `BadInput`, or `Failure`.
        """
