"""The weights that one transformer block of a denoiser gains: gate, norm and cross-attention to sound."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers.models.attention import BasicTransformerBlock
from torch import Tensor, nn


class CrossAttention(nn.Module):
    """Visual tokens [B, T, dim] attend to audio tokens [B, K, token_dim]; only `to_out` has a bias."""

    def __init__(self, dim: int, token_dim: int, heads: int, inner_dim: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(dim, inner_dim, bias=False)
        self.to_k = nn.Linear(token_dim, inner_dim, bias=False)
        self.to_v = nn.Linear(token_dim, inner_dim, bias=False)
        self.to_out = nn.Sequential(nn.Linear(inner_dim, dim))

    def keys_and_values(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """[B, K, token_dim] -> twice [B, heads, K, head_dim]."""
        tokens = tokens.to(self.to_k.weight.dtype)
        return self._split(self.to_k(tokens)), self._split(self.to_v(tokens))

    def forward(self, visual: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """[B, T, dim] -> [B, T, dim]; keys and values of one sample serve a whole batch."""
        query = self._split(self.to_q(visual))
        key, value = (x.to(query.dtype).expand(len(query), -1, -1, -1) for x in (key, value))
        mixed = F.scaled_dot_product_attention(query, key, value)  # [B, heads, T, head_dim]
        return self.to_out(mixed.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class GatedAudioBlock(nn.Module):
    """beta * tanh(gamma) * CrossAttn(LayerNorm(v), c): SonicDiffusion (arXiv 2405.00878), equation 9."""

    def __init__(self, dim: int, token_dim: int, heads: int, inner_dim: int) -> None:
        super().__init__()
        self.gate_adapter = nn.Parameter(torch.zeros(1))
        self.norm_adapter = nn.LayerNorm(dim)
        self.attn_adapter = CrossAttention(dim, token_dim, heads, inner_dim)

    def copy_text_attention(self, block: BasicTransformerBlock) -> None:
        """Start from the block's text cross-attention and the norm before it; the gate stays shut."""
        self.norm_adapter.load_state_dict(block.norm2.state_dict())
        self.attn_adapter.load_state_dict(block.attn2.state_dict())

    def scale(self, beta: float | Tensor) -> Tensor:
        """beta * tanh(gamma): [1], or [B, 1, 1] for one beta a sample."""
        gate = self.gate_adapter.tanh()
        return (beta.to(gate) if isinstance(beta, Tensor) else beta) * gate

    def forward(self, visual: Tensor, key: Tensor, value: Tensor, scale: Tensor) -> Tensor:
        """The term to add to `visual` [B, T, dim], in its type; key and value as of `keys_and_values`."""
        normed = self.norm_adapter(visual.to(self.norm_adapter.weight.dtype))
        return (scale * self.attn_adapter(normed, key, value)).to(visual.dtype)
