"""The denoiser and its audio adapter learned together, where samples are dear: every picture teaches both.

SonicDiffusion trains the adapter on a finished denoiser (stage 2). Here a part of each batch has words alone,
at strength 0, and teaches the denoiser as before; the rest is heard. At strength 0 the denoiser stays what it
is without sound.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn

from sonic_ui.scenes.world import caption
from sonic_ui.training.adapter import HeardScenes, SoundAdapter, setting_caption
from sonic_ui.training.denoiser import DiffusionLoss, LatentData, TextSide, build_scheduler
from sonic_ui.training.rendering import crowd_shares


class JointStage:
    """Diffusion loss of the denoiser with words, and with words and sounds.

    heard_share   of each batch, what is heard; the embedding is zeroed in a tenth of it
    frozen        leave the denoiser as it is: SonicDiffusion's stage 2
    """

    def __init__(
        self,
        data: LatentData,
        heard: HeardScenes,
        unet: UNet2DConditionModel,
        text: TextSide,
        adapter: SoundAdapter,
        *,
        heard_share: float = 0.5,
        adapter_rate: float = 0.5,
        gate_rate: float = 10.0,
        projector_rate: float = 0.2,
        frozen: bool = False,
    ) -> None:
        self.data, self.heard, self.text, self.heard_share = data, heard, text, heard_share
        self.rates = adapter_rate, gate_rate, projector_rate
        self.shares = torch.from_numpy(crowd_shares(data.scenes))
        self.module: nn.Module = nn.ModuleDict({"unet": unet.requires_grad_(not frozen), "adapter": adapter})
        self.diffusion = DiffusionLoss(build_scheduler())
        adapter.attention.attach(unet)

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """Denoiser, gated attention, gates and projector, each at its own rate."""
        module: Any = self.module
        adapter = module["adapter"]
        gates = {id(p) for p in adapter.gates()}
        layers = [p for p in adapter.attention.parameters() if id(p) not in gates]
        attention, gate, projector = (learning_rate * rate for rate in self.rates)
        groups = [
            {"params": layers, "lr": attention},
            {"params": adapter.gates(), "lr": gate, "weight_decay": 0.0},
            {"params": list(adapter.projector.parameters()), "lr": projector},
        ]
        own = [p for p in module["unet"].parameters() if p.requires_grad]
        return [{"params": own, "lr": learning_rate}, *groups] if own else groups

    def prompts(self, index: Tensor, heard: int, generator: torch.Generator) -> list[str]:
        """Of what is heard nothing, the setting or all; of the rest all, or nothing in an eighth."""
        rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
        out = []
        for place, i in enumerate(index.tolist()):
            scene, draw = self.data.scenes[i], rng.random()
            if place < heard:
                words = (
                    "" if draw < 0.55 else setting_caption(scene, rng) if draw < 0.9 else caption(scene, rng)
                )
            else:
                words = "" if draw < 0.12 else caption(scene, rng)
            out.append(words)
        return out

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        """One batch: its first part heard, the rest told in words."""
        module: Any = self.module
        count = round(self.heard_share * batch_size)
        crowd = torch.multinomial(self.shares, count, replacement=True, generator=generator)
        plain = torch.randint(0, len(self.data.scenes), (batch_size - count,), generator=generator)
        index = torch.cat([crowd, plain])
        mirror = torch.randint(0, self.data.latents.shape[1], (batch_size,), generator=generator)
        latents = self.data.latents[index, mirror].float()
        embeddings, scales = self.heard.draw(index, generator)
        kept = torch.rand(batch_size, 1, generator=generator) >= 0.1
        strengths = torch.cat([scales[:count], torch.zeros(batch_size - count)])
        noisy, timesteps, target = self.diffusion.noised(latents, generator)
        words = self.text(self.prompts(index, count, generator))
        adapter = module["adapter"]
        with adapter.attention.condition(adapter.projector(embeddings * kept), strengths):
            prediction = module["unet"](noisy.contiguous(), timesteps, encoder_hidden_states=words).sample
        gate = torch.stack([g.detach().tanh().abs() for g in adapter.gates()]).mean()
        return self.diffusion(prediction, target.contiguous(), timesteps), {"gate": float(gate)}

    def sample(self, module: nn.Module, path: Path) -> None:
        """Nothing to look at: `python -m sonic_ui.evaluation` paints sounds."""
