"""Weights of a caption's words: equations 1 to 5 of In-the-wild Sounds, tokens, parts of speech."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

from sonic_ui.pipelines.audio_conditioned import weighted_states
from sonic_ui.pipelines.caption_attention import (
    caption_token_weights,
    picture_caption,
    positional_encoding,
    read_tagger,
    table_tagger,
    word_weights,
)
from sonic_ui.requests import BadInput
from sonic_ui.scenes.sound_captions import part_of_speech_table
from sonic_ui.scenes.world import caption_words
from sonic_ui.testing import tiny_models as tiny


def encoded(x: float) -> float:
    return 1 / (2 + math.exp(2 - 0.5 * x))


def test_equations_1_to_3() -> None:
    assert positional_encoding(torch.tensor([0.0, 1.0])).tolist() == pytest.approx([encoded(0), encoded(1)])
    weights = word_weights([1.0, 0.0, 0.25], [0.8, 0.9, 0.0])
    expected = [1 + 0.1 * 0.8 + encoded(0.8), 0.9 + encoded(0.9), 0.25 + encoded(0)]
    assert weights.tolist() == pytest.approx(expected)


def test_tokens_take_the_weight_of_their_word_and_the_rest_keeps_1() -> None:
    tokenizer = tiny.debug_tokenizer()
    tagger = table_tagger(["dog"], ["a", "dog"])
    weights, nouns = caption_token_weights(tokenizer, "a dog ink", [0.5, 0.9], tagger)
    assert weights.shape == (tokenizer.model_max_length,) and weights[0] == 1
    pieces = tokenizer("a dog ink", add_special_tokens=False, return_offsets_mapping=True).offset_mapping
    a, dog = word_weights([0.0, 1.0], [0.5, 0.9]).tolist()
    for column, (begin, _) in enumerate(pieces, start=1):
        expected = a if begin < 1 else dog if begin < 5 else 1.0
        assert weights[column].item() == pytest.approx(expected)
        assert bool(nouns[column]) == (1 < begin < 5)
    assert (weights[len(pieces) + 1 :] == 1).all()


def test_equation_5_multiplies_the_prompts_alone() -> None:
    text = torch.randn(4, 5, 3)
    weights = torch.tensor([1.0, 2.0, 0.5, 1.0, 1.0])
    out = weighted_states(text, weights, True)
    assert torch.equal(out[:2], text[:2])
    assert torch.allclose(out[2:], text[2:] * weights[:, None])
    assert torch.allclose(weighted_states(text, torch.full((2, 5, 3), 2.0), True)[2:], 2 * text[2:])
    with pytest.raises(BadInput, match="token_weights"):
        weighted_states(text, torch.ones(4), True)


def test_nouns_of_the_world() -> None:
    table = part_of_speech_table(caption_words())
    nouns = {word for word, share in table.items() if share}
    assert {"dog", "sea", "waves", "church", "bell", "painting"} <= nouns
    assert not nouns & {"a", "and", "loud", "crackling", "in", "at"}


def test_then_is_and_to_an_encoder_that_does_not_know_it() -> None:
    assert picture_caption("A dog then rain", ["dog"]) == "A dog and rain"
    assert picture_caption("A dog then rain") == "A dog then rain"


def test_a_model_of_transformers_tags_words(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "dog", "##s", "run"])
    )
    BertTokenizerFast(vocab_file=str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    config = BertConfig(
        vocab_size=8,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        id2label={0: "DT", 1: "NN", 2: "NNS"},
        label2id={"DT": 0, "NN": 1, "NNS": 2},
    )
    BertForTokenClassification(config).save_pretrained(tmp_path)
    tagger = read_tagger(tmp_path)
    shares = tagger(["a", "dogs", "run"])
    assert len(shares) == 3 and all(0 < share < 1 for share in shares) and tagger([]) == []
