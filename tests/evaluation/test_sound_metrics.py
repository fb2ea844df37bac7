"""The figures of pictures that sound, on tiny networks and on known sounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from sonic_ui.evaluation import sound_metrics as sounds
from sonic_ui.evaluation.held_out import HeldOutScene, curve_bank, held_out_sounds
from sonic_ui.pipelines.image_to_audio import ImageToAudioOutput
from sonic_ui.testing.tiny_bundle import debug_pipeline, debug_sound_pipeline


class Hissing:
    """Stands in for a pipeline: a steady hiss that can be laid along a curve, and no ControlNet."""

    frames, sample_rate, duration_s = 512, 16_000, 5.12

    def __call__(self, image: Image.Image, *, seed: int, **settings: Any) -> Any:
        hiss = (0.1 * np.random.default_rng(seed).normal(size=81_920)).astype(np.float32)
        return ImageToAudioOutput(samples=hiss[None], envelope=None, energy=None, seeds=[seed])

    def envelope(self, image: Image.Image, sketch: Any, mode: str) -> Any:
        return sketch


@pytest.fixture(scope="module")
def clap() -> sounds.ClapClassifier:
    return sounds.ClapClassifier.of(debug_pipeline())


@pytest.fixture(scope="module")
def scenes() -> list[HeldOutScene]:
    return held_out_sounds(1, 32, Hissing())[:3]


def test_the_bank_holds_thirty_different_curves_each_time_the_same() -> None:
    bank = curve_bank(512)
    assert len(bank) == len({name for name, _ in bank}) == 30
    for (_, curve), (_, again) in zip(bank, curve_bank(512), strict=True):
        assert curve.shape == (512,) and curve.min() >= 0 and curve.max() == pytest.approx(1)
        assert np.ptp(curve) > 0.3 and np.array_equal(curve, again)


def test_a_pipeline_that_obeys_is_told_from_one_that_does_not(
    clap: sounds.ClapClassifier, scenes: Any
) -> None:
    namers = {sounds.INDEPENDENT: clap.name}
    free = sounds.free_sounds(Hissing(), scenes)
    metrics, detail = sounds.control_metrics(Hissing(), scenes, free, 6, namers)
    value = {f.name: f for f in metrics}
    assert value["exact curve: median Pearson r"].value > 0.95
    assert value["exact curve: E-L1 over that without control"].reached
    assert value["exact curve, no control: median Pearson r"].value < 0.5
    assert value["exact curve: class is the picture's, by the classifier apart"].reach == 0.75
    assert len(detail["no control"]["r"]) == 6


def test_all_figures_come_out_of_a_real_pipeline(
    clap: sounds.ClapClassifier, scenes: Any, tmp_path: Any
) -> None:
    pipeline = debug_sound_pipeline()
    natural, detail = sounds.natural_metrics(pipeline, scenes[:2])
    assert len(natural) == 4 and len(detail["natural_e_l1"]["timestamps alone"]) == 2
    assert 0 <= sounds.onset_metrics(pipeline, scenes[:1])[0].value <= 1
    learned, _ = sounds.learned_control_metrics(pipeline, scenes, 1, {sounds.BY_ENCODER: clap.name})
    assert [one.name for one in learned if "ControlNet and guidance" in one.name]
    made = sounds.free_sounds(pipeline, scenes[:2])
    classes, by_source = sounds.class_metrics({sounds.BY_ENCODER: clap.name}, scenes[:2], made)
    assert all(0 <= one.value <= 1 for one in classes) and len(by_source[sounds.BY_ENCODER]) == len(made) == 2
    scenes[0].picture.save(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("no picture")
    assert {k: len(v) for k, v in sounds.labels_of_photographs(pipeline, clap, tmp_path).items()} == {
        "a.png": 3
    }
    speed = sounds.sound_speed(pipeline, scenes[0].picture, repeats=1)
    assert len(speed) == 3 and all(one.value > 0 for one in speed)
