"""SonicDiffusion's two trainings: the audio projector alone, then projector and gated audio attention.

Source: SonicDiffusion (arXiv 2405.00878), section 3 (eq. 3-5) and supplement (weights of the tokens).
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sonic_ui.models.gated_attention import AudioAttention
from sonic_ui.models.latents import decode_latents
from sonic_ui.models.projector import AudioProjector
from sonic_ui.models.timbre import TimbreClapModel
from sonic_ui.pipelines.diffusion_loss import DiffusionLoss, sound_loss
from sonic_ui.scenes.world import SOURCES, WHEN, Scene, article, caption
from sonic_ui.training.data.rendering import mixture_shares, training_pictures
from sonic_ui.training.data.sounds import SceneSounds, first_sounds
from sonic_ui.training.run import Run, Stage, artifact, save_sheet, stage
from sonic_ui.training.stages import latent_diffusion, picture_autoencoder, spectral_stats
from sonic_ui.training.stages.clap import SoundBank, embed_mels, sound_bank
from sonic_ui.training.stages.clip import normalised


def token_weights(count: int, t: float = 5.0) -> Tensor:
    """Reverse-sigmoid weights [K] of the tokens: w_i = t / (t + exp(i / t)), i from 1 on (supplement)."""
    return torch.tensor([t / (t + math.exp(i / t)) for i in range(1, count + 1)])


def source_caption(scene: Scene) -> str:
    """Caption of only what sounds in the scene, with its level.

    Sources stand in the order of `SOURCES`: a sound does not say which of two is named first, and a projector
    that had to guess would give the mean of both orders.
    """
    named = tuple(sorted(scene.sources, key=lambda source: SOURCES.index(source.name)))
    quiet = Scene(named, scene.time_of_day, scene.place, scene.style, 0)
    words = caption(quiet, np.random.default_rng(0))
    words = words.split(" of ", 1)[-1]
    for tail in (" at the coast", " in the ", " in a ", " at night", " at dawn", " at dusk", " by day"):
        words = words.split(tail, 1)[0]
    return words


def setting_caption(scene: Scene, rng: np.random.Generator) -> str:
    """Prompt of what no sound says: the style of the picture and the time of day."""
    style = f"{article(scene.style)} {scene.style}"
    when = WHEN[scene.time_of_day]
    return str(rng.choice([style, f"{style} {when}", when]))


LEAST_SCALE, MOST_SCALE = 0.5, 2.0


def at_scale(scene: Scene, rng: np.random.Generator) -> tuple[Scene, float]:
    """The scene with its sources at `level / scale`, and that scale.

    At these levels and weighed by the scale, it should look as it did: that is how stage 2 learns that
    a larger audio strength paints more of a thing (loudness reweighting), not merely a harsher picture.
    """
    least = max(LEAST_SCALE, *(source.level for source in scene.sources))
    scale = float(np.exp(rng.uniform(math.log(least), math.log(MOST_SCALE))))
    sources = tuple(replace(source, level=source.level / scale) for source in scene.sources)
    return replace(scene, sources=sources), scale


@dataclass(frozen=True)
class SceneEmbeddings:
    """Audio embeddings of scenes [N, takes, D], L2-normalised; scales [N, takes].

    Besides, further sounds [M, D] at the scale 1 may be there, `scene_of` [M] the index of each one's scene.
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
        position = starts[index] + (torch.rand(count, generator=generator) * counts[index]).long()
        drawn = self.further[order[position.clamp(max=len(order) - 1)]]
        return torch.where(other[:, None], drawn, embeddings), torch.where(other, 1.0, scales)

    @cached_property
    def _by_scene(self) -> tuple[Tensor, Tensor, Tensor]:
        """Further sounds sorted by scene [M]; where those of each scene start, and how many they are [N]."""
        if self.scene_of is None:
            raise ValueError("further sounds need scene_of: whose they are")
        counts = torch.bincount(self.scene_of, minlength=len(self.scales))
        return self.scene_of.argsort(stable=True), counts.cumsum(0) - counts, counts


