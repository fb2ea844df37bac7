"""Sounds, or pictures, and words to embeddings of one space: through transformers' `ClapModel` or one that
stands for it, and through `CLIPModel`.

Of sounds: deterministic, unlike the stock feature extractor, which crops at random; the caller chooses the
window. Nothing here changes the gain, so the loudness of a sound reaches its embedding.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import (
    AutoTokenizer,
    ClapTextConfig,
    ClapTextModelWithProjection,
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
)

from sonic_ui.audio.decode import resample
from sonic_ui.bundles.files import SHARED

SAMPLE_RATE = 48_000


def fit_window(samples: NDArray[np.floating[Any]], length: int) -> NDArray[np.float32]:
    """Mono samples [T] -> [length]: a shorter clip is repeated to fill the window, a longer one is cut.

    Raises ValueError for an empty or multi-channel clip and for values that are not finite.
    """
    clip = np.asarray(samples, dtype=np.float32)
    if clip.ndim != 1 or clip.size == 0:
        raise ValueError(f"A sound of shape {clip.shape} was given; mono samples [T] with T > 0 are needed.")
    if not np.isfinite(clip).all():
        raise ValueError("The sound holds values that are not numbers (NaN or infinite).")
    return np.resize(clip, length)  # np.resize repeats and cuts


def windows_of(samples: NDArray[np.floating[Any]], length: int) -> list[NDArray[np.float32]]:
    """Mono samples [T] -> as few windows [length] as cover them, evenly spread; short ones repeat."""
    clip = np.asarray(samples, dtype=np.float32)
    if clip.ndim != 1 or clip.size <= length:
        return [fit_window(clip, length)]
    starts = np.linspace(0, clip.size - length, -(-clip.size // length)).round().astype(int)
    return [fit_window(clip[start : start + length], length) for start in starts]


def sound_features(feature_extractor: Any, windows: Sequence[NDArray[np.float32]]) -> Tensor:
    """Windows of the extractor's length -> log-mel features in dB [B, 1, frames, mel bins] (4 if fused).

    Windows of just that length leave the extractor nothing to choose at random.
    """
    features = feature_extractor(list(windows), sampling_rate=feature_extractor.sampling_rate)[
        "input_features"
    ]
    return torch.from_numpy(np.stack(features).astype(np.float32))


@dataclass(frozen=True)
class SoundWindows:
    """Windows of clips as an encoder reads them.

    mels         log-mels [W, 1, T, M] in dB
    embeddings   of each window [W, D], float32, L2-normalised
    tags         hidden features [W, H] of an encoder that has a `TagHead`, float32; else None
    features     YAMNet's [W, F], of such an encoder
    counts       of each clip, how many windows it has
    """

    mels: Tensor
    embeddings: Tensor
    tags: Tensor | None
    features: Tensor | None
    counts: list[int]

    def mean_of_clips(self, values: Tensor) -> Tensor:
        """Values [W, ...] of windows -> means [B, ...] of clips."""
        return torch.stack([windows.mean(0) for windows in values.split(self.counts)])

    @property
    def clip_embeddings(self) -> Tensor:
        """Embeddings of clips [B, D], L2-normalised."""
        return F.normalize(self.mean_of_clips(self.embeddings), dim=-1)


@torch.no_grad()
def read_sounds(
    clap: nn.Module, feature_extractor: Any, samples: Sequence[NDArray[np.floating[Any]]]
) -> SoundWindows:
    """Clips [T] of mono samples at 48 kHz, cut into windows and embedded.

    The clip's level counts. For an encoder of another rate the clip is resampled. Raises ValueError without
    clips and for clips not mono and finite.
    """
    if len(samples) == 0:
        raise ValueError("No sound was given; at least one is needed.")
    rate = int(feature_extractor.sampling_rate)
    cut = [windows_of(_at_rate(clip, rate), int(feature_extractor.nb_max_samples)) for clip in samples]
    windows = [window for clip in cut for window in clip]
    mels = sound_features(feature_extractor, windows).to(clap.device, clap.dtype)
    others = clap.waveform_inputs(windows, rate) if hasattr(clap, "waveform_inputs") else {}
    # No window is longer than the encoder's: a fused CLAP must not fuse a clip that it picks at random.
    is_longer = torch.zeros(len(mels), 1, dtype=torch.bool, device=clap.device)
    output = clap.get_audio_features(mels, is_longer=is_longer, **others)
    embeddings = F.normalize(output.pooler_output.float(), dim=-1)
    tags, features = getattr(output, "tags", None), getattr(output, "features", None)
    return SoundWindows(mels, embeddings, tags, features, [len(clip) for clip in cut])


def encode_sound(
    clap: nn.Module, feature_extractor: Any, samples: Sequence[NDArray[np.floating[Any]]]
) -> Tensor:
    """Clips [T] of mono samples at 48 kHz -> their embeddings [B, D], float32, L2-normalised.

    A clip longer than the encoder's window is embedded window by window, and the windows' embeddings are
    averaged. Raises ValueError as `read_sounds` does.
    """
    return read_sounds(clap, feature_extractor, samples).clip_embeddings


def _at_rate(clip: NDArray[np.floating[Any]], sample_rate: int) -> NDArray[np.floating[Any]]:
    """A clip [T] at 48 kHz at another rate; one that `fit_window` refuses is left to it."""
    if sample_rate == SAMPLE_RATE or clip.ndim != 1 or clip.size == 0 or not np.isfinite(clip).all():
        return clip
    return resample(np.asarray(clip, dtype=np.float32), SAMPLE_RATE, sample_rate)


@torch.no_grad()
def embed_labels(clap: nn.Module, tokenizer: Any, labels: Sequence[str]) -> Tensor:
    """Words -> their embeddings [L, D] in the space of `encode_sound`, float32, L2-normalised."""
    if len(labels) == 0:
        raise ValueError("No label was given; at least one is needed.")
    words = tokenizer(list(labels), padding=True, truncation=True, return_tensors="pt")
    pooled = clap.get_text_features(
        words["input_ids"].to(clap.device), attention_mask=words["attention_mask"].to(clap.device)
    ).pooler_output
    return F.normalize(pooled.float(), dim=-1)


def label_probabilities(embedding: Tensor, text_embeddings: Tensor, logit_scale: float | Tensor) -> Tensor:
    """Zero-shot classification: embeddings [B, D] against labels [L, D] -> probabilities [B, L].

    logit_scale   inverse temperature; a trained CLAP's own is `clap.logit_scale_a.exp()`

    Raises ValueError when the two are of different sizes D.
    """
    if embedding.shape[-1] != text_embeddings.shape[-1]:
        raise ValueError(
            f"The sounds have embeddings of {embedding.shape[-1]}, labels of {text_embeddings.shape[-1]}, "
            "both must come from the same encoder."
        )
    scale = logit_scale.to(embedding) if isinstance(logit_scale, Tensor) else logit_scale
    return (scale * embedding @ text_embeddings.to(embedding).T).softmax(dim=-1)


def calibrated_shares(
    cosines: NDArray[np.floating[Any]], scale: float, none: float
) -> tuple[NDArray[np.float64], float]:
    """Shares [L] of labels beside "none of them", and what they have together: 1 without that.

    cosines   of a picture with the labels [L]; none: that of "none of them"; scale: inverse temperature
    """
    logits = scale * np.append(np.asarray(cosines, np.float64), none)
    odds = np.exp(logits - logits.max())
    shares = odds[:-1] / odds.sum()
    return shares, float(shares.sum())


@dataclass(frozen=True)
class ImageEncoder:
    """A CLIP with what prepares its pictures and words."""

    clip: CLIPModel
    processor: Any
    tokenizer: Any

    @classmethod
    def from_folder(cls, folder: str | Path, device: torch.device | str = "cpu") -> ImageEncoder:
        """Read a folder as `load_clip` does. Raises OSError or ValueError where it cannot be read."""
        clip = load_clip(Path(folder)).to(device).eval()
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

    def cosines(self, picture: Image.Image, words: Tensor) -> Tensor:
        """Cosines [L] of a picture with embedded words [L, D]."""
        return (self.encode_pictures([picture]) @ words.T)[0]

    def probabilities(self, picture: Image.Image, words: Tensor) -> Tensor:
        """Zero-shot classification of a picture against embedded words [L, D] -> probabilities [L]."""
        scale = self.clip.logit_scale.detach().exp()
        return label_probabilities(self.encode_pictures([picture]), words, scale)[0]


def load_clip(folder: Path) -> CLIPModel:
    """A CLIP in float32, from a folder in transformers' layout.

    A half that a pipeline has a copy of need not lie there twice: `shared.json` says where it is.
    Raises OSError or ValueError where it cannot be read.
    """
    shared = folder / SHARED
    if not shared.exists():
        return CLIPModel.from_pretrained(folder, dtype=torch.float32)
    clip = CLIPModel(CLIPConfig.from_pretrained(folder))
    names = clip.state_dict().keys()
    state = load_file(folder / "model.safetensors")
    for half, path in json.loads(shared.read_text()).items():
        for name, value in load_file(folder / path).items():
            state[name if name in names else f"{half}.{name}"] = value
    missing, unknown = clip.load_state_dict({k: v.float() for k, v in state.items()}, strict=False)
    if missing or unknown:
        raise ValueError(f"The halves of {folder.name} do not fit together: {(missing or unknown)[0]}.")
    return clip


def load_clap_text(folder: Path) -> ClapTextModelWithProjection:
    """CLAP's text half in float32, of a folder whose weights lie in a whole CLAP that `shared.json` names.

    Raises OSError or ValueError where it cannot be read.
    """
    half = ClapTextModelWithProjection(ClapTextConfig.from_pretrained(folder))
    names = half.state_dict()
    state: dict[str, Tensor] = {}
    for path in json.loads((folder / SHARED).read_text()).values():
        whole = load_file(folder / path)
        state |= {name: whole[name].to(own.dtype) for name, own in names.items() if name in whole}
    if missing := [name for name in names if name not in state]:
        raise ValueError(f"The text half of CLAP is not whole: {missing[0]} is missing.")
    half.load_state_dict(state)
    return half.eval()


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
