"""Base of the pipelines that are conditioned by sound: components, conditions, denoiser's call, pictures."""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from diffusers import AutoencoderDC, AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from diffusers.image_processor import VaeImageProcessor
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from diffusers.schedulers.scheduling_utils import SchedulerMixin
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from transformers import (
    ClapFeatureExtractor,
    ClapModel,
    CLIPTextModel,
    CLIPTokenizer,
    PreTrainedTokenizerFast,
)

from sonic_ui.bundles import words_of
from sonic_ui.models.compact_autoencoder import CompactAutoencoder
from sonic_ui.models.devices import Placement, wants_compiling
from sonic_ui.models.encoders import encode_sound
from sonic_ui.models.gated_attention import AudioAttention
from sonic_ui.models.latents import LatentNormalizer, decode_latents
from sonic_ui.models.microsoft_clap import MicrosoftClap, MicrosoftClapFeatures
from sonic_ui.models.projector import AudioProjector
from sonic_ui.models.tagged_clap import TaggedClapModel
from sonic_ui.models.timbre import TimbreClapModel
from sonic_ui.pipelines.check_inputs import repeat, texts
from sonic_ui.pipelines.prompt_words import encode_with_words, tokens_of, words_in
from sonic_ui.pipelines.sampling import StepReport
from sonic_ui.requests import BadInput

Samples: TypeAlias = NDArray[np.floating[Any]]
Sounds: TypeAlias = Samples | Sequence[Samples]
OnStep: TypeAlias = Callable[[StepReport], None]
Pictures: TypeAlias = list[Image.Image] | NDArray[np.float32] | Tensor

WORD_END = re.compile(r"\S+$")
LONGEST_WORD = 40
"""Characters."""


