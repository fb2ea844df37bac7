"""Audio captions: a small transformer decoder on an audio encoder's time series writes what is heard.

Source: "Generating Realistic Images from In-the-wild Sounds" (In-the-wild Sounds), section 3.1, whose Audio
Captioning Transformer (Mei et al. 2021) is a transformer decoder on the output of an audio transformer. It
reads here what CLAP has before it pools, over time, and statistics of the whole window and of both halves,
which tell sounds at once apart (`models/timbre.py`).
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from numpy.typing import NDArray
from torch import Tensor, nn

from sonic_ui.media.captions import Caption, caption_words
from sonic_ui.models.encoders import sound_features, windows_of
from sonic_ui.models.timbre import TIMBRE, spectral_statistics

FOLDER = "captioner"
"""Of a bundle that has one."""

PAD, START, END, UNKNOWN = 0, 1, 2, 3
SPECIAL = ("<pad>", "<start>", "<end>", "<unknown>")

SPANS = 3
"""Of a window whose statistics are read: the whole, the first half, the second half."""
MOST_WINDOWS = 2
"""Of a clip: a longer one is read at so many places, evenly spread."""


class Captioner(Protocol):
    """What writes captions of mono samples [T] at 48 kHz."""

    def write(self, samples: NDArray[np.float32], top_k: int = 1, seed: int = 0) -> Caption:
        """A caption: each word is the most probable, or drawn from the `top_k` most probable."""

    def score(self, samples: NDArray[np.float32], text: str) -> Caption:
        """The probability of each word of a text; 0 for one that no caption can have."""


# What it reads


def series_dim(clap: Any) -> int:
    """Width of the time series of a CLAP."""
    return int(clap.config.audio_config.hidden_size)


def timbre_dim(clap: Any) -> int:
    """Width of the statistics head's last hidden layer; 0 for a CLAP without that head."""
    head = getattr(clap, "timbre", None)
    return 0 if head is None else int(head.layers[-1].in_features)


@torch.no_grad()
def audio_series(clap: Any, mels: Tensor) -> tuple[Tensor, Tensor]:
    """Log-mels [B, 1, T, M] in dB -> the encoder's time series [B, N, C], N = bands x times with the times
    last, and statistics [B, SPANS, TIMBRE] of the window and of its halves; float32.
    """
    longer = torch.zeros(len(mels), 1, dtype=torch.bool, device=mels.device)
    found = clap.audio_model(input_features=mels.to(clap.dtype), is_longer=longer).last_hidden_state
    halves = mels.shape[2] // 2
    spans = (mels, mels[:, :, :halves], mels[:, :, halves:])
    return found.flatten(2).transpose(1, 2).float(), torch.stack([spectral_statistics(m) for m in spans], 1)


@torch.no_grad()
def timbre_features(clap: Any, statistics: Tensor) -> Tensor:
    """Statistics [..., TIMBRE] -> the last hidden layer of CLAP's head on them [..., timbre_dim], float32."""
    head = getattr(clap, "timbre", None)
    if head is None:
        return statistics[..., :0]
    return head.layers[:-1](head.standardized(statistics).to(head.layers[0].weight.dtype)).float()


# The decoder


