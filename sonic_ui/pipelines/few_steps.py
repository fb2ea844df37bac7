"""A painting pipeline whose denoiser needs few steps and no guidance, beside the one that it was made from.

It is the same class with the same components but for the denoiser (and its audio attention): that one has
low-rank updates merged into a copy (this project's student; LCM-LoRA, arXiv 2311.05556), or is another one.
"""

from pathlib import Path
from typing import Any

import diffusers
import torch
from accelerate import cpu_offload_with_hook
from diffusers import UNet2DConditionModel
from torch import nn

from sonic_ui.models.gated_attention import AudioAttention
from sonic_ui.models.low_rank import merge_low_rank, read_low_rank
from sonic_ui.pipelines.audio_conditioned import AudioConditionedPipeline
from sonic_ui.pipelines.audio_to_image import AudioToImagePipeline


def few_step_pipeline(
    pipeline: AudioConditionedPipeline,
    *,
    updates: Path | None = None,
    denoiser: Path | None = None,
    scheduler: str = "",
) -> AudioToImagePipeline:
    """A pipeline for few steps.

    updates     file of low-rank updates, merged into a copy of the denoiser; those whose names begin with
                "audio_attention." into a copy of the gated audio attention
    denoiser    folder of a `UNet2DConditionModel` to take instead
    scheduler   class of diffusers' that steps, with the settings of the pipeline's own; "" takes the own one

    Raises ValueError for updates that fit no layer, and for a scheduler that there is not.
    """
    attention = AudioAttention.from_config(pipeline.audio_attention.config)
    attention.load_state_dict(pipeline.audio_attention.state_dict())
    unet = _denoiser(pipeline, denoiser)
    if updates is not None:
        state = read_low_rank(updates)
        merge_low_rank(unet, state, "unet")
        merge_low_rank(attention, state, "audio_attention")
    _to(attention, pipeline.device, next(pipeline.audio_attention.parameters()).dtype)
    components = {
        **pipeline.components,
        "unet": unet.eval().requires_grad_(False),
        "audio_attention": attention.eval().requires_grad_(False),
        "scheduler": _scheduler(pipeline.scheduler, scheduler),
    }
    draft = AudioToImagePipeline(**components)
    draft.set_progress_bar_config(disable=True)
    return draft


def _denoiser(pipeline: AudioConditionedPipeline, folder: Path | None) -> UNet2DConditionModel:
    """The denoiser of a folder, or a copy of the pipeline's, where and as that one is."""
    own = pipeline.unet
    if folder is not None:
        unet = UNet2DConditionModel.from_pretrained(folder, torch_dtype=own.dtype)
    else:
        unet = UNet2DConditionModel.from_config(own.config)
        unet.load_state_dict(own.state_dict())
    if getattr(own, "_hf_hook", None) is None:
        _to(unet, own.device, own.dtype)
    else:  # it takes turns on the device with the others
        _to(unet, torch.device("cpu"), own.dtype)
        cpu_offload_with_hook(unet, pipeline._execution_device)
    if own.conv_in.weight.is_contiguous(memory_format=torch.channels_last):
        unet.to(memory_format=torch.channels_last)
    return unet


def _to(module: nn.Module, device: torch.device, dtype: torch.dtype) -> None:
    """Move a network; past the warning that diffusers gives of any change of precision."""
    nn.Module.to(module, device, dtype)


def _scheduler(own: Any, name: str) -> Any:
    if not name:
        return own
    kind = getattr(diffusers, name, None)
    if kind is None or not hasattr(kind, "from_config"):
        raise ValueError(f"diffusers has no scheduler {name}.")
    return kind.from_config(own.config)
