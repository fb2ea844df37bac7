"""Checks of a pipeline's arguments: lengths that must agree, whole and finite numbers."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sonic_ui.models.gated_attention import AudioScale
from sonic_ui.requests import BadInput

OUTPUT_TYPES = ("pil", "np", "pt", "latent")


def texts(text: str | Sequence[str]) -> list[str]:
    """One text or several as a list."""
    return [text] if isinstance(text, str) else list(text)


def common_length(**given: Sequence[Any] | Tensor | None) -> int:
    """How many conditions there are: each kind has that many entries, or one. Raises BadInput."""
    counts = {name: len(values) for name, values in given.items() if values is not None}
    longest = max(counts.values())
    odd = [f"{count} of {name}" for name, count in counts.items() if count not in (1, longest) or count == 0]
    if odd:
        raise BadInput(f"Given were {', '.join(odd)} beside {longest}; give as many, or one.")
    return longest


def repeat(values: Tensor, count: int) -> Tensor:
    """[B, ...] -> [count, ...], each entry count/B times, side by side."""
    return values.repeat_interleave(count // len(values), dim=0)


def spread(audio_scale: AudioScale, count: int, guided: bool) -> AudioScale:
    """A scale a sample as one a row of the denoiser's batch; numbers and numbers a layer as they are."""
    if not isinstance(audio_scale, Tensor) or audio_scale.ndim == 0:
        return audio_scale
    if count % len(audio_scale):
        raise BadInput(
            f"Strength is given for {len(audio_scale)} samples; there are {count} pictures.", "strength"
        )
    rows = repeat(audio_scale, count)
    return torch.cat([rows, rows]) if guided else rows


def picture_seeds(seed: int | Sequence[int], count: int) -> list[int]:
    """A seed for each of `count` pictures: seed + i, or those given. Raises BadInput."""
    if isinstance(seed, (int, np.integer)):
        return [int(seed) + i for i in range(count)]
    if len(seed) != count:
        raise BadInput(
            f"{len(seed)} seeds were given for {count} pictures; give one number, or one a picture.", "seed"
        )
    return [int(one) for one in seed]


def positive(name: str, value: int) -> int:
    """`value` when it is a whole number from 1. Raises BadInput."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise BadInput(f"{name} is {value!r}; it takes a whole number from 1.", name)
    return int(value)


def finite(name: str, value: float) -> float:
    """`value` when it is finite. Raises BadInput."""
    if not isfinite(value):
        raise BadInput(f"{name} is {value}; it takes a finite number.", name)
    return float(value)


def share(name: str, value: float) -> float:
    """`value` when it lies in 0..1. Raises BadInput."""
    if not 0.0 <= value <= 1.0:
        raise BadInput(f"{name} is {value}; it takes a number from 0 to 1.", name)
    return float(value)


def output_kind(output_type: str) -> str:
    """`output_type` when it is one of OUTPUT_TYPES. Raises BadInput."""
    if output_type not in OUTPUT_TYPES:
        raise BadInput(f"output_type is {output_type!r}; it takes one of {', '.join(OUTPUT_TYPES)}.")
    return output_type
