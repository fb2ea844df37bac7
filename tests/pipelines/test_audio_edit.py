"""The edit pipeline: the source comes back when nothing is asked, and every setting does what it says."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sonic_ui.models.compact_autoencoder import CompactAutoencoder
from sonic_ui.pipelines.audio_edit import AudioEditOutput, AudioEditPipeline, carry_detail
from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline
from sonic_ui.pipelines.inversion import Inversion
from sonic_ui.pipelines.sampling import StepReport
from sonic_ui.requests import EDIT_MODES, BadInput
from sonic_ui.testing.tiny_bundle import debug_pipeline

STEPS = 4
EVERYTHING: dict[str, Any] = {"tau_attn": 1.0, "tau_feature": 1.0}
NOTHING: dict[str, Any] = {"tau_attn": 0.0, "tau_feature": 0.0}


@pytest.fixture(scope="module")
def editor(pipeline: AudioToImagePipeline) -> AudioEditPipeline:
    return AudioEditPipeline(**pipeline.components)


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    """A panorama of coloured squares, 150 x 60."""
    squares = np.random.default_rng(0).integers(0, 255, (4, 10, 3), dtype=np.uint8)
    return Image.fromarray(squares).resize((150, 60), Image.Resampling.NEAREST)


@pytest.fixture(scope="module")
def inversion(editor: AudioEditPipeline, picture: Image.Image) -> Inversion:
    return editor.invert(picture, num_inference_steps=STEPS)


@pytest.fixture(scope="module")
def heard(pipeline: AudioToImagePipeline) -> Tensor:
    """[1, D], the embedding of a tone."""
    return pipeline.embed_audio(np.sin(np.arange(48_000) / 10).astype(np.float32))


def source_of(editor: AudioEditPipeline, inversion: Inversion) -> Tensor:
    """The autoencoder's own reconstruction [1, 3, H, W]."""
    return editor._finish(inversion.latents[:1].float(), "pt")


def edited(editor: AudioEditPipeline, start: Inversion, **settings: Any) -> Tensor:
    """[B, 3, H, W]"""
    return editor(start, output_type="pt", **settings).images


def apart(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max())


# Nothing asked: the source


@pytest.mark.parametrize("features", ["replay", "source pass"])
@pytest.mark.parametrize("hold", [EVERYTHING, NOTHING], ids=["full", "no injection"])
def test_strength_zero_without_words_returns_the_source(
    editor: AudioEditPipeline, inversion: Inversion, heard: Tensor, features: str, hold: dict[str, Any]
) -> None:
    images = edited(editor, inversion, audio_embeds=heard, strength=0.0, features=features, **hold)
    assert apart(images, source_of(editor, inversion)) < 2e-3


def test_no_sound_and_no_words_return_the_source(editor: AudioEditPipeline, inversion: Inversion) -> None:
    assert apart(edited(editor, inversion), source_of(editor, inversion)) < 2e-3
    assert apart(edited(editor, inversion, guidance_scale=1.0), source_of(editor, inversion)) < 2e-3


def test_the_source_prompt_is_part_of_the_way(editor: AudioEditPipeline, picture: Image.Image) -> None:
    told = editor.invert(picture, "a dog", num_inference_steps=STEPS)
    source = source_of(editor, told)
    assert apart(edited(editor, told, prompt="a dog", guidance_scale=1.0), source) < 2e-3
    assert apart(edited(editor, told, prompt="the sea", guidance_scale=1.0, **NOTHING), source) > 1e-2


def test_epsilon_prediction_comes_back_too(picture: Image.Image, heard: Tensor) -> None:
    editor = AudioEditPipeline(**debug_pipeline(prediction_type="epsilon").components)
    inversion = editor.invert(picture, num_inference_steps=STEPS)
    source = source_of(editor, inversion)
    assert apart(edited(editor, inversion), source) < 5e-3
    assert apart(edited(editor, inversion, audio_embeds=heard), source) > 1e-2


def test_full_precision_inversions_come_back(editor: AudioEditPipeline, picture: Image.Image) -> None:
    inversion = editor.invert(picture, num_inference_steps=STEPS, dtype=torch.float32)
    assert apart(edited(editor, inversion), source_of(editor, inversion)) < 2e-3


