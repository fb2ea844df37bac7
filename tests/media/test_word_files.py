"""Files of words: written and read, by us and by diffusers; everything else is a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from sonic_ui.media.word_files import SoundWord, check_width, read_word, word_bytes, word_of
from sonic_ui.requests import BadInput

WORD = SoundWord(
    "storm",
    np.arange(8, dtype=np.float32)[None],
    np.ones(8, np.float32),
    {"heard": "thunder", "title": "Tiny"},
)


def test_a_word_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    path.write_bytes(word_bytes(WORD))
    read = read_word(path)
    assert read.name == "storm" and read.label == "thunder" and read.digest == WORD.digest
    np.testing.assert_array_equal(read.vectors, WORD.vectors)
    np.testing.assert_array_equal(read.audio_token, WORD.audio_token)
    assert read_word(path, "sea").name == "sea"


def test_diffusers_loads_it(tmp_path: Path) -> None:
    """`load_textual_inversion` finds the token and its vector."""
    from diffusers.loaders.textual_inversion import (
        TextualInversionLoaderMixin,
        load_textual_inversion_state_dicts,
    )

    path = tmp_path / "storm.safetensors"
    path.write_bytes(word_bytes(WORD))
    none = ("weight_name", "cache_dir", "proxies", "token", "revision", "subfolder", "user_agent")
    states = load_textual_inversion_state_dicts(
        [str(path)],
        force_download=False,
        local_files_only=True,
        use_safetensors=True,
        **dict.fromkeys(none),
    )
    from sonic_ui.testing.tiny_models import debug_tokenizer

    tokens, embeddings = TextualInversionLoaderMixin._retrieve_tokens_and_embeddings(
        [None], states, debug_tokenizer()
    )
    assert tokens == ["<storm>"]
    np.testing.assert_array_equal(np.atleast_2d(embeddings[0].numpy()), WORD.vectors)


def test_a_word_without_our_metadata_is_read(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"<cat-toy>": np.ones(8, np.float16)}, path)
    read = read_word(path)
    assert read.name == "cat-toy" and read.vectors.shape == (1, 8) and read.audio_token is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 100,
        word_bytes(WORD)[:-5],
        word_bytes(SoundWord("storm", np.full((1, 8), np.nan, np.float32))),
        word_bytes(SoundWord("storm", np.zeros((99, 8), np.float32))),
    ],
)
def test_damaged_files_are_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(BadInput, match="holds no word") as refusal:
        word_of(data, "x.safetensors")
    assert refusal.value.field == "file"


def test_a_word_of_another_width_is_refused() -> None:
    check_width(WORD, 8, "Tiny")
    with pytest.raises(BadInput, match=r"8 numbers, and those of Large have 768.*, Tiny"):
        check_width(WORD, 768, "Large")
