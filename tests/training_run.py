"""A training run at the smallest sizes: every stage in seconds. See the fixture `run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from sonic_ui.training.registry import STAGES, run_stage
from sonic_ui.training.run import Run


def loop(steps: int, batch: int, rate: float = 2e-3) -> dict[str, Any]:
    return {
        "steps": steps,
        "batch_size": batch,
        "learning_rate": rate,
        "warmup_steps": 2,
        "ema_decay": 0.9,
        "log_every": 1,
        "save_every": steps,
    }


YAMNET = str(
    Path(__file__).parents[1]
    / "assets"
    / "miniature"
    / "audio_to_image"
    / "audio_encoder"
    / "model.safetensors"
)

RECIPE: dict[str, Any] = {
    "world": {
        "picture_px": 32,
        "shard_scenes": 24,
        "picture_shards": 1,
        "held_out_picture_shards": 0,
        "classifier_picture_shards": 1,
        "features_picture_shards": 1,
        "clips_per_source": 2,
        "workers": 0,
        "clip_shards": 1,
        "held_out_clip_shards": 0,
        "mixture_takes": 3,
        "mixtures": 6,
        "mixture_shards": 1,
        "recordings": "nowhere",
        "vocab_size": 600,
        "clip_tokens": 16,
        "clap_tokens": 16,
    },
    "autoencoder": {
        "latent_channels": 8,
        "channels": [8, 16],
        "layers": [0, 1],
        "reduction": 4,
        "decoder_channels": [16, 8, 8],
        "decoder_blocks": [1, 1, 0],
        "edge_weight": 1.0,
        "latent_noise": 0.2,
        "pooled_share": 0.5,
        "upper_limit": 0.3,
        "loop": loop(30, 4),
    },
    "picture_decoder": {"critic_from": 1, "latent_noise": 0.2, "loop": loop(3, 2) | {"bfloat16": True}},
    "clip": {"loop": loop(3, 8)},
    "denoiser": {"channels": [16, 16, 16, 16], "token_dim": 192, "loop": loop(3, 4)},
    "decoder": {"scenes": 6, "critic_from": 0, "latent_noise": 0.1, "loop": loop(2, 2)},
    "clap": {"width": 32, "loop": loop(2, 4)},
    "spectral_stats": {"takes": 2, "pool": 64, "loop": loop(30, 16)},
    "room_head": {"width": 8, "sounds": 24, "shards": 1, "loop": loop(20, 16)},
    "tags": {"yamnet": YAMNET, "width": 24, "sounds": 24, "shards": 1, "loop": loop(20, 16)},
    "audio_captioner": {"pool": 64, "width": 16, "layers": 1, "inner": 16, "loop": loop(40, 16, 8e-3)},
    "embeddings": {"takes": 2},
    "projector": {"tokens": 16, "loop": loop(12, 8)},
    "adapter": {"loop": loop(3, 4)},
    "few_steps": {
        "steps": 2,
        "rank": 2,
        "teacher_steps": 4,
        "guidance": 2.0,
        "paths": 1,
        "shard": 8,
        "loop": loop(12, 4),
    },
    "presence_classifier": {"loop": loop(3, 8)},
    "picture_features": {"loop": loop(3, 8) | {"seed": 1}},
    "upscaler": {
        "shard_scenes": 6,
        "picture_shards": 1,
        "channels": 8,
        "depth": 1,
        "crop_px": 16,
        "painted_share": 0.5,
        "loop": loop(30, 4),
    },
    "image_to_sound": {"scenes": 18, "shards": 1, "held_out_shards": 1, "image_shards": 1},
    "mel_autoencoder": {
        "latent_channels": 4,
        "encoder": [4, 8, 8, 8],
        "encoder_layers": [0, 1, 1, 1],
        "decoder": [4, 8, 8, 8],
        "decoder_layers": [0, 1, 1, 1],
        "crop": 32,
        "loop": loop(40, 4, 4e-3),
    },
    "sound_denoiser": {"channels": [16, 32], "takes": 2, "loop": loop(60, 8)},
    "energy_control": {"loop": loop(4, 4)},
    "energy_ablation": {"loop": loop(2, 4)},
    "image_to_audio_mapper": {"width": 32, "loop": loop(40, 16)},
    "energy_modulator": {"width": 16, "loop": loop(30, 8, 4e-3)},
    "sound_samples": {
        "scenes": 16,
        "classifier_shards": 1,
        "held_out_shards": 0,
        "train_shards": 1,
    },
    "vocoder": {
        "width": 16,
        "inner": 16,
        "blocks": 1,
        "crop": 16,
        "decoded_share": 0.5,
        "critic_from": 20,
        "loop": loop(30, 4, 4e-3),
    },
    "sound_classifier": {"widths": [4, 8, 8], "loop": loop(40, 8, 6e-3)},
}


def finished_run(folder: Path) -> Run:
    """A run of `RECIPE` with every stage done."""
    threads = torch.get_num_threads()
    run = Run(RECIPE, folder, report=lambda _: None)
    for name in STAGES:
        run_stage(run, name)
        assert (folder / name).is_dir() or name in ("sounds", "mixtures", "tokenizers")
    torch.set_num_threads(threads)
    return run
