"""Networks from a picture's embedding to a sound's, and from a rough target to an energy curve.

Source: AudioSketch: the I2A mapper (CLIP image embedding -> CLAP audio embedding) and the energy modulator.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn


class ImageToAudioMapper(ModelMixin, ConfigMixin):
    """Image embeddings [B, D] -> audio embeddings [B, E] of unit length, by a small perceptron."""

    @register_to_config
    def __init__(
        self, image_dim: int = 256, audio_dim: int = 256, width: int = 512, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.enter = nn.Sequential(nn.Linear(image_dim, width), nn.LayerNorm(width), nn.GELU())
        self.hidden = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(width, width), nn.GELU(), nn.Dropout(dropout)
        )
        self.leave = nn.Linear(width, audio_dim)

    def forward(self, image_embeds: Tensor) -> Tensor:
        """Raises ValueError on another shape."""
        size = self.config["image_dim"]
        if image_embeds.ndim != 2 or image_embeds.shape[1] != size:
            raise ValueError(
                f"Image embeddings of shape {tuple(image_embeds.shape)} were given; [B, {size}] is needed."
            )
        x = self.enter(F.normalize(image_embeds.to(self.dtype), dim=-1) * size**0.5)
        return F.normalize(self.leave(x + self.hidden(x)), dim=-1)


class EnergyModulator(ModelMixin, ConfigMixin):
    """A rough curve or a strip of timestamps and a sound embedding -> the energy curve that such a sound has.

    Dilated convolutions over time, shifted and scaled by the embedding (FiLM, arXiv 1709.07871). The input
    has two channels: the target, and whether there is one.

    embedding_dim   0: it knows nothing of what sounds (the ablation of the paper)
    remembered      how many envelopes of training sounds it stores, for when there is no target: a curve that
                    is right on average over all that a dog might do is flat (ours)
    frames          their length
    """

    remembered_embeds: Tensor
    remembered_energy: Tensor

    @register_to_config
    def __init__(
        self,
        embedding_dim: int = 256,
        width: int = 64,
        dilations: tuple[int, ...] = (1, 2, 4, 8, 16),
        remembered: int = 0,
        frames: int = 512,
    ) -> None:
        super().__init__()
        if remembered:
            self.register_buffer("remembered_embeds", torch.zeros(remembered, embedding_dim))
            self.register_buffer("remembered_energy", torch.zeros(remembered, frames))
        self.enter = nn.Conv1d(2, width, 12, stride=4, padding=4)
        self.blocks = nn.ModuleList(_FilmBlock(width, embedding_dim, d) for d in dilations)
        self.up = nn.ConvTranspose1d(width, 16, 8, stride=4, padding=2)
        self.leave = nn.Sequential(nn.Conv1d(18, 16, 9, padding=4), nn.SiLU(), nn.Conv1d(16, 1, 9, padding=4))

    def forward(self, target: Tensor, has_target: Tensor, embeds: Tensor) -> Tensor:
        """target [B, T] in [0, 1], has_target [B] 1 or 0, embeds [B, D] -> energy [B, T] in [0, 1].

        T is a multiple of 4. Raises ValueError on another length.
        """
        if target.ndim != 2 or target.shape[1] % 4:
            raise ValueError(
                f"A target of shape {tuple(target.shape)} was given; [B, T], T a multiple of 4, is needed."
            )
        known = has_target.to(target)[:, None].expand_as(target)
        inputs = torch.stack([target * known, known], 1).to(self.dtype)  # [B, 2, T]
        x = self.enter(inputs)  # [B, W, T/4]
        for block in self.blocks:
            x = block(x, embeds.to(self.dtype))
        return torch.sigmoid(self.leave(torch.cat([F.silu(self.up(x)), inputs], 1))[:, 0])

    def recall(self, embeds: Tensor, count: int = 1) -> Tensor | None:
        """The envelopes [B, count, T] of the remembered sounds most like embeds [B, D], the likest first.

        None without any; fewer where fewer are remembered.
        """
        if not self.config["remembered"]:
            return None
        likeness = F.normalize(embeds, dim=-1).to(self.remembered_embeds) @ self.remembered_embeds.T
        return self.remembered_energy[likeness.topk(min(count, likeness.shape[-1])).indices]

    def remembering(self, embeds: Tensor, energies: Tensor) -> EnergyModulator:
        """The same modulator with envelopes [K, T] in [0, 1] of sounds with embeddings [K, D] to recall."""
        config = {k: v for k, v in self.config.items() if not k.startswith("_")}
        other = EnergyModulator(**{**config, "remembered": len(energies), "frames": energies.shape[1]})
        envelopes = {"remembered_embeds": F.normalize(embeds, dim=-1), "remembered_energy": energies}
        other.load_state_dict({**self.state_dict(), **envelopes})
        return other.eval()


class _FilmBlock(nn.Module):
    """Residual pair of convolutions; the embedding scales and shifts between them."""

    def __init__(self, width: int, embedding_dim: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.conv1 = nn.Conv1d(width, width, 5, padding=2 * dilation, dilation=dilation)
        self.conv2 = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.film = nn.Linear(embedding_dim, 2 * width) if embedding_dim else None

    def forward(self, x: Tensor, embeds: Tensor) -> Tensor:
        y = self.conv1(F.silu(self.norm(x)))
        if self.film is not None:
            scale, shift = self.film(embeds)[..., None].chunk(2, 1)
            y = y * (1 + scale) + shift
        return x + self.conv2(F.silu(y))


SoundMapper = ImageToAudioMapper
"""Saved format: model_index.json of the first bundles names the class so."""
