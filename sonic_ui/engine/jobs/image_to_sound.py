"""Pictures that sound: through `ImageToAudioPipeline`, or out of a library of recordings."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sonic_ui.bundles import Bundle
from sonic_ui.engine.backend import ImageAnalysis, Label, SoundJob, SoundsDone
from sonic_ui.engine.jobs.runner import JobRunner
from sonic_ui.engine.loading import is_unreadable, load_sounder
from sonic_ui.requests import BadInput, ImageToSoundRequest

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)

VERB = "image_to_sound"
RECORDINGS_S = 5.0
"""Length of what is built from recordings, where no pipeline tells another."""

SEEN = 0.15
"""A source less probable than this is not said to be in a picture, unless it is the first."""

CANNOT_GENERATE = (
    "The weights “{title}” cannot generate sounds. Choose “Build from recordings”, or start the app with "
    "weights that can."
)
CANNOT_READ = (
    "The audio encoder of “{title}” knows no words to look for recordings by. Change to another engine, such "
    "as the miniature."
)
CANNOT_LOOK = "The weights “{title}” cannot tell what a picture shows. Write in words what should be heard."


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """What goes wrong while weights are read, as a sentence."""
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        if not is_unreadable(error):
            raise
        log.exception("The weights in %s did not load", folder)
        raise BadInput(
            f"The weights in {folder.name} did not load ({type(error).__name__}). Fetch the bundle’s folder "
            "again, then try again.",
            "bundle",
        ) from error


class SoundEngine:
    """What lets pictures sound, loaded when it is first needed, on the components of a painter."""

    def __init__(self, bundle: Bundle, painter: Any) -> None:
        self._bundle = bundle
        self._painter = painter
        self._loading = threading.RLock()
        self._pipeline: Any = None
        self._eyes: Any = None
        self._words: Any = None  # embeddings of the vocabulary in the eyes' space [L, D]
        self._ear: Any = None

    @property
    def pipeline(self) -> Any:
        """The learned pipeline; None if the bundle has none. Raises `BadInput` for damaged files."""
        with self._loading:
            if self._pipeline is None and self._bundle.serves(VERB):
                dtype = next(self._painter.unet.parameters()).dtype
                with _explained(self._bundle.folder):
                    pipeline = load_sounder(self._bundle, dtype)
                pipeline.set_progress_bar_config(disable=True)
                self._pipeline = pipeline.to(self._painter.device)
            return self._pipeline

    def analyze_image(self, picture: Image) -> ImageAnalysis:
        """What a picture shows that sounds."""
        pipeline = self.pipeline
        suggestion = None if pipeline is None else np.asarray(pipeline.suggest(picture), np.float32)
        return ImageAnalysis(self.labels(picture), suggestion, self.duration_s)

    @property
    def duration_s(self) -> float:
        """Length of a sound."""
        return RECORDINGS_S if self.pipeline is None else float(self.pipeline.duration_s)

    @property
    def eyes(self) -> Any:
        """The picture encoder, an `ImageEncoder`; None if the bundle has none. Raises `BadInput`."""
        with self._loading:
            folder = self._bundle.folder / "clip"
            if self._eyes is None and folder.is_dir():
                from sonic_ui.models.image_encoder import ImageEncoder

                with _explained(folder):
                    self._eyes = ImageEncoder.from_folder(folder, self._painter.device)
            return self._eyes

    def labels(self, picture: Image) -> tuple[Label, ...]:
        """Sources of the vocabulary that a picture shows, most probable first; empty without eyes."""
        with self._loading:
            eyes, names = self.eyes, [source.label for source in self._bundle.sources]
            if eyes is None:
                return ()
            if self._words is None:
                self._words = eyes.encode_words(names)
            probabilities = eyes.probabilities(picture, self._words)
        labels = [Label(name, float(chance)) for name, chance in zip(names, probabilities, strict=True)]
        return tuple(sorted(labels, key=lambda label: -label.probability))

    @property
    def ear(self) -> Any:
        """What hears the recordings of a library: an `RecordingIndexer`."""
        with self._loading:
            if self._ear is None:
                from sonic_ui.retrieval.indexing import RecordingIndexer, fingerprint, store_for

                self._ear = RecordingIndexer(self._embed, store_for(fingerprint(self._embed)))
            return self._ear

    def _embed(self, clips: list[np.ndarray]) -> np.ndarray:
        from sonic_ui.models.audio_encoder import encode_sound

        painter = self._painter
        embeddings: np.ndarray = (
            encode_sound(painter.audio_encoder, painter.feature_extractor, clips).cpu().numpy()
        )
        return embeddings

    def concepts(self, request: ImageToSoundRequest, picture: Image) -> list[Any]:
        """What should be heard: the request's words, and what the picture shows. Raises `BadInput`."""
        from sonic_ui.models.audio_encoder import embed_labels
        from sonic_ui.retrieval.matching import Concept

        labels = self.labels(picture)[: request.concepts]
        names = [label.name for rank, label in enumerate(labels) if rank == 0 or label.probability >= SEEN]
        names = [*([request.prompt] if request.prompt else []), *names]
        if not names:
            raise BadInput(CANNOT_LOOK.format(title=self._bundle.info.title), "picture")
        if self._painter.audio_tokenizer is None:
            raise BadInput(CANNOT_READ.format(title=self._bundle.info.title), "source")
        embedded = (
            embed_labels(self._painter.audio_encoder, self._painter.audio_tokenizer, names).cpu().numpy()
        )
        return [Concept(name, vector) for name, vector in zip(names, embedded, strict=True)]