class AudioConditionedPipeline(DiffusionPipeline):
    """The components of a bundle, with `audio_attention` attached to the stock `UNet2DConditionModel`.

    Pipelines of one bundle share their components: `Other(**pipeline.components)`. `from_pretrained` reads a
    local folder of diffusers' layout; fetch a hub's repository to a folder first, since diffusers refuses to
    download classes that are not its own.
    """

    _optional_components = ["latent_normalizer", "audio_tokenizer"]  # noqa: RUF012
    model_cpu_offload_seq = "text_encoder->unet->vae"
    _exclude_from_cpu_offload = [  # noqa: RUF012
        "audio_encoder",
        "audio_projector",
        "audio_attention",
        "latent_normalizer",
    ]

    def __init__(
        self,
        vae: AutoencoderKL | AutoencoderDC | AutoencoderTiny | CompactAutoencoder,
        text_encoder: CLIPTextModel,
        tokenizer: CLIPTokenizer,
        unet: UNet2DConditionModel,
        scheduler: SchedulerMixin,
        audio_encoder: ClapModel | TimbreClapModel | TaggedClapModel | MicrosoftClap,
        feature_extractor: ClapFeatureExtractor | MicrosoftClapFeatures,
        audio_projector: AudioProjector,
        audio_attention: AudioAttention,
        audio_tokenizer: PreTrainedTokenizerFast | None = None,
        latent_normalizer: LatentNormalizer | None = None,
    ) -> None:
        super().__init__()
        self.register_modules(
            vae=vae,
            text_encoder=text_encoder,
            tokenizer=tokenizer,
            unet=unet,
            scheduler=scheduler,
            audio_encoder=audio_encoder,
            feature_extractor=feature_extractor,
            audio_projector=audio_projector,
            audio_attention=audio_attention,
            audio_tokenizer=audio_tokenizer,
            latent_normalizer=latent_normalizer,
        )
        self.image_processor = VaeImageProcessor()
        if not audio_attention.is_attached_to(unet):
            audio_attention.attach(unet)

    @torch.no_grad()
    def embed_audio(self, samples: Sounds) -> Tensor:
        """Mono samples [T] at 48 kHz, or several -> L2-normalised embeddings [B, D]. Raises BadInput."""
        clips = [samples] if isinstance(samples, np.ndarray) else list(samples)
        try:
            return encode_sound(self.audio_encoder, self.feature_extractor, clips)
        except ValueError as error:
            raise BadInput(str(error), "sound") from error

    # Conditions

    def _audio_embeds(self, audio: Sounds | None, audio_embeds: Tensor | None) -> Tensor | None:
        """[B, D], or [B, S, D] of several sounds a picture, from whichever was given; None for neither."""
        if audio is not None and audio_embeds is not None:
            raise BadInput("Both audio and audio_embeds were given; give one of them.", "sound")
        if audio is not None:
            return self.embed_audio(audio)
        size = self.audio_projector.config.embedding_dim
        if audio_embeds is not None and (
            audio_embeds.ndim not in (2, 3) or 0 in audio_embeds.shape or audio_embeds.shape[-1] != size
        ):
            given = tuple(audio_embeds.shape)
            raise BadInput(
                f"audio_embeds has shape {given}; [B, {size}] is needed, or [B, S, {size}].", "sound"
            )
        return audio_embeds

    def _prompts(self, prompt: str | Sequence[str], prompt_embeds: Tensor | None) -> list[str] | Tensor:
        """Prompts, or their hidden states [B, L, C], whichever was given. Raises BadInput."""
        prompts = texts(prompt)
        if prompt_embeds is None:
            return prompts
        if any(prompts):
            raise BadInput("Both prompt and prompt_embeds were given; give one of them.", "prompt")
        length, width = self.tokenizer.model_max_length, self.text_encoder.config.hidden_size
        if prompt_embeds.ndim != 3 or tuple(prompt_embeds.shape[1:]) != (length, width):
            given = tuple(prompt_embeds.shape)
            raise BadInput(f"prompt_embeds has shape {given}; [B, {length}, {width}] is needed.", "prompt")
        return prompt_embeds

    def _text_states(
        self,
        prompts: list[str] | Tensor,
        negatives: list[str],
        count: int,
        guided: bool,
        token_weights: Tensor | None = None,
    ) -> Tensor:
        """[count, L, C], or [2 count, L, C] with the negative prompts first.

        prompts         texts, or their hidden states [B, L, C]
        token_weights   factors on the prompts' states, see `weighted_states`
        """
        groups = [negatives, prompts] if guided else [prompts]
        states = [
            repeat(
                group
                if isinstance(group, Tensor)
                else encode_prompts(self.tokenizer, self.text_encoder, group),
                count,
            )
            for group in groups
        ]
        return weighted_states(torch.cat(states).to(self.unet.dtype), token_weights, guided)

    def _audio_tokens(self, embeds: Tensor | None, count: int, guided: bool) -> Tensor | None:
        """[count, K, C], or [2 count, K, C] with null audio (projected zeros) first; None for no sound.

        The tokens of several sounds [B, S, D] stand side by side: S K of them.
        """
        if embeds is None:
            return None
        embeds = repeat(embeds.to(self.device), count)
        if guided:
            embeds = torch.cat([torch.zeros_like(embeds), embeds])
        if embeds.ndim == 2:
            return self.audio_projector(embeds)
        return self.audio_projector(embeds.flatten(0, 1)).unflatten(0, embeds.shape[:2]).flatten(1, 2)

    # The loop's parts

    def _denoise(self, latents: Tensor, timestep: Tensor | int, text: Tensor) -> Tensor:
        """The denoiser's output [B, C, h, w], float32, for as many latents as text states, which have the
        denoiser's type: asking itself would look at all of its weights in every step.
        """
        return self.unet(latents.to(text.dtype), timestep, encoder_hidden_states=text).sample.float()

    def _finish(self, latents: Tensor, output_type: str) -> Pictures:
        """Latents [B, C, h, w] as one of OUTPUT_TYPES."""
        if output_type == "latent":
            return latents
        images = decode_latents(self.vae, latents, self.latent_normalizer).float()
        return self.image_processor.postprocess(images, output_type)

    @torch.no_grad()
    def _decode_pil(self, latents: Tensor) -> list[Image.Image]:
        images: Any = self._finish(latents, "pil")
        return images


