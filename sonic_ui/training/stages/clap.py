"""A small CLAP: sounds beside captions and beside CLIP's pictures (InfoNCE both ways).

Of the loss of Align, Adapt and Inject (equation 1) these are the terms that are left at alpha 0: there is no
momentum encoder.

The loudness of a sound is kept all the way, so that the embedding knows a whisper from a roar.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

from sonic_ui.models.tagged_clap import TaggedClapModel
from sonic_ui.models.timbre import TIMBRE, spectral_statistics
from sonic_ui.scenes.render import level_to_lufs
from sonic_ui.scenes.world import SOURCES, Scene, caption
from sonic_ui.training.data.rendering import clap_tokenizer, training_pictures
from sonic_ui.training.data.sounds import CLIP_S, FLOOR_DB, FRAME_STEP, HOP, MELS, ClipInfo, load_clips
from sonic_ui.training.run import Run, Stage, artifact, stage
from sonic_ui.training.stages.clip import FactorHead, info_nce, normalised, picture_embeds, scene_factors
from sonic_ui.training.yamnet_file import yamnet_weights


def spectro_temporal_filters(count: int, side: int = 16) -> Tensor:
    """Whitened modulation filters to start a patch embedding from: [count, 1, side (mel), side (time)].

    Products of cosines over mel bins and of sines and cosines over time (Chi, Ru and Shamma 2005), each with
    a gain that makes its response to sounds of the world about as large as all others'. Sounds vary a
    hundred times more in loudness than in the rates that tell a rotor from a chain: filters that start at
    random see little but loudness and tilt, and need very long to find the rest.
    """
    at = (torch.arange(side) + 0.5) / side
    kinds = sorted(
        ((k, j, phase) for k in range(side // 2) for j in range(side) for phase in range(2 if k else 1)),
        key=lambda kind: (kind[0] + 1) * (kind[1] + 1),
    )
    filters = []
    for k, j, phase in kinds[:count]:
        wave = torch.cos(2 * math.pi * k * at - phase * math.pi / 2)
        shape = torch.outer(torch.cos(math.pi * j * at), wave)
        filters.append(shape / shape.norm() * _gain(k, j))
    return torch.stack(filters)[:, None]


def _gain(k: int, j: int) -> float:
    """One over the measured response to `k` cycles over time and `j` half cycles over mel bins."""
    if k and j:
        return 4.0 * k**0.6 * j**0.5
    return 1.0 * k**0.75 if k else 0.55 * j**0.4 if j else 0.13


def build_feature_extractor() -> ClapFeatureExtractor:
    """48 kHz, 5 s, 64 mel bins, 50 to 14000 Hz: LAION's settings for unfused CLAP, half the frame rate."""
    return ClapFeatureExtractor(
        feature_size=MELS,
        sampling_rate=48000,
        hop_length=HOP * FRAME_STEP,
        max_length_s=CLIP_S,
        fft_window_size=1024,
        frequency_min=50,
        frequency_max=14000,
        truncation="rand_trunc",
        padding="repeatpad",
    )


