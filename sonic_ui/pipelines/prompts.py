"""Words to what a denoiser's cross-attention reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn


def encode_prompts(tokenizer: Any, text_encoder: nn.Module, prompts: Sequence[str]) -> Tensor:
    """Prompts -> hidden states [B, L, C] of a CLIP text encoder, L the tokenizer's length.

    Shorter prompts are padded, longer ones cut: `truncated_text` says what was cut off.
    """
    ids = tokenizer(
        list(prompts),
        padding="max_length",
        truncation=True,
        max_length=tokenizer.model_max_length,
        return_tensors="pt",
    ).input_ids
    return text_encoder(ids.to(text_encoder.device)).last_hidden_state


def truncated_text(tokenizer: Any, prompt: str) -> str:
    """The end of `prompt` that does not fit the tokenizer's length, as it was written; "" when all fits."""
    offsets = tokenizer(
        prompt, add_special_tokens=False, return_offsets_mapping=True, verbose=False
    ).offset_mapping
    room = int(tokenizer.model_max_length) - int(tokenizer.num_special_tokens_to_add())
    return prompt[offsets[room][0] :].strip() if len(offsets) > room else ""
