"""Diffusion of sounds: an autoencoder of log-mels, a denoiser of its latents and its energy ControlNet.

The autoencoder, a small `AutoencoderDC`, reads log-mels as one-channel pictures [B, 1, frames, mels]; the
denoiser is a stock `UNet2DConditionModel` with AudioLDM's conditioning.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderDC, UNet2DConditionModel
from torch import Tensor, nn

from sonic_ui.audio.energy import smooth, z_norm
from sonic_ui.models.encoders import embed_labels
from sonic_ui.models.energy_control import EnergyControlNet
from sonic_ui.models.latents import LatentNormalizer, compression_factor
from sonic_ui.models.mel import LOG_FLOOR
from sonic_ui.models.sound_mapper import ImageToAudioMapper
from sonic_ui.pipelines.diffusion_loss import DiffusionLoss
from sonic_ui.pipelines.sampling import apply_cfg
from sonic_ui.training.data import image_to_sound
from sonic_ui.training.data.rendering import clap_tokenizer
from sonic_ui.training.run import Run, Stage, artifact, save_sheet, stage
from sonic_ui.training.stages import latent_diffusion
from sonic_ui.training.stages.adapter import source_caption
from sonic_ui.training.stages.clap import build_feature_extractor
from sonic_ui.training.stages.clip import image_embeddings, trained_clip
from sonic_ui.training.stages.image_to_audio_mapper import trained_mapper, with_noise
from sonic_ui.training.stages.picture_autoencoder import reconstruction_loss
from sonic_ui.training.stages.spectral_stats import trained_clap

MEL_MEAN, MEL_STD = -6.0, 3.0
"""A log-mel x is read as (x - MEL_MEAN) / MEL_STD; the pipeline's configuration keeps both."""


def read_mels(mels: Tensor) -> Tensor:
    """Log-mels [B, T, M] -> what the autoencoder reads [B, 1, T, M]."""
    return ((mels - MEL_MEAN) / MEL_STD)[:, None]


def written_mels(pictures: Tensor) -> Tensor:
    """The inverse of `read_mels`."""
    return (pictures[:, 0] * MEL_STD + MEL_MEAN).clamp(min=LOG_FLOOR)


@stage("mel_autoencoder")
class MelAutoencoderStage(Stage):
    """L1 with weight on edges and on the energy of every frame; noise on the latents, as for pictures."""

    edge_weight, energy_weight, latent_noise = 0.5, 1.0, 0.1

    def __init__(self, run: Run) -> None:
        self.data, self.crop = image_to_sound.training_sounds(run), run.recipe["mel_autoencoder"]["crop"]
        self.module = new_mel_autoencoder(run).to(memory_format=torch.channels_last)

    def batch(self, generator: torch.Generator, size: int) -> Tensor:
        """Crops in time [B, 1, crop, M], half of them under a drawn curve."""
        rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
        crops = []
        for i in rng.integers(0, len(self.data.scenes), size):
            mel = self.data.mels[i].astype(np.float32)
            if rng.random() < 0.5:
                mel, _ = image_to_sound.augment_clip(mel, self.data.energies[i], rng)
            start = int(rng.integers(0, len(mel) - self.crop + 1))
            crops.append(mel[start : start + self.crop])
        return read_mels(torch.from_numpy(np.stack(crops))).contiguous(memory_format=torch.channels_last)

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        target = self.batch(generator, batch_size)
        latents = self.module.encode(target).latent  # [B, C, crop/8, M/8]
        noise = torch.randn(latents.shape, generator=generator) * latents.detach().std() * self.latent_noise
        output = self.module.decode(latents + noise).sample
        level = F.l1_loss(frame_level(output), frame_level(target))
        loss = reconstruction_loss(output, target, self.edge_weight) + self.energy_weight * level
        small = 1e-4 * latents.pow(2).mean()
        with torch.no_grad():
            l1 = F.l1_loss(output, target) * MEL_STD
        return loss + small, {"l1_nats": float(l1), "level_nats": level.item() * MEL_STD}

    @torch.no_grad()
    def sample(self, module: nn.Module, path: Path) -> None:
        """Log-mels of sixteen scenes, and below each what comes back."""
        target = read_mels(torch.from_numpy(self.data.mels[:16].astype(np.float32)))
        output = module.decode(module.encode(target).latent).sample
        pairs = torch.cat([target, output], -1)  # mels side by side: [B, 1, T, 2 M]
        save_sheet((pairs / 2).transpose(2, 3).flip(2).expand(-1, 3, -1, -1), path, columns=2)


