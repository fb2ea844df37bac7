"""Where networks run and in which precision: the one place that names an accelerator."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Placement:
    """A device and the floating-point type of the weights there."""

    device: torch.device
    dtype: torch.dtype


def pick_device() -> torch.device:
    """The fastest device at hand: an NVIDIA or AMD GPU, else Apple's, else the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def pick_dtype(device: torch.device | str) -> torch.dtype:
    """The type that pictures can be made in on `device`: half precision on a GPU, float32 elsewhere.

    bfloat16 is preferred to float16 where the GPU has it: it cannot overflow, and some autoencoders do.
    """
    if torch.device(device).type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def pick_placement(device: torch.device | str | None = None) -> Placement:
    """`device`, or the fastest one, together with its type."""
    chosen = torch.device(device) if device is not None else pick_device()
    return Placement(chosen, pick_dtype(chosen))
