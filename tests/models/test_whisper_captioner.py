"""Captions by a Whisper: style, words of several pieces, scores; a tiny one with random weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

from sonic_ui.models.whisper_captioner import WhisperCaptioner

SPECIAL = ("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in transformers' layout, as the hub's."""
    root = tmp_path_factory.mktemp("whisper")
    letters = [*"abcdefghijklmnopqrstuvwxyz:>", "Ġ", "Ġd", "og"]
    vocabulary = {one: number for number, one in enumerate([*letters, *SPECIAL])}
    (root / "vocab.json").write_text(json.dumps(vocabulary))
    (root / "merges.txt").write_text("#version: 0.2\nĠ d\no g\n")
    (root / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "WhisperTokenizer",
                "bos_token": SPECIAL[0],
                "eos_token": SPECIAL[0],
                "unk_token": SPECIAL[0],
                "pad_token": SPECIAL[0],
                "additional_special_tokens": [*SPECIAL[1:]],
            }
        )
    )
    config = WhisperConfig(
        vocab_size=len(vocabulary),
        num_mel_bins=80,
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        pad_token_id=vocabulary[SPECIAL[0]],
        bos_token_id=vocabulary[SPECIAL[0]],
        eos_token_id=vocabulary[SPECIAL[0]],
        decoder_start_token_id=vocabulary[SPECIAL[1]],
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        WhisperForConditionalGeneration(config).save_pretrained(root)
    WhisperFeatureExtractor().save_pretrained(root)
    return root


def test_captions_of_a_whisper(folder: Path) -> None:
    captioner = WhisperCaptioner.from_folder(folder, style="a > b:")
    sound = np.random.default_rng(0).normal(0, 0.1, 96_000).astype(np.float32)
    caption = captioner.write(sound)
    assert len(caption.words) == len(caption.probabilities) and ":" not in caption.text
    assert captioner.write(sound) == caption and captioner.write(sound, 5, 1) != captioner.write(sound, 5, 2)
    scored = captioner.score(sound, "a dog, " + "run " * 60)
    assert scored.words[:3] == ("a", "dog", "run") and len(scored.words) == 62
    assert 0 < scored.probabilities[1] < 1 and scored.probabilities[-1] == 0.0
