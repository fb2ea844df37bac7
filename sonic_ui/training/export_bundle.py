"""Write the trained parts as a bundle: diffusers layout, float16 safetensors in shards of at most 15 MB."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from sonic_ui.scenes.world import SOURCES, SPECS

if TYPE_CHECKING:
    from transformers import CLIPImageProcessorPil, CLIPModel

    from sonic_ui.training.run import Run

SHARD = "15MB"


def export_bundle(run: Run, bundle: Path) -> Path:
    """Assemble `AudioToImagePipeline`, CLIP and the judge under `bundle`; returns it."""
    from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline
    from sonic_ui.training.stages.clap import build_feature_extractor
    from sonic_ui.training.stages.denoiser import build_scheduler

    adapter = run.adapter
    pipeline = AudioToImagePipeline(
        vae=run.autoencoder,
        text_encoder=run.text.encoder,
        tokenizer=run.tokenizer,
        unet=run.unet,
        scheduler=build_scheduler(),
        audio_encoder=run.clap,
        feature_extractor=build_feature_extractor(),
        audio_tokenizer=run.clap_tokenizer,
        audio_projector=adapter.projector,
        audio_attention=adapter.attention,
        latent_normalizer=run.normalizer,
    )
    pipeline.to(torch.float16)
    pipeline.save_pretrained(str(bundle / "audio_to_image"), max_shard_size=SHARD)
    pipeline.to(torch.float32)  # the run's own modules: they go on being used
    _save_clip(run, bundle / "clip")
    run.judge.half().save_pretrained(str(bundle / "judge"))
    run.judge.float()
    write_vocabulary(bundle)
    if run.checkpoint("energy_control").exists():
        export_sound(run, bundle)
    return bundle


def export_sound(run: Run, bundle: Path) -> Path:
    """Assemble `ImageToAudioPipeline` under `bundle`, and the modulator that it is measured against."""
    from sonic_ui.pipelines.image_to_audio import ImageToAudioPipeline
    from sonic_ui.training.sound_run import ImageToSoundRun

    sound = ImageToSoundRun(run)
    pipeline = ImageToAudioPipeline(**sound.components())
    pipeline.to(torch.float16)
    pipeline.save_pretrained(str(bundle / "image_to_audio"), max_shard_size=SHARD)
    sound.modulator(blind=True).half().save_pretrained(str(bundle / "energy_modulator_blind"))
    return bundle / "image_to_audio"


def _save_clip(run: Run, folder: Path) -> None:
    from transformers import CLIPProcessor

    clip = run.clip.half()
    clip.save_pretrained(str(folder), max_shard_size=SHARD)
    CLIPProcessor(picture_processor(clip), run.tokenizer).save_pretrained(str(folder))
    run.clip.float()


def picture_processor(clip: CLIPModel) -> CLIPImageProcessorPil:
    """How pictures become what the trained CLIP reads."""
    from transformers import CLIPImageProcessorPil

    side = int(clip.config.vision_config.image_size)
    size = {"height": side, "width": side}
    half = [0.5, 0.5, 0.5]
    return CLIPImageProcessorPil(
        size={"shortest_edge": side}, crop_size=size, image_mean=half, image_std=half
    )


def write_vocabulary(bundle: Path) -> None:
    """The sources that the bundle knows, in order."""
    sources = [{"id": name, "label": SPECS[name].label} for name in SOURCES]
    (bundle / "vocabulary.json").write_text(json.dumps({"sources": sources}, indent=2) + "\n")