def frame_level(pictures: Tensor) -> Tensor:
    """Log of the energy of every frame [B, T], in units of MEL_STD, of what the autoencoder reads."""
    return torch.logsumexp(2 * MEL_STD * pictures[:, 0], dim=-1) / (2 * MEL_STD)


@stage("image_to_sound")
def render_image_to_sound(run: Run) -> None:
    """Render the data of image-to-sound with the trained CLAP and CLIP."""
    embed_sounds = partial(image_to_sound.embed_at_16_khz, trained_clap(run), build_feature_extractor())
    image_to_sound.render_image_to_sound(run, embed_sounds, partial(image_embeddings, trained_clip(run)))


def new_mel_autoencoder(run: Run) -> AutoencoderDC:
    """A small `AutoencoderDC` of residual blocks; its factor is 2 ** (number of levels - 1)."""
    r = run.recipe["mel_autoencoder"]
    levels = len(r["encoder"])
    return AutoencoderDC(
        in_channels=1,
        latent_channels=r["latent_channels"],
        encoder_block_types=("ResBlock",) * levels,
        decoder_block_types=("ResBlock",) * levels,
        encoder_block_out_channels=tuple(r["encoder"]),
        decoder_block_out_channels=tuple(r["decoder"]),
        encoder_layers_per_block=tuple(r["encoder_layers"]),
        decoder_layers_per_block=tuple(r["decoder_layers"]),
        encoder_qkv_multiscales=((),) * levels,
        decoder_qkv_multiscales=((),) * levels,
        scaling_factor=1.0,
    )


@artifact
def trained_mel_autoencoder(run: Run) -> AutoencoderDC:
    return run.load("mel_autoencoder", new_mel_autoencoder(run)).requires_grad_(False)


@dataclass(frozen=True)
class SoundLatents:
    """Latents [N, takes, C, t, m] of sounds as they are (take 0) and under drawn curves, normalised, float16,
    the energies [N, takes, T] of all of them, and embeddings [N, 2, D]: of the sound and of its caption.

    image_embeds   embeddings [M, I] of the pictures of the first M; `mapper` makes audio embeddings of them,
                   which are what the app conditions on: a denoiser that has not seen them makes less of what
                   it is asked for
    """

    latents: Tensor
    energies: Tensor
    embeds: Tensor
    image_embeds: Tensor
    mapper: ImageToAudioMapper
    text_share: float = 0.12  # of the batch: the text embedding instead of the sound's
    picture_share: float = 0.42  # of the batch: what the mapper makes of the picture, where there is one

    def batch(self, generator: torch.Generator, size: int, natural: float) -> tuple[Tensor, Tensor, Tensor]:
        """Latents, energies and embeddings of `size` sounds, a share `natural` of them as they are."""
        index = torch.randint(0, len(self.latents), (size,), generator=generator)
        takes = self.latents.shape[1]
        bent = torch.randint(1, max(2, takes), (size,), generator=generator).clamp(max=takes - 1)
        take = torch.where(torch.rand(size, generator=generator) < natural, 0, bent)
        latents = self.latents[index, take].float().contiguous(memory_format=torch.channels_last)
        share = torch.rand(size, generator=generator)
        embeds = self.embeds[index, (share < self.text_share).long()]
        pictured = (share >= 1 - self.picture_share) & (index < len(self.image_embeds))
        if pictured.any():
            noisy = with_noise(self.image_embeds[index[pictured]], generator)
            embeds[pictured] = self.mapper(noisy)
        return latents, self.energies[index, take].float(), embeds


