"""Feature injection: what is kept comes back, what was not asked for stays, and nothing is left behind."""

from __future__ import annotations

import threading

import pytest
import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from torch import Tensor

from sonic_ui.pipelines.plug_and_play import FeatureInjection, HookPoint, decoder_hook_points
from sonic_ui.requests import BadInput
from sonic_ui.testing.tiny_models import TOKEN_DIM, debug_attention, debug_unet

ALL_ATTENTION, ALL_FEATURES = range(3, 12), range(12)


@pytest.fixture(scope="module")
def unet() -> UNet2DConditionModel:
    torch.manual_seed(0)
    return debug_unet().eval().requires_grad_(False)


def some(rows: int, seed: int) -> tuple[Tensor, Tensor]:
    """Latents [rows, 4, 8, 8] and text states [rows, 5, TOKEN_DIM]."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, 4, 8, 8, generator=generator), torch.randn(
        rows, 5, TOKEN_DIM, generator=generator
    )


def denoise(unet: UNet2DConditionModel, latents: Tensor, text: Tensor) -> Tensor:
    return unet(latents, 500, encoder_hidden_states=text).sample


def hooks(unet: UNet2DConditionModel) -> int:
    return sum(len(module._forward_hooks) for module in unet.modules())


def test_layers_are_counted_over_the_decoder(unet: UNet2DConditionModel) -> None:
    hook_points = decoder_hook_points(unet)
    up = unet.up_blocks
    assert hook_points[HookPoint(4, "hidden")] is up[1].resnets[1].conv2
    assert hook_points[HookPoint(4, "query")] is up[1].attentions[1].transformer_blocks[0].attn1.to_q
    assert hook_points[HookPoint(11, "key")] is up[3].attentions[2].transformer_blocks[0].attn1.to_k
    assert {point.layer for point in hook_points if point.output == "query"} == set(ALL_ATTENTION)
    assert {point.layer for point in hook_points if point.output == "hidden"} == set(ALL_FEATURES)
    chosen = FeatureInjection(unet, (4, 7), (5,)).hook_points
    assert {tuple(point) for point in chosen} == {
        (4, "query"), (4, "key"), (7, "query"), (7, "key"), (5, "hidden")
    }  # fmt: skip


def test_nothing_changes_unless_asked_and_nothing_stays(unet: UNet2DConditionModel) -> None:
    latents, text = some(2, 1)
    before, hooked = denoise(unet, latents, text), hooks(unet)
    with FeatureInjection(unet) as injection:
        assert torch.equal(denoise(unet, latents, text), before)
        with injection.recording() as kept:
            assert torch.equal(denoise(unet, latents, text), before)
        assert set(kept) == injection.hook_points
        with pytest.raises(RuntimeError, match="attached already"):
            injection.attach()
    assert hooks(unet) == hooked
    assert torch.equal(denoise(unet, latents, text), before)


def test_replay_and_sharing_are_the_same(unet: UNet2DConditionModel) -> None:
    """Batch order: source, unconditional, conditional."""
    source, null = some(1, 1)
    edit, text = some(2, 2)
    with FeatureInjection(unet, range(4, 12), (4, 5, 6)) as injection:
        with injection.recording() as kept:
            alone = denoise(unet, source, null)
        with injection.replaying(kept):
            replayed = denoise(unet, edit, text)
        with injection.sharing(injection.hook_points):
            shared = denoise(unet, torch.cat([source, edit]), torch.cat([null, text]))
        with injection.sharing([point for point in injection.hook_points if point.layer > 8]):
            fewer = denoise(unet, torch.cat([source, edit]), torch.cat([null, text]))[1:]
    plain = denoise(unet, edit, text)
    assert torch.allclose(shared[:1], alone, atol=1e-5)
    assert torch.allclose(shared[1:], replayed, atol=1e-5)
    assert (replayed - plain).abs().mean() > 1e-3
    assert (fewer - plain).abs().mean() > 1e-3 and (fewer - replayed).abs().mean() > 1e-3


def test_each_kind_of_place_matters(unet: UNet2DConditionModel) -> None:
    source, null = some(1, 1)
    edit, text = some(1, 2)
    plain = denoise(unet, edit, text)
    for attention, features in (((4,), ()), ((), (4,)), ((11,), ()), ((), (11,))):
        with FeatureInjection(unet, attention, features) as injection:
            with injection.recording() as kept:
                denoise(unet, source, null)
            with injection.replaying(kept):
                assert not torch.allclose(denoise(unet, edit, text), plain, atol=1e-5)


def test_injecting_the_sources_own_features_reproduces_it(unet: UNet2DConditionModel) -> None:
    latents, text = some(1, 3)
    with FeatureInjection(unet, ALL_ATTENTION, ALL_FEATURES) as injection:
        with injection.recording() as kept:
            expected = denoise(unet, latents, text)
        with injection.replaying(kept):
            assert torch.equal(denoise(unet, latents, text), expected)


def test_works_beside_audio_attention_of_another_row_count(unet: UNet2DConditionModel) -> None:
    source, null = some(1, 1)
    edit, text = some(2, 2)
    attention = debug_attention(unet)
    tokens = torch.randn(3, 6, TOKEN_DIM, generator=torch.Generator().manual_seed(4))
    deaf_source = torch.tensor([0.0, 1.0, 1.0])
    batch = torch.cat([source, edit]), torch.cat([null, text])
    attention.attach(unet)
    try:
        with FeatureInjection(unet) as injection:
            with injection.recording() as kept:
                alone = denoise(unet, source, null)
            with attention.condition(tokens, deaf_source), injection.sharing(injection.hook_points):
                shared = denoise(unet, *batch)
            with attention.condition(tokens[1:]), injection.replaying(kept):
                replayed = denoise(unet, edit, text)
            with injection.sharing(injection.hook_points):
                unheard = denoise(unet, *batch)
    finally:
        attention.detach()
    assert torch.allclose(shared[:1], alone, atol=1e-5)
    assert torch.allclose(shared[1:], replayed, atol=1e-5)
    assert (unheard[1:] - shared[1:]).abs().mean() > 1e-3


def test_other_threads_are_left_alone(unet: UNet2DConditionModel) -> None:
    source, null = some(1, 1)
    edit, text = some(1, 2)
    plain, seen = denoise(unet, edit, text), []
    with FeatureInjection(unet) as injection:
        with injection.recording() as kept:
            denoise(unet, source, null)
        with injection.replaying(kept):
            thread = threading.Thread(target=lambda: seen.append(denoise(unet, edit, text)))
            thread.start()
            thread.join()
            mine = denoise(unet, edit, text)
    assert torch.equal(seen[0], plain) and not torch.allclose(mine, plain, atol=1e-5)


def test_an_error_inside_leaves_nothing_behind(unet: UNet2DConditionModel) -> None:
    latents, text = some(1, 1)
    before, hooked = denoise(unet, latents, text), hooks(unet)
    with (
        pytest.raises(KeyError),
        FeatureInjection(unet) as injection,
        injection.sharing(injection.hook_points),
    ):
        raise KeyError
    assert hooks(unet) == hooked and torch.equal(denoise(unet, latents, text), before)


def test_matching_nothing_is_an_error(unet: UNet2DConditionModel) -> None:
    with pytest.raises(ValueError, match="no decoder blocks"):
        FeatureInjection(AutoencoderTiny(), (4,), ())
    with pytest.raises(ValueError, match="nothing to inject"):
        FeatureInjection(unet, (), ())
    with pytest.raises(
        BadInput, match=r"\[2\] have no self-attention.*3, 4, 5, 6, 7, 8, 9, 10, 11"
    ) as caught:
        FeatureInjection(unet, (2, 4), ())
    assert caught.value.field == "attention_layers"
    with pytest.raises(BadInput, match=r"\[12\] have no residual blocks") as caught:
        FeatureInjection(unet, (), (12,))
    assert caught.value.field == "feature_layers"


def test_features_that_do_not_fit_are_an_error(unet: UNet2DConditionModel) -> None:
    latents, text = some(1, 1)
    larger = torch.randn(1, 4, 16, 16)
    with FeatureInjection(unet) as injection:
        with injection.recording() as kept:
            denoise(unet, latents, text)
        with pytest.raises(ValueError, match="another picture size"), injection.replaying(kept):
            denoise(unet, larger, text)
        with pytest.raises(RuntimeError, match="did not pass"), injection.replaying(kept):
            pass
        with pytest.raises(ValueError, match="not hooked"), injection.sharing([HookPoint(0, "hidden")]):
            denoise(unet, latents, text)


def test_fused_projections_are_refused() -> None:
    fused = debug_unet()
    fused.fuse_qkv_projections()
    with pytest.raises(ValueError, match="unfuse_qkv_projections"):
        FeatureInjection(fused, (4,), ())
