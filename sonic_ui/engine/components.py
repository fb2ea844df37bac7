"""Pipelines and networks of one bundle on their device, each loaded when it is first needed."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL.Image import Image

from sonic_ui.bundles import Bundle
from sonic_ui.bundles.files import check_component
from sonic_ui.bundles.manifest import check_sums
from sonic_ui.engine.caches import LRUCache
from sonic_ui.engine.events import ImageAnalysis, Label
from sonic_ui.engine.loading import (
    damaged_weights,
    load_draft_pipeline,
    load_sound_pipeline,
    load_upscaler,
)
from sonic_ui.engine.pace import Pace
from sonic_ui.engine.sound_analysis import SoundComponents

PARTIAL_LATENTS_CACHED = 64
"""So many partially denoised ends of glides are cached: 64 KB each at 512 px."""

RECORDINGS_S = 5.0
"""Length of what is built from recordings, where no pipeline sets another."""

DAMAGED = "The weights in {folder} did not load ({kind}). Fetch the bundle’s folder again, then try again."


class Components(SoundComponents):
    """What a bundle's painting pipeline brings with it, and what is loaded beside it.

    partial_latents   latents [1, C, h, w] of ends of glides that were denoised halfway
    pace              what its work has taken so far
    """

    def __init__(self, bundle: Bundle, pipeline: Any) -> None:
        self.bundle = bundle
        self.pipeline = pipeline
        self.partial_latents: LRUCache[Any] = LRUCache(PARTIAL_LATENTS_CACHED)
        self.pace = Pace()
        self._loaded: dict[str, Any] = {}
        self._loading = threading.RLock()

    def _once(self, name: str, load: Callable[[], Any]) -> Any:
        """A part by name; loaded now if it is not there yet."""
        with self._loading:
            if self._loaded.get(name) is None:
                self._loaded[name] = load()
            return self._loaded[name]

    def load_all(self) -> None:
        """Load every part that the bundle has. Raises `BadInput`."""
        _ = self.audio_labels, self.editor, self.sound_pipeline, self.image_encoder, self.classifier
        _ = self.open_set_head, self.room_head
        if self.bundle.few_step_part is not None:
            _ = self.draft_pipeline

    # Pictures

    @property
    def editor(self) -> Any:
        """The `AudioEditPipeline` on the same networks."""

        def load() -> Any:
            from sonic_ui.pipelines.audio_edit import AudioEditPipeline

            return AudioEditPipeline(**self.pipeline.components)

        return self._once("editor", load)

    @property
    def draft_pipeline(self) -> Any:
        """The `AudioToImagePipeline` of few steps. Raises `BadInput` if the bundle has none."""
        return self._once("draft_pipeline", lambda: load_draft_pipeline(self.bundle, self.pipeline))

    @property
    def classifier(self) -> Any:
        """The presence classifier; None if the bundle has none. Raises `BadInput` for damaged files."""

        def load() -> Any:
            from sonic_ui.models.presence_classifier import load_classifier

            if (folder := self._checked_folder("judge")) is None:
                return None
            with damaged_weights(folder.name, DAMAGED.replace("{folder}", folder.name)):
                return load_classifier(self.bundle.folder).float()

        return self._once("classifier", load)

    def predict_intensities(self, images: Sequence[Image]) -> np.ndarray | None:
        """Level of every source in pictures, [N, S] in 0..1; None if the bundle has no classifier."""
        from sonic_ui.models.presence_classifier import predict_intensities

        classifier = self.classifier
        if classifier is None:
            return None
        return predict_intensities(classifier, images, self.bundle.info.picture_px)

    @property
    def upscaler(self) -> Any:
        """The `Upscaler`; None if the bundle has none. Raises `BadInput` for damaged files."""

        def load() -> Any:
            if not self.bundle.serves("upscale_image"):
                return None
            return load_upscaler(self.bundle, self.pipeline.device)

        return self._once("upscaler", load)

    @property
    def image_encoder(self) -> Any:
        """The `ImageEncoder`; None if the bundle has none. Raises `BadInput` for damaged files."""

        def load() -> Any:
            if (folder := self._checked_folder("clip")) is None:
                return None
            from sonic_ui.models.encoders import ImageEncoder

            with damaged_weights(folder.name, DAMAGED.replace("{folder}", folder.name)):
                return ImageEncoder.from_folder(folder, self.pipeline.device)

        return self._once("image_encoder", load)

    @property
    def picture_indexer(self) -> Any:
        """What embeds the pictures of a library. Raises `BadInput` if the bundle has no image encoder."""

        from sonic_ui.retrieval.pictures import PictureIndexer

        return self._once("picture_indexer", lambda: PictureIndexer.of(self.image_encoder))

    def _checked_folder(self, name: str) -> Path | None:
        """A network's own folder in the bundle, whole; None if it has none. Raises `BadInput`."""
        check_sums(self.bundle.folder, [name])
        folder = self.bundle.folder / name
        if not folder.is_dir():
            return None
        check_component(folder)
        return folder

    # Sounds of pictures

    @property
    def sound_pipeline(self) -> Any:
        """The `ImageToAudioPipeline`; None if the bundle has none. Raises `BadInput` for damaged files."""

        def load() -> Any:
            if not self.bundle.serves("image_to_sound"):
                return None
            dtype = next(self.pipeline.unet.parameters()).dtype
            folder = self.bundle.folder.name
            with damaged_weights(folder, DAMAGED.replace("{folder}", folder)):
                pipeline = load_sound_pipeline(self.bundle, dtype)
            pipeline.set_progress_bar_config(disable=True)
            return pipeline.to(self.pipeline.device)

        return self._once("sound_pipeline", load)

    @property
    def sound_s(self) -> float:
        """Length of a picture's sound, in seconds."""
        return RECORDINGS_S if self.sound_pipeline is None else float(self.sound_pipeline.duration_s)

    def analyze_image(self, picture: Image) -> ImageAnalysis:
        """Sources that a picture shows, and how its sound would rise and fall. Raises `BadInput`."""
        pipeline = self.sound_pipeline
        suggestion = None if pipeline is None else np.asarray(pipeline.suggest(picture), np.float32)
        labels, fit = self._seen(picture)
        calibration = self.bundle.info.image_labels
        least = None if calibration is None or fit is None else calibration.least_fit
        return ImageAnalysis(labels, suggestion, self.sound_s, self.caption(picture), fit, least)

    def caption(self, picture: Image) -> str:
        """What the captioner of the sound pipeline says of a picture; empty without one."""
        say = getattr(self.sound_pipeline, "caption", None)
        return "" if say is None else str(say(picture))

    def image_labels(self, picture: Image) -> tuple[Label, ...]:
        """Sources of the vocabulary that a picture shows; empty without an image encoder."""
        return self._seen(picture)[0]

    def _seen(self, picture: Image) -> tuple[tuple[Label, ...], float | None]:
        """Sources that a picture shows, and how well any of them fits, if the bundle was calibrated."""
        with self._loading:
            encoder = self.image_encoder
            if encoder is None:
                return (), None
            words = self._once("image_words", lambda: encoder.encode_words(self._names))  # [L, D]
            calibration = self.bundle.info.image_labels
            if calibration is None:
                return self._ranked(encoder.probabilities(picture, words)), None
            from sonic_ui.models.encoders import calibrated_shares

            cosines = encoder.cosines(picture, words).cpu().numpy()
            shares, fit = calibrated_shares(cosines, calibration.scale, calibration.none)
            return self._ranked(shares), fit
