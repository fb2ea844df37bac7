"""CLAP's head on spectral statistics: a perceptron on the log-mel, beside the finished transformer.

The transformer and the text encoder stay as they are, so both embeddings of a sound are computed once for a
pool of composed sounds; then a training of minutes suffices.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from sonic_ui.models.encoders import embed_labels
from sonic_ui.models.tagged_clap import TaggedClapModel
from sonic_ui.models.timbre import MELS, SpectralStatsHead, TimbreClapModel, spectral_statistics
from sonic_ui.scenes.world import SOURCES, SPECS, Scene, caption
from sonic_ui.training.data import sounds
from sonic_ui.training.data.rendering import clap_tokenizer, mixture_shares, training_pictures
from sonic_ui.training.run import Run, Stage, artifact, stage
from sonic_ui.training.stages.clap import SoundBank, augment_mel, clap_without_stats, embed_mels, sound_bank
from sonic_ui.training.stages.clip import FactorHead, info_nce, normalised, picture_embeds, scene_factors

LOWPASS_SHARE = 0.35
"""Of the pool: sounds without their upper bins, as those of 16 kHz and of strong compression are."""


@dataclass(frozen=True)
class EmbeddingPool:
    """Statistics [N, TIMBRE] and transformer embeddings [N, D] of sounds, float16; their scenes [N]."""

    stats: Tensor
    embeds: Tensor
    scenes: Tensor

    @torch.no_grad()
    def embed_with(self, head: SpectralStatsHead, batch: int = 4096) -> Tensor:
        """The whole embeddings [N, D], L2-normalised float32: the transformer's and the head's."""
        head = head.eval()
        parts = zip(self.stats.split(batch), self.embeds.split(batch), strict=True)
        return torch.cat([normalised(embeds.float() + head(stats.float())) for stats, embeds in parts])


def lowpass_aug(mel: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """The log-mel [T, 64] without the bins above a random one (about 3 to 13 kHz)."""
    out = mel.copy()
    out[:, int(rng.integers(40, MELS)) :] = sounds.FLOOR_DB + rng.uniform(0, 15)
    return out


RENDERED_SHARE = 0.5
"""Of the pool: rendered sounds of scenes; the others are composed of clips."""
AS_IT_IS_SHARE = 0.4
"""Of the rendered ones: left as they are, the others are varied."""
MIXED_FLOOR_DB = (55.0, 95.0)
"""Noise below a rendered scene's loudest bin: a source that is 20 dB quieter must stay audible."""


