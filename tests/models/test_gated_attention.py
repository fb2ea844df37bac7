"""Gated audio attention on a stock UNet: silent until asked, exact when asked, gone when detached."""

from __future__ import annotations

import copy
import threading
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from torch import Tensor

from sonic_ui.models.gated_attention import (
    AudioAttention,
    AudioScale,
    layer_audio_scales,
    weighted_audio_scales,
)
from sonic_ui.testing.tiny_models import debug_unet

UNET_INPUT = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(1))
TEXT = torch.randn(2, 5, 24, generator=torch.Generator().manual_seed(2))
TOKENS = torch.randn(2, 6, 24, generator=torch.Generator().manual_seed(3))


@pytest.fixture(scope="module")
def stock() -> UNet2DConditionModel:
    torch.manual_seed(0)
    return debug_unet().eval().requires_grad_(False)


@pytest.fixture
def unet(stock: UNet2DConditionModel) -> UNet2DConditionModel:
    return copy.deepcopy(stock)


@pytest.fixture
def attention(unet: UNet2DConditionModel) -> AudioAttention:
    """Attached, with gates ajar."""
    attention = AudioAttention.from_unet(unet)
    for path in attention.paths:
        torch.nn.init.constant_(attention.block(path).gate_adapter, 0.5)
    attention.attach(unet)
    return attention


def run(unet: UNet2DConditionModel, latents: Tensor = UNET_INPUT, text: Tensor = TEXT) -> Tensor:
    return unet(latents, 500, encoder_hidden_states=text).sample


def heard(unet: UNet2DConditionModel, attention: AudioAttention, strength: AudioScale = 1.0) -> Tensor:
    with torch.no_grad(), attention.condition(TOKENS, strength):
        return run(unet)


def test_ten_blocks_named_as_released(unet: UNet2DConditionModel) -> None:
    attention = AudioAttention.from_unet(unet)
    places = ["mid_block.attentions.0"]
    places += [f"up_blocks.{i}.attentions.{n}" for i in (1, 2, 3) for n in range(3)]
    weights = ["gate_adapter", "norm_adapter.weight", "norm_adapter.bias"]
    weights += [f"attn_adapter.to_{x}.weight" for x in "qkv"]
    weights += ["attn_adapter.to_out.0.weight", "attn_adapter.to_out.0.bias"]
    names = {f"{place}.transformer_blocks.0.{weight}" for place in places for weight in weights}
    assert set(attention.state_dict()) == names and len(names) == 80
    assert all(attention.block(path).gate_adapter == 0.0 for path in attention.paths)
    assert attention.block("mid_block.attentions.0.transformer_blocks.0").gate_adapter.shape == (1,)


def test_full_size_has_the_released_number_of_parameters() -> None:
    with torch.device("meta"):
        unet = UNet2DConditionModel(cross_attention_dim=768)
        attention = AudioAttention.from_unet(unet)
    assert round(sum(p.numel() for p in attention.parameters()) / 1e6, 1) == 28.5


def test_starts_from_the_text_attention(unet: UNet2DConditionModel) -> None:
    attention = AudioAttention.from_unet(unet)
    path = attention.paths[3]
    mine, text = attention.block(path).attn_adapter, unet.get_submodule(path).attn2
    assert torch.equal(mine.to_k.weight, text.to_k.weight) and mine.to_k.weight is not text.to_k.weight
    hidden = torch.randn(2, 7, text.to_q.in_features)
    assert torch.allclose(mine(hidden, *mine.keys_and_values(TOKENS)), text(hidden, TOKENS), atol=1e-6)


