"""Captions of any sound by a Whisper that was trained on them (arXiv 2305.09690), as transformers loads it.

A caption begins with a style that the weights were trained with ("clotho > caption: "). The probability of
a word is the product of its pieces'.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration, WhisperTokenizer

from sonic_ui.audio.decode import resample
from sonic_ui.media.captions import WORD, Caption
from sonic_ui.models.encoders import SAMPLE_RATE

MOST_PIECES = 60
"""Of a caption."""


class WhisperCaptioner:
    """A `WhisperForConditionalGeneration` with its features and its tokenizer.

    style   words that every caption begins with, and that are no part of it
    """

    def __init__(self, model: Any, features: Any, tokenizer: Any, style: str = "") -> None:
        self._model, self._features, self._tokenizer = model.eval(), features, tokenizer
        self._start = [*tokenizer.prefix_tokens, *self._pieces(style)]
        special = {*tokenizer.all_special_ids, *range(len(tokenizer), int(model.config.vocab_size))}
        self._end = int(tokenizer.eos_token_id)
        self._never = sorted(special - {self._end})

    @classmethod
    def from_folder(cls, folder: str | Path, device: Any = "cpu", style: str = "") -> "WhisperCaptioner":
        """Read a folder in transformers' layout. Raises OSError or ValueError where it cannot be read."""
        model = WhisperForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
        tokenizer = WhisperTokenizer.from_pretrained(folder, language="en", task="transcribe")
        features = WhisperFeatureExtractor.from_pretrained(folder)
        return cls(model.to(device).requires_grad_(False), features, tokenizer, style)

    @torch.no_grad()
    def write(self, samples: NDArray[np.float32], top_k: int = 1, seed: int = 0) -> Caption:
        """As `Captioner.write`: piece by piece."""
        generator, sound = torch.Generator().manual_seed(seed), self._encode(samples)
        found: list[int] = []
        chances: list[float] = []
        while len(found) < MOST_PIECES:
            each = self._chances(sound, found)[-1]
            best, which = each.topk(max(1, top_k))
            chosen = int(torch.multinomial(best, 1, generator=generator)) if top_k > 1 else 0
            if int(which[chosen]) == self._end:
                break
            found.append(int(which[chosen]))
            chances.append(float(best[chosen]))
        return self._caption(found, chances)

    @torch.no_grad()
    def score(self, samples: NDArray[np.float32], text: str) -> Caption:
        """As `Captioner.score`; past MOST_PIECES no word is probable."""
        words = [match[0] for match in WORD.finditer(text)]
        pieces = [self._pieces(f" {word}") for word in words]
        read = [one for some in pieces for one in some][:MOST_PIECES]
        each = self._chances(self._encode(samples), read)
        chances = [float(each[at, piece]) for at, piece in enumerate(read)]
        ends = np.cumsum([len(some) for some in pieces]).tolist()
        probabilities = [
            math.prod(chances[end - len(some) : end]) if some and end <= len(read) else 0.0
            for some, end in zip(pieces, ends, strict=True)
        ]
        return Caption(tuple(word.lower() for word in words), tuple(probabilities))

    def _pieces(self, text: str) -> list[int]:
        return [int(one) for one in self._tokenizer(text, add_special_tokens=False).input_ids] if text else []

    def _encode(self, samples: NDArray[np.float32]) -> Tensor:
        rate = int(self._features.sampling_rate)
        clip = resample(np.asarray(samples, np.float32), SAMPLE_RATE, rate)
        read = self._features(clip, sampling_rate=rate, return_tensors="pt").input_features
        device = next(self._model.parameters()).device
        encoded: Tensor = self._model.get_encoder()(read.to(device, self._model.dtype)).last_hidden_state
        return encoded

    def _chances(self, sound: Tensor, pieces: Sequence[int]) -> Tensor:
        """Probabilities of the piece after the start and after each of `pieces` [pieces + 1, vocabulary]."""
        ids = torch.tensor([[*self._start, *pieces]], device=sound.device)
        logits = self._model(encoder_outputs=(sound,), decoder_input_ids=ids).logits[0].float()
        logits[:, self._never] = -math.inf
        return logits.softmax(-1)[len(self._start) - 1 :].cpu()

    def _caption(self, pieces: Sequence[int], chances: Sequence[float]) -> Caption:
        """Words of pieces: each with the product of the probabilities of those that it has a letter of."""
        texts = [self._tokenizer.decode([piece]) for piece in pieces]
        ends = np.cumsum([len(text) for text in texts]).tolist()
        words, probabilities = [], []
        for match in WORD.finditer("".join(texts)):
            begin, end = match.span()
            own = [
                chance
                for chance, last, text in zip(chances, ends, texts, strict=True)
                if last > begin and last - len(text) < end
            ]
            words.append(match[0].lower())
            probabilities.append(math.prod(own))
        return Caption(tuple(words), tuple(probabilities))
