"""Sound autoencoder: log-mels as one-channel pictures [B, 1, frames, mels], by a small `AutoencoderDC`."""

from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderDC
from torch import Tensor, nn

from sonic_ui.models.mel import LOG_FLOOR
from sonic_ui.training.contact_sheets import save_sheet
from sonic_ui.training.data import image_to_sound
from sonic_ui.training.data.image_to_sound import augment_clip
from sonic_ui.training.run import Run, Stage, artifact, stage
from sonic_ui.training.stages.clap import build_feature_extractor
from sonic_ui.training.stages.clip import image_embeddings, trained_clip
from sonic_ui.training.stages.latent_diffusion import build_autoencoder, reconstruction_loss
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
                mel, _ = augment_clip(mel, self.data.energies[i], rng)
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
    r = run.recipe["mel_autoencoder"]
    names = ("latent_channels", "encoder", "encoder_layers", "decoder", "decoder_layers")
    return build_autoencoder(**{name: r[name] for name in names}, in_channels=1)


@artifact
def trained_mel_autoencoder(run: Run) -> AutoencoderDC:
    return run.load("mel_autoencoder", new_mel_autoencoder(run)).requires_grad_(False)
