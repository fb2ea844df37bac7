"""ControlNet for energy: a trainable copy of a sound denoiser's encoder that reads an energy curve.

Source: ControlNet (arXiv 2302.05543) as AudioSketch uses it. `diffusers.ControlNetModel.from_unet` does not
take AudioLDM's denoiser (class embeddings concatenated, no cross-attention to text): the copy is made here.
"""

from typing import Any, Self

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn


class EnergyControlNet(ModelMixin, ConfigMixin):
    """Energy curves [B, frames] -> residuals for the denoiser's decoder; zero until it is trained.

    The frames that one latent covers come as channels (nothing of the curve is averaged away), beside the
    latent's own and its neighbours' mean, and are the same for all mel bins.

    unet     configuration of the denoiser whose encoder is copied
    frames   energy frames that one latent covers in time: the autoencoder's factor
    width    channels of the curve's own layers
    """

    @register_to_config
    def __init__(self, unet: dict[str, Any], frames: int = 8, width: int = 32) -> None:
        super().__init__()
        known = {name: value for name, value in unet.items() if not name.startswith("_")}
        encoder = UNet2DConditionModel(**known)
        for name in ("up_blocks", "conv_norm_out", "conv_act", "conv_out"):
            setattr(encoder, name, None)
        self.encoder = encoder
        first = int(encoder.config.block_out_channels[0])
        self.curve = nn.Sequential(
            nn.Conv1d(frames, width, 5, padding=2),
            nn.SiLU(),
            nn.Conv1d(width, width, 5, padding=2),
            nn.SiLU(),
        )
        self.curve_out = zeroed(nn.Conv2d(width, first, 1))
        self.zero_convs = nn.ModuleList(zeroed(nn.Conv2d(c, c, 1)) for c in skip_channels(encoder))
        middle = int(encoder.config.block_out_channels[-1])
        self.zero_middle = zeroed(nn.Conv2d(middle, middle, 1))

    @classmethod
    def from_unet(cls, unet: UNet2DConditionModel, frames: int = 8, width: int = 32) -> Self:
        """A copy of the encoder of `unet`, its weights included."""
        config = {k: v for k, v in dict(unet.config).items() if not k.startswith("_")}
        control = cls(config, frames, width)
        own = control.encoder.state_dict()
        control.encoder.load_state_dict({k: v for k, v in unet.state_dict().items() if k in own})
        return control

    def forward(
        self,
        latents: Tensor,
        timestep: Tensor | int,
        energy: Tensor,
        class_labels: Tensor,
        control_scale: float = 1.0,
    ) -> tuple[tuple[Tensor, ...], Tensor]:
        """Residuals of the skips and of the middle, for `down_block_additional_residuals` and
        `mid_block_additional_residual`.

        latents        noisy, [B, C, T/f, M/f]
        energy         z-normed, [B, T]
        class_labels   the sound embedding [B, D]
        control_scale  times the residuals: 0 is as without control
        """
        net = self.encoder
        embedding = net.time_embedding(net.get_time_embed(latents, timestep))
        class_embedding = net.get_class_embed(latents, class_labels)
        if class_embedding is not None:
            joined = net.config["class_embeddings_concat"]
            embedding = torch.cat([embedding, class_embedding], -1) if joined else embedding + class_embedding
        x = net.conv_in(latents) + self.curve_out(self.encode_control_signal(energy, latents.shape[-2:]))
        skips: tuple[Tensor, ...] = (x,)
        for block in net.down_blocks:
            x, states = block(hidden_states=x, temb=embedding)
            skips += states
        x = net.mid_block(x, embedding)
        down = tuple(conv(s) * control_scale for conv, s in zip(self.zero_convs, skips, strict=True))
        return down, self.zero_middle(x) * control_scale

    def encode_control_signal(self, energy: Tensor, grid: torch.Size | tuple[int, int]) -> Tensor:
        """Curves [B, T] -> features [B, width, T/f, M/f]."""
        steps = int(grid[0])
        frames: int = self.config["frames"]
        if energy.shape[-1] != steps * frames:
            energy = F.interpolate(energy[:, None], steps * frames, mode="linear")[:, 0]
        folded = energy.to(self.dtype).unflatten(-1, (steps, frames)).transpose(1, 2)  # [B, f, T/f]
        return self.curve(folded)[..., None].expand(-1, -1, -1, int(grid[1]))


def zeroed(module: nn.Conv2d) -> nn.Conv2d:
    """The convolution with weights and bias zero."""
    nn.init.zeros_(module.weight)
    if module.bias is not None:
        nn.init.zeros_(module.bias)
    return module


def skip_channels(unet: UNet2DConditionModel) -> list[int]:
    """Channels of the encoder's outputs that the decoder reads, in order."""
    widths: list[int] = list(unet.config["block_out_channels"])
    layers = unet.config["layers_per_block"]
    counts = [layers] * len(widths) if isinstance(layers, int) else list(layers)
    channels = [widths[0]]
    for level, (width, count) in enumerate(zip(widths, counts, strict=True)):
        channels += [width] * (count + (level < len(widths) - 1))
    return channels