def test_equation_nine(unet: UNet2DConditionModel, attention: AudioAttention) -> None:
    """One transformer block by hand: v + beta tanh(gamma) CrossAttn(LayerNorm(v), c) after text."""
    path = attention.paths[4]
    block, gated = unet.get_submodule(path), attention.block(path)
    torch.nn.init.normal_(gated.norm_adapter.weight)
    v = torch.randn(2, 9, block.dim)
    expected = v + block.attn1(block.norm1(v))
    expected = expected + block.attn2(block.norm2(expected), TEXT)
    normed = gated.norm_adapter(expected)
    q, k, width = gated.attn_adapter.to_q(normed), gated.attn_adapter.to_k(TOKENS), block.dim // 2
    value = gated.attn_adapter.to_v(TOKENS)
    heads = [
        (q[..., h] @ k[..., h].mT / width**0.5).softmax(-1) @ value[..., h]
        for h in (slice(0, width), slice(width, None))
    ]
    audio = gated.attn_adapter.to_out(torch.cat(heads, -1))
    expected = expected + 0.7 * torch.tanh(torch.tensor(0.5)) * audio
    expected = expected + block.ff(block.norm3(expected))
    with attention.condition(TOKENS, 0.7):
        assert torch.allclose(block(v, encoder_hidden_states=TEXT), expected, atol=1e-5)


def test_shut_gates_leave_the_stock_result_to_the_bit(
    stock: UNet2DConditionModel, unet: UNet2DConditionModel
) -> None:
    attention = AudioAttention.from_unet(unet)
    attention.attach(unet)
    with torch.no_grad():
        expected = run(stock)
    assert torch.equal(heard(unet, attention), expected)
    with attention.condition(TOKENS):  # gradients on: the term is computed, and is zero
        assert torch.equal(run(unet), expected)


def test_strength_zero_and_no_condition_leave_the_stock_result_to_the_bit(
    stock: UNet2DConditionModel, unet: UNet2DConditionModel, attention: AudioAttention
) -> None:
    with torch.no_grad():
        expected = run(stock)
        assert torch.equal(run(unet), expected)
        with attention.condition(None):
            assert torch.equal(run(unet), expected)
    for zero in (0.0, [0.0] * 10, [0.0] * 9, torch.zeros(2), torch.zeros(2, 10)):
        assert torch.equal(heard(unet, attention, zero), expected)
    assert not torch.allclose(heard(unet, attention), expected, atol=1e-4)


def test_detach_leaves_nothing_behind(unet: UNet2DConditionModel, attention: AudioAttention) -> None:
    assert attention.is_attached_to(unet)
    attention.detach()
    attention.detach()
    hooks = [hook for m in unet.modules() for hook in (*m._forward_hooks, *m._forward_pre_hooks)]
    assert hooks == [] and not attention.is_attached_to(unet)
    with torch.no_grad(), attention.condition(TOKENS):
        silent = run(unet)
    attention.attach(unet)
    assert not torch.equal(heard(unet, attention), silent)


def test_only_the_decoder_is_touched(unet: UNet2DConditionModel, attention: AudioAttention) -> None:
    hooked = {name for name, m in unet.named_modules() if m._forward_hooks or m._forward_pre_hooks}
    assert hooked == {f"{path}.{part}" for path in attention.paths for part in ("norm2", "attn2")}
    assert not any(name.startswith("down_blocks") for name in hooked)


def test_keys_and_values_are_projected_once_a_condition(
    unet: UNet2DConditionModel, attention: AudioAttention
) -> None:
    calls: list[int] = []
    keys = attention.block(attention.paths[0]).attn_adapter.to_k
    keys.register_forward_hook(lambda *_: calls.append(1))
    with torch.no_grad(), attention.condition(TOKENS):
        first, second = run(unet), run(unet)
    assert len(calls) == 1 and torch.equal(first, second)
    heard(unet, attention)
    assert len(calls) == 2
    with attention.condition(TOKENS):
        run(unet), run(unet)
    assert len(calls) == 4  # with gradients every pass projects anew


