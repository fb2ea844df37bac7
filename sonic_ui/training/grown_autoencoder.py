"""An autoencoder that grows: the code is learned on small pictures, then a decoder paints them large.

Learning the latents costs a tenth on pictures of a quarter of the side. The large autoencoder takes over the
inner levels; its outer decoder learns to paint the small one's features as a large picture, its outer encoder
to give the small one's features for the large picture. Source of growing: arXiv 1710.10196.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderDC
from torch import Tensor, nn
from torch.func import functional_call

from sonic_ui.models.latents import LatentNormalizer, compression_factor
from sonic_ui.training.autoencoder import reconstruction_loss
from sonic_ui.training.compact_autoencoder import load_matching
from sonic_ui.training.sharp_decoder import PatchCritic


def added_levels(small: AutoencoderDC, large: AutoencoderDC) -> int:
    """Levels that `large` has more than `small`."""
    return (compression_factor(large) // compression_factor(small)).bit_length() - 1


def grow(small: AutoencoderDC, large: AutoencoderDC) -> int:
    """Copy the inner levels of `small` into `large`, whose outer ones stay as they are; how many tensors."""
    more = added_levels(small, large)

    def moved(name: str) -> str:
        return re.sub(r"(down_blocks|up_blocks)\.(\d+)", lambda m: f"{m[1]}.{int(m[2]) + more}", name)

    outer = ("encoder.conv_in", "decoder.norm_out", "decoder.conv_out")
    state = {moved(k): v for k, v in small.state_dict().items() if not k.startswith(outer)}
    return load_matching(large, state)


@torch.no_grad()
def scale_stream(outer: OuterDecoder, factor: float) -> None:
    """Fit the outer decoder to features `factor` times as large; its pictures stay the same.

    Its blocks add values of about 1 to what flows through: they are trained on features brought to that size.
    """
    for part in (part for blocks in outer.blocks for part in blocks):
        if hasattr(part, "norm"):
            part.conv1.weight.div_(factor)
            part.norm.weight.mul_(factor)
            part.norm.bias.mul_(factor)
        else:
            part.conv.bias.mul_(factor)


@torch.no_grad()
def whitened_start(outer: OuterDecoder, features: Tensor) -> None:
    """Let the first convolution read features [B, C, h, w] as of mean 0 and deviation 1, channel by channel.

    What tells pictures apart is small beside what all features share.
    """
    mean, std = features.mean((0, 2, 3)), features.std((0, 2, 3)).clamp(min=1e-6)
    conv = outer.blocks[0][0].conv
    conv.weight.div_(std[None, :, None, None])
    conv.bias.sub_((conv.weight.sum((2, 3)) * mean).sum(1))


def inner_features(large: AutoencoderDC, raw: Tensor, more: int) -> Tensor:
    """What the inner levels of the decoder make of raw latents [B, C, h, w]."""
    decoder = large.decoder
    x = decoder.conv_in(raw) + raw.repeat_interleave(decoder.in_shortcut_repeats, dim=1)
    for block in reversed(decoder.up_blocks[more + 1 :]):
        x = block(x)
    return x


class OuterDecoder(nn.Module):
    """The outer levels of a decoder: features [B, C, h, w] -> pictures."""

    def __init__(self, large: AutoencoderDC, more: int) -> None:
        super().__init__()
        decoder = large.decoder
        self.blocks = nn.ModuleList(reversed(decoder.up_blocks[: more + 1]))
        self.norm_out, self.conv_out = decoder.norm_out, decoder.conv_out

    def forward(self, features: Tensor) -> Tensor:
        for block in self.blocks:
            features = block(features)
        x = self.norm_out(features.movedim(1, -1)).movedim(-1, 1)
        return self.conv_out(F.relu(x))


class OuterEncoder(nn.Module):
    """The outer levels of an encoder: pictures -> features."""

    def __init__(self, large: AutoencoderDC, more: int) -> None:
        super().__init__()
        self.conv_in, self.blocks = large.encoder.conv_in, large.encoder.down_blocks[: more + 1]

    def forward(self, pictures: Tensor) -> Tensor:
        x = self.conv_in(pictures)
        for block in self.blocks:
            x = block(x)
        return x


class OuterStage:
    """Train the outer levels of a grown autoencoder, with a critic of patches.

    pictures   uint8 [N, H, W, 3]
    latents    normalised [N, K, C, h, w]: K ways to tell each picture: its own latents, or a denoiser's
    square_weight  of the squared error: colours come first with it, outlines with `edge_weight`
    scale      of the features: `scale_stream` by it, once training is done
    patch      side of the crops in features; `crops` of each picture
    """

    margin = 1  # features at the rim of a crop whose pixels are not judged

    def __init__(
        self,
        pictures: np.ndarray,
        latents: Tensor,
        small: AutoencoderDC,
        large: AutoencoderDC,
        normalizer: LatentNormalizer,
        *,
        critic: float = 0.0,
        matching: float = 0.5,
        latent_noise: float = 0.2,
        patch: int = 10,
        crops: int = 4,
        edge_weight: float = 1.0,
        square_weight: float = 0.0,
    ) -> None:
        self.pictures, self.latents, self.normalizer = pictures, latents, normalizer
        self.small, self.large, self.more = small.requires_grad_(False), large, added_levels(small, large)
        self.weight, self.matching, self.noise = critic, matching, latent_noise
        self.patch, self.crops = patch, crops
        self.edge_weight, self.square_weight = edge_weight, square_weight
        self.scale = 1.0
        self.scale = float(self.told(torch.arange(8), torch.Generator()).std())
        parts = {"decoder": OuterDecoder(large, self.more), "encoder": OuterEncoder(large, self.more)}
        whitened_start(parts["decoder"], self.told(torch.arange(min(32, len(latents))), torch.Generator()))
        self.module: nn.Module = nn.ModuleDict(parts | {"critic": PatchCritic()}).to(
            memory_format=torch.channels_last
        )

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """Both outer parts, and the critic at a rate of its own."""
        module: Any = self.module
        outer = [*module["decoder"].parameters(), *module["encoder"].parameters()]
        return [
            {"params": outer, "lr": learning_rate},
            {"params": list(module["critic"].parameters()), "lr": 4e-4, "weight_decay": 0.0},
        ]

    @torch.no_grad()
    def told(self, index: Tensor, generator: torch.Generator) -> Tensor:
        """Features of the inner decoder for pictures at `index` [B], from latents with a little noise."""
        way = torch.randint(0, self.latents.shape[1], (len(index),), generator=generator)
        z = self.latents[index, way].float()
        share = torch.rand(len(z), 1, 1, 1, generator=generator) * self.noise
        raw = self.normalizer.denormalize(z + share * torch.randn(z.shape, generator=generator))
        features = inner_features(self.large, raw.contiguous(memory_format=torch.channels_last), self.more)
        return features / self.scale

    def cut(self, features: Tensor, pictures: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Crops of features [B * crops, C, p, p] and the pixels of their middles."""
        side, scale = features.shape[-1], pictures.shape[-1] // features.shape[-1]
        p, m = min(self.patch, side), self.margin
        some, true = [], []
        for b in range(len(features)):
            for _ in range(self.crops):
                y, x = torch.randint(0, side - p + 1, (2,), generator=generator).tolist()
                some.append(features[b, :, y : y + p, x : x + p])
                rows, columns = (slice((k + m) * scale, (k + p - m) * scale) for k in (y, x))
                true.append(pictures[b, :, rows, columns])
        last = torch.channels_last
        return torch.stack(some).contiguous(memory_format=last), torch.stack(true).contiguous(
            memory_format=last
        )

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        """The decoder's reconstruction of crops, the critic's terms, the encoder's distance in features."""
        module: Any = self.module
        index = torch.randint(0, len(self.latents), (batch_size,), generator=generator)
        whole = torch.from_numpy(self.pictures[index.numpy()]).permute(0, 3, 1, 2).float() / 127.5 - 1
        with torch.autocast("cpu", torch.bfloat16):
            features, target = self.cut(self.told(index, generator).float(), whole, generator)
            output = module["decoder"](features).float()
            rim = self.margin * 2 ** (self.more + 1)
            output = output[..., rim:-rim, rim:-rim]
            loss = reconstruction_loss(output, target, self.edge_weight)
            loss = loss + self.square_weight * F.mse_loss(output, target)
            figures = {"l1": float(F.l1_loss(output.detach(), target))}
            loss = loss + self._encoder_distance(whole[:1], figures)
            if self.weight:
                loss = loss + self._critic_terms(output, target, figures)
        return loss, figures

    def _encoder_distance(self, pictures: Tensor, figures: dict[str, float]) -> Tensor:
        """Squared distance of the outer encoder's features to the small encoder's, over their power."""
        module: Any = self.module
        with torch.no_grad():
            aim = self.small.encoder.conv_in(F.avg_pool2d(pictures, 2**self.more)).float()
        given = module["encoder"](pictures.contiguous(memory_format=torch.channels_last)).float()
        distance = (given - aim).square().mean() / aim.square().mean()
        figures["encoder"] = float(distance.detach())
        return distance

    def _critic_terms(self, output: Tensor, target: Tensor, figures: dict[str, float]) -> Tensor:
        """Hinge loss of the critic, and what it says to the decoder."""
        module: Any = self.module
        critic = module["critic"]
        score_true, maps_true = critic(target)
        score_made, _ = critic(output.detach())
        own = F.relu(1 - score_true.float()).mean() + F.relu(1 + score_made.float()).mean()
        fixed = {k: v.detach() for k, v in critic.named_parameters()}
        said, maps = functional_call(critic, fixed, (output,))
        match = torch.stack(
            [F.l1_loss(a.float(), b.detach().float()) for a, b in zip(maps, maps_true, strict=True)]
        )
        figures |= {"critic": own.item(), "said": said.float().mean().item()}
        return own - self.weight * said.float().mean() + self.matching * match.sum()
