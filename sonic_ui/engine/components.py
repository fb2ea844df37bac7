"""Pipelines and networks of one bundle on their device, each loaded when it is first needed."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL.Image import Image

from sonic_ui.audio.rolling import filled
from sonic_ui.bundles import Bundle
from sonic_ui.bundles.files import check_component
from sonic_ui.bundles.manifest import check_sums
from sonic_ui.engine.caches import LRUCache
from sonic_ui.engine.captioning import CaptionComponents
from sonic_ui.engine.events import AudioAnalysis, ImageAnalysis, Label, WindowAnalysis
from sonic_ui.engine.inputs import SAMPLE_RATE
from sonic_ui.engine.loading import (
    damaged_weights,
    load_draft_pipeline,
    load_sound_pipeline,
    load_upscaler,
)
from sonic_ui.engine.pace import Pace
from sonic_ui.engine.taught_sounds import load_prototypes, taught_analysis

PARTIAL_LATENTS_CACHED = 64
"""So many partially denoised ends of glides are cached: 64 KB each at 512 px."""

RECORDINGS_S = 5.0
"""Length of what is built from recordings, where no pipeline sets another."""

WINDOWS_AT_ONCE = 16
"""Of a track, embedded in one pass."""

DAMAGED = "The weights in {folder} did not load ({kind}). Fetch the bundle’s folder again, then try again."


class Components(CaptionComponents):
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
        _ = self.open_set_head
        if self.bundle.few_step_part is not None:
            _ = self.draft_pipeline

    # Sounds

    @property
    def audio_labels(self) -> Any:
        """Embeddings of the vocabulary by the audio encoder's text side [L, D]; None if it has none."""

        def load() -> Any:
            from sonic_ui.models.encoders import embed_labels

            tokenizer, names = self.pipeline.audio_tokenizer, self._names
            return (
                embed_labels(self.pipeline.audio_encoder, tokenizer, names) if names and tokenizer else None
            )

        return self._once("audio_labels", load)

    @property
    def open_set_head(self) -> Any:
        """The `OpenSetHead`; None if the bundle has none."""

        def load() -> Any:
            from sonic_ui.models.open_set import load_open_set

            return None if self.bundle.taught_parts else load_open_set(self.bundle.folder)

        return self._once("open_set_head", load)

    def embed_audio(self, samples: np.ndarray) -> AudioAnalysis:
        """Embed and name a clip: `samples` float32 [T] at 48 kHz."""
        return self.analysis_of(self.embed(samples), samples)

    def analysis_of(self, vector: np.ndarray, samples: np.ndarray) -> AudioAnalysis:
        """Name a clip [T] whose embedding [D] is known."""
        labels = self.rank_labels(vector)
        prototypes = self._once("prototypes", lambda: load_prototypes(self.bundle))
        if (taught := taught_analysis(vector, labels, prototypes)) is not None:
            return taught
        if not labels or self.open_set_head is None:
            return AudioAnalysis(vector, labels)
        known, _ = self.known_probability(samples)
        return AudioAnalysis(vector, labels, known, float(self.open_set_head.threshold))

    def rank_labels(self, embedding: np.ndarray) -> tuple[Label, ...]:
        """The vocabulary for the embedding [D] of a clip, most probable first; none without a text side."""
        import torch

        from sonic_ui.models.encoders import label_probabilities

        if self.audio_labels is None:
            return ()
        scale = float(self.pipeline.audio_encoder.logit_scale_a.detach().exp())
        chances = label_probabilities(torch.from_numpy(embedding[None]), self.audio_labels.cpu(), scale)
        return self._ranked(chances[0])

    def known_probability(self, samples: np.ndarray) -> tuple[float | None, bool]:
        """That a clip is of any kind of the vocabulary, in [0, 1], and whether that is too little to believe.

        (None, False) without an open-set head.
        """
        from sonic_ui.models.open_set import known_log_odds

        head = self.open_set_head
        if head is None:
            return None, False
        probability = float(
            head.probability(known_log_odds(head, self.pipeline.feature_extractor, [samples]))[0]
        )
        return probability, probability < float(head.threshold)

    def embed(self, samples: np.ndarray) -> np.ndarray:
        """The embedding [D] of a clip."""
        return self.embed_clips([samples])[0]

    def embed_windows(self, windows: Sequence[np.ndarray]) -> WindowAnalysis:
        """Embed and name windows of a track: samples float32 [T] each, at 48 kHz."""
        from sonic_ui.models.encoders import encode_sound, label_probabilities

        encoder, labels, extractor = (
            self.pipeline.audio_encoder,
            self.audio_labels,
            self.pipeline.feature_extractor,
        )
        head, count = self.open_set_head, len(windows)
        length = round(int(extractor.nb_max_samples) * SAMPLE_RATE / int(extractor.sampling_rate))
        parts, chances, known = [], [], []
        for start in range(0, count, WINDOWS_AT_ONCE):
            some = [filled(one, length) for one in windows[start : start + WINDOWS_AT_ONCE]]
            embeddings = encode_sound(encoder, extractor, some)  # [B, D]
            parts.append(embeddings.float().cpu().numpy())
            if labels is None:
                chances.append(np.zeros((len(some), 0), np.float32))
            else:
                scale = float(encoder.logit_scale_a.detach().exp())
                chances.append(label_probabilities(embeddings, labels, scale).float().cpu().numpy())
            if head is None:
                known.append(np.ones(len(some), np.uint8))
                continue
            from sonic_ui.models.open_set import known_log_odds

            odds = known_log_odds(head, extractor, some)
            known.append((head.probability(odds) >= head.threshold).cpu().numpy().astype(np.uint8))
        return WindowAnalysis(np.concatenate(parts), np.concatenate(chances), np.concatenate(known))

    @property
    def recording_indexer(self) -> Any:
        """What embeds the recordings of a library."""

        def load() -> Any:
            from sonic_ui.retrieval.library import RecordingIndexer, fingerprint, store_for

            return RecordingIndexer(self.embed_clips, store_for(fingerprint(self.embed_clips)))

        return self._once("recording_indexer", load)

    def embed_clips(self, clips: list[np.ndarray]) -> np.ndarray:
        """The embeddings [B, D] of clips, in one pass."""
        from sonic_ui.models.encoders import encode_sound

        pipeline = self.pipeline
        vectors = encode_sound(pipeline.audio_encoder, pipeline.feature_extractor, clips)
        return np.asarray(vectors.cpu())

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

    @property
    def _names(self) -> list[str]:
        return [source.label for source in self.bundle.sources]

    def _ranked(self, chances: Any) -> tuple[Label, ...]:
        """The vocabulary with its probabilities [L], most probable first."""
        labels = [Label(name, float(chance)) for name, chance in zip(self._names, chances, strict=True)]
        return tuple(sorted(labels, key=lambda label: -label.probability))
