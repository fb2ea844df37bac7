"""A training run: its recipe, its folder, and what its finished stages have made."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderDC, UNet2DConditionModel
from numpy.typing import NDArray
from torch import Tensor
from transformers import CLIPModel, CLIPTextModel, CLIPTokenizer, PreTrainedTokenizerFast

from sonic_ui.models.gated_attention import AudioAttention
from sonic_ui.models.latents import LatentNormalizer
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.models.projector import AudioProjector
from sonic_ui.models.timbre import TimbreClapModel
from sonic_ui.scenes.world import SOURCES, Scene
from sonic_ui.training.data.mixtures import load_mixtures, mixture_scenes
from sonic_ui.training.data.rendering import load_pictures
from sonic_ui.training.data.sounds import FRAME_STEP, SceneSounds, first_sounds, load_clips, load_scene_sounds
from sonic_ui.training.loop import LoopConfig, load_average
from sonic_ui.training.stages.adapter import SceneEmbeddings, SoundAdapter, at_scale
from sonic_ui.training.stages.autoencoder import build_autoencoder
from sonic_ui.training.stages.clap import ClapWithHead, SoundBank, build_clap, embed_mels
from sonic_ui.training.stages.clip import ClipWithHead, build_clip, resize_for_clip
from sonic_ui.training.stages.contrastive import normalised
from sonic_ui.training.stages.denoiser import LatentData, TextSide, build_unet, encode_pictures
from sonic_ui.training.stages.spectral_stats import EmbeddingPool, StatsHeadWithClassifier, fill_pool, varied

Report = Callable[[str], None]


@dataclass
class Run:
    """A training run: its recipe (TOML), its folder, and what its finished stages have made."""

    recipe: dict[str, Any]
    folder: Path
    threads: int = 0
    report: Report = print

    @classmethod
    def from_file(cls, config: Path, folder: Path, *, threads: int = 0, report: Report = print) -> Run:
        """A run of the recipe in `config`."""
        return cls(tomllib.loads(config.read_text()), folder, threads, report)

    def loop(self, stage: str) -> LoopConfig:
        """The loop settings of a stage."""
        return LoopConfig(**self.recipe[stage]["loop"], threads=self.threads)

    def checkpoint(self, stage: str) -> Path:
        """Where a stage keeps its weights."""
        return self.folder / stage / "checkpoint.pt"

    # What earlier stages have made

    @cached_property
    def pictures(self) -> tuple[np.ndarray, list[Scene], list[str]]:
        """Rendered training pictures [N, H, W, 3], their scenes and captions."""
        return load_pictures(self.folder / "pictures", "train")

    @cached_property
    def tokenizer(self) -> CLIPTokenizer:
        """CLIP's tokenizer."""
        length = self.recipe["world"]["clip_tokens"]
        return CLIPTokenizer.from_pretrained(str(self.folder / "tokenizer"), model_max_length=length)

    @cached_property
    def clap_tokenizer(self) -> PreTrainedTokenizerFast:
        """CLAP's tokenizer."""
        return PreTrainedTokenizerFast.from_pretrained(str(self.folder / "clap_tokenizer"))

    def new_clip(self) -> CLIPModel:
        """An untrained CLIP of the recipe's size."""
        t = self.tokenizer
        return build_clip(len(t), t.model_max_length, t.bos_token_id, t.eos_token_id)

    @cached_property
    def clip(self) -> CLIPModel:
        """The trained CLIP."""
        return load_average(self.checkpoint("clip"), ClipWithHead(self.new_clip())).clip.eval()

    @cached_property
    def text(self) -> TextSide:
        """CLIP's text side as the denoiser reads it."""
        encoder = CLIPTextModel(self.clip.config.text_config)
        own = encoder.state_dict()
        state = {k: v for k, v in self.clip.text_model.state_dict().items() if k in own}
        encoder.load_state_dict(state or {k: self.clip.state_dict()[k] for k in own})
        return TextSide(self.tokenizer, encoder)

    def new_autoencoder(self) -> AutoencoderDC:
        """An untrained autoencoder of the recipe's size."""
        r = self.recipe["autoencoder"]
        return build_autoencoder(r["latent_channels"], tuple(r["channels"]), tuple(r["layers"]))

    @cached_property
    def autoencoder(self) -> AutoencoderDC:
        """The trained autoencoder; with its decoder refined, once that stage is done."""
        model = load_average(self.checkpoint("autoencoder"), self.new_autoencoder())
        if self.checkpoint("decoder").exists():
            load_average(self.checkpoint("decoder"), model)
        return model.eval().requires_grad_(False)

    @cached_property
    def latents(self) -> dict[str, Tensor]:
        """Normalised latents [N, 2, C, h, w] of the pictures and the statistics that normalise them."""
        path = self.folder / "latents.pt"
        if not path.exists():
            raw = encode_pictures(self.autoencoder, self.pictures[0])
            normalizer = self._known_normalizer or LatentNormalizer.from_latents(raw[:, 0])
            normal = normalizer.normalize(raw.flatten(0, 1)).unflatten(0, (-1, 2)).half()
            torch.save({"latents": normal, "mean": normalizer.mean, "std": normalizer.std}, path)
        return torch.load(path, weights_only=True)

    @property
    def _known_normalizer(self) -> LatentNormalizer | None:
        """The normalizer that an imported denoiser was trained with."""
        path = self.folder / "latent_statistics.pt"
        if not path.exists():
            return None
        return LatentNormalizer.from_statistics(**torch.load(path, weights_only=True))

    @property
    def normalizer(self) -> LatentNormalizer:
        """The latents' normalizer."""
        return LatentNormalizer.from_statistics(self.latents["mean"], self.latents["std"])

    @property
    def latent_data(self) -> LatentData:
        """Latents with their scenes."""
        return LatentData(self.latents["latents"], self.pictures[1])

    def new_unet(self) -> UNet2DConditionModel:
        """An untrained denoiser of the recipe's size."""
        r = self.recipe["denoiser"]
        shape = self.latents["latents"].shape
        return build_unet(tuple(r["channels"]), shape[2], r["token_dim"], shape[-1])

    @cached_property
    def unet(self) -> UNet2DConditionModel:
        """The trained denoiser."""
        return load_average(self.checkpoint("denoiser"), self.new_unet()).eval().requires_grad_(False)

    @cached_property
    def bank(self) -> SoundBank:
        """Stored clips of the world and real recordings for training."""
        made, real = (load_clips(self.folder / "clips", split) for split in ("train", "real"))
        return SoundBank(np.concatenate([made[0], real[0]])[:, ::FRAME_STEP], made[1] + real[1])

    @cached_property
    def rendered(self) -> SceneSounds:
        """Sounds of the training scenes as they are heard: the takes that the ear is trained on."""
        return self._takes(range(self.recipe["timbre"]["takes"]))

    @cached_property
    def unheard(self) -> SceneSounds:
        """Further takes of the scenes of several sources, which the ear is not trained on."""
        return self._takes(range(self.recipe["timbre"]["takes"], self.recipe["world"]["crowded_takes"]))

    def _takes(self, takes: range) -> SceneSounds:
        count = self.recipe["world"]["shard_scenes"]
        return load_scene_sounds(self.folder / "clips", "train", self.pictures[1], count, takes)

    @cached_property
    def scenes(self) -> list[Scene]:
        """Scenes that are heard: the painted ones, then ensembles."""
        return [*self.pictures[1], *mixture_scenes(self.folder / "clips", "train")]

    @property
    def sounding(self) -> SceneSounds:
        """Sounds of `scenes` as they are heard; read when asked for, since there are gigabytes of them."""
        rendered, painted = self.rendered, len(self.pictures[1])
        mels, _ = load_mixtures(self.folder / "clips", "train")
        places = np.arange(painted, painted + len(mels))
        both = np.concatenate([rendered.mels, mels]), np.concatenate([rendered.scene_of, places])
        return SceneSounds(*both)

    def new_clap(self) -> TimbreClapModel:
        """An untrained CLAP of the recipe's size."""
        return build_clap(
            len(self.clap_tokenizer), self.recipe["world"]["clap_tokens"], width=self.recipe["clap"]["width"]
        )

    def clap_alone(self) -> TimbreClapModel:
        """CLAP as its own stage left it, loaded anew: the stage of its ear trains what it is given."""
        return load_average(self.checkpoint("clap"), ClapWithHead(self.new_clap())).clap.eval()

    @cached_property
    def clap(self) -> TimbreClapModel:
        """The trained CLAP; with its ear for timbre, once that stage is done."""
        clap = self.clap_alone()
        if self.checkpoint("timbre").exists():
            load_average(
                self.checkpoint("timbre"), StatsHeadWithClassifier(clap.timbre, clap.config.projection_dim)
            )
        return clap.eval()

    @cached_property
    def embedding_pool(self) -> EmbeddingPool:
        """Sounds of `scenes` as CLAP hears them without its ear for timbre."""
        path = self.folder / "heard_pool.pt"
        if not path.exists():
            clap = self.clap_alone()
            clap.timbre.reset()  # that of an imported bundle
            count = self.recipe["timbre"]["pool"]
            made = fill_pool(clap, self.bank, self.pictures[1], count, self.sounding)
            torch.save({"timbre": made.timbre, "embeds": made.embeds, "scenes": made.scenes}, path)
        return EmbeddingPool(**torch.load(path, weights_only=True))

    @cached_property
    def pool_embeddings(self) -> Tensor:
        """Audio embeddings [M, D] of the pool."""
        return self.embedding_pool.embed_with(self.clap.timbre)

    @cached_property
    def heard(self) -> SceneEmbeddings:
        """Audio embeddings of every painted scene, with the scale each take stands for, and further ones.

        Of several sources only such are rendered as the ear was not trained on. It is surer of those that it
        was: stage 2 would learn that what is heard faintly is not there.
        """
        path, scenes = self.folder / "embeddings.pt", self.pictures[1]
        if not path.exists():
            takes = self.recipe["embeddings"]["takes"]
            made = embed_scenes(self.clap, self.bank, scenes, takes, self.rendered, self.unheard)
            torch.save(vars(made), path)
        unheard = torch.load(path, weights_only=True)
        alone = torch.tensor([len(scene.sources) == 1 for scene in scenes])
        scene_of = self.embedding_pool.scenes
        known = (scene_of < len(scenes)) & alone[scene_of.clamp(max=len(scenes) - 1)]
        return SceneEmbeddings(
            unheard["embeddings"],
            unheard["scales"],
            torch.cat([unheard["further"], self.pool_embeddings[known]]),
            torch.cat([unheard["scene_of"], scene_of[known]]),
        )

    def new_projector(self) -> AudioProjector:
        """An untrained audio projector from CLAP's embeddings to the denoiser's tokens."""
        return AudioProjector(
            embedding_dim=int(self.clap.config.projection_dim),
            token_dim=self.recipe["denoiser"]["token_dim"],
            num_tokens=self.recipe["projector"]["tokens"],
        )

    @cached_property
    def adapter(self) -> SoundAdapter:
        """The trained projector and gated attention."""
        fresh = SoundAdapter(self.new_projector(), AudioAttention.from_unet(self.unet))
        return load_average(self.checkpoint("adapter"), fresh).eval()

    @cached_property
    def judge(self) -> PresenceClassifier:
        """The trained judge."""
        return load_average(self.checkpoint("judge"), PresenceClassifier(len(SOURCES))).eval()


