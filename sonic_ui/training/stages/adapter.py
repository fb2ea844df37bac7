"""SonicDiffusion's two trainings: the audio projector alone, then projector and gated audio attention.

Source: SonicDiffusion (arXiv 2405.00878), section 3 (eq. 3-5) and supplement (weights of the tokens).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderDC, UNet2DConditionModel
from torch import Tensor, nn

from sonic_ui.models.gated_attention import AudioAttention
from sonic_ui.models.latents import LatentNormalizer, decode_latents
from sonic_ui.models.projector import AudioProjector
from sonic_ui.scenes.world import SOURCES, Scene, article, caption
from sonic_ui.training.contact_sheets import save_sheet
from sonic_ui.training.data.rendering import mixture_shares
from sonic_ui.training.stages.denoiser import (
    DiffusionLoss,
    LatentData,
    TextSide,
    build_scheduler,
    guided_latents,
)


def token_weights(count: int, t: float = 5.0) -> Tensor:
    """Reverse-sigmoid weights [K] of the tokens: w_i = t / (t + exp(i / t)) (supplement; GlueGen)."""
    return torch.tensor([t / (t + math.exp(i / t)) for i in range(count)])


def source_caption(scene: Scene) -> str:
    """Only what sounds in the scene, with its level: what a sound can tell.

    Sources stand in the order of `SOURCES`: which of two is named first cannot be heard, and a projector that
    had to guess would give the mean of both orders.
    """
    named = tuple(sorted(scene.sources, key=lambda source: SOURCES.index(source.name)))
    quiet = Scene(named, scene.time_of_day, scene.place, scene.style, 0)
    words = caption(quiet, np.random.default_rng(0))
    words = words.split(" of ", 1)[-1]
    for tail in (" at the coast", " in the ", " in a ", " at night", " at dawn", " at dusk", " by day"):
        words = words.split(tail, 1)[0]
    return words


def setting_caption(scene: Scene, rng: np.random.Generator) -> str:
    """What a sound cannot tell: the style of the picture and the time of day, as a prompt."""
    style = f"{article(scene.style)} {scene.style}"
    when = {"night": "at night", "dawn": "at dawn", "dusk": "at dusk", "day": "by day"}[scene.time_of_day]
    return str(rng.choice([style, f"{style} {when}", when]))


LEAST_SCALE, MOST_SCALE = 0.5, 2.0


def at_scale(scene: Scene, rng: np.random.Generator) -> tuple[Scene, float]:
    """The scene with its sources at `level / scale`, and that scale.

    Heard at these levels and weighed by the scale, it should look as it did: that is how stage 2 learns that
    a larger audio strength paints more of a thing (loudness reweighting), not merely a harsher picture.
    """
    least = max(LEAST_SCALE, *(source.level for source in scene.sources))
    scale = float(np.exp(rng.uniform(math.log(least), math.log(MOST_SCALE))))
    sources = tuple(replace(source, level=source.level / scale) for source in scene.sources)
    return replace(scene, sources=sources), scale


@dataclass(frozen=True)
class SceneEmbeddings:
    """What the audio encoder makes of scenes: embeddings [N, takes, D], L2-normalised; scales [N, takes].

    Besides, further sounds [M, D] at the scale 1 may be there, `scene_of` [M] the place of each one's scene.
    """

    embeddings: Tensor
    scales: Tensor
    further: Tensor | None = None
    scene_of: Tensor | None = None

    def draw(self, index: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """A sound of every scene of `index` [B], half of them further ones: embeddings [B, D], scales [B]."""
        count, takes = len(index), self.scales.shape[1]
        take = torch.randint(0, takes, (count,), generator=generator)
        embeddings, scales = self.embeddings[index, take], self.scales[index, take]
        if self.further is None:
            return embeddings, scales
        order, starts, counts = self._by_scene
        other = (torch.rand(count, generator=generator) < 0.5) & (counts[index] > 0)
        place = starts[index] + (torch.rand(count, generator=generator) * counts[index]).long()
        drawn = self.further[order[place.clamp(max=len(order) - 1)]]
        return torch.where(other[:, None], drawn, embeddings), torch.where(other, 1.0, scales)

    @cached_property
    def _by_scene(self) -> tuple[Tensor, Tensor, Tensor]:
        """Further sounds sorted by scene [M]; where those of each scene start, and how many they are [N]."""
        if self.scene_of is None:
            raise ValueError("further sounds need to be told whose they are")
        counts = torch.bincount(self.scene_of, minlength=len(self.scales))
        return self.scene_of.argsort(stable=True), counts.cumsum(0) - counts, counts


class ProjectorStage:
    """Stage 1: InfoNCE over clips (same class against other classes) + MSE to the caption's text tokens.

    embeddings  of sounds [N, D], L2-normalised
    scene_of    [N], the place of each sound's scene in `scenes`
    """

    def __init__(
        self,
        embeddings: Tensor,
        scene_of: Tensor,
        scenes: list[Scene],
        text: TextSide,
        projector: AudioProjector,
        *,
        contrast_weight: float = 1.0,
        mse_weight: float = 0.25,
        negatives: int = 32,
    ) -> None:
        self.embeddings = embeddings
        self.module: nn.Module = projector
        self.contrast_weight, self.mse_weight, self.negatives = contrast_weight, mse_weight, negatives
        self.weights = token_weights(int(projector.config.num_tokens))
        self.classes = torch.tensor(
            [SOURCES.index(s.sources[0].name) if len(s.sources) == 1 else -1 for s in scenes]
        )[scene_of]
        captions = [source_caption(s) for s in scenes]
        unique = sorted(set(captions))
        tokens = torch.cat([text(unique[i : i + 256]) for i in range(0, len(unique), 256)])
        self.caption_tokens = tokens  # [U, K, C]
        number = {words: place for place, words in enumerate(unique)}
        self.caption_of = torch.tensor([number[words] for words in captions])[scene_of]

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        return [{"params": list(self.module.parameters()), "lr": learning_rate}]

    def contrast(self, generator: torch.Generator) -> Tensor:
        """Eq. 3 per token, [K]: one pair of a class against clips of other classes."""
        kinds = self.classes[self.classes >= 0].unique()
        kind = kinds[torch.randint(0, len(kinds), (), generator=generator)]
        same, other = (
            (self.classes == kind).nonzero()[:, 0],
            ((self.classes != kind) & (self.classes >= 0)).nonzero()[:, 0],
        )
        pair = same[torch.randint(0, len(same), (2,), generator=generator)]
        rest = other[torch.randint(0, len(other), (self.negatives,), generator=generator)]
        tokens = self.module(self.embeddings[torch.cat([pair, rest])])  # [2 + N, K, C]
        logits = (tokens[:1] * tokens[1:]).sum(-1) / math.sqrt(tokens.shape[-1])  # [1 + N, K]
        return -logits.log_softmax(0)[0]

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        index = torch.randint(0, len(self.embeddings), (batch_size,), generator=generator)
        tokens = self.module(self.embeddings[index])
        gap = tokens - self.caption_tokens[self.caption_of[index]]
        error = gap.square().sum(-1).mean(0)  # eq. 4, a squared norm: [K]
        contrast = self.contrast(generator)
        loss = (self.weights * (self.contrast_weight * contrast + self.mse_weight * error)).sum()
        return loss, {"info_nce": contrast.mean().item(), "mse": gap.square().mean().item()}

    def sample(self, module: nn.Module, path: Path) -> None:
        """Nothing to look at: the second stage shows what the tokens mean."""


class SoundAdapter(nn.Module):
    """The parts that stage 2 trains."""

    def __init__(self, projector: AudioProjector, attention: AudioAttention) -> None:
        super().__init__()
        self.projector = projector
        self.attention = attention

    def gates(self) -> list[nn.Parameter]:
        """gamma of every gated block."""
        return [p for name, p in self.attention.named_parameters() if name.endswith("gate_adapter")]


class AdapterStage:
    """Stage 2: diffusion loss through the frozen denoiser; the sound's embedding is zeroed in a tenth.

    Takes whose level was changed are weighed by the scale that makes up for it (`at_scale`).
    """

    def __init__(
        self,
        data: LatentData,
        heard: SceneEmbeddings,
        unet: UNet2DConditionModel,
        text: TextSide,
        adapter: SoundAdapter,
        vae: AutoencoderDC,
        normalizer: LatentNormalizer,
        *,
        drop: float = 0.1,
        projector_rate: float = 0.4,
        gate_rate: float = 20.0,
        text_shares: tuple[float, float] = (0.55, 0.35),
    ) -> None:
        self.data, self.heard, self.text = data, heard, text
        self.shares = torch.from_numpy(mixture_shares(data.scenes))
        self.unet = unet.requires_grad_(False).to(memory_format=torch.channels_last)
        self.module: nn.Module = adapter
        self.vae, self.normalizer, self.drop = vae, normalizer, drop
        self.projector_rate, self.gate_rate, self.text_shares = projector_rate, gate_rate, text_shares
        self.scheduler = build_scheduler()
        self.diffusion = DiffusionLoss(self.scheduler)
        adapter.attention.attach(unet)

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        adapter: Any = self.module
        gates = {id(p) for p in adapter.gates()}
        layers = [p for p in adapter.attention.parameters() if id(p) not in gates]
        return [
            {"params": layers, "lr": learning_rate},
            {"params": adapter.gates(), "lr": learning_rate * self.gate_rate, "weight_decay": 0.0},
            {"params": list(adapter.projector.parameters()), "lr": learning_rate * self.projector_rate},
        ]

    def prompts(self, scenes: list[Scene], generator: torch.Generator) -> list[str]:
        """No words, the setting only, or all of it, in the shares asked for."""
        rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
        none, setting = self.text_shares
        kinds = rng.choice(3, len(scenes), p=[none, setting, 1 - none - setting])
        return [
            "" if k == 0 else setting_caption(s, rng) if k == 1 else caption(s, rng)
            for k, s in zip(kinds, scenes, strict=True)
        ]

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        adapter: Any = self.module
        index = torch.multinomial(self.shares, batch_size, replacement=True, generator=generator)
        mirror = torch.randint(0, 2, (batch_size,), generator=generator)
        latents = self.data.latents[index, mirror].float().contiguous(memory_format=torch.channels_last)
        kept = torch.rand(batch_size, 1, generator=generator) >= self.drop
        heard, scales = self.heard.draw(index, generator)
        tokens = adapter.projector(heard * kept)
        noisy, timesteps, target = self.diffusion.noised(latents, generator)
        words = self.text(self.prompts([self.data.scenes[i] for i in index.tolist()], generator))
        with adapter.attention.condition(tokens, scales):
            prediction = self.unet(noisy, timesteps, encoder_hidden_states=words).sample
        gate = torch.stack([g.detach().tanh().abs() for g in adapter.gates()]).mean()
        return self.diffusion(prediction, target, timesteps), {"gate": float(gate)}

    @torch.no_grad()
    def sample(self, module: nn.Module, path: Path, *, guidance: float = 4.0, steps: int = 20) -> None:
        """One picture of each source, from the first single-source sound of it."""
        adapter: Any = module
        trained: Any = self.module
        firsts = [self._first(name) for name in SOURCES]
        trained.attention.detach()
        adapter.attention.attach(self.unet)
        heard = self.heard.embeddings[torch.tensor(firsts), 0]
        tokens = adapter.projector(torch.cat([torch.zeros_like(heard), heard]))
        words = self.text([""] * len(tokens))
        shape = (len(firsts), *self.data.latents.shape[2:])
        with adapter.attention.condition(tokens):
            x = guided_latents(self.unet, words, shape, guidance=guidance, steps=steps)
        adapter.attention.detach()
        trained.attention.attach(self.unet)
        save_sheet(decode_latents(self.vae, x, self.normalizer), path, columns=8)

    def _first(self, source: str) -> int:
        for i, scene in enumerate(self.data.scenes):
            if len(scene.sources) == 1 and scene.sources[0].name == source and scene.sources[0].level > 0.5:
                return i
        return 0
