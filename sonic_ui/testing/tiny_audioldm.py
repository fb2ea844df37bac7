"""Tiny random networks in AudioLDM's class layout, as `tiny_models` has them for the rest."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessorPil,
    ClapTextConfig,
    ClapTextModelWithProjection,
    PreTrainedTokenizerFast,
    SpeechT5HifiGan,
    SpeechT5HifiGanConfig,
)

from sonic_ui.testing.tiny_models import LETTERS

SOUND_DIM = 16  # of CLAP's space
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
WIDTHS = (8, 8, 16, 16)


def debug_audioldm(folder: str | Path, seed: int = 0) -> tuple[Path, Path]:
    """Write AudioLDM and BLIP, tiny, as their repositories lay them out; returns the two folders."""
    root, blip = (
        Path(folder) / "cvssp/audioldm-s-full-v2",
        Path(folder) / "Salesforce/blip-image-captioning-base",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        _unet().save_pretrained(root / "unet")
        _autoencoder().save_pretrained(root / "vae")
        _vocoder().save_pretrained(root / "vocoder")
        ClapTextModelWithProjection(_clap_text()).save_pretrained(root / "text_encoder")
        _captioner().save_pretrained(blip)
    _write_tokenizer(root / "tokenizer")
    DDIMScheduler(
        beta_start=0.0015, beta_end=0.0195, beta_schedule="scaled_linear", clip_sample=False
    ).save_pretrained(root / "scheduler")
    BlipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(blip)
    _words().save_pretrained(blip)
    return root, blip


def _write_tokenizer(folder: Path) -> None:
    """RoBERTa's tokenizer over single letters, in the files that AudioLDM's has."""
    folder.mkdir(parents=True)
    vocabulary = {token: i for i, token in enumerate([*SPECIAL, "Ġ", *LETTERS])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    named = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token"), SPECIAL, strict=True))
    (folder / "special_tokens_map.json").write_text(json.dumps(named))
    settings = {"tokenizer_class": "RobertaTokenizer", "model_max_length": 64, **named}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def _unet() -> UNet2DConditionModel:
    """AudioLDM's denoiser: the sound embedding is a class, joined to the time; attention is to itself."""
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=8,
        out_channels=8,
        down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * 3),
        up_block_types=(*("CrossAttnUpBlock2D",) * 3, "UpBlock2D"),
        block_out_channels=WIDTHS,
        layers_per_block=1,
        cross_attention_dim=WIDTHS,
        attention_head_dim=2,
        norm_num_groups=4,
        class_embed_type="simple_projection",
        projection_class_embeddings_input_dim=SOUND_DIM,
        class_embeddings_concat=True,
    )


def _autoencoder() -> AutoencoderKL:
    return AutoencoderKL(
        in_channels=1,
        out_channels=1,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(4, 8, 8),
        layers_per_block=1,
        latent_channels=8,
        norm_num_groups=4,
    )


def _vocoder() -> SpeechT5HifiGan:
    config = SpeechT5HifiGanConfig(
        model_in_dim=64,
        sampling_rate=16_000,
        upsample_initial_channel=32,
        upsample_rates=[5, 4, 2, 2, 2],
        upsample_kernel_sizes=[16, 16, 8, 4, 4],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1, 3]],
        normalize_before=False,
    )
    return SpeechT5HifiGan(config)


def _clap_text() -> ClapTextConfig:
    return ClapTextConfig(
        vocab_size=len(SPECIAL) + 1 + len(LETTERS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=66,
        projection_dim=SOUND_DIM,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )


def _captioner() -> BlipForConditionalGeneration:
    sizes = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    }
    words = _words()
    text = {
        **sizes,
        "vocab_size": len(words),
        "encoder_hidden_size": 16,
        "max_position_embeddings": 64,
        "bos_token_id": words.convert_tokens_to_ids("[DEC]"),
        "eos_token_id": words.sep_token_id,
        "sep_token_id": words.sep_token_id,
        "pad_token_id": words.pad_token_id,
    }
    vision = {**sizes, "image_size": 32, "patch_size": 8}
    return BlipForConditionalGeneration(
        BlipConfig(text_config=text, vision_config=vision, projection_dim=16, image_text_hidden_size=16)
    )


def _words() -> PreTrainedTokenizerFast:
    """A tokenizer over single letters in the manner of BERT's."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[DEC]"]
    vocabulary = {token: i for i, token in enumerate([*special, *LETTERS])}
    tokenizer = Tokenizer(models.WordPiece(vocab=vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        cls_token="[CLS]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        unk_token="[UNK]",
    )