# Hooks


def test_a_plain_generation_is_bit_identical_before_and_after(
    pipeline: AudioToImagePipeline, editor: AudioEditPipeline, picture: Image.Image, heard: Tensor
) -> None:
    def paint() -> Tensor:
        return pipeline(
            audio_embeds=heard, prompt="a dog", num_inference_steps=2, output_type="latent"
        ).images

    before = paint()
    inside: list[Tensor] = []
    for features in ("replay", "source pass"):
        editor(picture, audio_embeds=heard, features=features, num_inference_steps=2)
    editor(picture, audio_embeds=heard, num_inference_steps=2, on_step=lambda _: inside.append(paint()))
    assert torch.equal(paint(), before)
    assert all(torch.equal(one, before) for one in inside) and len(inside) == 4


def test_a_cancelled_inversion_or_edit_leaves_nothing_behind(
    pipeline: AudioToImagePipeline, editor: AudioEditPipeline, picture: Image.Image, inversion: Inversion
) -> None:
    class Cancelled(Exception):
        pass

    def cancel(report: StepReport) -> None:
        raise Cancelled

    hooks = [len(module._forward_hooks) for module in editor.unet.modules()]
    before = pipeline(num_inference_steps=2, output_type="latent").images
    with pytest.raises(Cancelled):
        editor.invert(picture, on_step=cancel)
    with pytest.raises(Cancelled):
        editor(inversion, prompt="a dog", on_step=cancel)
    assert [len(module._forward_hooks) for module in editor.unet.modules()] == hooks
    assert torch.equal(pipeline(num_inference_steps=2, output_type="latent").images, before)


# Replaying


def test_replay_and_source_pass_agree_and_replay_is_cheaper(
    editor: AudioEditPipeline, inversion: Inversion, heard: Tensor
) -> None:
    results: dict[str, AudioEditOutput] = {
        features: editor(inversion, audio_embeds=heard, features=features, output_type="pt", **EVERYTHING)
        for features in ("replay", "source pass")
    }
    assert apart(results["replay"].images, results["source pass"].images) < 2e-3
    assert results["replay"].sample_passes == 2 * STEPS
    assert results["source pass"].sample_passes == 3 * STEPS


def test_the_stated_cost_is_the_denoisers(
    editor: AudioEditPipeline, picture: Image.Image, heard: Tensor
) -> None:
    rows: list[int] = []
    handle = editor.unet.register_forward_pre_hook(lambda module, args: rows.append(len(args[0])))
    try:
        for settings in (
            {},
            {"features": "source pass", "tau_attn": 0.5, "tau_feature": 0.25},
            {"strength": torch.tensor([0.0, 1.0, 2.0]), "guidance_scale": 1.0},
        ):
            rows.clear()
            made = editor(picture, audio_embeds=heard, num_inference_steps=STEPS, **settings)
            assert made.sample_passes == sum(rows)
        rows.clear()
        assert editor.invert(picture, num_inference_steps=3).sample_passes == sum(rows) == 4
    finally:
        handle.remove()


def test_steps_whose_features_were_not_kept_run_the_source(
    editor: AudioEditPipeline, picture: Image.Image, inversion: Inversion, heard: Tensor
) -> None:
    a_step = inversion.features.nbytes // STEPS
    short = editor.invert(picture, num_inference_steps=STEPS, kept_bytes=2 * a_step)
    assert short.features.levels == (3, 4) and short.features.nbytes == 2 * a_step
    assert inversion.nbytes - short.nbytes == 2 * a_step
    made = editor(short, audio_embeds=heard, output_type="pt", **EVERYTHING)
    assert made.sample_passes == 2 * 2 + 2 * 3
    assert apart(made.images, edited(editor, inversion, audio_embeds=heard, **EVERYTHING)) < 2e-3
    none = editor.invert(picture, num_inference_steps=STEPS, kept_bytes=0)
    assert none.features.nbytes == 0
    assert editor(none, audio_embeds=heard, **EVERYTHING).sample_passes == 3 * STEPS
    other_layers = editor(inversion, audio_embeds=heard, feature_layers=(9,), **EVERYTHING)
    assert other_layers.sample_passes == 3 * STEPS


