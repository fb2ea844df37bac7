"""With the shipped weights at 50 steps: an edit that asks for nothing returns the picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

from sonic_ui.media.images import load_picture
from sonic_ui.pipelines.audio_edit import AudioEditPipeline

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "assets" / "miniature" / "audio_to_image"
PHOTOS = ROOT.parent / "shared" / "data" / "photos"
MIN_PSNR_DB = 25.0
"""What is promised; measured are above 100 dB with the corrections and 31 dB and more without them."""


@pytest.fixture(scope="module")
def editor() -> AudioEditPipeline:
    if not WEIGHTS.exists():
        pytest.skip("the shipped weights are not here")
    return AudioEditPipeline.from_pretrained(WEIGHTS, torch_dtype=torch.float32)


def rendered() -> Image.Image:
    """A picture of the miniature's own world."""
    from sonic_ui.scenes.render import paint
    from sonic_ui.training.data.rendering import scenes_of_shard

    return paint(scenes_of_shard("held_out", 9000, 1)[0], 128)


def photograph() -> Image.Image:
    """One of another world, wider than high."""
    found = sorted(PHOTOS.glob("sea_coast*.jpg")) if PHOTOS.is_dir() else []
    if not found:
        pytest.skip(f"no photographs in {PHOTOS}")
    return load_picture(found[0])


@pytest.mark.slow
@pytest.mark.parametrize("source", [rendered, photograph])
def test_the_picture_comes_back(editor: AudioEditPipeline, source: Callable[[], Image.Image]) -> None:
    inversion = editor.invert(source(), num_inference_steps=50)
    own = editor._finish(inversion.latents[:1].float(), "pt")
    nothing = {"strength": 0.0, "guidance_scale": 1.0, "tau_attn": 1.0, "tau_feature": 1.0}
    back = editor(inversion, output_type="pt", **nothing).images
    assert psnr_db(back, own) >= MIN_PSNR_DB
    assert inversion.features.nbytes < 16e6


def psnr_db(one: torch.Tensor, other: torch.Tensor) -> float:
    """Between pictures in 0..1."""
    return float(-10 * torch.log10((one - other).square().mean() + 1e-12))