@torch.no_grad()
def embed_scenes(
    clap: TimbreClapModel,
    bank: SoundBank,
    scenes: list[Scene],
    takes: int,
    rendered: SceneSounds,
    unheard: SceneSounds,
    batch: int = 50,
) -> SceneEmbeddings:
    """Embed sounds of the scenes: in the first take the scene as it is heard; in the others composed ones at
    levels that a scale of loudness reweighting makes up for (`at_scale`); further ones are those that are
    `unheard`, as they are and varied."""

    def embed(mels: list[NDArray[np.float32]]) -> Tensor:
        return normalised(embed_mels(clap, torch.from_numpy(np.stack(mels)).unsqueeze(1)))

    as_heard = first_sounds(unheard, rendered)
    embeddings, scales = [], []
    for take in range(takes):
        rng = np.random.default_rng([11, take])
        rows = []
        for start in range(0, len(scenes), batch):
            if take == 0:
                mels = [mel.astype(np.float32) for mel in as_heard[start : start + batch]]
                scales += [1.0] * len(mels)
            else:
                some = [at_scale(scene, rng) for scene in scenes[start : start + batch]]
                mels = [bank.compose(scene, rng) for scene, _ in some]
                scales += [scale for _, scale in some]
            rows.append(embed(mels))
        embeddings.append(torch.cat(rows))
    rng, further = np.random.default_rng([13]), []
    for start in range(0, len(unheard.mels), batch):
        some_mels = [mel.astype(np.float32) for mel in unheard.mels[start : start + batch]]
        further += [embed(some_mels), embed([varied(mel, rng) for mel in some_mels])]
    scene_of = torch.from_numpy(unheard.scene_of).split(batch)
    return SceneEmbeddings(
        torch.stack(embeddings, 1),
        torch.tensor(scales).view(takes, -1).T.contiguous(),
        torch.cat(further),
        torch.cat([torch.cat([places, places]) for places in scene_of]),
    )


@torch.no_grad()
def image_embeddings(clip: CLIPModel, pictures: np.ndarray, batch: int = 100) -> Tensor:
    """CLIP embeddings [N, D] of pictures [N, H, W, 3]."""
    size = int(clip.config.vision_config.image_size)
    out = []
    for start in range(0, len(pictures), batch):
        x = torch.from_numpy(pictures[start : start + batch]).permute(0, 3, 1, 2).float() / 127.5 - 1
        out.append(clip.get_image_features(pixel_values=resize_for_clip(x, size)).pooler_output)
    return torch.cat(out)