def test_gradients_reach_the_attention_and_the_tokens_only(
    unet: UNet2DConditionModel, attention: AudioAttention
) -> None:
    unet.train()
    tokens = TOKENS.clone().requires_grad_()
    with attention.condition(tokens):
        loss = run(unet).square().mean()
    loss.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in attention.parameters())
    assert tokens.grad is not None and tokens.grad.abs().sum() > 0
    assert all(p.grad is None for p in unet.parameters())


def test_shut_gates_still_learn(unet: UNet2DConditionModel) -> None:
    attention = AudioAttention.from_unet(unet)
    attention.attach(unet)
    with attention.condition(TOKENS):
        run(unet).square().mean().backward()
    assert all(attention.block(path).gate_adapter.grad.abs().item() > 0 for path in attention.paths)


def test_strengths_per_layer_and_per_sample(unet: UNet2DConditionModel, attention: AudioAttention) -> None:
    loud, soft = heard(unet, attention, 1.0), heard(unet, attention, 0.25)
    mixed = heard(unet, attention, torch.tensor([1.0, 0.25]))
    assert torch.allclose(mixed[0], loud[0], atol=1e-6) and torch.allclose(mixed[1], soft[1], atol=1e-6)
    one_layer = [0.0] * 9 + [1.0]
    alone = heard(unet, attention, one_layer)
    for path in attention.paths[:-1]:
        attention.block(path).gate_adapter.data.zero_()
    assert torch.equal(heard(unet, attention, 1.0), alone)
    assert torch.allclose(heard(unet, attention, torch.tensor([one_layer, one_layer])), alone, atol=1e-6)


def test_nine_strengths_are_the_decoder_s_and_the_middle_follows_its_neighbour() -> None:
    paths = ["mid_block.a", *(f"up_blocks.{i}" for i in range(9))]
    nine = [0.1 * i for i in range(1, 10)]
    assert layer_audio_scales(nine, paths) == (nine[0], *nine)
    assert layer_audio_scales(2, paths) == (2.0,) * 10
    with pytest.raises(ValueError, match=r"4 numbers.*10 .*9 "):
        layer_audio_scales([1.0] * 4, paths)
    with pytest.raises(ValueError, match="finite"):
        layer_audio_scales(float("nan"), paths)
    with pytest.raises(ValueError, match=r"\(2, 3\).*\[B, 10\]"):
        layer_audio_scales(torch.ones(2, 3), paths)


