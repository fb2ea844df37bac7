"""Audio attention, sentence attention and positional encoding: how loudly each word of a caption is said.

A caption's text embedding is multiplied, token by token, by what the captioner and a part-of-speech tagger
make of each word: nouns stand out, and so does what is surely heard.

Source: In-the-wild Sounds, section 3.2 and equations 1 to 5. The paper sets no weight for what is no word
of the caption (start, end and padding of the tokenizer, words of a prompt beside it): here these keep 1.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForTokenClassification, AutoTokenizer

from sonic_ui.media.captions import WORD, caption_words
from sonic_ui.pipelines.prompt_words import tokens_of

LAMBDA_A = 0.1
"""Of a noun's audio attention (section 3.3)."""
NOUN_FROM = 0.5
UNTABLED = 0.5
"""Probability of being a noun of a word that no table has."""

NounTagger = Callable[[Sequence[str]], list[float]]
"""Words of a sentence -> the probability that each is a noun."""


def positional_encoding(attention: Tensor) -> Tensor:
    """P(x) = 1 / (2 + e^(2 - 0.5 x)) of audio attention (equation 1)."""
    return 1.0 / (2.0 + torch.exp(2.0 - 0.5 * attention))


def word_weights(nouns: Sequence[float], attention: Sequence[float]) -> Tensor:
    """W_init of the words [N] (equations 2 to 4): sentence attention plus audio attention, which counts a
    tenth for nouns, plus its positional encoding.

    nouns       sentence attention S: the probability that each word is a noun
    attention   audio attention A: the captioner's probability of each word
    """
    s, a = torch.tensor(nouns, dtype=torch.float32), torch.tensor(attention, dtype=torch.float32)
    share = torch.where(s >= NOUN_FROM, LAMBDA_A, 1.0)
    return s + share * a + positional_encoding(a)


def is_noun(nouns: Sequence[float]) -> Tensor:
    """Which words [N] are nouns, bool."""
    return torch.tensor(nouns, dtype=torch.float32) >= NOUN_FROM


def spread_over_tokens(tokenizer: Any, text: str, values: Tensor, other: float) -> Tensor:
    """A value for each token of a text [L]: that of the word which the token is part of, `other` for the
    rest.

    values   [N], of the text's first N words; L is the tokenizer's length
    """
    length = int(tokenizer.model_max_length)
    out = torch.full((length,), float(other))
    spans = [match.span() for match in WORD.finditer(text)][: len(values)]
    for column, token in enumerate(tokens_of(tokenizer, text)[: length - 2], start=1):
        for (begin, end), value in zip(spans, values.tolist(), strict=True):
            if token.begin < end and max(begin, token.begin) < min(end, token.end):
                out[column] = value
                break
    return out


def table_tagger(nouns: Sequence[str], words: Sequence[str]) -> NounTagger:
    """A tagger for a small vocabulary: 1 for its nouns, 0 for its other words."""
    table: Mapping[str, float] = {**dict.fromkeys(words, 0.0), **dict.fromkeys(nouns, 1.0)}
    return lambda sentence: [table.get(word.lower(), UNTABLED) for word in sentence]


NOUN_TAGS = frozenset(("NN", "NNS", "NNP", "NNPS", "NOUN", "PROPN"))
"""Of the Penn Treebank and of Universal Dependencies."""


class ClassificationTagger:
    """Sentence attention by a part-of-speech model of transformers (`pipeline("token-classification")`).

    The paper's is FLAIR's; any model whose labels are Penn Treebank's or Universal Dependencies' serves.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model.eval(), tokenizer
        labels = {int(number): str(name).upper() for number, name in model.config.id2label.items()}
        self._nouns = [number for number, name in labels.items() if name.removeprefix("B-") in NOUN_TAGS]
        if not self._nouns:
            raise ValueError("None of the tagger's labels is a noun's (NN, NNS, NNP, NNPS, NOUN, PROPN).")

    @torch.no_grad()
    def __call__(self, sentence: Sequence[str]) -> list[float]:
        """The probability that each word is a noun: of its first piece."""
        words = list(sentence)
        if not words:
            return []
        read = self._tokenizer(words, is_split_into_words=True, truncation=True, return_tensors="pt")
        chances = self._model(**read).logits.softmax(-1)[0, :, self._nouns].sum(-1)
        first: dict[int, float] = {}
        for at, word in enumerate(read.word_ids(0)):
            if word is not None:
                first.setdefault(word, float(chances[at]))
        return [first.get(number, UNTABLED) for number in range(len(words))]


def read_tagger(folder: Path) -> ClassificationTagger:
    """A tagger from a folder in transformers' layout. Raises OSError or ValueError where it cannot be
    read.
    """
    model = AutoModelForTokenClassification.from_pretrained(folder, dtype=torch.float32)
    return ClassificationTagger(model.requires_grad_(False), AutoTokenizer.from_pretrained(folder))


def picture_caption(text: str, known: Sequence[str] = ()) -> str:
    """A caption as a text encoder reads it: "then" is "and" to one that was not trained on it.

    known   the encoder's vocabulary; none for one that knows all words
    """
    if not known or "then" in known:
        return text
    return WORD.sub(lambda word: "and" if word[0].lower() == "then" else word[0], text)


def caption_token_weights(
    tokenizer: Any, text: str, attention: Sequence[float], tagger: NounTagger
) -> tuple[Tensor, Tensor]:
    """Weights [L] of the tokens of a text that begins with a caption (equations 2 to 4), and which of them
    are of nouns [L].

    attention   audio attention of the caption's words, the first of the text
    """
    words = caption_words(text)[: len(attention)]
    nouns = tagger(words)
    weights = spread_over_tokens(tokenizer, text, word_weights(nouns, attention), 1.0)
    return weights, spread_over_tokens(tokenizer, text, is_noun(nouns).float(), 0.0) > NOUN_FROM
