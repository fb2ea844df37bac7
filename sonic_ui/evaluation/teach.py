"""Teaching measured: a source that the world does not have, from a few recordings and pictures.

Its pictures are drawn (`new_sources`), its sounds are real: those of the table that may train teach it, and
others are painted. Pictures are named by a linear probe on the features of the bundle's judge, which never
took part in painting, trained here on other renders of the sixteen sources, of the new one, and of spoiled
ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from sonic_ui.audio.clips import load_clip
from sonic_ui.evaluation.held_out import HeldOutClip, single_source_scenes
from sonic_ui.evaluation.image_metrics import as_tensor
from sonic_ui.evaluation.metrics import Metric
from sonic_ui.evaluation.new_sources import NewSource, paint_new
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.pipelines.teaching import Teaching
from sonic_ui.pipelines.teaching_data import Lesson, Rehearsal, TeachingConfig
from sonic_ui.requests import BadInput
from sonic_ui.scenes.render import paint
from sonic_ui.scenes.world import SOURCES
from sonic_ui.training.data.recordings import REPORT, TRAIN, read_recordings
from sonic_ui.training.stages.presence_classifier import SPOILERS

REPORTED = "crying_baby"
"""Settings were chosen on the other source of `new_sources`."""
KNOWN = Path("assets/examples/sounds")
GIVEN = 8
"""Recordings and pictures that are given."""
SEED_OF_GIVEN, SEED_OF_PROBE = 0, 10_000
"""Of pictures: those that teach, and those of the probe."""
PROBE_RENDERS, PROBE_NEW, PROBE_STEPS = 16, 96, 400
NOTHING = 1


class Probe:
    """Linear classifier of pictures on a frozen network's features: the sixteen, the new one, and nothing."""

    def __init__(self, network: PresenceClassifier, source: NewSource, size: int) -> None:
        self._network = network.eval()
        scenes = single_source_scenes(PROBE_RENDERS, stream=77)
        known = [np.asarray(paint(scene, size)) for scene in scenes]
        new = [np.asarray(paint_new(source, SEED_OF_PROBE + k, size)) for k in range(PROBE_NEW)]
        targets = [SOURCES.index(scene.sources[0].name) for scene in scenes] + [len(SOURCES)] * len(new)
        features, labels = [], []
        generator = torch.Generator().manual_seed(5)
        for start in range(0, len(targets), 32):
            pictures = as_tensor(np.stack([*known, *new][start : start + 32]))
            spoiler = SPOILERS[(start // 32) % len(SPOILERS)]
            some = targets[start : start + 32]
            features += [self._features(pictures), self._features(spoiler(pictures, generator))[::3]]
            labels += [*some, *[len(SOURCES) + NOTHING] * len(some[::3])]
        self._head = self._fitted(torch.cat(features), torch.tensor(labels))

    def _features(self, pictures: Tensor) -> Tensor:
        with torch.no_grad():
            return self._network.features(pictures)

    def _fitted(self, features: Tensor, labels: Tensor) -> nn.Module:
        """Balanced softmax regression, on features of zero mean and unit deviation."""
        self._mean, self._std = features.mean(0), features.std(0) + 1e-3
        head = nn.Linear(features.shape[1], len(SOURCES) + 1 + NOTHING)
        counts = torch.bincount(labels, minlength=len(SOURCES) + 1 + NOTHING).float()
        optimizer = torch.optim.AdamW(head.parameters(), lr=1e-2, weight_decay=1e-2)
        inputs = (features - self._mean) / self._std
        with torch.enable_grad():
            for _ in range(PROBE_STEPS):
                optimizer.zero_grad()
                F.cross_entropy(head(inputs), labels, weight=1 / counts.clamp(min=1)).backward()
                optimizer.step()
        return head

    @torch.no_grad()
    def name(self, pictures: Sequence[Image.Image]) -> NDArray[np.int64]:
        """Number of the source of each picture [N]: len(SOURCES) is the new one, one more is nothing."""
        features = torch.cat(
            [self._features(as_tensor(pictures[i : i + 16])) for i in range(0, len(pictures), 16)]
        )
        return np.asarray(self._head((features - self._mean) / self._std).argmax(1))


@dataclass(frozen=True)
class NewSounds:
    """Recordings of a new source, mono [T] at 48 kHz each: those that teach, and others."""

    given: tuple[NDArray[np.float32], ...]
    others: tuple[NDArray[np.float32], ...]


def recordings_of(source: NewSource, data: Path, count: int = GIVEN) -> NewSounds:
    """The first recordings that may train, and those to report on, or further ones where there are none.

    Raises BadInput without the folder of recordings.
    """
    found = [one for one in read_recordings(data, (TRAIN, REPORT)) if one.label == source.label]
    train = [one.path for one in found if one.use == TRAIN]
    report = [one.path for one in found if one.use == REPORT]
    if len(train) < count:
        raise BadInput(
            f"There are no {count} recordings of {source.label} in {data.name}; give --data FOLDER."
        )
    order = np.random.default_rng(19).permutation(len(train))
    given, rest = [train[k] for k in order[:count]], [train[k] for k in order[count:]]

    def samples(paths: Sequence[Path]) -> tuple[NDArray[np.float32], ...]:
        return tuple(np.asarray(load_clip(path, 48_000).samples, np.float32) for path in paths)

    return NewSounds(samples(given), samples((report or rest)[:count]))


def lesson_of(source: NewSource, sounds: NewSounds, size: int, count: int = GIVEN) -> Lesson:
    """The recordings that teach, and as many pictures."""
    return Lesson(sounds.given, tuple(paint_new(source, SEED_OF_GIVEN + k, size) for k in range(count)))


Paint = Callable[[Any, Sequence[NDArray[np.float32]], int], list[Image.Image]]
"""Paints a picture of each sound with a pipeline; the number is the first seed."""


@dataclass(frozen=True)
class Taught:
    """What came of a teaching: shares of pictures named rightly, and the pictures.

    new, new_before   of the new source's other recordings; others, others_before: of the world's sources
    """

    new: float
    new_before: float
    others: float
    others_before: float
    steps: int
    before: list[Image.Image]
    after: list[Image.Image]


def teach_and_measure(
    pipeline: Any,
    probe: Probe,
    source: NewSource,
    sounds: NewSounds,
    rehearsal: Rehearsal,
    config: TeachingConfig,
    paint_sounds: Paint,
    size: int,
    clips: Sequence[HeldOutClip],
    report: Callable[[str], None] = print,
) -> Taught:
    """Teach a pipeline and paint with it before and after: the new source twice a recording, the others
    once.
    """
    teaching = Teaching(pipeline, lesson_of(source, sounds, size), rehearsal, config)
    new, known = [*sounds.others] * 2, [clip.samples for clip in clips]
    targets = np.array([SOURCES.index(clip.sources[0]) for clip in clips])
    before, known_before = paint_sounds(pipeline, new, 0), paint_sounds(pipeline, known, 50)
    teaching.prepare()
    while not teaching.is_over:
        loss = teaching.step()
        if teaching.step_number % 10 == 0:
            report(f"step {teaching.step_number}: {loss:.4f}, held out {teaching.best:.4f}")
    teaching.finish()
    painter = teaching.painter()
    after, known_after = paint_sounds(painter, new, 0), paint_sounds(painter, known, 50)
    return Taught(
        float((probe.name(after) == len(SOURCES)).mean()),
        float((probe.name(before) == len(SOURCES)).mean()),
        float((probe.name(known_after) == targets).mean()),
        float((probe.name(known_before) == targets).mean()),
        teaching.best_step or teaching.step_number,
        before + known_before,
        after + known_after,
    )


def teach_metrics(taught: Taught, source: NewSource, clips: int) -> list[Metric]:
    """The figures of a teaching."""
    note = f"{source.word}: {GIVEN} recordings, {GIVEN} pictures, best at step {taught.steps}"
    return [
        Metric("teach: a seventeenth source, named rightly", taught.new, 0.7, note=note),
        Metric("teach: the same before", taught.new_before),
        Metric(
            "teach: the others, loss of those named rightly",
            taught.others_before - taught.others,
            0.03,
            at_least=False,
            note=f"{clips} sounds: {taught.others_before:.3f} before, {taught.others:.3f} after",
        ),
    ]
