"""A placed pipeline paints what it painted before: offloaded, channels-last, compiled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from sonic_ui.models.devices import Placement
from sonic_ui.pipelines.audio_conditioned import move_to_device
from sonic_ui.pipelines.audio_edit import AudioEditPipeline
from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline
from sonic_ui.testing.tiny_bundle import debug_pipeline

CPU = torch.device("cpu")


def picture(pipeline: AudioToImagePipeline) -> np.ndarray:
    embeds = torch.nn.functional.normalize(torch.ones(1, 32), dim=-1)
    return pipeline(audio_embeds=embeds, prompt="rain", num_inference_steps=2, output_type="np").images


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> AudioToImagePipeline:
    monkeypatch.delenv("SONIC_UI_COMPILE", raising=False)
    return debug_pipeline()


def test_offloaded_networks_take_turns(pipeline: AudioToImagePipeline) -> None:
    """On the processor as its own accelerator: the hooks are the real ones."""
    before = picture(pipeline)
    move_to_device(pipeline, Placement(CPU, torch.float32, offload=True))
    turns: list[str] = []
    for name in ("text_encoder", "unet", "vae"):
        hook = getattr(pipeline, name)._hf_hook
        hook.pre_forward = _told(turns, name, hook.pre_forward)
    assert np.allclose(picture(pipeline), before, atol=1e-5)
    assert list(dict.fromkeys(turns)) == ["text_encoder", "unet", "vae"]
    assert not hasattr(pipeline.audio_attention, "_hf_hook"), "it works inside of the denoiser"
    editor = AudioEditPipeline(**pipeline.components)
    assert editor.unet._hf_hook is pipeline.unet._hf_hook


def _told(turns: list[str], name: str, work: Callable[..., object]) -> Callable[..., object]:
    def told(*args: object, **options: object) -> object:
        turns.append(name)
        return work(*args, **options)

    return told


def test_convolutions_on_a_gpu_are_channels_last(
    pipeline: AudioToImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = picture(pipeline)
    moved: list[torch.device] = []
    monkeypatch.setattr(AudioToImagePipeline, "to", lambda self, device: moved.append(device))
    move_to_device(pipeline, Placement(torch.device("cuda"), torch.float32))
    assert moved == [torch.device("cuda")]
    assert pipeline.unet.conv_in.weight.is_contiguous(memory_format=torch.channels_last)
    assert np.allclose(picture(pipeline), before, atol=1e-4)


def test_a_compiled_denoiser_computes_the_same(
    pipeline: AudioToImagePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    block, hidden, time = pipeline.unet.down_blocks[3], torch.randn(2, 16, 4, 4), torch.randn(2, 32)
    with torch.no_grad():
        before, _ = block(hidden, time)
        monkeypatch.setenv("SONIC_UI_COMPILE", "1")
        monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
        move_to_device(pipeline, Placement(CPU, torch.float32), compiler="eager")
        assert all(part._compiled_call_impl is not None for part in pipeline.unet.down_blocks)
        after, _ = block(hidden, time)
    assert torch.allclose(after, before, atol=1e-5)
