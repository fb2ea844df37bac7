"""SonicDiffusion's published files: exact names and sizes, values in their places, the forward pass."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from torch import Tensor

from sonic_ui.models.gated_attention import load_gated_attention, stable_diffusion_blocks
from sonic_ui.models.projector import load_audio_projector
from sonic_ui.requests import BadInput
from sonic_ui.testing.tiny_models import debug_unet

State = dict[str, Tensor]

WIDTHS = {"mid_block": 1280, "up_blocks.1": 1280, "up_blocks.2": 640, "up_blocks.3": 320}
SMALL = {"embedding_dim": 32, "token_dim": 24, "num_tokens": 5, "heads": 2, "head_dim": 4}


def attention_shapes(widths: dict[str, int], token_dim: int) -> dict[str, tuple[int, ...]]:
    """The layout of `landscape.pt`, written out."""
    shapes: dict[str, tuple[int, ...]] = {}
    for place, dim in widths.items():
        for n in range(1 if place == "mid_block" else 3):
            block = f"{place}.attentions.{n}.transformer_blocks.0"
            shapes |= {
                f"{block}.gate_adapter": (1,),
                f"{block}.norm_adapter.weight": (dim,),
                f"{block}.norm_adapter.bias": (dim,),
                f"{block}.attn_adapter.to_q.weight": (dim, dim),
                f"{block}.attn_adapter.to_k.weight": (dim, token_dim),
                f"{block}.attn_adapter.to_v.weight": (dim, token_dim),
                f"{block}.attn_adapter.to_out.0.weight": (dim, dim),
                f"{block}.attn_adapter.to_out.0.bias": (dim,),
            }
    return shapes


def projector_shapes(d: int, c: int, k: int, inner: int) -> dict[str, tuple[int, ...]]:
    """The layout of `audio_projector_*.pth`, written out."""
    mapper: dict[str, tuple[int, ...]] = {
        "0.weight": (k, 1, 17),
        **{f"{i}.weight": (k, k, 17) for i in (2, 5, 8, 12)},
        **{f"{i}.bias": (k,) for i in (0, 2, 5, 8, 12)},
        **{f"{i}.{what}": (k, d) for i in (4, 7) for what in ("weight", "bias")},
        **{f"10.{what}": (k, 3 * d) for what in ("weight", "bias")},
    }
    shapes = {f"audio_emb_projection.{name}": shape for name, shape in mapper.items()}
    for i in range(4):
        shapes |= {f"cross_attention.{i}.to_{x}_adapter.weight": (inner, c) for x in "qkv"}
        shapes |= {
            f"between_attention.{i}.0.weight": (inner, inner),
            f"between_attention.{i}.0.bias": (inner,),
        }
        shapes |= {f"between_attention.{i}.2.weight": (c, inner), f"between_attention.{i}.2.bias": (c,)}
    return shapes | {"to_out_adapter.0.weight": (c, c), "to_out_adapter.0.bias": (c,)}


def random_state(shapes: dict[str, tuple[int, ...]]) -> State:
    generator = torch.Generator().manual_seed(3)
    return {name: torch.randn(shape, generator=generator) * 0.3 for name, shape in shapes.items()}


def numbered_state(shapes: dict[str, tuple[int, ...]]) -> State:
    """Full width in a small file: each tensor is its own number, stored once and stretched."""
    return {
        name: torch.full((1,), float(i)).expand(shape) for i, (name, shape) in enumerate(shapes.items(), 1)
    }


def written(state: object, path: Path) -> Path:
    torch.save(state, path)
    return path


@pytest.fixture(scope="module")
def unet() -> UNet2DConditionModel:
    torch.manual_seed(0)
    return debug_unet().eval().requires_grad_(False)


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, State]:
    """A file in the format of `landscape.pt` for the debug denoiser."""
    small = {"mid_block": 16, "up_blocks.1": 16, "up_blocks.2": 8, "up_blocks.3": 8}
    state = random_state(attention_shapes(small, 24))
    return written(state, tmp_path_factory.mktemp("ckpts") / "landscape.pt"), state


@pytest.fixture(scope="module")
def projector(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, State]:
    """A file in the format of `audio_projector_gh.pth`, narrow."""
    state = random_state(projector_shapes(32, 24, 5, 8))
    return written(state, tmp_path_factory.mktemp("ckpts") / "audio_projector_gh.pth"), state


# The published sizes


def test_gated_attention_of_full_width(tmp_path: Path) -> None:
    shapes = attention_shapes(WIDTHS, 768)
    state = numbered_state(shapes)
    attention = load_gated_attention(written(state, tmp_path / "greatest_hits.pt"))
    loaded = attention.state_dict()
    assert {name: tuple(value.shape) for name, value in loaded.items()} == shapes
    assert len(loaded) == 80
    assert round(sum(p.numel() for p in attention.parameters()) / 1e6, 1) == 28.5
    assert all(bool((loaded[name] == state[name]).all()) for name in shapes)
    assert not any(p.requires_grad for p in attention.parameters())


def test_the_blocks_are_those_of_the_stock_denoiser() -> None:
    from sonic_ui.models.gated_attention import AudioAttention

    with torch.device("meta"):
        stock = AudioAttention.from_unet(UNet2DConditionModel(cross_attention_dim=768))
    assert list(stock.config.blocks) == stable_diffusion_blocks()


def test_projector_of_full_width(tmp_path: Path) -> None:
    shapes = projector_shapes(1024, 768, 77, 320)
    state = numbered_state(shapes)
    loaded = load_audio_projector(written(state, tmp_path / "audio_projector_landscape.pth"))
    values = loaded.state_dict()
    assert {name: tuple(value.shape) for name, value in values.items()} == shapes
    assert round(sum(p.numel() for p in loaded.parameters()) / 1e6, 1) == 6.1
    assert all(bool((values[name] == state[name]).all()) for name in shapes)
    assert loaded.config.chain_blocks is False and loaded.config.num_tokens == 77


# The forward pass


def test_gated_attention_against_the_equation(unet: UNet2DConditionModel, gates: tuple[Path, State]) -> None:
    """What one denoiser block gains, computed from the file's tensors alone."""
    path, state = gates
    attention = load_gated_attention(path, unet)
    place = "up_blocks.2.attentions.1.transformer_blocks.0"
    w = {name.removeprefix(place + "."): value for name, value in state.items() if name.startswith(place)}
    visual, tokens = torch.randn(2, 9, 8), torch.randn(2, 6, 24)
    normed = F.layer_norm(visual, (8,), w["norm_adapter.weight"], w["norm_adapter.bias"])
    q, k, v = (
        (x @ w[f"attn_adapter.to_{n}.weight"].T).view(2, -1, 2, 4)
        for n, x in (("q", normed), ("k", tokens), ("v", tokens))
    )
    scores = torch.einsum("bqhd,bkhd->bhqk", q, k) / 2.0  # sqrt(4)
    mixed = torch.einsum("bhqk,bkhd->bqhd", scores.softmax(-1), v).reshape(2, 9, 8)
    out = F.linear(mixed, w["attn_adapter.to_out.0.weight"], w["attn_adapter.to_out.0.bias"])
    expected = 0.7 * torch.tanh(w["gate_adapter"]) * out
    block = attention.block(place)
    term = block(visual, *block.attn_adapter.keys_and_values(tokens), block.scale(0.7))
    assert torch.allclose(term, expected, atol=1e-6)


