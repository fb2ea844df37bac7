"""The picture autoencoder: first the encoder with the decoder's coarse levels, then the whole decoder alone.

Reconstruction alone gives the mean of all pictures that few latents could mean, which is soft. A critic of
patches (arXiv 1611.07004), with matching of its features (arXiv 1711.11585), makes the decoder choose.
"""

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonic_ui.models.compact_autoencoder import CompactAutoencoder, PictureDecoder
from sonic_ui.models.latents import LatentNormalizer, one_scale_normalizer, upper_band_power
from sonic_ui.scenes.render import faces_left
from sonic_ui.training.critic import CriticLoss
from sonic_ui.training.data.rendering import picture_batch, training_pictures
from sonic_ui.training.run import Run, Stage, artifact, save_sheet, stage


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
    """Learn to write pictures, made small, as few latents, and to read them back.

    The encoder is final after this stage; of the decoder these are the coarse levels
    (`picture_decoder` adds the others). Scale equivariance (arXiv 2502.09509, 2502.14831): pooled
    latents decode to the pooled picture, so that coarse shape lies in the low bands of the latents. Keys of
    the recipe:

    reduction      side of a picture over that of the picture that the encoder reads
    edge_weight    weight of the edges beside the pixels
    latent_noise   largest deviation of the noise on the latents over theirs; drawn for each picture
    pooled_share   of the steps, those that decode latents pooled by 2, too
    upper_limit    share of the latents' variance in the upper bands from which detail costs
    """

    upper_weight = 2.0

    def __init__(self, run: Run) -> None:
        r = run.recipe["autoencoder"]
        self.pictures = reduced(training_pictures(run)[0], r["reduction"])
        self.edge_weight, self.latent_noise = r["edge_weight"], r["latent_noise"]
        self.pooled_share, self.upper_limit = r["pooled_share"], r["upper_limit"]
        self.module = new_autoencoder(run, coarse=True).to(memory_format=torch.channels_last)

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        index = torch.randint(0, len(self.pictures), (batch_size,), generator=generator)
        target = picture_batch(self.pictures, index, generator=generator)
        dtype = next(self.module.parameters()).dtype
        latents = self.module.encode(target.to(dtype)).latent.float()  # [B, C, h, w]
        strength = torch.rand(batch_size, 1, 1, 1, generator=generator) * self.latent_noise
        noise = torch.randn(latents.shape, generator=generator) * strength * latents.detach().std()
        output = self.module.decode((latents + noise).to(dtype)).sample.float()
        loss = reconstruction_loss(output, target, self.edge_weight)
        if float(torch.rand((), generator=generator)) < self.pooled_share:
            pooled = self.module.decode(F.avg_pool2d(latents + noise, 2).to(dtype)).sample.float()
            loss = loss + reconstruction_loss(pooled, F.avg_pool2d(target, 2), self.edge_weight)
        upper = upper_band_power(latents)
        spread = (latents.square().mean() - 1).square()  # keeps the latents' scale
        loss = loss + self.upper_weight * F.relu(upper - self.upper_limit) + 1e-3 * spread
        mse = F.mse_loss(output.detach().clamp(-1, 1), target)
        return loss, {"psnr_db": float(-10 * torch.log10(mse / 4)), "upper": upper.item()}

    @torch.no_grad()
    def sample(self, module: nn.Module, path: Path) -> None:
        generator = torch.Generator().manual_seed(0)
        index = torch.arange(min(8, len(self.pictures)))
        target = picture_batch(self.pictures, index, generator=generator)
        output = module.decode(module.encode(target).latent).sample
        save_sheet(torch.cat([target, output]), path, columns=len(index))


