"""LAION's own CLAP checkpoints (`630k-audioset-best.pt` and others) through their `laion-clap` package.

The package pins an old NumPy and fetches tokenizers when it is imported, so it is an optional extra
(`requirements-laion-clap.txt`), imported only when one of these files is read. The maintained port,
transformers' `ClapModel`, needs none of this: prefer `laion/clap-htsat-unfused` on the hub.
"""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutputWithPooling

from sonic_ui.models.encoders import SAMPLE_RATE
from sonic_ui.requests import BadInput

WINDOW_S = 10
EMBEDDING_DIM = 512


class WaveFeatures:
    """The package makes its own features: samples at 48 kHz pass as they are, at 16 bits as in training."""

    sampling_rate = SAMPLE_RATE
    nb_max_samples = WINDOW_S * SAMPLE_RATE

    def __call__(
        self, clips: Sequence[NDArray[np.float32]], sampling_rate: int = SAMPLE_RATE
    ) -> dict[str, list[NDArray[np.float32]]]:
        """Clips [T] -> {"input_features": [T] each}."""
        as_16_bits = [np.round(np.clip(clip, -1, 1) * 32767) / 32767 for clip in clips]
        return {"input_features": [clip.astype(np.float32) for clip in as_16_bits]}


class LaionClap(nn.Module):
    """A `CLAP_Module` where a `ClapModel` stands."""

    def __init__(self, module: Any, embedding_dim: int = EMBEDDING_DIM) -> None:
        super().__init__()
        self.module = module
        self.config = {"embedding_dim": embedding_dim}
        self.register_buffer("device_marker", torch.zeros(0), persistent=False)

    @property
    def device(self) -> torch.device:
        """Where its weights lie."""
        return self.device_marker.device

    @property
    def dtype(self) -> torch.dtype:
        """Its features are float32."""
        return torch.float32

    def get_audio_features(
        self, input_features: Tensor, is_longer: Tensor | None = None
    ) -> BaseModelOutputWithPooling:
        """Windows [B, T] at 48 kHz -> `.pooler_output` [B, D]."""
        made = self.module.get_audio_embedding_from_data(x=input_features, use_tensor=True)
        return BaseModelOutputWithPooling(pooler_output=made)


def load_laion_clap(
    path: str | Path, fusion: bool = False, model: str = "HTSAT-tiny"
) -> tuple[LaionClap, WaveFeatures]:
    """The encoder in one of LAION's `.pt` files and its features, for projectors of 512 numbers.

    fusion, model   as `laion_clap.CLAP_Module` takes them: "HTSAT-base" for the music checkpoints

    Raises BadInput when the extra is not installed or the file does not load.
    """
    if not Path(path).is_file():
        raise BadInput(f"There is no file {Path(path).name} to read weights from. Check the path.", "bundle")
    try:
        package = importlib.import_module("laion_clap")
    except ImportError as error:
        raise BadInput(
            f"{Path(path).name} needs an extra: pip install -r requirements-laion-clap.txt in an environment "
            "of its own; or use laion/clap-htsat-unfused, which needs none.",
            "bundle",
        ) from error
    try:
        module = package.CLAP_Module(enable_fusion=fusion, amodel=model, device="cpu")
        module.load_ckpt(str(path), verbose=False)
    except Exception as error:  # the package raises what it likes
        raise BadInput(
            f"{Path(path).name} did not load as a CLAP of kind {model} ({type(error).__name__}).", "bundle"
        ) from error
    return LaionClap(module).eval().requires_grad_(False), WaveFeatures()
