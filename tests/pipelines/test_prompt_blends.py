"""Hidden states of blended prompts, and pictures painted from them."""

import numpy as np
import pytest
import torch

from sonic_ui.pipelines.audio_conditioned import encode_prompts
from sonic_ui.pipelines.prompt_blends import encode_blends
from sonic_ui.requests import BadInput
from sonic_ui.testing.tiny_bundle import debug_pipeline


def test_states_are_the_mean_of_the_texts_by_their_shares() -> None:
    pipeline = debug_pipeline()
    networks = pipeline.tokenizer, pipeline.text_encoder
    quiet, loud = encode_prompts(*networks, ["quiet rain", "loud rain"])
    blends = [(("quiet rain", 0.25), ("loud rain", 0.75)), (("loud rain", 1.0),)]
    found = encode_blends(*networks, blends)
    torch.testing.assert_close(found[0], 0.25 * quiet + 0.75 * loud)
    torch.testing.assert_close(found[1], loud)


def test_a_picture_of_states_is_that_of_their_prompt() -> None:
    pipeline = debug_pipeline()
    embeds = encode_blends(pipeline.tokenizer, pipeline.text_encoder, [(("rain", 1.0),)])
    settings = {"num_inference_steps": 2, "seed": 3, "guidance_scale": 3.0}
    (by_words,) = pipeline(prompt="rain", **settings).images
    (by_states,) = pipeline(prompt_embeds=embeds, **settings).images
    assert np.array_equal(np.asarray(by_words), np.asarray(by_states))


def test_states_that_cannot_be_used_are_refused() -> None:
    pipeline = debug_pipeline()
    embeds = encode_blends(pipeline.tokenizer, pipeline.text_encoder, [(("rain", 1.0),)])
    with pytest.raises(BadInput, match="Both prompt and prompt_embeds"):
        pipeline(prompt="rain", prompt_embeds=embeds, num_inference_steps=1)
    with pytest.raises(BadInput, match="prompt_embeds has shape"):
        pipeline(prompt_embeds=embeds[:, :3], num_inference_steps=1)
