"""A picture autoencoder that reads a picture small and paints it large."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from diffusers import AutoencoderDC
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.autoencoders.vae import DecoderOutput, EncoderOutput
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn


class _Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut; the second starts at nought."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(width, width, 3, 1, 1), nn.Conv2d(width, width, 3, 1, 1)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.silu(self.conv1(x)))


class Enlarger(nn.Module):
    """Pictures [B, 3, H, W] about [-1, 1] -> [B, 3, 4 H, 4 W]: their interpolation and what it lacks."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(3, width, 3, 1, 1)
        self.blocks = nn.ModuleList(_Residual(width) for _ in range(blocks))
        self.widen = nn.Conv2d(width, 2 * width, 3, 1, 1)
        self.fine = nn.ModuleList(_Residual(width // 2) for _ in range(1))
        self.conv_out = nn.Conv2d(width // 2, 12, 3, 1, 1)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)

    def forward(self, pictures: Tensor) -> Tensor:
        x = self.conv_in(pictures)
        for block in self.blocks:
            x = block(x)
        x = F.pixel_shuffle(F.silu(self.widen(x)), 2)
        for block in self.fine:
            x = block(x)
        lacking = F.pixel_shuffle(self.conv_out(x), 2)
        plain = F.interpolate(pictures.float(), scale_factor=4, mode="bilinear", align_corners=False)
        return plain.to(lacking.dtype) + lacking


class EnlargingAutoencoder(ModelMixin, ConfigMixin):
    """`AutoencoderDC` on pictures of a quarter of the side, and an `Enlarger` behind its decoder.

    Its latents are few and easy to learn, since the inner autoencoder sees little detail; the enlarger paints
    outlines and texture by itself. Called as `AutoencoderDC` is; its factor is four times the inner one's.
    """

    enlargement = 4

    @register_to_config
    def __init__(
        self,
        latent_channels: int = 16,
        encoder_block_out_channels: Sequence[int] = (16, 32, 64, 128),
        layers_per_block: Sequence[int] = (0, 1, 2, 2),
        width: int = 48,
        blocks: int = 5,
        enlargement: int = 4,
    ) -> None:
        super().__init__()
        channels, layers = tuple(encoder_block_out_channels), tuple(layers_per_block)
        kinds, scales = ("ResBlock",) * len(channels), ((),) * len(channels)
        self.inner = AutoencoderDC(
            in_channels=3,
            latent_channels=latent_channels,
            encoder_block_types=kinds,
            decoder_block_types=kinds,
            encoder_block_out_channels=channels,
            decoder_block_out_channels=channels,
            encoder_layers_per_block=layers,
            decoder_layers_per_block=layers,
            encoder_qkv_multiscales=scales,
            decoder_qkv_multiscales=scales,
            scaling_factor=1.0,
        )
        self.enlarger = Enlarger(width, blocks)

    def encode(self, pictures: Tensor) -> EncoderOutput:
        """Pictures [B, 3, H, W] in [-1, 1] -> latents [B, C, H/f, W/f]."""
        small = F.avg_pool2d(pictures, self.enlargement)
        return EncoderOutput(latent=self.inner.encode(small).latent)

    def decode(self, latents: Tensor) -> DecoderOutput:
        """Latents [B, C, h, w] -> pictures [B, 3, h f, w f], about [-1, 1]."""
        return DecoderOutput(sample=self.enlarger(self.inner.decode(latents).sample))

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures as they are read back."""
        sample: Tensor = self.decode(self.encode(pictures).latent).sample
        return sample
