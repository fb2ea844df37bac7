"""What a teaching learns from: recordings and pictures in variants, what is held back, and known sounds.

See `pipelines/teaching.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sonic_ui.models.encoders import encode_sound
from sonic_ui.models.latents import compression_factor, encode_picture
from sonic_ui.pipelines.audio_conditioned import encode_prompts
from sonic_ui.pipelines.diffusion_loss import DiffusionLoss, Noised

Samples = NDArray[np.float32]
Report = Callable[[str, int, int], None]
"""Called with what is being done, the step and the number of steps."""

GAINS_DB = (0.0, -6.0, 6.0, -12.0)
CROPS = (1.0, 0.94, 0.88, 0.82)
REHEARSAL_SCALES = (1.0, 1.0, 0.6, 1.5)
MIXED, NEARBY, NEAR = 0.25, 0.45, 0.3
"""Of rehearsed sounds: shares of those between two and of those near one, and how far these lie."""


@dataclass(frozen=True)
class TeachingConfig:
    """How long and how fast to learn.

    rehearsal         rows of a batch that rehearse known sounds; rehearsal_weight: of their loss
    rank              of the low-rank updates
    held_out          share of recordings and of pictures that are held back
    check_every       steps between two looks at what is held back; patience: looks without a gain, then it
                      ends
    old_pictures      that are painted from each known sound before; old_steps: denoising steps of each
    """

    steps: int = 240
    batch_size: int = 4
    rehearsal: int = 4
    rehearsal_weight: float = 2.0
    rank: int = 16
    denoiser_rate: float = 5e-3
    attention_rate: float = 5e-4
    projector_rate: float = 3e-4
    warmup_steps: int = 10
    drop: float = 0.1
    word_share: float = 0.4
    held_out: float = 0.2
    check_every: int = 30
    patience: int = 3
    old_pictures: int = 2
    old_steps: int = 8
    seed: int = 0


@dataclass(frozen=True)
class Lesson:
    """What is to be learned: recordings, mono [T] at 48 kHz, and pictures of one new thing.

    captions   of the pictures, "" for none
    partners   (recording, picture) that belong together; empty: any with any
    """

    recordings: tuple[Samples, ...] = field(repr=False)
    pictures: tuple[Image.Image, ...] = field(repr=False)
    captions: tuple[str, ...] = ()
    partners: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class SoundEncoder:
    """An encoder of sounds, the engine's own or another that is to be taught; `dim` of its embeddings."""

    audio_encoder: Any
    feature_extractor: Any
    dim: int
    audio_tokenizer: Any = None

    def embed(self, clips: Sequence[Samples]) -> Tensor:
        """Embeddings [B, D] of clips, mono [T] at 48 kHz."""
        return encode_sound(self.audio_encoder, self.feature_extractor, list(clips)).float()


@dataclass(frozen=True)
class Rehearsal:
    """Known sounds [K, D], and phrases of prompts that the engine knows.

    frozen   their embeddings [K, D'] by the engine's own encoder, where another one is taught
    """

    embeds: Tensor
    phrases: tuple[str, ...] = ()
    frozen: Tensor | None = None

    @property
    def own(self) -> Tensor:
        """Embeddings by the engine's own encoder."""
        return self.embeds if self.frozen is None else self.frozen


@dataclass
class PairSet:
    """Recordings and pictures of one side of the split.

    embeds    [N, V, D] of the recordings in some variants; latents [M, W, C, h, w] of the pictures
    partners  [(i, j)] that belong together
    """

    embeds: Tensor
    latents: Tensor
    captions: list[str]
    partners: list[tuple[int, int]]