@torch.no_grad()
def encode_sounds(
    vae: AutoencoderDC, data: image_to_sound.ImageToSoundData, takes: int, batch: int = 20
) -> tuple[Tensor, Tensor]:
    """Raw latents [N, takes, C, t, m] and energies [N, takes, T] of every sound, as it is and bent."""
    latents, energies = [], []
    for start in range(0, len(data.scenes), batch):
        mels, curves = [], []
        for i in range(start, min(start + batch, len(data.scenes))):
            mel, energy = data.mels[i].astype(np.float32), data.energies[i]
            rng = np.random.default_rng([13, i])
            versions = [
                (mel, energy),
                *(image_to_sound.augment_clip(mel, energy, rng) for _ in range(takes - 1)),
            ]
            mels += [v[0] for v in versions]
            curves += [v[1] for v in versions]
        x = read_mels(torch.from_numpy(np.stack(mels))).contiguous(memory_format=torch.channels_last)
        latents.append(vae.encode(x).latent.unflatten(0, (-1, takes)).half())
        energies.append(torch.from_numpy(np.stack(curves)).unflatten(0, (-1, takes)).half())
    return torch.cat(latents), torch.cat(energies)


def target_energy(energies: Tensor) -> Tensor:
    """Energies [B, T] -> what the ControlNet reads: smoothed and z-normed."""
    return torch.from_numpy(np.stack([z_norm(smooth(e), least=0.1) for e in energies.numpy()]))


TimedEvent = Callable[[Tensor, Tensor], Tensor]
"""Latents [B, C, t, m] and energies [B, T] of sounds -> what the ControlNet reads of them [B, T]."""


def signal_rms(latents: Tensor, energies: Tensor) -> Tensor:
    """The representation that the shipped ControlNet reads: RMS."""
    return target_energy(energies)


@torch.no_grad()
def sound_latents(
    unet: nn.Module,
    embeds: Tensor,
    shape: Sequence[int],
    *,
    control: EnergyControlNet | None = None,
    energy: Tensor | None = None,
    guidance: float = 3.0,
    steps: int = 20,
) -> Tensor:
    """Sample latents [B, *shape] of sounds with embeddings [B, D] from fixed noise, perhaps under control."""
    scheduler = latent_diffusion.build_scheduler()
    scheduler.set_timesteps(steps)
    x = torch.randn((len(embeds), *shape), generator=torch.Generator().manual_seed(1))
    labels = torch.cat([torch.zeros_like(embeds), embeds])
    for t in scheduler.timesteps:
        both, extra = torch.cat([x, x]), {}
        if control is not None and energy is not None:
            down, middle = control(both, t, torch.cat([energy, energy]), labels)
            extra = {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}
        prediction = unet(both, t, encoder_hidden_states=None, class_labels=labels, **extra).sample
        x = scheduler.step(apply_cfg(prediction, guidance), t, x).prev_sample
    return x


@stage("sound_denoiser")
class SoundDenoiserStage(Stage):
    """Train the sound denoiser on embeddings; a tenth of them zero, for classifier-free guidance.

    Noisy steps, where it is decided what sounds, are drawn a little more often.
    """

    natural, drop, noisy = 0.85, 0.1, 0.8

    def __init__(self, run: Run) -> None:
        self.data = training_sound_latents(run)
        self.module = new_sound_unet(run).to(memory_format=torch.channels_last)
        self.vae, self.normalizer = trained_mel_autoencoder(run), sound_latent_normalizer(run)
        self.diffusion = DiffusionLoss(latent_diffusion.build_scheduler(), noisy=self.noisy)

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        latents, _, embeds = self.data.batch(generator, batch_size, self.natural)
        keep = torch.rand(batch_size, 1, generator=generator) >= self.drop
        noisy, timesteps, target = self.diffusion.noised(latents, generator)
        prediction = self.module(
            noisy, timesteps, encoder_hidden_states=None, class_labels=embeds * keep
        ).sample
        return self.diffusion(prediction, target, timesteps), {}

    @torch.no_grad()
    def sample(self, module: nn.Module, path: Path) -> None:
        """Log-mels of the first sixteen scenes' embeddings."""
        module.eval()
        x = sound_latents(module, self.data.embeds[:16, 0], self.data.latents.shape[2:])
        save_mels(self.vae, self.normalizer, x, path)


