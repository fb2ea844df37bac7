"""Captions and sounds of the two trainings of SonicDiffusion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from sonic_ui.scenes.world import sample_scene
from sonic_ui.training.data.rendering import training_pictures
from sonic_ui.training.run import Run
from sonic_ui.training.stages.adapter import SceneEmbeddings, adapter_takes, scene_embeddings, source_caption
from sonic_ui.training.stages.clap import embed_mels
from sonic_ui.training.stages.clip import normalised
from sonic_ui.training.stages.spectral_stats import trained_clap


def test_captions_do_not_depend_on_the_order_of_sources() -> None:
    scene = sample_scene(np.random.default_rng(3), sources=("rain", "dog"), levels=(0.5, 0.9))
    turned = replace(scene, sources=scene.sources[::-1])
    assert source_caption(scene) == source_caption(turned)
    assert "rain" in source_caption(scene) and "dog" in source_caption(scene)


def embeddings_of(**further: torch.Tensor) -> SceneEmbeddings:
    """Three scenes in two takes: the embedding tells scene and take, the scale is that of the take."""
    embeddings = torch.stack([torch.tensor([[s, 0.0], [s, 1.0]]) for s in range(3)])
    return SceneEmbeddings(embeddings, torch.tensor([[1.0, 2.0]] * 3), **further)


def test_every_take_of_the_right_scene_is_drawn() -> None:
    index = torch.tensor([0, 1, 2] * 50)
    embeddings, scales = embeddings_of().draw(index, torch.Generator().manual_seed(0))
    assert torch.equal(embeddings[:, 0], index.float())
    assert torch.equal(scales, 1 + embeddings[:, 1]) and set(scales.tolist()) == {1.0, 2.0}


def test_further_sounds_are_drawn_half_of_the_time_where_there_are_any() -> None:
    further = torch.tensor([[2.0, 7.0], [0.0, 8.0], [2.0, 9.0]])
    index = torch.tensor([0, 1, 2] * 200)
    drawn = embeddings_of(further=further, scene_of=torch.tensor([2, 0, 2]))
    embeddings, scales = drawn.draw(index, torch.Generator().manual_seed(0))
    assert torch.equal(embeddings[:, 0], index.float()), "a sound is of its scene"
    other = embeddings[:, 1] > 1
    assert not other[index == 1].any() and (scales[other] == 1).all()
    assert 0.4 < other[index != 1].float().mean() < 0.6
    assert set(embeddings[other & (index == 2), 1].tolist()) == {7.0, 9.0}


def test_of_several_sources_stage_2_takes_what_the_head_is_not_trained_on(run: Run) -> None:
    scenes = training_pictures(run)[1]
    crowded = torch.tensor([len(scene.sources) > 1 for scene in scenes])
    made = scene_embeddings(run)
    assert made.further is not None and made.scene_of is not None
    assert len(adapter_takes(run).mels) == int(crowded.sum()) > 0, "one take of each"
    ones = crowded[made.scene_of]
    assert int(ones.sum()) == 2 * len(adapter_takes(run).mels), (
        "each as it is and varied; none of the head's pool"
    )
    assert int((~ones).sum()) > 0
    first = int(adapter_takes(run).scene_of[0])
    mel = torch.from_numpy(adapter_takes(run).mels[:1].astype(np.float32)).unsqueeze(1)
    with torch.no_grad():
        alone = normalised(embed_mels(trained_clap(run), mel))[0]
    for known in (made.embeddings[first, 0], made.further[0]):
        assert torch.allclose(alone, known, atol=1e-4)
    assert torch.allclose(made.further.norm(dim=-1), torch.ones(len(made.further)), atol=1e-3)


def test_further_sounds_need_their_scenes() -> None:
    with pytest.raises(ValueError, match="whose they are"):
        embeddings_of(further=torch.zeros(1, 2)).draw(torch.tensor([0]), torch.Generator().manual_seed(0))
