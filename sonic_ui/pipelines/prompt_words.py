"""Learned words in prompts: "a boat under <storm>" with a vector of one's own where `<storm>` stands.

Textual inversion (arXiv 2208.01618), without a change to tokenizer or text encoder: the vectors take the
place of token embeddings in the passes of the thread (or task) that knows the words, by a hook that comes and
goes. A prompt without such a word is encoded as it always was, to the bit.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from sonic_ui.requests.word_names import TAG

Words = Mapping[str, Tensor]
"""Vectors [V, C] of words by their names; most have one."""

_words: ContextVar[Words] = ContextVar("sonic_ui_prompt_words")
_replaced: ContextVar["_Replacement | None"] = ContextVar("sonic_ui_replaced_tokens", default=None)


@contextmanager
def known_words(words: Words) -> Iterator[None]:
    """Within the block, prompts of this thread or task may hold `words`, besides those known before."""
    token = _words.set({**_words.get({}), **words})
    try:
        yield
    finally:
        _words.reset(token)


def words_in(text: str) -> dict[str, Tensor]:
    """The known words that a text holds."""
    known = _words.get({})
    return {name: known[name] for name in TAG.findall(text) if name in known}


@dataclass(frozen=True)
class Token:
    """A token of a prompt: its id, the part of the text that it stands for, and the learned vector [C] that
    takes the place of its embedding, if any.
    """

    id: int
    begin: int
    end: int
    vector: Tensor | None = None
    word: str = ""


def tokens_of(tokenizer: Any, text: str) -> list[Token]:
    """The tokens of a text without those for begin and end; a known word has one for each of its vectors."""
    known, found, begin = words_in(text), [], 0
    for match in [*TAG.finditer(text), None]:
        if match is not None and match[1] not in known:
            continue
        end = len(text) if match is None else match.start()
        found += _plain_tokens(tokenizer, text, begin, end)
        if match is not None:
            place = (int(tokenizer.bos_token_id), match.start(), match.end())
            found += [Token(*place, vector, match[1]) for vector in known[match[1]]]
            begin = match.end()
    return found


def _plain_tokens(tokenizer: Any, text: str, begin: int, end: int) -> list[Token]:
    read = tokenizer(text[begin:end], add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    return [
        Token(id, begin + start, begin + stop)
        for id, (start, stop) in zip(read.input_ids, read.offset_mapping, strict=True)
    ]


@dataclass(frozen=True)
class _Replacement:
    """Vectors [N, C] in place of the embeddings at `rows` [N] and `columns` [N] of a batch."""

    rows: Tensor
    columns: Tensor
    vectors: Tensor


def encode_with_words(tokenizer: Any, text_encoder: nn.Module, prompts: Sequence[str]) -> Tensor:
    """Prompts that may hold known words -> hidden states [B, L, C], L the tokenizer's length.

    Gradients reach the words' vectors. Raises ValueError for vectors of another width than the encoder's.
    """
    length, device = int(tokenizer.model_max_length), text_encoder.device
    ids = torch.full((len(prompts), length), int(tokenizer.pad_token_id), device=device)
    places: list[tuple[int, int]] = []
    vectors: list[Tensor] = []
    for row, prompt in enumerate(prompts):
        tokens = tokens_of(tokenizer, prompt)[: length - 2]
        whole = [tokenizer.bos_token_id, *(token.id for token in tokens), tokenizer.eos_token_id]
        ids[row, : len(whole)] = torch.tensor(whole, device=device)
        for column, token in enumerate(tokens, start=1):
            if token.vector is not None:
                places.append((row, column))
                vectors.append(token.vector)
    if not places:
        return text_encoder(ids).last_hidden_state
    rows, columns = torch.tensor(places, device=device).T
    with _replacing(text_encoder, _Replacement(rows, columns, torch.stack(vectors))):
        return text_encoder(ids).last_hidden_state


@contextmanager
def _replacing(text_encoder: Any, replacement: _Replacement) -> Iterator[None]:
    embeddings = text_encoder.get_input_embeddings()
    width = int(embeddings.weight.shape[1])
    if replacement.vectors.shape[1] != width:
        raise ValueError(
            f"A word has {replacement.vectors.shape[1]} numbers; this text encoder takes {width}."
        )
    handle = embeddings.register_forward_hook(_replace)
    token = _replaced.set(replacement)
    try:
        yield
    finally:
        _replaced.reset(token)
        handle.remove()


def _replace(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor | None:
    current = _replaced.get()
    if current is None:
        return None
    replaced = output.clone()
    replaced[current.rows, current.columns] = current.vectors.to(output)
    return replaced
