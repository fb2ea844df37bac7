"""Teaching: tiny random networks learn a pair by heart, stop, go on and are written down."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from sonic_ui.bundles.registry import read_bundle
from sonic_ui.models.gated_attention import load_gated_attention
from sonic_ui.models.projector import AudioProjector
from sonic_ui.pipelines.taught import (
    ATTENTION_FILE,
    PROJECTOR_FILE,
    apply_taught,
    joined_updates,
    prototype_of,
    read_prototypes,
    read_updates,
    recognise,
    save_taught,
)
from sonic_ui.pipelines.teaching import TOLERANCE, Teaching
from sonic_ui.pipelines.teaching_data import Lesson, Rehearsal, TeachingConfig, crops_of
from sonic_ui.testing.tiny_bundle import debug_pipeline

RATE = 48_000
QUICK = TeachingConfig(
    steps=40, batch_size=3, rehearsal=3, rank=2, denoiser_rate=1e-2, check_every=10, patience=2, old_steps=1
)


def tone(hz: float) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE)).astype(np.float32)


def lesson_of(count: int) -> Lesson:
    pictures = [Image.new("RGB", (80, 60), (250 - k, 20, 20 + k)) for k in range(count)]
    return Lesson(tuple(tone(900 + 5 * k) for k in range(count)), tuple(pictures))


def rehearsal_of(pipeline: Any) -> Rehearsal:
    return Rehearsal(torch.cat([pipeline.embed_audio(tone(hz)) for hz in (200, 400)]), ("ink",))


def taught(pipeline: Any, lesson: Lesson, config: TeachingConfig) -> Teaching:
    teaching = Teaching(pipeline, lesson, rehearsal_of(pipeline), config)
    teaching.prepare()
    while not teaching.is_over:
        teaching.step()
    teaching.finish()
    return teaching


def test_a_pair_is_learned_and_the_engine_itself_stays_as_it_was() -> None:
    pipeline = debug_pipeline()
    before = {k: v.clone() for k, v in pipeline.unet.state_dict().items()}
    teaching = taught(pipeline, lesson_of(2), QUICK)
    assert teaching.data.held_set is None and teaching.step_number == 40
    assert np.mean(teaching.losses[-10:]) < 0.8 * np.mean(teaching.losses[:10])
    assert all(torch.equal(before[k], v) for k, v in pipeline.unet.state_dict().items())
    assert pipeline.audio_attention.is_attached_to(pipeline.unet)
    then, now = teaching.paint((0,), 2, 2.0, before=True), teaching.paint((0,), 2, 2.0)
    assert np.asarray(then[0]).shape == np.asarray(now[0]).shape and then[0] != now[0]


def test_what_is_held_back_ends_it_and_the_best_is_kept() -> None:
    config = replace(
        QUICK, steps=400, denoiser_rate=0.5, attention_rate=0.5, projector_rate=0.5, check_every=2
    )
    teaching = taught(debug_pipeline(), lesson_of(5), config)
    assert teaching.data.held_set is not None and teaching.step_number < 400
    assert 0.999 * teaching.best <= teaching.held_out_loss() <= 1.001 * TOLERANCE * teaching.best
    kept = {i for i, _ in teaching.data.train_set.partners}, {j for _, j in teaching.data.train_set.partners}
    held = {i for i, _ in teaching.data.held_set.partners}, {j for _, j in teaching.data.held_set.partners}
    assert not kept[0] & held[0] and not kept[1] & held[1]


def test_it_goes_on_where_it_stood(tmp_path: Path) -> None:
    pipeline, config = debug_pipeline(), replace(QUICK, steps=6)

    def begun() -> Teaching:
        teaching = Teaching(pipeline, lesson_of(2), rehearsal_of(pipeline), config)
        teaching.prepare()
        return teaching

    torch.manual_seed(0)
    first = begun()
    for _ in range(3):
        first.step()
    first.save(tmp_path / "teaching.pt")
    second = begun()
    second.load(tmp_path / "teaching.pt")
    assert second.step_number == 3
    assert [first.step() for _ in range(3)] == pytest.approx([second.step() for _ in range(3)], rel=1e-5)


def test_it_is_stopped_while_it_prepares() -> None:
    def stop(message: str, step: int, total: int) -> None:
        if message.startswith("Rehearsing"):
            raise KeyboardInterrupt

    pipeline = debug_pipeline()
    teaching = Teaching(pipeline, lesson_of(2), rehearsal_of(pipeline), QUICK)
    with pytest.raises(KeyboardInterrupt):
        teaching.prepare(stop)


def test_what_was_learned_is_written_under_the_released_names(tmp_path: Path) -> None:
    pipeline = debug_pipeline()
    teaching = taught(pipeline, lesson_of(2), replace(QUICK, steps=10))
    student, prototypes = teaching.student, {"gong": prototype_of(teaching.embeds, teaching.rehearsal.embeds)}
    updates = teaching.updates()
    save_taught(tmp_path, student.projector.state_dict(), student.attention.state_dict(), updates, prototypes)
    loaded = load_gated_attention(tmp_path / ATTENTION_FILE, pipeline.unet)  # as SonicDiffusion's own
    assert loaded.state_dict().keys() == pipeline.audio_attention.state_dict().keys()
    released = torch.load(tmp_path / PROJECTOR_FILE, weights_only=True)
    assert released.keys() == AudioProjector.from_config(pipeline.audio_projector.config).state_dict().keys()
    fresh = debug_pipeline()
    apply_taught(fresh, tmp_path)
    embeds = teaching.embeds[-1:]
    images = [
        np.asarray(p(audio_embeds=embeds, seed=3, num_inference_steps=2, guidance_scale=2.0).images[0], int)
        for p in (fresh, teaching.painter(), pipeline)
    ]
    assert np.abs(images[0] - images[1]).mean() < 2 < np.abs(images[0] - images[2]).mean()
    assert recognise(teaching.embeds[0], read_prototypes(tmp_path)) is not None


def test_updates_of_two_teachings_add_up(tmp_path: Path) -> None:
    save_taught(tmp_path, {}, {}, teaching_updates(1), {})
    both = joined_updates(read_updates(tmp_path), teaching_updates(2))
    name = next(iter(teaching_updates(1))).removesuffix(".lora_A.weight")
    down, up = both[f"{name}.lora_A.weight"], both[f"{name}.lora_B.weight"]
    expected = sum(
        one[f"{name}.lora_B.weight"].flatten(1) @ one[f"{name}.lora_A.weight"].flatten(1)
        for one in (teaching_updates(1), teaching_updates(2))
    )
    assert torch.allclose(up.flatten(1) @ down.flatten(1), torch.as_tensor(expected), atol=1e-2)


def teaching_updates(seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    layer = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
    return {
        f"{layer}.lora_A.weight": torch.randn(2, 8, generator=generator),
        f"{layer}.lora_B.weight": torch.randn(8, 2, generator=generator),
    }


def test_a_prototype_names_its_own_and_no_others() -> None:
    own = torch.nn.functional.normalize(torch.tensor([[1.0, 0.1, 0], [1.0, -0.1, 0], [1.0, 0, 0.1]]), dim=1)
    others = torch.eye(3)[1:]
    prototypes = {"gong": prototype_of(own, others)}
    assert recognise(own[0], prototypes) == ("gong", pytest.approx(1.0, abs=0.1))
    assert recognise(others[0], prototypes) is None and recognise(own[0], {}) is None


def test_crops_are_square_and_lie_inside() -> None:
    picture = Image.new("RGB", (120, 60))
    picture.paste((200, 0, 0), (30, 0, 90, 60))
    crops = crops_of(picture, 32)
    assert {crop.size for crop in crops} == {(32, 32)}
    assert all(np.asarray(crop)[..., 0].min() > 150 for crop in crops)


def test_an_engine_without_a_base_is_no_taught_one(tmp_path: Path) -> None:
    from sonic_ui.testing.tiny_bundle import debug_bundle

    assert read_bundle(debug_bundle(tmp_path / "plain")).taught_folder is None
