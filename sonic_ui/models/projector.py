"""The audio projector: one sound embedding becomes tokens that a denoiser's cross-attention can read.

SonicDiffusion (arXiv 2405.00878), section 3.3 and figure 4. Parameter names are those of the released
`audio_projector_*.pth`, which therefore load with `load_state_dict` as they are.
"""

from math import gcd
from pathlib import Path
from typing import Any

import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from sonic_ui.models.checkpoints import fill, read_tensors

KERNEL = 17
MAX_STRIDE = 8  # a larger stride would step over most of the kernel


class AudioProjector(ModelMixin, ConfigMixin):
    """Maps an audio embedding [B, D] to K tokens of C channels [B, K, C].

    A mapper of 1D convolutions over the embedding, with one channel a token, stretches D to C; self-attention
    blocks with a residual MLP refine the tokens; a linear layer closes.

    embedding_dim      D, the size of the audio encoder's embedding
    token_dim          C, the denoiser's `cross_attention_dim`. C/D must be a ratio of small whole numbers
                       (3/4 and 3/2 in the paper's family of encoders)
    num_tokens         K
    num_blocks         self-attention blocks
    heads, head_dim    of each block; the MLP between is heads * head_dim wide (320 in the paper)
    chain_blocks       True: each block reads the one before. False reproduces the released forward pass,
                       where every block reads the mapper's output and only the last block's result is used

    Raises ValueError when D and C are in no usable ratio.
    """

    @register_to_config
    def __init__(
        self,
        embedding_dim: int = 1024,
        token_dim: int = 768,
        num_tokens: int = 77,
        num_blocks: int = 4,
        heads: int = 8,
        head_dim: int = 40,
        chain_blocks: bool = True,
    ) -> None:
        super().__init__()
        inner = heads * head_dim
        self.audio_emb_projection = _mapper(embedding_dim, token_dim, num_tokens)
        self.cross_attention = nn.ModuleList(
            _SelfAttention(token_dim, heads, inner) for _ in range(num_blocks)
        )
        self.between_attention = nn.ModuleList(
            nn.Sequential(nn.Linear(inner, inner), nn.GELU(), nn.Linear(inner, token_dim))
            for _ in range(num_blocks)
        )
        self.to_out_adapter = nn.Sequential(nn.Linear(token_dim, token_dim))

    def forward(self, embedding: Tensor) -> Tensor:
        """[B, D] -> [B, K, C]. Zeros give the null audio tokens. Raises ValueError on another shape."""
        size = self.config.embedding_dim
        if embedding.ndim != 2 or embedding.shape[1] != size:
            raise ValueError(
                f"An embedding of shape {tuple(embedding.shape)} was given to a projector for [B, {size}]. "
                "Use the audio encoder that this projector was trained with."
            )
        mapped = self.audio_emb_projection(embedding.to(self.dtype)[:, None])  # [B, 1, D] -> [B, K, C]
        tokens = mapped
        for attention, mlp in zip(self.cross_attention, self.between_attention, strict=True):
            source = tokens if self.config.chain_blocks else mapped
            tokens = mlp(attention(source)) + source
        return self.to_out_adapter(tokens)


class _SelfAttention(nn.Module):
    """Multi-head self-attention [B, K, C] -> [B, K, inner], without biases or output projection."""

    def __init__(self, token_dim: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q_adapter = nn.Linear(token_dim, inner, bias=False)
        self.to_k_adapter = nn.Linear(token_dim, inner, bias=False)
        self.to_v_adapter = nn.Linear(token_dim, inner, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        query, key, value = (
            project(tokens).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # [B, heads, K, head_dim]
            for project in (self.to_q_adapter, self.to_k_adapter, self.to_v_adapter)
        )
        return F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)


def _mapper(embedding_dim: int, token_dim: int, num_tokens: int) -> nn.Sequential:
    """[B, 1, D] -> [B, K, C]: two strided convolutions multiply the length by up and divide it by down.

    Paddings are chosen so that the lengths come out exactly; for 3 and 4 they are the released 7 and 7.
    """
    up, down = _strides(embedding_dim, token_dim)
    up_padding, down_padding = (KERNEL + 1 - up) // 2, (KERNEL + 1 - down) // 2
    output_padding = 2 * up_padding + up - KERNEL

    def same(channels: int) -> nn.Conv1d:
        return nn.Conv1d(channels, num_tokens, KERNEL, padding=KERNEL // 2)

    return nn.Sequential(
        same(1),
        nn.GELU(),
        same(num_tokens),
        nn.GELU(),
        nn.LayerNorm([num_tokens, embedding_dim]),
        same(num_tokens),
        nn.GELU(),
        nn.LayerNorm([num_tokens, embedding_dim]),
        nn.ConvTranspose1d(num_tokens, num_tokens, KERNEL, up, up_padding, output_padding),
        nn.GELU(),
        nn.LayerNorm([num_tokens, embedding_dim * up]),
        nn.GELU(),
        nn.Conv1d(num_tokens, num_tokens, KERNEL, down, down_padding),
    )


def _strides(embedding_dim: int, token_dim: int) -> tuple[int, int]:
    """(up, down) in lowest terms with D * up / down = C."""
    common = gcd(embedding_dim, token_dim)
    up, down = token_dim // common, embedding_dim // common
    if max(up, down) > MAX_STRIDE:
        raise ValueError(
            f"An embedding of {embedding_dim} cannot be mapped to tokens of {token_dim} channels: in lowest "
            f"terms that is {down}:{up}; strides go up to {MAX_STRIDE}. Choose a ratio such as 4:3 or 2:3."
        )
    return up, down


def load_audio_projector(path: str | Path, chain_blocks: bool = False, **sizes: Any) -> AudioProjector:
    """The projector from `audio_projector_landscape.pth` or `audio_projector_gh.pth`: 6.1 M parameters.

    chain_blocks   False is the forward pass that these weights were trained with: every attention block reads
                   the convolutions' output, and only the last block's result is used. True, each block
                   reading the one before, is for files in this format that were trained so
    sizes          of an `AudioProjector`, where they are not the published ones

    Raises BadInput as `load_gated_attention` does.
    """
    projector = AudioProjector(**sizes, chain_blocks=chain_blocks)
    fill(projector, read_tensors(path), Path(path).name)
    return projector.eval().requires_grad_(False)
