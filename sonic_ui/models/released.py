"""The published weights of SonicDiffusion (arXiv 2405.00878), read from their files as they are.

They lie in the hub Space `burakcanbiner/SonicDiffusion`, folder `ckpts/`, and belong to the denoiser of
`CompVis/stable-diffusion-v1-4`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from sonic_ui.models.checkpoints import fill, read_tensors
from sonic_ui.models.gated_attention import AudioAttention
from sonic_ui.models.projector import AudioProjector

STABLE_DIFFUSION_WIDTHS = (320, 640, 1280, 1280)
HEADS = 8
TOKEN_DIM = 768


def load_gated_attention(path: str | Path, unet: nn.Module | None = None) -> AudioAttention:
    """Gated attention from `landscape.pt` or `greatest_hits.pt`: 80 tensors, 28.5 M parameters, float32.

    unet   the denoiser that it is for, whose sizes it then has; None: Stable Diffusion 1.x

    Raises BadInput for a file that cannot be read, and one that lists by name what is missing, unexpected or
    of another shape.
    """
    if unet is None:
        attention = AudioAttention(TOKEN_DIM, stable_diffusion_blocks())
    else:
        attention = AudioAttention.from_unet(unet)
    fill(attention, read_tensors(path), Path(path).name)
    return attention.eval().requires_grad_(False)


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


def stable_diffusion_blocks(
    widths: Sequence[int] = STABLE_DIFFUSION_WIDTHS, heads: int = HEADS
) -> list[dict[str, Any]]:
    """The ten gated blocks of a denoiser of Stable Diffusion 1.x, as `AudioAttention` takes them.

    widths   channels of its four levels, the finest first
    """
    places = [("mid_block.attentions.0", widths[3])]
    places += [(f"up_blocks.{i}.attentions.{n}", widths[3 - i]) for i in (1, 2, 3) for n in range(3)]
    return [
        {"path": f"{place}.transformer_blocks.0", "dim": dim, "heads": heads, "inner_dim": dim}
        for place, dim in places
    ]
