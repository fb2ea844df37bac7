"""Pictures and words to embeddings of one space, through transformers' `CLIPModel`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from transformers import AutoTokenizer, CLIPImageProcessorPil, CLIPModel

from sonic_ui.models.audio_encoder import label_probabilities


@dataclass(frozen=True)
class ImageEncoder:
    """A CLIP with what prepares its pictures and words."""

    clip: CLIPModel
    processor: Any
    tokenizer: Any

    @classmethod
    def from_folder(cls, folder: str | Path, device: torch.device | str = "cpu") -> ImageEncoder:
        """Read a folder in transformers' layout. Raises OSError or ValueError where it cannot be read."""
        clip = CLIPModel.from_pretrained(folder, dtype=torch.float32).to(device).eval()
        tokenizer = AutoTokenizer.from_pretrained(folder)
        return cls(clip, CLIPImageProcessorPil.from_pretrained(folder), tokenizer)

    @torch.no_grad()
    def encode_pictures(self, pictures: Sequence[Image.Image]) -> Tensor:
        """Pictures -> embeddings [B, D], float32, L2-normalised."""
        rgb = [picture.convert("RGB") for picture in pictures]
        pixels = self.processor(images=rgb, return_tensors="pt")["pixel_values"]
        pixels = pixels.to(self.clip.device, self.clip.dtype)
        return F.normalize(self.clip.get_image_features(pixel_values=pixels).pooler_output.float(), dim=-1)

    @torch.no_grad()
    def encode_words(self, words: Sequence[str]) -> Tensor:
        """Words -> embeddings [L, D], float32, L2-normalised."""
        tokens = self.tokenizer(list(words), padding="max_length", truncation=True, return_tensors="pt")
        tokens = {name: tokens[name].to(self.clip.device) for name in ("input_ids", "attention_mask")}
        return F.normalize(self.clip.get_text_features(**tokens).pooler_output.float(), dim=-1)

    def probabilities(self, picture: Image.Image, words: Tensor) -> Tensor:
        """Zero-shot classification of a picture against embedded words [L, D] -> probabilities [L]."""
        scale = self.clip.logit_scale.detach().exp()
        return label_probabilities(self.encode_pictures([picture]), words, scale)[0]


def picture_processor(clip: CLIPModel) -> CLIPImageProcessorPil:
    """Preprocessing of pictures for a CLIP that was trained here: its side, values in [-1, 1]."""
    side = int(clip.config.vision_config.image_size)
    half = [0.5, 0.5, 0.5]
    return CLIPImageProcessorPil(
        size={"shortest_edge": side},
        crop_size={"height": side, "width": side},
        image_mean=half,
        image_std=half,
    )
