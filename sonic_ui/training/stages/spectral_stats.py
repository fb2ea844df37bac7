"""CLAP's ear for timbre: a perceptron on statistics of the log-mel, trained beside the finished transformer.

The transformer and the words stay as they are, so what both say of a sound is computed once for a pool of
composed sounds; then a training of minutes suffices.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

from sonic_ui.models.audio_encoder import embed_labels
from sonic_ui.models.timbre import MELS, SpectralStatsHead, TimbreClapModel, spectral_statistics
from sonic_ui.scenes.world import SOURCES, SPECS, Scene, caption
from sonic_ui.training.data.rendering import mixture_shares
from sonic_ui.training.data.sounds import FLOOR_DB, SceneSounds
from sonic_ui.training.stages.clap import SoundBank, embed_mels, vary
from sonic_ui.training.stages.clip import scene_factors
from sonic_ui.training.stages.contrastive import FactorHead, info_nce, normalised

DULL_SHARE = 0.35
"""Of the pool: sounds without their upper bins, as those of 16 kHz and of strong compression are."""


@dataclass(frozen=True)
class EmbeddingPool:
    """Sounds: `timbre` [N, TIMBRE] and the transformer's embeddings [N, D], float16; their scenes [N]."""

    timbre: Tensor
    embeds: Tensor
    scenes: Tensor

    @torch.no_grad()
    def embed_with(self, ear: SpectralStatsHead, batch: int = 4096) -> Tensor:
        """The whole embeddings [N, D], L2-normalised float32: the transformer's and the ear's."""
        ear = ear.eval()
        parts = zip(self.timbre.split(batch), self.embeds.split(batch), strict=True)
        return torch.cat([normalised(embeds.float() + ear(known.float())) for known, embeds in parts])