class LessonData:
    """The lesson and what is rehearsed, as batches for one denoiser; `prepare` reads and paints them
    first.
    """

    def __init__(
        self,
        pipeline: Any,
        lesson: Lesson,
        rehearsal: Rehearsal,
        config: TeachingConfig,
        diffusion: DiffusionLoss,
        encoder: SoundEncoder,
    ) -> None:
        self.encoder = encoder
        self.pipeline, self.lesson, self.rehearsal = pipeline, lesson, rehearsal
        self.config, self.diffusion = config, diffusion
        self.device = pipeline._execution_device
        self._words: dict[str, Tensor] = {}

    @torch.no_grad()
    def prepare(self, report: Report) -> None:
        """Embed the recordings, encode the pictures, paint what is rehearsed."""
        lesson, count = self.lesson, len(self.lesson.recordings)
        report("Listening to the recordings", 0, count)
        embeds = []
        for number, samples in enumerate(lesson.recordings, start=1):
            embeds.append(self._embedded(samples))
            report("Listening to the recordings", number, count)
        latents = []
        for number, picture in enumerate(lesson.pictures, start=1):
            latents.append(self._encoded(picture))
            report("Looking at the pictures", number, len(lesson.pictures))
        self.embeds = torch.stack([one[0] for one in embeds])
        self.train_set, self.held_set = self._split(torch.stack(embeds), torch.stack(latents))
        self.old_latents = self._paint_old(report)

    def _embedded(self, samples: Samples) -> Tensor:
        """Variants [V, D] of a recording: at some gains, and its halves."""
        half = samples.size // 2
        clips = [np.clip(samples * 10 ** (gain / 20), -1, 1).astype(np.float32) for gain in GAINS_DB]
        if half > 24_000:
            clips += [samples[:half], samples[half:]]
        else:
            clips += [samples, np.roll(samples, half)]
        return self.encoder.embed(clips)

    def _encoded(self, picture: Image.Image) -> Tensor:
        """Latents [W, C, h, w] of crops of a picture."""
        pixels = torch.stack([_as_tensor(crop) for crop in crops_of(picture, self.side)])
        vae = self.pipeline.vae
        parameter = next(vae.parameters())
        latents = encode_picture(
            vae, pixels.to(self.device, parameter.dtype), self.pipeline.latent_normalizer
        )
        return latents.float()

    @property
    def side(self) -> int:
        """Side of the engine's pictures in pixels."""
        return int(np.broadcast_to(self.pipeline.unet.config.sample_size, 2)[0]) * compression_factor(
            self.pipeline.vae
        )

    def _split(self, embeds: Tensor, latents: Tensor) -> tuple[PairSet, PairSet | None]:
        """Pairs to learn from, and those held back; none where there are fewer than four of either."""
        lesson, share = self.lesson, self.config.held_out
        captions = list(lesson.captions) or [""] * len(latents)
        partners = list(lesson.partners) or [(i, j) for i in range(len(embeds)) for j in range(len(latents))]
        if min(len(embeds), len(latents)) < 4 or share <= 0:
            return PairSet(embeds, latents, captions, partners), None
        kept_i, kept_j = (round(n * (1 - share)) for n in (len(embeds), len(latents)))
        learned = [(i, j) for i, j in partners if i < kept_i and j < kept_j]
        held = [(i, j) for i, j in partners if i >= kept_i and j >= kept_j]
        if not learned or not held:
            return PairSet(embeds, latents, captions, partners), None
        return PairSet(embeds, latents, captions, learned), PairSet(embeds, latents, captions, held)

    def _paint_old(self, report: Report) -> Tensor:
        """Latents [K * old_pictures, C, h, w] that the engine paints from the known sounds."""
        config, embeds = self.config, self.rehearsal.own
        made, total = [], len(embeds)
        for start in range(0, total, 4):
            some = embeds[start : start + 4].to(self.device)
            for copy in range(config.old_pictures):
                out = self.pipeline(
                    audio_embeds=some,
                    num_inference_steps=config.old_steps,
                    guidance_scale=2.0,
                    seed=1000 * copy + start,
                    output_type="latent",
                )
                made.append(out.images.float())
            report("Rehearsing what it knows", min(start + 4, total), total)
        self._old_index = torch.cat(
            [
                torch.arange(start, min(start + 4, total)).repeat(config.old_pictures)
                for start in range(0, total, 4)
            ]
            or [torch.zeros(0, dtype=torch.long)]
        )
        return torch.cat(made) if made else torch.zeros(0)

    def new_rows(self, generator: torch.Generator) -> Rows:
        """Rows of the new thing; a tenth of them without its sound."""
        data, count = self.train_set, self.config.batch_size
        picked = torch.randint(len(data.partners), (count, 2), generator=generator)
        pairs = [data.partners[int(k)] for k in picked[:, 0]]
        index = torch.tensor([i for i, _ in pairs])
        # between two recordings of the thing lie further ones of it
        other = torch.tensor([data.partners[int(k)][0] for k in picked[:, 1]])
        if self.lesson.partners:
            other = index
        variants, crops = data.embeds.shape[1], data.latents.shape[1]
        a, b = (
            data.embeds[i, torch.randint(variants, (count,), generator=generator)] for i in (index, other)
        )
        share = torch.rand(count, 1, generator=generator).to(a) * 0.5
        embeds = F.normalize((1 - share) * a + share * b, dim=-1)
        keep = (torch.rand(count, 1, generator=generator) >= self.config.drop).to(a)
        picture = torch.tensor([j for _, j in pairs])
        latents = data.latents[picture, torch.randint(crops, (count,), generator=generator)]
        named = torch.rand(count, generator=generator) < self.config.word_share
        words = [
            data.captions[j] if use else "" for j, use in zip(picture.tolist(), named.tolist(), strict=True)
        ]
        return self.rows(embeds * keep, latents, torch.ones(count), words, generator)

    def old_rows(self, generator: torch.Generator) -> Rows | None:
        """Rows that rehearse known sounds, glides between them and words alone; None where nothing is
        known.
        """
        count = self.config.rehearsal
        if not len(self.rehearsal.embeds) or not count:
            return None
        number = torch.randint(len(self.old_latents), (count,), generator=generator)
        other = torch.randint(len(self.rehearsal.embeds), (count,), generator=generator)
        kind, share, keep = (torch.rand(count, 1, generator=generator) for _ in range(3))

        def varied(known: Tensor) -> Tensor:
            """Half of them as they are or nearly, the rest between two; a tenth is silent."""
            first, second = known[self._old_index[number]], known[other]
            mixed = F.normalize((1 - share) * first + share * second, dim=-1)
            noise = torch.randn(first.shape, generator=generator) / first.shape[1] ** 0.5
            near = F.normalize(first + NEAR * noise, dim=-1)
            chosen = torch.where(kind < MIXED, mixed, torch.where(kind < MIXED + NEARBY, near, first))
            return (chosen * (keep >= self.config.drop)).to(self.device)

        embeds = varied(self.rehearsal.embeds.cpu())
        own = embeds if self.rehearsal.frozen is None else varied(self.rehearsal.frozen.cpu())
        scales = torch.tensor(REHEARSAL_SCALES)[
            torch.randint(len(REHEARSAL_SCALES), (count,), generator=generator)
        ]
        scales = torch.where(torch.rand(count, generator=generator) < 0.15, 0.0, scales)  # words alone
        phrases = self.rehearsal.phrases
        words = [""] * count
        if phrases:
            named = torch.rand(count, generator=generator) < self.config.word_share
            chosen = torch.randint(len(phrases), (count,), generator=generator)
            words = [phrases[int(k)] if use else "" for k, use in zip(chosen, named.tolist(), strict=True)]
        return self.rows(embeds, self.old_latents[number], scales, words, generator, own)

    def rows(
        self,
        embeds: Tensor,
        latents: Tensor,
        scales: Tensor,
        words: Sequence[str],
        generator: torch.Generator,
        own: Tensor | None = None,
    ) -> Rows:
        """Rows of embeddings [B, D], latents [B, C, h, w], strengths [B] and prompts, with noise."""
        noised = self.diffusion.noised(latents.contiguous(memory_format=torch.channels_last), generator)
        text = torch.cat([self._text(one) for one in words])
        return Rows(embeds.to(self.device), scales.to(self.device), text, noised, own)

    @torch.no_grad()
    def _text(self, prompt: str) -> Tensor:
        """Hidden states [1, L, C] of a prompt; cached."""
        if prompt not in self._words:
            states = encode_prompts(self.pipeline.tokenizer, self.pipeline.text_encoder, [prompt])
            self._words[prompt] = states.float().to(self.device)
        return self._words[prompt]


