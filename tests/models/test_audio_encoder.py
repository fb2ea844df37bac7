"""Sounds and labels in one space: deterministic, level kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import ClapFeatureExtractor, ClapModel

from sonic_ui.models.encoders import (
    SAMPLE_RATE,
    embed_labels,
    encode_sound,
    fit_window,
    label_probabilities,
    sound_features,
    windows_of,
)
from sonic_ui.testing.tiny_models import debug_audio_tokenizer, debug_clap

RNG = np.random.default_rng(0)
SHORT = (0.1 * RNG.standard_normal(SAMPLE_RATE * 3)).astype(np.float32)
FULL = (0.1 * RNG.standard_normal(SAMPLE_RATE * 10)).astype(np.float32)
LONG = np.concatenate([FULL, SHORT])


@pytest.fixture(scope="module")
def clap() -> ClapModel:
    torch.manual_seed(0)
    return debug_clap().eval()


@pytest.fixture(scope="module")
def extractor() -> ClapFeatureExtractor:
    return ClapFeatureExtractor(truncation="rand_trunc", padding="repeatpad")


def test_long_clips_are_heard_in_windows_that_cover_them() -> None:
    clip = np.arange(25, dtype=np.float32)
    windows = windows_of(clip, 10)
    assert [len(w) for w in windows] == [10, 10, 10]
    assert windows[0][0] == 0 and windows[-1][-1] == 24
    assert set(np.concatenate(windows).tolist()) == set(clip.tolist())
    assert len(windows_of(clip[:10], 10)) == 1


def test_a_long_clip_is_the_mean_of_its_windows(clap: ClapModel, extractor: ClapFeatureExtractor) -> None:
    parts = windows_of(LONG, SAMPLE_RATE * 10)
    mean = torch.nn.functional.normalize(encode_sound(clap, extractor, parts).mean(0), dim=-1)
    assert torch.allclose(encode_sound(clap, extractor, [LONG])[0], mean, atol=1e-5)


def test_short_clips_repeat_and_long_ones_are_cut() -> None:
    assert fit_window(np.array([1, 2, 3]), 8).tolist() == [1, 2, 3, 1, 2, 3, 1, 2]
    assert fit_window(np.array([1, 2, 3]), 2).tolist() == [1, 2]
    assert fit_window(np.array([1.0, 2.0], dtype=np.float64), 2).dtype == np.float32


@pytest.mark.parametrize("truncation", ["rand_trunc", "fusion"])
def test_features_are_those_of_the_stock_extractor(truncation: str) -> None:
    stock = ClapFeatureExtractor(truncation=truncation, padding="repeatpad")
    expected = stock(FULL, sampling_rate=SAMPLE_RATE, return_tensors="pt")["input_features"]
    features = sound_features(stock, [FULL])
    assert features.dtype == torch.float32 and features.shape == expected.shape
    assert torch.allclose(features, expected.float(), atol=1e-4)


def test_embeddings_are_unit_and_repeatable(clap: ClapModel, extractor: ClapFeatureExtractor) -> None:
    first = encode_sound(clap, extractor, [SHORT, LONG])
    assert first.shape == (2, 32) and first.dtype == torch.float32
    assert torch.allclose(first.norm(dim=-1), torch.ones(2), atol=1e-5)
    assert torch.equal(first, encode_sound(clap, extractor, [SHORT, LONG]))
    assert not torch.allclose(first[0], first[1], atol=1e-4)


def test_level_reaches_the_embedding(clap: ClapModel, extractor: ClapFeatureExtractor) -> None:
    window = fit_window(SHORT, SAMPLE_RATE * 10)
    whisper, voice = sound_features(extractor, [window * 0.1, window])
    assert torch.allclose(voice - whisper, torch.full_like(voice, 20.0), atol=1e-2)  # dB
    soft, loud = encode_sound(clap, extractor, [SHORT * 0.01, SHORT])
    assert not torch.allclose(soft, loud, atol=1e-4)


def test_a_fused_clap_is_deterministic(clap: ClapModel) -> None:
    """The stock path marks a random clip as longer; the mark that reaches the network must be off."""
    seen: list[torch.Tensor] = []
    handle = clap.audio_model.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(kwargs["is_longer"]), with_kwargs=True
    )
    encode_sound(clap, ClapFeatureExtractor(truncation="rand_trunc"), [LONG, SHORT])
    handle.remove()
    assert seen[0].tolist() == [[False], [False], [False]]  # two windows of LONG, one of SHORT


def test_silence_has_an_embedding(clap: ClapModel, extractor: ClapFeatureExtractor) -> None:
    assert torch.isfinite(encode_sound(clap, extractor, [np.zeros(480, np.float32)])).all()


def test_labels_and_probabilities(clap: ClapModel) -> None:
    labels = embed_labels(clap, debug_audio_tokenizer(), ["rain", "sea waves", "a dog"])
    assert labels.shape == (3, 32)
    assert torch.allclose(labels.norm(dim=-1), torch.ones(3), atol=1e-5)
    alone = embed_labels(clap, debug_audio_tokenizer(), ["rain"])
    assert torch.allclose(labels[:1], alone, atol=1e-5), "padding must not change an embedding"
    chances = label_probabilities(labels[1:2], labels, 50.0)
    assert chances.shape == (1, 3) and chances.argmax() == 1
    assert torch.allclose(chances.sum(), torch.tensor(1.0))
    sharper = label_probabilities(labels[1:2], labels, torch.tensor(500.0))
    assert sharper[0, 1] >= chances[0, 1]


def test_unusable_sounds_say_why(clap: ClapModel, extractor: ClapFeatureExtractor) -> None:
    with pytest.raises(ValueError, match=r"\(2, 5\).*mono"):
        encode_sound(clap, extractor, [np.zeros((2, 5))])
    with pytest.raises(ValueError, match=r"\(0,\)"):
        encode_sound(clap, extractor, [np.zeros(0)])
    with pytest.raises(ValueError, match="NaN"):
        encode_sound(clap, extractor, [np.array([0.0, np.nan])])
    with pytest.raises(ValueError, match="at least one"):
        encode_sound(clap, extractor, [])
    with pytest.raises(ValueError, match=r"of 8, labels of 32"):
        label_probabilities(torch.zeros(1, 8), torch.zeros(2, 32), 1.0)
