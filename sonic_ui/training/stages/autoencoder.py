"""Picture autoencoder: L1 with weight on edges, and noise on the latents so that the decoder forgives."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderDC
from torch import Tensor, nn

from sonic_ui.training.contact_sheets import save_sheet
from sonic_ui.training.data.rendering import training_pictures
from sonic_ui.training.run import Run, Stage, artifact, stage


def build_autoencoder(
    latent_channels: int,
    encoder: Sequence[int],
    encoder_layers: Sequence[int],
    decoder: Sequence[int] | None = None,
    decoder_layers: Sequence[int] | None = None,
    in_channels: int = 3,
) -> AutoencoderDC:
    """A small `AutoencoderDC` of residual blocks; its factor is 2 ** (number of levels - 1).

    encoder   channels of its levels; the decoder has the same ones unless others are given
    """
    levels = len(encoder)
    return AutoencoderDC(
        in_channels=in_channels,
        latent_channels=latent_channels,
        encoder_block_types=("ResBlock",) * levels,
        decoder_block_types=("ResBlock",) * levels,
        encoder_block_out_channels=tuple(encoder),
        decoder_block_out_channels=tuple(decoder or encoder),
        encoder_layers_per_block=tuple(encoder_layers),
        decoder_layers_per_block=tuple(decoder_layers or encoder_layers),
        encoder_qkv_multiscales=((),) * levels,
        decoder_qkv_multiscales=((),) * levels,
        scaling_factor=1.0,
    )


def picture_batch(
    pictures: np.ndarray, index: Tensor, *, crop: int | None, generator: torch.Generator
) -> Tensor:
    """Pictures [B, 3, h, w] in [-1, 1], mirrored half of the time, cropped to `crop` pixels if given."""
    size = pictures.shape[1]
    out = []
    for i in index.tolist():
        picture = pictures[i]
        if crop is not None and crop < size:
            y, x = torch.randint(0, size - crop + 1, (2,), generator=generator).tolist()
            picture = picture[y : y + crop, x : x + crop]
        if torch.rand((), generator=generator) < 0.5:
            picture = picture[:, ::-1]
        out.append(torch.from_numpy(np.ascontiguousarray(picture)))
    batch = torch.stack(out).permute(0, 3, 1, 2).float() / 127.5 - 1
    return batch.contiguous(memory_format=torch.channels_last)


def edges(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Horizontal and vertical differences of pictures [B, C, H, W]."""
    return pictures[..., :, 1:] - pictures[..., :, :-1], pictures[..., 1:, :] - pictures[..., :-1, :]


def reconstruction_loss(output: Tensor, target: Tensor, edge_weight: float) -> Tensor:
    """L1 of the pixels, plus `edge_weight` times the L1 of their differences (thin things survive)."""
    loss = F.l1_loss(output, target)
    for a, b in zip(edges(output), edges(target), strict=True):
        loss = loss + edge_weight * F.l1_loss(a, b)
    return loss


@stage("autoencoder")
class AutoencoderStage(Stage):
    """Learn to write a picture as latents and read it back. Source: AutoencoderDC (arXiv 2410.10733)."""

    edge_weight, latent_noise = 1.0, 0.08

    def __init__(self, run: Run) -> None:
        self.pictures, self.crop = training_pictures(run)[0], run.recipe["autoencoder"]["crop"]
        self.module = new_autoencoder(run).to(memory_format=torch.channels_last)

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        index = torch.randint(0, len(self.pictures), (batch_size,), generator=generator)
        target = picture_batch(self.pictures, index, crop=self.crop, generator=generator)
        latents = self.module.encode(target).latent  # [B, C, h/8, w/8]
        noise = torch.randn(latents.shape, generator=generator) * latents.detach().std() * self.latent_noise
        output = self.module.decode(latents + noise).sample
        loss = reconstruction_loss(output, target, self.edge_weight)
        small = 1e-4 * latents.pow(2).mean()
        mse = F.mse_loss(output.detach().clamp(-1, 1), target)
        return loss + small, {"psnr_db": float(-10 * torch.log10(mse / 4))}

    @torch.no_grad()
    def sample(self, module: nn.Module, path: Path) -> None:
        generator = torch.Generator().manual_seed(0)
        index = torch.arange(min(8, len(self.pictures)))
        target = picture_batch(self.pictures, index, crop=None, generator=generator)
        output = module.decode(module.encode(target).latent).sample
        save_sheet(torch.cat([target, output]), path, columns=len(index))


@stage("decoder")
class DecoderStage(AutoencoderStage):
    """The autoencoder's decoder once more, with the encoder fixed, so that latents stay what they are.

    More noise on the latents teaches it to make something clean of what the denoiser leaves unclear.
    """

    def __init__(self, run: Run) -> None:
        r = run.recipe["decoder"]
        self.pictures, self.crop, self.latent_noise = training_pictures(run)[0], r["crop"], r["latent_noise"]
        self.module = run.load("autoencoder", new_autoencoder(run)).to(memory_format=torch.channels_last)
        self.module.encoder.requires_grad_(False)


def new_autoencoder(run: Run) -> AutoencoderDC:
    r = run.recipe["autoencoder"]
    return build_autoencoder(r["latent_channels"], r["channels"], r["layers"])


@artifact
def trained_autoencoder(run: Run) -> AutoencoderDC:
    """The trained autoencoder; with its decoder refined, once that stage is done."""
    model = run.load("autoencoder", new_autoencoder(run))
    if run.checkpoint("decoder").exists():
        run.load("decoder", model)
    return model.requires_grad_(False)
