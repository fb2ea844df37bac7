"""Parts that bundles are put together from: files of a repository, and the loader that reads them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Loader = Literal[
    "stable_diffusion",
    "gated_attention",
    "audio_projector",
    "microsoft_clap",
    "clap",
    "laion_clap",
    "audioldm",
    "blip",
    "low_rank",
    "denoiser",
    "spandrel",
    "audio_captioner",
    "noun_tagger",
]
SOUNDING: tuple[Loader, ...] = ("audioldm", "blip")
"""Loaders of what lets pictures sound."""
FEW_STEPS: tuple[Loader, ...] = ("low_rank", "denoiser")
"""Loaders of what paints in few steps: updates of the painting denoiser's weights, or another denoiser."""
UPSCALING: tuple[Loader, ...] = ("spandrel",)
"""Loaders of what makes pictures larger."""
CAPTIONING: tuple[Loader, ...] = ("audio_captioner", "noun_tagger")
"""Loaders of what writes what is heard, and of what weighs its words."""

NAMES = r"[\w-][\w.-]*(/[\w-][\w.-]*)*$"  # none of them leads out of its folder


class Part(BaseModel):
    """Files of one repository on a model hub, or of a folder beside `bundle.json`.

    loader       what reads them: the name of a part that the pipelines know
    repository   "owner/name"; or "./folder" for files that lie beside the bundle's description
    kind         of repository: a Space may hold weights too
    size_bytes   of all files together, for a person who chooses; 0 for not known
    options      arguments of the loader
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    loader: Loader
    repository: str = Field(pattern=r"^(\./)?" + NAMES)
    files: tuple[Annotated[str, Field(pattern="^" + NAMES)], ...] = Field(min_length=1)
    revision: str = "main"
    kind: Literal["model", "space"] = "model"
    licence: str = ""
    size_bytes: int = Field(default=0, ge=0)
    options: Mapping[str, Any] = {}

    @property
    def is_local(self) -> bool:
        """Whether its files lie on this computer."""
        return self.repository.startswith("./")


STABLE_DIFFUSION_FILES = (
    "unet/config.json",
    "unet/diffusion_pytorch_model.safetensors",
    "vae/config.json",
    "vae/diffusion_pytorch_model.safetensors",
    "text_encoder/config.json",
    "text_encoder/model.safetensors",
    "tokenizer/vocab.json",
    "tokenizer/merges.txt",
    "tokenizer/special_tokens_map.json",
    "tokenizer/tokenizer_config.json",
    "scheduler/scheduler_config.json",
)

STABLE_DIFFUSION = Part(
    loader="stable_diffusion",
    repository="CompVis/stable-diffusion-v1-4",
    files=STABLE_DIFFUSION_FILES,
    licence="CreativeML OpenRAIL-M",
    size_bytes=4_265_000_000,  # 860 M + 84 M + 123 M parameters of four bytes
)
REAL_ESRGAN = Part(
    loader="spandrel",
    repository="ai-forever/Real-ESRGAN",
    files=("RealESRGAN_x2.pth",),
    licence="BSD 3-Clause",
    size_bytes=67_000_000,  # 16.7 M parameters of four bytes
)
SONIC_DIFFUSION = "burakcanbiner/SonicDiffusion"


def _released(loader: Loader, file: str, size_bytes: int, licence: str = "not stated") -> Part:
    """A file of SonicDiffusion's Space."""
    return Part(
        loader=loader,
        repository=SONIC_DIFFUSION,
        files=(f"ckpts/{file}",),
        kind="space",
        licence=licence,
        size_bytes=size_bytes,
    )


def sonic_diffusion(gates: str, projector: str) -> tuple[Part, ...]:
    """Stable Diffusion 1.4 and one of SonicDiffusion's two sets of weights, by the names of their files."""
    return (
        STABLE_DIFFUSION,
        _released("gated_attention", gates, 114_000_000),
        _released("audio_projector", projector, 24_500_000),
        _released("microsoft_clap", "CLAP_weights_2022.pth", 780_000_000, "MIT"),
    )


def _folder_files(folder: str, weights: str, *more: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}" for name in ("config.json", weights, *more))


WHISPER_CAPTIONER = Part(
    loader="audio_captioner",
    repository="MU-NLPC/whisper-small-audio-captioning",
    files=(
        "config.json",
        "generation_config.json",
        "pytorch_model.bin",
        "preprocessor_config.json",
        "vocab.json",
        "merges.txt",
        "normalizer.json",
        "added_tokens.json",
        "special_tokens_map.json",
        "tokenizer_config.json",
    ),
    licence="CC BY-NC 4.0",
    size_bytes=970_000_000,  # 242 M parameters of four bytes
    options={"style": "clotho > caption: "},
)
"""Captions of any sound (Kadlčík et al. 2023, "A Whisper transformer for audio captioning")."""
BERT_TAGGER = Part(
    loader="noun_tagger",
    repository="vblagoje/bert-english-uncased-finetuned-pos",
    files=(
        "config.json",
        "pytorch_model.bin",
        "vocab.txt",
        "special_tokens_map.json",
        "tokenizer_config.json",
    ),
    licence="not stated",
    size_bytes=436_000_000,  # 109 M parameters of four bytes
)
"""Parts of speech of English words."""

LCM_LORA = Part(
    loader="low_rank",
    repository="latent-consistency/lcm-lora-sdv1-5",
    files=("pytorch_lora_weights.safetensors",),
    licence="CreativeML OpenRAIL++-M",
    size_bytes=135_000_000,  # 67 M parameters of two bytes
    options={"scheduler": "LCMScheduler"},
)
"""Stable Diffusion 1.x in four steps (arXiv 2311.05556)."""

AUDIOLDM = (
    Part(
        loader="audioldm",
        repository="cvssp/audioldm-s-full-v2",
        files=(
            *_folder_files("unet", "diffusion_pytorch_model.safetensors"),
            *_folder_files("vae", "diffusion_pytorch_model.safetensors"),
            *_folder_files("vocoder", "model.safetensors"),
            *_folder_files("text_encoder", "model.safetensors"),
            "tokenizer/vocab.json",
            "tokenizer/merges.txt",
            "tokenizer/special_tokens_map.json",
            "tokenizer/tokenizer_config.json",
            "scheduler/scheduler_config.json",
        ),
        licence="CC BY-NC-SA 4.0",
        size_bytes=1_700_000_000,  # 421 M parameters of four bytes
    ),
    Part(
        loader="blip",
        repository="Salesforce/blip-image-captioning-base",
        files=(
            "config.json",
            "model.safetensors",
            "preprocessor_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "special_tokens_map.json",
            "vocab.txt",
        ),
        licence="BSD 3-Clause",
        size_bytes=990_000_000,  # 247 M parameters of four bytes
    ),
)
