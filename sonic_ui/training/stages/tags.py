"""CLAP's `TagHead`: a perceptron on YAMNet's features; strangers' recordings come to where the world's are.

The encoder before it stays as it is, so features, embeddings and targets of a pool of sounds are computed
once; then a training of minutes suffices. The target of a sound is what that encoder says of the same
sources, at the same levels in the same room, composed of the world's clips, which it knows well: the mean of
some takes. For scenes of the world it is the middle between that and what it says of the scene itself.
"""

import json
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
from sonic_ui.models.tagged_clap import TagHead
from sonic_ui.models.yamnet import FEATURES, yamnet_patches
from sonic_ui.scenes.world import SOURCES, SPECS, Scene
from sonic_ui.training.data import rendering
from sonic_ui.training.data.recordings import read_recordings
from sonic_ui.training.data.sounds import FLOOR_DB, FRAME_STEP, SAMPLE_RATE, load_clips, log_mel
from sonic_ui.training.data.tagged_sounds import TakeBank, scene_of
from sonic_ui.training.run import Run, Stage, artifact, stage
from sonic_ui.training.stages.clap import SoundBank, clap_without_stats, embed_mels
from sonic_ui.training.stages.clip import normalised
from sonic_ui.training.stages.spectral_stats import read_clap, stored_clap, trained_clap

FOLDER = "tagged_sounds"
COMPOSED = 4
"""Takes of the world's clips whose mean is a target."""
AT_ONCE = 10


@dataclass(frozen=True)
class TaggedSounds:
    """Features [N, FEATURES] and embeddings [N, D] as they are, and as they should be [N, D], all float16;
    shares of every source and of any other kind [N, sources + 1], sum 1.
    """

    features: Tensor
    embeddings: Tensor
    targets: Tensor
    kinds: Tensor


# The pool


@cache
def _clips(folder: Path) -> SoundBank:
    mels, infos = load_clips(folder, "train")
    return SoundBank(mels[:, ::FRAME_STEP], infos, real_share=0.0)


@torch.no_grad()
def _embeddings(clap: Any, mels: list[NDArray[np.float32]]) -> Tensor:
    """Log-mels [T, M] -> embeddings [B, D] without the `TagHead`."""
    return normalised(embed_mels(clap, torch.from_numpy(np.stack(mels)).float()[:, None]))


def target_of(
    clap: Any, clips: SoundBank, scene: Scene, rng: np.random.Generator, *, own: Tensor | None = None
) -> Tensor:
    """The embedding [D] that a sound of a scene should have; `own`: what a rendered scene has."""
    takes = [clips.compose(scene, rng, augment=False) for _ in range(COMPOSED)]
    composed = F.normalize(_embeddings(clap, takes).mean(0), dim=-1)
    return composed if own is None else F.normalize(composed + own, dim=-1)


def _shard(split: str, shard: int, count: int, data: Path, encoder: Path, clips: Path) -> rendering.Shard:
    """Features, embeddings and targets side by side, float16 [count, FEATURES + 2 D], and the scenes."""
    rng = np.random.default_rng([rendering.SPLITS[split], 41, shard])
    clap, world, bank = read_clap(encoder), _clips(clips), TakeBank(read_recordings(data), rng)
    rows: list[Tensor] = []
    lines: list[str] = []
    for start in range(0, count, AT_ONCE):
        drawn = [bank.draw() for _ in range(min(AT_ONCE, count - start))]
        features = clap.yamnet(yamnet_patches([one.samples for one in drawn], SAMPLE_RATE))
        mels = [np.maximum(log_mel(one.samples)[::FRAME_STEP], FLOOR_DB) for one in drawn]
        for one, seen, embedding in zip(drawn, features, _embeddings(clap, mels), strict=True):
            target, own = torch.zeros_like(embedding), embedding if one.is_world else None
            if one.scene.sources:
                target = target_of(clap, world, one.scene, rng, own=own)
            rows.append(torch.cat([seen, embedding, target]).half())
            lines.append(rendering.scene_to_json(one.scene) if one.scene.sources else "null")
    return torch.stack(rows).numpy(), lines


