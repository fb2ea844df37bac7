"""Low-rank updates: trained as parametrisations, written and read in the formats of others, merged."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from sonic_ui.models.low_rank import (
    add_low_rank,
    low_rank_state,
    merge_low_rank,
    read_low_rank,
    save_low_rank,
)
from sonic_ui.testing.tiny_bundle import debug_updates
from sonic_ui.testing.tiny_models import debug_unet


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Flatten(), nn.Linear(8 * 16, 5))


def test_updates_change_nothing_until_they_are_trained_and_then_train_alone() -> None:
    module, x = network(), torch.randn(2, 3, 4, 4)
    before = module(x)
    add_low_rank(module, rank=2)
    assert torch.equal(module(x), before)
    optimizer = torch.optim.Adam([p for p in module.parameters() if p.requires_grad], 1e-2)
    for _ in range(100):
        optimizer.zero_grad()
        module(x).square().mean().backward()
        optimizer.step()
    assert module(x).square().mean() < 0.1 * before.square().mean()
    originals = network().state_dict()
    assert torch.equal(module[0].parametrizations.weight.original, originals["0.weight"])
    assert torch.equal(module[0].bias, originals["0.bias"])


def test_merged_updates_compute_what_the_trained_network_does(tmp_path: Path) -> None:
    trained, x = network(), torch.randn(2, 3, 4, 4)
    add_low_rank(trained, rank=2)
    with torch.no_grad():
        for name, value in trained.named_parameters():
            if name.endswith("up"):
                value.normal_()
    merged = network()
    assert merge_low_rank(merged, low_rank_state(trained, "unet"), "unet") == 2
    assert torch.allclose(merged(x), trained(x), atol=1e-5)


def test_own_files_come_back_as_they_were_written(tmp_path: Path) -> None:
    state = debug_updates(debug_unet())
    read = read_low_rank(save_low_rank(state, tmp_path))
    assert read.keys() == state.keys()
    assert all(torch.equal(read[name], value.half()) for name, value in state.items())


def test_kohyas_names_and_alphas_are_understood(tmp_path: Path) -> None:
    """As LCM-LoRA's file for Stable Diffusion names them."""
    block = "mid_block.attentions.0.transformer_blocks.0"
    layers = [
        f"{block}.attn1.to_q",
        f"{block}.attn2.to_out.0",
        f"{block}.ff.net.2",
        "down_blocks.0.resnets.0.conv1",
    ]
    unet, tensors, wanted = debug_unet(), {}, {}
    for layer in layers:
        weight = unet.get_submodule(layer).weight
        down, up = (
            torch.randn(2, *weight.shape[1:]),
            torch.randn(weight.shape[0], 2, *weight.shape[2:])[..., :1, :1],
        )
        up = up if weight.ndim == 4 else torch.randn(weight.shape[0], 2)
        name = f"lora_unet_{layer.replace('.', '_')}"
        tensors |= {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up.contiguous()}
        tensors[f"{name}.alpha"] = torch.tensor(4.0)
        wanted[layer] = weight + 4 / 2 * (up.flatten(1) @ down.flatten(1)).view_as(weight)
    save_file(tensors, tmp_path / "kohya.safetensors")
    merged = deepcopy(unet)
    assert merge_low_rank(merged, read_low_rank(tmp_path / "kohya.safetensors"), "unet") == len(layers)
    for layer, weight in wanted.items():
        assert torch.allclose(merged.get_submodule(layer).weight, weight, atol=1e-4), layer


def test_updates_of_another_network_are_refused(tmp_path: Path) -> None:
    state = debug_updates(debug_unet())
    with pytest.raises(ValueError, match="fits no layer"):
        merge_low_rank(network(), state, "unet")
    first = next(iter(state))
    with pytest.raises(ValueError, match="has shape"):
        merge_low_rank(debug_unet(), {**state, first: state[first][..., :1].contiguous()}, "unet")
    save_file({"text_encoder.lora_A.weight": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="no low-rank updates of a denoiser"):
        read_low_rank(tmp_path / "other.safetensors")