def save_mels(vae: AutoencoderDC, normalizer: LatentNormalizer, latents: Tensor, path: Path) -> None:
    """A sheet of the log-mels of latents, time to the right."""
    mels = vae.decode(normalizer.denormalize(latents)).sample
    save_sheet((mels / 2).transpose(2, 3).flip(2).expand(-1, 3, -1, -1), path, columns=2)


@torch.no_grad()
def fit_energy_probe(data: SoundLatents, count: int = 3000) -> Tensor:
    """Weights [C m + 1, f] from a latent frame to the log energy of its f frames.

    Linear least squares on stored sounds: the latents are nearly linear in the log-mels.
    """
    takes = data.latents.shape[1]
    chosen = torch.randperm(len(data.latents) * takes, generator=torch.Generator().manual_seed(0))[:count]
    latents = data.latents.flatten(0, 1)[chosen].float()  # [n, C, t, m]
    target = log_energies(data.energies.flatten(0, 1)[chosen].float(), latents.shape[2])
    rows = probe_rows(latents).flatten(0, 1)
    target = target.flatten(0, 1)
    gram = rows.T @ rows + 1e-3 * len(rows) * torch.eye(rows.shape[1])
    return torch.linalg.solve(gram, rows.T @ target)


def probe_rows(latents: Tensor) -> Tensor:
    """Latents [B, C, t, m] -> input of the probe for every latent frame [B, t, C m + 1]."""
    flat = latents.transpose(1, 2).flatten(2)
    return torch.cat([flat, flat.new_ones(*flat.shape[:2], 1)], -1)


def log_energies(energies: Tensor, steps: int) -> Tensor:
    """Energies [B, T] -> their logarithms, not below -30 dB of the peak, [B, steps, T / steps]."""
    return (energies / image_to_sound.PEAK_RMS).clamp(min=0.03).log().unflatten(-1, (steps, -1))


@stage("energy_control")
class EnergyControlStage(Stage):
    """Train the ControlNet under the diffusion loss; the denoiser is frozen.

    Ours: noisy steps, where the course of the energy is decided, are drawn more often and weigh as much as
    the others; and the energy that a linear probe reads in the predicted clean latents is part of the loss.
    """

    natural, drop, energy_weight = 0.15, 0.1, 1.0

    def __init__(self, run: Run, control_signal: TimedEvent = signal_rms) -> None:
        self.data, self.control_signal = training_sound_latents(run), control_signal
        self.module = new_energy_control(run).to(memory_format=torch.channels_last)
        self.unet = trained_sound_unet(run).to(memory_format=torch.channels_last)
        self.vae, self.normalizer = trained_mel_autoencoder(run), sound_latent_normalizer(run)
        self.diffusion = DiffusionLoss(latent_diffusion.build_scheduler(), floor=0.8, noisy=0.6)
        self.probe = fit_energy_probe(self.data)

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        latents, energies, embeds = self.data.batch(generator, batch_size, self.natural)
        embeds = embeds * (torch.rand(batch_size, 1, generator=generator) >= self.drop)
        noisy, timesteps, target = self.diffusion.noised(latents, generator)
        down, middle = self.module(noisy, timesteps, self.control_signal(latents, energies), embeds)
        prediction = self.unet(
            noisy,
            timesteps,
            encoder_hidden_states=None,
            class_labels=embeds,
            down_block_additional_residuals=down,
            mid_block_additional_residual=middle,
        ).sample
        share = self.diffusion.scheduler.alphas_cumprod[timesteps].view(-1, 1, 1, 1)
        clean = share.sqrt() * noisy - (1 - share).sqrt() * prediction
        wanted = log_energies(energies, clean.shape[2])
        found = probe_rows(clean) @ self.probe
        energy = ((found - wanted).abs() * (0.3 + wanted.exp())).mean()
        loss = self.diffusion(prediction, target, timesteps)
        return loss + self.energy_weight * energy, {"diffusion": loss.item(), "energy_nats": energy.item()}

    @torch.no_grad()
    def sample(self, module: nn.Module, path: Path) -> None:
        """Log-mels of the first sixteen scenes under sixteen drawn curves."""
        module.eval()
        rng = np.random.default_rng(0)
        frames = self.data.energies.shape[-1]
        curves = target_energy(
            torch.from_numpy(np.stack([image_to_sound.drawn_curve(rng, frames) for _ in range(16)]))
        )
        control: Any = module
        shape = self.data.latents.shape[2:]
        x = sound_latents(self.unet, self.data.embeds[:16, 0], shape, control=control, energy=curves)
        save_mels(self.vae, self.normalizer, x, path)