def weighted_states(text: Tensor, weights: Tensor | None, guided: bool) -> Tensor:
    """Hidden states [pictures or 2 pictures, L, C] with those of the prompts, the last, multiplied by [L],
    [pictures, L] or [pictures, L, C] (In-the-wild Sounds, equation 5). Raises BadInput for another length.
    """
    if weights is None:
        return text
    pictures = len(text) // (2 if guided else 1)
    if weights.ndim < 3:
        weights = weights.view(-1, weights.shape[-1], 1)
    if weights.shape[1] != text.shape[1] or len(weights) not in (1, pictures):
        raise BadInput(f"token_weights has shape {tuple(weights.shape)}; text has {tuple(text.shape)}.")
    return torch.cat([text[:-pictures], text[-pictures:] * weights.to(text)])


def encode_prompts(tokenizer: Any, text_encoder: nn.Module, prompts: Sequence[str]) -> Tensor:
    """Prompts -> hidden states [B, L, C] of a CLIP text encoder, L the tokenizer's length.

    Shorter prompts are padded, longer ones cut: `truncated_text` says what was cut off. They may hold words
    that are known (`prompt_words.known_words`).
    """
    if any(map(words_in, prompts)):
        return encode_with_words(tokenizer, text_encoder, prompts)
    ids = tokenizer(
        list(prompts),
        padding="max_length",
        truncation=True,
        max_length=tokenizer.model_max_length,
        return_tensors="pt",
    ).input_ids
    return text_encoder(ids.to(text_encoder.device)).last_hidden_state


def truncated_text(tokenizer: Any, prompt: str) -> str:
    """The end of `prompt` that does not fit the tokenizer's length, as it was written; "" when all fits.

    A word of which only a part fits belongs to it, unless so much of it fits that it is no word but a script
    without spaces.
    """
    tokens = tokens_of(tokenizer, prompt)
    room = int(tokenizer.model_max_length) - int(tokenizer.num_special_tokens_to_add())
    if len(tokens) <= room:
        return ""
    cut = tokens[room].begin
    begun = 0 if prompt[cut].isspace() else len(prompt[:cut]) - len(WORD_END.sub("", prompt[:cut]))
    return prompt[cut - begun if begun <= LONGEST_WORD else cut :].strip()


def spelled_out(tokenizer: Any, prompt: str) -> list[str]:
    """Words and signs of other scripts that a tokenizer takes apart to single letters or bytes: it has no
    pieces for them, so that its text encoder hardly saw them in training.
    """
    words = [word for word in words_of(prompt) if not word.isascii()]
    pieces = {word: tokenizer.tokenize(word) for word in words}
    return [
        word
        for word, parts in pieces.items()
        if len(parts) >= max(2, len(word)) or not parts or tokenizer.unk_token in parts
    ]


def move_to_device(
    pipeline: AudioConditionedPipeline, placement: Placement, compiler: str = "inductor"
) -> None:
    """Move a pipeline to where it runs. Its precision is set when its weights are read, not here.

    On a GPU convolutions run channels-last. With `offload` words, denoiser and autoencoder take turns on the
    device, and pictures are decoded one by one. The encoder's half of the denoiser is compiled if a person
    asks for it (SONIC_UI_COMPILE): the half that listens has hooks that come and go.

    compiler   of `torch.compile`
    """
    pipeline.set_progress_bar_config(disable=True)
    if placement.device.type == "cuda":
        for module in (pipeline.unet, pipeline.vae):
            module.to(memory_format=torch.channels_last)
    if placement.offload:
        if hasattr(pipeline.vae, "enable_slicing"):
            pipeline.vae.enable_slicing()
        pipeline.enable_model_cpu_offload(device=placement.device)
    else:
        pipeline.to(placement.device)
    if wants_compiling():
        for block in pipeline.unet.down_blocks:
            block.compile(backend=compiler)
