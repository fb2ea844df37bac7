"""Microsoft CLAP 2022 (arXiv 2206.04769): the audio tower, PANNs' CNN14 (arXiv 1912.10211) and a projection.

Reads `CLAP_weights_2022.pth` unchanged; features are as in its training, without torchaudio or torchlibrosa.
It stands where a `ClapModel` stands: `encode_sound` runs the same lines with either.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import FeatureExtractionMixin
from transformers.modeling_outputs import BaseModelOutputWithPooling

from sonic_ui.models.checkpoints import fill, read_tensors
from sonic_ui.models.mel import spectrum
from sonic_ui.requests import BadInput

SAMPLE_RATE = 44_100
WINDOW, HOP = 1024, 320  # samples
MEL_BINS = 64
LOWEST_HZ, HIGHEST_HZ = 50, 14_000
AMIN = 1e-10
CLIP_S = 10.0

TOWER = "audio_encoder."
FRONT_END = ("base.spectrogram_extractor.", "base.logmel_extractor.")
UNUSED = (*FRONT_END, "base.fc_audioset.")  # constants of the log-mel; AudioSet's classifier


class MicrosoftClapFeatures(FeatureExtractionMixin):
    """Samples at 44.1 kHz -> log-mel in dB, as torchlibrosa computes it.

    clip_s   the window: shorter clips are repeated, longer ones are embedded window by window. SonicDiffusion
             was trained on 10 s; CNN14 averages over time, so that any length works
    """

    model_input_names = ["input_features"]  # noqa: RUF012

    def __init__(self, clip_s: float = CLIP_S, **kwargs: Any) -> None:
        # Saved format: preprocessor_config.json and bundle.json of before name it heard_s.
        self.clip_s = clip_s = kwargs.pop("heard_s", clip_s)
        super().__init__(**kwargs)
        self.sampling_rate = SAMPLE_RATE
        self.nb_max_samples = round(clip_s * SAMPLE_RATE)

    def __call__(
        self, clips: Sequence[NDArray[np.float32]], sampling_rate: int = SAMPLE_RATE
    ) -> dict[str, list[NDArray[np.float32]]]:
        """Clips [T] -> {"input_features": [1, frames, 64] each}. Raises ValueError at another rate."""
        if sampling_rate != SAMPLE_RATE:
            raise ValueError(f"Sound at {sampling_rate} Hz was given; this encoder hears {SAMPLE_RATE} Hz.")
        return {"input_features": [log_mel(clip)[None] for clip in clips]}


class MicrosoftClap(ModelMixin, ConfigMixin):
    """Log-mel features -> embeddings. Tensor names are those below `audio_encoder.` in the published file.

    widths          channels of CNN14's six blocks
    embedding_dim   D
    """

    @register_to_config
    def __init__(
        self, widths: Sequence[int] = (64, 128, 256, 512, 1024, 2048), embedding_dim: int = 1024
    ) -> None:
        super().__init__()
        self.base = _Cnn14(widths)
        self.projection = _Projection(widths[-1], embedding_dim)

    def forward(self, features: Tensor) -> Tensor:
        """[B, 1, frames, 64] in dB -> [B, D]. At least 32 frames are needed."""
        return self.projection(self.base(features))

    def get_audio_features(
        self, input_features: Tensor, is_longer: Tensor | None = None
    ) -> BaseModelOutputWithPooling:
        """As `ClapModel.get_audio_features`; `is_longer` says nothing to this encoder."""
        return BaseModelOutputWithPooling(pooler_output=self(input_features))


class _Block(nn.Module):
    """Two 3x3 convolutions with batch normalisation, then averages over 2x2, or none."""

    def __init__(self, inner: int, outer: int, pool: int) -> None:
        super().__init__()
        self.pool = pool
        self.conv1 = nn.Conv2d(inner, outer, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outer)
        self.conv2 = nn.Conv2d(outer, outer, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outer)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        return F.avg_pool2d(x, self.pool)


class _Cnn14(nn.Module):
    """[B, 1, frames, mel bins] -> [B, widths[-1]]."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.bn0 = nn.BatchNorm2d(MEL_BINS)
        channels = (1, *widths)
        for i, width in enumerate(widths):
            pool = 2 if i < len(widths) - 1 else 1
            self.add_module(f"conv_block{i + 1}", _Block(channels[i], width, pool))
        self.fc1 = nn.Linear(widths[-1], widths[-1])
        self._blocks = len(widths)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn0(x.transpose(1, 3)).transpose(1, 3)  # a norm for each mel bin
        for i in range(self._blocks):
            x = self.get_submodule(f"conv_block{i + 1}")(x)
        x = x.mean(3)  # over frequency: [B, C, frames / 32]
        return F.relu(self.fc1(x.amax(2) + x.mean(2)))


class _Projection(nn.Module):
    """layer_norm(e + linear2(gelu(e))) with e = linear1(x)."""

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(inner, outer, bias=False)
        self.linear2 = nn.Linear(outer, outer, bias=False)
        self.layer_norm = nn.LayerNorm(outer)

    def forward(self, x: Tensor) -> Tensor:
        first = self.linear1(x)
        return self.layer_norm(first + self.linear2(F.gelu(first)))


def load_microsoft_clap(path: str | Path, **sizes: Any) -> MicrosoftClap:
    """The audio tower of `CLAP_weights_2022.pth`; what the file holds beside it is left alone.

    sizes   of a `MicrosoftClap`, where they are not the published ones

    Raises BadInput for a file that cannot be read, one that lists by name what is missing, unexpected or of
    another shape, and one whose own mel filters are not those used here.
    """
    held, name = read_tensors(path, within="model"), Path(path).name
    tower = {key.removeprefix(TOWER): value for key, value in held.items() if key.startswith(TOWER)}
    encoder = MicrosoftClap(**sizes)
    fill(encoder, tower, name, ignored=lambda key: key.startswith(UNUSED))
    filters = tower.get("base.logmel_extractor.melW")  # [frequencies, mel bins]
    if filters is not None and not _same(filters, mel_filters()):
        raise BadInput(f"{name} was trained with other mel filters than this app hears with.", "bundle")
    return encoder.eval().requires_grad_(False)


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mono samples [T] at 44.1 kHz -> [1 + T // 320, 64] in dB: 10 log10(max(power, 1e-10)).

    Hann window of 1024, frames centred, edges reflected.
    """
    waves = torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32))
    mel = spectrum(waves[None], WINDOW, HOP)[0].abs().square().T @ mel_filters()  # [frames, mel bins]
    return (10 * mel.clamp(min=AMIN).log10()).numpy()


@lru_cache(1)
def mel_filters() -> Tensor:
    """[513, 64]: triangles on Slaney's mel scale, each of equal area (librosa's defaults)."""
    from librosa.filters import mel

    filters = mel(
        sr=SAMPLE_RATE, n_fft=WINDOW, n_mels=MEL_BINS, fmin=LOWEST_HZ, fmax=HIGHEST_HZ, dtype=np.float64
    )
    return torch.from_numpy(np.ascontiguousarray(filters.T, np.float32))


def _same(given: Tensor, own: Tensor) -> bool:
    return given.shape == own.shape and torch.allclose(given.float(), own, rtol=1e-3, atol=1e-6)
