"""Open-set head: its statistics, and known or not."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from sonic_ui.models.encoders import read_sounds
from sonic_ui.models.open_set import (
    FOLDER,
    LAGS,
    STATISTICS,
    TAGS,
    TEXTURE,
    WIDE,
    OpenSetHead,
    known_log_odds,
    load_open_set,
    texture_statistics,
)
from sonic_ui.models.timbre import TimbreClapModel
from sonic_ui.testing.tiny_models import debug_clap
from sonic_ui.training.stages.clap import build_feature_extractor


def clip(seconds: float, seed: int = 0) -> np.ndarray:
    """Noise at 48 kHz."""
    return np.random.default_rng(seed).normal(0, 0.1, int(48_000 * seconds)).astype(np.float32)


@pytest.fixture(scope="module")
def head() -> OpenSetHead:
    torch.manual_seed(0)
    return OpenSetHead(sources=3, width=8).eval()


def test_probabilities_are_calibrated_log_odds() -> None:
    head = OpenSetHead(sources=3, width=8)
    head.scale.fill_(2.0)
    head.offset.fill_(-1.0)
    found = head.probability(torch.tensor([0.5, 20.0, -20.0]))
    assert found.tolist() == pytest.approx([0.5, 1.0, 0.0], abs=1e-4)


@torch.no_grad()
def test_log_odds_are_of_any_source_against_another_kind(head: OpenSetHead) -> None:
    statistics = torch.randn(4, STATISTICS)
    shares = head(statistics).softmax(-1)
    assert shares.shape == (4, 4)
    assert torch.allclose(head.log_odds(statistics).sigmoid(), shares[:, :-1].sum(-1), atol=1e-5)


def test_a_long_clip_has_the_mean_of_its_windows(head: OpenSetHead) -> None:
    clips, extractor = [clip(1.0), clip(10.0, 1)], build_feature_extractor()
    encoder = TimbreClapModel(debug_clap().config).eval()
    odds = known_log_odds(head, read_sounds(encoder, extractor, clips))
    parts = known_log_odds(head, read_sounds(encoder, extractor, [clips[1][:240_000], clips[1][240_000:]]))
    assert odds.shape == (2,) and torch.allclose(odds[1], parts.mean(), atol=1e-5)


def test_a_head_on_tags_needs_an_encoder_that_has_them() -> None:
    head, extractor = OpenSetHead(sources=3, width=8, reads=TAGS).eval(), build_feature_extractor()
    without = read_sounds(TimbreClapModel(debug_clap().config).eval(), extractor, [clip(1.0)])
    with pytest.raises(ValueError, match="has none"):
        known_log_odds(head, without)
    tags = torch.randn(2, 8)
    sounds = replace(without, tags=tags, counts=[2])
    assert torch.allclose(known_log_odds(head, sounds), head.log_odds(tags).mean()[None], atol=1e-6)


def test_a_bundle_may_have_a_head(head: OpenSetHead, tmp_path: Path) -> None:
    assert load_open_set(tmp_path) is None
    head.threshold.fill_(0.31)
    head.save_pretrained(tmp_path / FOLDER)
    again = load_open_set(tmp_path)
    assert again is not None and float(again.threshold) == pytest.approx(0.31)
    statistics = torch.randn(3, STATISTICS)
    assert torch.allclose(again(statistics), head(statistics))


def pulsing(rate_hz: float, frames: int = 400) -> Tensor:
    """A log-mel [1, 1, T, 64] that rises and falls by 10 dB, 50 frames a second."""
    times = torch.arange(frames) / 50
    return (-50 + 10 * torch.sin(2 * math.pi * rate_hz * times))[None, None, :, None].expand(-1, -1, -1, 64)


def test_the_level_does_not_count() -> None:
    mels = -60 + 8 * torch.randn(3, 1, 251, 64, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(texture_statistics(mels), texture_statistics(mels + 12), atol=1e-3)


def test_autocorrelation_peaks_at_the_period() -> None:
    found = texture_statistics(pulsing(1 / (0.02 * 32)))[0, : WIDE * len(LAGS)].view(len(LAGS), WIDE)[:, 0]
    assert found[LAGS.index(32)] > 0.85 and found[LAGS.index(17)] < -0.7


def test_bands_that_move_together_are_told_from_those_that_do_not() -> None:
    pairs = slice(WIDE * len(LAGS), WIDE * len(LAGS) + WIDE * (WIDE - 1) // 2)
    together = texture_statistics(pulsing(2))[0, pairs]
    apart = texture_statistics(
        -50 + 8 * torch.randn(1, 1, 400, 64, generator=torch.Generator().manual_seed(0))
    )[0, pairs]
    assert together.min() > 0.99 and apart.abs().max() < 0.4


@pytest.mark.parametrize("frames", [3, 40, 251, 1001])
def test_any_length_is_finite(frames: int) -> None:
    found = texture_statistics(pulsing(3, frames))
    assert found.shape == (1, TEXTURE) and torch.isfinite(found).all()
    assert torch.isfinite(texture_statistics(torch.full((1, 1, frames, 64), -100.0))).all()
