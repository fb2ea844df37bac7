"""A sound as a word of prompts: Align, Adapt and Inject (AAI), adaptation.

The token of a word is f_a + f_adapter: the sound's embedding beside the text encoder's token embeddings, and
an adapter that is learned from a few pictures of what the sound depicts, with everything else frozen
(equation 6). The adapter of one sound serves others of its class (AAI, section 4.4).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonic_ui.models.encoders import embed_labels
from sonic_ui.pipelines.prompt_words import encode_with_words, known_words

RIDGE = 0.1
"""Weight of the squared map from the audio encoder's space to the token embeddings."""

SENTENCE = "a photo of <{word}>"
"""With which the adapter is learned (AAI, section 3.2)."""

LEARNED = "learned"
"""Name of the word while it is learned."""


@dataclass(frozen=True)
class WordSettings:
    """How an adapter is learned. steps: of Adam at `rate`, with `batch` noised pictures each."""

    steps: int = 100
    rate: float = 5e-3
    batch: int = 4
    sentence: str = SENTENCE


@torch.no_grad()
def audio_token(pipeline: Any, embedding: Tensor, phrases: Sequence[str]) -> Tensor:
    """f_a [C]: the embedding [D] of a sound beside the embeddings of the text encoder's tokens.

    AAI's encoder has the width of these. Here a ridge regression, from embeddings of `phrases` by the audio
    encoder's text side to the mean embeddings of their tokens, leads from one space to the other (ours).
    Without a text side or phrases the embedding is cut or filled up with zeros, at a token's usual length.
    """
    table = pipeline.text_encoder.get_input_embeddings().weight.detach().float()
    embedding = embedding.detach().float().to(table.device)
    if pipeline.audio_tokenizer is None or not phrases:
        token = F.pad(embedding[: table.shape[1]], (0, max(0, table.shape[1] - len(embedding))))
        return F.normalize(token, dim=0) * table.norm(dim=1).mean()
    known = embed_labels(pipeline.audio_encoder, pipeline.audio_tokenizer, phrases).to(table)
    ids = [pipeline.tokenizer(phrase, add_special_tokens=False).input_ids for phrase in phrases]
    tokens = torch.stack([table[one].mean(0) for one in ids])
    mean = tokens.mean(0)
    square = known.T @ known + RIDGE * torch.eye(known.shape[1], device=known.device)
    return mean + embedding @ torch.linalg.solve(square, known.T @ (tokens - mean))


def noised(scheduler: Any, latents: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Clean latents [B, C, h, w] -> noisy ones at random timesteps [B], and what the denoiser should say."""
    noise = torch.randn(latents.shape, generator=generator).to(latents.device)
    count = int(scheduler.config.num_train_timesteps)
    timesteps = torch.randint(0, count, (len(latents),), generator=generator).to(latents.device)
    noisy = scheduler.add_noise(latents, noise, timesteps)
    kind = scheduler.config.prediction_type
    if kind == "epsilon":
        return noisy, timesteps, noise
    if kind == "sample":
        return noisy, timesteps, latents
    return noisy, timesteps, scheduler.get_velocity(latents, noise, timesteps)


class SoundWordLearner:
    """The adapter of a word, and one step of its optimisation after the other.

    latents   of the reference pictures [N, C, h, w], as the denoiser reads them
    token     f_a [C]
    """

    def __init__(
        self,
        pipeline: Any,
        latents: Tensor,
        token: Tensor,
        settings: WordSettings | None = None,
        seed: int = 0,
    ) -> None:
        self._pipeline = pipeline
        self.settings = settings or WordSettings()
        self._generator = torch.Generator("cpu").manual_seed(seed)
        with torch.inference_mode(False):
            self._latents, self._token = latents.detach().float().clone(), token.detach().float().clone()
            neutral = torch.randn(token.shape, generator=self._generator).to(self._token)
            self._adapter = nn.Parameter(0.01 * neutral * self._token.norm() / neutral.norm())
        self._optimizer = torch.optim.Adam([self._adapter], lr=self.settings.rate)

    @property
    def word(self) -> Tensor:
        """f_a + f_adapter as the vectors of a word [1, C]."""
        return (self._token + self._adapter.detach())[None]

    def step(self) -> float:
        """One step down the latent diffusion loss (equation 6); the loss before it."""
        pipeline, settings = self._pipeline, self.settings
        index = torch.randint(0, len(self._latents), (settings.batch,), generator=self._generator)
        with torch.inference_mode(False), torch.enable_grad():
            latents = self._latents[index.to(self._latents.device)].clone()
            noisy, timesteps, target = noised(pipeline.scheduler, latents, self._generator)
            with known_words({LEARNED: (self._token + self._adapter)[None]}):
                prompt = settings.sentence.format(word=LEARNED)
                text = encode_with_words(pipeline.tokenizer, pipeline.text_encoder, [prompt])
            text = text.to(pipeline.unet.dtype).expand(len(noisy), -1, -1)
            predicted = pipeline.unet(
                noisy.to(pipeline.unet.dtype), timesteps, encoder_hidden_states=text
            ).sample
            loss = F.mse_loss(predicted.float(), target)
            self._optimizer.zero_grad()
            (self._adapter.grad,) = torch.autograd.grad(loss, [self._adapter])
            self._optimizer.step()
        return float(loss.detach())


def learn_word(learner: SoundWordLearner, on_step: Callable[[int, float], None] | None = None) -> Tensor:
    """Vectors [1, C] of the word after all of the learner's steps."""
    for step in range(1, learner.settings.steps + 1):
        loss = learner.step()
        if on_step is not None:
            on_step(step, loss)
    return learner.word
