"""Tiny random networks of every kind that a bundle has, so that every feature is tested on a CPU in seconds.

Same classes and same topology as the miniature and the full-size weights; only the sizes differ. The weights
are random but fixed by a seed, and the audio gates stand open, so that a sound changes a picture.
`sonic_ui.testing.tiny_bundle` puts them together.
"""

from typing import Any

import torch
import transformers
from diffusers import AutoencoderDC, DDIMScheduler, UNet2DConditionModel
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from sonic_ui.models.audio_captioner import AudioCaptioner
from sonic_ui.models.energy_control import EnergyControlNet
from sonic_ui.models.gated_attention import AudioAttention
from sonic_ui.models.latents import LatentNormalizer
from sonic_ui.models.mel import GriffinLimVocoder
from sonic_ui.models.projector import AudioProjector
from sonic_ui.models.sound_mapper import EnergyModulator, ImageToAudioMapper

EMBEDDING_DIM = 32  # D, shared by CLAP and CLIP
TOKEN_DIM = 24  # C = 3D/4
NUM_TOKENS = 6  # K
LATENT_CHANNELS = 4
PICTURE_PX = 64  # any multiple of 8 works; the denoiser's own size is 64
PROMPT_TOKENS = 24  # of them one starts and one ends a prompt
OPEN_GATE = 0.8  # gamma

SMALL_TRANSFORMER = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
}
SMALL_PROJECTOR = {
    "embedding_dim": EMBEDDING_DIM,
    "token_dim": TOKEN_DIM,
    "num_tokens": NUM_TOKENS,
    "heads": 2,
    "head_dim": 4,
}

ROBERTA_TOKENS = ("<s>", "<pad>", "</s>", "<unk>")
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,;:!?'\"()-+&/"
LABELS = {
    "rain": "rain",
    "sea_waves": "sea waves",
    "crackling_fire": "crackling fire",
    "dog": "a dog",
    "rooster": "a rooster",
    "clock": "a clock",
    "helicopter": "a helicopter",
    "chainsaw": "a chainsaw",
}


def debug_components(seed: int = 0, prediction_type: str = "v_prediction") -> dict[str, Any]:
    """Every component of an `AudioToImagePipeline` by name, in evaluation mode; the same for the same seed.

    Leaves the global random state as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        unet = debug_unet()
        modules = {
            "vae": debug_autoencoder(),
            "text_encoder": debug_text_encoder(),
            "unet": unet,
            "audio_encoder": debug_clap(),
            "audio_projector": AudioProjector(**SMALL_PROJECTOR),
            "audio_attention": debug_attention(unet),
            "latent_normalizer": LatentNormalizer.from_statistics(
                torch.randn(LATENT_CHANNELS) / 4, torch.rand(LATENT_CHANNELS) + 0.5
            ),
        }
    return {
        **{name: module.eval().requires_grad_(False) for name, module in modules.items()},
        "tokenizer": debug_tokenizer(),
        "scheduler": debug_scheduler(prediction_type),
        "feature_extractor": transformers.ClapFeatureExtractor(truncation="rand_trunc", padding="repeatpad"),
        "audio_tokenizer": debug_audio_tokenizer(),
    }


def debug_sound_components(seed: int = 0) -> dict[str, Any]:
    """Every component of an `ImageToAudioPipeline` by name, in evaluation mode; the same for the same seed.

    The ControlNet's closing convolutions are not zero, so that a curve changes a sound.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        unet = debug_sound_unet()
        control = EnergyControlNet.from_unet(unet, width=8)
        for closing in [*control.zero_convs, control.zero_middle, control.curve_out]:
            torch.nn.init.normal_(closing.weight, std=0.1)
        clip, clap = debug_clip(), debug_clap()
        modules = {
            "vae": debug_autoencoder(in_channels=1),
            "unet": unet,
            "vocoder": GriffinLimVocoder(iterations=2),
            "image_encoder": transformers.CLIPVisionModelWithProjection(
                _projected(clip.config.vision_config)
            ),
            "image_mapper": ImageToAudioMapper(EMBEDDING_DIM, EMBEDDING_DIM, width=16),
            "energy_modulator": EnergyModulator(EMBEDDING_DIM, width=8, dilations=(1, 4)),
            "energy_control": control,
            "latent_normalizer": LatentNormalizer(LATENT_CHANNELS),
            "text_encoder": transformers.ClapTextModelWithProjection(_projected(clap.config.text_config)),
        }
    return {
        **{name: module.eval().requires_grad_(False) for name, module in modules.items()},
        "scheduler": debug_scheduler(),
        "image_processor": transformers.CLIPImageProcessorPil(
            size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
        ),
        "tokenizer": debug_audio_tokenizer(),
        "mel_mean": -6.0,
        "mel_std": 3.0,
        "default_steps": 2,
    }


