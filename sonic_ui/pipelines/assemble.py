"""Pipelines put together from parts: stock models of a hub, released weights, a person's own."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel, CLIPTextModel, CLIPTokenizer

from sonic_ui.bundles import Bundle, Part
from sonic_ui.bundles.fetching import fetch_parts
from sonic_ui.bundles.taught import WEIGHTS
from sonic_ui.models.gated_attention import AudioAttention, load_gated_attention
from sonic_ui.models.laion_clap import load_laion_clap
from sonic_ui.models.microsoft_clap import MicrosoftClapFeatures, load_microsoft_clap
from sonic_ui.models.projector import AudioProjector, load_audio_projector
from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline
from sonic_ui.pipelines.audioldm import AudioLdmPipeline, load_audioldm
from sonic_ui.pipelines.taught import apply_taught
from sonic_ui.pipelines.teaching import encoder_components
from sonic_ui.pipelines.teaching_data import SoundEncoder
from sonic_ui.requests import BadInput

Components = dict[str, Any]
Files = tuple[Path, ...]


def assemble(parts: Sequence[Part], files: Sequence[Files], dtype: torch.dtype) -> AudioToImagePipeline:
    """The pipeline of `parts`, whose files lie at `files`; the denoiser in `dtype`, the encoder in float32.

    Raises BadInput for weights that do not fit each other, and for a bundle that lacks a part.
    """
    found: Components = {}
    order = sorted(zip(parts, files, strict=True), key=lambda pair: pair[0].loader != "stable_diffusion")
    for part, paths in order:  # the denoiser first: audio attention is made for it
        found |= LOADERS[part.loader](part, paths, dtype, found)
    lacking = [title for name, title in NEEDED.items() if name not in found]
    if lacking:
        raise BadInput(f"This engine's description lists no {', no '.join(lacking)}.", "bundle")
    encoder_dim, projector_dim = _embedding_dims(found)
    if encoder_dim != projector_dim:
        raise BadInput(
            f"The audio encoder's embeddings have {encoder_dim} numbers; the projector reads "
            f"{projector_dim}. Use the encoder that the projector was trained with.",
            "bundle",
        )
    return AudioToImagePipeline(**found)


def read_painting_pipeline(
    bundle: Bundle, files: Sequence[Files], dtype: torch.dtype
) -> AudioToImagePipeline:
    """The painting pipeline of a bundle: of its folder or of its parts, whose files lie at `files`; with what
    it was taught. Raises as `assemble` and `apply_taught` do.
    """
    if bundle.painting_parts:
        pipeline = assemble(bundle.painting_parts, files[: len(bundle.painting_parts)], dtype)
    else:
        folder = bundle.pipeline_folder("sound_to_image")
        pipeline = AudioToImagePipeline.from_pretrained(folder, dtype=dtype)
    if bundle.taught_folder is not None:
        for part in bundle.taught_parts:
            encoder = read_encoder(part, bundle.taught_folder)
            shape = {**pipeline.audio_projector.config, "embedding_dim": encoder.dim}
            projector = AudioProjector.from_config(shape).eval().requires_grad_(False)
            pipeline.register_modules(**encoder_components(encoder), audio_projector=projector)
        apply_taught(pipeline, bundle.taught_folder / WEIGHTS)
    return pipeline


def read_encoder(part: Part, beside: Path) -> SoundEncoder:
    """An encoder of sounds out of its part, whose files lie in `beside`. Raises BadInput for another part."""
    if part.loader not in ENCODERS:
        known = ", ".join(ENCODERS)
        raise BadInput(f"{part.loader} is no encoder of sounds; these are: {known}.", "bundle")
    found = LOADERS[part.loader](part, fetch_parts([part], beside)[0], torch.float32, {})
    return SoundEncoder(
        found["audio_encoder"],
        found["feature_extractor"],
        embedding_dim_of(found["audio_encoder"]),
        found.get("audio_tokenizer"),
    )


ENCODERS = ("clap", "laion_clap", "microsoft_clap")
"""Loaders of encoders of sounds that an engine may be taught to listen with."""


def assemble_sound(parts: Sequence[Part], files: Sequence[Files], dtype: torch.dtype) -> AudioLdmPipeline:
    """AudioLDM out of its part and BLIP's. Raises BadInput if either is lacking."""
    roots = {part.loader: _root(part, paths) for part, paths in zip(parts, files, strict=True)}
    lacking = [name for loader, name in (("audioldm", "AudioLDM"), ("blip", "BLIP")) if loader not in roots]
    if lacking:
        raise BadInput(f"This engine's description lists no {', no '.join(lacking)}.", "bundle")
    options = next(part.options for part in parts if part.loader == "audioldm")
    return load_audioldm(roots["audioldm"], roots["blip"], dtype, **options)


