"""What the stages of image-to-sound have made: the part of a run that begins after CLIP and CLAP."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderDC, UNet2DConditionModel
from torch import Tensor

from sonic_ui.models.audio_encoder import embed_labels
from sonic_ui.models.energy_control import EnergyControlNet
from sonic_ui.models.latents import LatentNormalizer, compression_factor
from sonic_ui.models.sound_mapper import EnergyModulator, ImageToAudioMapper
from sonic_ui.scenes.world import SOURCES
from sonic_ui.training.data.image_to_sound import ImageToSoundData, load_image_to_sound
from sonic_ui.training.loop import load_average
from sonic_ui.training.run import Run
from sonic_ui.training.stages.adapter import source_caption
from sonic_ui.training.stages.image_to_audio_mapper import natural_energy
from sonic_ui.training.stages.mel_autoencoder import build_mel_autoencoder
from sonic_ui.training.stages.sound_denoiser import SoundLatents, build_sound_unet, encode_sounds


@dataclass
class ImageToSoundRun:
    """The sounding half of a run."""

    run: Run

    @cached_property
    def data(self) -> ImageToSoundData:
        """Rendered training scenes."""
        return load_image_to_sound(self.run.folder / "sounded", "train")

    def new_autoencoder(self) -> AutoencoderDC:
        """An untrained sound autoencoder of the recipe's size."""
        r = self.run.recipe["mel_autoencoder"]
        names = ("encoder", "decoder", "encoder_layers", "decoder_layers")
        return build_mel_autoencoder(r["latent_channels"], *(tuple(r[name]) for name in names))

    @cached_property
    def autoencoder(self) -> AutoencoderDC:
        """The trained sound autoencoder."""
        model = load_average(self.run.checkpoint("mel_autoencoder"), self.new_autoencoder())
        return model.eval().requires_grad_(False)

    @cached_property
    def stored(self) -> dict[str, Tensor]:
        """Normalised latents of the training sounds, their energies and embeddings, made once."""
        path = self.run.folder / "sound_latents.pt"
        if not path.exists():
            takes = self.run.recipe["sound_denoiser"]["takes"]
            raw, energies = encode_sounds(self.autoencoder, self.data, takes)
            normalizer = LatentNormalizer.from_latents(raw.flatten(0, 1))
            parts = [normalizer.normalize(part.flatten(0, 1)).half() for part in raw.split(200)]
            latents = torch.cat(parts).unflatten(0, (-1, takes))
            statistics = {"mean": normalizer.mean, "std": normalizer.std}
            told = {"embeds": self.data.embeds, "texts": self.texts()}
            torch.save({"latents": latents, "energies": energies, **statistics, **told}, path)
        return torch.load(path, weights_only=True)

    def texts(self) -> Tensor:
        """CLAP's embeddings [N, D] of what the training scenes are called."""
        captions = [source_caption(scene) for scene in self.data.scenes]
        unique = sorted(set(captions))
        embeds = embed_labels(self.run.clap, self.run.clap_tokenizer, unique)
        return embeds[torch.tensor([unique.index(c) for c in captions])]

    @property
    def normalizer(self) -> LatentNormalizer:
        """The sound latents' normalizer."""
        return LatentNormalizer.from_statistics(self.stored["mean"], self.stored["std"])

    @property
    def latents(self) -> SoundLatents:
        """What the denoiser and its control learn from."""
        s = self.stored
        return SoundLatents(s["latents"], s["energies"], torch.stack([s["embeds"], s["texts"]], 1))

    def new_unet(self) -> UNet2DConditionModel:
        """An untrained sound denoiser of the recipe's size."""
        s, r = self.stored, self.run.recipe["sound_denoiser"]
        shape = s["latents"].shape
        return build_sound_unet(tuple(r["channels"]), shape[2], s["embeds"].shape[1], shape[3])

    @cached_property
    def unet(self) -> UNet2DConditionModel:
        """The trained sound denoiser."""
        model = load_average(self.run.checkpoint("sound_denoiser"), self.new_unet())
        return model.eval().requires_grad_(False)

    def new_control(self) -> EnergyControlNet:
        """A ControlNet that has learned nothing yet, of the trained denoiser."""
        return EnergyControlNet.from_unet(self.unet, compression_factor(self.autoencoder))

    @cached_property
    def control(self) -> EnergyControlNet:
        """The trained energy ControlNet."""
        return load_average(self.run.checkpoint("energy_control"), self.new_control()).eval()

    def new_mapper(self) -> ImageToAudioMapper:
        """An untrained mapper from pictures to sounds."""
        width = self.run.recipe["sound_mapper"]["width"]
        return ImageToAudioMapper(self.data.pictured.shape[1], self.data.embeds.shape[1], width)

    @cached_property
    def mapper(self) -> ImageToAudioMapper:
        """The trained mapper."""
        return load_average(self.run.checkpoint("sound_mapper"), self.new_mapper()).eval()

    @torch.no_grad()
    def seen_embeds(self) -> Tensor:
        """Sound embeddings [N, D] as the mapper sees them in the pictures; without a picture the sound's."""
        embeds = self.data.embeds.clone()
        embeds[: len(self.data.pictured)] = self.mapper(self.data.pictured)
        return embeds

    def new_modulator(self, *, blind: bool = False) -> EnergyModulator:
        """An untrained modulator; a blind one does not know what sounds."""
        size = 0 if blind else self.data.embeds.shape[1]
        return EnergyModulator(size, self.run.recipe["energy_modulator"]["width"])

    def modulator(self, *, blind: bool = False) -> EnergyModulator:
        """The trained modulator, or the blind one that the evaluation compares it with."""
        stage = "energy_modulator_blind" if blind else "energy_modulator"
        return load_average(self.run.checkpoint(stage), self.new_modulator(blind=blind)).eval()

    def remembering_modulator(self, per_source: int = 16) -> EnergyModulator:
        """The trained modulator with the envelopes of `per_source` clearly audible sounds of every source."""
        alone = [(i, s.sources[0]) for i, s in enumerate(self.data.scenes) if len(s.sources) == 1]
        chosen: list[int] = []
        for name in SOURCES:
            of_name = [i for i, source in alone if source.name == name and source.level > 0.3]
            chosen += of_name[:per_source]
        energies = np.stack([natural_energy(self.data.energies[i]) for i in chosen])
        return self.modulator().remembering(self.data.embeds[chosen], torch.from_numpy(energies))

    def components(self) -> dict[str, Any]:
        """What an `ImageToAudioPipeline` is made of."""
        from transformers import ClapTextModelWithProjection, CLIPVisionModelWithProjection

        from sonic_ui.models.mel import GriffinLimVocoder
        from sonic_ui.training.export_bundle import picture_processor
        from sonic_ui.training.stages.denoiser import build_scheduler
        from sonic_ui.training.stages.mel_autoencoder import MEL_MEAN, MEL_STD

        return {
            "vae": self.autoencoder,
            "unet": self.unet,
            "scheduler": build_scheduler(),
            "vocoder": GriffinLimVocoder(),
            "image_encoder": half_of(CLIPVisionModelWithProjection, self.run.clip, "vision_config"),
            "image_processor": picture_processor(self.run.clip),
            "image_mapper": self.mapper,
            "energy_modulator": self.remembering_modulator(),
            "energy_control": self.control,
            "latent_normalizer": self.normalizer,
            "text_encoder": half_of(ClapTextModelWithProjection, self.run.clap, "text_config"),
            "tokenizer": self.run.clap_tokenizer,
            "frames": self.data.energies.shape[1],
            "mel_mean": MEL_MEAN,
            "mel_std": MEL_STD,
            "default_steps": 20,
            "default_pull": 1.0,
        }


def half_of(kind: Any, whole: Any, config: str) -> Any:
    """One half of a CLIP or CLAP, with its projection, as a model of its own.

    Raises ValueError when the whole lacks a weight that the half needs.
    """
    settings = getattr(whole.config, config)
    settings.projection_dim = whole.config.projection_dim
    half = kind(settings)
    weights, own = whole.state_dict(), half.state_dict()
    if missing := [name for name in own if name not in weights]:
        raise ValueError(f"{type(whole).__name__} has no {missing[0]}, which {kind.__name__} needs")
    half.load_state_dict({name: weights[name] for name in own})
    return half.eval()