def augment_scene(mel: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A rendered scene's log-mel [T, 64] as another recording might have it."""
    mel = augment_mel(mel, rng, MIXED_FLOOR_DB)
    return lowpass_aug(mel, rng) if rng.random() < LOWPASS_SHARE else mel


def further_take(rendered: sounds.SceneSounds, rng: np.random.Generator) -> tuple[int, NDArray[np.float32]]:
    """The index of a scene drawn at random, and its sound [T, 64] as it is or varied."""
    drawn = int(rng.integers(len(rendered.mels)))
    mel = rendered.mels[drawn].astype(np.float32)
    return int(rendered.scene_of[drawn]), mel if rng.random() < AS_IT_IS_SHARE else augment_scene(mel, rng)


@torch.no_grad()
def fill_pool(
    clap: TimbreClapModel,
    bank: SoundBank,
    scenes: list[Scene],
    count: int,
    rendered: sounds.SceneSounds,
    *,
    seed: int = 0,
    batch: int = 64,
) -> EmbeddingPool:
    """At least `count` sounds of scenes drawn at random: composed of clips, or `rendered` ones.

    What is composed is of `scenes`; what is rendered may be of further ones, whose indices follow.
    """
    rng = np.random.default_rng([17, seed])
    share = mixture_shares(scenes)
    stats, embeds, drawn = [], [], []
    for _ in range(0, count, batch):
        index, mels = [], []
        for _ in range(batch):
            if rng.random() < RENDERED_SHARE:
                scene, mel = further_take(rendered, rng)
            else:
                scene = int(rng.choice(len(scenes), p=share))
                mel = bank.compose(scenes[scene], rng)
                mel = lowpass_aug(mel, rng) if rng.random() < LOWPASS_SHARE else mel
            index.append(scene)
            mels.append(mel)
        x = torch.from_numpy(np.stack(mels)).unsqueeze(1)
        stats.append(spectral_statistics(x).half())
        embeds.append(embed_mels(clap, x).half())
        drawn.append(torch.tensor(index))
    return EmbeddingPool(torch.cat(stats), torch.cat(embeds), torch.cat(drawn))


class StatsHeadWithClassifier(nn.Module):
    """Statistics head of CLAP, with a classifier that only its training needs."""

    def __init__(self, stats_head: SpectralStatsHead, embedding_dim: int) -> None:
        super().__init__()
        self.stats_head = stats_head
        self.head = FactorHead(embedding_dim, len(SOURCES))


@stage("spectral_stats")
class SpectralStatsStage(Stage):
    """Train a `SpectralStatsHead` to complete the embedding: captions, pictures, labels, scene factors.

    Of the scenes of the pool's sounds the first N are painted; `image_embeds` [N, D] are of their pictures.
    """

    noise, label_scale = 0.15, 12.0

    def __init__(self, run: Run) -> None:
        self.image_embeds = normalised(picture_embeds(run))
        self.pool, self.scenes = embedding_pool(run), sound_scenes(run)
        self.tokenizer, self.clap = clap_tokenizer(run), clap_without_stats(run)
        self.labels = embed_labels(self.clap, self.tokenizer, [SPECS[name].label for name in SOURCES])
        head = self.clap.timbre
        head.standardize(self.pool.stats[:4096].float())
        self.module = StatsHeadWithClassifier(head, int(self.clap.config.projection_dim))

    def embed_pool(self, index: Tensor, generator: torch.Generator) -> Tensor:
        """Embeddings [B, D] of sounds of the pool, their statistics a little blurred."""
        head: Any = self.module.stats_head
        stats = self.pool.stats[index].float()
        stats = stats + self.noise * head.std * torch.randn(stats.shape, generator=generator)
        return normalised(self.pool.embeds[index].float() + head(stats))

    @torch.no_grad()
    def embed_captions(self, scenes: list[Scene], generator: torch.Generator) -> Tensor:
        """Embeddings [B, D] of freshly drawn captions."""
        rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
        return embed_labels(self.clap, self.tokenizer, [caption(scene, rng) for scene in scenes])

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        index = torch.randint(0, len(self.pool.scenes), (batch_size,), generator=generator)
        chosen = self.pool.scenes[index]
        audio = self.embed_pool(index, generator)
        clap: Any = self.clap
        words = self.embed_captions([self.scenes[i] for i in chosen.tolist()], generator)
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


@artifact
def trained_clap(run: Run) -> TaggedClapModel:
    """The trained CLAP; with its statistics head and its `TagHead`, once these stages are done."""
    clap = clap_without_stats(run)
    if run.checkpoint("spectral_stats").exists():
        run.load("spectral_stats", StatsHeadWithClassifier(clap.timbre, clap.config.projection_dim))
    if run.checkpoint("tags").exists():
        run.load("tags", nn.ModuleDict({"tags": clap.tags}))
    return clap.eval()


def stored_clap(run: Run, folder: Path) -> Path:
    """Folder of the trained CLAP below `folder`, for processes that render; written if it is not there."""
    path = folder / "encoder"
    if not (path / "config.json").exists():
        trained_clap(run).save_pretrained(str(path))
    return path


@cache
def read_clap(folder: Path) -> TaggedClapModel:
    """The CLAP of `stored_clap`, float32."""
    return TaggedClapModel.from_pretrained(str(folder), dtype=torch.float32).eval()


def scene_takes(run: Run, takes: range) -> sounds.SceneSounds:
    """Rendered sounds of some takes of the training scenes."""
    count = run.recipe["world"]["shard_scenes"]
    return sounds.load_scene_sounds(run.folder / "clips", "train", training_pictures(run)[1], count, takes)


@artifact
def stats_takes(run: Run) -> sounds.SceneSounds:
    """The takes of the training scenes that the statistics head is trained on."""
    return scene_takes(run, range(run.recipe["spectral_stats"]["takes"]))


@artifact
def sound_scenes(run: Run) -> list[Scene]:
    """The scenes that there are sounds of: the painted ones, then the mixtures."""
    return [*training_pictures(run)[1], *sounds.mixture_scenes(run.folder / "clips", "train")]


def scene_sounds(run: Run) -> sounds.SceneSounds:
    """Rendered sounds of `sound_scenes`; gigabytes, so nothing holds on to them."""
    rendered, painted = stats_takes(run), len(training_pictures(run)[1])
    mels, _ = sounds.load_mixtures(run.folder / "clips", "train")
    index = np.arange(painted, painted + len(mels))
    return sounds.SceneSounds(
        np.concatenate([rendered.mels, mels]), np.concatenate([rendered.scene_of, index])
    )


@artifact
def embedding_pool(run: Run) -> EmbeddingPool:
    """Sounds of `sound_scenes` as CLAP embeds them without its statistics head."""
    path = run.folder / "embedding_pool.pt"
    if not path.exists():
        clap = clap_without_stats(run)
        clap.timbre.reset()  # that of an imported bundle
        count, scenes = run.recipe["spectral_stats"]["pool"], training_pictures(run)[1]
        torch.save(vars(fill_pool(clap, sound_bank(run), scenes, count, scene_sounds(run))), path)
    return EmbeddingPool(**torch.load(path, weights_only=True))


@artifact
def pool_embeddings(run: Run) -> Tensor:
    """Audio embeddings [M, D] of the pool."""
    return embedding_pool(run).embed_with(trained_clap(run).timbre)
