"""AudioSketch's two small trainings: image to audio embedding, and rough sketch to energy curve."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from torch import Tensor

from sonic_ui.audio.energy import smooth, timestamps
from sonic_ui.models.sound_mapper import EnergyModulator, ImageToAudioMapper
from sonic_ui.scenes.world import SOURCES
from sonic_ui.training.data.image_to_sound import augment_clip, training_sounds
from sonic_ui.training.run import Run, Stage, stage


@stage("image_to_audio_mapper")
class MapperStage(Stage):
    """L1 + cosine between the mapped image embedding and the audio embedding of the same scene's sound.

    Source: AudioSketch; V2A-Mapper (arXiv 2308.09300). A little noise on the image embeddings keeps the few
    thousand pictures from being learned by heart.
    """

    def __init__(self, run: Run) -> None:
        data = training_sounds(run)
        self.image_embeds = F.normalize(data.image_embeds, dim=-1)
        self.embeds = F.normalize(data.embeds[: len(data.image_embeds)], dim=-1)
        self.module = new_mapper(run)

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        index = torch.randint(0, len(self.image_embeds), (batch_size,), generator=generator)
        target = self.embeds[index]
        mapped = self.module(with_noise(self.image_embeds[index], generator))
        size = target.shape[1] ** 0.5  # brings the L1 of unit vectors to about one
        l1 = F.l1_loss(mapped, target) * size
        cosine = 1 - (mapped * target).sum(-1).mean()
        return l1 + cosine, {"l1": l1.item(), "cosine": 1 - cosine.item()}


def with_noise(embeds: Tensor, generator: torch.Generator, amount: float = 0.3) -> Tensor:
    """Embeddings [B, D] of unit length with noise whose length is about `amount`."""
    return embeds + amount * torch.randn(embeds.shape, generator=generator) / embeds.shape[1] ** 0.5


def natural_energy(energy: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """The smoothed energy [T] as a share of its largest; silence stays zero."""
    curve = smooth(energy)
    return curve / np.float32(max(float(curve.max(initial=0.0)), 1e-9))


def rough_target(curve: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Sketch of an energy curve [T] as a person might make it: a strip of moments, steps, or a rough line.

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


@stage("energy_modulator")
class ModulatorStage(Stage):
    """L1 between the modulator's curve and the energy of the sound, from rough sketches or from none.

    embeds   audio embeddings that the mapper predicts from the pictures (the sound's where there is none)
    """

    no_target = 0.15

    def __init__(self, run: Run) -> None:
        self.data, self.embeds = training_sounds(run), mapped_embeds(run)
        self.module = new_modulator(run)

    def example(self, i: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(sketch, energy) [T] of one sound: as it is, shifted, or under a drawn curve."""
        energy = np.roll(self.data.energies[i], int(rng.integers(self.data.energies.shape[1])))
        if rng.random() < 0.4:
            _, energy = augment_clip(self.data.mels[i][:, :1], energy, rng)
        curve = natural_energy(energy)
        return np.clip(rough_target(curve, rng), 0, 1), curve

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))
        index = rng.integers(0, len(self.data.scenes), batch_size)
        sketches, curves = zip(*(self.example(int(i), rng) for i in index), strict=True)
        given = torch.from_numpy((rng.random(batch_size) >= self.no_target).astype(np.float32))
        embeds = self.embeds[torch.from_numpy(index)]
        predicted = self.module(torch.from_numpy(np.stack(sketches)), given, embeds)
        error = (predicted - torch.from_numpy(np.stack(curves))).abs().mean(-1)  # [B]
        with_sketch = (error * given).sum() / given.sum().clamp(min=1)
        return error.mean(), {"l1_with_sketch": with_sketch.item()}


def new_mapper(run: Run) -> ImageToAudioMapper:
    data, width = training_sounds(run), run.recipe["image_to_audio_mapper"]["width"]
    return ImageToAudioMapper(data.image_embeds.shape[1], data.embeds.shape[1], width)


def trained_mapper(run: Run) -> ImageToAudioMapper:
    return run.load("image_to_audio_mapper", new_mapper(run))


@torch.no_grad()
def mapped_embeds(run: Run) -> Tensor:
    """Audio embeddings [N, D] that the mapper predicts from the pictures; without a picture the sound's."""
    data = training_sounds(run)
    embeds = data.embeds.clone()
    embeds[: len(data.image_embeds)] = trained_mapper(run)(data.image_embeds)
    return embeds


def new_modulator(run: Run) -> EnergyModulator:
    return EnergyModulator(training_sounds(run).embeds.shape[1], run.recipe["energy_modulator"]["width"])


def trained_modulator(run: Run) -> EnergyModulator:
    return run.load("energy_modulator", new_modulator(run))


def remembering_modulator(run: Run, per_source: int = 16) -> EnergyModulator:
    """The trained modulator with the envelopes of `per_source` clearly audible sounds of every source."""
    data = training_sounds(run)
    single = [(i, s.sources[0]) for i, s in enumerate(data.scenes) if len(s.sources) == 1]
    chosen: list[int] = []
    for name in SOURCES:
        of_name = [i for i, source in single if source.name == name and source.level > 0.3]
        chosen += of_name[:per_source]
    energies = np.stack([natural_energy(data.energies[i]) for i in chosen])
    return trained_modulator(run).remembering(data.embeds[chosen], torch.from_numpy(energies))
