"""A sound as a word: learned by the latent diffusion loss alone, known only where it is told."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from sonic_ui.pipelines.audio_conditioned import encode_prompts, truncated_text
from sonic_ui.pipelines.prompt_words import known_words, tokens_of
from sonic_ui.pipelines.sound_word import SoundWordLearner, WordSettings, audio_token, learn_word, noised
from sonic_ui.testing.tiny_bundle import debug_pipeline


@pytest.fixture(scope="module")
def pipeline() -> Any:
    return debug_pipeline(0)


def width_of(pipeline: Any) -> int:
    return int(pipeline.text_encoder.get_input_embeddings().weight.shape[1])


def learner(pipeline: Any, steps: int = 30, **settings: Any) -> SoundWordLearner:
    config = pipeline.unet.config
    shape = (3, config.in_channels, config.sample_size, config.sample_size)
    latents = torch.randn(shape, generator=torch.Generator().manual_seed(5))
    token = audio_token(pipeline, torch.ones(pipeline.audio_projector.config.embedding_dim), [])
    return SoundWordLearner(pipeline, latents, token, WordSettings(steps=steps, **settings))


def test_a_known_words_token_is_the_tables_when_its_vector_is(pipeline: Any) -> None:
    """A word with the vector of an ordinary token reads as that token, whatever its place."""
    tokenizer, encoder = pipeline.tokenizer, pipeline.text_encoder
    (id,) = tokenizer("b", add_special_tokens=False).input_ids
    plain = encode_prompts(tokenizer, encoder, ["a b a", "dog"])
    vector = encoder.get_input_embeddings().weight[id].detach()[None]
    with known_words({"storm": vector}):
        worded = encode_prompts(tokenizer, encoder, ["a <storm> a", "dog"])
        assert torch.equal(encode_prompts(tokenizer, encoder, ["dog"])[0], plain[1])
    torch.testing.assert_close(worded, plain)


def test_nothing_is_left_behind(pipeline: Any) -> None:
    tokenizer, encoder = pipeline.tokenizer, pipeline.text_encoder
    before = encode_prompts(tokenizer, encoder, ["a <storm> at sea"])
    with known_words({"storm": torch.ones(2, width_of(pipeline))}):
        within = encode_prompts(tokenizer, encoder, ["a <storm> at sea"])
        assert len([one for one in tokens_of(tokenizer, "<storm>") if one.word == "storm"]) == 2
    assert not torch.allclose(before, within)
    assert torch.equal(encode_prompts(tokenizer, encoder, ["a <storm> at sea"]), before)
    assert not encoder.get_input_embeddings()._forward_hooks


def test_what_does_not_fit_begins_where_the_words_vectors_end(pipeline: Any) -> None:
    tokenizer = pipeline.tokenizer
    room = tokenizer.model_max_length - 2
    with known_words({"storm": torch.ones(room - 1, width_of(pipeline))}):
        assert truncated_text(tokenizer, "a <storm>") == ""
        assert truncated_text(tokenizer, "a <storm> b") == "b"


def test_a_vector_of_another_width_is_refused(pipeline: Any) -> None:
    with (
        known_words({"storm": torch.ones(1, width_of(pipeline) + 1)}),
        pytest.raises(ValueError, match="numbers; this text encoder takes"),
    ):
        encode_prompts(pipeline.tokenizer, pipeline.text_encoder, ["<storm>"])


def test_learning_lowers_the_loss_and_changes_no_weight(pipeline: Any) -> None:
    before = {name: value.clone() for name, value in pipeline.unet.state_dict().items()}
    one = learner(pipeline, rate=0.05, batch=8)
    first, losses = one.word.clone(), []
    with torch.inference_mode():  # as a job runs
        word = learn_word(one, lambda step, loss: losses.append(loss))
    assert word.shape == (1, width_of(pipeline)) and not torch.allclose(word, first)
    assert sum(losses[-10:]) < sum(losses[:10])
    assert all(torch.equal(value, before[name]) for name, value in pipeline.unet.state_dict().items())


def test_the_same_seed_learns_the_same_word(pipeline: Any) -> None:
    assert torch.equal(learn_word(learner(pipeline, 4)), learn_word(learner(pipeline, 4)))


def test_a_sounds_token_lies_with_the_tokens_of_its_label(pipeline: Any) -> None:
    """With a text side f_a of a label's own embedding is nearer to that label's tokens than to others'."""
    from sonic_ui.models.encoders import embed_labels

    phrases = ["rain", "dog", "fire", "bell", "train", "wind"]
    embeds = embed_labels(pipeline.audio_encoder, pipeline.audio_tokenizer, phrases)
    table = pipeline.text_encoder.get_input_embeddings().weight.detach()
    ids = [pipeline.tokenizer(one, add_special_tokens=False).input_ids for one in phrases]
    means = torch.stack([table[one].mean(0) for one in ids])
    mapped = torch.stack([audio_token(pipeline, one, phrases) for one in embeds])
    fallback = audio_token(pipeline, embeds[0], [])
    assert fallback.norm() == pytest.approx(float(table.norm(dim=1).mean()), rel=1e-3)
    spread = (means - means.mean(0)).norm()
    assert (mapped - means).norm() < spread


def test_noise_follows_the_scheduler(pipeline: Any) -> None:
    latents = torch.randn(4, 4, 2, 2)
    noisy, timesteps, target = noised(pipeline.scheduler, latents, torch.Generator().manual_seed(0))
    assert noisy.shape == target.shape == latents.shape and timesteps.shape == (4,)
