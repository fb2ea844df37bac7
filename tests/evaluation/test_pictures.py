"""The measures, on pictures and embeddings whose answers are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from sonic_ui.evaluation import pictures as measure
from sonic_ui.evaluation.held_out import HeldOutClip, mixed_clips, real_clips, synthetic_clips
from sonic_ui.scenes.world import SOURCES

RATE = 48_000


class GreyJudge:
    """Reads a picture's grey as the level of every source; red says which one is present."""

    def read(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        value = ((pictures + 1) * 127.5).round()
        presence = torch.zeros(len(pictures), len(SOURCES))
        for i, red in enumerate(value[:, 0, 0, 0].int().tolist()):
            presence[i, red % len(SOURCES)] = 1.0
        level = value[:, 1].mean((1, 2)) / 255
        return presence, level[:, None].expand(-1, len(SOURCES))


def flat(red: int, green: int = 0) -> Image.Image:
    return Image.new("RGB", (4, 4), (red, green, 0))


def clip(source: str) -> HeldOutClip:
    return HeldOutClip(source, np.zeros(8, np.float32), (source,))


def test_aic_is_the_share_of_pictures_that_show_their_sound() -> None:
    shown = [flat(0), flat(1), flat(5), flat(3)]
    heard = [clip(SOURCES[k]) for k in (0, 1, 2, 3)]
    accuracy, by_source = measure.source_accuracy(GreyJudge(), shown, heard)  # type: ignore[arg-type]
    assert accuracy == pytest.approx(0.75)
    assert by_source[SOURCES[2]] == 0.0 and by_source[SOURCES[3]] == 1.0


def test_aic_among_some_classes_looks_at_those_alone() -> None:
    accuracy, _ = measure.source_accuracy(GreyJudge(), [flat(7)], [clip(SOURCES[2])], SOURCES[2:3])  # type: ignore[arg-type]
    assert accuracy == 1.0


def test_share_beaten_is_one_for_own_pairs_and_half_by_chance() -> None:
    assert measure.retrieval_rate(torch.eye(5)) == 1.0
    chance = torch.rand(400, 400, generator=torch.Generator().manual_seed(0))
    assert measure.retrieval_rate(chance) == pytest.approx(0.5, abs=0.05)


def test_held_out_sounds_are_the_same_every_time_and_of_every_source() -> None:
    first, again = synthetic_clips(1, 32), synthetic_clips(1, 32)
    assert [c.sources for c in first] == [(name,) for name in SOURCES]
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(first, again, strict=True))
    assert all(len(c.sources) == 2 for c in mixed_clips(3, 32))


def test_real_recordings_held_out_are_fold_4() -> None:
    data = Path(__file__).resolve().parents[3] / "shared" / "data"
    if not data.exists():
        pytest.skip("the real recordings are not here")
    clips = real_clips(data)
    assert len(clips) == 64 and len({c.sources for c in clips}) == 8
    assert all("_4-" in c.name for c in clips)