@dataclass
class SoundBank:
    """Stored clips by source and room; composes a scene's log-mel out of them."""

    mels: NDArray[np.float16]
    clips: list[ClipInfo]
    real_share: float = 0.5
    _by_kind: dict[tuple[str, str, bool], list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self._by_kind = {}
        for i, clip in enumerate(self.clips):
            self._by_kind.setdefault((clip.source, clip.room, clip.real), []).append(i)

    def pick(self, source: str, room: str, level: float, rng: np.random.Generator) -> NDArray[np.float32]:
        """A clip [T, 64] of the source in that room, as loud as its level asks.

        A recording, or of a few clips the nearest in level, since character and limiting go with it.
        """
        real = self._by_kind.get((source, room, True))
        if real and rng.random() < self.real_share:
            best = int(rng.choice(real))
        else:
            synthetic = self._by_kind.get((source, room, False)) or [
                i for i, clip in enumerate(self.clips) if clip.source == source and not clip.real
            ]
            if not synthetic:
                raise ValueError(f"no stored clip of {source}; render the sounds first")
            best = min(rng.choice(synthetic, 8).tolist(), key=lambda i: abs(self.clips[i].level - level))
        return self.mels[best].astype(np.float32) + level_to_lufs(level) - self.clips[best].lufs

    def compose(self, scene: Scene, rng: np.random.Generator, *, augment: bool = True) -> NDArray[np.float32]:
        """The scene as a log-mel [T, 64] in dB: every source at its loudness, powers summed."""
        power = np.zeros(self.mels.shape[1:], np.float32)
        for source in scene.sources:
            clip = self.pick(source.name, scene.room, source.level, rng)
            if augment:
                clip = augment_mel(clip, rng)
            power += 10 ** (clip / 10)
        return np.maximum(10 * np.log10(power + 1e-10), FLOOR_DB)


def augment_mel(
    mel: NDArray[np.float32], rng: np.random.Generator, floor_db: tuple[float, float] = (35.0, 80.0)
) -> NDArray[np.float32]:
    """Another take of the same sound: shifted in time, equalised, faster or slower, over a noise floor.

    floor_db   how far below the loudest bin the floor may lie
    """
    out = np.roll(mel, int(rng.integers(len(mel))), axis=0)
    if rng.random() < 0.5:
        stretched = np.arange(len(out)) * rng.uniform(0.85, 1.15)
        out = out[
            np.clip(stretched, 0, len(out) - 1).astype(int)
            if rng.random() < 0.5
            else stretched.astype(int) % len(out)
        ]
    shift = int(rng.integers(-2, 3))
    if shift and rng.random() < 0.5:
        out = np.roll(out, shift, axis=1)
    knots = np.interp(np.arange(MELS), np.linspace(0, MELS - 1, 5), rng.normal(0, 2.5, 5))
    out = out + (knots - knots.mean())[None, :]
    floor = out.max() - rng.uniform(*floor_db)
    return np.maximum(out, floor + rng.normal(0, 1.5, out.shape)).astype(np.float32)


class ClapWithHead(nn.Module):
    """CLAP with heads that only its training needs."""

    def __init__(self, clap: ClapModel) -> None:
        super().__init__()
        self.clap = clap
        self.head = FactorHead(clap.config.projection_dim, len(SOURCES))
        self.stats = nn.Linear(clap.config.audio_config.hidden_size, TIMBRE)


@stage("clap")
class ClapStage(Stage):
    """Train a `ClapModel` on composed sounds against captions and frozen CLIP embeddings of the pictures."""

    stats_weight = 2.0

    def __init__(self, run: Run) -> None:
        self.scenes, self.image_embeds = training_pictures(run)[1], normalised(picture_embeds(run))
        self.bank, self.tokenizer = sound_bank(run), clap_tokenizer(run)
        self.module = ClapWithHead(new_clap(run))
        rng = np.random.default_rng(12)
        some = [self.scenes[int(i)] for i in rng.integers(0, len(self.scenes), 256)]
        mels = torch.from_numpy(np.stack([self.bank.compose(s, rng) for s in some])).unsqueeze(1)
        stats = spectral_statistics(mels)
        self.stats_mean, self.stats_std = stats.mean(0), stats.std(0).clamp(min=1e-3)

    def sounds(self, scenes: list[Scene], rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Composed log-mels of the scenes with time and frequency masks [B, 1, T, 64]; their spectral
        statistics without, standardised [B, TIMBRE]."""
        mels = np.stack([self.bank.compose(s, rng) for s in scenes])
        stats = spectral_statistics(torch.from_numpy(mels).unsqueeze(1))
        stats = (stats - self.stats_mean) / self.stats_std
        for mel in mels:
            t, f = int(rng.integers(0, len(mel))), int(rng.integers(0, MELS - 8))
            mel[t : t + int(rng.integers(0, 25))] = FLOOR_DB
            mel[:, f : f + int(rng.integers(0, 6))] = FLOOR_DB
        return torch.from_numpy(mels).unsqueeze(1), stats

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        index = torch.randint(0, len(self.scenes), (batch_size,), generator=generator)
        rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
        scenes = [self.scenes[i] for i in index.tolist()]
        words = self.tokenizer(
            [caption(s, rng) for s in scenes], padding=True, truncation=True, return_tensors="pt"
        )
        clap: Any = self.module.clap
        mels, stats = self.sounds(scenes, rng)
        pooled = pool_mels(clap, mels)
        audio = normalised(clap.audio_projection(pooled))
        text = normalised(
            clap.get_text_features(words["input_ids"], attention_mask=words["attention_mask"]).pooler_output
        )
        with_text = info_nce(audio, text, clap.logit_scale_a.exp().clamp(max=50))
        with_image = info_nce(audio, self.image_embeds[index], clap.logit_scale_t.exp().clamp(max=50))
        factors, hit = self.module.head.loss(16 * audio, *scene_factors(self.scenes, index))
        names, _ = self.module.head.loss(16 * text, *scene_factors(self.scenes, index))
        stats_error = F.mse_loss(self.module.stats(pooled), stats)
        loss = 0.5 * (with_text + with_image) + factors + 0.25 * names + self.stats_weight * stats_error
        return loss, {
            "text": with_text.item(),
            "image": with_image.item(),
            "stats": stats_error.item(),
            "source_hit": hit,
        }


def pool_mels(clap: ClapModel, mels: Tensor) -> Tensor:
    """Log-mels [B, 1, T, 64] -> pooled output of the audio encoder, not projected [B, hidden]."""
    longer = torch.zeros(len(mels), 1, dtype=torch.bool)
    return clap.audio_model(input_features=mels, is_longer=longer).pooler_output


def embed_mels(clap: ClapModel, mels: Tensor) -> Tensor:
    """Log-mels [B, 1, T, 64] -> audio embeddings [B, D], not normalised."""
    longer = torch.zeros(len(mels), 1, dtype=torch.bool)
    return clap.get_audio_features(mels, is_longer=longer).pooler_output


@artifact
def sound_bank(run: Run) -> SoundBank:
    """Stored clips of the world and real recordings for training."""
    synthetic, real = (load_clips(run.folder / "clips", split) for split in ("train", "real"))
    return SoundBank(np.concatenate([synthetic[0], real[0]])[:, ::FRAME_STEP], synthetic[1] + real[1])


def new_clap(run: Run, *, text_width: int = 128, projection_dim: int = 256) -> TaggedClapModel:
    """A small unfused CLAP: 5 s at 20 ms a frame, patches of 16 bins x 320 ms, two stages of two. YAMNet's
    weights are in it; its `TagHead` changes nothing yet.
    """
    width = run.recipe["clap"]["width"]
    text = {
        "vocab_size": len(clap_tokenizer(run)),
        "hidden_size": text_width,
        "intermediate_size": 3 * text_width,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "projection_dim": projection_dim,
        "max_position_embeddings": run.recipe["world"]["clap_tokens"] + 8,
        "type_vocab_size": 1,
        "pad_token_id": 1,
    }
    audio = {
        "patch_size": 16,
        "patch_stride": [16, 16],
        "patch_embeds_hidden_size": width,
        "hidden_size": 2 * width,
        "depths": [2, 2],
        "num_attention_heads": [4, 8],
        "projection_dim": projection_dim,
        "enable_fusion": False,
        "num_mel_bins": MELS,
        "spec_size": 128,
        "window_size": 4,
    }
    clap = TaggedClapModel(
        ClapConfig(
            text_config=text,
            audio_config=audio,
            projection_dim=projection_dim,
            timbre_width=768,
            tags_width=run.recipe["tags"]["width"],
        )
    )
    clap.yamnet.load_state_dict(yamnet_weights(Path(run.recipe["tags"]["yamnet"])))
    patches: Any = clap.audio_model.audio_encoder.patch_embed.proj
    patches.weight.data.copy_(spectro_temporal_filters(width))
    patches.bias.data.zero_()
    return clap


def clap_without_stats(run: Run) -> TaggedClapModel:
    """CLAP as its own stage left it, loaded anew: the next stage trains its statistics head."""
    return run.load("clap", ClapWithHead(new_clap(run))).clap
