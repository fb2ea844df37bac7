"""Editing word for word: the source's cross-attention maps stay, but for the columns of words that are new.

Hertz et al., "Prompt-to-Prompt Image Editing with Cross Attention Control" (arXiv 2208.01626), as Align,
Adapt and Inject uses it for words of sounds: equation 7 (replace and add), equation 8 (scale). Source and
edits are in one batch, so that no map is stored: memory does not grow with the steps.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import torch
from diffusers.models.attention import BasicTransformerBlock
from torch import Tensor, nn

from sonic_ui.pipelines.prompt_words import Token, tokens_of
from sonic_ui.requests import BadInput

NOT_IN_PROMPT = "“{word}” is to be weighed and does not stand in the words “{prompt}”. Write it there too."


@dataclass(frozen=True)
class WordMaps:
    """What becomes of the columns of B edits' maps, L a prompt's length.

    source    [B, L] IndexProj: the column of the source's map that each takes
    is_new    [B, L] whether it keeps its own instead
    weights   [B, L] factors
    """

    source: Tensor
    is_new: Tensor
    weights: Tensor

    def mixed(self, source: Tensor, own: Tensor) -> Tensor:
        """Maps of the source [heads, T, L] and of edits [B, heads, T, L] -> the edits' (equations 7, 8)."""
        index = self.source.to(own.device)[:, None, None, :].expand_as(own)
        taken = source[None].expand_as(own).gather(-1, index)
        chosen = torch.where(self.is_new.to(own.device)[:, None, None, :], own, taken)
        return chosen * self.weights.to(own)[:, None, None, :]


def word_maps(
    tokenizer: Any, source: str, targets: Sequence[str], weights: Mapping[str, float] | None = None
) -> WordMaps:
    """The maps of target prompts beside a source prompt.

    weights   factor by word or tag of the target, 0 to 2; others have 1

    Raises BadInput for a weighed word that a target does not hold.
    """
    rows = [_columns(tokenizer, source, target, weights or {}) for target in targets]
    index, is_new, factors = (torch.stack(one) for one in zip(*rows, strict=True))
    return WordMaps(index, is_new, factors)


def _columns(
    tokenizer: Any, source: str, target: str, weights: Mapping[str, float]
) -> tuple[Tensor, Tensor, Tensor]:
    """One row of `WordMaps`. Tokens stand together where they are the same in the same order."""
    length = int(tokenizer.model_max_length)
    before, after = (tokens_of(tokenizer, text)[: length - 2] for text in (source, target))
    index = torch.zeros(length, dtype=torch.long)
    is_new = torch.zeros(length, dtype=torch.bool)
    factors = torch.ones(length)
    ends = len(before) + 1, len(after) + 1
    index[ends[1] :] = (torch.arange(length - ends[1]) + ends[0]).clamp(max=length - 1)
    is_new[1 : ends[1]] = True
    matcher = SequenceMatcher(
        None, [_key(one) for one in before], [_key(one) for one in after], autojunk=False
    )
    for block in matcher.get_matching_blocks():
        columns = torch.arange(block.size)
        index[1 + block.b + columns] = 1 + block.a + columns
        is_new[1 + block.b + columns] = False
    for word, factor in weights.items():
        factors[[1 + number for number in _numbers_of(after, target, word)]] = float(factor)
    return index, is_new, factors


def _key(token: Token) -> tuple[int, str]:
    return token.id, token.word


def _numbers_of(tokens: Sequence[Token], text: str, word: str) -> list[int]:
    """Numbers of the tokens that a word of a text is made of. Raises BadInput where it is not there."""
    bounds = (r"(?<!\w)", r"(?!\w)")
    spans = [match.span() for match in re.finditer(re.escape(word).join(bounds), text, re.IGNORECASE)]
    found = [
        number
        for number, token in enumerate(tokens)
        if any(begin <= token.begin and token.end <= end for begin, end in spans)
    ]
    if not word or not found:
        raise BadInput(NOT_IN_PROMPT.format(word=word[:40], prompt=text[:80]), "word_weights")
    return found


@dataclass(frozen=True)
class _Pass:
    """Control of one pass of the denoiser: row 0 is the source, `rows` are the edits'."""

    maps: WordMaps
    rows: Tensor


_passes: ContextVar[Mapping[int, _Pass]] = ContextVar("sonic_ui_word_passes")


class WordAttention:
    """Hooks on the cross-attention of one denoiser, in all of its layers.

    Outside of `controlling`, and in every other thread, the denoiser computes exactly what it computes
    without them. Audio terms of `AudioAttention` are added to what they give.
    """

    def __init__(self, unet: nn.Module) -> None:
        """Raises ValueError for a denoiser without plain cross-attention."""
        blocks = [module for module in unet.modules() if isinstance(module, BasicTransformerBlock)]
        self._targets = [block.attn2 for block in blocks if block.attn2 is not None]
        if not self._targets or any(_is_special(attention) for attention in self._targets):
            raise ValueError(f"{type(unet).__name__} has no cross-attention whose maps could be controlled.")
        self._handles: list[Any] = []

    def __enter__(self) -> "WordAttention":
        self._handles = [
            module.register_forward_hook(self._hook, with_kwargs=True, prepend=True)
            for module in self._targets
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []

    @contextmanager
    def controlling(self, maps: WordMaps, first: int) -> Iterator[None]:
        """Within the block, row 0 of the batch is the source, and the rows from `first` on are the edits."""
        rows = torch.arange(first, first + len(maps.source))
        token = _passes.set({**_passes.get({}), id(self): _Pass(maps, rows)})
        try:
            yield
        finally:
            _passes.reset(token)

    def _hook(
        self, attention: Any, inputs: tuple[Tensor, ...], options: dict[str, Any], output: Tensor
    ) -> Tensor | None:
        current = _passes.get({}).get(id(self))
        if current is None:
            return None
        hidden = inputs[0] if inputs else options["hidden_states"]
        text = options["encoder_hidden_states"] if len(inputs) < 2 else inputs[1]
        rows = torch.cat([torch.zeros(1, dtype=torch.long), current.rows]).to(hidden.device)
        query, key, value = (
            _heads(project(states[rows]), attention.heads)
            for project, states in (
                (attention.to_q, hidden),
                (attention.to_k, text),
                (attention.to_v, text),
            )
        )
        maps = (query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5).softmax(-1)  # [1 + B, heads, T, L]
        changed = current.maps.mixed(maps[0], maps[1:]) @ value[1:]
        changed = attention.to_out[0](changed.transpose(1, 2).flatten(2))
        replaced = output.clone()
        replaced[rows[1:]] = changed / attention.rescale_output_factor
        return replaced


def _heads(states: Tensor, heads: int) -> Tensor:
    """[R, T, C] -> [R, heads, T, C / heads]."""
    return states.unflatten(-1, (heads, -1)).transpose(1, 2)


def _is_special(attention: Any) -> bool:
    """Whether attention is made otherwise than in Stable Diffusion 1.x."""
    return bool(
        getattr(attention, "fused_projections", False)
        or attention.norm_cross
        or attention.norm_q is not None
        or attention.residual_connection
    )
