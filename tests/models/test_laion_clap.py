"""LAION's own checkpoints: through their package where it is installed, refused in a sentence elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from sonic_ui.models.encoders import encode_sound
from sonic_ui.models.laion_clap import load_laion_clap
from sonic_ui.requests import BadInput


class Module:
    """What the package offers of `CLAP_Module`: embeds the mean, the loudness and the kind asked for."""

    def __init__(self, enable_fusion: bool, amodel: str, device: str) -> None:
        self.asked = (enable_fusion, amodel, device)
        self.seen: list[torch.Tensor] = []

    def load_ckpt(self, path: str, verbose: bool = True) -> None:
        if Path(path).read_bytes() != b"weights":
            raise KeyError("state_dict")

    def get_audio_embedding_from_data(self, x: torch.Tensor, use_tensor: bool) -> torch.Tensor:
        assert use_tensor
        self.seen.append(x)
        return torch.stack([x.mean(-1), x.square().mean(-1).sqrt(), torch.ones(len(x))], -1)


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    made: Any = ModuleType("laion_clap")
    made.CLAP_Module = Module
    monkeypatch.setitem(sys.modules, "laion_clap", made)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "630k-audioset-best.pt"
    path.write_bytes(b"weights")
    return path


def test_it_hears_where_a_clap_model_stands(package: None, checkpoint: Path) -> None:
    encoder, features = load_laion_clap(checkpoint, model="HTSAT-base")
    assert encoder.module.asked == (False, "HTSAT-base", "cpu")
    tone = (0.5 * np.sin(np.arange(4800) / 10)).astype(np.float32)
    embeddings = encode_sound(encoder, features, [tone, tone * 0.1])
    assert encoder.module.seen[0].shape == (2, 480_000), "repeated to ten seconds"
    assert torch.allclose(embeddings.norm(dim=-1), torch.ones(2))
    assert not torch.allclose(embeddings[0], embeddings[1], atol=1e-3), "the level counts"


def test_what_cannot_be_had(package: None, checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint.write_bytes(b"else")
    with pytest.raises(BadInput, match=r"did not load as a CLAP of kind HTSAT-tiny \(KeyError\)"):
        load_laion_clap(checkpoint)
    with pytest.raises(BadInput, match=r"no file elsewhere\.pt"):
        load_laion_clap(checkpoint.with_name("elsewhere.pt"))
    monkeypatch.setitem(sys.modules, "laion_clap", None)
    with pytest.raises(BadInput, match=r"requirements-laion-clap\.txt"):
        load_laion_clap(checkpoint)
