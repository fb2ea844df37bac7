"""Where networks run, in which precision, and what to do when memory is short: the one place that names an
accelerator.

A person overrides the choice by environment variables: SONIC_UI_DEVICE (cuda, cuda:1, mps, cpu),
SONIC_UI_DTYPE (float32, bfloat16, float16) and SONIC_UI_COMPILE (1: compile the denoiser).
"""

import contextlib
import gc
import os
from dataclasses import dataclass
from pathlib import Path

import torch

from sonic_ui.requests import BadInput

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

OFFLOADED_SHARE = 0.75
"""Of the memory on a GPU that weights and work need, what is left when idle networks wait in main memory."""

MEMORY_WORDS = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory")


@dataclass(frozen=True)
class Placement:
    """A device, the floating-point type of the weights there, and whether idle networks wait beside it."""

    device: torch.device
    dtype: torch.dtype
    offload: bool = False


def pick_device() -> torch.device:
    """The one that a person named, else the fastest: an NVIDIA or AMD GPU, Apple's, the processor."""
    if named := os.environ.get("SONIC_UI_DEVICE"):
        return _named_device(named)
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def pick_dtype(device: torch.device | str) -> torch.dtype:
    """The type that pictures can be made in on `device`: half precision on a GPU, float32 elsewhere.

    bfloat16 is preferred to float16 where the GPU has it: it cannot overflow, and some autoencoders do.
    """
    if named := os.environ.get("SONIC_UI_DTYPE"):
        if named not in DTYPES:
            raise BadInput(f"SONIC_UI_DTYPE is {named!r}; it takes {', '.join(DTYPES)}.", "bundle")
        return DTYPES[named]
    if torch.device(device).type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def pick_placement(device: torch.device | str | None = None, needed_bytes: int = 0) -> Placement:
    """Where a bundle runs: `device`, or the fastest one that has room.

    needed_bytes   of weights and work in float32; 0 is taken to fit anywhere

    A GPU without room for everything keeps idle networks in main memory; one too small even so is passed
    over. A processor without room uses bfloat16 where it computes in that type. Raises BadInput, naming what
    is needed and what is free, if it fits nowhere.
    """
    chosen = torch.device(device) if device is not None else pick_device()
    dtype = pick_dtype(chosen)
    free = free_bytes(chosen)
    needed = needed_bytes * dtype.itemsize // 4
    if free is None or needed <= free:
        return Placement(chosen, dtype)
    if chosen.type == "cuda" and needed * OFFLOADED_SHARE <= free:
        return Placement(chosen, dtype, offload=True)
    if chosen.type == "cpu":
        if dtype == torch.float32 and needed // 2 <= free and has_native_bfloat16():
            return Placement(chosen, torch.bfloat16)
    elif device is None and "SONIC_UI_DEVICE" not in os.environ:
        with contextlib.suppress(BadInput):
            return pick_placement("cpu", needed_bytes)
    raise BadInput(
        f"This engine needs about {needed / 1e9:.1f} GB of memory; {free / 1e9:.1f} GB are free. "
        "Close other programs, or choose a smaller engine.",
        "memory",
    )


def has_native_bfloat16() -> bool:
    """Whether the processor multiplies matrices of bfloat16 itself; emulation is slower than float32."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def free_bytes(device: torch.device) -> int | None:
    """Memory that is free on a device; None if that cannot be known."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that a device or the computer had no memory left."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in MEMORY_WORDS)


def release_memory() -> None:
    """Give back what is held but no longer used, here and on the accelerator."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch.backends.mps.is_available():
        torch.mps.empty_cache()


def wants_compiling() -> bool:
    """Whether a person asked for a compiled denoiser, and it may be: never on ZeroGPU."""
    return os.environ.get("SONIC_UI_COMPILE") == "1" and not os.environ.get("SPACES_ZERO_GPU")


def _named_device(named: str) -> torch.device:
    try:
        device = torch.device(named)
    except RuntimeError:
        device = torch.device("meta")
    counts = {
        "cpu": 1,
        "cuda": torch.cuda.device_count() if torch.cuda.is_available() else 0,
        "mps": int(torch.backends.mps.is_available()),
    }
    if (device.index or 0) >= counts.get(device.type, 0):
        kinds = ", ".join(kind for kind, count in counts.items() if count)
        raise BadInput(f"SONIC_UI_DEVICE is {named!r}; this computer has {kinds}.", "bundle")
    return device
