"""Presence classifier of the evaluation, trained on renders alone, never on generated pictures."""

import torch
from torch import Tensor, nn

from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.scenes.world import SOURCES
from sonic_ui.training.data.rendering import training_pictures
from sonic_ui.training.run import Run, Stage, artifact, stage
from sonic_ui.training.stages.autoencoder import picture_batch
from sonic_ui.training.stages.clip import scene_factors


@stage("presence_classifier")
class PresenceClassifierStage(Stage):
    """Presence and level of every source, from renders that are shifted, dimmed and blurred a little."""

    def __init__(self, run: Run) -> None:
        self.pictures, self.scenes = training_pictures(run)
        self.module = PresenceClassifier(len(SOURCES)).to(memory_format=torch.channels_last)

    def augment(self, pictures: Tensor, generator: torch.Generator) -> Tensor:
        """Small changes that leave the scene the same: contrast, colour, softness, noise."""
        b = len(pictures)
        gain = 1 + 0.12 * torch.randn(b, 3, 1, 1, generator=generator)
        lift = 0.08 * torch.randn(b, 1, 1, 1, generator=generator)
        soft = nn.functional.avg_pool2d(pictures, 3, 1, 1)
        share = torch.rand(b, 1, 1, 1, generator=generator)
        noise = 0.03 * torch.randn(pictures.shape, generator=generator)
        return ((pictures * (1 - share) + soft * share) * gain + lift + noise).clamp(-1, 1)

    def loss(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, dict[str, float]]:
        index = torch.randint(0, len(self.pictures), (batch_size,), generator=generator)
        batch = picture_batch(self.pictures, index, crop=None, generator=generator)
        levels, presence = scene_factors(self.scenes, index)
        logits, level = self.module(self.augment(batch, generator))
        here = (
            nn.functional.binary_cross_entropy_with_logits(logits, presence, reduction="none").sum(-1).mean()
        )
        error = ((level - levels).abs() * presence).sum() / presence.sum()
        hit = presence.gather(1, logits.argmax(-1, keepdim=True)).mean()
        return here + 4 * error, {"source_hit": float(hit), "level_error": error.item()}


@artifact
def trained_classifier(run: Run) -> PresenceClassifier:
    return run.load("presence_classifier", PresenceClassifier(len(SOURCES)))
