"""Sounds by AudioLDM (arXiv 2301.12503), its published weights loaded by component.

No public mapper from pictures, modulator or energy ControlNet exists for it: a picture is put into words
(BLIP, arXiv 2201.12086), the words into CLAP's space, and the energy is imposed by training-free guidance.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from PIL import Image
from torch import Tensor
from transformers import (
    AutoTokenizer,
    BlipForConditionalGeneration,
    BlipImageProcessorPil,
    BlipProcessor,
    ClapTextModelWithProjection,
    SpeechT5HifiGan,
)

from sonic_ui.pipelines.image_to_audio import ImageToAudioOutput, ImageToAudioPipeline
from sonic_ui.pipelines.sound_generation import EmbedWords
from sonic_ui.requests import BadInput

FRAMES = 1024  # 10.24 s
STEPS, GUIDANCE = 50, 2.5
CAPTION_TOKENS = 24


class AudioLdmPipeline(ImageToAudioPipeline):
    """`ImageToAudioPipeline` for weights without a mapper: `image_encoder` is BLIP."""

    _last_caption: tuple[bytes, str] | None = None

    @torch.no_grad()
    def caption(self, image: Image.Image) -> str:
        """What a picture shows, in a few words; the same picture gives the same words. The last is cached."""
        key = image.tobytes()
        if self._last_caption is None or self._last_caption[0] != key:
            self._last_caption = key, self._captioned(image)
        return self._last_caption[1]

    def _captioned(self, image: Image.Image) -> str:
        return caption_picture(self.image_encoder, self.image_processor, image)

    @torch.no_grad()
    def embed_image(self, image: Image.Image) -> Tensor:
        """The embedding [1, D] of a picture's caption, of unit length. Raises BadInput."""
        if not isinstance(image, Image.Image):
            raise BadInput(f"A picture is needed; given was {type(image).__name__}.", "picture")
        return self.embed_prompt(self.caption(image))

    def ranking_embedding(
        self, image: Image.Image, prompt: str, embed_words: EmbedWords | None, concept: str = ""
    ) -> Tensor | None:
        """As `AudioGenerationPipeline.ranking_embedding`: that of the caption, or concept, and the words."""
        if embed_words is None:
            return None
        shown = concept.strip() or self.caption(image)
        return embed_words(", ".join(filter(None, (shown, prompt.strip()))))

    def __call__(self, image: Image.Image, *, control: str = "auto", **settings: Any) -> ImageToAudioOutput:
        """As `ImageToAudioPipeline`; "trained" control is "guided" while there is no ControlNet."""
        if control == "trained" and self.energy_control is None:
            control = "guided"
        return super().__call__(image, control=control, **settings)

    def _unconditional(self, negative: str, embeds: Tensor) -> Tensor:
        """Embedding [1, D] of the negative words: those of "" without any, as in AudioLDM's training."""
        return self.embed_prompt(negative).to(embeds)


@torch.no_grad()
def caption_picture(captioner: Any, processor: Any, image: Image.Image) -> str:
    """What BLIP says of a picture, in a few words."""
    pixels = processor(images=image.convert("RGB"), return_tensors="pt")["pixel_values"]
    tokens = captioner.generate(
        pixel_values=pixels.to(captioner.device, captioner.dtype),
        max_new_tokens=CAPTION_TOKENS,
        num_beams=1,
        do_sample=False,
    )
    return str(processor.decode(tokens[0], skip_special_tokens=True)).strip()


def load_captioner(folder: str | Path) -> Callable[[Image.Image], str]:
    """What puts pictures into words, from a folder of BLIP's. Raises OSError or ValueError for another."""
    captioner = BlipForConditionalGeneration.from_pretrained(folder).eval().requires_grad_(False)
    processor = _blip_processor(Path(folder))
    return lambda image: caption_picture(captioner, processor, image)


def _blip_processor(folder: Path) -> BlipProcessor:
    return BlipProcessor(BlipImageProcessorPil.from_pretrained(folder), AutoTokenizer.from_pretrained(folder))


def load_audioldm(
    folder: str | Path, captioner: str | Path, dtype: torch.dtype = torch.float32, frames: int = FRAMES
) -> AudioLdmPipeline:
    """The pipeline from folders of `cvssp/audioldm-s-full-v2` and `Salesforce/blip-image-captioning-base`.

    dtype    of the denoiser and the captioner; autoencoder and vocoder stay in float32, where half precision
             is audible
    frames   of 10 ms, a multiple of 4 times the denoiser's own factor

    Raises OSError or ValueError for folders of another layout.
    """
    root, blip = Path(folder), Path(captioner)
    unet = UNet2DConditionModel.from_pretrained(root / "unet", torch_dtype=dtype)
    if unet.config.class_embed_type != "simple_projection":
        raise ValueError(f"{root.name} is no AudioLDM: its denoiser takes no sound embedding as a class.")
    modules = {
        "vae": AutoencoderKL.from_pretrained(root / "vae"),
        "unet": unet,
        "vocoder": SpeechT5HifiGan.from_pretrained(root / "vocoder"),
        "text_encoder": ClapTextModelWithProjection.from_pretrained(root / "text_encoder"),
        "image_encoder": BlipForConditionalGeneration.from_pretrained(blip, dtype=dtype),
    }
    return AudioLdmPipeline(
        **{name: module.eval().requires_grad_(False) for name, module in modules.items()},
        scheduler=DDIMScheduler.from_pretrained(root / "scheduler"),
        tokenizer=AutoTokenizer.from_pretrained(root / "tokenizer"),
        image_processor=_blip_processor(blip),
        frames=frames,
        default_steps=STEPS,
        default_guidance=GUIDANCE,
    )
