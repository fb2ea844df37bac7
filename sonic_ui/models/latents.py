"""Pictures to latents and back, for any of diffusers' picture autoencoders.

Everything that reads or writes latents goes through `encode_picture` and `decode_latents`, so that a bundle
may use `AutoencoderKL`, `AutoencoderDC`, `AutoencoderTiny` or our `CompactAutoencoder`, and the rest does not
notice.
"""

from collections.abc import Callable, Sequence
from typing import Any, Self

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

MIN_STD = 1e-6


class LatentNormalizer(ModelMixin, ConfigMixin):
    """Brings each latent channel to zero mean and unit variance: `(z - mean) / std`.

    The statistics stay in float32 whatever the rest of a pipeline is cast to.
    """

    _keep_in_fp32_modules = ["mean", "std"]  # noqa: RUF012

    mean: Tensor
    std: Tensor

    @register_to_config
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))

    @classmethod
    def from_statistics(cls, mean: Tensor | Sequence[float], std: Tensor | Sequence[float]) -> Self:
        """A normalizer with the given statistics, [C] each. Raises ValueError when their lengths differ."""
        means = torch.as_tensor(mean, dtype=torch.float32)
        stds = torch.as_tensor(std, dtype=torch.float32)
        if means.ndim != 1 or means.shape != stds.shape:
            raise ValueError(
                f"mean has shape {tuple(means.shape)}, std {tuple(stds.shape)}; both must be [C]."
            )
        normalizer = cls(channels=means.shape[0])
        normalizer.mean.copy_(means)
        normalizer.std.copy_(stds.clamp(min=MIN_STD))
        return normalizer

    @classmethod
    def from_latents(cls, latents: Tensor) -> Self:
        """A normalizer fitted to raw latents [N, C, h, w]."""
        values = latents.detach().to("cpu", torch.float32)
        return cls.from_statistics(values.mean(dim=(0, 2, 3)), values.std(dim=(0, 2, 3)))

    def normalize(self, latents: Tensor) -> Tensor:
        """[B, C, h, w] raw -> [B, C, h, w] of unit variance, in the given type."""
        mean, std = self._statistics(latents)
        return ((latents.float() - mean) / std).to(latents.dtype)

    def denormalize(self, latents: Tensor) -> Tensor:
        """The inverse of `normalize`."""
        mean, std = self._statistics(latents)
        return (latents.float() * std + mean).to(latents.dtype)

    def forward(self, latents: Tensor) -> Tensor:
        """`normalize`."""
        return self.normalize(latents)

    def _statistics(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """mean and std as [1, C, 1, 1] beside the latents."""
        channels = self.mean.shape[0]
        if latents.ndim != 4 or latents.shape[1] != channels:
            raise ValueError(
                f"The normalizer is for {channels} latent channels; given were latents of shape "
                f"{tuple(latents.shape)}, which should be [B, {channels}, h, w]."
            )
        shape = (1, channels, 1, 1)
        mean, std = self.mean.to(latents.device).view(shape), self.std.to(latents.device).view(shape)
        return mean, std

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move as asked, but keep the full precision of the statistics."""
        mean, std = self.mean, self.std
        super()._apply(fn, recurse)
        if self.mean.dtype != mean.dtype and not self.mean.is_meta:
            self.mean, self.std = mean.to(self.mean.device), std.to(self.std.device)
        return self


def one_scale_normalizer(latents: Tensor) -> LatentNormalizer:
    """A normalizer of raw latents [N, C, h, w]: each channel's own mean, one deviation for all of them.

    A channel that says little keeps its small variance, so that the denoiser spends little on it.
    """
    values = latents.detach().to("cpu", torch.float32)
    mean = values.mean((0, 2, 3))
    deviation = (values - mean[:, None, None]).square().mean().sqrt()
    return LatentNormalizer.from_statistics(mean, deviation.expand_as(mean))


def encode_picture(
    vae: nn.Module,
    images: Tensor,
    normalizer: LatentNormalizer | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Pictures [B, 3, H, W] in [-1, 1] -> latents [B, C, H/f, W/f] as the denoiser reads them.

    Without a normalizer the autoencoder's own scaling and shift are applied. A variational autoencoder gives
    its mean, or a sample when `generator` is given.
    """
    if images.ndim != 4 or images.shape[1] != 3:
        raise ValueError(f"Pictures of shape {tuple(images.shape)} were given; [B, 3, H, W] is needed.")
    latents = raw_latents(vae.encode(images.to(vae.dtype)), generator)
    if normalizer is not None:
        return normalizer.normalize(latents)
    scale, shift = _own_scaling(vae)
    return (latents - shift) * scale


def decode_latents(vae: nn.Module, latents: Tensor, normalizer: LatentNormalizer | None = None) -> Tensor:
    """The inverse of `encode_picture`: latents [B, C, h, w] -> pictures [B, 3, h*f, w*f], about [-1, 1]."""
    if normalizer is not None:
        raw = normalizer.denormalize(latents)
    else:
        scale, shift = _own_scaling(vae)
        raw = latents / scale + shift
    return vae.decode(raw.to(vae.dtype)).sample


def compression_factor(vae: nn.Module) -> int:
    """How many pixels a latent covers along one side: 8 for Stable Diffusion, 32 for the miniature."""
    config: Any = vae.config
    channels = config.get("block_out_channels") or config.get("encoder_block_out_channels")
    if channels is None:
        raise ValueError(f"{type(vae).__name__} is not one of diffusers' picture autoencoders.")
    return int(config.get("reduction", 1) * 2 ** (len(channels) - 1))


def upper_band_share(latents: Tensor) -> float:
    """Share of the variance of latents [N, C, h, h] in the upper bands: i + j >= h / 2 of the 2-D DCT.

    At 16 x 16 these are the bands from 8 up, at 8 x 8 from 4 up: the same detail of the picture. Each channel
    loses its mean first; all share one scale.
    """
    return float(upper_band_power(latents.detach().double()))


def upper_band_power(latents: Tensor) -> Tensor:
    """`upper_band_share` as a tensor that gradients pass through."""
    size = latents.shape[-1]
    index = torch.arange(size, dtype=latents.dtype, device=latents.device)
    basis = torch.cos(torch.pi * (index + 0.5) * index[:, None] / size)  # [band, position]
    basis = basis / basis.norm(dim=1, keepdim=True)
    values = latents - latents.mean((0, 2, 3), keepdim=True)
    power = (basis @ values @ basis.T).square().mean((0, 1))
    upper = index[:, None] + index >= size / 2
    return power[upper].sum() / power.sum()


def raw_latents(encoded: Any, generator: torch.Generator | None = None) -> Tensor:
    """The latent tensor in the output of any autoencoder's `encode`."""
    if hasattr(encoded, "latent_dist"):  # AutoencoderKL
        return encoded.latent_dist.mode() if generator is None else encoded.latent_dist.sample(generator)
    return encoded.latent if hasattr(encoded, "latent") else encoded.latents  # AutoencoderDC, AutoencoderTiny


def _own_scaling(vae: nn.Module) -> tuple[float, float]:
    """(scaling factor, shift) that the autoencoder's configuration names."""
    config: Any = vae.config
    return float(config.get("scaling_factor") or 1.0), float(config.get("shift_factor") or 0.0)
