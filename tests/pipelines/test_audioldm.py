"""AudioLDM by component, in its own class layout: caption, sound embedding, guided energy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sonic_ui.pipelines.audioldm import AudioLdmPipeline, load_audioldm
from sonic_ui.requests import BadInput
from tests.tiny_releases import SOUND_DIM, debug_audioldm

SEA = Image.new("RGB", (48, 40), (30, 90, 160))
FIRE = Image.effect_noise((48, 40), 90).convert("RGB")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return debug_audioldm(tmp_path_factory.mktemp("hub"))


@pytest.fixture(scope="module")
def pipeline(folders: tuple[Path, Path]) -> AudioLdmPipeline:
    made = load_audioldm(*folders, frames=128)
    made.set_progress_bar_config(disable=True)
    return made


def test_a_picture_becomes_words_and_then_a_sound_embedding(pipeline: AudioLdmPipeline) -> None:
    words = pipeline.caption(SEA)
    assert isinstance(words, str) and words == pipeline.caption(SEA)
    embedding = pipeline.embed_image(SEA)
    assert embedding.shape == (1, SOUND_DIM)
    assert torch.allclose(embedding.norm(dim=-1), torch.ones(1), atol=1e-5)
    assert torch.equal(embedding, pipeline.embed_prompt(words))
    with pytest.raises(BadInput, match="picture is needed"):
        pipeline.embed_image("sea.png")  # type: ignore[arg-type]


def test_it_sounds(pipeline: AudioLdmPipeline) -> None:
    settings = {"num_inference_steps": 2, "guidance_scale": 2.0, "seed": 3}
    assert (pipeline.sample_rate, pipeline.duration_s) == (16_000, 1.28)
    made = pipeline(SEA, num_takes=2, **settings)
    assert made.samples.shape == (2, 20_480) and np.isfinite(made.samples).all()
    assert made.energy.shape == (2, 128) and made.envelope.shape == (128,)
    again = pipeline(SEA, num_takes=1, **settings)
    assert np.allclose(again.samples[0], made.samples[0], atol=1e-4)


@pytest.mark.parametrize("length_s", [2.0, 3.3])
def test_it_sounds_longer_than_its_window(pipeline: AudioLdmPipeline, length_s: float) -> None:
    made = pipeline(SEA, num_inference_steps=1, guidance_scale=1.0, sketch=[0.5], length_s=length_s)
    assert made.samples.shape == (1, round(16_000 * length_s)) and np.isfinite(made.samples).all()
    assert made.energy.shape == (1, round(100 * length_s))


def test_the_drawn_energy_is_guided_without_training(pipeline: AudioLdmPipeline) -> None:
    """Random networks are all but silent, so each sound is taken at its own level."""
    curve = np.concatenate([np.zeros(64), np.ones(64)]).astype(np.float32)
    settings = {"num_inference_steps": 3, "guidance_scale": 1.0, "sketch": curve, "mode": "exact"}
    free = pipeline(SEA, control="none", **settings)
    guided = pipeline(SEA, control="guided", **settings)
    one, other = (made.samples / made.samples.std() for made in (free, guided))
    assert not np.allclose(one, other, atol=0.01)
    assert np.array_equal(pipeline(SEA, control="trained", **settings).samples, guided.samples)


def test_words_and_unwanted_words_count(pipeline: AudioLdmPipeline) -> None:
    sea = pipeline.target_embedding(SEA)
    labels = pipeline._labels(sea, "", 1, True)
    assert torch.allclose(labels[:1], pipeline.embed_prompt("").to(labels))
    assert not torch.allclose(
        labels[1:], pipeline._labels(pipeline.target_embedding(SEA, "rain"), "", 1, False), atol=1e-4
    )
    assert not torch.allclose(labels[:1], pipeline._labels(sea, "hiss", 1, True)[:1], atol=1e-4)


def test_candidates_are_compared_with_the_caption(pipeline: AudioLdmPipeline) -> None:
    words: list[str] = []

    def embed(text: str) -> torch.Tensor:
        words.append(text)
        return torch.ones(1, 3)

    found = pipeline.ranking_embedding(SEA, " far away ", embed)
    assert found is not None and found.shape == (1, 3) and words == [f"{pipeline.caption(SEA)}, far away"]
    assert pipeline.ranking_embedding(SEA, "", None) is None


def test_another_denoiser_is_refused(folders: tuple[Path, Path], tmp_path: Path) -> None:
    from sonic_ui.testing.tiny_models import debug_unet

    debug_unet().save_pretrained(tmp_path / "unet")
    with pytest.raises(ValueError, match="is no AudioLDM"):
        load_audioldm(tmp_path, folders[1])
