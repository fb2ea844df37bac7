"""The decoder's last training: latents as the denoiser leaves them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sonic_ui.models.compact_autoencoder import CompactAutoencoder
from sonic_ui.scenes.world import sample_scene
from sonic_ui.training.run import Run
from sonic_ui.training.stages.latent_diffusion import LatentData, SoftDecoderStage, build_scheduler, soften
from sonic_ui.training.stages.picture_autoencoder import DecoderAndCritic

GOAL = 0.5


class Certain(nn.Module):
    """A denoiser that is certain of latents that are all `GOAL`: it gives the velocity towards them."""

    def forward(self, noisy: Tensor, timestep: Tensor, encoder_hidden_states: Tensor) -> Any:
        alpha = build_scheduler().alphas_cumprod[timestep]
        clean = torch.full_like(noisy, GOAL)
        noise = (noisy - alpha.sqrt() * clean) / (1 - alpha).sqrt()
        return SimpleNamespace(sample=alpha.sqrt() * noise - (1 - alpha).sqrt() * clean)


def test_softened_latents_are_what_the_denoiser_makes_of_them() -> None:
    latents = torch.randn(2, 4, 4, 4, generator=torch.Generator().manual_seed(0))
    soft = soften(Certain(), latents, torch.zeros(4, 1, 1), torch.Generator().manual_seed(1))
    assert torch.allclose(soft, torch.full_like(soft, GOAL), atol=1e-3)


def test_what_has_a_front_is_shown_from_one_side() -> None:
    latents = torch.stack([torch.zeros(3, 1, 1, 1), torch.ones(3, 1, 1, 1)], 1)  # plain 0, mirrored 1
    scenes = [sample_scene(np.random.default_rng(number)) for number in range(3)]
    data = LatentData(latents, scenes, torch.tensor([0, 1, -1]))
    drawn, of = data.batch(torch.Generator().manual_seed(0), 300)
    sides = [{float(one) for one, scene in zip(drawn, of, strict=True) if scene is which} for which in scenes]
    assert sides == [{0.0}, {1.0}, {0.0, 1.0}]


def test_half_of_what_it_paints_is_soft_and_none_of_it_mirrored(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    run = Run({"decoder": {"scenes": 3, "critic_from": 0, "latent_noise": 0.0}}, tmp_path)
    vae = CompactAutoencoder(4, (8, 16), (0, 1), 4, (16, 8, 8), (1, 1, 0))
    run.artifacts |= {
        "training_pictures": (np.zeros((4, 32, 32, 3), np.uint8), [sample_scene(rng) for _ in range(4)]),
        "stored_latents": {
            "latents": torch.zeros(4, 2, 4, 4, 4),
            "facing": torch.full((4,), -1),
            "mean": torch.zeros(4),
            "std": torch.ones(4),
        },
        "coarse_autoencoder": vae,
        "caption_encoder": lambda captions: torch.zeros(len(captions), 1, 1),
        "trained_unet": Certain(),
    }
    before = DecoderAndCritic(CompactAutoencoder(**vae.config).decoder)
    run.checkpoint("picture_decoder").parent.mkdir()
    torch.save({"average": before.state_dict()}, run.checkpoint("picture_decoder"))
    stage = SoftDecoderStage(run)
    parts: Any = stage.module
    assert torch.equal(parts.decoder.conv_in.weight, before.decoder.conv_in.weight), "it goes on from there"

    index, mirror = torch.arange(4).repeat(100), torch.arange(2).repeat_interleave(200)
    drawn = stage.drawn_latents(index, mirror, torch.Generator().manual_seed(0))
    soft = (drawn - GOAL).abs().amax((1, 2, 3)) < 0.01
    assert torch.all(drawn[~soft] == 0) and not soft[mirror == 1].any()
    shares = [soft[(index == number) & (mirror == 0)].float().mean().item() for number in range(4)]
    assert sorted(share > 0.3 for share in shares) == [False, True, True, True], "three scenes have some"
    assert min(shares) == 0 and max(shares) < 0.7
