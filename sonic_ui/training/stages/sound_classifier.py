"""The evaluation's classifier of sounds, trained on sounds of its own, under random envelopes.

It does not condition, rank or guide what is generated: CLAP does, and CLAP goes by rise and fall as well.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sonic_ui.models.mel import LOG_FLOOR, log_mel
from sonic_ui.models.sound_classifier import SoundClassifier
from sonic_ui.pipelines.energy_guidance import frame_energy
from sonic_ui.scenes.world import SOURCES
from sonic_ui.training.data.image_to_sound import drawn_curve
from sonic_ui.training.data.sound_samples import load_sound_samples
from sonic_ui.training.run import Run, Stage, artifact, stage

CURVES = 400
"""Drawn curves that envelopes are taken from."""

MOST_LIFT_NATS = 3.0


@stage("sound_classifier")
class SoundClassifierStage(Stage):
    """Cross-entropy of the source of single sounds.

    enveloped    share of a batch under a drawn curve; at most half of the sound's own rise and fall is evened
                 out, so that a drone of one bark is not taught to be a dog
    """

    enveloped = 0.7

    def __init__(self, run: Run) -> None:
        data = load_sound_samples(run.folder / "sound_samples", "classifier")
        single = np.array([i for i, scene in enumerate(data.scenes) if len(scene.sources) == 1])
        self.labels = torch.tensor([SOURCES.index(data.scenes[i].sources[0].name) for i in single])
        parts = [
            log_mel(torch.from_numpy(data.float32(index))).half()
            for index in np.split(single, range(50, len(single), 50))
        ]
        self.mels = torch.cat(parts)
        rng = np.random.default_rng(0)
        curves = [drawn_curve(rng, self.mels.shape[1]) for _ in range(CURVES)]
        self.curves = torch.from_numpy(np.stack(curves))
        torch.manual_seed(run.loop("sound_classifier").seed)
        self.module = new_sound_classifier(run)

    def batch(self, index: Tensor, generator: torch.Generator) -> Tensor:
        """Log-mels [B, T, M]: moved in time, most of them under a curve, tilted, blurred or noisy."""
        count = len(index)

        def uniform(low: float, high: float) -> Tensor:
            return torch.rand(count, 1, 1, generator=generator) * (high - low) + low

        moved = int(torch.randint(self.mels.shape[1], (), generator=generator))
        mels = self.mels[index].float().roll(moved, 1)
        curves = self.curves[torch.randint(len(self.curves), (count,), generator=generator)][..., None]
        floor = 10 ** uniform(-2.5, -0.5)
        level = F.avg_pool1d(frame_energy(mels)[:, None], 5, 1, 2)[:, 0, :, None]
        rest = (level.amax(1, keepdim=True) - level).clamp(max=MOST_LIFT_NATS)
        evened = uniform(-0.5, 0.5).clamp(min=0) * rest
        gain = (floor + (1 - floor) * curves).log() + evened
        mels = mels + gain * (uniform(0, 1) < self.enveloped)
        slope = torch.linspace(-1, 1, mels.shape[2]) * 0.4 * torch.randn(count, 1, 1, generator=generator)
        share = uniform(-0.8, 0.8).clamp(min=0)
        mels = (1 - share) * mels + share * (mels.roll(1, 1) + mels.roll(-1, 1)) / 2 + slope
        mels = mels + uniform(0, 0.5) * torch.randn(mels.shape, generator=generator)
        return mels.clamp(min=LOG_FLOOR)

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        index = torch.randint(0, len(self.mels), (batch_size,), generator=generator)
        logits, labels = self.module(self.batch(index, generator)), self.labels[index]
        hit = (logits.argmax(-1) == labels).float().mean()
        return F.cross_entropy(logits, labels, label_smoothing=0.05), {"hit": hit.item()}


def new_sound_classifier(run: Run) -> SoundClassifier:
    return SoundClassifier(len(SOURCES), tuple(run.recipe["sound_classifier"]["widths"]))


@artifact
def trained_sound_classifier(run: Run) -> SoundClassifier:
    return run.load("sound_classifier", new_sound_classifier(run))
