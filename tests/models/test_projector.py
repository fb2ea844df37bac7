"""The audio projector: shapes, size, the released names and forward pass."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sonic_ui.models.projector import AudioProjector


def small(**changes: object) -> AudioProjector:
    torch.manual_seed(0)
    settings = {"embedding_dim": 32, "token_dim": 24, "num_tokens": 5, "heads": 2, "head_dim": 4}
    return AudioProjector(**{**settings, **changes})  # type: ignore[arg-type]


def test_full_size_has_the_released_number_of_parameters() -> None:
    with torch.device("meta"):
        projector = AudioProjector()
    count = sum(p.numel() for p in projector.parameters())
    assert round(count / 1e6, 1) == 6.1
    assert projector(torch.empty(2, 1024, device="meta")).shape == (2, 77, 768)


def test_released_names_and_shapes() -> None:
    """The layout of `audio_projector_*.pth`."""
    with torch.device("meta"):
        shapes = {name: tuple(p.shape) for name, p in AudioProjector().state_dict().items()}
    mapper = {name.split(".")[1] for name in shapes if name.startswith("audio_emb_projection")}
    assert mapper == set("0 2 4 5 7 8 10 12".split())  # noqa: SIM905
    assert shapes["audio_emb_projection.8.weight"] == (77, 77, 17)
    assert shapes["audio_emb_projection.10.weight"] == (77, 3072)
    assert shapes["cross_attention.3.to_q_adapter.weight"] == (320, 768)
    assert shapes["between_attention.0.0.weight"] == (320, 320)
    assert shapes["between_attention.0.2.bias"] == (768,)
    assert shapes["to_out_adapter.0.weight"] == (768, 768)
    assert len(shapes) == 16 + 4 * 3 + 4 * 4 + 2


@pytest.mark.parametrize(
    ("source", "target"), [(256, 192), (512, 768), (48, 48), (64, 32), (32, 64), (40, 64)]
)
def test_any_simple_ratio_comes_out_exactly(source: int, target: int) -> None:
    projector = small(embedding_dim=source, token_dim=target)
    assert projector(torch.randn(2, source)).shape == (2, 5, target)


def test_the_released_paddings_at_three_to_four() -> None:
    stretch, squeeze = small().audio_emb_projection[8], small().audio_emb_projection[12]
    assert (stretch.stride, stretch.padding, stretch.output_padding) == ((3,), (7,), (0,))
    assert (squeeze.stride, squeeze.padding) == ((4,), (7,))


def by_hand(projector: AudioProjector, embedding: Tensor, chain: bool) -> Tensor:
    """The forward pass written out with the weights alone, attention as softmax(QK/sqrt(d)) V."""
    weights = projector.state_dict()
    start = projector.audio_emb_projection(embedding[:, None])
    tokens = start
    for i in range(4):
        source = tokens if chain else start
        query, key, value = (
            (source @ weights[f"cross_attention.{i}.to_{name}_adapter.weight"].T).view(len(source), 5, 2, 4)
            for name in "qkv"
        )
        scores = torch.einsum("bqhd,bkhd->bhqk", query, key) / 2.0  # sqrt(4)
        mixed = torch.einsum("bhqk,bkhd->bqhd", scores.softmax(-1), value).reshape(len(source), 5, 8)
        first, second = (
            (weights[f"between_attention.{i}.{j}.weight"], weights[f"between_attention.{i}.{j}.bias"])
            for j in (0, 2)
        )
        tokens = F.linear(F.gelu(F.linear(mixed, *first)), *second) + source
    return F.linear(tokens, weights["to_out_adapter.0.weight"], weights["to_out_adapter.0.bias"])


@pytest.mark.parametrize("chain", [True, False])
def test_both_forward_passes(chain: bool) -> None:
    projector = small(chain_blocks=chain)
    embedding = torch.randn(3, 32)
    assert torch.allclose(projector(embedding), by_hand(projector, embedding, chain), atol=1e-5)
    assert not torch.allclose(projector(embedding), by_hand(projector, embedding, not chain), atol=1e-3)


def test_zeros_give_finite_null_tokens() -> None:
    tokens = small()(torch.zeros(2, 32))
    assert torch.isfinite(tokens).all()
    assert torch.equal(tokens[0], tokens[1])


def test_gradients_reach_every_parameter_when_chained() -> None:
    projector = small()
    projector(torch.randn(2, 32)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in projector.parameters())


def test_round_trip_through_a_folder(tmp_path: Path) -> None:
    projector = small(chain_blocks=False)
    projector.save_pretrained(tmp_path)
    loaded = AudioProjector.from_pretrained(tmp_path)
    embedding = torch.randn(2, 32)
    assert loaded.config.chain_blocks is False
    assert torch.equal(loaded(embedding), projector(embedding))


def test_errors_name_both_numbers() -> None:
    with pytest.raises(ValueError, match=r"1000 cannot be mapped to tokens of 768"):
        AudioProjector(embedding_dim=1000)
    with pytest.raises(ValueError, match=r"\(2, 16\).*\[B, 32\]"):
        small()(torch.zeros(2, 16))