@artifact
def stored_sound_latents(run: Run) -> dict[str, Tensor]:
    """Normalised latents of the training sounds, their energies and embeddings, made once."""
    path = run.folder / "sound_latents.pt"
    if not path.exists():
        data, takes = image_to_sound.training_sounds(run), run.recipe["sound_denoiser"]["takes"]
        raw, energies = encode_sounds(trained_mel_autoencoder(run), data, takes)
        normalizer = LatentNormalizer.from_latents(raw.flatten(0, 1))
        parts = [normalizer.normalize(part.flatten(0, 1)).half() for part in raw.split(200)]
        latents = torch.cat(parts).unflatten(0, (-1, takes))
        statistics = {"mean": normalizer.mean, "std": normalizer.std}
        embeds = {"embeds": data.embeds, "texts": caption_embeddings(run)}
        torch.save({"latents": latents, "energies": energies, **statistics, **embeds}, path)
    return torch.load(path, weights_only=True)


def caption_embeddings(run: Run) -> Tensor:
    """CLAP's embeddings [N, D] of the captions of the training sounds."""
    captions = [source_caption(scene) for scene in image_to_sound.training_sounds(run).scenes]
    unique = sorted(set(captions))
    embeds = embed_labels(trained_clap(run), clap_tokenizer(run), unique)
    return embeds[torch.tensor([unique.index(c) for c in captions])]


def sound_latent_normalizer(run: Run) -> LatentNormalizer:
    stored = stored_sound_latents(run)
    return LatentNormalizer.from_statistics(stored["mean"], stored["std"])


def training_sound_latents(run: Run) -> SoundLatents:
    """Data of the denoiser and of its control."""
    s, images = stored_sound_latents(run), image_to_sound.training_sounds(run).image_embeds
    embeds = torch.stack([s["embeds"], s["texts"]], 1)
    mapper = trained_mapper(run).requires_grad_(False)
    return SoundLatents(s["latents"], s["energies"], embeds, F.normalize(images, dim=-1), mapper)


def new_sound_unet(run: Run) -> UNet2DConditionModel:
    """The embedding enters as AudioLDM's does: a simple projection, concatenated to the time embedding."""
    stored, levels = stored_sound_latents(run), tuple(run.recipe["sound_denoiser"]["channels"])
    _, _, channels, frames, _ = stored["latents"].shape
    down = ("DownBlock2D",) + ("AttnDownBlock2D",) * (len(levels) - 1)
    return UNet2DConditionModel(
        sample_size=frames,
        in_channels=channels,
        out_channels=channels,
        block_out_channels=levels,
        layers_per_block=1,
        down_block_types=down,
        mid_block_type="UNetMidBlock2D",
        up_block_types=tuple(name.replace("Down", "Up") for name in reversed(down)),
        class_embed_type="simple_projection",
        projection_class_embeddings_input_dim=stored["embeds"].shape[1],
        class_embeddings_concat=True,
        attention_head_dim=32,
        norm_num_groups=16,
    )


@artifact
def trained_sound_unet(run: Run) -> UNet2DConditionModel:
    return run.load("sound_denoiser", new_sound_unet(run)).requires_grad_(False)


def new_energy_control(run: Run) -> EnergyControlNet:
    """ControlNet of the trained denoiser that has learned nothing yet."""
    unet = trained_sound_unet(run)
    return EnergyControlNet.from_unet(unet, compression_factor(trained_mel_autoencoder(run)))


@artifact
def trained_energy_control(run: Run) -> EnergyControlNet:
    return run.load("energy_control", new_energy_control(run))
