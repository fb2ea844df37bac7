"""Picture autoencoder of few latents: its encoder reads pictures small, its wide decoder paints them.

A denoiser learns an 8 x 8 grid of 16 channels far sooner than 16 x 16; what the latents leave out, the
decoder paints.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.autoencoders.autoencoder_dc import Encoder
from diffusers.models.autoencoders.vae import DecoderOutput, EncoderOutput
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut; the second starts at zero. Source: arXiv 1707.02921."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, 1, 1)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)

    def forward(self, x: Tensor) -> Tensor:
        residual: Tensor = self.conv2(F.silu(self.conv1(F.silu(x))))
        return x + residual


class PictureDecoder(nn.Module):
    """Latents [B, C, h, w] -> pictures [B, 3, h f, w f] with f = 2 ** len(channels), by pixel shuffles.

    channels   of the levels, coarse to fine; `blocks` residual blocks in each
    """

    def __init__(self, latent_channels: int, channels: Sequence[int], blocks: Sequence[int]) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(latent_channels, channels[0], 3, 1, 1)
        self.levels = nn.ModuleList(
            nn.ModuleList(ResidualBlock(width) for _ in range(count))
            for width, count in zip(channels, blocks, strict=True)
        )
        finer = (*channels[1:], 3)
        self.up = nn.ModuleList(
            nn.Conv2d(width, 4 * after, 3, 1, 1) for width, after in zip(channels, finer, strict=True)
        )

    def forward(self, latents: Tensor) -> Tensor:
        x = self.conv_in(latents)
        for level, up in zip(self.levels, self.up, strict=True):
            for block in level:
                x = block(x)
            x = F.pixel_shuffle(up(F.silu(x)), 2)
        return x


def sharpened(pictures: Tensor, amount: float) -> Tensor:
    """Pictures [B, C, H, W] with `amount` of what a blur of about one pixel takes away added to them."""
    if not amount:
        return pictures
    row = pictures.new_tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    channels = pictures.shape[1]
    kernel = (row[:, None] * row[None]).expand(channels, 1, 5, 5)
    blurred = F.conv2d(F.pad(pictures, (2, 2, 2, 2), mode="replicate"), kernel, groups=channels)
    return pictures + amount * (pictures - blurred)


class CompactAutoencoder(ModelMixin, ConfigMixin):
    """Autoencoder called as diffusers' `AutoencoderDC` is.

    latent_channels            C
    encoder_block_out_channels, encoder_layers_per_block   of the encoder (arXiv 2410.10733)
    reduction                  side of a picture over that of the picture that the encoder reads
    decoder_channels, decoder_blocks   see `PictureDecoder`
    sharpness                  how far decoded pictures are sharpened: a decoder that is unsure paints softly

    Raises ValueError when encoder and decoder differ in their factor.
    """

    @register_to_config
    def __init__(
        self,
        latent_channels: int = 16,
        encoder_block_out_channels: Sequence[int] = (16, 32, 64, 128),
        encoder_layers_per_block: Sequence[int] = (0, 1, 2, 2),
        reduction: int = 4,
        decoder_channels: Sequence[int] = (256, 192, 128, 64, 32),
        decoder_blocks: Sequence[int] = (2, 2, 2, 1, 1),
        sharpness: float = 0.0,
    ) -> None:
        super().__init__()
        levels = len(encoder_block_out_channels)
        if reduction * 2 ** (levels - 1) != 2 ** len(decoder_channels):
            raise ValueError(
                f"The encoder makes a picture {reduction * 2 ** (levels - 1)} times smaller, the decoder "
                f"{2 ** len(decoder_channels)} times larger; both must be the same."
            )
        self.encoder = Encoder(
            in_channels=3,
            latent_channels=latent_channels,
            block_type=("ResBlock",) * levels,
            block_out_channels=tuple(encoder_block_out_channels),
            layers_per_block=tuple(encoder_layers_per_block),
            qkv_multiscales=((),) * levels,
        )
        self.decoder = PictureDecoder(latent_channels, decoder_channels, decoder_blocks)

    def encode(self, pictures: Tensor) -> EncoderOutput:
        """Pictures [B, 3, H, W] in [-1, 1] -> latents [B, C, H/f, W/f]."""
        return EncoderOutput(latent=self.encoder(F.avg_pool2d(pictures, self.config["reduction"])))

    def decode(self, latents: Tensor) -> DecoderOutput:
        """Latents [B, C, h, w] -> pictures [B, 3, h f, w f], about [-1, 1]."""
        return DecoderOutput(sample=sharpened(self.decoder(latents), self.config["sharpness"]))

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures [B, 3, H, W] as they are read back."""
        sample: Tensor = self.decode(self.encode(pictures).latent).sample
        return sample
