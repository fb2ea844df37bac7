"""The audio-to-image pipeline: deterministic, stock without a sound, honest about what it was given."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DEISMultistepScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    HeunDiscreteScheduler,
    LMSDiscreteScheduler,
    PNDMScheduler,
    UniPCMultistepScheduler,
)
from numpy.typing import NDArray

from sonic_ui.pipelines.audio_conditioned import encode_prompts
from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline
from sonic_ui.pipelines.sampling import BEGINS_ANYWHERE, StepReport, seeded_noise
from sonic_ui.requests import BadInput
from sonic_ui.testing.tiny_bundle import debug_bundle, debug_pipeline

Sound = NDArray[np.float32]
SHORT: dict[str, Any] = {"num_inference_steps": 2, "guidance_scale": 3.0}


def paint(pipeline: AudioToImagePipeline, sound: Sound | None = None, **settings: Any) -> NDArray[np.uint8]:
    """[B, H, W, 3] pixels."""
    images = pipeline(sound, **{**SHORT, **settings}).images
    return np.stack([np.asarray(image) for image in images])


def differ(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return float(np.abs(one.astype(float) - other).mean()) > 0.05


def test_the_same_request_gives_the_same_bytes(pipeline: AudioToImagePipeline, tone: Sound) -> None:
    torch.manual_seed(1)
    first = paint(pipeline, tone, prompt="a dog", seed=3)
    torch.manual_seed(2)
    assert np.array_equal(first, paint(pipeline, tone, prompt="a dog", seed=3))
    assert first.shape == (1, 64, 64, 3)
    assert np.array_equal(first, paint(debug_pipeline(), tone, prompt="a dog", seed=3))


def test_every_condition_changes_the_picture(
    pipeline: AudioToImagePipeline, tone: Sound, hiss: Sound
) -> None:
    base = paint(pipeline, tone, prompt="a dog")
    assert differ(base, paint(pipeline, hiss, prompt="a dog"))
    assert differ(base, paint(pipeline, tone * 0.01, prompt="a dog"))
    assert differ(base, paint(pipeline, tone, prompt="the sea"))
    assert differ(base, paint(pipeline, tone, prompt="a dog", negative_prompt="fog"))
    assert differ(base, paint(pipeline, tone, prompt="a dog", seed=1))
    assert differ(base, paint(pipeline, tone, prompt="a dog", strength=0.3))
    assert differ(base, paint(pipeline, tone, prompt="a dog", guidance_scale=1.0))


def test_picture_i_is_the_same_whatever_the_count(pipeline: AudioToImagePipeline, tone: Sound) -> None:
    many = pipeline(tone, seed=5, num_images_per_prompt=3, output_type="np", **SHORT)
    assert many.seeds == [5, 6, 7]
    for i in range(3):
        alone = pipeline(tone, seed=5 + i, output_type="np", **SHORT)
        assert np.abs(many.images[i] - alone.images[0]).max() < 1e-3
    chosen = pipeline(tone, seed=[7, 5, 5], num_images_per_prompt=3, output_type="np", **SHORT)
    assert np.abs(chosen.images[[0, 1, 2]] - many.images[[2, 0, 0]]).max() < 1e-3


def test_strength_zero_is_as_without_a_sound_and_as_the_stock_denoiser(tone: Sound) -> None:
    pipeline = debug_pipeline()
    silent = paint(pipeline, prompt="a dog")
    assert np.array_equal(silent, paint(pipeline, tone, prompt="a dog", strength=0.0))
    assert np.array_equal(silent, paint(pipeline, tone, prompt="a dog", strength=[0.0] * 9))
    assert differ(silent, paint(pipeline, tone, prompt="a dog"))
    pipeline.audio_attention.detach()
    assert np.array_equal(silent, paint(pipeline, tone, prompt="a dog"))


def test_one_step_by_hand(pipeline: AudioToImagePipeline, tone: Sound) -> None:
    """Null text with null audio (projected zeros) against text with audio, rescaled; then one DDIM step."""
    p, scheduler = pipeline, pipeline.scheduler
    with torch.no_grad():
        noise, _ = seeded_noise([11], (4, 8, 8))
        scheduler.set_timesteps(1)
        timestep = scheduler.timesteps[0]
        predictions = []
        for words, embedding in (("fog", torch.zeros(1, 32)), ("a dog", p.embed_audio(tone))):
            text = encode_prompts(p.tokenizer, p.text_encoder, [words])
            with p.audio_attention.condition(p.audio_projector(embedding), 0.6):
                predictions.append(p.unet(noise, timestep, encoder_hidden_states=text).sample)
        guided = predictions[0] + 2.5 * (predictions[1] - predictions[0])
        tame = guided * predictions[1].std() / guided.std()  # the schedule ends in pure noise
        expected = scheduler.step(0.7 * tame + 0.3 * guided, timestep, noise).prev_sample
    latents = p(
        tone, prompt="a dog", negative_prompt="fog", strength=0.6, guidance_scale=2.5, num_inference_steps=1,
        seed=11, output_type="latent",
    ).images  # fmt: skip
    assert torch.allclose(latents, expected, atol=1e-4)


def test_no_guidance_skips_the_unconditional_pass(pipeline: AudioToImagePipeline, tone: Sound) -> None:
    batches: list[int] = []
    handle = pipeline.unet.register_forward_pre_hook(lambda module, args: batches.append(len(args[0])))
    paint(pipeline, tone, guidance_scale=1.0, num_images_per_prompt=2)
    paint(pipeline, tone, guidance_scale=3.0, num_images_per_prompt=2)
    handle.remove()
    assert batches == [2, 2, 4, 4]


def test_strength_per_layer_and_per_sound(pipeline: AudioToImagePipeline, tone: Sound) -> None:
    base = paint(pipeline, tone)
    assert np.array_equal(base, paint(pipeline, tone, strength=[1.0] * 10))
    assert np.array_equal(base, paint(pipeline, tone, strength=(1.0,) * 9))
    assert differ(base, paint(pipeline, tone, strength=[1.0] + [0.0] * 8))
    both = pipeline([tone, tone], strength=torch.tensor([0.0, 1.0]), seed=[0, 0], output_type="np", **SHORT)
    silent = pipeline(output_type="np", **SHORT).images[0]
    assert np.abs(both.images[0] - silent).max() < 1e-3
    assert np.abs(both.images[1] - base[0] / 255).max() < 5e-3
    with pytest.raises(BadInput, match=r"3 numbers; .*10 .*9 ") as caught:
        paint(pipeline, tone, strength=[1.0] * 3)
    assert caught.value.field == "strength"


def test_several_sounds_and_prompts_side_by_side(
    pipeline: AudioToImagePipeline, tone: Sound, hiss: Sound
) -> None:
    both = pipeline([tone, hiss], prompt=["a dog", "the sea"], seed=[1, 2], output_type="np", **SHORT).images
    alone = pipeline(hiss, prompt="the sea", seed=2, output_type="np", **SHORT).images
    assert np.abs(both[1] - alone[0]).max() < 1e-3
    doubled = pipeline(
        [tone, hiss], prompt="", num_images_per_prompt=2, seed=[1, 1, 1, 1], output_type="np", **SHORT
    )
    assert np.abs(doubled.images[0] - doubled.images[1]).max() < 1e-3
    assert differ(255 * doubled.images[1], 255 * doubled.images[2])


def test_embeddings_can_stand_in_for_a_sound(
    pipeline: AudioToImagePipeline, tone: Sound, hiss: Sound
) -> None:
    ends = pipeline.embed_audio([tone, hiss])
    assert ends.shape == (2, 32)
    assert torch.allclose(ends.norm(dim=-1), torch.ones(2), atol=1e-5)
    assert np.array_equal(paint(pipeline, tone), paint(pipeline, audio_embeds=ends[:1]))
    middle = ends.mean(0, keepdim=True)
    pictures = paint(pipeline, audio_embeds=torch.cat([ends[:1], middle, ends[1:]]), seed=[4] * 3)
    assert differ(pictures[0], pictures[1]) and differ(pictures[1], pictures[2])


def test_several_sounds_of_a_picture_stand_side_by_side(pipeline: AudioToImagePipeline) -> None:
    """[B, S, D]: one sound twice is that sound; another beside it is seen."""
    one, other = torch.nn.functional.normalize(torch.randn(2, 32, generator=torch.Generator().manual_seed(5)))
    alone = paint(pipeline, audio_embeds=one[None]).astype(float)
    twice = paint(pipeline, audio_embeds=torch.stack([one, one])[None]).astype(float)
    beside = paint(pipeline, audio_embeds=torch.stack([one, other])[None]).astype(float)
    assert np.abs(twice - alone).max() < 1e-4 < np.abs(beside - alone).max()
    pictures = paint(pipeline, audio_embeds=torch.stack([torch.stack([one, one]), torch.stack([one, other])]))
    assert len(pictures) == 2
    with pytest.raises(BadInput, match=r"\(1, 0, 32\)"):
        paint(pipeline, audio_embeds=torch.zeros(1, 0, 32))


def test_steps_are_reported_with_previews(pipeline: AudioToImagePipeline, tone: Sound) -> None:
    reports: list[StepReport] = []
    out = pipeline(tone, num_images_per_prompt=2, on_step=reports.append, output_type="latent", **SHORT)
    assert [(r.step, r.total) for r in reports] == [(1, 2), (2, 2)]
    assert [r.timestep for r in reports] == sorted((r.timestep for r in reports), reverse=True)
    assert torch.allclose(reports[-1].pred_original_sample, out.images, atol=0.1)
    previews = [np.stack([np.asarray(i) for i in r.preview()]) for r in reports]
    assert previews[0].shape == (2, 64, 64, 3) and differ(previews[0], previews[1])
    final = paint(pipeline, tone, num_images_per_prompt=2).astype(float)
    assert np.abs(final - previews[1]).mean() < np.abs(final - previews[0]).mean()


def latents_after(pipeline: AudioToImagePipeline, sound: Sound, step: int, **settings: Any) -> torch.Tensor:
    kept: list[torch.Tensor] = []

    def keep(report: StepReport) -> None:
        if report.step == step and report.latents is not None:
            kept.append(report.latents)

    pipeline(sound, on_step=keep, output_type="latent", **settings)
    return kept[0]


SCHEDULERS = [
    (DDIMScheduler, True),
    (DDPMScheduler, True),
    (EulerDiscreteScheduler, True),
    (EulerAncestralDiscreteScheduler, True),
    (DPMSolverMultistepScheduler, False),
    (UniPCMultistepScheduler, False),
    (DEISMultistepScheduler, False),
]
"""Those that a run may begin with anywhere, and whether they remember nothing of the steps before."""


@pytest.mark.parametrize(("kind", "exact"), SCHEDULERS)
def test_a_run_goes_on_from_the_latents_of_another(tone: Sound, kind: Any, exact: bool) -> None:
    pipeline = debug_pipeline(prediction_type="epsilon")
    pipeline.scheduler = kind.from_config(pipeline.scheduler.config)
    settings: dict[str, Any] = {"num_inference_steps": 12, "guidance_scale": 3.0, "seed": 4}
    whole = pipeline(tone, output_type="latent", **settings).images
    assert torch.equal(whole, latents_after(pipeline, tone, 12, **settings))
    steps: list[int] = []
    for step in (1, 6, 11):
        start = {"latents": latents_after(pipeline, tone, step, **settings), "begin_step": step}
        rest = pipeline(
            tone, output_type="latent", on_step=lambda report: steps.append(report.step), **settings, **start
        ).images
        if exact:
            assert torch.equal(rest, whole), "to the last bit"
        else:  # its first step is of first order
            assert (rest - whole).abs().mean() < 0.1 * whole.abs().mean()
    assert steps == [*range(2, 13), *range(7, 13), 12]
    assert {one.__name__ for one, _ in SCHEDULERS} == BEGINS_ANYWHERE


def test_latents_may_stand_in_for_the_noise(pipeline: AudioToImagePipeline, tone: Sound) -> None:
    noise, _ = seeded_noise([3], (4, 8, 8))
    assert np.array_equal(paint(pipeline, tone, seed=3), paint(pipeline, tone, latents=noise))


def test_raising_in_on_step_ends_the_run_and_leaves_nothing_behind(
    pipeline: AudioToImagePipeline, tone: Sound
) -> None:
    class Cancelled(Exception):
        pass

    before, steps = paint(pipeline, prompt="a dog"), []

    def cancel(report: StepReport) -> None:
        steps.append(report.step)
        if report.step == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        paint(pipeline, tone, on_step=cancel, num_inference_steps=9)
    assert steps == [1, 2]
    assert np.array_equal(before, paint(pipeline, prompt="a dog"))


def test_overlapping_runs_do_not_disturb_each_other(
    pipeline: AudioToImagePipeline, tone: Sound, hiss: Sound
) -> None:
    jobs = [(tone, 1), (hiss, 3), (None, 2)]
    expected = [paint(pipeline, sound, num_inference_steps=steps) for sound, steps in jobs]
    results: dict[int, NDArray[np.uint8]] = {}

    def work(i: int) -> None:
        results[i] = paint(pipeline, jobs[i][0], num_inference_steps=jobs[i][1])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(results[i], expected[i]) for i in range(3))


def test_round_trip_through_a_folder_without_a_network(
    pipeline: AudioToImagePipeline, tone: Sound, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    pipeline.save_pretrained(tmp_path)
    loaded = AudioToImagePipeline.from_pretrained(tmp_path)
    assert set(loaded.components) == set(pipeline.components)
    assert loaded.audio_attention.is_attached_to(loaded.unet)
    settings = {"prompt": "a dog", "num_images_per_prompt": 2}
    assert np.array_equal(paint(loaded, tone, **settings), paint(pipeline, tone, **settings))


def test_optional_components_may_be_absent(tone: Sound, tmp_path: Path) -> None:
    parts = {**debug_pipeline().components, "latent_normalizer": None, "audio_tokenizer": None}
    plain = AudioToImagePipeline(**parts)
    plain.save_pretrained(tmp_path)
    assert not (tmp_path / "latent_normalizer").exists()
    loaded = AudioToImagePipeline.from_pretrained(tmp_path)
    assert loaded.latent_normalizer is None and loaded.audio_tokenizer is None
    assert np.array_equal(paint(loaded, tone), paint(plain, tone))
    assert differ(paint(plain, tone), paint(debug_pipeline(), tone))


def test_half_precision_keeps_the_picture(
    pipeline: AudioToImagePipeline, tone: Sound, tmp_path: Path
) -> None:
    pipeline.save_pretrained(tmp_path)
    half = AudioToImagePipeline.from_pretrained(tmp_path, torch_dtype=torch.bfloat16)
    assert half.unet.dtype == torch.bfloat16
    assert half.latent_normalizer.mean.dtype == torch.float32
    difference = np.abs(paint(half, tone).astype(float) - paint(pipeline, tone))
    assert difference.mean() < 12  # of 255


def test_shipped_as_half_precision_shards(
    pipeline: AudioToImagePipeline, tone: Sound, tmp_path: Path
) -> None:
    """As the miniature is: float16 files in small shards, loaded as float32."""
    half = debug_pipeline().to(torch.float16)
    half.save_pretrained(tmp_path, max_shard_size="200KB")
    for part in ("unet", "audio_encoder"):
        assert len(list((tmp_path / part).glob("*.safetensors"))) > 1
    loaded = AudioToImagePipeline.from_pretrained(tmp_path, torch_dtype=torch.float32)
    assert loaded.unet.dtype == loaded.audio_projector.dtype == torch.float32
    assert np.abs(paint(loaded, tone).astype(float) - paint(pipeline, tone)).mean() < 2  # of 255


def test_epsilon_prediction_and_other_sizes(tone: Sound) -> None:
    pipeline = debug_pipeline(prediction_type="epsilon")
    assert paint(pipeline, tone, height=32, width=48).shape == (1, 32, 48, 3)
    tensor = pipeline(tone, output_type="pt", **SHORT).images
    assert tensor.shape == (1, 3, 64, 64) and tensor.min() >= 0 and tensor.max() <= 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_inference_steps": 0}, "num_inference_steps is 0; it takes a whole number from 1"),
        ({"num_images_per_prompt": 1.5}, "num_images_per_prompt is 1.5"),
        ({"height": 60}, "height is 60 px; it takes a multiple of 8"),
        ({"guidance_scale": float("nan")}, "guidance_scale is nan"),
        ({"output_type": "jpg"}, "'jpg'; it takes one of pil, np, pt, latent"),
        ({"seed": [1, 2]}, "2 seeds were given for 1 pictures"),
        ({"prompt": ["a", "b"], "negative_prompt": ["a"] * 3}, "2 of prompt beside 3"),
        ({"prompt": []}, "0 of prompt beside 1"),
        ({"audio_embeds": torch.zeros(1, 8)}, r"\(1, 8\); \[B, 32\] is needed"),
        ({"audio": np.zeros(9), "audio_embeds": torch.zeros(1, 32)}, "give one of them"),
        ({"audio": np.zeros((2, 9))}, r"\(2, 9\).*mono"),
        ({"audio": []}, "at least one"),
        ({"audio": np.ones(9), "strength": torch.ones(2)}, "2 samples; there are 1 pictures"),
        ({"latents": torch.zeros(2, 4, 8, 8)}, r"\(2, 4, 8, 8\); \(1, 4, 8, 8\) is needed"),
        ({"latents": torch.zeros(1, 4, 8, 8), "begin_step": 2}, "begin_step is 2; .* from 0 to 1"),
        ({"latents": torch.zeros(1, 4, 8, 8), "begin_step": 0.5}, "begin_step is 0.5"),
        ({"begin_step": 1}, "give the latents"),
    ],
)
def test_unusable_values_say_why(
    pipeline: AudioToImagePipeline, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        pipeline(**{**SHORT, **settings})


@pytest.mark.parametrize("kind", [PNDMScheduler, HeunDiscreteScheduler, LMSDiscreteScheduler])
def test_a_scheduler_that_counts_its_calls_begins_at_the_beginning(tone: Sound, kind: Any) -> None:
    pipeline = debug_pipeline()
    pipeline.scheduler = kind(**({"skip_prk_steps": True} if kind is PNDMScheduler else {}))
    with pytest.raises(BadInput, match=f"{kind.__name__} cannot begin at step 1"):
        paint(pipeline, tone, latents=torch.zeros(1, 4, 8, 8), begin_step=1)


def test_the_debug_bundle_has_the_layout_of_the_miniature(tone: Sound, tmp_path: Path) -> None:
    root = debug_bundle(tmp_path / "bundle")
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    assert {"bundle.json", "vocabulary.json", "MODEL_CARD.md", "audio_to_image/model_index.json"} <= files
    assert {"clip/config.json", "clip/model.safetensors", "clip/tokenizer.json"} <= files
    parts = {path.name for path in (root / "audio_to_image").iterdir() if path.is_dir()}
    assert parts == {
        "scheduler", "tokenizer", "text_encoder", "unet", "vae", "latent_normalizer", "audio_encoder",
        "feature_extractor", "audio_tokenizer", "audio_projector", "audio_attention",
    }  # fmt: skip
    loaded = AudioToImagePipeline.from_pretrained(root / "audio_to_image")
    assert np.array_equal(paint(loaded, tone), paint(debug_pipeline(), tone))


def test_variations_lead_from_one_seeds_picture_to_anothers(
    pipeline: AudioToImagePipeline, tone: Sound
) -> None:
    own, other = paint(pipeline, tone, seed=3), paint(pipeline, tone, seed=9)
    assert np.array_equal(own, paint(pipeline, tone, seed=3, variations=[[(9, 0.0)]]))
    assert np.array_equal(other, paint(pipeline, tone, seed=3, variations=[[(9, 1.0)]]))
    near, far = (paint(pipeline, tone, seed=3, variations=[[(9, amount)]]) for amount in (0.1, 0.7))
    away = [np.abs(one.astype(float) - own).mean() for one in (near, far, other)]
    assert 0 < away[0] < away[1] < away[2]
    again = paint(pipeline, tone, seed=3, variations=[[(9, 0.1), (11, 0.2)]])
    assert differ(near, again)
    with pytest.raises(BadInput, match="3 lists of variations for 2 pictures"):
        paint(pipeline, tone, seed=[3, 4], num_images_per_prompt=2, variations=[[], [(9, 0.1)], []])