def reduced(pictures: np.ndarray, by: int) -> np.ndarray:
    """Pictures uint8 [N, H, W, 3] -> [N, H/by, W/by, 3], averaged."""
    out = np.empty((len(pictures), pictures.shape[1] // by, pictures.shape[2] // by, 3), np.uint8)
    for start in range(0, len(pictures), 500):
        part = torch.from_numpy(np.asarray(pictures[start : start + 500])).permute(0, 3, 1, 2).float()
        out[start : start + 500] = F.avg_pool2d(part, by).round().byte().permute(0, 2, 3, 1).numpy()
    return out


def new_autoencoder(run: Run, *, coarse: bool = False) -> CompactAutoencoder:
    """The picture autoencoder; `coarse` reads and paints pictures as small as its encoder reads them."""
    r = run.recipe["autoencoder"]
    levels = len(r["channels"]) - 1 if coarse else len(r["decoder_channels"])
    return CompactAutoencoder(
        latent_channels=r["latent_channels"],
        encoder_block_out_channels=tuple(r["channels"]),
        encoder_layers_per_block=tuple(r["layers"]),
        reduction=1 if coarse else r["reduction"],
        decoder_channels=tuple(r["decoder_channels"][:levels]),
        decoder_blocks=tuple(r["decoder_blocks"][:levels]),
        sharpness=0.0 if coarse else r.get("sharpness", 0.0),
    )


@artifact
def coarse_autoencoder(run: Run) -> CompactAutoencoder:
    """The whole autoencoder with what the stage `autoencoder` has trained; the fine levels are new."""
    model = new_autoencoder(run)
    trained = run.load("autoencoder", new_autoencoder(run, coarse=True)).state_dict()
    own = model.state_dict()
    model.load_state_dict({k: v for k, v in trained.items() if own[k].shape == v.shape}, strict=False)
    return model.eval().requires_grad_(False)


@artifact
def trained_autoencoder(run: Run) -> CompactAutoencoder:
    """The trained autoencoder, with the decoder of the last stage that was done."""
    model = deepcopy(coarse_autoencoder(run))
    for name in ("decoder", "picture_decoder"):
        if run.checkpoint(name).exists():
            run.load(name, DecoderAndCritic(model.decoder))
            break
    return model.eval().requires_grad_(False)


@torch.no_grad()
def encode_pictures(vae: CompactAutoencoder, pictures: np.ndarray, batch: int = 50) -> Tensor:
    """Raw latents of pictures [N, H, W, 3] and of their mirror images: [N, 2, C, h, w] float32."""
    out = []
    for start in range(0, len(pictures), batch):
        x = torch.from_numpy(pictures[start : start + batch]).permute(0, 3, 1, 2).float() / 127.5 - 1
        pair = [vae.encode(v.contiguous(memory_format=torch.channels_last)).latent for v in (x, x.flip(-1))]
        out.append(torch.stack(pair, 1))
    return torch.cat(out)


@artifact
def stored_latents(run: Run) -> dict[str, Tensor]:
    """Normalised latents [N, 2, C, h, w] of the pictures, the statistics that normalise them, and which way
    each picture faces [N] (`LatentData`)."""
    path = run.folder / "latents.pt"
    if not path.exists():
        raw = encode_pictures(coarse_autoencoder(run), training_pictures(run)[0])
        known = run.folder / "latent_statistics.pt"  # of the bundle that an imported denoiser comes from
        if known.exists():
            normalizer = LatentNormalizer.from_statistics(**torch.load(known, weights_only=True))
        else:
            normalizer = one_scale_normalizer(raw[:, 0])
        normal = normalizer.normalize(raw.flatten(0, 1)).unflatten(0, (-1, 2)).half()
        ways = [faces_left(scene) for scene in training_pictures(run)[1]]
        facing = torch.tensor([-1 if way is None else int(way) for way in ways])
        torch.save(
            {"latents": normal, "facing": facing, "mean": normalizer.mean, "std": normalizer.std}, path
        )
    return torch.load(path, weights_only=True)


def latent_normalizer(run: Run) -> LatentNormalizer:
    return LatentNormalizer.from_statistics(stored_latents(run)["mean"], stored_latents(run)["std"])


class PatchCritic(nn.Module):
    """Pictures [B, 3, H, W] -> scores of overlapping patches [B, 1, H/16, W/16], and the maps on the way."""

    def __init__(self, channels: tuple[int, ...] = (32, 64, 128, 192)) -> None:
        super().__init__()
        sides = zip((3, *channels[:-1]), channels, strict=True)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in sides)
        self.score = nn.Conv2d(channels[-1], 1, 3, 1, 1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, list[Tensor]]:
        maps, x = [], pictures
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
            maps.append(x)
        return self.score(x), maps


class DecoderAndCritic(nn.Module):
    """The parts that this stage trains; only the decoder is used afterwards."""

    def __init__(self, decoder: PictureDecoder) -> None:
        super().__init__()
        self.decoder, self.critic = decoder, PatchCritic()


@stage("picture_decoder")
class PictureDecoderStage(Stage):
    """Train the decoder to paint pictures from their latents, or from latents as a denoiser leaves them.

    critic_from   step at which the critic begins; its weight grows over the next `critic_ramp` steps
    latent_noise  deviation of the noise on normalised latents, drawn in [0, this] for each picture
    """

    edge_weight, opinion, matching, critic_ramp = 1.0, 0.5, 1.0, 300

    name = "picture_decoder"

    def __init__(self, run: Run) -> None:
        recipe = run.recipe[self.name]
        self.critic_from, self.latent_noise = recipe["critic_from"], recipe["latent_noise"]
        self.pictures = training_pictures(run)[0]
        self.latents = stored_latents(run)["latents"]
        self.normalizer = latent_normalizer(run)
        parts = DecoderAndCritic(deepcopy(coarse_autoencoder(run).decoder)).requires_grad_(True)
        self.module = parts.to(memory_format=torch.channels_last)
        self.losses = CriticLoss(self.opinion, self.matching)
        self.step = run.step(self.name)

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        parts: Any = self.module
        return [
            {"params": list(parts.decoder.parameters()), "lr": learning_rate},
            {"params": list(parts.critic.parameters()), "lr": learning_rate / 4, "weight_decay": 0.0},
        ]

    def batch(self, generator: torch.Generator, size: int) -> tuple[Tensor, Tensor]:
        """Raw latents [B, C, h, w] with a little noise, and their pictures [B, 3, H, W]."""
        index = torch.randint(0, len(self.pictures), (size,), generator=generator)
        mirror = torch.randint(0, 2, (size,), generator=generator)
        latents = self.drawn_latents(index, mirror, generator)
        share = torch.rand(size, 1, 1, 1, generator=generator) * self.latent_noise
        noisy = latents + share * torch.randn(latents.shape, generator=generator)
        target = torch.from_numpy(self.pictures[index.numpy()]).permute(0, 3, 1, 2).float() / 127.5 - 1
        target = torch.where(mirror[:, None, None, None] == 1, target.flip(-1), target)
        raw, last = self.normalizer.denormalize(noisy), torch.channels_last
        return raw.contiguous(memory_format=last), target.contiguous(memory_format=last)

    def drawn_latents(self, index: Tensor, mirror: Tensor, generator: torch.Generator) -> Tensor:
        """Normalised latents [B, C, h, w] of the pictures `index`, or of their mirror images."""
        return self.latents[index, mirror].float()

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        parts: Any = self.module
        latents, target = self.batch(generator, batch_size)
        output = parts.decoder(latents.to(next(parts.parameters()).dtype))
        share = min(1.0, max(0, self.step - self.critic_from) / self.critic_ramp)
        self.step += 1
        return self.losses(
            lambda shown: reconstruction_loss(shown, target, self.edge_weight),
            parts.critic,
            output,
            target,
            share,
        )

    @torch.no_grad()
    def sample(self, module: nn.Module, path: Path) -> None:
        """Eight pictures above what the decoder makes of their latents."""
        averaged: Any = module
        count = min(8, len(self.pictures))
        target = torch.from_numpy(np.asarray(self.pictures[:count])).permute(0, 3, 1, 2).float() / 127.5 - 1
        output = averaged.decoder(self.normalizer.denormalize(self.latents[:count, 0].float()))
        save_sheet(torch.cat([target, output]), path, columns=count)