def target_curve(request: ImageToSoundRequest, frames: int, duration_s: float) -> np.ndarray | None:
    """The curve [frames] in [0, 1] that a request asks for; None if it leaves it to the picture.

    Raises `BadInput` for moments that all lie after the end.
    """
    from sonic_ui.audio.energy import curve_of_moments, resample_curve

    if request.curve is not None:
        return resample_curve(np.asarray(request.curve), frames)
    if request.moments is None:
        return None
    curve = curve_of_moments(request.moments, frames, duration_s)
    asked = any(not isinstance(one, int) or one for one in request.moments)
    if asked and not curve.any():
        raise BadInput(
            f"All moments lie after the end: the sound is {duration_s:g} s long. Move them forward.",
            "moments",
        )
    return curve


@dataclass
class GenerateRunner(JobRunner):
    """Takes of the learned pipeline."""

    job: SoundJob
    title: str

    @property
    def pictures(self) -> int:
        """How many sounds are made."""
        return self.job.request.takes

    def work(self) -> None:
        """Generate all takes; there is one `SoundsDone`."""
        if self.pipeline is None:
            raise BadInput(CANNOT_GENERATE.format(title=self.title), "source")
        request, pipeline = self.job.request, self.pipeline
        sketch = target_curve(request, pipeline.frames, pipeline.duration_s)
        output = pipeline(
            self.job.picture,
            prompt=request.prompt,
            negative_prompt=request.negative_prompt,
            sketch=sketch,
            mode=request.mode,
            energy_strength=request.energy_strength,
            control=request.control,
            guidance_scale=request.guidance_scale,
            num_inference_steps=request.steps,
            num_takes=request.takes,
            loudness_lufs=request.loudness_lufs,
            seed=request.seed,
            on_step=self._on_step,
        )
        self.cancel.check()
        samples, energy = np.asarray(output.samples, np.float32), np.asarray(output.energy, np.float32)
        if self._is_silenced(sketch):
            factor = QUIET / max(float(np.abs(samples).max(initial=0.0)), QUIET)
            samples, energy = samples * np.float32(factor), energy * np.float32(factor)
        wish = sketch
        if sketch is not None and request.mode != "exact":
            wish = np.asarray(output.envelope, np.float32)
        self.queue.put(SoundsDone(samples, int(pipeline.sample_rate), wish, energy))

    def _is_silenced(self, sketch: np.ndarray | None) -> bool:
        request = self.job.request
        followed = request.control != "none" and request.energy_strength > 0
        return sketch is not None and followed and not sketch.any()

    def _on_step(self, report: Any) -> None:
        self.cancel.check()
        message = "Generating" if self.pictures == 1 else f"Generating {self.pictures} takes"
        self.report_progress(message, report.step, report.total, report.step / max(1, report.total))


QUIET = 0.001
"""Peak of a sound whose curve is zero throughout: -60 dB."""


@dataclass
class BuildRunner(JobRunner):
    """Takes out of a library of recordings. `pipeline` is the learned one, if there is one."""

    job: SoundJob
    sounder: SoundEngine

    @property
    def pictures(self) -> int:
        """How many sounds are made."""
        return self.job.request.takes

    def work(self) -> None:
        """Index the library, then build every take; there is one `SoundsDone`."""
        from sonic_ui.audio.energy import ENERGY_HZ, rms_energy
        from sonic_ui.retrieval.matching import SAMPLE_RATE, build_sound

        job, request = self.job, self.job.request
        if job.library is None:
            raise BadInput("There is no folder of recordings. Choose one.", "library")
        duration_s = self.sounder.duration_s
        curve = self._curve(round(duration_s * ENERGY_HZ), duration_s)
        concepts = self.sounder.concepts(request, job.picture)
        library = self.sounder.ear.index(job.library, self._on_file)
        takes, picks = [], []
        for number in range(request.takes):
            self.cancel.check()
            self.report_progress("Putting recordings together", number + 1, request.takes)
            samples, chosen = build_sound(
                concepts,
                library,
                curve,
                duration_s=duration_s,
                lufs_range=(request.quietest_lufs, request.loudest_lufs),
                loudness_lufs=request.loudness_lufs,
                flatten=request.mode == "exact",
                seed=request.seed + number,
            )
            takes.append(samples)
            picks.append(chosen)
        energy = np.stack([rms_energy(samples, SAMPLE_RATE) for samples in takes])
        self.queue.put(SoundsDone(np.stack(takes), SAMPLE_RATE, curve, energy, tuple(picks), library.skipped))

    def _curve(self, frames: int, duration_s: float) -> np.ndarray | None:
        """The curve asked for, weakened by its strength; None where recordings keep their own."""
        from sonic_ui.audio.energy import resample_curve

        request = self.job.request
        if request.control == "none" or request.energy_strength == 0:
            return None
        curve = target_curve(request, frames, duration_s)
        if curve is None:
            return None
        if request.mode == "natural" and self.pipeline is not None:
            own = resample_curve(curve, self.pipeline.frames)
            curve = resample_curve(self.pipeline.envelope(self.job.picture, own, "natural"), frames)
        return np.asarray(curve, np.float32) ** np.float32(request.energy_strength)

    def _on_file(self, done: int, total: int) -> None:
        self.cancel.check()
        self.report_progress("Listening to the recordings", done, total, done / max(1, total))
