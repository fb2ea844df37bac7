"""The vocoder: log-mels, true ones and as the sound autoencoder leaves them, become samples."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from sonic_ui.models.mel import HOP, log_mel, spectrum
from sonic_ui.models.vocoder import SpectralVocoder
from sonic_ui.training.critic import CriticLoss
from sonic_ui.training.data.sound_samples import load_sound_samples
from sonic_ui.training.run import Run, Stage, artifact, save_sheet, stage
from sonic_ui.training.stages.sound_diffusion import read_mels, trained_mel_autoencoder, written_mels

COMPARED_WINDOWS = (256, 512, 1024, 2048)
CRITIC_WINDOWS = (256, 1024)
QUIETEST = 1e-3
"""Magnitudes below this are not told apart: -108 dB of a sine of full scale."""

MOST_GAIN_DB = 9.0


def magnitudes(samples: Tensor, window: int) -> Tensor:
    """Magnitudes [B, window / 2 + 1, 4 T / window + 1] of samples [B, T]."""
    return spectrum(samples, window, window // 4).abs()


def spectral_loss(output: Tensor, target: Tensor) -> Tensor:
    """Distance of magnitudes in several resolutions: of their logarithms, and over their norm.

    Source: Parallel WaveGAN (arXiv 1910.11480), equations 3 to 6.
    """
    total = output.new_zeros(())
    for window in COMPARED_WINDOWS:
        a, b = magnitudes(output, window), magnitudes(target, window)
        total = total + F.l1_loss(a.clamp(min=QUIETEST).log(), b.clamp(min=QUIETEST).log())
        total = total + (a - b).norm() / b.norm().clamp(min=1e-3)
    return total / len(COMPARED_WINDOWS)


class SpectrumCritic(nn.Module):
    """Samples [B, T] -> scores of regions of their spectra, all resolutions in one row, and the maps.

    Source: UnivNet (arXiv 2106.07889), section 2.3; of logarithms of magnitudes here.
    """

    def __init__(self, channels: tuple[int, ...] = (16, 32, 32)) -> None:
        super().__init__()
        sides = list(zip((1, *channels[:-1]), channels, strict=True))
        self.stacks = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(a, b, (7, 3), (2, 1), (3, 1)) for a, b in sides) for _ in CRITIC_WINDOWS
        )
        self.scores = nn.ModuleList(nn.Conv2d(channels[-1], 1, 3, 1, 1) for _ in CRITIC_WINDOWS)

    def forward(self, samples: Tensor) -> tuple[Tensor, list[Tensor]]:
        with torch.autocast(samples.device.type, torch.bfloat16):
            scores, maps = self._judged(samples)
        return scores.float(), [one.float() for one in maps]

    def _judged(self, samples: Tensor) -> tuple[Tensor, list[Tensor]]:
        scores, maps = [], []
        for window, layers, score in zip(CRITIC_WINDOWS, self.stacks, self.scores, strict=True):
            x = (magnitudes(samples.float(), window).clamp(min=QUIETEST).log()[:, None] + 2) / 3
            x = x.contiguous(memory_format=torch.channels_last)
            for layer in layers:
                x = F.leaky_relu(layer(x), 0.2)
                maps.append(x)
            scores.append(score(x).flatten(1))
        return torch.cat(scores, 1), maps


class VocoderAndCritic(nn.Module):
    """The parts that this stage trains; only the vocoder is used afterwards."""

    def __init__(self, vocoder: SpectralVocoder) -> None:
        super().__init__()
        self.vocoder, self.critic = vocoder, SpectrumCritic()


@stage("vocoder")
class VocoderStage(Stage):
    """Log-mels -> samples, by the distance of spectra and a critic of them. Keys of the recipe:

    crop           frames of a crop
    decoded_share  of the crops, those whose log-mels the sound autoencoder has written and read back
    critic_from    step at which the critic begins; its weight grows over the next `critic_ramp` steps
    """

    opinion, matching, critic_ramp = 0.5, 1.0, 200

    def __init__(self, run: Run) -> None:
        recipe = run.recipe["vocoder"]
        self.crop, self.decoded_share = recipe["crop"], recipe["decoded_share"]
        self.critic_from = recipe["critic_from"]
        self.samples = load_sound_samples(run.folder / "sound_samples", "train")
        self.mels, self.decoded = training_mels(run, self.samples.samples)
        torch.manual_seed(run.loop("vocoder").seed)
        self.module = VocoderAndCritic(new_vocoder(run)).to(memory_format=torch.channels_last)
        self.losses = CriticLoss(self.opinion, self.matching)
        self.step = run.step("vocoder")

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        parts: Any = self.module
        return [
            {"params": list(parts.vocoder.parameters()), "lr": learning_rate},
            {"params": list(parts.critic.parameters()), "lr": learning_rate / 4, "weight_decay": 0.0},
        ]

    def batch(self, generator: torch.Generator, size: int) -> tuple[Tensor, Tensor]:
        """Log-mels [B, crop, M] at several levels and their samples [B, crop * hop]."""
        index = torch.randint(len(self.mels), (size,), generator=generator).tolist()
        begin = torch.randint(self.mels.shape[1] - self.crop + 1, (size,), generator=generator).tolist()
        decoded = (torch.rand(size, generator=generator) < self.decoded_share).tolist()
        mels = torch.stack(
            [
                (self.decoded if soft else self.mels)[i, b : b + self.crop].float()
                for i, b, soft in zip(index, begin, decoded, strict=True)
            ]
        )
        rows = self.samples.float32(np.array(index))
        cut = [row[HOP * b : HOP * (b + self.crop)] for row, b in zip(rows, begin, strict=True)]
        gain = (2 * torch.rand(size, generator=generator) - 1) * MOST_GAIN_DB * np.log(10) / 20
        return mels + gain[:, None, None], torch.from_numpy(np.stack(cut)) * gain.exp()[:, None]

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        parts: Any = self.module
        mels, target = self.batch(generator, batch_size)
        noise = torch.randn(batch_size, parts.vocoder.config.noise, self.crop, generator=generator)
        output = parts.vocoder(mels, noise, iterations=0)
        share = min(1.0, max(0, self.step - self.critic_from) / self.critic_ramp)
        self.step += 1
        return self.losses(lambda shown: spectral_loss(shown, target), parts.critic, output, target, share)

    @torch.no_grad()
    def sample(self, module: nn.Module, path: Path) -> None:
        """Spectrograms of six crops above those of what is made of their log-mels."""
        vocoder: Any = module.vocoder
        mels, target = self.batch(torch.Generator().manual_seed(0), 6)
        both = torch.cat([target, vocoder(mels)])
        pictures = magnitudes(both, 512).clamp(min=QUIETEST).log().flip(1) / 5
        save_sheet(pictures[:, None].expand(-1, 3, -1, -1), path, columns=6)


@torch.no_grad()
def training_mels(run: Run, samples: NDArray[np.int16]) -> tuple[Tensor, Tensor]:
    """Log-mels [N, frames, M] float16 of samples [N, T], and as the sound autoencoder leaves them; stored."""
    path = run.folder / "vocoder_mels.pt"
    if not path.exists():
        vae, true, decoded = trained_mel_autoencoder(run), [], []
        for start in range(0, len(samples), 20):
            part = samples[start : start + 20].astype(np.float32) / 32767
            mels = log_mel(torch.from_numpy(part))
            true.append(mels.half())
            decoded.append(written_mels(vae(read_mels(mels)).sample).half())
        torch.save((torch.cat(true), torch.cat(decoded)), path)
    stored: tuple[Tensor, Tensor] = torch.load(path, weights_only=True)
    return stored


def new_vocoder(run: Run) -> SpectralVocoder:
    recipe = run.recipe["vocoder"]
    return SpectralVocoder(width=recipe["width"], inner=recipe["inner"], blocks=recipe["blocks"])


@artifact
def trained_vocoder(run: Run) -> SpectralVocoder:
    parts = run.load("vocoder", VocoderAndCritic(new_vocoder(run)))
    vocoder: SpectralVocoder = parts.vocoder
    return vocoder