def test_an_edit_of_a_picture_is_that_of_its_inversion(
    editor: AudioEditPipeline, picture: Image.Image, inversion: Inversion, heard: Tensor
) -> None:
    made = editor(picture, audio_embeds=heard, num_inference_steps=STEPS)
    again = editor(made.inversion, audio_embeds=heard)
    assert np.array_equal(np.asarray(made.images[0]), np.asarray(again.images[0]))
    assert made.sample_passes == again.sample_passes + STEPS + 1
    assert torch.equal(made.inversion.latents, inversion.latents)


# Settings


def test_each_setting_changes_the_edit(
    editor: AudioEditPipeline, inversion: Inversion, heard: Tensor
) -> None:
    base = edited(editor, inversion, audio_embeds=heard)
    for settings in (
        {"strength": 0.5},
        {"strength": [1.0] + [0.0] * 8},
        {"guidance_scale": 3.0},
        {"prompt": "a dog"},
        {"negative_prompt": "fog"},
        {"tau_attn": 0.0},
        {"tau_feature": 0.0},
        {"tau_feature": 1.0},
        {"attention_layers": (4,)},
        {"attention_layers": ()},
        {"feature_layers": (4, 5, 6)},
        {"variation": 0.5},
    ):
        assert apart(base, edited(editor, inversion, **{"audio_embeds": heard, **settings})) > 1e-4, settings
    silent = edited(editor, inversion, prompt="a dog", strength=1.0)
    assert apart(silent, edited(editor, inversion, prompt="a dog", audio_embeds=heard, strength=0.0)) < 1e-5


def test_thresholds_count_steps(editor: AudioEditPipeline, inversion: Inversion, heard: Tensor) -> None:
    """Of four steps, tau 0.5 holds two; what rounds to as many steps edits the same."""
    rows: list[int] = []
    handle = editor.unet.register_forward_pre_hook(lambda module, args: rows.append(len(args[0])))
    try:
        for tau_attn, tau_feature, expected in ((0.5, 0.0, 2), (0.25, 0.75, 3), (1.0, 0.5, 4), (0.0, 0.0, 0)):
            rows.clear()
            taus = {"tau_attn": tau_attn, "tau_feature": tau_feature}
            edited(editor, inversion, audio_embeds=heard, features="source pass", **taus)
            assert rows == [3] * expected + [2] * (STEPS - expected)
    finally:
        handle.remove()
    half = edited(editor, inversion, audio_embeds=heard, tau_attn=0.5, tau_feature=0.5)
    close = edited(editor, inversion, audio_embeds=heard, tau_attn=0.45, tau_feature=0.55)
    assert torch.equal(half, close)


def test_several_edits_at_once(editor: AudioEditPipeline, inversion: Inversion, heard: Tensor) -> None:
    strengths = torch.tensor([0.0, 0.5, 1.5])
    for features in ("replay", "source pass"):
        grid = edited(editor, inversion, audio_embeds=heard, strength=strengths, features=features)
        for i, strength in enumerate(strengths.tolist()):
            alone = edited(editor, inversion, audio_embeds=heard, strength=strength, features=features)
            assert apart(grid[i : i + 1], alone) < 1e-3
    sounds = torch.cat([heard, -heard])
    pair = edited(editor, inversion, audio_embeds=sounds, prompt=["a dog", "the sea"])
    assert apart(pair[1:], edited(editor, inversion, audio_embeds=-heard, prompt="the sea")) < 1e-3


def test_variations_depend_on_their_seed(editor: AudioEditPipeline, inversion: Inversion) -> None:
    one, two = edited(editor, inversion, prompt=["a", "a"], variation=0.4, seed=7)
    again = edited(editor, inversion, prompt="a", variation=0.4, seed=8)[0]
    assert apart(one, two) > 1e-3 and apart(two, again) < 1e-3
    assert torch.equal(edited(editor, inversion, seed=1), edited(editor, inversion, seed=2))