class AudioCaptioner(ModelMixin, ConfigMixin):
    """Transformer decoder: words so far -> logits of the next, with cross-attention to a sound's memory.

    words         all that captions are made of; the ids are behind those of SPECIAL
    series_dim    C of the time series; its N tokens are `bands` x N / bands
    timbre_dim    of `timbre_features`, which stand beside the statistics; raw_statistics: whether these are
                  read themselves
    """

    mean: Tensor
    std: Tensor

    @register_to_config
    def __init__(
        self,
        words: Sequence[str] = (),
        series_dim: int = 256,
        timbre_dim: int = 384,
        bands: int = 2,
        width: int = 96,
        layers: int = 2,
        heads: int = 4,
        inner: int = 192,
        longest: int = 24,
        dropout: float = 0.1,
        raw_statistics: bool = True,
    ) -> None:
        super().__init__()
        self.ids = {word: number for number, word in enumerate((*SPECIAL, *words))}
        self.register_buffer("mean", torch.zeros(TIMBRE))
        self.register_buffer("std", torch.ones(TIMBRE))
        self.of_series = nn.Sequential(nn.LayerNorm(series_dim), nn.Linear(series_dim, width))
        read = timbre_dim + (TIMBRE if raw_statistics else 0)
        self.of_statistics = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(read, width), nn.GELU(), nn.Linear(width, width)
        )
        self.band = nn.Embedding(bands, width)
        self.span = nn.Embedding(SPANS, width)
        self.window = nn.Embedding(MOST_WINDOWS, width)
        self.word = nn.Embedding(len(self.ids), width)
        self.position = nn.Embedding(longest, width)
        layer = nn.TransformerDecoderLayer(
            width, heads, inner, dropout, "gelu", batch_first=True, norm_first=True
        )
        self.decoder = nn.TransformerDecoder(layer, layers, norm=nn.LayerNorm(width))
        self.read_norm = nn.LayerNorm(width)
        for one in (self.band, self.span, self.window, self.word, self.position):
            nn.init.normal_(one.weight, std=0.02 if one is not self.word else width**-0.5)

    def standardize(self, statistics: Tensor) -> None:
        """Take mean and deviation from statistics [N, TIMBRE]."""
        self.mean.copy_(statistics.mean(0))
        self.std.copy_(statistics.std(0).clamp(min=1e-2))

    def memory(self, series: Tensor, statistics: Tensor, timbre: Tensor) -> Tensor:
        """What the words attend to, [B, M, width]: of windows [B, W, N, C], statistics [B, W, SPANS, TIMBRE]
        and their `timbre_features` [B, W, SPANS, timbre_dim].
        """
        _, windows, tokens, _ = series.shape
        bands = int(self.config["bands"])
        where = sinusoids(tokens // bands, self.window.embedding_dim, series.device)
        origin = (self.band.weight[:, None] + where).flatten(0, 1)  # [N, width]
        over_time = self.of_series(series) + origin
        known = ((statistics - self.mean.float()) / self.std.float()).clamp(-8, 8)
        read = [known, timbre] if self.config["raw_statistics"] else [timbre]
        summary = self.of_statistics(torch.cat(read, -1)) + self.span.weight
        both = torch.cat([over_time, summary], 2) + self.window.weight[:windows, None]
        return self.read_norm(both.flatten(1, 2))

    def forward(self, ids: Tensor, memory: Tensor, memory_padding: Tensor | None = None) -> Tensor:
        """Ids [B, L] -> logits of the word after each, [B, L, vocabulary]. memory_padding: True where no
        memory is [B, M].
        """
        length = ids.shape[1]
        x = self.word(ids) + self.position.weight[:length]
        ahead = nn.Transformer.generate_square_subsequent_mask(length, device=ids.device)
        x = self.decoder(
            x,
            memory,
            tgt_mask=ahead,
            memory_key_padding_mask=memory_padding,
            tgt_key_padding_mask=None,
            tgt_is_causal=True,
        )
        return x @ self.word.weight.T  # one table for reading and writing words (arXiv 1608.05859)

    def ids_of(self, words: Sequence[str]) -> list[int]:
        """Ids of words, without START and END."""
        return [self.ids.get(word, UNKNOWN) for word in words]

    @torch.no_grad()
    def write(self, memory: Tensor, top_k: int = 1, seed: int = 0) -> list[Caption]:
        """Captions of memories [B, M, width], greedy or, with `top_k` above 1, drawn from so many words.

        The probabilities are those among all words.
        """
        generator = torch.Generator().manual_seed(seed)
        names = [*self.ids]
        ids = torch.full((len(memory), 1), START, device=memory.device)
        chosen = torch.ones(len(memory), 0)
        for _ in range(int(self.config["longest"]) - 1):
            chances = next_word_chances(self(ids, memory)[:, -1])
            best, which = chances.topk(min(max(1, top_k), chances.shape[-1]))
            drawn = (
                torch.multinomial(best, 1, generator=generator)
                if top_k > 1
                else torch.zeros_like(which[:, :1])
            )
            word = which.gather(1, drawn)
            chosen = torch.cat([chosen, chances.gather(1, word)], 1)
            ids = torch.cat([ids, word.to(ids)], 1)
            if (ids == END).any(1).all():
                break
        return [
            _caption(names, row, chance)
            for row, chance in zip(ids[:, 1:].tolist(), chosen.tolist(), strict=True)
        ]

    @torch.no_grad()
    def score(self, memory: Tensor, words: Sequence[str]) -> Caption:
        """The probability of each of `words` after those before it, for one memory [1, M, width].

        What is past the longest caption is no part of any: 0.
        """
        read = list(words)[: int(self.config["longest"]) - 1]
        ids = torch.tensor([[START, *self.ids_of(read)]], device=memory.device)
        chances = next_word_chances(self(ids, memory)[0])
        found = [0.0 if i == UNKNOWN else float(chances[at, i]) for at, i in enumerate(ids[0, 1:].tolist())]
        return Caption(tuple(words), (*found, *(0.0 for _ in words[len(read) :])))


def next_word_chances(logits: Tensor) -> Tensor:
    """Probabilities of words for logits [..., vocabulary]; what is no word but END has none."""
    hidden = torch.zeros_like(logits)
    hidden[..., [PAD, START, UNKNOWN]] = -math.inf
    return (logits.float() + hidden).softmax(-1).cpu()


def _caption(names: Sequence[str], ids: Sequence[int], chances: Sequence[float]) -> Caption:
    end = ids.index(END) if END in ids else len(ids)
    return Caption(tuple(names[i] for i in ids[:end]), tuple(chances[:end]))


def sinusoids(count: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """Positions over time [count, width] (arXiv 1706.03762, section 3.5), at a tenth of their height."""
    at = torch.arange(count, device=device, dtype=torch.float32)[:, None]
    rates = torch.exp(-math.log(100.0) * torch.arange(0, width, 2, device=device) / width)
    return 0.1 * torch.stack([(at * rates).sin(), (at * rates).cos()], -1).flatten(1)


class SeriesCaptioner:
    """An `AudioCaptioner` with the CLAP that it reads."""

    def __init__(self, model: AudioCaptioner, clap: Any, feature_extractor: Any) -> None:
        self.model, self._clap, self._features = model, clap, feature_extractor

    @classmethod
    def from_folder(cls, folder: str | Path, clap: Any, feature_extractor: Any) -> "SeriesCaptioner":
        """Read a folder as `save_pretrained` writes it. Raises OSError or ValueError where it cannot be."""
        model = AudioCaptioner.from_pretrained(folder).float().eval().requires_grad_(False)
        width = (int(model.config["series_dim"]), int(model.config["timbre_dim"]))
        if width != (series_dim(clap), timbre_dim(clap)):
            raise ValueError(
                f"The captioner reads series and statistics of widths {width}; this engine's encoder has "
                f"{(series_dim(clap), timbre_dim(clap))}."
            )
        return cls(model.to(clap.device), clap, feature_extractor)

    @torch.no_grad()
    def memory(self, samples: NDArray[np.float32]) -> Tensor:
        """The memory [1, M, width] of a clip."""
        windows = windows_of(samples, int(self._features.nb_max_samples))
        if len(windows) > MOST_WINDOWS:
            windows = [windows[round(at)] for at in np.linspace(0, len(windows) - 1, MOST_WINDOWS)]
        mels = sound_features(self._features, windows).to(self._clap.device)
        series, statistics = audio_series(self._clap, mels)
        return self.model.memory(
            series[None], statistics[None], timbre_features(self._clap, statistics)[None]
        )

    def write(self, samples: NDArray[np.float32], top_k: int = 1, seed: int = 0) -> Caption:
        """As `Captioner.write`."""
        return self.model.write(self.memory(samples), top_k, seed)[0]

    def score(self, samples: NDArray[np.float32], text: str) -> Caption:
        """As `Captioner.score`."""
        return self.model.score(self.memory(samples), caption_words(text))
