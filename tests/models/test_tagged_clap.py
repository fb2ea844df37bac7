"""CLAP with a head on YAMNet's features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from sonic_ui.models.encoders import encode_sound, read_sounds
from sonic_ui.models.tagged_clap import TaggedClapModel
from sonic_ui.models.timbre import TimbreClapModel
from sonic_ui.models.yamnet import FEATURES
from sonic_ui.testing.tiny_models import debug_clap
from sonic_ui.training.stages.clap import build_feature_extractor


def noise(seconds: float, seed: int) -> NDArray[np.float32]:
    """Mono samples at 48 kHz."""
    return np.random.default_rng(seed).normal(0, 0.1, int(48_000 * seconds)).astype(np.float32)


@pytest.fixture
def clap() -> TaggedClapModel:
    torch.manual_seed(0)
    made = TaggedClapModel(debug_clap().config).eval()
    for layer in made.yamnet.layers:
        if hasattr(layer, "weight_int8"):
            layer.quantize(torch.randn(layer.weight_int8.shape), torch.zeros(len(layer.bias)))
            layer.weight_scale.mul_(0.1)
    return made


def test_an_untrained_head_changes_nothing(clap: TaggedClapModel) -> None:
    before = TimbreClapModel(clap.config).eval()
    before.load_state_dict(clap.state_dict(), strict=False)
    clips, extractor = [noise(2.0, 0)], build_feature_extractor()
    assert torch.allclose(
        encode_sound(clap, extractor, clips), encode_sound(before, extractor, clips), atol=1e-5
    )


def test_a_trained_head_is_kept_as_whole_numbers(clap: TaggedClapModel, tmp_path: Path) -> None:
    torch.nn.init.normal_(clap.tags.change.weight)
    clips, extractor = [noise(2.0, 0), noise(7.0, 1)], build_feature_extractor()
    untouched = encode_sound(TimbreClapModel(clap.config).eval(), extractor, clips)
    expected = read_sounds(clap, extractor, clips)
    assert expected.tags is not None and len(expected.tags) == sum(expected.counts) == 3
    clap.quantize()
    clap.half().save_pretrained(str(tmp_path))
    again = TaggedClapModel.from_pretrained(str(tmp_path), dtype=torch.float32).eval()
    assert again.tags.change.weight_int8.dtype == torch.int8
    found = encode_sound(again, extractor, clips)
    assert F.cosine_similarity(found, expected.clip_embeddings).min() > 0.999
    assert F.cosine_similarity(found, untouched).max() < 0.9


def test_features_are_standardized_by_sounds(clap: TaggedClapModel) -> None:
    features = 3 + 2 * torch.randn(64, FEATURES)
    clap.tags.standardize(features)
    assert torch.allclose(clap.tags.mean, features.mean(0)) and torch.allclose(clap.tags.std, features.std(0))