def test_factors_say_in_which_blocks_the_sound_speaks(unet: UNet2DConditionModel) -> None:
    paths = AudioAttention.from_unet(unet).paths
    half = (0.0, 1.0)
    told = weighted_audio_scales(2.0, half, paths)
    assert told == (0.0,) * (len(paths) // 2) + (2.0,) * (len(paths) - len(paths) // 2)
    each = weighted_audio_scales(torch.tensor([1.0, 3.0]), half, paths)
    assert isinstance(each, Tensor) and each.shape == (2, len(paths))
    assert each[1].tolist() == [1.5 * value for value in told]  # type: ignore[union-attr]


def test_conditions_nest_and_end(unet: UNet2DConditionModel, attention: AudioAttention) -> None:
    with torch.no_grad():
        silent = run(unet)
        with attention.condition(TOKENS):
            outer = run(unet)
            with attention.condition(TOKENS * 2):
                inner = run(unet)
            assert torch.equal(run(unet), outer)
        assert torch.equal(run(unet), silent)
        with pytest.raises(KeyError), attention.condition(TOKENS):
            raise KeyError
        assert torch.equal(run(unet), silent)
    assert not torch.equal(inner, outer)


def test_threads_hear_their_own_sound(unet: UNet2DConditionModel, attention: AudioAttention) -> None:
    with torch.no_grad():
        silent = run(unet)
    expected = {strength: heard(unet, attention, strength) for strength in (0.5, 1.0)}
    start, results = threading.Barrier(3), {}

    def work(strength: float | None) -> None:
        start.wait()
        with torch.no_grad():
            runs = [heard(unet, attention, strength) if strength else run(unet) for _ in range(5)]
        results[strength] = runs

    threads = [threading.Thread(target=work, args=(s,)) for s in (0.5, 1.0, None)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for strength, runs in results.items():
        assert all(torch.equal(out, silent if strength is None else expected[strength]) for out in runs)
    assert len(results) == 3


def test_two_denoisers_at_once(unet: UNet2DConditionModel, attention: AudioAttention) -> None:
    other = AudioAttention.from_unet(debug_unet())
    with pytest.raises(RuntimeError, match=r"Another AudioAttention is attached at mid_block"):
        other.attach(unet)
    copied = copy.deepcopy(attention)
    assert not copied.is_attached_to(unet)
    fresh = debug_unet().eval()
    copied.attach(fresh)
    with torch.no_grad(), copied.condition(TOKENS):
        only_fresh = run(unet)
    with torch.no_grad():
        assert torch.equal(only_fresh, run(unet))


def test_one_set_of_tokens_serves_a_batch(unet: UNet2DConditionModel, attention: AudioAttention) -> None:
    with torch.no_grad(), attention.condition(TOKENS[:1]):
        shared = run(unet)
    with torch.no_grad(), attention.condition(TOKENS[:1].expand(2, -1, -1)):
        assert torch.allclose(run(unet), shared, atol=1e-6)


def test_full_precision_attention_on_a_half_denoiser(
    unet: UNet2DConditionModel, attention: AudioAttention
) -> None:
    unet.to(torch.bfloat16)
    with torch.no_grad(), attention.condition(TOKENS):
        out = run(unet, UNET_INPUT.bfloat16(), TEXT.bfloat16())
    assert out.dtype == torch.bfloat16 and torch.isfinite(out).all()
    unet.to(torch.float32)
    with torch.autocast("cpu", torch.bfloat16), attention.condition(TOKENS):
        run(unet).float().square().mean().backward()
    assert attention.block(attention.paths[0]).gate_adapter.grad is not None


def test_round_trip_through_a_folder(
    unet: UNet2DConditionModel, attention: AudioAttention, tmp_path: Path
) -> None:
    expected = heard(unet, attention)
    attention.save_pretrained(tmp_path)
    attention.detach()
    loaded = AudioAttention.from_pretrained(tmp_path)
    loaded.attach(unet)
    assert loaded.paths == attention.paths
    assert torch.equal(heard(unet, loaded), expected)


def test_attaching_wrongly_says_why(unet: UNet2DConditionModel, attention: AudioAttention) -> None:
    with pytest.raises(RuntimeError, match="attached already"):
        attention.attach(unet)
    attention.detach()
    with pytest.raises(ValueError, match=r"0 of 10 gated blocks match.*mid_block"):
        attention.attach(torch.nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"Linear has no cross-attention"):
        AudioAttention.from_unet(torch.nn.Linear(2, 2))
    narrow = UNet2DConditionModel(
        block_out_channels=(8, 8, 16, 16), cross_attention_dim=32, attention_head_dim=2, norm_num_groups=4
    )
    with pytest.raises(ValueError, match=r"24 token channels, the denoiser 32"):
        attention.attach(narrow)
    wide = UNet2DConditionModel(
        block_out_channels=(8, 8, 16, 32), cross_attention_dim=24, attention_head_dim=2, norm_num_groups=4
    )
    with pytest.raises(ValueError, match=r"16 visual channels, the denoiser 32"):
        attention.attach(wide)
    assert not any(m._forward_hooks for m in wide.modules())


def test_wrong_tokens_name_both_numbers(unet: UNet2DConditionModel, attention: AudioAttention) -> None:
    with pytest.raises(ValueError, match=r"\(2, 24\).*\[B, K, 24\]"), attention.condition(TOKENS[:, 0]):
        pass
    three = torch.zeros(3, 6, 24)
    with pytest.raises(ValueError, match=r"3 samples; the denoiser was given 2"), attention.condition(three):
        run(unet)
