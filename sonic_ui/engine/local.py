"""Requests run on this machine: processor, CUDA or Apple GPU, whichever is there."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sonic_ui.bundles import Bundle, read_bundle
from sonic_ui.engine.backend import (
    AudioAnalysis,
    BackendEvent,
    CancelToken,
    EditJob,
    ImageAnalysis,
    InterpolateJob,
    Job,
    Label,
    Notice,
    SoundJob,
)
from sonic_ui.engine.caches import Cache
from sonic_ui.engine.fair_lock import FairLock
from sonic_ui.engine.jobs.edit_image import EditRunner
from sonic_ui.engine.jobs.image_to_sound import BuildRunner, GenerateRunner, SoundEngine
from sonic_ui.engine.jobs.interpolate import PARTIAL_LATENTS_KEPT, InterpolateRunner
from sonic_ui.engine.jobs.runner import JobRunner
from sonic_ui.engine.jobs.sound_to_image import PaintRunner
from sonic_ui.engine.loading import load_painter
from sonic_ui.requests import BadInput

if TYPE_CHECKING:
    from PIL.Image import Image

PIXELS_ALONE = "Until then the places of a glide are found by the pictures’ pixels alone."


class LocalBackend:
    """The pipelines of one bundle, loaded on this machine. One job is painted at a time, in order."""

    def __init__(self, bundle: Bundle | str) -> None:
        self._name_or_bundle = bundle
        self._bundle = bundle if isinstance(bundle, Bundle) else None
        self._pipeline: Any = None
        self._words: Any = None  # embeddings of the vocabulary [L, D]
        self._editor: Any = None  # the same components as the pipeline's
        self._sounder: SoundEngine | None = None
        self._judge: Any = None
        self._partial_latents: Cache[Any] = Cache(PARTIAL_LATENTS_KEPT)
        self._loading = threading.Lock()
        self._line = FairLock()
        self._place = "this computer"
        self._cancel = CancelToken()
        self.doing = ""
        """What loading is at: "fetching 1.2 of 5.2 GB"; empty when nothing is worth saying."""

    @property
    def bundle(self) -> Bundle:
        """The weights it uses. Raises `BadInput` if they cannot be read."""
        if self._bundle is None:
            self._bundle = read_bundle(str(self._name_or_bundle))
        return self._bundle

    @property
    def place(self) -> str:
        """Where the work happens; names the device once it is known."""
        return self._place

    def load(self) -> None:
        """Fetch and check the files, import torch and diffusers, and load the pipeline. Raises `BadInput`,
        or `Cancelled` when it was closed meanwhile.
        """
        with self._loading:
            if self._pipeline is not None:
                return
            pipeline, placement = load_painter(self.bundle, self._report, self._cancel)

            from sonic_ui.models.audio_encoder import embed_labels

            names = [source.label for source in self.bundle.sources]
            if names and pipeline.audio_tokenizer is not None:
                self._words = embed_labels(pipeline.audio_encoder, pipeline.audio_tokenizer, names)
            self._place = f"this computer, {_device_name(placement.device.type)}"
            self._pipeline = pipeline

    def close(self) -> None:
        """Stop what is being fetched, and let go of everything; who paints now may end what was begun."""
        self._cancel.cancel()
        self._partial_latents.clear()
        with self._loading:
            if self._pipeline is None:
                return
            self._pipeline = self._words = self._editor = self._sounder = self._judge = None

            from sonic_ui.models.devices import release_memory

            release_memory()

    def _report(self, doing: str) -> None:
        self.doing = doing

    def embed_audio(self, samples: np.ndarray) -> AudioAnalysis:
        """Embed and name a clip: `samples` float32 [T] at 48 kHz. Waits for nobody's picture."""
        from sonic_ui.models.audio_encoder import encode_sound, label_probabilities

        self.load()
        encoder = self._pipeline.audio_encoder
        embedding = encode_sound(encoder, self._pipeline.feature_extractor, [samples])  # [1, D]
        if self._words is None:  # an encoder that only hears
            return AudioAnalysis(embedding[0].float().cpu().numpy(), ())
        scale = float(encoder.logit_scale_a.detach().exp())
        chances = label_probabilities(embedding, self._words, scale)  # [1, L]
        names = [source.label for source in self.bundle.sources]
        labels = [Label(name, float(chance)) for name, chance in zip(names, chances[0], strict=True)]
        labels.sort(key=lambda label: -label.probability)
        return AudioAnalysis(embedding[0].float().cpu().numpy(), tuple(labels))

    def _embed(self, samples: np.ndarray) -> np.ndarray:
        """The embedding [D] of a clip, here and in a worker alike."""
        return LocalBackend.embed_audio(self, samples).embedding

    def paint(self, job: Job, cancel: CancelToken) -> Iterator[BackendEvent]:
        """Run the pipeline. Raises as `Backend.paint` does."""
        self.load()
        yield from self._events(PaintRunner(self._pipeline, cancel, job))

    def interpolate(self, job: InterpolateJob, cancel: CancelToken) -> Iterator[BackendEvent]:
        """Paint a glide. Raises as `Backend.interpolate` does."""
        self.load()
        eyes = None
        if job.request.count > len(job.request.places):
            try:
                eyes = self._sounding().eyes
            except BadInput as problem:
                yield Notice(f"{problem} {PIXELS_ALONE}")
        yield from self._events(
            InterpolateRunner(self._pipeline, cancel, job, self._embed, eyes, self._partial_latents)
        )

    def edit(self, job: EditJob, cancel: CancelToken) -> Iterator[BackendEvent]:
        """Edit a picture with the same components. Raises as `Backend.edit` does."""
        self.load()
        yield from self._events(EditRunner(self._make_editor(), cancel, job))

    def _make_editor(self) -> Any:
        from sonic_ui.pipelines.audio_edit import AudioEditPipeline

        with self._loading:
            if self._editor is None:
                self._editor = AudioEditPipeline(**self._pipeline.components)
            return self._editor

    def supports(self, verb: str) -> bool:
        """Whether the bundle has a pipeline of its own for a verb."""
        try:
            return self.bundle.serves(verb)
        except BadInput:
            return False

    def analyze_image(self, picture: Image) -> ImageAnalysis:
        """What a picture shows that sounds. Waits for nobody's picture. Raises `BadInput`."""
        return self._sounding().analyze_image(picture)

    def sound(self, job: SoundJob, cancel: CancelToken) -> Iterator[BackendEvent]:
        """Let a picture sound. Raises as `Backend.sound` does."""
        sounder = self._sounding()
        if job.request.source == "recordings":
            yield from self._events(BuildRunner(sounder.pipeline, cancel, job, sounder))
        else:
            yield from self._events(GenerateRunner(sounder.pipeline, cancel, job, self.bundle.info.title))

    def _sounding(self) -> SoundEngine:
        self.load()
        with self._loading:
            if self._sounder is None:
                self._sounder = SoundEngine(self.bundle, self._pipeline)
            return self._sounder

    def _events(self, work: JobRunner) -> Iterator[BackendEvent]:
        """Do the work on a thread of its own and pass on its events."""
        threading.Thread(target=work.run, args=(self._line,), name="painting", daemon=True).start()
        try:
            yield from work.events()
        except BaseException:
            work.cancel.cancel()  # whoever stops listening stops the work
            raise

    def predict_intensities(self, images: Sequence[Image]) -> np.ndarray | None:
        """Judged level of every source in pictures, [N, S] in 0..1; None if the bundle has no judge."""
        from sonic_ui.models.presence_classifier import predict_intensities

        judge = self._load_judge()
        return None if judge is None else predict_intensities(judge, images, self.bundle.info.picture_px)

    def _load_judge(self) -> Any:
        from sonic_ui.models.presence_classifier import load_classifier

        with self._loading:
            if self._judge is None and (self.bundle.folder / "judge").is_dir():
                self._judge = load_classifier(self.bundle.folder).float()
            return self._judge


def _device_name(kind: str) -> str:
    return {"cpu": "CPU", "mps": "Apple GPU"}.get(kind, "GPU")
