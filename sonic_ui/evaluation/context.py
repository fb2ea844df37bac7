"""A bundle that is being measured, and what belongs to it, loaded once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from sonic_ui.bundles import PIPELINE_FOLDERS, read_bundle
from sonic_ui.engine.loading import load_draft_pipeline
from sonic_ui.evaluation import held_out, image_metrics, sound_metrics, sound_quality
from sonic_ui.evaluation.app_painter import AppPainter
from sonic_ui.evaluation.pipelines import load_pipeline
from sonic_ui.models.encoders import ImageEncoder, embed_labels
from sonic_ui.models.presence_classifier import PresenceClassifier, load_classifier
from sonic_ui.models.sound_classifier import SoundClassifier, load_sound_classifier
from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline
from sonic_ui.pipelines.image_to_audio import ImageToAudioPipeline
from sonic_ui.scenes.world import SOURCES, SPECS
from sonic_ui.training.run import save_sheet


@dataclass
class EvalContext:
    """A bundle being measured; `share` 4 takes a quarter of the sounds."""

    bundle: Path
    data: Path
    out: Path
    share: int = 1
    details: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        info = json.loads((self.bundle / "bundle.json").read_text())
        self.px, self.defaults = int(info["picture_px"]), dict(info["defaults"])
        self.details["settings"] = self.defaults

    @cached_property
    def pipeline(self) -> AudioToImagePipeline:
        """The bundle's sound-to-image pipeline."""
        return load_pipeline(AudioToImagePipeline, self.bundle / PIPELINE_FOLDERS["sound_to_image"])

    @cached_property
    def app_painter(self) -> AppPainter:
        """What paints sounds as the app does."""
        return AppPainter.of(self.bundle, self.out)

    @cached_property
    def sound_pipeline(self) -> ImageToAudioPipeline:
        """The bundle's image-to-sound pipeline."""
        return load_pipeline(ImageToAudioPipeline, self.bundle / PIPELINE_FOLDERS["image_to_sound"])

    @cached_property
    def painter(self) -> image_metrics.Painter:
        """The pipeline at the bundle's default settings."""
        settings = (self.defaults[name] for name in ("steps", "guidance_scale", "strength"))
        return image_metrics.Painter(self.pipeline, *settings)

    @cached_property
    def draft_painter(self) -> image_metrics.Painter | None:
        """The pipeline of few steps at its settings; None where the bundle has none."""
        bundle = read_bundle(self.bundle)
        settings = bundle.info.defaults.draft
        if settings is None or bundle.few_step_part is None:
            return None
        pipeline = load_draft_pipeline(bundle, self.pipeline)
        return image_metrics.Painter(pipeline, settings.steps, settings.guidance_scale)

    @cached_property
    def label_embeds(self) -> torch.Tensor:
        """Embeddings [sources, D] of the sources' labels by the audio encoder's text side."""
        labels = [SPECS[name].label for name in SOURCES]
        return embed_labels(self.pipeline.audio_encoder, self.pipeline.audio_tokenizer, labels)

    @cached_property
    def classifier(self) -> PresenceClassifier:
        """The bundle's presence classifier."""
        return load_classifier(self.bundle).float()

    @cached_property
    def features(self) -> PresenceClassifier | None:
        """The classifier whose features pictures are compared by; None where the bundle has none."""
        if not (self.bundle / "features").is_dir():
            return None
        return load_classifier(self.bundle, "features").float()

    @cached_property
    def sound_classifier(self) -> SoundClassifier | None:
        """The classifier that sounds are measured with; None where the bundle has none."""
        return load_sound_classifier(self.bundle)

    @cached_property
    def sound_namers(self) -> dict[str, sound_metrics.NameSound]:
        """Who names sounds: the bundle's audio encoder, and the classifier apart if there is one."""
        clap = sound_metrics.ClapClassifier.of(self.pipeline)
        namers: dict[str, sound_metrics.NameSound] = {sound_metrics.BY_ENCODER: clap.name}
        if self.sound_classifier is not None:
            namers[sound_metrics.INDEPENDENT] = partial(sound_quality.name_sound, self.sound_classifier)
        return namers

    @cached_property
    def sound_scenes(self) -> list[held_out.HeldOutScene]:
        """Held-out scenes of single sources with their sounds."""
        return held_out.held_out_sounds(self.some(4), self.px, self.sound_pipeline)

    @cached_property
    def image_encoder(self) -> ImageEncoder:
        """The bundle's CLIP with its image processor."""
        return ImageEncoder.from_folder(self.bundle / "clip")

    def some(self, count: int) -> int:
        """So many, or a share of it."""
        return max(1, count // self.share)

    def save_pictures(self, name: str, images: Sequence[Image.Image]) -> None:
        """Write a sheet of pictures to look at."""
        save_sheet(image_metrics.as_tensor(images), self.out / f"{name}.png", columns=8)