def test_modes_are_settings_of_the_pipeline(
    editor: AudioEditPipeline, inversion: Inversion, heard: Tensor
) -> None:
    assert list(EDIT_MODES) == ["replace", "add", "style", "paper", "released", "words"]
    made = [edited(editor, inversion, audio_embeds=heard, **mode.settings()) for mode in EDIT_MODES.values()]
    assert all(apart(one, other) > 1e-4 for one, other in pairwise(made))
    for mode in EDIT_MODES.values():
        assert mode.line.endswith(".") and "\n" not in mode.line
        again = editor(inversion, audio_embeds=heard, **mode.settings())
        along = round(mode.tau_words * STEPS)  # the source's maps are not kept: it runs along
        assert again.sample_passes == 2 * STEPS + along  # what the modes hold is kept by default


def test_a_sound_that_speaks_nowhere_leaves_the_source(
    editor: AudioEditPipeline, inversion: Inversion, heard: Tensor
) -> None:
    silent = edited(editor, inversion, audio_embeds=heard, sound_layers=(0.0,))
    assert torch.equal(silent, edited(editor, inversion, audio_embeds=heard, strength=0.0))
    coarse, fine = (
        edited(editor, inversion, audio_embeds=heard, sound_layers=part) for part in ((1, 0), (0, 1))
    )
    assert apart(coarse, silent) > 1e-5 and apart(fine, silent) > 1e-5 and apart(coarse, fine) > 1e-5


# Masks and shapes


def test_outside_of_the_mask_pixels_are_the_sources_own(
    editor: AudioEditPipeline, inversion: Inversion, picture: Image.Image, heard: Tensor
) -> None:
    mask = np.zeros((60, 150), bool)
    mask[10:50, 30:90] = True
    pixels = np.asarray(editor(inversion, audio_embeds=heard, mask=mask).images[0])
    source = np.asarray(picture)
    assert np.array_equal(pixels[~mask], source[~mask])
    assert np.abs(pixels[mask].astype(int) - source[mask]).mean() > 5
    half = edited(editor, inversion, audio_embeds=heard, mask=mask)
    far = half[..., -1, -8:] - source_of(editor, inversion)[..., -1, -8:]
    free = edited(editor, inversion, audio_embeds=heard)
    assert far.abs().max() < 0.05 < apart(free, source_of(editor, inversion))


@pytest.mark.parametrize("size", [(64, 64), (16, 16), (100, 30), (30, 100), (500, 333)])
def test_any_size_and_aspect_ratio(editor: AudioEditPipeline, size: tuple[int, int]) -> None:
    previews: list[tuple[int, int]] = []
    made = editor(
        Image.new("RGB", size, "teal"),
        prompt="a dog",
        num_inference_steps=2,
        on_step=lambda report: previews.append(report.preview()[0].size),
    )
    assert made.images[0].size == size
    width, height = previews[0]
    assert max(width, height) == 64 and abs(width / height - size[0] / size[1]) < 0.15
    assert len(set(previews)) == 1 and len(previews) == 4


def test_output_types(editor: AudioEditPipeline, inversion: Inversion) -> None:
    shapes = {"np": (1, 64, 64, 3), "pt": (1, 3, 64, 64), "latent": (1, 4, 8, 8)}
    for kind, shape in shapes.items():
        assert tuple(editor(inversion, output_type=kind).images.shape) == shape


def test_steps_are_reported(editor: AudioEditPipeline, picture: Image.Image) -> None:
    up: list[StepReport] = []
    down: list[StepReport] = []
    inversion = editor.invert(picture, num_inference_steps=3, on_step=up.append)
    made = editor(inversion, prompt="a dog", output_type="latent", on_step=down.append)
    assert [(report.step, report.total) for report in up + down] == [(1, 3), (2, 3), (3, 3)] * 2
    assert [r.timestep for r in up] == [r.timestep for r in down][::-1] == sorted(r.timestep for r in up)
    assert down[-1].pred_original_sample.shape == made.images.shape


