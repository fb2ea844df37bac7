"""Figures of captions, with captioners whose answers are known; painting by caption on tiny networks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import CLIPImageProcessorPil

from sonic_ui.evaluation import captions
from sonic_ui.evaluation.held_out import HeldOutClip
from sonic_ui.evaluation.image_metrics import Painter
from sonic_ui.media.captions import Caption
from sonic_ui.models.encoders import ImageEncoder
from sonic_ui.models.presence_classifier import PresenceClassifier
from sonic_ui.pipelines.caption_attention import table_tagger
from sonic_ui.pipelines.direct_optimization import OptimizationSettings
from sonic_ui.scenes.world import SOURCES, Scene, SourceInstance
from sonic_ui.testing import tiny_models as tiny
from sonic_ui.testing.tiny_bundle import debug_pipeline

NOISE = np.random.default_rng(0).normal(0, 0.1, 48_000).astype(np.float32)


class Answers:
    """Writes the captions that it was given, in turn."""

    def __init__(self, *texts: str) -> None:
        self._texts = [*texts]

    def write(self, samples: np.ndarray, top_k: int = 1, seed: int = 0) -> Caption:
        words = self._texts.pop(0).split()
        return Caption(tuple(words), (0.5,) * len(words))

    def score(self, samples: np.ndarray, text: str) -> Caption:
        return Caption(tuple(text.split()), (0.5,) * len(text.split()))


def scene(*sources: tuple[str, float], room: str = "town") -> Scene:
    return Scene(tuple(SourceInstance(*one) for one in sources), "day", room, "painting", 0)


@pytest.fixture(autouse=True)
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scenes are not rendered."""
    monkeypatch.setattr(captions, "render_sound", lambda scene, *rest: NOISE)


def test_naming_order_and_what_is_not_there() -> None:
    scenes = [
        scene(("rain", 0.9), ("dog", 0.5)),  # in order
        scene(("rain", 0.5), ("dog", 0.9)),  # out of order
        scene(("rain", 0.9), ("dog", 0.1)),  # the dog is inaudible
        scene(("wind", 0.9), ("dog", 0.8)),  # one is missing
        scene(("wind", 0.9)),  # one too many
    ]
    told = ("rain and a dog", "rain and a dog", "loud rain", "wind", "wind and a train")
    metrics, pairs = captions.caption_metrics(Answers(*told), scenes)
    value = {metric.name: metric.value for metric in metrics}
    assert value["captions: every source named"] == 0.8
    assert value["captions: every source named, of several"] == pytest.approx(2 / 3)
    assert value["captions: these sources and no others"] == pytest.approx(0.6)
    assert value["captions: in the order of loudness"] == 0.5
    assert pairs[1] == ["dog > rain (dry)", "rain and a dog"]


def test_rooms_are_weighed_alike() -> None:
    scenes = [scene(("dog", 0.5)), scene(("dog", 0.5)), scene(("dog", 0.5), room="church")]
    metric = captions.room_metric(Answers("a dog", "a dog in a hall", "a dog in a church"), scenes)
    assert metric.value == 0.75 and "dry 0.50, church 1.00" in metric.note
    made = captions.room_scenes(2)
    assert [one.room for one in made] == ["dry"] * 2 + ["room"] * 2 + ["hall"] * 2 + ["church"] * 2


def test_sequences_need_their_order() -> None:
    rng = np.random.default_rng([2, 9600])
    names = rng.choice(SOURCES, 2, replace=False).tolist()
    labels = [captions.SPECS[name].label for name in names]
    right = captions.sequence_metric(Answers(f"{labels[0]} then {labels[1]}"), 1)
    wrong = captions.sequence_metric(Answers(f"{labels[0]} and {labels[1]}"), 1)
    assert right.value == 1.0 and wrong.value == 0.0


def test_painting_editing_and_tuning() -> None:
    torch.manual_seed(0)
    pipeline = debug_pipeline()
    painter = Painter(pipeline, steps=2, guidance_scale=1.0, batch=2)
    clips = [HeldOutClip(f"{n}", NOISE, ("rain", "dog")) for n in range(2)]
    tagger = table_tagger(["dog", "rain"], ["a", "and", "dog", "rain"])
    told = ["a dog and rain", "rain"] * 5
    by_caption = captions.CaptionPainter(painter, Answers(*told), tagger, ())
    judge, features = PresenceClassifier(16, (8, 8)).eval(), PresenceClassifier(16, (8, 8)).eval()
    metrics, pictures = captions.painted_metrics(judge, by_caption, clips)
    assert len(metrics) == 5 and all(len(images) == 2 for images in pictures.values())
    edits = captions.edit_metrics(judge, by_caption, clips, with_sound=False)
    assert [0 <= metric.value <= 1 for metric in edits] == [True] * 4
    side = {"height": 32, "width": 32}
    processor = CLIPImageProcessorPil(size=side, crop_size=side)
    encoder = ImageEncoder(tiny.debug_clip().eval(), processor, tiny.debug_tokenizer())
    settings = OptimizationSettings(steps=2, crops=1)
    one = replace(by_caption, captioner=Answers("a dog", "rain"))
    found, shown = captions.tuning_metrics(judge, features, one, encoder, clips, settings, with_sound=True)
    assert [len(images) for images in shown.values()] == [2, 2] and len(found) == 5
