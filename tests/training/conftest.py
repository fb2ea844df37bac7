"""A recipe of the smallest sizes: every stage in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from sonic_ui.training.registry import STAGES
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


RECIPE: dict[str, Any] = {
    "world": {
        "picture_px": 32,
        "shard_scenes": 24,
        "picture_shards": 1,
        "held_out_picture_shards": 0,
        "clips_per_source": 4,
        "clip_shards": 1,
        "held_out_clip_shards": 0,
        "crowded_takes": 3,
        "ensembles": 6,
        "ensemble_shards": 1,
        "recordings": "nowhere",
        "vocab_size": 600,
        "clip_tokens": 16,
        "clap_tokens": 16,
    },
    "autoencoder": {
        "latent_channels": 8,
        "channels": [8, 16, 16, 16],
        "layers": [0, 1, 1, 1],
        "crop": 32,
        "loop": loop(30, 4),
    },
    "decoder": {"crop": 32, "latent_noise": 0.2, "loop": loop(2, 2)},
    "clip": {"loop": loop(3, 8)},
    "denoiser": {"channels": [16, 16, 16, 16], "token_dim": 192, "loop": loop(3, 4)},
    "clap": {"width": 32, "loop": loop(2, 4)},
    "timbre": {"takes": 2, "pool": 64, "loop": loop(30, 16)},
    "embeddings": {"takes": 2},
    "projector": {"tokens": 16, "loop": loop(12, 8)},
    "adapter": {"loop": loop(3, 4)},
    "judge": {"loop": loop(3, 8)},
    "sounded": {"scenes": 18, "shards": 1, "held_out_shards": 1, "pictured_shards": 1},
    "mel_autoencoder": {
        "latent_channels": 4,
        "encoder": [4, 8, 8, 8],
        "encoder_layers": [0, 1, 1, 1],
        "decoder": [4, 8, 8, 8],
        "decoder_layers": [0, 1, 1, 1],
        "crop": 32,
        "loop": loop(40, 4, 4e-3),
    },
    "sound_denoiser": {"channels": [16, 32], "takes": 2, "loop": loop(30, 4)},
    "energy_control": {"loop": loop(4, 4)},
    "energy_ablation": {"loop": loop(2, 4)},
    "sound_mapper": {"width": 32, "loop": loop(40, 16)},
    "energy_modulator": {"width": 16, "loop": loop(30, 8, 4e-3)},
    "energy_modulator_blind": {"loop": loop(2, 4)},
}


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run of `RECIPE` with every stage done."""
    folder: Path = tmp_path_factory.mktemp("run")
    threads = torch.get_num_threads()
    torch.manual_seed(0)
    run = Run(RECIPE, folder, report=lambda _: None)
    for name, stage in STAGES.items():
        stage(run)
        assert (folder / name).is_dir() or name in ("sounds", "tokenizers")
    yield run
    torch.set_num_threads(threads)
