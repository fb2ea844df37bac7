"""Layers of whole numbers."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from sonic_ui.models.quantized import QuantizedConv2d, QuantizedLinear, dequantized, quantize_linears


@pytest.fixture
def perceptron() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 6), nn.GELU(), nn.Sequential(nn.Dropout(0.5), nn.Linear(6, 3))).eval()


@torch.no_grad()
def test_whole_numbers_say_nearly_the_same(perceptron: nn.Sequential) -> None:
    x = torch.randn(32, 8)
    expected = perceptron(x)
    quantize_linears(perceptron)
    assert isinstance(perceptron[0], QuantizedLinear) and perceptron[0].weight_int8.dtype == torch.int8
    assert not list(perceptron.parameters())
    assert (perceptron(x) - expected).abs().max() < 0.02 * expected.abs().max()


@torch.no_grad()
def test_the_way_back_gives_what_the_layers_compute_with(perceptron: nn.Sequential) -> None:
    again = nn.Sequential(nn.Linear(8, 6), nn.GELU(), nn.Sequential(nn.Dropout(0.5), nn.Linear(6, 3))).eval()
    quantize_linears(perceptron)
    again.load_state_dict(dequantized(perceptron.state_dict()))
    x = torch.randn(4, 8)
    assert torch.allclose(again(x), perceptron(x), atol=1e-6)


def test_half_keeps_the_whole_numbers(perceptron: nn.Sequential) -> None:
    quantize_linears(perceptron)
    before = perceptron[0].weight_int8.clone()
    perceptron.half()
    assert torch.equal(perceptron[0].weight_int8, before) and perceptron[0].weight.dtype == torch.float16


@pytest.mark.parametrize(("size", "stride"), [(6, 1), (6, 2), (7, 2)])
def test_maps_are_padded_as_tensorflow_does(size: int, stride: int) -> None:
    """ "SAME": as many maps as strides fit in, and what is missing goes below and to the right first."""
    layer = QuantizedConv2d(1, 1, 3, stride)
    layer.quantize(torch.ones(1, 1, 3, 3), torch.zeros(1))
    x = torch.arange(float(size * size)).view(1, 1, size, size)
    found = layer(x)
    assert found.shape[-1] == -(-size // stride)
    above = 0 if (size, stride) == (6, 2) else 1
    expected = F.conv2d(F.pad(x, (above, 1, above, 1)), torch.ones(1, 1, 3, 3), stride=stride)
    assert torch.allclose(found, expected, rtol=1e-4)
