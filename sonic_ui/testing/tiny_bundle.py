"""A whole pipeline and a whole bundle of tiny random networks: what tests run on."""

import json
from copy import deepcopy
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import CLIPImageProcessorPil, CLIPProcessor

from sonic_ui.bundles.manifest import write_manifest
from sonic_ui.models.audio_captioner import FOLDER as CAPTIONER_FOLDER
from sonic_ui.models.low_rank import WEIGHTS_NAME, add_low_rank, low_rank_state, save_low_rank
from sonic_ui.models.upscaler import FOLDER as UPSCALER_FOLDER
from sonic_ui.models.upscaler import PictureUpscaler
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
        PictureUpscaler(channels=4, depth=1).save_pretrained(root / UPSCALER_FOLDER)
        tiny.debug_clip().save_pretrained(root / "clip")
        tiny.debug_captioner().save_pretrained(root / CAPTIONER_FOLDER)
    size = {"height": 32, "width": 32}
    pictures = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=size)
    CLIPProcessor(pictures, tiny.debug_tokenizer()).save_pretrained(root / "clip")
    save_low_rank(debug_updates(debug_pipeline(seed).unet), root / "few_steps")
    write_manifest(root)
    return root


def debug_updates(unet: nn.Module) -> dict[str, Tensor]:
    """Low-rank updates of some layers of a denoiser, under the names that diffusers gives them."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        twin = deepcopy(unet)
        add_low_rank(twin, 1, lambda name: name.endswith(("to_q", "conv1")))
        state = low_rank_state(twin, "unet")
        return {name: value if value.any() else torch.randn_like(value) / 8 for name, value in state.items()}


def _bundle_info() -> dict[str, object]:
    return {
        "name": "debug",
        "title": "Debug",
        "description": "Tiny networks with random weights, for tests.",
        "licence": "MIT",
        "picture_px": tiny.PICTURE_PX,
        "defaults": {"steps": 2, "guidance_scale": 3.0, "strength": 1.0, "draft": {"steps": 1}},
        "parts": [{"loader": "low_rank", "repository": "./few_steps", "files": [WEIGHTS_NAME]}],
    }


def _write_json(path: Path, values: dict[str, object]) -> None:
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