@stage("projector")
class ProjectorStage(Stage):
    """Stage 1: InfoNCE over clips (same class against other classes) + MSE to the caption's text tokens."""

    contrast_weight, mse_weight, negatives = 1.0, 0.25, 32

    def __init__(self, run: Run) -> None:
        self.embeddings, scene_of = (
            spectral_stats.pool_embeddings(run),
            spectral_stats.embedding_pool(run).scenes,
        )
        scenes, text = spectral_stats.sound_scenes(run), latent_diffusion.caption_encoder(run)
        self.module = new_projector(run)
        self.weights = token_weights(int(self.module.config.num_tokens))
        self.classes = torch.tensor(
            [SOURCES.index(s.sources[0].name) if len(s.sources) == 1 else -1 for s in scenes]
        )[scene_of]
        captions = [source_caption(s) for s in scenes]
        unique = sorted(set(captions))
        tokens = torch.cat([text(unique[i : i + 256]) for i in range(0, len(unique), 256)])
        self.caption_tokens = tokens  # [U, K, C]
        number = {words: i for i, words in enumerate(unique)}
        self.caption_of = torch.tensor([number[words] for words in captions])[scene_of]

    def contrast(self, generator: torch.Generator) -> Tensor:
        """Equation 3 per token, [K]: one pair of a class against clips of other classes.

        Ours: 32 others instead of 128, and products over the root of the width, as in attention: tokens here
        are not of unit length.
        """
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


class SoundAdapter(nn.Module):
    """The parts that stage 2 trains."""

    def __init__(self, projector: AudioProjector, attention: AudioAttention) -> None:
        super().__init__()
        self.projector = projector
        self.attention = attention

    def gates(self) -> list[nn.Parameter]:
        """gamma of every gated block."""
        return [p for name, p in self.attention.named_parameters() if name.endswith("gate_adapter")]


@stage("adapter")
class AdapterStage(Stage):
    """Stage 2: diffusion loss through the frozen denoiser; the sound's embedding is zeroed in a tenth.

    Takes whose level was changed are weighed by the scale that makes up for it (`at_scale`).
    """

    drop = 0.1
    projector_rate, gate_rate = 0.4, 20.0
    text_shares = (0.55, 0.35)

    def __init__(self, run: Run) -> None:
        projector = run.load("projector", new_projector(run))
        self.unet = latent_diffusion.trained_unet(run)
        adapter = SoundAdapter(projector, AudioAttention.from_unet(self.unet))
        self.module = adapter
        self.unet.to(memory_format=torch.channels_last)
        self.data, self.embeddings, self.text = (
            latent_diffusion.latent_data(run),
            scene_embeddings(run),
            latent_diffusion.caption_encoder(run),
        )
        self.shares = torch.from_numpy(mixture_shares(self.data.scenes))
        self.vae = picture_autoencoder.trained_autoencoder(run)
        self.normalizer = picture_autoencoder.latent_normalizer(run)
        self.diffusion = DiffusionLoss(latent_diffusion.build_scheduler())
        adapter.attention.attach(self.unet)

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
        """No words, the setting only, or the whole caption, in the shares `text_shares`."""
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
        latents = self.data.of(index, generator)
        keep = torch.rand(batch_size, 1, generator=generator) >= self.drop
        embeds, scales = self.embeddings.draw(index, generator)
        tokens = adapter.projector(embeds * keep)
        noised = self.diffusion.noised(latents, generator)
        words = self.text(self.prompts([self.data.scenes[i] for i in index.tolist()], generator))
        loss = sound_loss(self.diffusion, self.unet, adapter.attention, noised, tokens, scales, words)
        gate = torch.stack([g.detach().tanh().abs() for g in adapter.gates()]).mean()
        return loss, {"gate": float(gate)}

    @torch.no_grad()
    def sample(self, module: nn.Module, path: Path, *, guidance: float = 4.0, steps: int = 20) -> None:
        """One picture of each source, from the first single-source sound of it."""
        adapter: Any = module
        trained: Any = self.module
        firsts = [self._first(name) for name in SOURCES]
        trained.attention.detach()
        adapter.attention.attach(self.unet)
        embeds = self.embeddings.embeddings[torch.tensor(firsts), 0]
        tokens = adapter.projector(torch.cat([torch.zeros_like(embeds), embeds]))
        words = self.text([""] * len(tokens))
        shape = (len(firsts), *self.data.latents.shape[2:])
        with adapter.attention.condition(tokens):
            x = latent_diffusion.guided_latents(self.unet, words, shape, guidance=guidance, steps=steps)
        adapter.attention.detach()
        trained.attention.attach(self.unet)
        save_sheet(decode_latents(self.vae, x, self.normalizer), path, columns=8)

    def _first(self, source: str) -> int:
        for i, scene in enumerate(self.data.scenes):
            if len(scene.sources) == 1 and scene.sources[0].name == source and scene.sources[0].level > 0.5:
                return i
        return 0

    def finish(self) -> None:
        adapter: Any = self.module
        adapter.attention.detach()


