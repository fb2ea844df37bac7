"""Hidden states of prompts that are blended from several texts, "a quiet dog" and "a loud dog"."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from sonic_ui.media.sound_words import Blend
from sonic_ui.pipelines.audio_conditioned import encode_prompts


def encode_blends(tokenizer: Any, text_encoder: nn.Module, blends: Sequence[Blend]) -> Tensor:
    """Blends of prompts -> hidden states [B, L, C]: the means of their texts' states, by their shares.

    Each text is encoded once. It may hold words that are known (`prompt_words.known_words`).
    """
    texts = [*dict.fromkeys(text for blend in blends for text, _ in blend)]
    states = encode_prompts(tokenizer, text_encoder, texts)
    shares = torch.zeros(len(blends), len(texts))
    for row, blend in enumerate(blends):
        for text, share in blend:
            shares[row, texts.index(text)] = share
    return torch.einsum("bt,tlc->blc", shares.to(states), states)


def blended_prompt(pipeline: Any, blends: Sequence[Blend]) -> dict[str, Any]:
    """Blends of prompts, one a picture, as arguments of `AudioToImagePipeline`, in place of its prompt."""
    return {"prompt": "", "prompt_embeds": encode_blends(pipeline.tokenizer, pipeline.text_encoder, blends)}
