"""Figures of papers on answers that are known."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from sonic_ui.evaluation import quality
from sonic_ui.evaluation.held_out import SAMPLE_RATE, HeldOutClip
from sonic_ui.scenes.world import SOURCES


def test_the_inception_score_counts_what_is_seen_clearly() -> None:
    assert quality.inception_score(torch.eye(4)) == pytest.approx(4.0, rel=1e-3)
    assert quality.inception_score(torch.full((4, 4), 0.25)) == pytest.approx(1.0)
    assert quality.inception_score(torch.eye(4)[[0, 0, 0]]) == pytest.approx(1.0, rel=1e-3)


def test_the_clip_score_is_a_cosine() -> None:
    one, other = torch.eye(2)[:1], torch.eye(2)[1:]
    assert quality.clip_score(one, one) == 2.5 and quality.clip_score(one, other) == 0.0
    assert quality.clip_score(one, -one) == 0.0


def test_shares_are_alike_where_they_are_the_same() -> None:
    shares = torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    assert torch.allclose(quality.likeness(shares, shares), torch.eye(2))


def test_pictures_that_are_the_renders_have_their_figures() -> None:
    """Grey says which source it is, to every network."""
    rng = np.random.default_rng(0)
    clips = [
        HeldOutClip(name, (0.1 * rng.standard_normal(SAMPLE_RATE)).astype(np.float32), (name,), picture)
        for number, name in enumerate(SOURCES)
        for picture in [np.full((4, 4, 3), 10 * number, np.uint8)]
    ]

    def numbers(pictures: Tensor) -> Tensor:
        return ((pictures[:, 0, 0, 0] + 1) * 127.5 / 10).round().long()

    class Judge:
        def predict(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
            presence = torch.nn.functional.one_hot(numbers(pictures), len(SOURCES)).float()
            return presence, presence

    class Features:
        def eval(self) -> None: ...

        def features(self, pictures: Tensor) -> Tensor:
            found = numbers(pictures)[:, None].float()
            return torch.cat([found, found.square()], -1)

    class Encoder:
        clip = SimpleNamespace(
            config=SimpleNamespace(vision_config=SimpleNamespace(image_size=4)),
            get_image_features=lambda pixel_values: SimpleNamespace(
                pooler_output=torch.nn.functional.one_hot(numbers(pixel_values), len(SOURCES)).float()
            ),
        )

        def encode_words(self, words: Sequence[str]) -> Tensor:
            return torch.eye(len(SOURCES))

    def classifier(mels: Tensor) -> Tensor:
        return torch.zeros(len(mels), len(SOURCES))

    assert clips[0].picture is not None
    pictures = [Image.fromarray(clip.picture) for clip in clips if clip.picture is not None]
    any_classifier: Any = classifier
    found = quality.quality_metrics(Judge(), Features(), Encoder(), any_classifier, clips, pictures)  # type: ignore[arg-type]
    figures = {metric.name: metric.value for metric in found}
    assert figures["Fréchet distance of pictures from sounds to the same scenes' renders"] == pytest.approx(
        0, abs=1e-3
    )
    assert figures["inception score of pictures"] == figures["inception score of renders"] > 15.9
    assert figures["CLIPscore of pictures (grades itself)"] == pytest.approx(2.5)
    assert figures["sound and picture alike, pictures"] == 0.0, "these sounds are heard as everything alike"
