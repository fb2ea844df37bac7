"""A pipeline on its device, in the memory format and with the help that suit it there."""

from __future__ import annotations

import torch

from sonic_ui.models.devices import Placement, wants_compiling
from sonic_ui.pipelines.audio_conditioned import AudioConditionedPipeline


def place(pipeline: AudioConditionedPipeline, placement: Placement, compiler: str = "inductor") -> None:
    """Move a pipeline to where it runs. Its precision is set when its weights are read, not here.

    On a GPU convolutions run channels-last. With `offload` words, denoiser and autoencoder take turns on the
    device, and pictures are decoded one by one. The encoder's half of the denoiser is compiled if a person
    asks for it (SONIC_UI_COMPILE): the half that listens has hooks that come and go.

    compiler   of `torch.compile`
    """
    pipeline.set_progress_bar_config(disable=True)
    if placement.device.type == "cuda":
        for module in (pipeline.unet, pipeline.vae):
            module.to(memory_format=torch.channels_last)
    if placement.offload:
        if hasattr(pipeline.vae, "enable_slicing"):
            pipeline.vae.enable_slicing()
        pipeline.enable_model_cpu_offload(device=placement.device)
    else:
        pipeline.to(placement.device)
    if wants_compiling():
        for block in pipeline.unet.down_blocks:
            block.compile(backend=compiler)