@torch.no_grad()
def embed_scenes(
    clap: TimbreClapModel,
    bank: SoundBank,
    scenes: list[Scene],
    takes: int,
    rendered: SceneSounds,
    further_takes: SceneSounds,
    batch: int = 50,
) -> SceneEmbeddings:
    """Embeddings of sounds of the scenes: in the first take the scene's rendered sound; in the others
    composed ones at levels that a scale of loudness reweighting makes up for (`at_scale`); further ones are
    those of `further_takes`, as they are and varied."""

    def embed(mels: list[NDArray[np.float32]]) -> Tensor:
        return normalised(embed_mels(clap, torch.from_numpy(np.stack(mels)).unsqueeze(1)))

    first_takes = first_sounds(further_takes, rendered)
    embeddings, scales = [], []
    for take in range(takes):
        rng = np.random.default_rng([11, take])
        rows = []
        for start in range(0, len(scenes), batch):
            if take == 0:
                mels = [mel.astype(np.float32) for mel in first_takes[start : start + batch]]
                scales += [1.0] * len(mels)
            else:
                some = [at_scale(scene, rng) for scene in scenes[start : start + batch]]
                mels = [bank.compose(scene, rng) for scene, _ in some]
                scales += [scale for _, scale in some]
            rows.append(embed(mels))
        embeddings.append(torch.cat(rows))
    rng, further = np.random.default_rng([13]), []
    for start in range(0, len(further_takes.mels), batch):
        some_mels = [mel.astype(np.float32) for mel in further_takes.mels[start : start + batch]]
        further += [embed(some_mels), embed([spectral_stats.augment_scene(mel, rng) for mel in some_mels])]
    scene_of = torch.from_numpy(further_takes.scene_of).split(batch)
    return SceneEmbeddings(
        torch.stack(embeddings, 1),
        torch.tensor(scales).view(takes, -1).T.contiguous(),
        torch.cat(further),
        torch.cat([torch.cat([index, index]) for index in scene_of]),
    )


@artifact
def adapter_takes(run: Run) -> SceneSounds:
    """Takes of the scenes of several sources that the statistics head of CLAP is not trained on."""
    return spectral_stats.scene_takes(
        run, range(run.recipe["spectral_stats"]["takes"], run.recipe["world"]["mixture_takes"])
    )


@artifact
def scene_embeddings(run: Run) -> SceneEmbeddings:
    """Audio embeddings of every painted scene, with the scale each take stands for, and further ones.

    Of several sources only such are rendered as the statistics head was not trained on. It is surer of those
    that it was: stage 2 would learn that what sounds faint is not there.
    """
    path, scenes = run.folder / "embeddings.pt", training_pictures(run)[1]
    if not path.exists():
        count = run.recipe["embeddings"]["takes"]
        clap, bank = spectral_stats.trained_clap(run), sound_bank(run)
        embedded = embed_scenes(
            clap, bank, scenes, count, spectral_stats.stats_takes(run), adapter_takes(run)
        )
        torch.save(vars(embedded), path)
    stored = torch.load(path, weights_only=True)
    single = torch.tensor([len(scene.sources) == 1 for scene in scenes])
    scene_of = spectral_stats.embedding_pool(run).scenes
    usable = (scene_of < len(scenes)) & single[scene_of.clamp(max=len(scenes) - 1)]
    return SceneEmbeddings(
        stored["embeddings"],
        stored["scales"],
        torch.cat([stored["further"], spectral_stats.pool_embeddings(run)[usable]]),
        torch.cat([stored["scene_of"], scene_of[usable]]),
    )


def new_projector(run: Run) -> AudioProjector:
    return AudioProjector(
        embedding_dim=int(spectral_stats.trained_clap(run).config.projection_dim),
        token_dim=run.recipe["denoiser"]["token_dim"],
        num_tokens=run.recipe["projector"]["tokens"],
    )


@artifact
def trained_adapter(run: Run) -> SoundAdapter:
    fresh = SoundAdapter(new_projector(run), AudioAttention.from_unet(latent_diffusion.trained_unet(run)))
    return run.load("adapter", fresh)
