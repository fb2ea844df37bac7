"""Editing word for word: which columns are the source's, and that nothing else is touched."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from PIL import Image

from sonic_ui.pipelines.audio_edit import AudioEditPipeline
from sonic_ui.pipelines.prompt_to_prompt import WordAttention, WordMaps, word_maps
from sonic_ui.pipelines.prompt_words import known_words, tokens_of
from sonic_ui.requests import BadInput
from sonic_ui.testing.tiny_bundle import debug_pipeline


@pytest.fixture(scope="module")
def pipeline() -> Any:
    return AudioEditPipeline(**debug_pipeline(0).components)


@pytest.fixture(scope="module")
def inversion(pipeline: Any) -> Any:
    pixels = torch.randint(0, 255, (32, 32, 3), generator=torch.Generator().manual_seed(0))
    picture = Image.fromarray(pixels.byte().numpy())
    return pipeline.invert(picture, "a b c", num_inference_steps=3)


def test_words_that_stay_take_the_sources_columns(pipeline: Any) -> None:
    maps = word_maps(pipeline.tokenizer, "a b c", ["a d b c", "a c"])
    length = pipeline.tokenizer.model_max_length
    assert maps.is_new[0, :6].tolist() == [False, False, True, False, False, False]
    assert maps.source[0, [0, 1, 3, 4, 5]].tolist() == [0, 1, 2, 3, 4]
    assert maps.source[1, :4].tolist() == [0, 1, 3, 4]
    assert not maps.is_new[1].any() and int(maps.source.max()) == length - 1


def test_a_learned_word_is_new(pipeline: Any) -> None:
    width = pipeline.text_encoder.get_input_embeddings().weight.shape[1]
    with known_words({"storm": torch.ones(1, width)}):
        maps = word_maps(pipeline.tokenizer, "a b c", ["a <storm> c"], {"<storm>": 1.5, "c": 0.0})
        assert len(tokens_of(pipeline.tokenizer, "a <storm> c")) == 3
    assert maps.is_new[0, :5].tolist() == [False, False, True, False, False]
    assert maps.weights[0, :5].tolist() == [1.0, 1.0, 1.5, 0.0, 1.0]


def test_a_weighed_word_has_to_be_there(pipeline: Any) -> None:
    with pytest.raises(BadInput, match="does not stand") as refusal:
        word_maps(pipeline.tokenizer, "a b", ["a b"], {"bell": 1.0})
    assert refusal.value.field == "word_weights"


def test_maps_are_mixed_by_column() -> None:
    source, own = torch.rand(2, 5, 3), torch.rand(1, 2, 5, 3)
    maps = WordMaps(
        torch.tensor([[0, 0, 1]]), torch.tensor([[False, True, False]]), torch.tensor([[1.0, 2.0, 0.5]])
    )
    mixed = maps.mixed(source, own)[0]
    torch.testing.assert_close(mixed[..., 0], source[..., 0])
    torch.testing.assert_close(mixed[..., 1], 2 * own[0, ..., 1])
    torch.testing.assert_close(mixed[..., 2], 0.5 * source[..., 1])


def test_own_maps_give_what_the_denoiser_gives(pipeline: Any) -> None:
    """With all columns new and no weight, only rounding differs; without control nothing does."""
    unet, config = pipeline.unet, pipeline.unet.config
    latents = torch.randn(3, config.in_channels, config.sample_size, config.sample_size)
    text = pipeline._text_states(["a b", "c", "d"], [], 3, guided=False)
    length = text.shape[1]
    with torch.no_grad():
        plain = unet(latents, 10, encoder_hidden_states=text).sample
        with WordAttention(unet) as control:
            assert torch.equal(unet(latents, 10, encoder_hidden_states=text).sample, plain)
            new = WordMaps(
                torch.zeros(1, length, dtype=torch.long),
                torch.ones(1, length, dtype=torch.bool),
                torch.ones(1, length),
            )
            with control.controlling(new, 2):
                same = unet(latents, 10, encoder_hidden_states=text).sample
            kept = word_maps(pipeline.tokenizer, "a b", ["d"])
            with control.controlling(kept, 2):
                changed = unet(latents, 10, encoder_hidden_states=text).sample
    torch.testing.assert_close(same, plain, rtol=1e-4, atol=1e-4)
    assert torch.equal(changed[:2], plain[:2]) and not torch.allclose(changed[2], plain[2], atol=1e-4)
    assert not any(module._forward_hooks_with_kwargs for module in unet.modules())


def test_the_sources_own_words_give_the_source_back(pipeline: Any, inversion: Any) -> None:
    """Same sentence, no guidance, no sound: the maps are the source's, and so is the picture."""
    settings: dict[str, Any] = {"guidance_scale": 1.0, "tau_attn": 0.0, "tau_feature": 0.0, "tau_words": 1.0}
    same = pipeline(inversion, prompt="a b c", output_type="latent", **settings)
    torch.testing.assert_close(same.images.cpu(), inversion.latents[:1].float(), rtol=1e-2, atol=1e-2)
    assert same.sample_passes == 2 * inversion.steps


def test_edits_differ_by_their_words_and_weights(pipeline: Any, inversion: Any) -> None:
    settings: dict[str, Any] = {"guidance_scale": 3.0, "tau_words": 0.7, "output_type": "latent"}
    plain = pipeline(inversion, prompt="a d c", **settings).images
    heavy = pipeline(inversion, prompt="a d c", word_weights={"d": 2.0}, **settings).images
    both = pipeline(inversion, prompt=["a d c", "a b d"], **settings).images
    assert not torch.allclose(plain, heavy, atol=1e-4) and both.shape[0] == 2
    torch.testing.assert_close(both[:1], plain, rtol=1e-3, atol=1e-3)
    several = pipeline(inversion, audio_embeds=torch.ones(1, pipeline.audio_projector.config.embedding_dim),
                       prompt="a d c", strength=torch.tensor([0.0, 1.0]), **settings).images  # fmt: skip
    torch.testing.assert_close(several[:1], plain, rtol=1e-3, atol=1e-3)
