"""Jobs run on this machine: processor, CUDA or Apple GPU, whichever is there."""

import threading
from collections.abc import Iterator, Sequence

import numpy as np
from PIL.Image import Image

from sonic_ui.bundles import Bundle, read_bundle
from sonic_ui.engine.components import Components
from sonic_ui.engine.events import (
    AudioAnalysis,
    CancelToken,
    FairLock,
    ImageAnalysis,
    JobEvent,
    WindowAnalysis,
)
from sonic_ui.engine.jobs.base import Job, job_type
from sonic_ui.engine.live import LivePainter
from sonic_ui.engine.loading import load_painting_pipeline
from sonic_ui.engine.pace import Pace, time_step
from sonic_ui.engine.word_store import NO_WORDS, Words
from sonic_ui.media.captions import Caption
from sonic_ui.requests import BadInput

DEVICES = {"cpu": "CPU", "mps": "Apple GPU"}


class LocalBackend:
    """The pipelines of one bundle, loaded on this machine. One job runs at a time, in order of arrival."""

    def __init__(self, bundle: Bundle | str) -> None:
        self._name_or_bundle = bundle
        self._bundle = bundle if isinstance(bundle, Bundle) else None
        self._components: Components | None = None
        self._loading = threading.Lock()
        self._device = FairLock()
        self._cancel = CancelToken()
        self.location = "this computer"
        """Where the work happens; names the device once it is known."""
        self.loading_message = ""
        """What loading is at: "fetching 1.2 of 5.2 GB"; empty when there is nothing to report."""

    @property
    def bundle(self) -> Bundle:
        """The weights it uses. Raises `BadInput` if they cannot be read."""
        if self._bundle is None:
            self._bundle = read_bundle(str(self._name_or_bundle))
        return self._bundle

    @property
    def components(self) -> Components:
        """Its pipelines and networks, loaded now if they are not. Raises as `load` does."""
        with self._loading:
            if self._components is None:
                pipeline, placement = load_painting_pipeline(self.bundle, self._report, self._cancel)
                components = Components(self.bundle, pipeline)
                _ = components.audio_labels
                self.location = f"this computer, {DEVICES.get(placement.device.type, 'GPU')}"
                self._components = components
            return self._components

    def load(self) -> None:
        """Fetch and check the files, import torch and diffusers, and load the pipeline. Raises `BadInput`,
        or `Cancelled` when it was closed meanwhile.
        """
        _ = self.components

    def close(self) -> None:
        """Stop what is being fetched, and let go of everything; a job that runs now may end."""
        self._cancel.cancel()
        with self._loading:
            components, self._components = self._components, None
        if components is not None:
            components.partial_latents.remove()

            from sonic_ui.models.devices import release_memory

            del components
            release_memory()

    @property
    def word_width(self) -> int:
        """Numbers of a learned word's vector. Loads the networks."""
        return int(self.components.pipeline.text_encoder.get_input_embeddings().weight.shape[1])

    def supports(self, verb: str) -> bool:
        """Whether the bundle has a pipeline of its own for a verb."""
        try:
            return self.bundle.serves(verb)
        except BadInput:
            return False

    def embed_audio(self, samples: np.ndarray) -> AudioAnalysis:
        """As `Backend.embed_audio`; does not wait for running jobs."""
        return self.components.embed_audio(samples)

    def caption_audio(self, samples: np.ndarray, text: str = "", top_k: int = 1, seed: int = 0) -> Caption:
        """As `Backend.caption_audio`; does not wait for running jobs."""
        return self.components.caption_audio(samples, text, top_k, seed)

    def embed_windows(self, windows: Sequence[np.ndarray]) -> WindowAnalysis:
        """As `Backend.embed_windows`; does not wait for running jobs."""
        return self.components.embed_windows(windows)

    def analyze_image(self, picture: Image) -> ImageAnalysis:
        """As `Backend.analyze_image`; does not wait for running jobs."""
        return self.components.analyze_image(picture)

    def predict_intensities(self, images: Sequence[Image]) -> np.ndarray | None:
        return self.components.predict_intensities(images)

    @property
    def pace(self) -> Pace | None:
        """What its work has taken so far; None before it is loaded."""
        return None if self._components is None else self._components.pace

    def measure_pace(self) -> None:
        """Time a step where no work was timed so far, once the device is free. Loads the networks."""
        components = self.components
        with self._device.turn(self._cancel, lambda ahead: None):
            if components.pace.seconds("pass") is None:
                components.pace.add("pass", 1.0, time_step(components.pipeline))

    teach_refusal = ""
    """Why it cannot be taught; empty where it can."""

    live_refusal = ""
    """Why nobody can be live on it; empty where they can."""

    def live_painter(self) -> LivePainter:
        """What paints the frames of a session that is live; it takes the device for each anew."""
        return LivePainter(self.components, self._device)

    def run(self, job: Job, cancel: CancelToken, words: Words = NO_WORDS) -> Iterator[JobEvent]:
        """As `Backend.run`: the work is done on a thread of its own, and its events are passed on."""
        runner = job_type(job.request).runner(self.components, job, cancel)
        runner.words = words
        threading.Thread(target=runner.run, args=(self._device,), name="job", daemon=True).start()
        try:
            yield from runner.stream()
        except BaseException:
            cancel.cancel()  # whoever stops reading stops the work
            raise

    def _report(self, message: str) -> None:
        self.loading_message = message
