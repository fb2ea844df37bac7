"""Metrics of pictures by themselves, on pictures whose answer is known, and their group on a tiny bundle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from sonic_ui.evaluation import appearance, held_out
from sonic_ui.evaluation.groups import EvalContext, appearance_group
from sonic_ui.models.presence_classifier import PresenceClassifier, load_classifier, shrink_for_classifier
from sonic_ui.scenes.world import SOURCES
from sonic_ui.testing.tiny_bundle import debug_bundle


def constant_classifier(logit: float) -> PresenceClassifier:
    """One that gives every source the same logit."""
    classifier = PresenceClassifier(4, (8, 16))
    torch.nn.init.zeros_(classifier.presence.weight)
    torch.nn.init.constant_(classifier.presence.bias, logit)
    return classifier


def test_kernel_distance_is_about_nought_within_a_kind_and_grows_with_the_difference() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(300, 16, generator=generator) for _ in range(2))
    same, near, far = (appearance.kernel_distance(a + shift, b) for shift in (0.0, 0.3, 1.0))
    assert same == pytest.approx(0, abs=0.02)
    assert same < near < far


def test_edge_energy_sees_blur() -> None:
    picture = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert appearance.edge_energy(F.avg_pool2d(picture, 3, 1, 1)) < 0.5 * appearance.edge_energy(picture)
    stripes = torch.tensor([-1.0, 1.0]).repeat(4).expand(1, 3, 8, 8)
    assert appearance.edge_energy(stripes) == pytest.approx(4)


def test_features_are_those_of_the_classifier_at_its_size() -> None:
    network, pictures = PresenceClassifier(4, (8, 16)), torch.rand(2, 3, 256, 256)
    assert shrink_for_classifier(pictures).shape[-1] == 128
    assert shrink_for_classifier(pictures[..., :64, :64]).shape[-1] == 64
    features = appearance.picture_features(network, pictures, batch=1)
    assert features.shape == (2, 32)
    small = shrink_for_classifier(pictures)
    assert torch.allclose(features, appearance.picture_features(network, small), atol=1e-5)
    assert torch.allclose(network.presence(features).sigmoid(), network.predict(pictures)[0], atol=1e-5)


def test_collapse_counts_pictures_without_any_source() -> None:
    groups = [[Image.new("RGB", (32, 32))] * 3] * 2
    metric, shares = appearance.collapse_metric(constant_classifier(-5.0), groups)
    assert metric.value == 1 and shares == [1, 1] and metric.note == "2 sounds x 3 seeds"
    assert appearance.collapse_metric(constant_classifier(5.0), groups)[0].value == 0


def test_refusal_is_the_share_of_spoiled_pictures_that_show_nothing() -> None:
    pictures = torch.rand(7, 3, 64, 64) * 2 - 1
    assert appearance.refusal_metric(constant_classifier(-5.0), pictures).value == 1
    assert appearance.refusal_metric(constant_classifier(5.0), pictures).value == 0


def test_variety_is_a_ratio_of_distances() -> None:
    reference = torch.randn(20, 8, generator=torch.Generator().manual_seed(0)) * 3 + 1
    assert appearance.variety([reference * 0.5, reference * 0.7], [reference]) == pytest.approx(0.6)


def test_renders_of_one_source_are_held_out_and_in_the_order_of_sources() -> None:
    scenes = held_out.single_source_scenes(2, stream=4)
    assert [scene.sources[0].name for scene in scenes[::2]] == list(SOURCES)
    assert all(len(scene.sources) == 1 and scene.sources[0].level >= 0.35 for scene in scenes)
    assert held_out.renders_of(scenes[:3], 32).shape == (3, 32, 32, 3)


def test_the_group_measures_a_bundle_with_features_and_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    monkeypatch.setattr(held_out, "SOURCES", SOURCES[:2])  # two sources are enough
    monkeypatch.setattr("sonic_ui.evaluation.groups.SOURCES", SOURCES[:2])
    noise = np.random.default_rng(0).normal(0.0, 0.1, 48_000).astype(np.float32)
    monkeypatch.setattr(held_out, "render_sound", lambda scene: noise)
    bundle = debug_bundle(tmp_path / "bundle")
    PresenceClassifier(len(SOURCES), (8, 16)).save_pretrained(bundle / "judge")
    context = EvalContext(bundle, tmp_path, tmp_path / "out", share=10)
    plain = [metric.name for metric in appearance_group(context)]
    assert "features is missing" in capsys.readouterr().out
    assert len(plain) == 4 and (tmp_path / "out" / "appearance_seeds.png").exists()
    assert set(context.details["collapse_by_source"]) == set(SOURCES[:2])

    PresenceClassifier(len(SOURCES), (8, 16)).save_pretrained(bundle / "features")
    del context.features  # read anew
    metrics = appearance_group(context)
    assert capsys.readouterr().out == ""
    added = [metric.name for metric in metrics[4:]]
    assert [metric.name for metric in metrics[:4]] == plain
    assert sum("kernel distance" in name for name in added) == 3 and added[-1].startswith("variety")
    assert all(torch.isfinite(torch.tensor(metric.value)) for metric in metrics)


def test_a_missing_classifier_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="features is missing"):
        load_classifier(tmp_path, "features")