def debug_sound_unet() -> UNet2DConditionModel:
    """A sound denoiser conditioned as AudioLDM's: the embedding as class label, beside the time's."""
    return UNet2DConditionModel(
        sample_size=64,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        mid_block_type="UNetMidBlock2D",
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        class_embed_type="simple_projection",
        projection_class_embeddings_input_dim=EMBEDDING_DIM,
        class_embeddings_concat=True,
        attention_head_dim=8,
        norm_num_groups=4,
    )


def _projected(config: Any) -> Any:
    """The configuration of one half of CLIP or CLAP with the size of the space that both share."""
    config.projection_dim = EMBEDDING_DIM
    return config


def debug_unet() -> UNet2DConditionModel:
    """A denoiser of SD 1.x topology: four levels, twelve decoder layers, nine with cross-attention."""
    return UNet2DConditionModel(
        sample_size=PICTURE_PX // 8,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=(8, 8, 16, 16),
        layers_per_block=2,
        cross_attention_dim=TOKEN_DIM,
        attention_head_dim=2,
        norm_num_groups=4,
    )


def debug_attention(unet: UNet2DConditionModel) -> AudioAttention:
    """Gated audio attention for `unet` with open gates."""
    attention = AudioAttention.from_unet(unet)
    for path in attention.paths:
        torch.nn.init.constant_(attention.block(path).gate_adapter, OPEN_GATE)
    return attention


def debug_autoencoder(in_channels: int = 3) -> AutoencoderDC:
    """An autoencoder of factor 8."""
    return AutoencoderDC(
        in_channels=in_channels,
        latent_channels=LATENT_CHANNELS,
        encoder_block_out_channels=(4, 8, 8, 8),
        decoder_block_out_channels=(4, 8, 8, 8),
        encoder_layers_per_block=(0, 1, 1, 1),
        decoder_layers_per_block=(0, 1, 1, 1),
        encoder_qkv_multiscales=((),) * 4,
        decoder_qkv_multiscales=((),) * 4,
    )


def debug_scheduler(prediction_type: str = "v_prediction") -> DDIMScheduler:
    """DDIM over SD's noise schedule; with v-prediction it ends in pure noise, as the miniature's does."""
    pure_noise = prediction_type == "v_prediction"
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        prediction_type=prediction_type,
        rescale_betas_zero_snr=pure_noise,
        timestep_spacing="trailing",
    )


def debug_clap() -> transformers.ClapModel:
    """An unfused CLAP for 10 s at 48 kHz and 64 mel bins."""
    text = {
        **SMALL_TRANSFORMER,
        "vocab_size": debug_audio_tokenizer().vocab_size,
        "max_position_embeddings": 66,
        "pad_token_id": 1,
        "bos_token_id": 0,
        "eos_token_id": 2,
    }
    audio = {
        "hidden_size": 64,
        "patch_embeds_hidden_size": 8,
        "depths": [1, 1, 1, 1],
        "num_attention_heads": [1, 1, 1, 1],
    }
    return transformers.ClapModel(
        transformers.ClapConfig(text_config=text, audio_config=audio, projection_dim=EMBEDDING_DIM)
    )


def debug_captioner() -> AudioCaptioner:
    """A captioner for `debug_clap` that knows the words of LABELS."""
    words = sorted({word for label in LABELS.values() for word in label.split()} | {"and", "loud"})
    return AudioCaptioner(words, series_dim=64, timbre_dim=0, width=8, layers=1, heads=2, inner=8, longest=8)


def debug_clip() -> transformers.CLIPModel:
    """Text and picture encoder in one space; reads pictures of 32 px."""
    vision = transformers.CLIPVisionConfig(**SMALL_TRANSFORMER, image_size=32, patch_size=8)
    return transformers.CLIPModel(
        transformers.CLIPConfig(
            text_config=_text_config().to_dict(),
            vision_config=vision.to_dict(),
            projection_dim=EMBEDDING_DIM,
        )
    )


def debug_text_encoder() -> transformers.CLIPTextModel:
    """CLIP's text encoder for `debug_tokenizer`."""
    return transformers.CLIPTextModel(_text_config())


def debug_tokenizer() -> transformers.CLIPTokenizer:
    """CLIP's tokenizer over single letters, built in memory: one token a letter."""
    tokens = ["<|startoftext|>", "<|endoftext|>", *LETTERS, *(f"{letter}</w>" for letter in LETTERS)]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    return transformers.CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=PROMPT_TOKENS)


def debug_audio_tokenizer() -> transformers.PreTrainedTokenizerFast:
    """A tokenizer over single letters in the manner of CLAP's (RoBERTa's special tokens)."""
    vocabulary = {token: i for i, token in enumerate([*ROBERTA_TOKENS, *LETTERS])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=64,
    )


def _text_config() -> transformers.CLIPTextConfig:
    return transformers.CLIPTextConfig(
        vocab_size=2 + 2 * len(LETTERS),
        hidden_size=TOKEN_DIM,
        intermediate_size=TOKEN_DIM,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=PROMPT_TOKENS,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