NEEDED = {
    "unet": "denoiser",
    "audio_projector": "audio projector",
    "audio_encoder": "audio encoder",
    "audio_attention": "audio attention",
}
"""Components that the parts must bring, as a sentence calls them."""


def _embedding_dims(found: Components) -> tuple[int, int]:
    """Size of an embedding: the encoder's, and the one that the projector reads."""
    projector_dim = int(found["audio_projector"].config.embedding_dim)
    return embedding_dim_of(found["audio_encoder"]), projector_dim


def embedding_dim_of(encoder: Any) -> int:
    """Size of an audio encoder's embedding."""
    config = encoder.config
    return int(config["embedding_dim"] if isinstance(config, dict) else config.projection_dim)


def _stable_diffusion(part: Part, paths: Files, dtype: torch.dtype, found: Components) -> Components:
    folder = _root(part, paths)
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=dtype)
    vae = AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=dtype)
    text_encoder = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=dtype)
    for module in (unet, vae, text_encoder):
        module.eval().requires_grad_(False)
    return {
        "unet": unet,
        "vae": vae,
        "text_encoder": text_encoder,
        "tokenizer": CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        "scheduler": DDIMScheduler.from_pretrained(folder / "scheduler"),
    }


def _gated_attention(part: Part, paths: Files, dtype: torch.dtype, found: Components) -> Components:
    if "unet" not in found:
        raise BadInput("This engine's description lists audio attention without a denoiser.", "bundle")
    if _is_model(paths):
        attention = AudioAttention.from_pretrained(_root(part, paths))
    else:
        attention = load_gated_attention(paths[0], found["unet"])
    return {"audio_attention": attention.to(dtype).eval().requires_grad_(False)}


def _audio_projector(part: Part, paths: Files, dtype: torch.dtype, found: Components) -> Components:
    if _is_model(paths):
        projector = AudioProjector.from_pretrained(_root(part, paths))
    else:
        projector = load_audio_projector(paths[0], **part.options)
    return {"audio_projector": projector.eval().requires_grad_(False)}


def _microsoft_clap(part: Part, paths: Files, dtype: torch.dtype, found: Components) -> Components:
    window = {name: value for name, value in part.options.items() if name in ("clip_s", "heard_s")}
    sizes = {name: value for name, value in part.options.items() if name not in window}
    return {
        "audio_encoder": load_microsoft_clap(paths[0], **sizes),
        "feature_extractor": MicrosoftClapFeatures(**window),
    }


def _clap(part: Part, paths: Files, dtype: torch.dtype, found: Components) -> Components:
    folder = _root(part, paths)
    return {
        "audio_encoder": ClapModel.from_pretrained(folder).eval().requires_grad_(False),
        "feature_extractor": ClapFeatureExtractor.from_pretrained(folder),
        "audio_tokenizer": AutoTokenizer.from_pretrained(folder),
    }


def _laion_clap(part: Part, paths: Files, dtype: torch.dtype, found: Components) -> Components:
    encoder, features = load_laion_clap(paths[0], **part.options)
    return {"audio_encoder": encoder, "feature_extractor": features}


def _is_model(paths: Files) -> bool:
    """Whether the files are a model's folder, as `save_pretrained` writes it."""
    return any(path.name == "config.json" for path in paths)


def _root(part: Part, paths: Files) -> Path:
    """The folder that holds a part's first file at its name in the repository."""
    return paths[0].parents[len(Path(part.files[0]).parts) - 1 - _depth(part)]


def _depth(part: Part) -> int:
    """Folders that all files of a part share."""
    shared = 0
    for names in zip(*(Path(file).parts[:-1] for file in part.files), strict=False):
        if len(set(names)) > 1:
            break
        shared += 1
    return shared


LOADERS: dict[str, Callable[[Part, Files, torch.dtype, Components], Components]] = {
    "stable_diffusion": _stable_diffusion,
    "gated_attention": _gated_attention,
    "audio_projector": _audio_projector,
    "microsoft_clap": _microsoft_clap,
    "clap": _clap,
    "laion_clap": _laion_clap,
}
