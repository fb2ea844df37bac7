"""Layers whose weights are whole numbers of a step: int8 with one step an output, half the size of float16.

For networks that are finished: they are not trained further in this form (`dequantized` leads back).
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STEPS = 127
INT8, SCALE = "weight_int8", "weight_scale"
"""Names of a layer's buffers; they stand where a float layer has `weight`."""


class QuantizedLayer(nn.Module):
    """Weights int8 [O, ...], steps [O] and a bias [O], all buffers."""

    weight_int8: Tensor
    weight_scale: Tensor
    bias: Tensor

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.register_buffer(INT8, torch.zeros(shape, dtype=torch.int8))
        self.register_buffer(SCALE, torch.ones(shape[0]))
        self.register_buffer("bias", torch.zeros(shape[0]))

    @property
    def weight(self) -> Tensor:
        """The weights in the dtype of the steps."""
        return _scaled(self.weight_int8, self.weight_scale)

    def quantize(self, weight: Tensor, bias: Tensor) -> None:
        """Take float weights [O, ...] to the nearest steps."""
        scale = weight.float().flatten(1).abs().amax(1).clamp(min=1e-8) / STEPS
        steps = weight.float() / scale.view(-1, *[1] * (weight.ndim - 1))
        self.weight_int8.copy_(steps.round().clamp(-STEPS, STEPS))
        self.weight_scale.copy_(scale)
        self.bias.copy_(bias)


class QuantizedLinear(QuantizedLayer):
    """Stands for `nn.Linear(inner, outer)`."""

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__(outer, inner)
        self.in_features, self.out_features = inner, outer

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)


class QuantizedConv2d(QuantizedLayer):
    """Stands for `nn.Conv2d`, padded as TensorFlow's "SAME" is: more below and on the right, if unevenly."""

    def __init__(self, inner: int, outer: int, side: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(outer, inner // groups, side, side)
        self.side, self.stride, self.groups = side, stride, groups

    def forward(self, x: Tensor) -> Tensor:
        if self.side > 1:
            height, width = (self._missing(size) for size in x.shape[-2:])
            x = F.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))
        return F.conv2d(x, self.weight, self.bias, self.stride, groups=self.groups)

    def _missing(self, size: int) -> int:
        return max((-(-size // self.stride) - 1) * self.stride + self.side - size, 0)


def quantize_linears(module: nn.Module) -> None:
    """Put `QuantizedLinear` in the place of every `nn.Linear` in `module`."""
    for name, child in module.named_children():
        if isinstance(child, nn.Linear):
            layer = QuantizedLinear(child.in_features, child.out_features).to(child.weight.device)
            layer.quantize(child.weight.detach(), child.bias.detach())
            setattr(module, name, layer)
        else:
            quantize_linears(child)


def dequantized(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state with float `weight`s where it has int8 ones, for a module without `quantize_linears`."""
    out = dict(state)
    for name in [name for name in state if name.endswith(INT8)]:
        stem = name.removesuffix(INT8)
        out[f"{stem}weight"] = _scaled(out.pop(name), out.pop(f"{stem}{SCALE}"))
    return out


def _scaled(steps: Tensor, scale: Tensor) -> Tensor:
    return steps.to(scale.dtype) * scale.view(-1, *[1] * (steps.ndim - 1))
