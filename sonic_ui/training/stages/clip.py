"""A small CLIP: pictures and captions of the world in one space (InfoNCE, helped by the scene's factors).

The losses are CLAP's, too.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPModel

from sonic_ui.scenes.world import SOURCES, Scene, caption
from sonic_ui.training.data.rendering import clip_tokenizer, picture_batch, training_pictures
from sonic_ui.training.run import Run, Stage, artifact, stage


def resize_for_clip(pictures: Tensor, size: int) -> Tensor:
    """Pictures [B, 3, H, W] in [-1, 1] -> [B, 3, size, size], area-averaged, as CLIP reads them."""
    return F.interpolate(pictures, size=(size, size), mode="area") if pictures.shape[-1] != size else pictures


def info_nce(a: Tensor, b: Tensor, logit_scale: Tensor) -> Tensor:
    """Symmetric InfoNCE of L2-normalised embeddings [B, D] (CLIP, arXiv 2103.00020)."""
    logits = logit_scale * a @ b.T
    target = torch.arange(len(a))
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def scene_factors(scenes: list[Scene], index: Tensor) -> tuple[Tensor, Tensor]:
    """Levels and presence [B, sources] of the scenes at `index`."""
    chosen = [scenes[i] for i in index.tolist()]
    return (
        torch.from_numpy(np.stack([s.levels for s in chosen])),
        torch.from_numpy(np.stack([s.presence for s in chosen])),
    )


class FactorHead(nn.Module):
    """Reads presence and level of every source off a feature [B, D]; used in training only."""

    def __init__(self, features: int, sources: int) -> None:
        super().__init__()
        self.presence = nn.Linear(features, sources)
        self.level = nn.Linear(features, sources)

    def loss(self, feature: Tensor, levels: Tensor, presence: Tensor) -> tuple[Tensor, float]:
        """Cross-entropy of presence, as one choice and as many, plus L1 of level where present. Also the
        share of samples whose strongest predicted source is there."""
        logits = self.presence(feature)
        one = F.cross_entropy(logits, presence / presence.sum(-1, keepdim=True))
        here = (
            one + 0.5 * F.binary_cross_entropy_with_logits(logits, presence, reduction="none").sum(-1).mean()
        )
        error = (torch.sigmoid(self.level(feature)) - levels).abs() * presence
        level = error.sum() / presence.sum().clamp(min=1)
        hit = presence.gather(1, logits.argmax(-1, keepdim=True)).mean()
        return here + 2.0 * level, float(hit)


def normalised(x: Tensor) -> Tensor:
    """L2-normalise the last axis."""
    return F.normalize(x, dim=-1)


class ClipWithHead(nn.Module):
    """CLIP with a head that only its training needs."""

    def __init__(self, clip: CLIPModel) -> None:
        super().__init__()
        self.clip = clip
        self.head = FactorHead(clip.config.projection_dim, len(SOURCES))


@stage("clip")
class ClipStage(Stage):
    """Train a `CLIPModel` on rendered pictures and freshly drawn captions. Source: arXiv 2103.00020."""

    def __init__(self, run: Run) -> None:
        self.pictures, self.scenes = training_pictures(run)
        self.tokenizer, clip = clip_tokenizer(run), new_clip(run)
        self.module = ClipWithHead(clip)
        self.image_size = int(clip.config.vision_config.image_size)

    def tokens(self, captions: list[str]) -> dict[str, Tensor]:
        batch = self.tokenizer(
            captions,
            padding="max_length",
            truncation=True,
            max_length=self.tokenizer.model_max_length,
            return_tensors="pt",
        )
        return {"input_ids": batch["input_ids"]}

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        index = torch.randint(0, len(self.pictures), (batch_size,), generator=generator)
        rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
        captions = [caption(self.scenes[i], rng) for i in index.tolist()]
        pixels = resize_for_clip(
            picture_batch(self.pictures, index, generator=generator), self.image_size
        ).contiguous()
        output = self.module.clip(pixel_values=pixels, **self.tokens(captions))
        scale = self.module.clip.logit_scale.exp().clamp(max=50)
        contrast = info_nce(normalised(output.image_embeds), normalised(output.text_embeds), scale)
        factors, hit = self.module.head.loss(output.image_embeds, *scene_factors(self.scenes, index))
        words, _ = self.module.head.loss(output.text_embeds, *scene_factors(self.scenes, index))
        return contrast + 0.5 * factors + 0.25 * words, {"info_nce": contrast.item(), "source_hit": hit}

    @torch.no_grad()
    def sample(self, module: nn.Module, path: Path) -> None:
        """Similarity of the first captions (rows) and pictures (columns)."""
        from matplotlib.figure import Figure

        index = torch.arange(min(24, len(self.pictures)))
        pixels = resize_for_clip(
            picture_batch(self.pictures, index, generator=torch.Generator()), self.image_size
        )
        module.eval()
        output = module.clip(
            pixel_values=pixels.contiguous(),
            **self.tokens([caption(self.scenes[i], full=True) for i in index.tolist()]),
        )
        figure = Figure(figsize=(5, 5))
        figure.subplots().imshow((normalised(output.text_embeds) @ normalised(output.image_embeds).T).numpy())
        figure.savefig(path)


def new_clip(
    run: Run, *, text_width: int = 192, vision_width: int = 128, projection_dim: int = 256
) -> CLIPModel:
    """An untrained `CLIPModel` of the given widths: three layers for text, four for pictures of 64 px."""
    tokenizer = clip_tokenizer(run)
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": text_width,
        "intermediate_size": 3 * text_width,
        "num_hidden_layers": 3,
        "num_attention_heads": text_width // 48,
        "max_position_embeddings": tokenizer.model_max_length,
        "projection_dim": projection_dim,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.eos_token_id,
    }
    vision = {
        "hidden_size": vision_width,
        "intermediate_size": 3 * vision_width,
        "num_hidden_layers": 4,
        "num_attention_heads": vision_width // 32,
        "image_size": 64,
        "patch_size": 8,
        "projection_dim": projection_dim,
    }
    return CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=projection_dim))


@artifact
def trained_clip(run: Run) -> CLIPModel:
    return run.load("clip", ClipWithHead(new_clip(run))).clip


@torch.no_grad()
def image_embeddings(clip: CLIPModel, pictures: np.ndarray, batch: int = 100) -> Tensor:
    """CLIP embeddings [N, D] of pictures [N, H, W, 3]."""
    size = int(clip.config.vision_config.image_size)
    out = []
    for start in range(0, len(pictures), batch):
        x = torch.from_numpy(pictures[start : start + batch]).permute(0, 3, 1, 2).float() / 127.5 - 1
        out.append(clip.get_image_features(pixel_values=resize_for_clip(x, size)).pooler_output)
    return torch.cat(out)


def picture_embeds(run: Run) -> Tensor:
    """CLIP embeddings [N, D] of the training pictures."""
    return image_embeddings(trained_clip(run), training_pictures(run)[0])
