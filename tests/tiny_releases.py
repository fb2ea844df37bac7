"""Tiny random weights in the layouts of published repositories: SonicDiffusion's and AudioLDM's."""

import json
from pathlib import Path

import torch
import transformers
from diffusers import AutoencoderKL, DDIMScheduler, PNDMScheduler, UNet2DConditionModel
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from sonic_ui.bundles import Part
from sonic_ui.bundles.parts import sonic_diffusion
from sonic_ui.models.microsoft_clap import MicrosoftClap
from sonic_ui.models.projector import AudioProjector
from sonic_ui.testing import tiny_models as tiny

SMALL_CLAP = {"widths": (4, 4, 4, 4, 4, 8), "embedding_dim": tiny.EMBEDDING_DIM}
SOUND_DIM = 16  # of CLAP's space
AUDIOLDM_WIDTHS = (8, 8, 16, 16)


def debug_kl_autoencoder() -> AutoencoderKL:
    """A picture autoencoder of Stable Diffusion's kind, of factor 8."""
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(4, 8, 8, 8),
        layers_per_block=1,
        latent_channels=tiny.LATENT_CHANNELS,
        norm_num_groups=4,
        sample_size=tiny.PICTURE_PX,
    )


def debug_microsoft_clap() -> MicrosoftClap:
    """The audio tower of Microsoft CLAP, thin."""
    return MicrosoftClap(**SMALL_CLAP)


def debug_release(folder: str | Path, seed: int = 0) -> tuple[Part, ...]:
    """Write tiny random weights as the repositories of "Stable Diffusion 1.4 + SonicDiffusion" hold theirs.

    Files lie at `folder`/owner/name/...; returns the parts that name them, with the options that say how
    small they are.
    """
    root = Path(folder)
    base, space = root / "CompVis/stable-diffusion-v1-4", root / "burakcanbiner/SonicDiffusion/ckpts"
    space.mkdir(parents=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        unet, clap = tiny.debug_unet(), debug_microsoft_clap()
        unet.save_pretrained(base / "unet")
        debug_kl_autoencoder().save_pretrained(base / "vae")
        tiny.debug_text_encoder().save_pretrained(base / "text_encoder")
        tiny.debug_tokenizer().save_pretrained(base / "tokenizer")
        PNDMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1
        ).save_pretrained(base / "scheduler")
        torch.save(tiny.debug_attention(unet).state_dict(), space / "landscape.pt")
        projector = AudioProjector(**tiny.SMALL_PROJECTOR).state_dict()
        torch.save(projector, space / "audio_projector_landscape.pth")
    tower = {f"audio_encoder.{name}": value for name, value in clap.state_dict().items()}
    torch.save({"model": {**tower, "logit_scale": torch.tensor(4.6)}}, space / "CLAP_weights_2022.pth")
    options = {"audio_projector": tiny.SMALL_PROJECTOR, "microsoft_clap": {**SMALL_CLAP, "clip_s": 2.0}}
    parts = sonic_diffusion("landscape.pt", "audio_projector_landscape.pth")
    return tuple(
        part.model_copy(
            update={
                "options": options.get(part.loader, {}),
                "files": tuple(file for file in part.files if (root / part.repository / file).is_file()),
            }
        )
        for part in parts
    )


def debug_audioldm(folder: str | Path, seed: int = 0) -> tuple[Path, Path]:
    """Write AudioLDM and BLIP, tiny, as their repositories lay them out; returns the two folders."""
    root, blip = (
        Path(folder) / "cvssp/audioldm-s-full-v2",
        Path(folder) / "Salesforce/blip-image-captioning-base",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        _audioldm_unet().save_pretrained(root / "unet")
        _audioldm_autoencoder().save_pretrained(root / "vae")
        _hifigan().save_pretrained(root / "vocoder")
        transformers.ClapTextModelWithProjection(_clap_text()).save_pretrained(root / "text_encoder")
        _captioner().save_pretrained(blip)
    _write_tokenizer(root / "tokenizer")
    DDIMScheduler(
        beta_start=0.0015, beta_end=0.0195, beta_schedule="scaled_linear", clip_sample=False
    ).save_pretrained(root / "scheduler")
    transformers.BlipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(blip)
    _bert_tokenizer().save_pretrained(blip)
    return root, blip


def _write_tokenizer(folder: Path) -> None:
    """RoBERTa's tokenizer over single letters, in the files that AudioLDM's has."""
    folder.mkdir(parents=True)
    vocabulary = {token: i for i, token in enumerate([*tiny.ROBERTA_TOKENS, "Ġ", *tiny.LETTERS])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    named = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token"), tiny.ROBERTA_TOKENS, strict=True))
    (folder / "special_tokens_map.json").write_text(json.dumps(named))
    settings = {"tokenizer_class": "RobertaTokenizer", "model_max_length": 64, **named}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def _audioldm_unet() -> UNet2DConditionModel:
    """AudioLDM's denoiser: the sound embedding is a class, joined to the time; attention is to itself."""
    return UNet2DConditionModel(
        sample_size=16,
        in_channels=8,
        out_channels=8,
        down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * 3),
        up_block_types=(*("CrossAttnUpBlock2D",) * 3, "UpBlock2D"),
        block_out_channels=AUDIOLDM_WIDTHS,
        layers_per_block=1,
        cross_attention_dim=AUDIOLDM_WIDTHS,
        attention_head_dim=2,
        norm_num_groups=4,
        class_embed_type="simple_projection",
        projection_class_embeddings_input_dim=SOUND_DIM,
        class_embeddings_concat=True,
    )


def _audioldm_autoencoder() -> AutoencoderKL:
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


def _hifigan() -> transformers.SpeechT5HifiGan:
    config = transformers.SpeechT5HifiGanConfig(
        model_in_dim=64,
        sampling_rate=16_000,
        upsample_initial_channel=32,
        upsample_rates=[5, 4, 2, 2, 2],
        upsample_kernel_sizes=[16, 16, 8, 4, 4],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1, 3]],
        normalize_before=False,
    )
    return transformers.SpeechT5HifiGan(config)


def _clap_text() -> transformers.ClapTextConfig:
    return transformers.ClapTextConfig(
        **tiny.SMALL_TRANSFORMER,
        vocab_size=len(tiny.ROBERTA_TOKENS) + 1 + len(tiny.LETTERS),
        max_position_embeddings=66,
        projection_dim=SOUND_DIM,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )


def _captioner() -> transformers.BlipForConditionalGeneration:
    tokenizer = _bert_tokenizer()
    text = {
        **tiny.SMALL_TRANSFORMER,
        "vocab_size": len(tokenizer),
        "encoder_hidden_size": 16,
        "max_position_embeddings": 64,
        "bos_token_id": tokenizer.convert_tokens_to_ids("[DEC]"),
        "eos_token_id": tokenizer.sep_token_id,
        "sep_token_id": tokenizer.sep_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    vision = {**tiny.SMALL_TRANSFORMER, "image_size": 32, "patch_size": 8}
    return transformers.BlipForConditionalGeneration(
        transformers.BlipConfig(
            text_config=text, vision_config=vision, projection_dim=16, image_text_hidden_size=16
        )
    )


def _bert_tokenizer() -> transformers.PreTrainedTokenizerFast:
    """A tokenizer over single letters in the manner of BERT's."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[DEC]"]
    vocabulary = {token: i for i, token in enumerate([*special, *tiny.LETTERS])}
    tokenizer = Tokenizer(models.WordPiece(vocab=vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        cls_token="[CLS]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        unk_token="[UNK]",
    )
