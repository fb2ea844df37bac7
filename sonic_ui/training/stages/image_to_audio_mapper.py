"""AudioSketch's two small trainings: picture to sound embedding, and rough wish to energy curve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from torch import Tensor, nn

from sonic_ui.audio.energy import smooth, timestamps
from sonic_ui.models.sound_mapper import EnergyModulator, ImageToAudioMapper
from sonic_ui.training.data.envelopes import augment_clip
from sonic_ui.training.data.image_to_sound import ImageToSoundData


class MapperStage:
    """L1 + cosine between the mapped image embedding and the audio embedding of the same scene's sound.

    Source: AudioSketch; V2A-Mapper (arXiv 2308.09300). A little noise on the image embeddings keeps the few
    thousand pictures from being learned by heart.
    """

    def __init__(
        self, pictured: Tensor, embeds: Tensor, mapper: ImageToAudioMapper, *, noise: float = 0.3
    ) -> None:
        self.pictured = F.normalize(pictured, dim=-1)
        self.embeds = F.normalize(embeds[: len(pictured)], dim=-1)
        self.module: nn.Module = mapper
        self.noise = noise

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        return [{"params": list(self.module.parameters()), "lr": learning_rate}]

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        index = torch.randint(0, len(self.pictured), (batch_size,), generator=generator)
        pictured, target = self.pictured[index], self.embeds[index]
        noise = torch.randn(pictured.shape, generator=generator) / pictured.shape[1] ** 0.5
        mapped = self.module(pictured + self.noise * noise)
        size = target.shape[1] ** 0.5  # brings the L1 of unit vectors to about one
        l1 = F.l1_loss(mapped, target) * size
        cosine = 1 - (mapped * target).sum(-1).mean()
        return l1 + cosine, {"l1": l1.item(), "cosine": 1 - cosine.item()}

    def sample(self, module: nn.Module, path: Path) -> None:
        """Nothing to look at: `sonic_ui.evaluation` names what is heard."""


def natural_energy(energy: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """The smoothed energy [T] as a share of its largest; silence stays zero."""
    curve = smooth(energy)
    return curve / np.float32(max(float(curve.max(initial=0.0)), 1e-9))


def rough_target(curve: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """What a person might have sketched of an energy curve [T]: a strip of moments, steps, or a rough line.

    Random median filters after Sketch2Sound (arXiv 2412.08550).
    """
    kind = int(rng.choice(4, p=[0.5, 0.15, 0.25, 0.1]))
    if kind == 0:
        strip = timestamps(curve, float(rng.uniform(0.08, 0.45)))
        shift = int(rng.integers(-4, 5))
        return median_filter(np.roll(strip, shift), int(rng.choice([1, 5, 9])))
    if kind == 1:
        step, heights = int(rng.integers(12, 80)), int(rng.integers(2, 8))
        means = np.add.reduceat(curve, np.arange(0, len(curve), step)) / step
        return (np.round(np.repeat(means, step)[: len(curve)] * heights) / heights).astype(np.float32)
    if kind == 2:
        return median_filter(curve, int(rng.integers(3, 40))).astype(np.float32)
    return curve


class ModulatorStage:
    """L1 between the modulator's curve and the energy of the sound, from rough wishes or from none.

    `embeds` are what the mapper makes of the pictures (of the sounds where there is no picture).
    """

    def __init__(
        self, data: ImageToSoundData, embeds: Tensor, modulator: EnergyModulator, *, no_target: float = 0.15
    ) -> None:
        self.data, self.embeds, self.no_target = data, embeds, no_target
        self.module: nn.Module = modulator

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        return [{"params": list(self.module.parameters()), "lr": learning_rate}]

    def example(self, i: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(wish, energy) [T] of one sound: as it is, shifted, or under a drawn curve."""
        energy = np.roll(self.data.energies[i], int(rng.integers(self.data.energies.shape[1])))
        if rng.random() < 0.4:
            _, energy = augment_clip(self.data.mels[i][:, :1], energy, rng)
        curve = natural_energy(energy)
        return np.clip(rough_target(curve, rng), 0, 1), curve

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
        index = rng.integers(0, len(self.data.scenes), batch_size)
        wishes, curves = zip(*(self.example(int(i), rng) for i in index), strict=True)
        given = torch.from_numpy((rng.random(batch_size) >= self.no_target).astype(np.float32))
        made = self.module(torch.from_numpy(np.stack(wishes)), given, self.embeds[torch.from_numpy(index)])
        error = (made - torch.from_numpy(np.stack(curves))).abs().mean(-1)  # [B]
        told = (error * given).sum() / given.sum().clamp(min=1)
        return error.mean(), {"l1_told": told.item()}

    def sample(self, module: nn.Module, path: Path) -> None:
        """Nothing to look at: `sonic_ui.evaluation` draws the curves."""
