"""A whole pipeline and a whole bundle of tiny random networks: what tests run on."""

import json
from pathlib import Path

import torch
from diffusers import PNDMScheduler
from transformers import CLIPImageProcessorPil, CLIPProcessor

from sonic_ui.bundles import Part
from sonic_ui.bundles.parts import sonic_diffusion
from sonic_ui.models.projector import AudioProjector
from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline
from sonic_ui.pipelines.image_to_audio import ImageToAudioPipeline
from sonic_ui.testing import tiny_models as tiny

CARD = "# Debug bundle\n\nTiny networks with random weights, for tests. They have learned nothing.\n"


def debug_pipeline(seed: int = 0, prediction_type: str = "v_prediction") -> AudioToImagePipeline:
    """A pipeline of `debug_components`: the same for the same seed. Paints 64 px in well under a second."""
    pipeline = AudioToImagePipeline(**tiny.debug_components(seed, prediction_type))
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def debug_sound_pipeline(seed: int = 0) -> ImageToAudioPipeline:
    """A pipeline of `debug_sound_components`: 5.12 s at 16 kHz in well under a second."""
    pipeline = ImageToAudioPipeline(**tiny.debug_sound_components(seed))
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def debug_bundle(folder: str | Path, seed: int = 0) -> Path:
    """Write a bundle of the embedded miniature's layout to `folder`; returns it."""
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    _write_json(root / "bundle.json", _bundle_info())
    sources = [{"id": source, "label": label} for source, label in tiny.LABELS.items()]
    _write_json(root / "vocabulary.json", {"sources": sources})
    (root / "MODEL_CARD.md").write_text(CARD, encoding="utf-8")
    debug_pipeline(seed).save_pretrained(root / "audio_to_image")
    debug_sound_pipeline(seed).save_pretrained(root / "image_to_audio")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tiny.debug_clip().save_pretrained(root / "clip")
    size = {"height": 32, "width": 32}
    pictures = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=size)
    CLIPProcessor(pictures, tiny.debug_tokenizer()).save_pretrained(root / "clip")
    return root


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
        unet, clap = tiny.debug_unet(), tiny.debug_microsoft_clap()
        unet.save_pretrained(base / "unet")
        tiny.debug_kl_autoencoder().save_pretrained(base / "vae")
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
    options = {"audio_projector": tiny.SMALL_PROJECTOR, "microsoft_clap": {**tiny.SMALL_CLAP, "clip_s": 2.0}}
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


def _bundle_info() -> dict[str, object]:
    return {
        "name": "debug",
        "title": "Debug",
        "description": "Tiny networks with random weights, for tests.",
        "licence": "MIT",
        "picture_px": tiny.PICTURE_PX,
        "defaults": {"steps": 2, "guidance_scale": 3.0, "strength": 1.0},
    }


def _write_json(path: Path, values: dict[str, object]) -> None:
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
