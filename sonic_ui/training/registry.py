"""The stages by name: each reads what earlier ones wrote under the run folder and writes its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from sonic_ui.models.gated_attention import AudioAttention
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.scenes.world import SOURCES, caption
from sonic_ui.training.data.mixtures import render_mixtures
from sonic_ui.training.data.rendering import render_pictures
from sonic_ui.training.data.sounds import render_clips, render_scene_sounds, store_recordings
from sonic_ui.training.data.tokenizers import train_clap_tokenizer, train_clip_tokenizer
from sonic_ui.training.loop import load_average, train
from sonic_ui.training.run import Run, image_embeddings
from sonic_ui.training.sound_registry import SOUND_STAGES
from sonic_ui.training.stages.adapter import AdapterStage, ProjectorStage, SoundAdapter
from sonic_ui.training.stages.autoencoder import AutoencoderStage
from sonic_ui.training.stages.clap import ClapStage
from sonic_ui.training.stages.clip import ClipStage
from sonic_ui.training.stages.denoiser import DenoiserStage
from sonic_ui.training.stages.presence_classifier import PresenceClassifierStage
from sonic_ui.training.stages.spectral_stats import SpectralStatsStage


def run_pictures(run: Run) -> None:
    """Render the world's pictures."""
    world = run.recipe["world"]
    shards = {"held_out": world["held_out_picture_shards"], "train": world["picture_shards"]}
    count = world["shard_scenes"]
    for path in render_pictures(run.folder / "pictures", world["picture_px"], shards, count=count):
        run.report(path)


def run_sounds(run: Run) -> None:
    """Synthesise the world's clips and the sounds of its scenes; store the real recordings beside them."""
    world = run.recipe["world"]
    shards = {"held_out": world["held_out_clip_shards"], "train": world["clip_shards"]}
    for path in render_clips(run.folder / "clips", shards, per_source=world["clips_per_source"]):
        run.report(path)
    scenes = {"held_out": world["held_out_picture_shards"], "train": world["picture_shards"]}
    takes = world["crowded_takes"]
    for path in render_scene_sounds(run.folder / "clips", scenes, world["shard_scenes"], takes):
        run.report(path)
    ensembles = {"train": world["ensemble_shards"]}
    for path in render_mixtures(run.folder / "clips", ensembles, world["ensembles"]):
        run.report(path)
    store_recordings(run.folder / "clips", Path(world["recordings"]))


def run_tokenizers(run: Run) -> None:
    """Learn both vocabularies from captions of the training scenes."""
    rng, world = np.random.default_rng(0), run.recipe["world"]
    captions = [caption(scene, rng) for scene in run.pictures[1] for _ in range(3)]
    size = world["vocab_size"]
    train_clip_tokenizer(captions, run.folder / "tokenizer", vocab_size=size, max_length=world["clip_tokens"])
    clap = train_clap_tokenizer(captions, vocab_size=size, max_length=world["clap_tokens"])
    clap.save_pretrained(str(run.folder / "clap_tokenizer"))


def run_autoencoder(run: Run) -> None:
    """Picture autoencoder."""
    stage = AutoencoderStage(run.pictures[0], run.new_autoencoder(), crop=run.recipe["autoencoder"]["crop"])
    train(stage, run.loop("autoencoder"), run.folder / "autoencoder", report=run.report)


def run_decoder(run: Run) -> None:
    """The autoencoder's decoder once more, with the encoder fixed, so that latents stay what they are.

    More noise on the latents teaches it to make something clean of what the denoiser leaves unclear.
    """
    recipe = run.recipe["decoder"]
    model = load_average(run.checkpoint("autoencoder"), run.new_autoencoder())
    stage = AutoencoderStage(
        run.pictures[0], model, crop=recipe["crop"], latent_noise=recipe["latent_noise"], decoder_only=True
    )
    train(stage, run.loop("decoder"), run.folder / "decoder", report=run.report)


def run_clip(run: Run) -> None:
    """CLIP."""
    pictures, scenes, _ = run.pictures
    train(
        ClipStage(pictures, scenes, run.tokenizer, run.new_clip()),
        run.loop("clip"),
        run.folder / "clip",
        report=run.report,
    )


def run_denoiser(run: Run) -> None:
    """The base denoiser with text."""
    stage = DenoiserStage(run.latent_data, run.new_unet(), run.text, run.autoencoder, run.normalizer)
    train(stage, run.loop("denoiser"), run.folder / "denoiser", report=run.report)


def run_clap(run: Run) -> None:
    """CLAP."""
    pictures, scenes, _ = run.pictures
    embeds = image_embeddings(run.clip, pictures)
    stage = ClapStage(run.bank, scenes, embeds, run.clap_tokenizer, run.new_clap())
    train(stage, run.loop("clap"), run.folder / "clap", report=run.report)


def run_spectral_stats(run: Run) -> None:
    """CLAP's ear for timbre."""
    embeds = image_embeddings(run.clip, run.pictures[0])
    stage = SpectralStatsStage(run.embedding_pool, run.scenes, embeds, run.clap_tokenizer, run.clap_alone())
    train(stage, run.loop("timbre"), run.folder / "timbre", report=run.report)


def run_projector(run: Run) -> None:
    """SonicDiffusion, stage 1."""
    sounds, scene_of = run.pool_embeddings, run.embedding_pool.scenes
    stage = ProjectorStage(sounds, scene_of, run.scenes, run.text, run.new_projector())
    train(stage, run.loop("projector"), run.folder / "projector", report=run.report)


def run_adapter(run: Run) -> None:
    """SonicDiffusion, stage 2."""
    projector = load_average(run.checkpoint("projector"), run.new_projector())
    adapter = SoundAdapter(projector, AudioAttention.from_unet(run.unet))
    stage = AdapterStage(
        run.latent_data, run.heard, run.unet, run.text, adapter, run.autoencoder, run.normalizer
    )
    train(stage, run.loop("adapter"), run.folder / "adapter", report=run.report)
    adapter.attention.detach()


def run_presence_classifier(run: Run) -> None:
    """The judge of the evaluation."""
    pictures, scenes, _ = run.pictures
    train(
        PresenceClassifierStage(pictures, scenes, PresenceClassifier(len(SOURCES))),
        run.loop("judge"),
        run.folder / "judge",
        report=run.report,
    )


STAGES: dict[str, Callable[[Run], None]] = {
    "pictures": run_pictures,
    "sounds": run_sounds,
    "tokenizers": run_tokenizers,
    "autoencoder": run_autoencoder,
    "clip": run_clip,
    "denoiser": run_denoiser,
    "decoder": run_decoder,
    "clap": run_clap,
    "timbre": run_spectral_stats,
    "projector": run_projector,
    "adapter": run_adapter,
    "judge": run_presence_classifier,
    **SOUND_STAGES,
}
"""In the order in which one command runs them."""