def test_gated_attention_changes_what_the_denoiser_paints(
    unet: UNet2DConditionModel, gates: tuple[Path, State]
) -> None:
    attention = load_gated_attention(gates[0], unet)
    latents, text, tokens = torch.randn(1, 4, 8, 8), torch.randn(1, 5, 24), torch.randn(1, 6, 24)
    stock = unet(latents, 500, encoder_hidden_states=text).sample
    attention.attach(unet)
    try:
        with attention.condition(tokens):
            heard = unet(latents, 500, encoder_hidden_states=text).sample
    finally:
        attention.detach()
    assert not torch.allclose(heard, stock, atol=1e-3)
    assert torch.equal(unet(latents, 500, encoder_hidden_states=text).sample, stock)


def projected(w: State, embedding: Tensor, chain: bool) -> Tensor:
    """The projector written out from the file's tensors; D = 32, C = 24, K = 5, two heads of 4."""

    def layer(function: object, i: int, x: Tensor, **options: int) -> Tensor:
        weight, bias = (w[f"audio_emb_projection.{i}.{what}"] for what in ("weight", "bias"))
        return function(x, weight, bias, **options)  # type: ignore[operator]

    def norm(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        mean, spread = x.mean((1, 2), keepdim=True), x.var((1, 2), unbiased=False, keepdim=True)
        return (x - mean) / (spread + 1e-5).sqrt() * weight + bias

    x = F.gelu(layer(F.conv1d, 0, embedding[:, None], padding=8))
    x = layer(norm, 4, F.gelu(layer(F.conv1d, 2, x, padding=8)))
    x = layer(norm, 7, F.gelu(layer(F.conv1d, 5, x, padding=8)))
    x = layer(norm, 10, F.gelu(layer(F.conv_transpose1d, 8, x, stride=3, padding=7)))
    tokens = start = layer(F.conv1d, 12, F.gelu(x), stride=4, padding=7)
    for i in range(4):
        source = tokens if chain else start
        q, k, v = (
            (source @ w[f"cross_attention.{i}.to_{n}_adapter.weight"].T).view(-1, 5, 2, 4) for n in "qkv"
        )
        scores = torch.einsum("bqhd,bkhd->bhqk", q, k) / 2.0
        mixed = torch.einsum("bhqk,bkhd->bqhd", scores.softmax(-1), v).reshape(-1, 5, 8)
        names = [f"between_attention.{i}.{j}" for j in (0, 2)]
        first = F.gelu(F.linear(mixed, w[f"{names[0]}.weight"], w[f"{names[0]}.bias"]))
        tokens = F.linear(first, w[f"{names[1]}.weight"], w[f"{names[1]}.bias"]) + source
    return F.linear(tokens, w["to_out_adapter.0.weight"], w["to_out_adapter.0.bias"])


@pytest.mark.parametrize("chain", [False, True])
def test_projector_against_its_layers(projector: tuple[Path, State], chain: bool) -> None:
    path, state = projector
    loaded = load_audio_projector(path, **SMALL, **({"chain_blocks": True} if chain else {}))
    embedding = F.normalize(torch.randn(3, 32), dim=-1)
    expected = projected(state, embedding, chain)
    assert torch.allclose(loaded(embedding), expected, atol=1e-4)
    assert not torch.allclose(loaded(embedding), projected(state, embedding, not chain), atol=1e-2)


# Files that do not fit


def refusal(path: Path, unet: UNet2DConditionModel) -> str:
    with pytest.raises(BadInput) as caught:
        load_gated_attention(path, unet)
    assert caught.value.field == "bundle"
    return str(caught.value)


def test_everything_that_does_not_fit_is_named_at_once(
    gates: tuple[Path, State], unet: UNet2DConditionModel, tmp_path: Path
) -> None:
    state = dict(gates[1])
    gone = ["mid_block.attentions.0.transformer_blocks.0.gate_adapter"]
    gone += [f"up_blocks.1.attentions.{n}.transformer_blocks.0.norm_adapter.bias" for n in (0, 2)]
    for name in gone:
        del state[name]
    bent = "up_blocks.3.attentions.0.transformer_blocks.0.attn_adapter.to_k.weight"
    state[bent] = torch.zeros(8, 30)
    state["down_blocks.0.strange"] = torch.zeros(2)
    words = refusal(written(state, tmp_path / "landscape.pt"), unet)
    assert words.startswith("landscape.pt does not fit AudioAttention.")
    assert f"missing: {', '.join(gone)};" in words
    assert "unexpected: down_blocks.0.strange;" in words
    assert f"misshapen: {bent} [8, 30] instead of [8, 24]." in words


def test_a_projector_of_another_size_is_refused(projector: tuple[Path, State]) -> None:
    with pytest.raises(BadInput, match=r"misshapen: .*\.0\.weight \[5, 1, 17\] instead of \[77, 1, 17\]"):
        load_audio_projector(projector[0])


def test_long_lists_are_cut(unet: UNet2DConditionModel, tmp_path: Path) -> None:
    path = written({"nothing": torch.zeros(1)}, tmp_path / "landscape.pt")
    assert "and 60 more" in refusal(path, unet)


class Trap:
    """Makes a file when it is unpickled, unless only weights are read."""

    def __init__(self, sprung: Path) -> None:
        self.sprung = sprung

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.sprung),))


def test_files_that_are_no_weights(unet: UNet2DConditionModel, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    assert "There is no file landscape.pt" in refusal(tmp_path / "landscape.pt", unet)
    assert "holds more than tensors" in refusal(written({"a": Trap(sprung)}, tmp_path / "a.pt"), unet)
    assert "no tensors by name" in refusal(written([torch.zeros(1)], tmp_path / "b.pt"), unet)
    assert "no tensors by name" in refusal(written({}, tmp_path / "c.pt"), unet)
    cut = written({"a": torch.zeros(1000)}, tmp_path / "d.pt")
    cut.write_bytes(cut.read_bytes()[:700])
    assert "is damaged" in refusal(cut, unet)
    (tmp_path / "e.pt").write_text("<html>Not found</html>")
    assert "is damaged" in refusal(tmp_path / "e.pt", unet)
    assert not sprung.exists()


def test_an_older_file_without_the_zipped_layout(
    gates: tuple[Path, State], unet: UNet2DConditionModel, tmp_path: Path
) -> None:
    old = tmp_path / "landscape.pt"
    torch.save(gates[1], old, _use_new_zipfile_serialization=False)
    loaded = load_gated_attention(old, unet).state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in gates[1].items())