@stage(FOLDER)
def render_tagged_sounds(run: Run) -> None:
    """Store the sounds as features."""
    recipe, folder = run.recipe["tags"], run.folder / FOLDER
    encoder, data = stored_clap(run, folder), Path(run.recipe["world"]["recordings"])
    shards = rendering.shards_of(
        folder, {"train": recipe["shards"]}, recipe["sounds"], data, encoder, run.folder / "clips"
    )
    rendering.render_shards(run, _shard, shards)


def kind_shares(scene: Scene) -> NDArray[np.float32]:
    """Share of every source and of any other kind [sources + 1], sum 1; of no source it is another kind."""
    shares = np.zeros(len(SOURCES) + 1, np.float32)
    for source in scene.sources:
        shares[SOURCES.index(source.name)] += 1.0 / len(scene.sources)
    shares[-1] = not scene.sources
    return shares


@artifact
def tagged_sounds(run: Run) -> TaggedSounds:
    """All that is stored. Raises FileNotFoundError where nothing is."""
    paths = rendering.shard_paths(run.folder / FOLDER, "train")
    if not paths:
        raise FileNotFoundError(f"no sounds in {run.folder / FOLDER}; run the stage {FOLDER} first")
    stored = torch.from_numpy(np.concatenate([np.load(path) for path in paths]))
    size = (stored.shape[1] - FEATURES) // 2
    lines = rendering.shard_lines(paths)
    scenes = [rendering.scene_from_json(line) if json.loads(line) else scene_of([]) for line in lines]
    kinds = torch.from_numpy(np.stack([kind_shares(scene) for scene in scenes]))
    features, embeddings, targets = stored.split([FEATURES, size, size], 1)
    return TaggedSounds(features, embeddings, targets, kinds)


# The head


class TagsWithKinds(nn.Module):
    """A `TagHead`, and what tells kinds by its hidden features: that shapes them, for the open-set head."""

    def __init__(self, tags: TagHead) -> None:
        super().__init__()
        self.tags = tags
        self.kinds = nn.Linear(tags.change.in_features, len(SOURCES) + 1)


@stage("tags")
class TagsStage(Stage):
    """Train a `TagHead`: cosine to the targets, the labels' words, and the kinds."""

    noise, label_scale, label_weight, kind_weight = 0.3, 12.0, 0.3, 0.3

    def __init__(self, run: Run) -> None:
        self.pool, clap = tagged_sounds(run), trained_clap(run)
        words = rendering.clap_tokenizer(run)
        self.labels = embed_labels(clap, words, [SPECS[name].label for name in SOURCES])
        clap.tags.standardize(self.pool.features[:8192].float())
        self.module = TagsWithKinds(clap.tags)

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        index = torch.randint(0, len(self.pool.features), (batch_size,), generator=generator)
        module: Any = self.module
        features, kinds = self.pool.features[index].float(), self.pool.kinds[index]
        features = features + self.noise * module.tags.std * torch.randn(features.shape, generator=generator)
        embeddings = self.pool.embeddings[index].float()
        hidden, change = module.tags(features, embeddings)
        known = kinds[:, -1] == 0
        audio = F.normalize(embeddings + change, dim=-1)[known]
        apart = (1 - (audio * self.pool.targets[index][known].float()).sum(-1)).mean()
        named = F.cross_entropy(self.label_scale * audio @ self.labels.T, kinds[known, :-1])
        of_kind = F.cross_entropy(module.kinds(hidden), kinds, label_smoothing=0.02)
        loss = apart + self.label_weight * named + self.kind_weight * of_kind
        return loss, {"apart": apart.item(), "labels": named.item(), "kinds": of_kind.item()}


@artifact
def trained_tags(run: Run) -> TagsWithKinds:
    """The trained head. Raises FileNotFoundError before it is trained."""
    tags: TagsWithKinds = run.load("tags", TagsWithKinds(clap_without_stats(run).tags))
    return tags
