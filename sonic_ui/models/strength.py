"""How much the sound shapes the picture: beta of SonicDiffusion's equation 9, one number or one a layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import TypeAlias

import torch
from torch import Tensor

from sonic_ui.requests import BadInput

Strength: TypeAlias = float | Sequence[float] | Tensor


def layer_strengths(strength: Strength, paths: Sequence[str]) -> tuple[float | Tensor, ...]:
    """beta for each gated block at `paths`; a tensor's come as [B, 1, 1].

    A sequence has one number a block, the middle block first, or one a decoder block: then the middle block
    takes the first, that of its neighbour. Raises BadInput on another length and on numbers that are not
    finite.
    """
    layers = len(paths)
    if isinstance(strength, Tensor):
        return _tensor_strengths(strength, layers)
    if isinstance(strength, Iterable):
        values = [float(number) for number in strength]
    else:
        values = [float(strength)] * layers
    decoder = sum(not path.startswith("mid_block") for path in paths)
    if len(values) == decoder < layers:
        values = values[:1] * (layers - decoder) + values
    if len(values) != layers:
        raise BadInput(
            f"Strength has {len(values)} numbers; this denoiser takes one number, {layers} (middle block and "
            f"decoder layers) or {decoder} (decoder layers).",
            "strength",
        )
    if not all(isfinite(value) for value in values):
        raise BadInput(f"Strength is {strength}; it must be finite.", "strength")
    return tuple(values)


def scaled_strengths(strength: Strength, scales: Sequence[float], paths: Sequence[str]) -> Tensor:
    """beta [B, layers] of B pictures that weigh the sound differently (SonicDiffusion, Manipulations)."""
    layers = torch.tensor([float(value) for value in layer_strengths(strength, paths)])
    return torch.tensor(scales)[:, None] * layers


def weighed_strengths(strength: Strength, factors: Sequence[float], paths: Sequence[str]) -> Strength:
    """beta of each gated block at `paths` times its factor: where in the denoiser a sound may speak.

    factors   from the middle block to the finest decoder block; spread over as many blocks as there are

    Coarse blocks decide what is where, fine ones its colours and texture. Raises BadInput as
    `layer_strengths` does.
    """
    spread = [float(factors[i * len(factors) // len(paths)]) for i in range(len(paths))]
    betas = [beta * factor for beta, factor in zip(layer_strengths(strength, paths), spread, strict=True)]
    columns = [beta.flatten() for beta in betas if isinstance(beta, Tensor)]
    return torch.stack(columns, dim=1) if columns else tuple(betas)  # [B, layers]


def _tensor_strengths(strength: Tensor, layers: int) -> tuple[float | Tensor, ...]:
    """[] or [B] or [B, layers] -> one [B, 1, 1] a layer."""
    if strength.ndim == 0:
        return (float(strength),) * layers
    if strength.ndim == 1:
        return (strength.view(-1, 1, 1),) * layers
    if strength.ndim == 2 and strength.shape[1] == layers:
        return tuple(column.view(-1, 1, 1) for column in strength.unbind(1))
    raise BadInput(f"Strength has shape {tuple(strength.shape)}; [B] or [B, {layers}] is needed.", "strength")