def lowpass_aug(mel: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """The log-mel [T, 64] without the bins above a random one (about 3 to 13 kHz)."""
    out = mel.copy()
    out[:, int(rng.integers(40, MELS)) :] = FLOOR_DB + rng.uniform(0, 15)
    return out


RENDERED_SHARE = 0.5
"""Of the pool: sounds of scenes as they are heard; the others are composed of clips."""
AS_IT_IS_SHARE = 0.4
"""Of the rendered ones: left as they are, the others are varied."""
MIXED_FLOOR_DB = (55.0, 95.0)
"""Noise below a rendered scene's loudest bin: a source that is 20 dB quieter must stay audible."""


def varied(mel: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A rendered scene's log-mel [T, 64] as another recording might have it."""
    mel = vary(mel, rng, MIXED_FLOOR_DB)
    return lowpass_aug(mel, rng) if rng.random() < DULL_SHARE else mel


def further_take(rendered: SceneSounds, rng: np.random.Generator) -> tuple[int, NDArray[np.float32]]:
    """The place of a scene drawn at random, and its sound [T, 64] as it is heard or varied."""
    drawn = int(rng.integers(len(rendered.mels)))
    mel = rendered.mels[drawn].astype(np.float32)
    return int(rendered.scene_of[drawn]), mel if rng.random() < AS_IT_IS_SHARE else varied(mel, rng)


@torch.no_grad()
def fill_pool(
    clap: TimbreClapModel,
    bank: SoundBank,
    scenes: list[Scene],
    count: int,
    rendered: SceneSounds,
    *,
    seed: int = 0,
    batch: int = 64,
) -> EmbeddingPool:
    """At least `count` sounds of scenes drawn at random: composed of clips, or `rendered` ones.

    What is composed is of `scenes`; what is rendered may be of further ones, whose places follow.
    """
    rng = np.random.default_rng([17, seed])
    share = mixture_shares(scenes)
    known, embeds, drawn = [], [], []
    for _ in range(0, count, batch):
        index, mels = [], []
        for _ in range(batch):
            if rng.random() < RENDERED_SHARE:
                place, mel = further_take(rendered, rng)
            else:
                place = int(rng.choice(len(scenes), p=share))
                mel = bank.compose(scenes[place], rng)
                mel = lowpass_aug(mel, rng) if rng.random() < DULL_SHARE else mel
            index.append(place)
            mels.append(mel)
        x = torch.from_numpy(np.stack(mels)).unsqueeze(1)
        known.append(spectral_statistics(x).half())
        embeds.append(embed_mels(clap, x).half())
        drawn.append(torch.tensor(index))
    return EmbeddingPool(torch.cat(known), torch.cat(embeds), torch.cat(drawn))


class StatsHeadWithClassifier(nn.Module):
    """The ear that is kept, and the training head that is not."""

    def __init__(self, ear: SpectralStatsHead, embedding_dim: int) -> None:
        super().__init__()
        self.ear = ear
        self.head = FactorHead(embedding_dim, len(SOURCES))


class SpectralStatsStage:
    """Train a `SpectralStatsHead` to complete the embedding: captions, pictures, labels, scene factors.

    scenes         all that the pool's sounds are of; the first N are painted
    image_embeds   of their pictures [N, D]
    """

    def __init__(
        self,
        pool: EmbeddingPool,
        scenes: list[Scene],
        image_embeds: Tensor,
        tokenizer: PreTrainedTokenizerFast,
        clap: TimbreClapModel,
        *,
        noise: float = 0.15,
        label_scale: float = 12.0,
    ) -> None:
        self.pool, self.scenes, self.tokenizer, self.clap = pool, scenes, tokenizer, clap
        self.image_embeds = normalised(image_embeds)
        self.labels = embed_labels(clap, tokenizer, [SPECS[name].label for name in SOURCES])
        self.noise, self.label_scale = noise, label_scale
        some = pool.timbre[:4096].float()
        clap.timbre.mean.copy_(some.mean(0))
        clap.timbre.std.copy_(some.std(0).clamp(min=1e-2))
        self.module: nn.Module = StatsHeadWithClassifier(clap.timbre, int(clap.config.projection_dim))

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        return [{"params": list(self.module.parameters()), "lr": learning_rate}]

    def heard(self, index: Tensor, generator: torch.Generator) -> Tensor:
        """Embeddings [B, D] of sounds of the pool, their statistics a little blurred."""
        ear: Any = self.module.ear
        known = self.pool.timbre[index].float()
        known = known + self.noise * ear.std * torch.randn(known.shape, generator=generator)
        return normalised(self.pool.embeds[index].float() + ear(known))

    @torch.no_grad()
    def told(self, scenes: list[Scene], generator: torch.Generator) -> Tensor:
        """Embeddings [B, D] of freshly drawn captions."""
        rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
        return embed_labels(self.clap, self.tokenizer, [caption(scene, rng) for scene in scenes])

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        index = torch.randint(0, len(self.pool.scenes), (batch_size,), generator=generator)
        chosen = self.pool.scenes[index]
        audio = self.heard(index, generator)
        clap: Any = self.clap
        words = self.told([self.scenes[i] for i in chosen.tolist()], generator)
        with_text = info_nce(audio, words, clap.logit_scale_a.detach().exp().clamp(max=50))
        with_image = audio.new_zeros(())
        if (painted := chosen < len(self.image_embeds)).any():
            scale = clap.logit_scale_t.detach().exp().clamp(max=50)
            with_image = info_nce(audio[painted], self.image_embeds[chosen[painted]], scale)
        levels, presence = scene_factors(self.scenes, chosen)
        module: Any = self.module
        factors, hit = module.head.loss(16 * audio, levels, presence)
        named = F.cross_entropy(
            self.label_scale * audio @ self.labels.T, presence / presence.sum(-1, keepdim=True)
        )
        loss = 0.5 * (with_text + with_image) + 2.0 * factors + named
        return loss, {
            "text": with_text.item(),
            "image": with_image.item(),
            "labels": named.item(),
            "source_hit": hit,
        }

    def sample(self, module: nn.Module, path: Path) -> None:
        """Nothing to look at here: `sonic_ui.evaluation` draws the confusion of the sources."""