@dataclass(frozen=True)
class Rows:
    """Rows of a batch: embeddings [B, D], strengths [B], words [B, L, C] and the noised latents.

    own   embeddings [B, D'] by the engine's own encoder
    """

    embeds: Tensor
    scales: Tensor
    words: Tensor
    noised: Noised
    own: Tensor | None = None


def joined_rows(first: Rows, second: Rows) -> Rows:
    """The rows of two batches, one after the other."""
    noisy, times, target = (torch.cat(pair) for pair in zip(first.noised, second.noised, strict=True))
    return Rows(
        torch.cat([first.embeds, second.embeds]),
        torch.cat([first.scales, second.scales]),
        torch.cat([first.words, second.words]),
        (noisy, times, target),
    )


def crops_of(picture: Image.Image, side: int) -> list[Image.Image]:
    """Square crops of a picture at `side` pixels: the largest in its middle, and smaller ones in corners."""
    rgb = picture.convert("RGB")
    width, height = rgb.size
    whole, crops = min(width, height), []
    for number, share in enumerate(CROPS):
        size = round(whole * share)
        room_x, room_y = whole - size, whole - size
        left = (width - whole) // 2 + (room_x if number % 2 else 0)
        top = (height - whole) // 2 + (room_y if number in (2, 3) else 0)
        box = (left, top, left + size, top + size)
        crops.append(rgb.resize((side, side), Image.Resampling.LANCZOS, box=box))
    return crops


def _as_tensor(picture: Image.Image) -> Tensor:
    return torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1).float() / 127.5 - 1