def test_an_inversion_states_its_memory_and_holds_none_of_the_device(inversion: Inversion) -> None:
    tensors = [inversion.latents, inversion.corrections, inversion.text]
    assert all(t.device.type == "cpu" for t in tensors) and inversion.latents.dtype == torch.float16
    known = sum(t.numel() * t.element_size() for t in tensors) + inversion.features.nbytes
    assert inversion.nbytes == known + 4 * (150 * 60 + 64 * 64)
    assert inversion.without_source().nbytes == known + 4 * 64 * 64
    assert inversion.steps == STEPS and inversion.sample_passes == STEPS + 1


def test_components_are_shared_and_load_from_the_same_folder(
    pipeline: AudioToImagePipeline, editor: AudioEditPipeline, picture: Image.Image, tmp_path: Any
) -> None:
    assert editor.unet is pipeline.unet and editor.audio_attention is pipeline.audio_attention
    pipeline.save_pretrained(tmp_path)
    loaded = AudioEditPipeline.from_pretrained(tmp_path)
    settings: dict[str, Any] = {"prompt": "a dog", "num_inference_steps": 2}
    one, other = (np.asarray(p(picture, **settings).images[0]) for p in (loaded, editor))
    assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tau_attn": 1.2}, "tau_attn is 1.2; it takes a number from 0 to 1"),
        ({"tau_feature": -0.1}, "tau_feature is -0.1"),
        ({"variation": float("nan")}, "variation is nan"),
        ({"features": "none"}, "'none'; it takes one of replay, source pass"),
        ({"attention_layers": (1,)}, r"Decoder layers \[1\] have no self-attention"),
        ({"feature_layers": (40,)}, r"\[40\] have no residual blocks"),
        ({"mask": np.zeros((60, 150))}, "The mask is empty"),
        ({"mask": np.ones((60, 60))}, "Paint the mask on this picture"),
        ({"strength": torch.ones(2), "prompt": ["a"] * 3}, "2 of strength beside 3"),
        ({"guidance_scale": float("inf")}, "guidance_scale is inf"),
        ({"output_type": "jpg"}, "'jpg'; it takes one of"),
        ({"audio_embeds": torch.zeros(1, 8)}, r"\[B, 32\] is needed"),
    ],
)
def test_unusable_values_say_why(
    editor: AudioEditPipeline, inversion: Inversion, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        editor(inversion, **settings)


def test_unusable_pictures_and_steps_say_why(editor: AudioEditPipeline, picture: Image.Image) -> None:
    with pytest.raises(BadInput, match="at least 8 px"):
        editor.invert(Image.new("RGB", (3, 3)))
    with pytest.raises(BadInput, match="it takes 2 to 1000"):
        editor.invert(picture, num_inference_steps=1)
    black: NDArray[np.uint8] = np.asarray(
        editor(Image.new("RGB", (40, 40)), prompt="a dog", num_inference_steps=2).images[0]
    )
    assert black.shape == (40, 40, 3)


# An autoencoder that loses detail


def test_detail_comes_back_where_nothing_changed_and_only_there() -> None:
    source = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    unedited = torch.zeros_like(source)
    edited = unedited.clone()
    edited[..., 32:] = 0.9
    result = carry_detail(edited, unedited, source)
    assert torch.allclose(result[..., :24], source[..., :24], atol=1e-5)
    assert torch.allclose(result[..., 40:], edited[..., 40:], atol=1e-3)
    assert torch.equal(carry_detail(unedited, unedited, source), source)


def test_with_a_compact_autoencoder_an_edit_that_asks_for_nothing_is_the_source(
    pipeline: AudioToImagePipeline, picture: Image.Image
) -> None:
    channels = int(pipeline.unet.config.in_channels)
    vae = CompactAutoencoder(channels, (8, 8), (0, 1), 2, (8, 8), (1, 0)).eval()
    editor = AudioEditPipeline(**{**pipeline.components, "vae": vae, "latent_normalizer": None})
    (result,) = editor(picture, num_inference_steps=STEPS, **NOTHING).images
    square = editor._fitted(picture)
    same = square.restore(square.square)
    assert np.abs(np.asarray(result, float) - np.asarray(same, float)).max() <= 3
